//! The files that users have: types of ml_dtypes, wide types, any rank, archives, and ragged rows.

use crate::support::{Place, Ran, data, f32s, npy, safetensors};
use half::bf16;
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The indices of each row of a `--json` answer.
fn indices(answer: &Value) -> Vec<Vec<i64>> {
    let row = |row: &Value| {
        let winners = row["winners"].as_array().unwrap();
        winners.iter().map(|winner| winner["index"].as_i64().unwrap()).collect()
    };
    answer["rows"].as_array().unwrap().iter().map(row).collect()
}

/// The whole answer for a file, checked by the program itself.
fn run(place: &Place, file: &str, more: &[&str]) -> Value {
    let ran = place.run(&[&["run", file, "-k", "2", "--json", "--rows-show", "99"], more].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// [1, -2, 3, 0.5, NaN, 2] as ml_dtypes 0.6.0 stores it.
const BF16: [u8; 12] = [0x80, 0x3f, 0, 0xc0, 0x40, 0x40, 0, 0x3f, 0xc0, 0x7f, 0, 0x40];
const E4M3: [u8; 6] = [0x38, 0xc0, 0x44, 0x30, 0x7f, 0x40];
const E5M2: [u8; 6] = [0x3c, 0xc0, 0x42, 0x38, 0x7e, 0x40];

/// Of numpy 2.4.6 and ml_dtypes 0.6.0: `numpy.save` writes bfloat16 as `<V2`, float8_e5m2 as `<f1` and every
/// other type of a byte as `<V1`; an array that was loaded and saved again has `|V2` and `|V1`.
#[test]
fn types_of_ml_dtypes_are_read_as_it_writes_them() {
    let place = Place::new();
    let due = vec![vec![2, 0], vec![1, 2]];
    let swapped: Vec<u8> = BF16.chunks(2).flat_map(|score| [score[1], score[0]]).collect();
    for (descr, bytes) in [("'<V2'", &BF16[..]), ("'|V2'", &BF16), ("'>V2'", &swapped)] {
        let file = place.file("a.npy", npy(descr, false, "(2, 3)", bytes));
        let answer = run(&place, &file, &[]);
        assert_eq!((indices(&answer), &answer["scores"]["dtype"]), (due.clone(), &json!("bf16")));
        let text = place.run(&["run", &file]).done();
        assert!(text.contains("as ml_dtypes writes bfloat16") && text.contains(descr), "{text}");
        let wide = run(&place, &file, &["--dtype", "f32"]);
        assert_eq!((indices(&wide), &wide["scores"]["dtype"]), (due.clone(), &json!("f32")));
        assert_eq!(
            (&wide["scores"]["stored"], &wide["scores"]["rounded"]),
            (&json!("bf16"), &json!(0))
        );
    }
    let named = place.file("a.npy", npy("'bfloat16'", false, "(2, 3)", &BF16));
    assert_eq!(indices(&run(&place, &named, &[])), due);

    let float = ["--dtype", "f32"];
    for (descr, bytes, view) in [
        ("'<V1'", &E4M3, Some("f8_e4m3")),
        ("'|V1'", &E5M2, Some("f8_e5m2")),
        ("'float8_e4m3fn'", &E4M3, None),
        ("'<f1'", &E5M2, None),
        ("'float8_e5m2'", &E5M2, None),
    ] {
        let file = place.file("a.npy", npy(descr, false, "(2, 3)", bytes));
        if let Some(view) = view {
            place.run(&["run", &file]).refused(&["a.npy", descr, "--view f8_e4m3", "ml_dtypes"]);
            let answer = run(&place, &file, &[&["--view", view], &float[..]].concat());
            assert_eq!((indices(&answer), &answer["scores"]["rounded"]), (due.clone(), &json!(0)));
            continue;
        }
        assert_eq!(indices(&run(&place, &file, &float)), due, "{descr}");
    }
    // Bits of bf16 as torch users have them: x.view(torch.int16).numpy().
    let file = place.file("a.npy", npy("'<i2'", false, "(2, 3)", &BF16));
    assert_eq!(indices(&run(&place, &file, &["--view", "bf16"])), due);
    let text = place.run(&["run", &file, "--view", "bf16"]).done();
    assert!(text.contains("bf16, as --view says; the file says '<i2'"), "{text}");
    for (name, bytes) in [("F8_E4M3", &E4M3), ("F8_E5M2", &E5M2)] {
        let tensors = safetensors(&[("s", name, &[2, 3], bytes.to_vec())]);
        let file = place.file("a.safetensors", tensors);
        assert_eq!(indices(&run(&place, &file, &float)), due, "{name}");
    }
}

/// Scores of wide types: converted only where that is asked for, and the loss is told.
#[test]
fn a_conversion_is_asked_for_and_its_loss_is_told() {
    let place = Place::new();
    let wide = [0.5f64, 1.0 + 1e-12, 1.0, -3.0, f64::NAN, 1e300];
    let little: Vec<u8> = wide.iter().flat_map(|score| score.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|score| score.to_be_bytes()).collect();
    let longs = [5i64, 16_777_217, 16_777_216, -1, 3, i64::MIN];
    let longs: Vec<u8> = longs.iter().flat_map(|score| score.to_be_bytes()).collect();
    let words = [5u16, 65535, 2, 0, 3, 4].map(u16::to_le_bytes).concat();
    for (descr, bytes, due, rounded) in [
        ("'<f8'", &little, vec![vec![1, 2], vec![1, 2]], 2),
        ("'>f8'", &big, vec![vec![1, 2], vec![1, 2]], 2),
        ("'>i8'", &longs, vec![vec![1, 2], vec![1, 0]], 1),
        ("'<u2'", &words, vec![vec![1, 0], vec![2, 1]], 0),
        ("'|i1'", &vec![1, 0x80, 5, 0xff, 0, 0x7f], vec![vec![2, 0], vec![2, 1]], 0),
        ("'|b1'", &vec![1, 0, 1, 0, 0, 1], vec![vec![0, 2], vec![2, 0]], 0),
    ] {
        let file = place.file("a.npy", npy(descr, false, "(2, 3)", bytes));
        let answer = run(&place, &file, &["--dtype", "f32"]);
        assert_eq!(
            (indices(&answer), &answer["scores"]["rounded"]),
            (due, &json!(rounded)),
            "{descr}"
        );
        let text = place.run(&["run", &file, "--dtype", "f32"]).done();
        let loss = match rounded {
            0 => "every score is kept".to_owned(),
            some => format!("{some} of 6 scores were rounded"),
        };
        assert!(text.contains("read as  f32, converted from ") && text.contains(&loss), "{text}");
    }
    // An untouched file says nothing.
    let text = place.run(&["run", &data("scores.npy")]).done();
    assert!(!text.contains("read as"), "{text}");
}

/// Types that have no dtype are refused with the remedy and what it loses.
#[test]
fn a_type_that_no_kernel_takes_is_refused_with_the_remedy() {
    let place = Place::new();
    for (descr, size, hint) in [
        ("'<i8'", 8, &["--dtype f32", "16777216", "become ties", "--view f64"][..]),
        ("'<u8'", 8, &["--dtype f32", "16777216", "become ties", "--view f64"]),
        ("'<u2'", 2, &["--dtype f32", "bit patterns", "--view bf16 or --view f16"]),
        ("'|b1'", 1, &["--dtype f32", "keeps every score"]),
    ] {
        let file = place.file("a.npy", npy(descr, false, "(3,)", &vec![0; 3 * size]));
        place.run(&["run", &file]).refused(&[&["a.npy holds ", descr], hint].concat());
    }
}

#[test]
fn the_last_of_any_number_of_dimensions_is_a_row() {
    let place = Place::new();
    // Row by row: [0, 1, 2, 3], [4, 5, 6, 7], and so on, but the second row falls.
    let mut scores: Vec<f32> = (0..24).map(|score| score as f32).collect();
    scores[4..8].reverse();
    let due: Vec<Vec<i64>> =
        (0..6).map(|row| if row == 1 { vec![0, 1] } else { vec![3, 2] }).collect();
    let fortran: Vec<f32> = (0..4)
        .flat_map(|column| (0..3).map(move |middle| (column, middle)))
        .flat_map(|(column, middle)| (0..2).map(move |first| (first * 3 + middle) * 4 + column))
        .map(|place: usize| scores[place])
        .collect();
    for (is_fortran, scores) in [(false, &scores), (true, &fortran)] {
        let file = place.file("a.npy", npy("'<f4'", is_fortran, "(2, 3, 4)", &f32s(scores)));
        let answer = run(&place, &file, &[]);
        assert_eq!(indices(&answer), due);
        assert_eq!(
            (&answer["scores"]["rows"], &answer["scores"]["shape"]),
            (&json!(6), &json!([2, 3, 4]))
        );
        let text = place.run(&["run", &file]).done();
        assert!(text.contains("read as  6 rows, of an array of the shape [2, 3, 4]"), "{text}");
    }
    let cube = safetensors(&[("s", "F32", &[2, 3, 4], f32s(&scores))]);
    let file = place.file("a.safetensors", cube);
    assert_eq!(indices(&run(&place, &file, &[])), due);
}

/// An archive of files.
fn archive(method: CompressionMethod, members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_member_of_an_archive_is_named_or_the_only_one() {
    let place = Place::new();
    let one = npy("'<f4'", false, "(2, 3)", &f32s(&[0.5, -1.0, 3.0, 8.0, 2.0, 4.0]));
    let two = npy("'<V2'", false, "(2, 3)", &BF16);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let file = place.file("one.npz", archive(method, &[("arr_0.npy", one.clone())]));
        let answer = run(&place, &file, &[]);
        assert_eq!(indices(&answer), [[2, 0], [0, 2]]);
        assert!(answer["scores"]["source"].as_str().unwrap().ends_with("one.npz, array arr_0"));
        let members = [("a.npy", one.clone()), ("b.npy", two.clone()), ("readme.txt", vec![1])];
        let file = place.file("two.NPZ", archive(method, &members));
        assert_eq!(indices(&run(&place, &file, &["--tensor", "b"])), [[2, 0], [1, 2]]);
        place.run(&["run", &file]).refused(&["two.NPZ", "--tensor: a, b"]);
        place.run(&["run", &file, "--tensor", "c"]).refused(&["no array `c`", "a, b"]);
    }
    let none = archive(CompressionMethod::Stored, &[("readme.txt", vec![1])]);
    place.run(&["run", &place.file("none.npz", none)]).refused(&["none.npz holds no array"]);
}

/// Cut, changed and lying archives are refused in one line, in little memory.
#[cfg(unix)]
#[test]
fn archives_that_are_damaged_or_lie() {
    let place = Place::new();
    let array = npy("'<f4'", false, "(64,)", &f32s(&[1.0; 64]));
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(method, &[("a.npy", array.clone())]);
        let refused = |name: &str, bytes: &[u8]| {
            let file = place.file(name, bytes);
            place.run_within(1_000_000, &["run", &file, "-k", "1"]).refused(&[name]);
        };
        for end in (0..whole.len()).step_by(17) {
            refused("cut.npz", &whole[..end]);
        }
        // A changed byte of the data has another checksum.
        let mut changed = whole.clone();
        let middle =
            30 + "a.npy".len() + if method == CompressionMethod::Stored { 200 } else { 40 };
        changed[middle] ^= 1;
        refused("changed.npz", &changed);
        // The directory at the end says that a little becomes 4 GB.
        let mut lying = whole.clone();
        let directory = lying.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
        lying[directory + 24..directory + 28].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff]);
        refused("lying.npz", &lying);
    }
    // A member that is honest about 20 MB of zeros, of which an array needs none.
    let header = npy("'<f4'", false, "(4,)", &[]);
    let bomb = archive(
        CompressionMethod::Deflated,
        &[("a.npy", [&header[..], &vec![0; 20_000_000]].concat())],
    );
    let file = place.file("bomb.npz", bomb);
    place.run(&["run", &file]).refused(&["bomb.npz", "more than one array"]);
}

#[test]
fn ragged_rows_have_starts_and_lengths_of_a_file() {
    let place = Place::new();
    let scores = [9.0f32, 1.0, 7.0, 3.0, 4.0, 8.0, 0.0, 6.0, 5.0, 2.0, 1.0, 9.0];
    let file = place.file("a.npy", npy("'<f4'", false, "(3, 4)", &f32s(&scores)));
    let text = place.file("lengths.txt", "2\n 4 \r\n0\n");
    let longs: Vec<u8> = [2i64, 4, 0].iter().flat_map(|length| length.to_le_bytes()).collect();
    let longs = place.file("lengths.npy", npy("'<i8'", false, "(3, 1)", &longs));
    let ints: Vec<u8> = [1i32, 0, 3].iter().flat_map(|start| start.to_be_bytes()).collect();
    let ints = place.file("starts.npy", npy("'>i4'", false, "(3,)", &ints));
    for engine in ["host", "interpret"] {
        let run = |more: &[&str]| run(&place, &file, &[&["--engine", engine], more].concat());
        for lengths in [&text, &longs] {
            let answer = run(&["--lengths", lengths]);
            assert_eq!(indices(&answer), [vec![0, 1], vec![1, 3], vec![]], "{engine}");
        }
        // Indices count from the start.
        let answer = run(&["--starts", &ints]);
        assert_eq!(indices(&answer), [vec![1, 2], vec![1, 3], vec![0]], "{engine}");
        assert_eq!(answer["rows"][0]["winners"][0]["score"], 7.0);
        let answer = run(&["--starts", &ints, "--lengths", &text]);
        assert_eq!(indices(&answer), [vec![1, 0], vec![1, 3], vec![]], "{engine}");
    }
    let labels = place.file("labels.txt", "a\nb\nc\nd\n");
    let text_of =
        place.run(&["run", &file, "--starts", &ints, "--labels", &labels, "-k", "1"]).done();
    assert!(text_of.contains("1  7.0000  c\n") && text_of.contains("ragged"), "{text_of}");
    // Generated scores have spans, too.
    let generated = ["run", "--generate", "3x4", "--lengths", &text, "--json", "-k", "4"];
    let answer = place.run(&generated).json();
    assert_eq!(indices(&answer).iter().map(Vec::len).collect::<Vec<_>>(), [2, 4, 0]);
}

#[test]
fn spans_that_do_not_fit_the_scores() {
    let place = Place::new();
    let scores = f32s(&[0.0; 12]);
    let file = place.file("a.npy", npy("'<f4'", false, "(3, 4)", &scores));
    let refused = |flag: &str, name: &str, bytes: &[u8], words: &[&str]| {
        let spans = place.file(name, bytes);
        place.run(&["run", &file, flag, &spans]).refused(words);
    };
    for flag in ["--lengths", "--starts"] {
        refused(flag, "s.txt", b"1\n2\n", &["s.txt has 2 lines", "3 rows"]);
        refused(flag, "s.txt", b"1\n2\n3\n4\n", &["s.txt has more than 3 lines", "3 rows"]);
        refused(flag, "s.txt", b"1\n5\n3\n", &["`5` for row 1", "0 to the 4 columns"]);
        refused(flag, "s.txt", b"1\n2\n-1\n", &["`-1` for row 2", "0 to the 4 columns"]);
        refused(flag, "s.txt", b"1\n\n2\n", &["`` for row 1"]);
        refused(flag, "s.txt", b"1.0\n1\n2\n", &["`1.0` for row 0"]);
        refused(flag, "s.npy", b"1\n1\n2\n", &["s.npy", "no whole .npy file"]);
        let floats = npy("'<f4'", false, "(3,)", &[0; 12]);
        refused(flag, "s.npy", &floats, &["s.npy", "'<f4'", "not integers"]);
        let four = npy("'<i4'", false, "(4,)", &[0; 16]);
        refused(flag, "s.npy", &four, &["s.npy has the shape [4]", "3 rows"]);
        let cut = npy("'<i4'", false, "(3,)", &[0; 8]);
        refused(flag, "s.npy", &cut, &["s.npy", "truncated"]);
        let far = [0, i64::MAX, 0].map(i64::to_le_bytes).concat();
        let far = npy("'<i8'", false, "(3,)", &far);
        refused(flag, "s.npy", &far, &["9223372036854775807 for row 1"]);
        place.run(&["run", &file, flag, "nowhere.npy"]).refused(&["nowhere.npy"]);
    }
    let starts = place.file("starts.txt", "0\n2\n0\n");
    let lengths = place.file("lengths.txt", "4\n3\n4\n");
    let both = place.run(&["run", &file, "--starts", &starts, "--lengths", &lengths]);
    both.refused(&["row 1 starts at column 2", "length 3", "4 columns"]);
    let zeros = place.run(&["run", &file, "--lengths", "/dev/zero"]);
    zeros.refused(&["line 1 of /dev/zero is longer than"]);
}

/// A file of scores that rounding is measured on is converted only where that is asked for.
#[test]
fn recall_reads_what_run_reads() {
    let place = Place::new();
    let scores: Vec<u8> = (0..40).flat_map(|score| f64::from(score).to_le_bytes()).collect();
    let file = place.file("a.npy", npy("'<f8'", false, "(2, 2, 10)", &scores));
    let recall = |more: &[&str]| -> Ran {
        place.run(&[&["recall", &file, "-k", "3", "--engine", "host"], more].concat())
    };
    let text = recall(&["--dtype", "f32"]).done();
    assert!(text.contains("read as  4 rows") && text.contains("converted from f64"), "{text}");
    let json = recall(&["--dtype", "f32", "--json"]).json();
    assert_eq!((&json["scores"]["rows"], &json["scores"]["stored"]), (&json!(4), &json!("f64")));
    let halves: Vec<u8> =
        (0..8).flat_map(|score| bf16::from_f32(score as f32).to_le_bytes()).collect();
    let file = place.file("b.npy", npy("'<V2'", false, "(2, 4)", &halves));
    place.run(&["recall", &file, "-k", "2"]).refused(&["holds bf16", "f32"]);
}
