//! Every fault is found, at its token, with its hint.

use super::{declared, faults};
use expect_test::{Expect, expect};

fn check(entries: &str, expected: Expect) {
    expected.assert_eq(&faults(entries));
}

#[test]
fn sound_declarations_have_no_fault() {
    for entries in [
        "dtype: f32",
        "dtype: [f32, bf16, f16,],",
        "dtype: f16, k: 1..=2048",
        "dtype: f16, k: [512, 1_024, 0x800]",
        "dtype: f16, tuning { vec_size: [1, 2, 4, 8], bins: 256, threads: 128 }",
        "tuning { bins: 256 } dtype: f16",
        "dtype: f16, tuning {}, rows: ragged",
        "dtype: f16, select: smallest, nan: lowest, ties: any, order: unsorted",
        "dtype: f16, index: i64, values: false, rows: ragged",
        "r#dtype: f32",
    ] {
        assert_eq!(faults(entries), "", "{entries}");
    }
}

#[test]
fn unknown_keys_name_the_nearest() {
    check(
        "dtype: f32, vecsize: 4, tie: any, quality: 7, tuning { thread: 128, BINS: 256, tie: any, quality: 7 }",
        expect![[r#"
            2:12 vecsize: there is no key `vecsize` (hint: did you mean `vec_size`? It belongs in `tuning { .. }`)
            2:24 tie: there is no key `tie` (hint: did you mean `ties`?)
            2:34 quality: there is no key `quality` (hint: the keys are `dtype`, `k`, `select`, `nan`, `ties`, `order`, `index`, `ids`, `raw_columns`, `values`, `count`, `fill`, `rows`, `mask`, `k_per_row`, `batch_invariant`, and `tuning { .. }`)
            2:55 thread: there is no key `thread` (hint: did you mean `threads`?)
            2:68 BINS: there is no key `BINS` (hint: did you mean `bins`?)
            2:79 tie: there is no key `tie` (hint: did you mean `ties`? It belongs outside of `tuning { .. }`)
            2:89 quality: there is no key `quality` (hint: the tuning axes are `vec_size`, `bins` and `threads`)
        "#]],
    );
}

#[test]
fn a_misspelt_dtype_is_not_also_missing() {
    check(
        "dtypes: f32",
        expect![[r#"
        2:0 dtypes: there is no key `dtypes` (hint: did you mean `dtype`?)
    "#]],
    );
}

#[test]
fn keys_are_given_once_and_dtype_always() {
    check(
        "k: 1,\nk: 2",
        expect![[r#"
            1:11 Top: `Top` has no `dtype`, the one key without a default (hint: add for example `dtype: [f32, bf16, f16]`)
            3:0 k: `k` is given twice (hint: keep one of them)
        "#]],
    );
}

#[test]
fn unknown_choices_name_the_nearest() {
    check(
        "dtype: [float32, bfloat16, fp16, int8],\nties: lowest, values: yes, rows: 4, nan: \"highest\"",
        expect![[r#"
            2:8 float32: `dtype` has no value `float32` (hint: `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:17 bfloat16: `dtype` has no value `bfloat16` (hint: `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:27 fp16: `dtype` has no value `fp16` (hint: did you mean `f16`? `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:33 int8: `dtype` has no value `int8` (hint: `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            3:6 lowest: `ties` has no value `lowest` (hint: did you mean `lowest_index`? `ties` takes `any`, `lowest_index` or `highest_index`)
            3:22 yes: `values` has no value `yes` (hint: `values` takes `false` or `true`)
            3:33 4: this is not a value of `rows` (hint: `rows` takes the bare word `dense`, `ragged` or `shards`)
            3:41 "highest": this is not a value of `nan` (hint: `nan` takes the bare word `highest` or `lowest`)
        "#]],
    );
}

#[test]
fn values_of_the_wrong_shape() {
    check(
        "dtype: \"bf16\", k: 1.5, tuning { vec_size: 1..=8, bins: [-256, many, [512]] },\nselect: [largest], ties: any..=any",
        expect![[r#"
            2:7 "bf16": this is not a value of `dtype` (hint: `dtype` takes the bare word `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:18 1.5: `k` takes plain positive integers (hint: write for example `k: 512`, `k: [512, 1024]` or `k: 1..=2048`)
            2:42 1 ..= 8: `vec_size` takes no range (hint: name each value: `vec_size: 8` or `vec_size: [4, 8]`)
            2:56 - 256: `bins` takes plain positive integers (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            2:62 many: `bins` takes plain positive integers (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            2:68 [512]: `bins` takes plain positive integers (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            3:8 [largest]: `select` takes one value: it is the same for every variant of the selector (hint: write `largest` or `smallest`)
            3:25 any ..= any: `ties` takes one value: it is the same for every variant of the selector (hint: write `any`, `lowest_index` or `highest_index`)
        "#]],
    );
}

#[test]
fn integers_are_plain() {
    check(
        "dtype: f32, tuning { threads: 512u32, bins: 2 * 1024, vec_size: 4294967296 }, k: 5000000000",
        expect![[r#"
            2:30 512u32: `threads` takes integers without a suffix (hint: write `512`)
            2:44 2 * 1024: `bins` takes plain positive integers (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            2:64 4294967296: this integer is too large for `vec_size` (hint: write for example `vec_size: 8` or `vec_size: [4, 8]`)
            2:81 5000000000: this integer is too large for `k` (hint: a row has at most 2147483647 columns)
        "#]],
    );
}

#[test]
fn ranges_of_k_have_both_ends_and_include_them() {
    check(
        "dtype: f32, k: 1..2048",
        expect![[r#"
            2:15 1 .. 2048: `1..2048` leaves out 2048; a range of `k` includes both of its ends (hint: write `k: 1..=2047`, or `k: 1..=2048` if 2048 counts)
        "#]],
    );
    check(
        "dtype: f32, k: 8..8",
        expect![[r#"
            2:15 8 .. 8: `8..8` leaves out 8; a range of `k` includes both of its ends (hint: write `k: 8..=8`)
        "#]],
    );
    check(
        "dtype: f32, k: 0..8",
        expect![[r#"
        2:15 0 .. 8: `0..8` leaves out 8; a range of `k` includes both of its ends (hint: write `k: 1..=7`, or `k: 1..=8` if 8 counts)
    "#]],
    );
    check(
        "dtype: f32, k: 1..",
        expect![[r#"
        2:15 1 ..: a range needs both of its ends (hint: write for example `k: 512`, `k: [512, 1024]` or `k: 1..=2048`)
    "#]],
    );
    check(
        "dtype: f32, k: ..=8",
        expect![[r#"
        2:15 ..= 8: a range needs both of its ends (hint: write for example `k: 512`, `k: [512, 1024]` or `k: 1..=2048`)
    "#]],
    );
    check(
        "dtype: f32, k: [1..=4, 8]",
        expect![[r#"
            2:16 1 ..= 4: `k` takes plain positive integers (hint: write for example `k: 512`, `k: [512, 1024]` or `k: 1..=2048`)
        "#]],
    );
    check(
        "dtype: f32, k: one..=8",
        expect![[r#"
            2:15 one: `k` takes plain positive integers (hint: write for example `k: 512`, `k: [512, 1024]` or `k: 1..=2048`)
        "#]],
    );
}

#[test]
fn faults_of_the_spec_come_back_to_their_tokens() {
    check(
        "dtype: [f32, f16, f32],\nk: 0..=4000000000,\ntuning { vec_size: [1, 3],\nbins: [1000, 131072],\nthreads: [] },\nties: lowest_index",
        expect![[r#"
            2:18 f32: `dtype` names f32 twice (hint: remove the second)
            3:3 0: `k` starts at 0, which selects nothing (hint: k starts at 1)
            3:7 4000000000: `k` reaches 4000000000, but a row has at most 2147483647 columns (hint: k may be 1 to 2147483647)
            4:23 3: `vec_size: 3` is not a width that a thread can load (hint: use 1, 2, 4, 8 or 16)
            5:7 1000: `bins: 1000` is not a power of two (hint: the nearest powers of two are 512 and 1024)
            5:13 131072: `bins: 131072` splits a key by 17 bits, but a f16 key has 16 (hint: use a power of two from 256 to 4096)
            6:9 []: `threads` names no value (hint: write for example `threads: [512, 1024]`)
        "#]],
    );
    check(
        "dtype: f32, k: 9..=3",
        expect![[r#"
        2:15 9 ..= 3: `k: 9..=3` is an empty range (hint: write `k: 3..=9`)
    "#]],
    );
    check(
        "dtype: f32, k: 0",
        expect![[r#"
        2:15 0: `k` is 0, which selects nothing (hint: k starts at 1)
    "#]],
    );
    check(
        "dtype: [], k: []",
        expect![[r#"
        2:7 []: `dtype` names no value (hint: write for example `dtype: [f32, bf16, f16]`)
        2:14 []: `k` names no value (hint: write for example `k: [512, 1024, 2048]`)
    "#]],
    );
}

#[test]
fn positions_count_only_what_could_be_read() {
    check(
        "dtype: [half, f32, f32], tuning { vec_size: [\"1\", 2, 3] }",
        expect![[r#"
            2:8 half: `dtype` has no value `half` (hint: `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:19 f32: `dtype` names f32 twice (hint: remove the second)
            2:45 "1": `vec_size` takes plain positive integers (hint: write for example `vec_size: 8` or `vec_size: [4, 8]`)
            2:53 3: `vec_size: 3` is not a width that a thread can load (hint: use 1, 2, 4, 8 or 16)
        "#]],
    );
}

#[test]
fn tuning_axes_stand_under_tuning_and_nothing_else_does() {
    check(
        "dtype: f32, vec_size: [4, 8], threads: 96,\ntuning { select: smallest, bins: 256 }",
        expect![[r#"
            2:12 vec_size: `vec_size` is a tuning axis (hint: write `tuning { vec_size: [4, 8] }`, or leave it to the plan)
            2:30 threads: `threads` is a tuning axis (hint: write `tuning { threads: 96 }`, or leave it to the plan)
            2:39 96: `threads: 96` is not a CTA size that the kernels support (hint: use 128, 256, 512 or 1024)
            3:9 select: `select` is not a tuning axis (hint: move it out; the tuning axes are `vec_size`, `bins` and `threads`)
        "#]],
    );
    check(
        "dtype: f32,\ntuning { bins: 256 },\ntuning { bins: 512, tuning { threads: 128 } }",
        expect![[r#"
            4:0 tuning: `tuning` is given twice (hint: keep one of them)
            4:9 bins: `bins` is given twice (hint: keep one of them)
            4:20 tuning: `tuning` is given twice (hint: keep one of them)
        "#]],
    );
}

#[test]
fn tuning_is_a_block() {
    check(
        "dtype: f32 tuning: { bins: 256 } k: 1",
        expect![[r#"
        2:11 tuning: a comma is missing before `tuning` (hint: an entry is `key: value,`)
        2:17 :: `tuning` takes no colon before its braces (hint: write `tuning { .. }`)
    "#]],
    );
    check(
        "tuning: 4, dtype: f32, tuning, tunning { bins: 256 }, layout { k: 1 }",
        expect![[r#"
            2:0 tuning: the tuning axes need braces (hint: write for example `tuning { vec_size: [4, 8] }`)
            2:23 tuning: the tuning axes need braces (hint: write for example `tuning { vec_size: [4, 8] }`)
            2:31 tunning: there is no block `tunning` (hint: did you mean `tuning { .. }`?)
            2:54 layout: there is no block `layout` (hint: only `tuning { .. }` and `args { .. }` have braces)
            2:63 k: `k` is not a tuning axis (hint: move it out; the tuning axes are `vec_size`, `bins` and `threads`)
        "#]],
    );
}

#[test]
fn punctuation() {
    check(
        "dtype f32, k = 5; tuning { bins: , threads, vec_size: }",
        expect![[r#"
            2:0 dtype: `:` is missing after `dtype` (hint: an entry is `key: value,`)
            2:13 =: `:` is missing after `k` (hint: an entry is `key: value,`)
            2:16 ;: entries are separated by commas (hint: write `,`)
            2:27 bins: `bins` has no value (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            2:35 threads: `threads` has no value (hint: write for example `threads: 1024` or `threads: [256, 512, 1024]`)
            2:44 vec_size: `vec_size` has no value (hint: write for example `vec_size: 8` or `vec_size: [4, 8]`)
        "#]],
    );
    check(
        "dtype: f32\nk: 1\ntuning { bins: [256 512] vec_size: [1,, 2] }",
        expect![[r#"
            3:0 k: a comma is missing before `k` (hint: an entry is `key: value,`)
            4:0 tuning: a comma is missing before `tuning` (hint: an entry is `key: value,`)
            4:16 256 512: `bins` takes plain positive integers (hint: write for example `bins: 4096` or `bins: [1024, 2048, 4096]`)
            4:25 vec_size: a comma is missing before `vec_size` (hint: an entry is `key: value,`)
            4:38 ,: `vec_size` takes plain positive integers (hint: write for example `vec_size: 8` or `vec_size: [4, 8]`)
        "#]],
    );
    check(
        "dtype: f32,, \"k\": 1, /// note\ntuning { bins: 256, #[a] }",
        expect![[r#"
            2:11 ,: expected a key here (hint: an entry is `key: value,`)
            2:13 "k": expected a key here (hint: an entry is `key: value,`)
            2:21 # [doc = " note"]: a key takes no attributes or doc comments (hint: use a `//` comment here, and put attributes above the kernel)
            3:20 # [a]: a key takes no attributes or doc comments (hint: use a `//` comment here, and put attributes above the kernel)
        "#]],
    );
}

fn check_declaration(source: &str, expected: Expect) {
    expected.assert_eq(&declared(source).1);
}

#[test]
fn what_surrounds_the_keys() {
    check_declaration(
        "",
        expect![[r#"
        1:0 : no kernel is declared here (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "kernal Top { dtype: f32 }",
        expect![[r#"
        1:0 kernal: expected the word `kernel` here (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "pub Top { dtype: f32 }",
        expect![[r#"
        1:4 Top: `kernel` is missing before `Top` (hint: write `kernel Top { .. }`)
    "#]],
    );
    check_declaration(
        "pub kernel { dtype: f32, k: 0 }",
        expect![[r#"
        1:4 kernel: the kernel has no name (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "kernel Top",
        expect![[r#"
        1:7 Top: the kernel has no keys in braces (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "kernel Top; kernel Next { dtype: f32, k: 0 }",
        expect![[r#"
        1:7 Top: the kernel has no keys in braces (hint: write `pub kernel Name { dtype: f32 }`)
        1:41 0: `k` is 0, which selects nothing (hint: k starts at 1)
    "#]],
    );
    check_declaration(
        "kernel Top(dtype: f32)",
        expect![[r#"
        1:10 (dtype : f32): the kernel has no keys in braces (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "kernel Top<T> { dtype: f32 }",
        expect![[r#"
        1:10 < T >: nothing may follow the name but the braces (hint: a kernel takes no parameters; write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "/// Doc\npub",
        expect![[r#"
        1:0 # [doc = " Doc"] pub: no kernel is declared here (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "kernel A { dtype: f32 }; ! 5\nkernel B { dtype: f33 }",
        expect![[r#"
            1:23 ;: expected the word `kernel` here (hint: write `pub kernel Name { dtype: f32 }`)
            2:18 f33: `dtype` has no value `f33` (hint: did you mean `f32`? `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
        "#]],
    );
    check_declaration(
        "pub(in) kernel A { dtype: f32 }",
        expect![[r#"
        1:6 here: cannot read this: unexpected end of input, expected identifier (hint: write `pub kernel Name { dtype: f32 }`)
    "#]],
    );
    check_declaration(
        "#![a] kernel A { dtype: f32 } # kernel B {}",
        expect![[r#"
        1:0 #: this is not an attribute (hint: write `#[name]`, `#[name(..)]` or remove it)
        1:1 !: expected the word `kernel` here (hint: write `pub kernel Name { dtype: f32 }`)
        1:30 #: this is not an attribute (hint: write `#[name]`, `#[name(..)]` or remove it)
        1:39 B: `B` has no `dtype`, the one key without a default (hint: add for example `dtype: [f32, bf16, f16]`)
    "#]],
    );
    check_declaration(
        "#[5] kernel A { dtype: f32, #[6] k: 0 } kernel B {}",
        expect![[r#"
            1:0 # [5]: this is not an attribute (hint: write `#[name]`, `#[name(..)]` or remove it)
            1:28 # [6]: this is not an attribute (hint: write `#[name]`, `#[name(..)]` or remove it)
            1:36 0: `k` is 0, which selects nothing (hint: k starts at 1)
            1:47 B: `B` has no `dtype`, the one key without a default (hint: add for example `dtype: [f32, bf16, f16]`)
        "#]],
    );
}

#[test]
fn each_kernel_is_checked() {
    check_declaration(
        "kernel A { dtype: f33 }\nkernel B {}",
        expect![[r#"
            1:18 f33: `dtype` has no value `f33` (hint: did you mean `f32`? `dtype` takes `f32`, `bf16`, `f16`, `i32`, `u32`, `i16`, `i8`, `u8`, `f8_e4m3`, `f8_e5m2` or `f64`)
            2:7 B: `B` has no `dtype`, the one key without a default (hint: add for example `dtype: [f32, bf16, f16]`)
        "#]],
    );
}
