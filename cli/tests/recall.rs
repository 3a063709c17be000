//! `topkit recall` without a GPU: the loss by rounding, for files and for generated logits.

use crate::support::{Place, data, f32s, npy};
use serde_json::{Value, json};

/// Logits that are made in a moment.
const SMALL: [&str; 10] =
    ["recall", "--rows", "3", "--columns", "600", "--heads", "4", "--dim", "16", "--json"];

fn small(more: &[&str]) -> Value {
    let ran = Place::new().run(&[&SMALL[..], more].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

#[test]
fn a_file_gives_what_a_hand_computes() {
    let place = Place::new();
    // Three scores that are one bf16 and three f16, and rows without any loss.
    let rows = [[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 1.001, 1.002, 0.5, 0.25]].concat();
    let file = place.file("a.npy", npy("'<f4'", false, "(2, 5)", &f32s(&rows)));
    let answer = place.run(&["recall", &file, "-k", "1,2", "--engine", "host", "--json"]).json();
    let shares = |mean, worst, row| json!({ "mean": mean, "worst": worst, "worst_row": row });
    let line = |dtype, k, shares: Value, tied| json!({ "dtype": dtype, "k": k, "recall": shares, "by_score": shares, "tied": tied });
    let due = json!([
        line("bf16", 1, shares(0.5, 0.0, 1), 2.0),
        line("bf16", 2, shares(0.75, 0.5, 1), 2.0),
        line("f16", 1, shares(1.0, 1.0, 0), 1.0),
        line("f16", 2, shares(1.0, 1.0, 0), 1.0),
    ]);
    assert_eq!(answer["recall"], due);
    assert_eq!(answer["ran_on"]["place"], "host");

    let text = place.run(&["recall", &file, "-k", "2"]).done();
    assert!(text.contains("2 x 5 f32\n"), "{text}");
    let line = text.lines().find(|line| line.starts_with("bf16")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words, ["bf16", "2", "2.0", "75.00", "%", "50.00", "%", "(1)"]);
    assert!(!text.contains("by score"), "{text}");
}

#[test]
fn equal_f32_scores_are_told_apart_from_equal_roundings() {
    let place = Place::new();
    // The best is column 2, and columns 0 and 1 tie behind it. In bf16 all three are equal, and the
    // lowest two win: column 1 is as good as column 0, but column 2 is lost to it.
    let file = place.file("a.npy", npy("'<f4'", false, "(4,)", &f32s(&[2.0, 2.0, 2.001, 0.5])));
    let ask = ["recall", &file, "-k", "2", "--engine", "host"];
    let text = place.run(&ask).done();
    let line = text.lines().find(|line| line.starts_with("bf16")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    let (half, whole) =
        (["50.00", "%", "50.00", "%", "(0)"], ["100.00", "%", "100.00", "%", "(0)"]);
    assert_eq!(words, [&["bf16", "2", "3.0"][..], &half[..], &whole[..]].concat());
    assert!(text.contains("by score"), "{text}");
}

#[test]
fn scores_that_are_all_equal_lose_nothing() {
    let place = Place::new();
    let file = place.file("a.npy", npy("'<f4'", false, "(2, 50)", &f32s(&[0.3; 100])));
    let answer = place.run(&["recall", &file, "-k", "20", "--json"]).json();
    for line in answer["recall"].as_array().unwrap() {
        assert_eq!((&line["by_score"]["worst"], &line["tied"]), (&json!(1.0), &json!(50.0)));
    }
}

#[test]
fn an_indexer_is_its_seed() {
    let with = |seed| small(&["-k", "64", "--seed", seed]);
    assert_eq!(with("1")["recall"], small(&["-k", "64", "--seed", "1"])["recall"]);
    assert_ne!(with("1")["recall"], with("2")["recall"]);
    assert_eq!(
        with("7")["scores"]["source"],
        small(&["-k", "9", "--seed", "7"])["scores"]["source"]
    );
}

#[test]
fn f16_keeps_more_than_bf16_and_both_keep_most() {
    let answer = small(&["-k", "32,128"]);
    let mean = |line: usize| answer["recall"][line]["recall"]["mean"].as_f64().unwrap();
    for k in [0, 1] {
        let (bf16, f16) = (mean(k), mean(k + 2));
        assert!((0.9..=f16).contains(&bf16) && f16 <= 1.0, "{answer}");
    }
    assert!(answer["recall"][1]["tied"].as_f64().unwrap() >= 1.0);
}

#[test]
fn the_interpreter_agrees_but_for_ties() {
    let file = data("scores.npy");
    let place = Place::new();
    let ask = |engine| place.run(&["recall", &file, "-k", "16", "--engine", engine, "--json"]);
    let (kernel, host) = (ask("interpret"), ask("host"));
    assert_eq!((kernel.code, host.code), (0, 0), "{kernel:?}");
    let (kernel, host) = (kernel.json(), host.json());
    assert_eq!(kernel["ran_on"]["place"], "interpreter");
    for line in 0..2 {
        assert_eq!(kernel["recall"][line]["tied"], host["recall"][line]["tied"]);
        let mean = |answer: &Value| answer["recall"][line]["by_score"]["mean"].as_f64().unwrap();
        assert!((mean(&kernel) - mean(&host)).abs() < 0.2, "{kernel} {host}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    let (npy_file, tensors) = (data("scores.npy"), data("scores.safetensors"));
    place.run(&["recall", "nowhere.npy"]).refused(&["nowhere.npy", "No such file"]);
    let bf16 = place.run(&["recall", &tensors, "--tensor", "scores"]);
    bf16.refused(&["tensor scores holds bf16", "f32 scores"]);
    place.run(&["recall", "--tensor", "scores"]).refused(&["<FILE>"]);
    place.run(&["recall", &npy_file, "-k", "3861"]).refused(&["k = 3861 of 3861 columns"]);
    place
        .run(&["recall", "--columns", "2048"])
        .refused(&["k = 2048 of 2048 columns", "smaller -k"]);
    for k in ["0", "-1", "x", "1.5"] {
        place.run(&["recall", "-k", k]).refused(&[k]);
    }
    for option in ["--rows", "--columns", "--heads", "--dim"] {
        place.run(&["recall", option, "0"]).refused(&[option]);
        place.run(&["recall", &npy_file, option, "8"]).refused(&["cannot be used with"]);
    }
    let huge = place.run(&["recall", "--rows", "99999999", "--columns", "99999999"]);
    huge.refused(&["99999999 x 99999999 logits take more than 16 GiB"]);
    let both = place.run(&["recall", "--engine", "host", "--device", "0"]);
    both.refused(&["--device is for the GPU"]);
}
