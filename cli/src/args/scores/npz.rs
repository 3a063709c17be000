//! NumPy's `.npz`: a zip archive of `.npy` files, stored or deflated.
//!
//! A member is unpacked no further than the archive says, and the archive is not believed beyond what its bytes
//! can hold.

use crate::args::document;
use crate::ui::exit::Failure;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use topkit_lab::memory;
use zip::ZipArchive;
use zip::result::ZipError;

/// The most bytes that a byte of DEFLATE becomes.
const EXPANSION: u64 = 1032;
/// The ending of a member, which numpy does not count as a part of its name.
const ENDING: &str = ".npy";

/// The named member, or the only one, as a `.npy` file, and how to call it. `naming` tells how a member is named.
pub fn member(path: &Path, name: Option<&str>, naming: &str) -> Result<(String, Vec<u8>), Failure> {
    let place = path.display();
    let damaged = |error: ZipError| {
        Failure::input(format!(
            "{place} is no whole .npz file, or not one that topkit reads: {error}"
        ))
    };
    let file = File::open(path).map_err(|error| document::unread(path, &error))?;
    let size = file.metadata().map_err(|error| document::unread(path, &error))?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let written = choose(&place.to_string(), &archive, name, naming)?;
    let source = format!("{place}, array {}", written.strip_suffix(ENDING).unwrap_or(&written));
    let mut member = archive.by_name(&written).map_err(damaged)?;
    let (packed, unpacked) = (member.compressed_size(), member.size());
    if packed > size || unpacked > packed.saturating_mul(EXPANSION) {
        return Err(Failure::input(format!(
            "{source} is damaged: {unpacked} bytes are said to be packed into {packed} of a file of \
             {size}"
        )));
    }
    let room = usize::try_from(unpacked).unwrap_or(usize::MAX);
    let mut bytes = memory::reserved("the unpacked array", room)?;
    let read = (&mut member).take(unpacked).read_to_end(&mut bytes);
    // The checksum is compared where a member ends.
    let rest = read.and_then(|_| member.read(&mut [0]));
    match rest.map_err(|error| Failure::input(format!("{source} is damaged: {error}")))? {
        0 => Ok((source, bytes)),
        _ => Err(Failure::input(format!("{source} is damaged: it has more than {unpacked} bytes"))),
    }
}

/// The name of the member in the archive.
fn choose<R: Read + std::io::Seek>(
    place: &str,
    archive: &ZipArchive<R>,
    name: Option<&str>,
    naming: &str,
) -> Result<String, Failure> {
    let mut names: Vec<&str> =
        archive.file_names().filter_map(|name| name.strip_suffix(ENDING)).collect();
    names.sort_unstable();
    let all = || names.join(", ");
    let chosen = match (name, &names[..]) {
        (_, []) => return Err(Failure::input(format!("{place} holds no array"))),
        (Some(name), names) if names.contains(&name) => name,
        (Some(name), _) => {
            let message = format!("{place} has no array `{name}`; it has {}", all());
            return Err(Failure::input(message));
        }
        (None, [only]) => only,
        (None, _) => {
            let message =
                format!("{place} holds several arrays; name one with {naming}: {}", all());
            return Err(Failure::input(message));
        }
    };
    Ok(format!("{chosen}{ENDING}"))
}
