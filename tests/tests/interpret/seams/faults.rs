//! Parts that are wrong on purpose: the interpreter names each fault.

use super::rows::Rows;
use super::{load_program, meaning};
use crate::case::{MOST_COLUMNS, each_kernel, most_columns};
use topkit::spec::{NanPolicy, Select};
use topkit_tests::seams::{MASKED, PAIRS, Parts, SCATTERED};

/// What is wrong with a part, and what the interpreter says of it.
struct Wrong {
    /// The kernel, by its place in [`each_kernel`].
    kernel: usize,
    /// Lines of the source or of the output, and what is in their place.
    edits: &'static [(&'static str, &'static str)],
    class: &'static str,
    says: &'static [&'static str],
}

const WRONG: &[Wrong] = &[
    // The source reads past its row of the mask.
    Wrong {
        kernel: 0,
        edits: &[("mask[column / 32]", "mask[column / 32 + 1]")],
        class: "bounds",
        says: &["4-byte read", "the mask"],
    },
    // The source reads the scores of the next row.
    Wrong {
        kernel: 1,
        edits: &[
            ("const u32* mask;", "const u32* mask; const Element* next;"),
            (
                "all_args(args).mask_stride) {}",
                "all_args(args).mask_stride),
                next(static_cast<const Element*>(args.scores) + i64(row ^ 1) * args.row_stride) {}",
            ),
            ("Result::SIGN);", "Result::SIGN) | (next[0] & 1);"),
        ],
        class: "bounds",
        says: &["4-byte read", "scores"],
    },
    // The output writes a place twice. The fence is the compiler's: else it drops the first write.
    Wrong {
        kernel: 2,
        edits: &[(
            "        set(slot, key, column);",
            "        set(slot, 0, column); asm volatile(\"\" ::: \"memory\"); set(slot, key, column);",
        )],
        class: "misuse",
        says: &["8-byte write of the output", "which was written before"],
    },
    // The output writes places of another row.
    Wrong {
        kernel: 3,
        edits: &[("row(row) {}", "row(row ^ 1) {}")],
        class: "bounds",
        says: &["8-byte write of the output", "the thread serves row"],
    },
    // The same, where each warp of a CTA has its own row.
    Wrong {
        kernel: 6,
        edits: &[("row(row) {}", "row(row ^ 1) {}")],
        class: "bounds",
        says: &["8-byte write of the output", "the thread serves row"],
    },
    // The score depends on how often it was asked for.
    Wrong {
        kernel: 4,
        edits: &[
            (
                "template <class Dtype, class Result>",
                "static u32 asked = 0;\ntemplate <class Dtype, class Result>",
            ),
            ("Result::SIGN);", "Result::SIGN) ^ (atomicAdd(&asked, 1u) & 1);"),
        ],
        class: "misuse",
        says: &["the source is not pure: its score for column", " of row "],
    },
    // Whether a column is kept does.
    Wrong {
        kernel: 5,
        edits: &[
            (
                "template <class Dtype, class Result>",
                "static u32 asked = 0;\ntemplate <class Dtype, class Result>",
            ),
            (
                "return (mask[column / 32] >> column % 32 & 1) != 0;",
                "return (atomicAdd(&asked, 1u) & 1) != 0;",
            ),
        ],
        class: "misuse",
        says: &["the source is not pure: it ", " column "],
    },
];

#[test]
fn a_part_that_is_wrong_is_named() {
    let semantics = meaning(Select::Largest, NanPolicy::Highest);
    let parts = Parts { masked: Some(topkit::DType::F32), pairs: true, ..Parts::NONE };
    std::thread::scope(|scope| {
        for (number, wrong) in WRONG.iter().enumerate() {
            scope.spawn(move || {
                let mut texts = [MASKED, SCATTERED, PAIRS].map(str::to_owned);
                for (from, to) in wrong.edits {
                    let places: usize = texts.iter().map(|text| text.matches(from).count()).sum();
                    assert_eq!(places, 1, "{number}: {places} of {from}");
                    texts.iter_mut().for_each(|text| *text = text.replace(from, to));
                }
                let variant = each_kernel(topkit::DType::F32, semantics)[wrong.kernel];
                let columns = most_columns(&variant, MOST_COLUMNS) - 5;
                let rows = Rows::<f32>::random(1, 2, columns);
                let texts = texts.each_ref().map(String::as_str);
                let program = parts.program_of(texts, variant.dtype, &semantics);
                let kernel = load_program(&variant, program);
                for seed in 0..4 {
                    let fault = rows.launch(&kernel.seed(seed), parts, 40).unwrap_err();
                    let said = fault.to_string();
                    assert_eq!(fault.class(), wrong.class, "{number}, seed {seed}: {said}");
                    for part in wrong.says {
                        assert!(said.contains(part), "{number}, seed {seed}: {said}");
                    }
                    if seed == 0 {
                        println!("{said}");
                    }
                }
            });
        }
    });
}
