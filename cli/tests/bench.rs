//! `topkit bench` without a GPU: its tables from an earlier run, and its refusals. The numbers in
//! `bench/` are made up.

use crate::support::{Place, Ran};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench").join(name);
    path.to_str().unwrap().to_owned()
}

fn render(place: &Place, more: &[&str]) -> Ran {
    let (run, table) = (fixture("run.json"), fixture("table.json"));
    place.run(&[&["bench", "--render", &run, "--against", &table], more].concat())
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
}

#[test]
fn the_summary_tells_ratios_faults_and_what_stands_out() {
    let ran = render(&Place::new(), &[]);
    // A cell of the run is wrong, so the check failed.
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    has(
        &ran.stdout,
        &[
            "Synthetic GPU, sm_90a",
            "serves CUDA 12.9 1.2.3; NVRTC 12.9",
            "28 measured, 1 WRONG, 0 not launched",
            "seed: 2 of 12 cells not in the table; 0 cells of the table not measured",
            "harsh: 1 of 1 cell not in the table",
            // 9 cells at 2.0 and one at 0.8; two more are not in the table.
            "seed    in place     12        10    1.825  0.800           1",
            "seed    warm         12        10    1.825  0.800           1",
            "under 1.10: 5 times, the worst first",
            "0.667  warm      wide bf16 256x131072 k=512 randn",
            "synthetic.fast (this run)",
            "at 8M scores and more, up to 1.88x the read-once floor (wide f32",
            "no distribution takes more than 1.50x the normal one (dist bf16",
            "warm: up to 2.20x the slowest of a mix's parts (ragged bf16 64x131072 k=512 randn one_long)",
            "24 in 13 cells, fewer in 2 of many scores, one in 13 without a seed or a time",
            "the worst takes up to 3.00x the median (seed bf16 1x8192 k=512 randn); 1 cell above 1.3x",
            "the worst of another distribution takes up to 1.50x the normal median (dist bf16",
            "topkit@old  wide  warm         2    0.995  0.900  1.100          1",
            "warm: at least 2.00x as fast as f32 from 128 x 128K scores on",
            "WRONG harsh bf16 32x131072 k=512 narrow: row 3: made up",
            "peer synthetic.wrong is wrong in wide bf16",
            "peer synthetic.refuses in wide bf16 256x131072 k=512 randn: status 3",
        ],
    );
}

#[test]
fn the_folder_has_the_document_the_tables_and_the_plots() {
    let place = Place::new();
    let out = place.path("made/here");
    let ran = render(&place, &["--out", out.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let mut names: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "bench.json",
            "bench.md",
            "ragged-bf16-k512.svg",
            "ratios-dist.svg",
            "ratios-seed.svg",
            "ratios-wide.svg",
            "time-bf16-k512.svg",
            "time-f16-k512.svg",
            "time-f32-k512.svg",
        ]
    );
    let page = fs::read_to_string(out.join("bench.md")).unwrap();
    has(
        &page,
        &[
            "### k = 512, bf16\n\n| rows | measure | 8K | 128K | 256000 |",
            "| 1 | warm | 2.12 (**0.80×**) | 3.12 (2.00×) | 4.12 (2.00×) |",
            "| 1 | in place | 2.62 (**0.80×**) | 3.62 (2.00×) |",
            "| 1 | worst seed | 6.38 (**3.00×**) | 3.28 (1.05×) |",
            "| 1 | read once | 1.00 / 1.50 |",
            "| seed | 12 | 24 | 3.00× | 1 |",
            "| seed bf16 1x8192 k=512 randn | 2.12 | 6.38 (3.00×) | 17 | 4 % of 24 |",
            "| topkit@old | wide | warm | 2 | 0.995× | 0.900× | 1.100× | 1 |",
            "the long row alone (1 × 128K): 5.00; the other rows (63 × 1K to 8K): 4.00 | 2.09× | 2.20× |",
            "| bf16 | 32 | 128K | 512 | narrow | **WRONG** | **WRONG** | **WRONG** |  | 3.00 / 5.00 |",
            "| bf16 | 64 | 1K to 128K | 512 | ",
            "dense rows of the mean length (64 × 65024): ",
            " | 1.10× | 1.10× | 1.20× |",
            "| 512 | 1 | 8K | 1.76× | 1.94× | ",
            "![ratios-seed](ratios-seed.svg)",
        ],
    );
    // A wrong cell has no time anywhere.
    let wrong = page.lines().find(|line| line.contains("narrow")).unwrap();
    assert!(!wrong.contains("0.00 "), "{wrong}");
    let plot = fs::read_to_string(out.join("time-bf16-k512.svg")).unwrap();
    has(
        &plot,
        &[
            "<svg",
            "</svg>",
            "topkit",
            "read once",
            "synthetic",
            "128K",
            "8 rows, in place",
            "Drawn by: ",
        ],
    );
    assert!(!plot.contains("synthetic."), "a variant has a line of its own");
    assert!(plot.contains("<polygon"), "no band from the median seed to the worst");
    let bars = fs::read_to_string(out.join("ragged-bf16-k512.svg")).unwrap();
    has(
        &bars,
        &["one_long to 128K", "11.00, 2.20× its slowest part", "the other rows", "Drawn by: "],
    );
    let map = fs::read_to_string(out.join("ratios-seed.svg")).unwrap();
    has(
        &map,
        &[
            "</svg>",
            "0.80",
            "bf16 k=512 rows=1",
            "256000",
            "in place",
            "warm",
            "cold",
            "Drawn by: ",
        ],
    );
}

#[test]
fn a_document_that_was_written_is_read_again_to_the_same() {
    let place = Place::new();
    let (one, two) = (place.path("one"), place.path("two"));
    render(&place, &["--out", one.to_str().unwrap()]);
    let written = one.join("bench.json").to_str().unwrap().to_owned();
    let table = fixture("table.json");
    let again = ["bench", "--render", &written, "--against", &table, "--out"];
    place.run(&[&again[..], &[two.to_str().unwrap()]].concat());
    for name in ["bench.json", "bench.md", "time-f32-k512.svg", "ratios-wide.svg"] {
        let read = |folder: &Path| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read(&one), read(&two), "{name}");
    }
}

#[test]
fn the_document_is_printed_with_the_comparison() {
    let ran = render(&Place::new(), &["--json", "--dtype", "bf16", "-k", "512", "--rows", "1"]);
    assert_eq!(ran.code, 0, "the wrong cell has 32 rows: {ran:?}");
    let json = ran.json();
    assert_eq!(json["cells"].as_array().unwrap().len(), 4);
    assert_eq!(json["cells"][0]["ours"]["warm"]["us"], 2.125);
    let ratio = &json["against"]["cells"][0]["warm"];
    assert_eq!(ratio["best"], "synthetic.a");
    let in_place = &json["against"]["cells"][0]["in_place"];
    assert_eq!(
        (in_place["best"].as_str(), in_place["best_us"].as_f64()),
        (Some("synthetic.b"), Some(2.1))
    );
    assert_eq!(json["cells"][0]["seeds"]["worst_seed"], 17);
    assert!((ratio["ratio"].as_f64().unwrap() - 0.8).abs() < 1e-9);
    assert_eq!(json["against"]["target"], 1.1);
    let least = &json["against"]["grids"][0]["least"];
    assert!((least.as_f64().unwrap() - 0.8).abs() < 1e-9);
}

#[test]
fn without_a_table_there_are_times_and_no_ratios() {
    let ran = Place::new().run(&["bench", "--render", &fixture("run.json"), "--columns", "8192"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    has(&ran.stdout, &["seed f32 1x8192 k=512 randn", "4.12", "1.00 1.50", "PDL"]);
    assert!(!ran.stdout.contains("geomean"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_drawn_or_compared_is_refused_in_a_line() {
    let place = Place::new();
    let run = fixture("run.json");
    let future = place.file("future.json", r#"{"format": 99}"#);
    let other = place.file("other.json", r#"{"format": 1, "cells": [{"dtype": "f32"}]}"#);
    let text = place.file("text.json", "not JSON");
    place.run(&["bench", "--render", &future]).refused(&["format 99", "format 1"]);
    place.run(&["bench", "--render", &other]).refused(&["other.json", "topkit bench"]);
    place.run(&["bench", "--render", &text]).refused(&["text.json", "topkit bench"]);
    place.run(&["bench", "--render", "missing.json"]).refused(&["cannot read missing.json"]);
    let against = ["bench", "--render", &run, "--against"];
    place.run(&[&against[..], &[&text]].concat()).refused(&["no table of times"]);
    place.run(&[&against[..], &[&run]].concat()).refused(&["run.json is no table of times"]);
    place.run(&["bench", "--render", &run, "--grid", "seed"]).refused(&["--render", "--grid"]);
    place
        .run(&["bench", "--grid", "odd"])
        .refused(&["odd", "seed, wide, dist, harsh, ragged, small, level, spread"]);
    place.run(&["bench", "--cell", "f128,1,8,1"]).refused(&["bf16,32,131072,512"]);
    place.run(&["bench", "--render", &run, "--seeds", "2"]).refused(&["--render", "--seeds"]);
    place.run(&["bench", "--seeds", "0"]).refused(&["--seeds", "1..=1000"]);
    place.run(&["bench", "--grid", "seed", "--dist", "asc"]).refused(&["no cell is left"]);
    place.run(&["bench", "--target", "0"]).refused(&["above 0"]);
    place.run(&["bench", "--grid", "seed", "--rows", "3"]).refused(&["no cell is left"]);
}

#[test]
fn without_a_gpu_it_says_what_it_needs() {
    let place = Place::new();
    let ran = place.run(&["bench", "--cell", "f32,1,1024,8"]);
    // Where there is a GPU, the NVRTC that it needs is still missing.
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    has(&ran.stderr, &["error: a bench needs an NVIDIA GPU, its driver and NVRTC", "doctor"]);
    let json = place.run(&["bench", "--json"]).json();
    assert_eq!(json["error"]["exit_code"], Value::from(3));
}

fn library(place: &Place, name: &str, functions: &str) -> String {
    crate::support::library(place, &format!("{name}.so"), functions, &[])
}

#[test]
fn a_peer_that_is_missing_or_lacks_a_function_is_told_before_anything_is_measured() {
    let place = Place::new();
    let refused = |library: &str, words: &[&str]| {
        let ran = place.run(&["bench", "--peer", library]);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        has(&ran.stderr, &[&[library], words].concat());
    };
    refused("no/such/library.so", &["cannot be loaded"]);
    refused(&place.file("text.so", "no library"), &["cannot be loaded"]);
    let name = "const char* peer_name(int) { return \"made.up\"; }";
    let rest = "int peer_supports() { return 0; } int peer_workspace() { return 0; } \
                int peer_stride() { return 0; } int peer_run() { return 0; }";
    let count = |number: i32| format!("int peer_count() {{ return {number}; }}");
    let nameless = format!("{} {rest}", count(1));
    refused(&library(&place, "nameless", &nameless), &["has no function peer_name", "peer_run"]);
    let empty = format!("{} {name} {rest}", count(0));
    refused(&library(&place, "empty", &empty), &["it has 0 variants"]);
    // A whole one is loaded, and then it is the GPU or NVRTC that is missing here.
    // The message has the loader's own words.
    let lost = library(&place, "lost", "int lost() { return 0; }");
    let needs = ["-Wl,--no-as-needed", &lost];
    let needy = crate::support::library(&place, "needy.so", "int needy() { return 0; }", &needs);
    std::fs::remove_file(&lost).unwrap();
    refused(&needy, &["cannot be loaded", "lost.so: cannot open shared object file"]);
    let whole = format!("{} {name} {rest}", count(1));
    let ran = place.run(&["bench", "--peer", &library(&place, "whole", &whole)]);
    assert_eq!(ran.code, 3, "{ran:?}");
    has(&ran.stderr, &["a bench needs an NVIDIA GPU"]);
}
