//! `topkit run` with ids, masks, a k for each row and fills, on the host and on the interpreter.

use crate::support::{Place, Ran, f32s, npy};
use serde_json::{Value, json};
use std::io::Write;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Two rows of five scores.
const SCORES: [f32; 10] = [1.0, 5.0, 3.0, 2.0, 4.0, 8.0, 6.0, 7.0, 9.0, 0.0];

/// A place with a file of the scores.
fn scored() -> (Place, String) {
    let place = Place::new();
    let file = place.file("scores.npy", npy("'<f4'", false, "(2, 5)", &f32s(&SCORES)));
    (place, file)
}

fn i32s(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn i64s(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A field of the winners of each row.
fn field(answer: &Value, name: &str) -> Vec<Vec<i64>> {
    let of_row = |row: &Value| {
        let winners = row["winners"].as_array().unwrap().iter();
        winners.map(|winner| winner[name].as_i64().unwrap()).collect()
    };
    answer["rows"].as_array().unwrap().iter().map(of_row).collect()
}

/// The answers of both engines.
fn answers(place: &Place, file: &str, more: &[&str]) -> [Value; 2] {
    ["host", "interpret"].map(|engine| {
        let ran = place.run(&[&["run", file, "--json", "--engine", engine], more].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
        let json = ran.json();
        assert_eq!(json["check"], json!({ "ok": true, "fault": null }));
        json
    })
}

/// Both engines write these indices.
#[track_caller]
fn writes(place: &Place, file: &str, more: &[&str], due: &[&[i64]]) -> Value {
    let [host, kernel] = answers(place, file, more);
    assert_eq!(field(&host, "index"), due, "{more:?}");
    assert_eq!(field(&kernel, "index"), due, "{more:?}");
    kernel
}

fn run(place: &Place, file: &str, more: &[&str]) -> Ran {
    place.run(&[&["run", file, "--engine", "host"], more].concat())
}

#[test]
fn given_ids_are_written_for_columns() {
    let (place, file) = scored();
    let ids = [10, 11, 12, 13, 14, 20, 21, 22, 23, 24];
    let own = place.file("own.npy", npy("'<i4'", false, "(2, 5)", &i32s(&ids)));
    let shared = place.file("shared.npy", npy("'<i4'", false, "(5,)", &i32s(&ids[..5])));
    let one = place.file("one.npy", npy("'<i4'", false, "(1, 5)", &i32s(&ids[..5])));
    let due: [&[i64]; 2] = [&[11, 14], &[23, 20]];
    let answer = writes(&place, &file, &["-k", "2", "--ids", &own], &due);
    assert_eq!(answer["ids"], "given");
    assert!(answer["rows"][0]["winners"][0]["column"].is_null());
    for ids in [&shared, &one] {
        writes(&place, &file, &["-k", "2", "--ids", ids], &[&[11, 14], &[13, 10]]);
    }
    let both = ["-k", "2", "--ids", &own, "--raw-columns", "--values", "--count"];
    let answer = writes(&place, &file, &both, &due);
    assert_eq!(field(&answer, "column"), [[1, 4], [3, 0]]);
    let text = run(&place, &file, &both).done();
    assert!(text.contains("ids given, with raw columns, with values, with counts\n"), "{text}");
    assert!(text.contains("11  5.0000  column 1") && text.contains("row 0  2 winners\n"), "{text}");
    // Ids stand beside the scores, and columns count from the start of their row.
    let starts = place.file("starts.txt", "2\n4\n");
    let ragged = ["-k", "2", "--ids", &own, "--raw-columns", "--starts", &starts];
    let answer = writes(&place, &file, &ragged, &[&[14, 12], &[24]]);
    assert_eq!(field(&answer, "column"), [vec![2, 0], vec![0]]);
}

#[test]
fn ids_are_of_the_index_type() {
    let (place, file) = scored();
    let far = 1 << 40;
    let ids: Vec<i64> = (0..10).map(|id| far - id).collect();
    let ids = place.file("ids.npy", npy("'<i8'", false, "(2, 5)", &i64s(&ids)));
    let due: [&[i64]; 2] = [&[far - 1, far - 4], &[far - 8, far - 5]];
    writes(&place, &file, &["-k", "2", "--ids", &ids, "--index", "i64"], &due);
    let high: Vec<u8> =
        (0..5).flat_map(|id| (u64::from(u32::MAX) - 9 + id).to_le_bytes()).collect();
    let high = place.file("high.npy", npy("'<u8'", false, "(5,)", &high));
    let last = i64::from(u32::MAX) - 9;
    let unsigned = ["-k", "2", "--ids", &high, "--index", "u32"];
    writes(&place, &file, &unsigned, &[&[last + 1, last + 4], &[last + 3, last]]);
    writes(
        &place,
        &file,
        &["-k", "7", "--index", "u32", "--order", "by_index"],
        &[&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4]],
    );

    run(&place, &file, &["--ids", &ids]).refused(&[
        "--ids ",
        "ids.npy has the id 1099511627776 at [0, 0]",
        "i32 holds -2147483648 to 2147483647; give --index i64",
    ]);
    let beyond = place.file("beyond.npy", npy("'<u8'", false, "(5,)", &[0xff; 40]));
    run(&place, &file, &["--ids", &beyond, "--index", "i64"])
        .refused(&["18446744073709551615", "i64"]);
}

#[test]
fn ids_of_a_shard_are_made_of_columns() {
    let (place, file) = scored();
    let affine = ["-k", "2", "--id-scale", "10", "--id-offset", "-3"];
    let answer = writes(&place, &file, &affine, &[&[7, 37], &[27, -3]]);
    assert_eq!(answer["ids"], "affine");
    writes(&place, &file, &["-k", "1", "--id-offset", "100"], &[&[101], &[103]]);
    for (name, offsets) in [
        ("offsets.txt", b"1000\n-5\n".to_vec()),
        ("offsets.npy", npy("'<i8'", false, "(2,)", &i64s(&[1000, -5]))),
    ] {
        let offsets = place.file(name, offsets);
        writes(&place, &file, &["-k", "1", "--row-offsets", &offsets], &[&[1001], &[-2]]);
        let all = [&affine[..], &["--row-offsets", &offsets, "--raw-columns"]].concat();
        let answer = writes(&place, &file, &all, &[&[1007, 1037], &[22, -8]]);
        assert_eq!(field(&answer, "column"), [[1, 4], [3, 0]]);
    }
    run(&place, &file, &["--id-scale", "1000000000"]).refused(&[
        "--id-scale 1000000000 --id-offset 0 makes 4000000000 the id of column 4 of row 0",
        "give --index i64",
    ]);
    let wide = ["-k", "1", "--id-scale", "4000000000", "--index", "i64"];
    writes(&place, &file, &wide, &[&[4_000_000_000], &[12_000_000_000]]);
    run(&place, &file, &["--id-scale", "0"])
        .refused(&["columns 0 and 1 of row 0", "--raw-columns"]);
    let equal = ["-k", "1", "--id-scale", "0", "--id-offset", "9", "--raw-columns"];
    let answer = writes(&place, &file, &equal, &[&[9], &[9]]);
    assert_eq!(field(&answer, "column"), [[1], [3]]);
}

#[test]
fn places_in_pages_are_ids() {
    let (place, file) = scored();
    // The third page of row 1 is not there, and its score does not win.
    let pages = place.file("pages.npy", npy("'<i4'", false, "(2, 3)", &i32s(&[7, 0, 3, 5, 9, -1])));
    let lengths = place.file("lengths.txt", "5\n4\n");
    let paged = ["-k", "2", "--pages", &pages, "--page-size", "2"];
    let ragged = [&paged[..], &["--lengths", &lengths, "--raw-columns"]].concat();
    let answer = writes(&place, &file, &ragged, &[&[15, 6], &[19, 10]]);
    assert_eq!(
        (&answer["ids"], field(&answer, "column")),
        (&json!("pages"), vec![vec![1, 4], vec![3, 0]])
    );
    run(&place, &file, &paged).refused(&[
        "pages.npy has the page -1 at [1, 2], and makes -2 the id of column 4 of row 1",
        "from 0 on",
    ]);
    // One row for all, and wider than the scores.
    let wide = place.file("wide.npy", npy("'<i8'", false, "(4,)", &i64s(&[7, 0, 3, 1])));
    writes(&place, &file, &["-k", "1", "--pages", &wide, "--page-size", "2"], &[&[15], &[1]]);
    let far = place.file("far.npy", npy("'<i4'", false, "(1,)", &i32s(&[1 << 30])));
    let of_8 = ["--pages", &far, "--page-size", "8", "-k", "1"];
    run(&place, &file, &of_8).refused(&["the page 1073741824 at [0, 0]", "give --index i64"]);
    writes(
        &place,
        &file,
        &[&of_8[..], &["--index", "i64"]].concat(),
        &[&[(1 << 33) + 1], &[(1 << 33) + 3]],
    );
    let twice = place.file("twice.npy", npy("'<i4'", false, "(3,)", &i32s(&[7, 7, 3])));
    run(&place, &file, &["--pages", &twice, "--page-size", "2"])
        .refused(&["makes 14 the id of the columns 0 and 2 of row 0", "add --raw-columns"]);
    for size in ["0", "3", "-2", "many"] {
        let ran = run(&place, &file, &["--pages", &pages, "--page-size", size]);
        ran.refused(&["--page-size", "power of two"]);
    }
    run(&place, &file, &["--pages", &pages, "--page-size", "1"])
        .refused(&["pages.npy has the shape [2, 3]; [2, 5] is expected, or more columns"]);
}

#[test]
fn a_mask_keeps_scores_from_winning() {
    let (place, file) = scored();
    let marks = [1, 0, 1, 1, 0, 0, 0, 0, 0, 1];
    let own = place.file("own.npy", npy("'|b1'", false, "(2, 5)", &marks));
    let bytes = marks.map(|mark| 200 * mark);
    let fortran: Vec<u8> = (0..10).map(|at| bytes[at % 2 * 5 + at / 2]).collect();
    let bytes = place.file("bytes.npy", npy("'|u1'", true, "(2, 5)", &fortran));
    let shared = place.file("shared.npy", npy("'|b1'", false, "(5,)", &marks[..5]));
    let one = place.file("one.npy", npy("'|b1'", false, "(1, 5)", &marks[..5]));
    for form in [&[][..], &["--mask-as", "bytes"], &["--mask-as", "bits"]] {
        for mask in [&own, &bytes] {
            let masked = [&["-k", "2", "--count", "--mask", mask], form].concat();
            let answer = writes(&place, &file, &masked, &[&[2, 3], &[4]]);
            assert_eq!(answer["rows"][1]["count"], 1);
        }
        for mask in [&shared, &one] {
            let masked = [&["-k", "2", "--mask", mask], form].concat();
            writes(&place, &file, &masked, &[&[2, 3], &[3, 0]]);
        }
    }
    let json =
        writes(&place, &file, &["-k", "1", "--mask", &own, "--mask-as", "bits"], &[&[2], &[4]]);
    assert_eq!(
        (&json["mask"], &json["kernel"]["variant"]["mask"]),
        (&json!("bits"), &json!("bits"))
    );
    // Words of a row begin anew, and a mask is of the matrix, whatever the start of a row.
    let many: Vec<u8> = (0..2 * 70).map(|at| u8::from(at % 70 % 9 == 4)).collect();
    let many = place.file("many.npy", npy("'|b1'", false, "(2, 70)", &many));
    let starts = place.file("starts.txt", "3\n40\n");
    let generated = ["--mask", &many, "--starts", &starts, "--order", "by_index", "-k", "9"];
    for form in ["bits", "bytes"] {
        let more = [&generated[..], &["--mask-as", form]].concat();
        for engine in ["host", "interpret"] {
            let run = ["run", "--generate", "2x70", "--json", "--engine", engine];
            let answer = place.run(&[&run[..], &more].concat()).json();
            assert_eq!(answer["check"]["ok"], true);
            let first: Vec<i64> = (0..8).map(|at| 9 * at + 1).collect();
            assert_eq!(field(&answer, "index"), [first, vec![0, 9, 18, 27]], "{form} {engine}");
        }
    }
}

#[test]
fn each_row_has_a_k() {
    let (place, file) = scored();
    for (name, ks) in
        [("ks.txt", b"3\n0\n".to_vec()), ("ks.npy", npy("'<i4'", false, "(2,)", &i32s(&[3, 0])))]
    {
        let ks = place.file(name, ks);
        let answer =
            writes(&place, &file, &["-k", "4", "--count", "--k-per-row", &ks], &[&[1, 4, 2], &[]]);
        assert_eq!((&answer["k_per_row"], &answer["rows"][0]["count"]), (&json!(true), &json!(3)));
        run(&place, &file, &["-k", "2", "--k-per-row", &ks]).refused(&[
            "--k-per-row",
            name,
            "3",
            "row 0",
            "from 0 to the 2 of -k",
        ]);
    }
}

#[test]
fn a_fill_is_written_and_checked() {
    let (place, file) = scored();
    let more =
        ["-k", "7", "--values", "--order", "by_value", "--index-fill", "2", "--value-fill", "-1e3"];
    let all: [&[i64]; 2] = [&[1, 4, 2, 3, 0], &[3, 0, 2, 1, 4]];
    let answer = writes(&place, &file, &more, &all);
    assert_eq!(answer["fill"], "given");
    let text = run(&place, &file, &more).done();
    assert!(text.contains("with values, fill 2, fill of values -1000\n"), "{text}");
    writes(&place, &file, &["-k", "7", "--index-fill", "-9", "--order", "by_value"], &all);
    run(&place, &file, &["--value-fill", "0"]).refused(&["--values"]);
    run(&place, &file, &["--values", "--value-fill", "low"])
        .refused(&["--value-fill low is no number"]);
    run(&place, &file, &["--values", "--value-fill", "1e39"])
        .refused(&["beyond the finite scores of f32"]);
    run(&place, &file, &["--index-fill", "4294967296"])
        .refused(&["--index-fill 4294967296 is no i32"]);
    run(&place, &file, &["--index", "u32", "--index-fill", "-1"]).refused(&["is no u32"]);
}

#[test]
fn all_at_once_is_checked_on_both_engines() {
    let (place, file) = scored();
    let pages = place.file("pages.npy", npy("'<i4'", false, "(2, 2)", &i32s(&[9, 4, 2, 6])));
    let mask =
        place.file("mask.npy", npy("'|b1'", false, "(2, 5)", &[1, 1, 0, 1, 1, 1, 1, 1, 0, 1]));
    let ks = place.file("ks.txt", "2\n3\n");
    let all = [
        "-k",
        "3",
        "--pages",
        &pages,
        "--page-size",
        "4",
        "--raw-columns",
        "--mask",
        &mask,
        "--mask-as",
        "bits",
        "--k-per-row",
        &ks,
        "--values",
        "--count",
        "--ties",
        "lowest_index",
        "--order",
        "by_value",
        "--batch-invariant",
        "--index",
        "i64",
        "--index-fill",
        "-5",
        "--value-fill",
        "inf",
    ];
    let answer = writes(&place, &file, &all, &[&[37, 16], &[8, 10, 9]]);
    assert_eq!(field(&answer, "column"), [vec![1, 4], vec![0, 2, 1]]);
    assert_eq!((&answer["batch_invariant"], &answer["index"]), (&json!(true), &json!("i64")));
}

#[test]
fn arrays_of_an_archive_are_named() {
    let (place, file) = scored();
    let archive = |members: &[(&str, Vec<u8>)]| {
        let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let ids = npy("'<i4'", false, "(5,)", &i32s(&[9, 8, 7, 6, 5]));
    let mask = npy("'|b1'", false, "(5,)", &[1, 0, 1, 1, 1]);
    let both = archive(&[("ids.npy", ids.clone()), ("mask.npy", mask)]);
    let both = place.file("both.npz", both);
    let one = place.file("one.npz", archive(&[("arr_0.npy", ids)]));
    let named = [format!("{both}:ids"), format!("{both}:mask")];
    let [ids, mask] = &named;
    writes(&place, &file, &["-k", "2", "--ids", ids, "--mask", mask], &[&[5, 7], &[6, 9]]);
    writes(&place, &file, &["-k", "1", "--ids", &one], &[&[8], &[6]]);
    run(&place, &file, &["--ids", &both])
        .refused(&["--ids: ", "several arrays; name one with FILE.npz:NAME: ids, mask"]);
    let other = format!("{both}:pages");
    run(&place, &file, &["--ids", &other])
        .refused(&["--ids: ", "no array `pages`; it has ids, mask"]);
}

#[test]
fn files_that_do_not_fit_the_scores_are_refused() {
    let (place, file) = scored();
    let refused = |flags: &[&str], name: &str, bytes: &[u8], words: &[&str]| {
        let given = place.file(name, bytes);
        let all = [&flags[..1], &[&given], &flags[1..]].concat();
        run(&place, &file, &all).refused(&[&[flags[0], name], words].concat());
    };
    let paged = ["--pages", "--page-size", "2"];
    for flags in [&["--ids"][..], &paged, &["--mask"]] {
        let (kind, size) = if flags[0] == "--mask" { ("'|b1'", 1) } else { ("'<i4'", 4) };
        let of = |shape: &str, count: usize| npy(kind, false, shape, &vec![0; count * size]);
        let width = if flags[0] == "--pages" { 3 } else { 5 };
        let due = format!("[2, {width}] is expected");
        let due = due.as_str();
        refused(flags, "a.npy", &of("(2, 2)", 4), &["has the shape [2, 2]", due]);
        refused(flags, "a.npy", &of("(3, 5)", 15), &["has the shape [3, 5]", due]);
        refused(flags, "a.npy", &of("()", 1), &["has the shape []", due]);
        refused(flags, "a.npy", &of("(2, 5)", 9), &["truncated"]);
        refused(flags, "a.npy", b"1 2 3", &["no whole .npy file"]);
        refused(flags, "a.txt", b"1 2 3", &["is not .npy, .npz or .npz:NAME"]);
        let floats = npy("'<f4'", false, "(2, 5)", &f32s(&SCORES));
        let what = if flags[0] == "--mask" { "not booleans or bytes" } else { "not integers" };
        refused(flags, "a.npy", &floats, &["'<f4'", what]);
        let nowhere = [&["run", &file, flags[0], "nowhere.npy"], &flags[1..]].concat();
        place.run(&nowhere).refused(&[flags[0], "nowhere.npy", "No such file"]);
    }
    let words = npy("'<i4'", false, "(2, 5)", &[0; 40]);
    refused(&["--mask"], "a.npy", &words, &["'<i4'", "astype('?')"]);
    let far = npy("'<i8'", false, "(2, 3)", &i64s(&[0, 0, 0, 0, 1 << 40, 0]));
    refused(&paged, "a.npy", &far, &["1099511627776 at [1, 1]", "a page is an i32"]);
    for flag in ["--k-per-row", "--row-offsets"] {
        let three = npy("'<i4'", false, "(3,)", &[0; 12]);
        refused(&[flag], "a.npy", &three, &["has the shape [3]", "2 rows"]);
        refused(&[flag], "a.npy", &npy("'<f4'", false, "(2,)", &[0; 8]), &["not integers"]);
        let far = npy("'<i8'", false, "(2,)", &i64s(&[0, 1 << 40]));
        refused(&[flag], "a.npy", &far, &["1099511627776 for row 1", "whole number from"]);
        run(&place, &file, &[flag, &place.file("a.txt", "1\n")])
            .refused(&["a.txt has 1 line", "2 rows"]);
        run(&place, &file, &[flag, &place.file("a.txt", "1\nx\n")])
            .refused(&[flag, "`x` for row 1"]);
    }
    refused(&["--k-per-row"], "a.txt", b"1\n-1\n", &["`-1` for row 1", "from 0 to the 8 of -k"]);
    let twice = npy("'<i4'", false, "(5,)", &i32s(&[4, 7, 1, 7, 2]));
    refused(
        &["--ids"],
        "a.npy",
        &twice,
        &["makes 7 the id of the columns 1 and 3 of row 0", "add --raw-columns"],
    );
    // A score that cannot win needs no id of its own.
    let mask = place.file("mask.npy", npy("'|b1'", false, "(5,)", &[1, 0, 1, 1, 1]));
    let ids = place.file("a.npy", twice);
    writes(&place, &file, &["-k", "2", "--ids", &ids, "--mask", &mask], &[&[2, 1], &[7, 4]]);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let (place, file) = scored();
    let ids = place.file("ids.npy", npy("'<i4'", false, "(5,)", &i32s(&[0, 1, 2, 3, 4])));
    for (flags, words) in [
        (&["--ids", &ids, "--id-scale", "2"][..], &["--ids", "--id-scale"][..]),
        (&["--ids", &ids, "--id-offset", "2"], &["--ids", "--id-offset"]),
        (&["--ids", &ids, "--row-offsets", &ids], &["--ids", "--row-offsets"]),
        (&["--ids", &ids, "--pages", &ids, "--page-size", "2"], &["--ids", "--pages"]),
        (&["--id-offset", "2", "--pages", &ids, "--page-size", "2"], &["--id-offset", "--pages"]),
        (
            &["--row-offsets", &ids, "--pages", &ids, "--page-size", "2"],
            &["--row-offsets", "--pages"],
        ),
        (&["--pages", &ids], &["--page-size"]),
        (&["--page-size", "2"], &["--pages"]),
        (&["--mask-as", "bits"], &["--mask"]),
        (&["--mask", &ids, "--mask-as", "none"], &["--mask-as", "bits, bytes"]),
        (&["--raw-columns"], &["--raw-columns", "add --ids"]),
        (&["--batch-invariant"], &["batch_invariant: true", "ties: any", "order: unsorted"]),
        (&["--batch-invariant", "--ties", "lowest_index"], &["order: unsorted"]),
        (&["--index", "i16"], &["i16", "i32, u32, i64"]),
    ] {
        run(&place, &file, flags).refused(words);
    }
    let mask = place.file("mask.npy", npy("'|b1'", false, "(7,)", &[1; 7]));
    let whole = ["run", "--generate", "2x7", "--dtype", "i32", "--mask", &mask];
    place.run(&whole).refused(&["mask: bytes", "not for i32"]);
}
