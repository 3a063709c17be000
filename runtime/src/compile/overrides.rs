//! Edited sources in place of generated ones: `TOPKIT_OVERRIDE`.
//!
//! The folder has the names that [`dump`](super::dump) writes, so an edited dump is an override. The
//! edited text replaces the generated one before it is hashed, so it has a cache entry of its own. A file
//! is read each time that its kernel is rendered. An edited file
//! that cannot be used is an error, never a reason to compile the generated text.

use super::dump::{SOURCE, folder_name};
use super::store::sha256;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use topkit_codegen::{Arch, RenderedSource};

/// An edited text has at most so many bytes; the longest generated one has some 130 KB.
const MOST_BYTES: u64 = 16 << 20;

/// A folder of edited sources, `<symbol>-<arch>/kernel.cu` as `TOPKIT_DUMP` writes them.
///
/// An engine takes it from [`Config::override_dir`](crate::Config::override_dir); this type is for
/// programs that render without one.
#[derive(Debug, Clone)]
pub struct Overrides {
    folder: PathBuf,
}

/// An edited source that cannot replace the generated one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}, which TOPKIT_OVERRIDE or the configuration names, cannot be used: {reason}")]
#[non_exhaustive]
pub struct OverrideError {
    /// The file, or the folder.
    pub path: String,
    /// The reason, and how to mend it.
    pub reason: String,
}

impl Overrides {
    /// The edited sources of a folder; none of them is read yet.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn open(folder: &Path) -> Result<Overrides, OverrideError> {
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(Overrides { folder: folder.to_owned() }),
            Ok(_) => Err(unusable(folder, "it is a file; name the folder of a dump")),
            Err(error) => {
                let reason = format!("{error}; name a folder that TOPKIT_DUMP has written");
                Err(unusable(folder, reason))
            }
        }
    }

    /// Every file that a kernel may be compiled from, whether or not it was edited, in alphabetical
    /// order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, OverrideError> {
        let entries = fs::read_dir(&self.folder).map_err(|error| unusable(&self.folder, error))?;
        let files = entries.flatten().map(|entry| entry.path().join(SOURCE));
        let mut files: Vec<PathBuf> = files.filter(|file| file.exists()).collect();
        files.sort();
        Ok(files)
    }

    /// The text to compile for an architecture: the edited one, with a warning, where there is one
    /// that differs, and else the generated one.
    ///
    /// # Errors
    /// There is a file, and it cannot be read, is no text, is longer than 16 MiB, or does not define the kernel.
    pub fn apply(
        &self,
        generated: RenderedSource,
        arch: Arch,
    ) -> Result<RenderedSource, OverrideError> {
        let entry = &generated.entry;
        let path = self.folder.join(folder_name(entry, arch)).join(SOURCE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(generated),
            Err(error) => return Err(unusable(&path, error)),
        };
        let mut text = String::new();
        let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
        let read = read.map_err(|error| unusable(&path, error))?;
        if read as u64 > MOST_BYTES {
            let reason = format!("it is longer than {MOST_BYTES} bytes, so it is no edited source");
            return Err(unusable(&path, reason));
        }
        if text == generated.text {
            return Ok(generated);
        }
        if !defines(&text, entry) {
            let reason = format!("it has no `extern \"C\"` kernel of the name {entry}");
            return Err(unusable(&path, reason));
        }
        tracing::warn!(path = %path.display(), "{entry} is compiled from an edited source");
        let digest = sha256(text.as_bytes());
        Ok(RenderedSource { text, digest, ..generated })
    }
}

fn unusable(path: &Path, reason: impl Display) -> OverrideError {
    OverrideError { path: path.display().to_string(), reason: reason.to_string() }
}

/// Whether the text has, outside line comments, the name as a whole word with its parameters after
/// it, and a function with C linkage before it. The compiler or the driver refuses a text that passes
/// this check by mistake.
fn defines(text: &str, entry: &str) -> bool {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(entry).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + entry.len()..]);
        before.contains("extern \"C\"")
            && !before.ends_with(word)
            && after.trim_start().starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{DType, SelectorSpec, render};

    const ARCH: Arch = Arch::of_device(9, 0);

    fn generated() -> RenderedSource {
        let spec = SelectorSpec::builder("One").dtype([DType::F32]).vec_size([4]).build().unwrap();
        render(&spec, &spec.variants()[0]).unwrap()
    }

    /// A folder with this file for the kernel and the architecture.
    fn folder(file: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{}-sm_90a", generated().entry)).join("kernel.cu");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, file).unwrap();
        (folder, path)
    }

    #[test]
    fn an_edited_text_is_the_text_and_is_hashed() {
        let edited = format!("// edited\n{}", generated().text);
        let (folder, path) = folder(&edited);
        let overrides = Overrides::open(folder.path()).unwrap();
        let source = overrides.apply(generated(), ARCH).unwrap();
        assert_eq!(source.text, edited);
        assert_ne!(source.digest, generated().digest);
        assert_eq!((source.variant, source.entry), (generated().variant, generated().entry));
        assert_eq!(overrides.apply(generated(), Arch::new(8, 0)).unwrap(), generated());
        assert_eq!(overrides.files().unwrap(), [path]);
    }

    #[test]
    fn a_text_that_was_not_edited_is_the_generated_one() {
        let (folder, _path) = folder(generated().text);
        let source = Overrides::open(folder.path()).unwrap().apply(generated(), ARCH).unwrap();
        assert_eq!(source, generated());
        assert_eq!(sha256(source.text.as_bytes()), generated().digest);
        let empty = tempfile::tempdir().unwrap();
        let source = Overrides::open(empty.path()).unwrap().apply(generated(), ARCH).unwrap();
        assert_eq!(source, generated());
    }

    #[test]
    fn what_cannot_be_used_is_an_error_with_its_path() {
        let entry = generated().entry;
        let other = generated().text.replace(&entry, &format!("{entry}_2"));
        let comment = format!("extern \"C\" {{}} // {entry}(");
        let mangled = format!("__global__ void {entry}() {{}}");
        for (text, words) in [
            (other.as_bytes(), "has no `extern \"C\"` kernel"),
            (comment.as_bytes(), &entry),
            (mangled.as_bytes(), "has no `extern \"C\"` kernel"),
            (b"", &entry),
            (b"\xff\xfe", "UTF-8"),
        ] {
            let (folder, path) = folder(text);
            let overrides = Overrides::open(folder.path()).unwrap();
            let error = overrides.apply(generated(), ARCH).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(words) && error.contains(path.to_str().unwrap()), "{error}");
        }
        // Of a file without an end no more is read than the limit.
        let (folder, path) = folder("");
        let overrides = Overrides::open(folder.path()).unwrap();
        for (bytes, words) in [(MOST_BYTES, "has no `extern"), (MOST_BYTES + 1, "16777216 bytes")] {
            File::options().write(true).open(&path).unwrap().set_len(bytes).unwrap();
            let error = overrides.apply(generated(), ARCH).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains(path.to_str().unwrap()), "{error}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let overrides = Overrides::open(folder.path()).unwrap();
        assert!(overrides.apply(generated(), ARCH).is_err());
        let absent = Overrides::open(&path.join("absent")).unwrap_err().to_string();
        assert!(absent.contains("absent, which TOPKIT_OVERRIDE"), "{absent}");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert!(Overrides::open(&path).unwrap_err().to_string().contains("it is a file"));
    }
}
