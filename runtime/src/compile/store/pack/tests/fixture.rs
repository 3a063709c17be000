//! Packs of two kernels, made by a compiler that compiles nothing.

use super::super::{Pack, PackWriter};
use crate::compile::cache::{Compiling, KernelCache};
use crate::compile::options::of_code;
use crate::compile::store::{Artifact, sha256};
use crate::compile::{CompileError, Compiled, Compiler};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use topkit_codegen::{Arch, DType, RenderedSource, SelectorSpec};

/// A compiler whose output depends on all of its input.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) version: &'static str,
    pub(crate) options: Vec<String>,
}

impl Fake {
    pub(crate) fn new(version: &'static str) -> Fake {
        Fake { version, options: of_code() }
    }

    pub(crate) fn with(version: &'static str, option: &str) -> Fake {
        let mut fake = Fake::new(version);
        fake.options.push(option.to_owned());
        fake
    }
}

impl Compiler for Fake {
    fn version(&self) -> String {
        self.version.to_owned()
    }

    fn options(&self) -> Vec<String> {
        self.options.clone()
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        let cubin = format!(
            "{} {:?} {arch} {}",
            self.version,
            self.options,
            sha256(source.text.as_bytes())
        );
        let log = "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
                   ptxas info    : Used 47 registers, 26784 bytes smem\n\
                   ptxas info    : Compile time = 112.057 ms\n";
        Ok(Compiled { cubin: cubin.into_bytes(), log: log.to_owned() })
    }
}

/// A selector with few variants.
pub(crate) fn spec() -> SelectorSpec {
    let spec = SelectorSpec::builder("Test").dtype([DType::F32]).vec_size([1, 2]);
    spec.bins([2048]).threads([512]).build().unwrap()
}

pub(crate) fn source(variant: usize) -> RenderedSource {
    topkit_codegen::render(&spec(), &spec().variants()[variant]).unwrap()
}

pub(crate) fn arch(name: &str) -> Arch {
    name.parse().unwrap()
}

pub(crate) fn artifact(fake: &Fake, source: &RenderedSource, arch: Arch) -> Arc<Artifact> {
    let cache = KernelCache::new(Arc::new(fake.clone()), Vec::new());
    cache.get(source, arch, Compiling::Allowed).unwrap()
}

/// A pack of both variants for some architectures.
pub(crate) fn write(path: &Path, fake: &Fake, archs: &[&str]) {
    let mut pack = PackWriter::new(fake);
    for name in archs {
        for source in [source(0), source(1)] {
            pack.add(&source, &artifact(fake, &source, arch(name))).unwrap();
        }
    }
    assert_eq!(pack.len(), 2 * archs.len());
    assert_eq!(pack.write(path).unwrap(), fs::metadata(path).unwrap().len());
}

/// A folder with one pack in it.
pub(crate) fn place(fake: &Fake, archs: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernels.pack");
    write(&path, fake, archs);
    (folder, path)
}

/// Changes the last byte of the machine code of every kernel.
pub(crate) fn spoil_code(path: &Path) {
    let kernels = Pack::open(path).unwrap().kernels().to_vec();
    let mut bytes = fs::read(path).unwrap();
    for kernel in kernels {
        bytes[(kernel.offset + kernel.bytes - 1) as usize] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}
