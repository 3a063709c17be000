//! `topkit emit`: sources without a GPU and without NVRTC.

use crate::support::{Place, Ran};
use std::io::Read;
use std::process::Stdio;

#[test]
fn the_source_is_that_of_the_library() {
    let text = Place::new().run(&["emit"]).done();
    let spec = topkit::SelectorSpec::builder("Default").dtype([topkit::DType::Bf16]).vec_size([8]);
    let spec = spec.bins([2048]).threads([512]).build().unwrap();
    assert_eq!(text, topkit::inspect::render(&spec, &spec.variants()[0]).unwrap().text);
}

#[test]
fn every_key_reaches_the_source() {
    let place = Place::new();
    for (flag, value, symbol) in [
        ("--dtype", "f32", "_f32_v4_b2048_t512_largest_nan_highest_i32_dense"),
        ("--vec-size", "2", "_bf16_v2_b2048_t512_largest_nan_highest_i32_dense"),
        ("--bins", "256", "_bf16_v8_b256_t512_largest_nan_highest_i32_dense"),
        ("--threads", "1024", "_bf16_v8_b2048_t1024_largest_nan_highest_i32_dense"),
        ("--select", "smallest", "_bf16_v8_b2048_t512_smallest_nan_highest_i32_dense"),
        ("--nan", "lowest", "_bf16_v8_b2048_t512_largest_nan_lowest_i32_dense"),
        ("--index", "i64", "_bf16_v8_b2048_t512_largest_nan_highest_i64_dense"),
        ("--rows", "ragged", "_bf16_v8_b2048_t512_largest_nan_highest_i32_ragged"),
    ] {
        let json = place.run(&["emit", "--json", flag, value]).json();
        assert_eq!(json["entry"], format!("topkit_block_radix{symbol}"));
        assert_eq!(json["variant"]["symbol"], json["entry"]);
        assert!(json["source"].as_str().unwrap().contains(json["entry"].as_str().unwrap()));
    }
}

/// Keys of which a symbol tells no default.
#[test]
fn keys_of_ids_outputs_and_masks_reach_the_source() {
    let place = Place::new();
    let plain = "topkit_block_radix_bf16_v8_b2048_t512_largest_nan_highest";
    for (flags, end) in [
        (&["--ties", "highest_index"][..], "_ties_highest_index_i32_dense"),
        (&["--order", "by_value"], "_order_by_value_i32_dense"),
        (&["--ids", "given"], "_i32_ids_given_dense"),
        (&["--ids", "affine"], "_i32_ids_affine_dense"),
        (&["--ids", "pages", "--raw-columns"], "_i32_ids_pages_raw_columns_true_dense"),
        (&["--values"], "_i32_values_true_dense"),
        (&["--count"], "_i32_count_true_dense"),
        (&["--fill", "given"], "_i32_fill_given_dense"),
        (&["--mask", "bits"], "_i32_dense_mask_bits"),
        (&["--mask", "bytes"], "_i32_dense_mask_bytes"),
        (&["--k-per-row"], "_i32_dense_k_per_row_true"),
        (
            &["--ties", "lowest_index", "--order", "by_index", "--batch-invariant"],
            "_ties_lowest_index_order_by_index_i32_dense_batch_invariant_true",
        ),
    ] {
        let json = place.run(&[&["emit", "--json"], flags].concat()).json();
        let entry = json["entry"].as_str().unwrap();
        assert_eq!(entry, format!("{plain}{end}"));
        assert!(json["source"].as_str().unwrap().contains(entry));
        // The symbol names the kernel to other commands.
        assert_eq!(place.run(&["diff", entry, entry]).code, 0, "{entry}");
    }
    place.run(&["emit", "--raw-columns"]).refused(&["contradicts `ids: columns`"]);
    place.run(&["emit", "--batch-invariant"]).refused(&["`ties: any`", "`order: unsorted`"]);
    place.run(&["emit", "--mask", "words"]).refused(&["words", "none, bits, bytes"]);
    place.run(&["emit", "--mask", "bits", "--dtype", "i32"]).refused(&["not for i32"]);
}

#[test]
fn a_resident_kernel_is_named_by_its_items() {
    let place = Place::new();
    let json = place.run(&["emit", "--kernel", "block_resident", "--items", "16", "--json"]).json();
    assert_eq!(json["variant"]["kernel"], "block_resident");
    assert_eq!(json["variant"]["items"], 16);
    place
        .run(&["emit", "--kernel", "block_resident"])
        .refused(&["4 kernels", "of items (8, 16, 32, 64)"]);
    let none = ["emit", "--kernel", "block_resident", "--threads", "1024", "--items", "64"];
    place.run(&none).refused(&["no kernel has these keys", "32768"]);
    place.run(&["emit", "--kernel", "quick"]).refused(&["quick", "block_radix"]);
}

#[test]
fn a_kernel_of_clusters_is_named_by_its_cluster() {
    let place = Place::new();
    for dtype in ["f32", "bf16"] {
        let keys = ["--kernel", "cluster_filter", "--items", "16", "--cluster", "8"];
        let json = place.run(&[&["emit", "--json", "--dtype", dtype], &keys[..]].concat()).json();
        let variant = &json["variant"];
        assert_eq!(
            (&variant["kernel"], &variant["cluster"]),
            (&"cluster_filter".into(), &8.into())
        );
        assert!(json["entry"].as_str().unwrap().contains("_r16_c8_"), "{json}");
    }
    let several = place.run(&["emit", "--kernel", "cluster_filter"]);
    several.refused(&["one value of items (", "), of cluster (2, 3,"]);
    let clustered = place.run(&["emit", "--cluster", "16"]);
    clustered.refused(&["no kernel has these keys", "block_radix takes --cluster 1;"]);
    assert_eq!(place.run(&["emit", "--cluster", "1", "--json"]).json()["variant"]["cluster"], 1);
}

#[test]
fn a_file_holds_what_stdout_would() {
    let place = Place::new();
    let file = place.path("kernel.cu");
    let args = ["emit", "--dtype", "f16", "-o", file.to_str().unwrap()];
    let told = place.run(&args).done();
    assert!(told.contains("kernel.cu") && told.contains("f16"), "{told}");
    let text = place.run(&["emit", "--dtype", "f16"]).done();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let json = place.run(&[&args[..], &["--json"]].concat()).json();
    assert_eq!(json["file"], file.to_str().unwrap());
}

/// The output and the log of `emit --json` with edited sources in a folder.
fn emit_with(place: &Place, args: &[&str]) -> Ran {
    let mut command = place.command(&[&["emit", "--json"], args].concat());
    command.env("TOPKIT_OVERRIDE", place.path("edited"));
    Ran::of(command)
}

#[test]
fn an_edited_source_is_shown_for_its_architecture_and_told() {
    let place = Place::new();
    let generated = place.run(&["emit", "--json"]).json();
    assert_eq!(generated["edited"], false);
    let (entry, text) =
        (generated["entry"].as_str().unwrap(), generated["source"].as_str().unwrap());
    let folder = place.path("edited").join(format!("{entry}-sm_90a"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("kernel.cu");
    let edited = format!("{text}// edited\n");
    std::fs::write(&file, &edited).unwrap();

    let ran = emit_with(&place, &["--arch", "sm_90a"]);
    let shown = ran.json();
    assert_eq!((&shown["source"], &shown["edited"]), (&edited.as_str().into(), &true.into()));
    assert_ne!(shown["sha256"], generated["sha256"]);
    assert!(ran.stderr.contains("WARN") && ran.stderr.contains("kernel.cu"), "{ran:?}");

    let ran = emit_with(&place, &["--arch", "sm_80"]);
    assert_eq!((ran.json(), ran.stderr.as_str()), (generated.clone(), ""));
    let ran = emit_with(&place, &[]);
    assert_eq!(ran.json(), generated);
    assert!(ran.stderr.contains("TOPKIT_OVERRIDE") && ran.stderr.contains("--arch"), "{ran:?}");

    std::fs::write(&file, "int x;").unwrap();
    let ran = emit_with(&place, &["--arch", "sm_90a"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("kernel.cu") && ran.stderr.contains("extern"), "{ran:?}");
}

#[test]
fn machine_code_needs_what_makes_it() {
    let place = Place::new();
    for form in ["--ptx", "--sass"] {
        let ran = place.run(&["emit", form]);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        assert!(ran.stderr.contains("libnvrtc was not found"), "{ran:?}");
    }
    place.run(&["emit", "--ptx", "--sass"]).refused(&["--ptx", "--sass"]);
    place.run(&["emit", "--sass", "--arch", "9000"]).refused(&["--arch"]);
}

#[test]
fn what_cannot_be_rendered_is_bad_input() {
    let place = Place::new();
    let faults = place.run(&["emit", "--vec-size", "3", "--bins", "100"]);
    faults.refused(&["vec_size: 3", "bins: 100"]);
    place.run(&["emit", "--vec-size", "4,8"]).refused(&["2 kernels", "of vec_size (4, 8)"]);
    place.run(&["emit", "--dtype", "f128"]).refused(&["f128", "f32, bf16, f16"]);
    place.run(&["emit", "--threads", "many"]).refused(&["many"]);
    place.run(&["emit", "--bins", "4294967295"]).refused(&["bins: 4294967295"]);
    place.run(&["emit", "--bins", ""]).refused(&["--bins"]);
}

#[test]
fn a_file_that_cannot_be_written_is_the_machines_fault() {
    let place = Place::new();
    let file = place.path("no/such/folder/kernel.cu");
    let ran = place.run(&["emit", "-o", file.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("cannot write") && ran.stderr.lines().count() == 1, "{ran:?}");
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let mut command = Place::new().command(&["emit"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}
