//! Bad input: one clear line on stderr, exit code 2, and never a panic.

use crate::support::{Place, data, f32s, npy, safetensors};

#[test]
fn files_that_are_not_there_or_not_scores() {
    let place = Place::new();
    place.run(&["run", "nowhere.npy"]).refused(&["nowhere.npy", "No such file"]);
    let text = place.file("scores.txt", "1 2 3");
    place.run(&["run", &text]).refused(&["scores.txt", ".npy", ".npz", ".safetensors"]);
    for name in ["a.npy", "a.npz", "a.safetensors"] {
        for bytes in [&b""[..], b"\x93NUM", b"not scores at all, but long enough for a header"] {
            let file = place.file(name, bytes);
            place.run(&["run", &file]).refused(&[name]);
        }
    }
}

#[test]
fn headers_that_are_damaged() {
    let place = Place::new();
    let whole = npy("'<f4'", false, "(2, 2)", &f32s(&[0.0; 4]));
    for at in 8..60 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x80;
        let file = place.file("a.npy", damaged);
        place.run(&["run", &file]).refused(&["a.npy"]);
    }
    for brackets in [100, 60_000] {
        let nested = npy(&"[".repeat(brackets), false, "(2,)", &[0; 8]);
        place.run(&["run", &place.file("a.npy", nested)]).refused(&["a.npy", "brackets"]);
    }
    let future = [&whole[..6], &[4, 0], &whole[8..]].concat();
    place.run(&["run", &place.file("a.npy", future)]).refused(&["version is 4.0", "1.0 to 3.0"]);
    let odd =
        safetensors(&[("a\n\u{1b}[2J", "F32", &[1], vec![0; 4]), ("b", "F32", &[], vec![0; 4])]);
    let file = place.file("odd.safetensors", odd);
    place.run(&["run", &file]).refused(&["name one with --tensor"]);
}

#[test]
fn headers_that_say_what_topkit_does_not_know() {
    let place = Place::new();
    let whole = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }";
    for (part, other, words) in [
        ("(2, 4)", "[2, 4]", &["'shape' is [2, 4]", "a tuple"][..]),
        ("(2, 4)", "8", &["'shape' is 8", "a tuple"]),
        ("(2, 4)", "(2, -4)", &["a dimension of 'shape' is -4", "a whole number"]),
        ("(2, 4)", "(2, 4.0)", &["a dimension of 'shape' is 4", "a whole number"]),
        ("False", "0", &["'fortran_order' is 0", "True or False"]),
        (", }", ", 'unit': 'm'}", &["it has 'unit': 'm' beside 'descr'"]),
        (", 'shape': (2, 4)", "", &["it lacks 'shape'"]),
        ("'descr': '<f4', ", "", &["it lacks 'descr'"]),
        ("{", "[{", &["no Python dictionary"]),
    ] {
        assert!(whole.contains(part), "{part}");
        let header = whole.replace(part, other);
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &[0; 32]].concat();
        let ran = place.run(&["run", &place.file("a.npy", bytes)]);
        assert!(!ran.stderr.contains("no whole"), "{ran:?}");
        ran.refused(&[&["a.npy has a header that topkit cannot read: "], words].concat());
    }
    let length = u32::MAX.to_le_bytes();
    let long = [b"\x93NUMPY\x02\x00", &length[..], whole.as_bytes()].concat();
    place.run(&["run", &place.file("a.npy", long)]).refused(&["4294967295 bytes", "1048576"]);
}

/// Reading stops as soon as the file is known to be something else.
#[cfg(unix)]
#[test]
fn files_without_an_end() {
    let place = Place::new();
    for name in ["a.npy", "a.npz", "a.safetensors"] {
        std::os::unix::fs::symlink("/dev/zero", place.path(name)).unwrap();
        let file = place.path(name).to_str().unwrap().to_owned();
        place.run_within(1_000_000, &["run", &file]).refused(&[name]);
    }
    let pack = ["pack", "--arch", "sm_90a", "/dev/zero", "-o", "out.pack"];
    place.run_within(1_000_000, &pack).refused(&["/dev/zero is longer than 67108864 bytes"]);
}

#[test]
fn every_truncation_of_a_file() {
    let place = Place::new();
    let scores = f32s(&[1.0, 2.0, 3.0, 4.0]);
    let files = [
        ("cut.npy", npy("'<f4'", false, "(2, 2)", &scores)),
        ("cut.safetensors", safetensors(&[("s", "F32", &[2, 2], scores.clone())])),
    ];
    for (name, whole) in files {
        let file = place.file(name, &whole);
        place.run(&["run", &file, "-k", "1"]).done();
        for end in (0..whole.len()).step_by(5).chain([whole.len() - 1]) {
            let file = place.file(name, &whole[..end]);
            place.run(&["run", &file]).refused(&[name]);
        }
        let longer = [&whole[..], b"more"].concat();
        let file = place.file(name, longer);
        place.run(&["run", &file]).refused(&[name]);
    }
    // As two calls of numpy.save to one open file leave it.
    let one = npy("'<f4'", false, "(2, 2)", &scores);
    let file = place.file("two.npy", [&one[..], &one[..]].concat());
    place.run(&["run", &file]).refused(&["more than one array", "a file of its own"]);
    let file = place.file("t.npy", npy("'<f4'", false, "(2, 2)", &scores[..12]));
    place.run(&["run", &file]).refused(&["truncated", "take 16 bytes", "12 follow"]);
}

#[test]
fn types_that_cannot_be_ranked() {
    let place = Place::new();
    for (descr, hint) in [
        ("'<f16'", &["astype('<f8')", "rounds"][..]),
        ("'<V1'", &["ml_dtypes", "--view f8_e4m3 or --view f8_e5m2"]),
        ("'<V3'", &["raw elements of 3 bytes", "no numbers have that size"]),
        ("'<V4'", &["--view f32"]),
        ("'|V0'", &["no numbers"]),
        ("'<c8'", &["no order"]),
        ("'|O'", &["pickle", "astype"]),
        ("[('a', '<f4')]", &["astype"]),
        ("('<f4', (1,))", &["astype"]),
    ] {
        let file = place.file("a.npy", npy(descr, false, "(2,)", &[0; 32]));
        let ran = place.run(&["run", &file, "--dtype", "f32"]);
        assert!(!ran.stderr.contains("whole"), "{ran:?}");
        ran.refused(&[&["a.npy holds "], hint].concat());
    }
    let e8m0 = safetensors(&[("s", "F8_E8M0", &[2], vec![0; 2])]);
    let due = &["tensor s", "F8_E8M0", "F32", "numpy.ascontiguousarray"];
    place.run(&["run", &place.file("a.safetensors", e8m0)]).refused(due);
    // A type that came after this program was written.
    let later = safetensors(&[("s", "F32", &[1], vec![0; 4]), ("t", "F9", &[1], vec![0; 4])]);
    let ran = place.run(&["run", &place.file("later.safetensors", later)]);
    assert!(!ran.stderr.contains("truncated"), "{ran:?}");
    ran.refused(&["later.safetensors", "topkit cannot read", "F9"]);
    for (first, words) in [(&b"PK"[..], ".npz"), (b"\x80\x04\x95", "pickle of Python")] {
        let file = place.file("a.npy", [first, &[0; 40]].concat());
        place.run(&["run", &file]).refused(&["a.npy", words]);
    }
}

#[test]
fn shapes_without_a_row() {
    let place = Place::new();
    let scores = f32s(&[0.0; 8]);
    let file = place.file("a.npy", npy("'<f4'", false, "()", &scores[..4]));
    place.run(&["run", &file]).refused(&["a.npy", "shape []", "[columns]"]);
    for (shape, word) in [("(0, 8)", "[0, 8]"), ("(2, 3, 0)", "[2, 3, 0]")] {
        let file = place.file("a.npy", npy("'<f4'", false, shape, &[]));
        place.run(&["run", &file]).refused(&[word, "nothing to select"]);
    }
    let file = place.file("a.npy", npy("'<f4'", false, "(3, 4)", &scores));
    place.run(&["run", &file]).refused(&["3 x 4", "48 bytes", "32 follow"]);
    for shape in
        ["(4611686018427387904,)", "(4294967296, 4294967296, 8)", "(8, 4294967296, 1073741824)"]
    {
        let file = place.file("a.npy", npy("'<f4'", false, shape, &scores));
        place.run(&["run", &file]).refused(&["more than memory"]);
    }
    let scalar = safetensors(&[("s", "F32", &[], scores[..4].to_vec())]);
    let file = place.file("a.safetensors", scalar);
    place.run(&["run", &file]).refused(&["tensor s", "shape []"]);
    let short = safetensors(&[("s", "F32", &[3, 4], scores)]);
    let file = place.file("a.safetensors", short);
    place.run(&["run", &file]).refused(&["a.safetensors"]);
}

#[test]
fn tensors_that_are_not_named_right() {
    let place = Place::new();
    let scores = data("scores.safetensors");
    place.run(&["run", &scores]).refused(&["--tensor", "scores, scores_f32"]);
    let unknown = place.run(&["run", &scores, "--tensor", "logits"]);
    unknown.refused(&["no tensor `logits`", "scores, scores_f32"]);
    place.run(&["run", &data("scores.npy"), "--tensor", "scores"]).refused(&["--tensor"]);
    let file = place.file("none.safetensors", safetensors(&[]));
    place.run(&["run", &file]).refused(&["no tensor"]);
}

#[test]
fn a_k_that_selects_nothing_or_too_much() {
    let place = Place::new();
    let scores = data("scores.npy");
    let k = |k| place.run(&["run", &scores, "-k", k]);
    k("0").refused(&["`k` is 0", "k starts at 1"]);
    k("-3").refused(&["-3", "whole number"]);
    k("1.5").refused(&["1.5", "whole number"]);
    k("3000000000").refused(&["3000000000", "2147483647"]);
    k("99999999999").refused(&["whole number"]);
    k("2147483647").refused(&["k = 2147483647", "8 rows", "3861 columns"]);
}

#[test]
fn labels_that_do_not_fit() {
    let place = Place::new();
    let (scores, three) = (data("scores.npy"), place.file("three.txt", "a\nb\nc\n"));
    let labels = place.run(&["run", &scores, "--labels", &three]);
    labels.refused(&["three.txt has 3 lines", "3861 columns"]);
    let labels = place.run(&["run", &scores, "--row-labels", &three]);
    labels.refused(&["three.txt has 3 lines", "8 rows"]);
    let nine = place.file("nine.txt", "a\n".repeat(9));
    let labels = place.run(&["run", &scores, "--row-labels", &nine]);
    labels.refused(&["nine.txt has more than 8 lines", "8 rows"]);
    // The last line may end or not, by either of the two ends, and may be as long as this.
    let long = "x".repeat(1 << 16);
    for end in ["", "\n", "\r\n"] {
        let eight = place.file(
            "eight.txt",
            format!("{}{end}", ["a\r\n", &long, "\n"].concat() + &"b\n".repeat(5) + "é"),
        );
        let text = place.run(&["run", &scores, "--row-labels", &eight, "--rows-show", "8"]).done();
        assert!(text.contains("row 0  a\n") && text.contains("row 7  é\n"), "{text}");
    }
    let longer = place.file("longer.txt", format!("a\n{long}x\n"));
    let labels = place.run(&["run", &scores, "--row-labels", &longer]);
    labels.refused(&["line 2 of", "longer.txt is longer than 65536 bytes"]);
    place.run(&["run", &scores, "--labels", "nowhere.txt"]).refused(&["nowhere.txt"]);
    let binary = place.file("binary.txt", [0xff, 0xfe, 0x00]);
    place.run(&["run", &scores, "--labels", &binary]).refused(&["binary.txt", "UTF-8"]);
}

/// Nothing is read beyond the line that is one too many.
#[cfg(unix)]
#[test]
fn labels_without_an_end() {
    let place = Place::new();
    let scores = data("scores.npy");
    for (labels, what) in [("--labels", "column"), ("--row-labels", "row")] {
        let zeros = place.run_within(1_000_000, &["run", &scores, labels, "/dev/zero"]);
        zeros.refused(&["line 1 of /dev/zero is longer than", what]);
        let plain = place.command(&["run", &scores, labels, "/dev/stdin"]);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -v 1000000 && yes | \"$@\"", "sh"]);
        crate::support::Ran::of(crate::support::wrapped(command, &plain)).refused(&[
            "more than",
            "lines",
            what,
        ]);
    }
}

#[test]
fn command_lines_that_make_no_sense() {
    let place = Place::new();
    let scores = data("scores.npy");
    place.run(&["run"]).refused(&["give a file", "--generate"]);
    place.run(&["run", &scores, "--generate", "2x2"]).refused(&["cannot be used with"]);
    place.run(&["run", &scores, "--dtype", "bf16"]).refused(&["f32", "--dtype bf16", "neither"]);
    place.run(&["run", &scores, "--view", "bf16"]).refused(&["--view bf16 takes 2 bytes", "of 4"]);
    place.run(&["run", &scores, "--view", "<f4"]).refused(&["it can be f32, bf16, f16"]);
    for unused in [&["--view", "bf16"][..], &["--tensor", "a"]] {
        place.run(&[&["run", "--generate", "2x2"], unused].concat()).refused(&["cannot be used"]);
        place.run(&[&["run"], unused].concat()).refused(&["<FILE>"]);
        place.run(&[&["recall"], unused].concat()).refused(&["<FILE>"]);
    }
    for engine in ["host", "interpret"] {
        let both = place.run(&["run", &scores, "--engine", engine, "--device", "0"]);
        both.refused(&["--device", &format!("--engine {engine}")]);
    }
    for engine in [&[][..], &["--engine", "gpu"], &["--engine", "host"], &["--device", "0"]] {
        let seeded = place.run(&[&["run", &scores, "--schedule-seed", "1"], engine].concat());
        seeded.refused(&["--schedule-seed", "add --engine interpret"]);
    }
    place.run(&["run", &scores, "--engine", "tpu"]).refused(&["tpu", "gpu, interpret, host"]);
    place.run(&["run", &scores, "--schedule-seed", "-1"]).refused(&["-1"]);
    place.run(&["run", &scores, "--select", "best"]).refused(&["best", "largest, smallest"]);
    for shape in ["0x5", "12", "axb", "2x2x2"] {
        place.run(&["run", "--generate", shape]).refused(&[shape, "32x131072"]);
    }
    let huge = place.run(&["run", "--generate", "9999999999x9999999999"]);
    huge.refused(&["more than memory"]);
    place.run(&["run", "--generate", "100000x100000"]).refused(&["16 GiB"]);
    place.run(&["run", &scores, "--vec-size", "3"]).refused(&["vec_size: 3", "1, 2, 4, 8 or 16"]);
    place.run(&["measure"]).refused(&["measure"]);
    place.run(&["compile"]).refused(&["--arch"]);
    place.run(&["compile", "--arch", "90"]).refused(&["`90`", "sm_90a"]);
}

#[test]
fn with_json_the_refusal_is_a_document_too() {
    let place = Place::new();
    for args in [&["run", "nowhere.npy", "--json"][..], &["run", "--json", "-k", "x"]] {
        let ran = place.run(args);
        assert_eq!(ran.code, 2);
        assert_eq!(ran.json()["error"]["exit_code"], 2);
        let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(ran.stderr, format!("error: {message}\n"));
    }
}
