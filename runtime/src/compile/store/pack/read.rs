//! One pack, opened for reading. Every read is within the length of the file, and machine code is checked
//! before it is returned. The file stays open, so a pack that is replaced by a rename is read as it was.

use super::error::PackError;
use super::format::{FORMAT, HEADER_BYTES, Header, INDEX_LIMIT, Index, MAGIC, PackedKernel};
use crate::compile::options::{LINE_INFO, decides_code};
use crate::compile::store::{Artifact, KeyInputs, Origin, sha256};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use topkit_codegen::Arch;

/// A pack of compiled kernels.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    file: Mutex<File>,
    bytes: u64,
    index: Index,
}

impl Pack {
    /// Opens a pack and checks its index. The kernels are read when they are asked for.
    ///
    /// # Errors
    /// The file is not there, is no pack, has another format, or its index is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Pack, PackError> {
        let path = path.as_ref();
        let unread = |error: io::Error| PackError::io("open", path, &error);
        let foreign = |reason| PackError::Foreign { path: path.to_owned(), reason };
        let damaged = |reason: String| PackError::damaged(path, reason);
        // Opening a pipe would wait for its writer.
        if !fs::metadata(path).map_err(unread)?.is_file() {
            return Err(foreign("it is not a plain file"));
        }
        let mut file = File::open(path).map_err(unread)?;
        let bytes = file.metadata().map_err(unread)?.len();
        let mut header = [0; HEADER_BYTES];
        let known = usize::try_from(bytes).unwrap_or(usize::MAX).min(HEADER_BYTES);
        file.read_exact(&mut header[..known]).map_err(unread)?;
        if known < MAGIC.len() || header[..MAGIC.len()] != MAGIC {
            return Err(foreign("it does not begin as one"));
        }
        if known < HEADER_BYTES {
            return Err(damaged(format!("it ends after {bytes} bytes")));
        }
        let header = Header::read(&header);
        if header.version != FORMAT {
            return Err(PackError::Version { path: path.to_owned(), found: header.version });
        }
        let most = INDEX_LIMIT.min(bytes - HEADER_BYTES as u64);
        if header.index_bytes > most {
            let told = header.index_bytes;
            return Err(damaged(format!(
                "its index is said to have {told} bytes where at most {most} can be"
            )));
        }
        let mut json = vec![0; header.index_bytes as usize];
        file.read_exact(&mut json).map_err(unread)?;
        if <[u8; 32]>::from(Sha256::digest(&json)) != header.index_sha256 {
            return Err(damaged("its index is not as it was written".to_owned()));
        }
        let start = HEADER_BYTES as u64 + header.index_bytes;
        let index = Index::read(&json, start, bytes).map_err(damaged)?;
        Ok(Pack { path: path.to_owned(), file: Mutex::new(file), bytes, index })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Name and version of the compiler that made its kernels, as in `nvrtc 13.2.78`.
    pub fn compiler(&self) -> &str {
        &self.index.compiler
    }

    /// The options that the compiler got, without the architecture.
    pub fn options(&self) -> &[String] {
        &self.index.options
    }

    /// Whether its kernels tell which line of their source an instruction comes from.
    pub fn has_line_info(&self) -> bool {
        self.options().iter().any(|option| option == LINE_INFO)
    }

    /// Its kernels, by symbol and architecture.
    pub fn kernels(&self) -> &[PackedKernel] {
        &self.index.kernels
    }

    /// The architectures that its kernels are for, each once.
    pub fn archs(&self) -> Vec<Arch> {
        let mut archs: Vec<_> = self.kernels().iter().map(|kernel| kernel.arch).collect();
        archs.sort();
        archs.dedup();
        archs
    }

    /// The machine code of one of its kernels, checked.
    ///
    /// # Errors
    /// It cannot be read, or is not as it was written.
    pub fn cubin(&self, kernel: &PackedKernel) -> Result<Vec<u8>, PackError> {
        let PackedKernel { symbol, arch, offset, bytes, .. } = kernel;
        let damaged =
            |what: &str| PackError::damaged(&self.path, format!("{symbol} for {arch} {what}"));
        let within = offset.checked_add(*bytes).is_some_and(|end| end <= self.bytes);
        let length = usize::try_from(*bytes).ok().filter(|_| within);
        let mut cubin = vec![0; length.ok_or_else(|| damaged("is not in it"))?];
        let read = || {
            // A thread that panicked here left at worst another position.
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(*offset))?;
            file.read_exact(&mut cubin)
        };
        match { read }() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged("was cut off since it was opened"));
            }
            other => other.map_err(|error| PackError::io("read", &self.path, &error))?,
        }
        if sha256(&cubin) != kernel.sha256 {
            return Err(damaged("is not as it was written"));
        }
        Ok(cubin)
    }

    /// Every kernel, with its damage if it has any.
    pub fn verify(&self) -> impl Iterator<Item = (&PackedKernel, Result<(), PackError>)> {
        self.kernels().iter().map(|kernel| (kernel, self.cubin(kernel).map(drop)))
    }

    /// The kernel that would be compiled from these inputs, `source` being the digest of its text.
    pub(super) fn find(&self, inputs: &KeyInputs<'_>, source: &str) -> Option<&PackedKernel> {
        let same =
            |kernel: &&PackedKernel| kernel.arch.runs_as(inputs.arch) && kernel.source == source;
        let fitting = self.named(inputs.entry).iter().filter(same);
        let best = fitting.max_by_key(|kernel| (kernel.arch == inputs.arch, kernel.arch))?;
        self.has_options(inputs).then_some(best)
    }

    /// The kernel with its key and its machine code, checked.
    pub(super) fn artifact(
        &self,
        kernel: &PackedKernel,
        inputs: &KeyInputs<'_>,
    ) -> Result<Artifact, PackError> {
        let cubin = self.cubin(kernel)?;
        let compiled = KeyInputs {
            arch: kernel.arch,
            options: self.options(),
            compiler: self.compiler(),
            ..*inputs
        };
        Ok(Artifact {
            key: compiled.key(),
            entry: kernel.symbol.clone(),
            arch: kernel.arch,
            cubin,
            log: kernel.log.clone(),
            origin: Origin::Pack,
        })
    }

    /// Why it lacks a kernel, in words.
    pub(super) fn lacks(&self, inputs: &KeyInputs<'_>, source: &str) -> String {
        if let Some(kernel) = self.find(inputs, source) {
            return self.cubin(kernel).map_or_else(|error| error.to_string(), |_| "has it".into());
        }
        let named = self.named(inputs.entry);
        if named.is_empty() {
            return format!("no kernel of this name among {}", self.kernels().len());
        }
        if !named.iter().any(|kernel| kernel.arch.runs_as(inputs.arch)) {
            let archs: Vec<_> = named.iter().map(|kernel| kernel.arch.to_string()).collect();
            return format!("has it for {} alone", archs.join(", "));
        }
        let other = "another version of topkit made the pack";
        match self.has_options(inputs) {
            true => {
                format!("has it from another source: {other}, or the source here is an edited one")
            }
            false => format!("has it with other options: {other}"),
        }
    }

    fn has_options(&self, inputs: &KeyInputs<'_>) -> bool {
        let code = |options: &[String]| -> Vec<String> {
            options.iter().filter(|option| decides_code(option)).cloned().collect()
        };
        code(self.options()) == code(inputs.options)
    }

    pub(super) fn names(&self, symbol: &str) -> bool {
        !self.named(symbol).is_empty()
    }

    /// Its kernels of one name; they stand together.
    fn named(&self, symbol: &str) -> &[PackedKernel] {
        let kernels = self.kernels();
        let from = kernels.partition_point(|kernel| *kernel.symbol < *symbol);
        let to = kernels.partition_point(|kernel| *kernel.symbol <= *symbol);
        &kernels[from..to]
    }
}
