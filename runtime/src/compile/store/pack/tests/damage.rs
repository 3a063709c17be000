//! Packs that are cut, changed or forged: each is refused, or names the kernel that is not whole.

use super::super::format::{HEADER_BYTES, Header, INDEX_LIMIT, Index, PackedKernel};
use super::super::{Pack, PackError};
use super::fixture::{Fake, arch, place};
use crate::compile::store::sha256;
use proptest::prelude::*;
use std::fs;

/// Bytes of a pack with this index, and the digest that belongs to it.
fn forged(index: &[u8], code: &[u8]) -> Vec<u8> {
    [&Header::of(index).to_bytes()[..], index, code].concat()
}

fn open_bytes(bytes: &[u8]) -> Result<Pack, PackError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.pack");
    fs::write(&path, bytes).unwrap();
    Pack::open(&path)
}

fn kernel(symbol: &str, bytes: u64) -> PackedKernel {
    let digest = sha256(b"code");
    PackedKernel {
        symbol: symbol.to_owned(),
        arch: arch("sm_90a"),
        source: digest.clone(),
        bytes,
        sha256: digest,
        log: String::new(),
        offset: 0,
    }
}

fn index(kernels: Vec<PackedKernel>) -> Index {
    Index { compiler: "nvrtc 13.0".to_owned(), options: Vec::new(), kernels }
}

#[test]
fn a_forged_index_is_refused_with_what_is_wrong() {
    let of = |index: Index| forged(&serde_json::to_vec(&index).unwrap(), b"code");
    assert!(open_bytes(&of(index(vec![kernel("topk", 4)]))).is_ok());
    let named = |compiler: &str| Index { compiler: compiler.to_owned(), ..index(Vec::new()) };
    let undigested = PackedKernel { sha256: "../../x".to_owned(), ..kernel("topk", 4) };
    for (bytes, words) in [
        (of(index(vec![kernel("topk", u64::MAX)])), "ends after"),
        (of(index(vec![kernel("a", 2), kernel("b", u64::MAX - 1)])), "ends after"),
        (of(index(vec![kernel("topk", 5)])), "in the machine code of topk for sm_90a"),
        (of(index(vec![kernel("topk", 3)])), "1 bytes follow"),
        (of(index(Vec::new())), "4 bytes follow"),
        (of(index(vec![kernel("topk", 0)])), "no machine code"),
        (of(index(vec![kernel("../../etc/passwd", 4)])), "names a kernel"),
        (of(index(vec![kernel("\u{1b}[2J", 4)])), "names a kernel"),
        (of(index(vec![kernel("", 4)])), "names a kernel"),
        (of(index(vec![kernel(&"x".repeat(256), 4)])), "names a kernel"),
        (of(index(vec![undigested])), "no digest"),
        (of(index(vec![kernel("b", 2), kernel("a", 2)])), "out of order"),
        (of(index(vec![kernel("a", 2), kernel("a", 2)])), "out of order"),
        (of(named("a\nb")), "compiler"),
        (forged(b"{}", b""), "missing field"),
        (forged(b"\xff", b""), "index"),
        (forged("[".repeat(100_000).as_bytes(), b""), "index"),
        (forged(br#"{"compiler":"c","options":[],"kernels":[],"more":1}"#, b""), "unknown field"),
    ] {
        let error = open_bytes(&bytes).unwrap_err();
        assert!(matches!(&error, PackError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(words), "{words} is not in {error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn a_forged_header_is_refused_without_believing_its_numbers() {
    let json = serde_json::to_vec(&index(Vec::new())).unwrap();
    let with = |header: Header| [&header.to_bytes()[..], &json].concat();
    let sound = Header::of(&json);
    assert!(open_bytes(&with(sound.clone())).is_ok());
    for index_bytes in [u64::MAX, u64::MAX - 52, INDEX_LIMIT + 1, json.len() as u64 + 1] {
        let error = open_bytes(&with(Header { index_bytes, ..sound.clone() })).unwrap_err();
        assert!(error.to_string().contains(&index_bytes.to_string()), "{error}");
    }
    let error = open_bytes(&with(Header { index_bytes: 0, ..sound.clone() })).unwrap_err();
    assert!(error.to_string().contains("not as it was written"), "{error}");
    let error = open_bytes(&with(Header { version: 2, ..sound })).unwrap_err();
    assert!(matches!(error, PackError::Version { found: 2, .. }), "{error}");
    assert!(error.to_string().contains("format 2"), "{error}");
    for bytes in [&b""[..], b"\x89topki", b"PK\x03\x04 and what follows", &[0; 100]] {
        let error = open_bytes(bytes).unwrap_err();
        assert!(matches!(error, PackError::Foreign { .. }), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Pack::open(folder.path()), Err(PackError::Foreign { .. })));
}

#[test]
fn a_pack_cut_short_anywhere_is_damaged() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    let bytes = fs::read(&path).unwrap();
    for end in (0..bytes.len()).step_by(7).chain([HEADER_BYTES, bytes.len() - 1]) {
        let error = open_bytes(&bytes[..end]).unwrap_err();
        let words = if end < 8 { "is not a pack" } else { "is damaged" };
        assert!(error.to_string().contains(words), "{end}: {error}");
    }
    assert!(open_bytes(&[&bytes[..], b"x"].concat()).is_err());
}

#[test]
fn a_pack_cut_while_it_is_open_gives_an_error() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    let pack = Pack::open(&path).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(60).unwrap();
    assert!(pack.verify().all(|(_, checked)| matches!(checked, Err(PackError::Damaged { .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to its bytes, a pack is refused, or names the kernel that is not whole.
    #[test]
    fn no_damage_goes_unseen(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let index = index(vec![
            PackedKernel { sha256: sha256(b"co"), ..kernel("a", 2) },
            PackedKernel { sha256: sha256(b"de"), ..kernel("b", 2) },
        ]);
        let sound = forged(&serde_json::to_vec(&index).unwrap(), b"code");
        let mut bytes = sound.clone();
        for (place, value) in changes {
            bytes[place.index(sound.len())] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(sound.len() + 1));
        }
        if let Ok(pack) = open_bytes(&bytes) {
            for (kernel, checked) in pack.verify() {
                let at = kernel.offset as usize;
                prop_assert_eq!(checked.is_ok(), bytes[at..at + 2] == sound[at..at + 2]);
            }
            let header = sound.len() - 4;
            prop_assert_eq!(&bytes[..header], &sound[..header]);
        }
    }
}
