//! Makes a pack. It compiles nothing. The file is written beside its place and renamed into it, so that
//! there is the whole pack or none; on an error the old one stays. The same kernels give the same bytes,
//! in whatever order they were added.

use super::error::PackError;
use super::format::{Header, INDEX_LIMIT, Index, PackedKernel};
use crate::compile::Compiler;
use crate::compile::store::{Artifact, KeyInputs, sha256};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use topkit_codegen::{Arch, RenderedSource};

/// Kernels that will be a pack.
///
/// ```no_run
/// use topkit::cache::pack::PackWriter;
/// use topkit::{Config, DType, Engine, SelectorSpec};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Without source lines, which are for profilers, a pack is about a third as large.
/// let config = Config::from_env().line_info(false);
/// let toolchain = Engine::builder().config(config).build_toolchain("sm_90a".parse()?)?;
/// let spec = SelectorSpec::builder("Sampler").dtype([DType::Bf16]).threads([512]).build()?;
/// let selector = toolchain.selector(spec)?;
/// let mut pack = PackWriter::new(toolchain.nvrtc()?);
/// for variant in selector.spec().variants() {
///     pack.add(&selector.source(&variant)?, &*selector.artifact(&variant)?)?;
/// }
/// pack.write("kernels.pack")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PackWriter {
    compiler: String,
    options: Vec<String>,
    kernels: BTreeMap<(String, Arch), (PackedKernel, Vec<u8>)>,
}

impl PackWriter {
    /// An empty pack, for the kernels of this compiler.
    pub fn new(compiler: &dyn Compiler) -> PackWriter {
        PackWriter {
            compiler: compiler.version(),
            options: compiler.options(),
            kernels: BTreeMap::new(),
        }
    }

    /// How many kernels it has.
    pub fn len(&self) -> usize {
        self.kernels.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.kernels.is_empty()
    }

    /// Adds a kernel; one that is there already is left as it is.
    ///
    /// # Errors
    /// It was not compiled from this source by the compiler and with the options of the pack, or
    /// another kernel of this name is there.
    pub fn add(&mut self, source: &RenderedSource, artifact: &Artifact) -> Result<(), PackError> {
        let Artifact { entry, arch, cubin, log, key, .. } = artifact;
        let unfit = |reason| PackError::Unfit { entry: entry.clone(), arch: *arch, reason };
        let inputs = KeyInputs {
            entry: &source.entry,
            source: &source.text,
            options: &self.options,
            arch: *arch,
            compiler: &self.compiler,
        };
        if inputs.key() != *key {
            return Err(unfit("it was compiled from another source or by another compiler"));
        }
        if cubin.is_empty() {
            return Err(unfit("it has no machine code"));
        }
        let kernel = PackedKernel {
            symbol: entry.clone(),
            arch: *arch,
            source: sha256(source.text.as_bytes()),
            bytes: cubin.len() as u64,
            sha256: sha256(cubin),
            log: timeless(log),
            offset: 0,
        };
        let (there, _) = self
            .kernels
            .entry((entry.clone(), *arch))
            .or_insert_with(|| (kernel.clone(), cubin.clone()));
        if *there == kernel { Ok(()) } else { Err(unfit("another of this name is packed")) }
    }

    /// Writes the pack and gives its size in bytes. A file that is there is replaced.
    ///
    /// # Errors
    /// The list of the kernels is too long, or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<u64, PackError> {
        let path = path.as_ref();
        let json = self.index().map_err(|error| PackError::io("write", path, &error.into()))?;
        if json.len() as u64 > INDEX_LIMIT {
            let (kernels, bytes) = (self.len(), json.len());
            return Err(PackError::TooMany { kernels, bytes, most: INDEX_LIMIT });
        }
        self.publish(path, &json).map_err(|error| PackError::io("write", path, &error))
    }

    fn index(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Index {
            compiler: self.compiler.clone(),
            options: self.options.clone(),
            kernels: self.kernels.values().map(|(kernel, _)| kernel.clone()).collect(),
        })
    }

    fn publish(&self, path: &Path, json: &[u8]) -> io::Result<u64> {
        // A bare file name has an empty parent, which names no folder.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pack.");
        // A pack is to be read by others; the user's mask has the last word.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder)?;
        let mut writer = BufWriter::new(file.as_file());
        writer.write_all(&Header::of(json).to_bytes())?;
        writer.write_all(json)?;
        for (_, cubin) in self.kernels.values() {
            writer.write_all(cubin)?;
        }
        writer.flush()?;
        drop(writer);
        file.as_file().sync_all()?;
        let bytes = file.as_file().metadata()?.len();
        file.persist(path).map_err(|refused| refused.error)?;
        if cfg!(unix) {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(bytes)
    }
}

/// A build log without the time that the compile took: the same compile gives the same pack.
fn timeless(log: &str) -> String {
    let told = log.lines().filter(|line| !line.contains("Compile time = "));
    told.map(|line| format!("{line}\n")).collect()
}
