//! `topkit run` without a GPU: its selections from files and from generated scores.

use crate::support::{Place, data, f32s, npy, safetensors};
use half::{bf16, f16};
use serde_json::{Value, json};

/// The indices of a row of a `--json` answer.
fn indices(answer: &Value, row: usize) -> Vec<i64> {
    let winners = answer["rows"][row]["winners"].as_array().unwrap();
    winners.iter().map(|winner| winner["index"].as_i64().unwrap()).collect()
}

#[test]
fn the_best_sentences_of_the_shipped_scores_are_those_of_its_readme() {
    let (scores, labels) = (data("scores.safetensors"), data("sentences.txt"));
    let queries = data("queries.txt");
    let text = Place::new()
        .run(&[
            "run",
            &scores,
            "--tensor",
            "scores",
            "-k",
            "3",
            "--labels",
            &labels,
            "--row-labels",
            &queries,
        ])
        .done();
    for words in [
        "top 3 of 8 x 3861 bf16; largest, NaN highest",
        "ran on  the host",
        "exact: no difference from the oracle in 8 rows",
        "row 1  two men sharing one bed\n",
        "     232  0.6133  No man prefers to sleep two in a bed.\n",
        "and 5 rows more",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}

#[test]
fn a_rule_for_ties_decides_which_of_equal_scores_win() {
    let place = Place::new();
    let row =
        place.file("row.npy", npy("'<f4'", false, "(6,)", &f32s(&[1.0, 2.0, 1.0, 1.0, 3.0, 1.0])));
    for (ties, best) in [("lowest_index", [0, 1, 2, 4]), ("highest_index", [1, 3, 4, 5])] {
        let answer = place.run(&["run", &row, "-k", "4", "--ties", ties, "--json"]).json();
        let mut found = indices(&answer, 0);
        found.sort();
        assert_eq!(found, best, "{ties}");
    }
    let refused = place.run(&["run", &row, "--ties", "lowest"]);
    assert!(refused.code != 0 && refused.stderr.contains("lowest_index"), "{refused:?}");
}

#[test]
fn both_shipped_files_hold_the_same_f32_scores() {
    let place = Place::new();
    let (npy, tensors) = (data("scores.npy"), data("scores.safetensors"));
    let show = ["--json", "--rows-show", "8", "-k", "100"];
    let one = place.run(&[&["run", &npy], &show[..]].concat());
    let two = place.run(&[&["run", &tensors, "--tensor", "scores_f32"], &show[..]].concat());
    assert_eq!((one.code, two.code), (0, 0), "{one:?}");
    assert_eq!(one.json()["rows"], two.json()["rows"]);
    assert_eq!(one.json()["rows"].as_array().unwrap().len(), 8);
    let best: Vec<_> = (0..8).map(|row| indices(&one.json(), row)[0]).collect();
    assert_eq!(best, [1, 232, 389, 2862, 2420, 669, 2954, 190]);
}

/// The values are bit for bit the scores, and winners are in the order that was asked for.
#[test]
fn an_order_values_and_counts_are_written_and_checked() {
    let place = Place::new();
    let file = npy("'<f4'", false, "(2, 4)", &f32s(&[0.5, 3.0, -0.0, 3.0, 7.0, 1.0, 2.0, 9.0]));
    let file = place.file("scores.npy", &file);
    let outputs = ["--values", "--count", "-k", "3"];
    for (order, first, second) in
        [("by_value", [1, 3, 0], [3, 0, 2]), ("by_index", [0, 1, 3], [0, 2, 3])]
    {
        for engine in ["host", "interpret"] {
            let run = ["run", &file, "--order", order, "--engine", engine];
            let answer = place.run(&[&run[..], &outputs, &["--json"]].concat());
            assert_eq!(answer.code, 0, "{answer:?}");
            let json = answer.json();
            assert_eq!((indices(&json, 0), indices(&json, 1)), (first.to_vec(), second.to_vec()));
            assert_eq!(json["order"], order);
            assert_eq!(json["rows"][0]["count"], 3);
            for winner in json["rows"][1]["winners"].as_array().unwrap() {
                assert_eq!(winner["value"], winner["score"], "{winner}");
            }
            let text = place.run(&[&run[..], &outputs].concat()).done();
            assert!(
                text.contains(&format!("NaN highest, ties any, {order}, with values, with counts"))
            );
            assert!(text.contains("row 0  3 winners\n"), "{text}");
        }
    }
}

#[test]
fn every_dtype_and_shape_is_read_as_written() {
    let place = Place::new();
    let scores = [0.5f32, -1.0, 3.0, f32::NAN, 2.0, f32::NEG_INFINITY];
    let f16s: Vec<u8> = scores.iter().flat_map(|&s| f16::from_f32(s).to_le_bytes()).collect();
    let bf16s: Vec<u8> = scores.iter().flat_map(|&s| bf16::from_f32(s).to_le_bytes()).collect();
    let files = [
        ("f32", place.file("f32.npy", npy("'<f4'", false, "(2, 3)", &f32s(&scores)))),
        ("f16", place.file("f16.npy", npy("'<f2'", false, "(2, 3)", &f16s))),
        ("f32", place.file("a.safetensors", safetensors(&[("s", "F32", &[2, 3], f32s(&scores))]))),
        ("f16", place.file("b.safetensors", safetensors(&[("s", "F16", &[2, 3], f16s.clone())]))),
        ("bf16", place.file("c.safetensors", safetensors(&[("s", "BF16", &[2, 3], bf16s)]))),
    ];
    for (dtype, file) in files {
        let answer = place.run(&["run", &file, "-k", "2", "--json"]).json();
        assert_eq!(answer["scores"]["dtype"], dtype, "{file}");
        assert_eq!((indices(&answer, 0), indices(&answer, 1)), (vec![2, 0], vec![0, 1]), "{file}");
        assert_eq!(answer["rows"][1]["winners"][0]["score"], "NaN");
        let least = ["run", &file, "-k", "2", "--select", "smallest", "--nan", "lowest", "--json"];
        let answer = place.run(&least).json();
        assert_eq!((indices(&answer, 0), indices(&answer, 1)), (vec![1, 0], vec![0, 2]), "{file}");
        assert_eq!(answer["rows"][1]["winners"][1]["score"], "-inf");
    }
    let row = place.file("row.npy", npy("'<f4'", true, "(6,)", &f32s(&scores)));
    let answer = place.run(&["run", &row, "-k", "2", "--json"]).json();
    assert_eq!((&answer["scores"]["rows"], indices(&answer, 0)), (&json!(1), vec![3, 2]));
}

const WIDE: [f64; 5] = [1.0, 1.0 + f64::EPSILON, -1e300, 1e300, 1.0 - f64::EPSILON];

fn f64s(scores: &[f64], bytes: fn(f64) -> [u8; 8]) -> Vec<u8> {
    scores.iter().flat_map(|&score| bytes(score)).collect()
}

#[test]
fn integers_and_floats_of_8_and_64_bits_are_read_as_written() {
    let place = Place::new();
    let tensor = |dtype, data: &[u8]| safetensors(&[("s", dtype, &[5], data.to_vec())]);
    let numbers = [5u8, 0x80, 0x7f, 0xff, 0];
    for (dtype, file, due) in [
        ("i8", npy("'|i1'", false, "(5,)", &numbers), [2, 0, 4, 3, 1]),
        ("u8", npy("'|u1'", false, "(5,)", &numbers), [3, 1, 2, 0, 4]),
        (
            "i16",
            npy("'>i2'", false, "(5,)", &[0, 5, 0x80, 0, 0x7f, 0xff, 0, 0, 1, 0]),
            [2, 4, 0, 3, 1],
        ),
        // Neighbours that f32 cannot tell apart.
        (
            "u32",
            npy(
                "'>u4'",
                false,
                "(5,)",
                &[[255; 4], [255, 255, 255, 254], [0; 4], [1, 0, 0, 1], [1, 0, 0, 0]].concat(),
            ),
            [0, 1, 3, 4, 2],
        ),
        (
            "i32",
            npy(
                "'>i4'",
                false,
                "(5,)",
                &[[255; 4], [128, 0, 0, 1], [128, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 1]].concat(),
            ),
            [4, 3, 0, 1, 2],
        ),
        ("i8", tensor("I8", &numbers), [2, 0, 4, 3, 1]),
        // Neighbours that f32 cannot tell apart, and numbers beyond it.
        ("f64", npy("'<f8'", false, "(5,)", &f64s(&WIDE, f64::to_le_bytes)), [3, 1, 0, 4, 2]),
        ("f64", npy("'>f8'", false, "(5,)", &f64s(&WIDE, f64::to_be_bytes)), [3, 1, 0, 4, 2]),
        // NaN is above 448, the greatest number, and below 0 is the least negative one.
        ("f8_e4m3", tensor("F8_E4M3", &[0x7f, 0x7d, 0, 0x7e, 0x81]), [0, 3, 1, 2, 4]),
        ("f8_e5m2", tensor("F8_E5M2", &[0x7b, 0x7c, 0xfd, 0x80, 0xfc]), [2, 1, 0, 3, 4]),
    ] {
        let end = if file.starts_with(b"\x93NUMPY") { "npy" } else { "safetensors" };
        let file = place.file(&format!("scores.{end}"), file);
        let answer = place.run(&["run", &file, "-k", "5", "--json"]).json();
        assert_eq!(answer["scores"]["dtype"], dtype);
        assert_eq!(indices(&answer, 0), due, "{dtype}");
    }
}

/// A `.npy` file of another version than 1.0, with a header as it stands.
fn npy_of(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = match version {
        1 => (header.len() as u16).to_le_bytes().to_vec(),
        _ => (header.len() as u32).to_le_bytes().to_vec(),
    };
    [b"\x93NUMPY", &[version, 0][..], &length, header.as_bytes(), data].concat()
}

#[test]
fn npy_files_are_read_as_numpy_reads_them() {
    let place = Place::new();
    let scores = [0.5f32, -1.0, 3.0, 8.0, 2.0, 4.0];
    let little = f32s(&scores);
    let big: Vec<u8> = scores.iter().flat_map(|score| score.to_be_bytes()).collect();
    let halves: Vec<u8> = scores.iter().flat_map(|&s| f16::from_f32(s).to_be_bytes()).collect();
    let columns = f32s(&[0.5, 8.0, -1.0, 2.0, 3.0, 4.0]);
    let header = |descr: &str, shape: &str, fortran: &str| {
        format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    };
    let plain = header("'<f4'", "(2, 3)", "False");
    let python2 = header("'<f4'", "(2L, 3L)", "False").replace("'shape'", "u'shape'");
    let files = [
        ("a.npy", npy("'=f4'", false, "(2, 3)", &little)),
        ("a.npy", npy("'f4'", false, "(2, 3)", &little)),
        ("a.npy", npy("'float32'", false, "(2, 3)", &little)),
        ("a.npy", npy("'>f4'", false, "(2, 3)", &big)),
        ("a.npy", npy("'>f2'", false, "(2, 3)", &halves)),
        ("a.npy", npy("'<f4'", true, "(2, 3)", &columns)),
        ("a.npy", npy_of(1, &python2, &little)),
        ("a.npy", npy_of(2, &plain, &little)),
        ("a.npy", npy_of(2, &python2, &little)),
        ("a.npy", npy_of(3, &plain, &little)),
        ("a.NPY", npy_of(1, &plain, &little)),
        ("a.SafeTensors", safetensors(&[("s", "F32", &[2, 3], little.clone())])),
    ];
    for (number, (name, bytes)) in files.into_iter().enumerate() {
        let file = place.file(name, bytes);
        let answer = place.run(&["run", &file, "-k", "2", "--json"]);
        assert_eq!(answer.code, 0, "{number}: {answer:?}");
        let answer = answer.json();
        let found = (indices(&answer, 0), indices(&answer, 1));
        assert_eq!(found, (vec![2, 0], vec![0, 2]), "{number}: {answer}");
        assert_eq!(answer["rows"][1]["winners"][0]["score"], 8.0);
    }
}

#[test]
fn k_beyond_the_row_gives_the_whole_row() {
    let place = Place::new();
    let answer = place.run(&["run", "--generate", "2x5", "-k", "9", "--json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let mut row = indices(&answer.json(), 1);
    row.sort_unstable();
    assert_eq!(row, [0, 1, 2, 3, 4]);
}

#[test]
fn generated_scores_are_what_was_asked_for() {
    let place = Place::new();
    for dtype in ["f32", "bf16", "f16"] {
        let generate = ["run", "--generate", "3x1000", "--dtype", dtype, "-k", "4", "--json"];
        let with = |more: &[&str]| {
            let answer = place.run(&[&generate[..], more].concat()).json();
            assert_eq!(answer["check"], json!({ "ok": true, "fault": null }));
            assert_eq!(answer["scores"]["dtype"], dtype);
            answer["rows"].clone()
        };
        assert_eq!(with(&[]), with(&["--distribution", "randn", "--seed", "0"]));
        assert_ne!(with(&["--seed", "1"]), with(&["--seed", "2"]));
        let equal = with(&["--distribution", "equal"]);
        assert!(equal[0]["winners"].as_array().unwrap().iter().all(|w| w["score"] == 0.5));
        let ascending = with(&["--distribution", "asc", "--rows-show", "1"]);
        assert_eq!(ascending.as_array().unwrap().len(), 1);
        assert!(ascending[0]["winners"][3]["index"].as_i64().unwrap() > 900);
    }
}

#[test]
fn the_place_is_told_with_its_reason() {
    let place = Place::new();
    let answer = place.run(&["run", "--generate", "2x50", "--engine", "host", "--json"]).json();
    assert_eq!(answer["ran_on"], json!({ "place": "host", "why": "--engine host was given" }));
    assert_eq!(answer["time"]["method"], "wall clock");
    assert!(answer["time"]["microseconds"].as_f64().unwrap() > 0.0);
    // Without a driver or without NVRTC the reason names the library that is missing.
    let answer = place.run(&["run", "--generate", "2x50", "--json"]).json();
    let why = answer["ran_on"]["why"].as_str().unwrap();
    assert!(why.contains("was not found") || why.contains("finds no GPU"), "{why}");
    assert!(why.contains("--engine interpret"), "{why}");
}

#[test]
fn a_gpu_that_is_asked_for_and_missing_is_no_bad_input() {
    let place = Place::new();
    // Where there is a GPU, the NVRTC that it needs is still missing.
    for engine in [&["--engine", "gpu"][..], &["--device", "4096"]] {
        let ran = place.run(&[&["run", "--generate", "2x50"], engine].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
    let ran = place.run(&["run", "--generate", "2x50", "--engine", "gpu"]);
    assert!(ran.stderr.contains("--engine interpret and --engine host need no GPU"), "{ran:?}");
}

/// Scores of 4 GB, which would not fit, are not begun.
#[cfg(unix)]
#[test]
fn what_is_refused_is_refused_before_scores_are_generated() {
    let place = Place::new();
    let one = ["run", "--generate", "1x2000000000"];
    let refused = |args: &[&str], words: &[&str]| place.run_within(3_000_000, args).refused(words);
    for engine in ["host", "interpret"] {
        let wide = ["run", "--generate", "1x2147483648", "--engine", engine];
        refused(&wide, &["2147483648 columns is too long", "2147483647"]);
    }
    let many = [&one[..], &["--engine", "host", "-k", "2147483648"]].concat();
    refused(&many, &["2147483648", "2147483647"]);
    let kernel = [&one[..], &["--engine", "interpret", "--kernel", "block_resident"]].concat();
    refused(&kernel, &["block_resident", "at most 32768 columns"]);
    let labels = place.file("three.txt", "a\nb\nc\n");
    refused(&[&one[..], &["--labels", &labels]].concat(), &["three.txt has 3 lines"]);
    refused(&[&one[..], &["--engine", "host", "--items", "8"]].concat(), &["the host runs none"]);
    let large = place.run_within(3_000_000, &[&one[..], &["--engine", "interpret"]].concat());
    large.lacked(&["GB of this machine's memory", "are left"]);
    let gpu = place.run_within(3_000_000, &[&one[..], &["--device", "4096"]].concat());
    assert_eq!((gpu.code, gpu.stdout.as_str()), (3, ""), "{gpu:?}");
    let recall = ["recall", "--rows", "1", "--columns", "2147483648", "--heads", "1", "--dim", "1"];
    refused(&recall, &["2147483648 columns is too long"]);
}

/// Each step of a selection on the host asks for memory of its own.
#[cfg(unix)]
#[test]
fn memory_that_the_host_lacks_is_told_in_words() {
    let place = Place::new();
    let lacked = |kilobytes, args: &[&str], words: &[&str]| {
        let host = [args, &["--engine", "host"]].concat();
        place.run_within(kilobytes, &host).lacked(words);
    };
    let large = ["run", "--generate", "1x2000000000"];
    lacked(3_000_000, &large, &["the generated scores", "4.0 GB", "does not give"]);

    // As sparse files: 1.5 GB of zeros, which are read, and not decoded beside that.
    let scores = 375_000_000;
    let header = npy("'<f4'", false, &format!("({scores},)"), &[]);
    let mid = place.file("mid.npy", &header);
    extend(&mid, header.len() as u64 + 4 * scores);
    lacked(2_400_000, &["run", &mid, "-k", "2"], &["the decoded scores", "1.5 GB"]);
    lacked(1_000_000, &["run", &mid, "-k", "2"], &["cannot read", "mid.npy", "smaller file"]);
    let tensor = format!(
        r#"{{"s":{{"dtype":"F32","shape":[{scores}],"data_offsets":[0,{}]}}}}"#,
        4 * scores
    );
    let header = [&(tensor.len() as u64).to_le_bytes()[..], tensor.as_bytes()].concat();
    let mid = place.file("mid.safetensors", &header);
    extend(&mid, header.len() as u64 + 4 * scores);
    lacked(2_400_000, &["run", &mid, "-k", "2"], &["the decoded scores", "1.5 GB"]);

    // 80 MB of scores, and 640 MB of ranks.
    let equal = ["run", "--distribution", "equal", "-k", "2", "--generate", "1x40000000"];
    lacked(400_000, &equal, &["ranks of the longest row", "640000000 bytes", "shorter rows"]);
    // Four million winners as JSON.
    let all = ["run", "--distribution", "equal", "-k", "4000000", "--generate", "1x4000000"];
    lacked(2_000_000, &all, &["the winners to show", "4.1 GB"]);

    let recall = ["recall", "--heads", "1", "--dim", "1", "-k", "1", "--rows", "1000"];
    let recall = [&recall[..], &["--columns", "1000000"]].concat();
    lacked(2_000_000, &recall, &["the logits", "4.0 GB"]);
}

/// Makes a file longer, by zeros that take no room on the disk.
fn extend(file: &str, bytes: u64) {
    std::fs::File::options().write(true).open(file).unwrap().set_len(bytes).unwrap();
}
