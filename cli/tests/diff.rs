//! `topkit diff` without NVRTC: the CUDA C, and the exit codes of diff(1).

use crate::support::Place;

#[test]
fn the_same_kernel_is_the_same() {
    let place = Place::new();
    let symbol = "topkit_block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense";
    let ran = place.run(&["diff", "dtype=f32", symbol]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(
        ran.stdout.starts_with("the texts are the same\nresources: not known: libnvrtc"),
        "{ran:?}"
    );
    let json = place.run(&["diff", "--json", "dtype=f32", symbol]).json();
    assert_eq!(
        (&json["same"], &json["diff"], &json["form"]),
        (&true.into(), &"".into(), &"cu".into())
    );
}

#[test]
fn what_differs_is_a_unified_diff() {
    let place = Place::new();
    let ran = place.run(&["diff", "bins=256", "bins=512"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    for line in [
        "--- topkit_block_radix_bf16_v8_b256_t512_largest_nan_highest_i32_dense.cu",
        "+++ topkit_block_radix_bf16_v8_b512_t512_largest_nan_highest_i32_dense.cu",
        "@@ -1,10 +1,10 @@",
        "-//   bins = 256",
        "+//   bins = 512",
        "-    static constexpr u32 BINS = 256;",
        "+    static constexpr u32 BINS = 512;",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "no {line:?} in\n{}", ran.stdout);
    }
    let json = place.run(&["diff", "--json", "bins=256", "bins=512"]).json();
    let diff = json["diff"].as_str().unwrap();
    assert!(!diff.is_empty() && ran.stdout.starts_with(diff), "{diff}");
    assert_eq!(json["same"], false);
    assert_eq!(
        (&json["a"]["variant"]["bins"], &json["b"]["variant"]["bins"]),
        (&256.into(), &512.into())
    );
    assert_eq!(json["a"]["resources"], serde_json::Value::Null);
    assert!(json["not_compiled"].as_str().unwrap().contains("libnvrtc"), "{json}");
}

#[test]
fn whatever_cannot_be_compared_is_trouble() {
    let place = Place::new();
    place.run(&["diff", "bins=256", "bins=100"]).refused(&["bins: 100"]);
    place.run(&["diff", "bins=256"]).refused(&["SPEC-B"]);
    place.run(&["diff", "bins=256", "topkit_other"]).refused(&["topkit_other", "symbol"]);
    for args in [&["--ptx"][..], &["--sass"], &["--arch", "sm_90a"]] {
        let ran = place.run(&[&["diff", "bins=256", "bins=512"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains("libnvrtc was not found"), "{ran:?}");
    }
}
