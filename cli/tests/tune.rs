//! `topkit tune` without a GPU: reading records, shipping tables, and refusals.
use crate::support::Place;
use std::fs;
use std::path::Path;
use topkit::tune::{
    Effort, Outcome, Provenance, Reading, Recorder, Row, Sample, VariantLaunch, source_digest,
    space_hash,
};
use topkit::{DType, Problem};

fn here(device: &str) -> Provenance {
    Provenance {
        device: device.into(),
        arch: "sm_90a".into(),
        multiprocessors: 132,
        driver: "13.0".into(),
        compiler: "nvrtc 13.0".into(),
        space: space_hash(),
    }
}

fn row(columns: usize, name: &str, us: f64) -> Row {
    let launch = VariantLaunch::from_name(DType::F32, name).unwrap();
    let outcome = Outcome::Timed { warm: us, cold: us, effort: Effort::Full };
    let problem = Problem::new(DType::F32, 8, columns, 64);
    Row { problem, program: None, launch, source: source_digest(&launch.variant), outcome }
}

const BLOCK: &str = "block_filter v4_b2048_t512_r32";
const FOUR: &str = "cluster_filter v4_b2048_t512_r16_c4_pdl";

fn rows() -> Vec<Row> {
    let wrong = Row { outcome: Outcome::Wrong("row 3".into()), ..row(65536, BLOCK, 1.0) };
    vec![row(32768, FOUR, 4.0), row(32768, BLOCK, 5.0), row(65536, FOUR, 6.25), wrong]
}

fn write(path: &Path, device: &str, rows: &[Row]) {
    let mut recorder = Recorder::open(path, &here(device)).unwrap();
    rows.iter().for_each(|row| recorder.add(row).unwrap());
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

#[test]
fn the_report_tells_winners_and_ship_makes_a_table_of_them() {
    let place = Place::new();
    let (records, table) = (place.path("r.jsonl"), place.path("t.jsonl"));
    write(&records, "Sample", &rows());
    let (records, shipped) = (records.to_str().unwrap(), table.to_str().unwrap());
    let text = place.run(&["tune", "--from", records, "--report", "--ship", shipped]).done();
    has(
        &text,
        &[
            "f32    64     8    32768          cluster_filter v4_b2048_t512_r16_c4_pdl",
            "1.25x block_filter v4_b2048_t512_r32",
            "wrong answer: block_filter v4_b2048_t512_r32 at top 64 of 8 x 65536 f32: row 3",
            "4 rows about 2 problems",
            "the table that ships is in",
        ],
    );
    let table = fs::read_to_string(&table).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    has(lines[0], &[r#""device":"Sample""#, r#""multiprocessors":132"#]);
    let best = format!(r#"{{"at":["f32",8,32768,64],"us":[["{FOUR}",4.0],["{BLOCK}",5.0]]}}"#);
    assert_eq!(lines[1], best);
    assert_eq!(lines[2], format!(r#"{{"at":["f32",8,65536,64],"us":[["{FOUR}",6.25]]}}"#));

    // The same rows in another order give the same bytes.
    let (turned, again) = (place.path("u.jsonl"), place.path("v.jsonl"));
    let mut rows = rows();
    rows.reverse();
    write(&turned, "Sample", &rows);
    let turned = turned.to_str().unwrap();
    place.run(&["tune", "--from", turned, "--ship", again.to_str().unwrap()]).done();
    assert_eq!(fs::read_to_string(&again).unwrap(), table);
}

#[test]
fn the_page_has_its_pictures_in_it() {
    let place = Place::new();
    let records = place.path("r.jsonl");
    let ragged = |row: Row| {
        let mut row = row;
        row.problem.ragged = true;
        row
    };
    let mut all = rows();
    all.push(ragged(row(32768, FOUR, 7.0)));
    write(&records, "A <b>GPU</b>", &all);
    let mut recorder = Recorder::open(&records, &here("A <b>GPU</b>")).unwrap();
    let mut every_k = row(32768, FOUR, 1.0).problem;
    every_k.k = 0;
    let sample = Sample { warm: 2.0, cold: 3.2 };
    recorder.add_reading(&Reading { problem: every_k, sample }).unwrap();
    let (records, page) = (records.to_str().unwrap(), place.path("t.html"));
    let text = place.run(&["tune", "--from", records, "--report", page.to_str().unwrap()]).done();
    has(&text, &["2.00 1.25", "ragged", "the page is in"]);
    let html = fs::read_to_string(&page).unwrap();
    has(
        &html,
        &[
            "A &lt;b&gt;GPU&lt;/b&gt;, sm_90a, 132 multiprocessors",
            "<h2>f32, k = 64</h2>",
            "<h2>f32, k = 64, rows ragged</h2>",
            "4.00 / 4.00 us",
            "v4_b2048_t512_r16_c4_pdl",
            "warm 2.00",
            "cold 1.25",
            "not measured",
        ],
    );
    assert_eq!(html.matches("<svg").count(), 2);
    for loaded in ["http", "src=", "<script", "<b>"] {
        let own = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(loaded), "{loaded} in the page");
    }
}

#[test]
fn the_document_has_the_winners() {
    let place = Place::new();
    let records = place.path("r.jsonl");
    write(&records, "Sample", &rows());
    let json = place.run(&["tune", "--from", records.to_str().unwrap(), "--json"]).json();
    assert_eq!(json["rows"], 4);
    let first = &json["winners"][0];
    assert_eq!((first["variant"].as_str(), first["columns"].as_u64()), (Some(FOUR), Some(32768)));
    assert_eq!((first["warm"].as_f64(), first["tried"].as_u64()), (Some(4.0), Some(2)));
    assert_eq!(first["next"]["variant"], BLOCK);
}

#[test]
fn stale_rows_are_named_and_records_of_two_places_do_not_ship() {
    let place = Place::new();
    let records = place.path("r.jsonl");
    let stale = Row { source: "0123456789abcdef".into(), ..row(32768, BLOCK, 1.0) };
    write(&records, "Sample", &[row(32768, FOUR, 4.0), stale]);
    let path = records.to_str().unwrap();
    let text = place.run(&["tune", "--from", path]).done();
    has(
        &text,
        &["left out: block_filter f32", "was another kernel then", "1 row about 1 problem "],
    );
    write(&records, "Other", &[row(32768, FOUR, 4.0)]);
    let table = place.path("t.jsonl");
    let ship = ["tune", "--from", path, "--ship", table.to_str().unwrap()];
    place.run(&ship).refused(&["of several places", "GPU"]);
    assert!(!table.exists());
    let empty = place.file("empty.jsonl", "");
    let ship = ["tune", "--from", &empty, "--ship", table.to_str().unwrap()];
    place.run(&ship).refused(&["empty.jsonl gives no table", "nothing"]);
}

#[test]
fn what_cannot_be_meant_is_refused_in_a_line() {
    let place = Place::new();
    place.run(&["tune", "--from", "missing.jsonl"]).refused(&["there is no file missing.jsonl"]);
    place.run(&["tune", "--grid", "none"]).refused(&["none", "seed, wide, odd, all"]);
    place.run(&["tune", "--cell", "f128,1,8,1"]).refused(&["bf16,32,131072,512"]);
    place.run(&["tune", "--cell", "f32,64,8192,512,asc"]).refused(&["scores of its own"]);
    place.run(&["tune", "--cell", "f32,64,8192,512,one_long"]).refused(&["lengths of its own"]);
    place.run(&["tune", "--check", "--ship", "t.jsonl"]).refused(&["--check", "--ship"]);
    place.run(&["tune", "--from", "r.jsonl", "--check"]).refused(&["--from", "--check"]);
    place.run(&["tune", "--from", "r.jsonl", "--grid", "all"]).refused(&["--from", "--grid"]);
}

#[test]
fn without_a_gpu_it_says_what_it_needs() {
    let place = Place::new();
    let ran = place.run(&["tune", "--cell", "f32,1,8192,64"]);
    // Where there is a GPU, the NVRTC that it needs is still missing.
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    has(&ran.stderr, &["error: topkit tune needs an NVIDIA GPU, its driver and NVRTC", "--from"]);
}

#[test]
fn edited_kernels_are_not_measured_as_if_they_were_generated() {
    let place = Place::new();
    let mut command = place.command(&["tune"]);
    command.env("TOPKIT_OVERRIDE", place.path("edited"));
    crate::support::Ran::of(command).refused(&["TOPKIT_OVERRIDE", "unset"]);
}
