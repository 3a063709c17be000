//! Mutants of what the seams of a kernel compute, found by kernels with programs: the keys of dropped columns,
//! their places in a sink, the spans of rows, and the order of scores. The other mutants are of what orders
//! threads.

use super::battery::Detection;
use super::rules::Mutation;
use super::sites::Site;
use super::switch::{as_mutant, switched};
use super::table::Row;
use crate::case::{MOST_COLUMNS, each_kernel};
use crate::seams::{meaning, rows::Rows};
use half::bf16;
use topkit::inspect::{RenderedSource, render};
use topkit::interpret::{Interpreter, Kernel, Word};
use topkit::spec::{NanPolicy, Select, Semantics};
use topkit::{DType, Score};
use topkit_tests::seams::{Parts, with_program};

/// A kernel with a program, and its mutants.
struct Subject {
    /// The kernel's place in [`each_kernel`], and its name in the table.
    kernel: usize,
    name: &'static str,
    parts: Parts,
    semantics: Semantics,
    mutants: &'static [Mutant],
}

/// An expression, and what is in its place.
struct Mutant {
    file: &'static str,
    function: &'static str,
    /// Text of the file that is there once, and the expression in it.
    within: &'static str,
    expression: &'static str,
    name: &'static str,
    text: &'static str,
}

const fn mutant(
    [file, function, within, expression]: [&'static str; 4],
    name: &'static str,
    text: &'static str,
) -> Mutant {
    Mutant { file, function, within, expression, name, text }
}

const START: [&str; 4] =
    ["score/source.cuh", "of", "first = min(max(start", "min(max(start, 0), args.columns)"];
const LENGTH: [&str; 4] =
    ["score/source.cuh", "of", "min(max(length", "min(max(length, 0), args.columns - first)"];
const GIVEN_START: [&str; 4] = [
    "score/source.cuh",
    "given",
    "min(max(args.row_starts",
    "min(max(args.row_starts[row], 0), args.columns)",
];
const GIVEN_LENGTH: [&str; 4] = [
    "score/source.cuh",
    "given",
    "min(max(args.row_lengths",
    "min(max(args.row_lengths[row], 0), available)",
];

const SUBJECTS: &[Subject] = &[
    Subject {
        kernel: 3,
        name: "block_filter, masked",
        parts: Parts { masked: Some(DType::F32), scattered: false, pairs: true },
        semantics: meaning(Select::Largest, NanPolicy::Lowest),
        mutants: &[
            mutant(["row/row.cuh", "key", "if (!keep(column))", "!keep(column)"], "never", "false"),
            mutant(["row/row.cuh", "key", "score_key != 0 ?", "score_key != 0"], "always", "true"),
            mutant(
                ["row/words.cuh", "score", "return row.keep(column) ?", "row.keep(column)"],
                "always",
                "true",
            ),
            mutant(
                [
                    "sink/direct.cuh",
                    "put",
                    "if (Row<Config>::is_absent(known))",
                    "Row<Config>::is_absent(known)",
                ],
                "never",
                "false",
            ),
            mutant(START, "no end", "max(start, 0)"),
            mutant(START, "no start", "min(start, args.columns)"),
            mutant(LENGTH, "no end", "max(length, 0)"),
            mutant(LENGTH, "no start", "min(length, args.columns - first)"),
        ],
    },
    Subject {
        kernel: 0,
        name: "block_radix, scattered",
        parts: Parts { masked: None, scattered: true, pairs: true },
        semantics: meaning(Select::Smallest, NanPolicy::Highest),
        mutants: &[
            mutant(GIVEN_START, "no end", "max(args.row_starts[row], 0)"),
            mutant(GIVEN_START, "no start", "min(args.row_starts[row], args.columns)"),
            mutant(GIVEN_LENGTH, "no end", "max(args.row_lengths[row], 0)"),
            mutant(GIVEN_LENGTH, "no start", "min(args.row_lengths[row], available)"),
            mutant(
                [
                    "score/ordinal.cuh",
                    "ordered_key",
                    "magnitude > Dtype::INFINITE",
                    "magnitude > Dtype::INFINITE",
                ],
                "the infinity too",
                "magnitude >= Dtype::INFINITE",
            ),
            mutant(
                ["score/ordinal.cuh", "ordered_key", "magnitude == 0", "magnitude == 0"],
                "never",
                "false",
            ),
            mutant(["score/ordinal.cuh", "key", "return LARGEST ?", "LARGEST"], "not", "!LARGEST"),
        ],
    },
    Subject {
        kernel: 1,
        name: "block_resident, all parts",
        parts: Parts { masked: Some(DType::F32), scattered: true, pairs: true },
        semantics: meaning(Select::Smallest, NanPolicy::Highest),
        mutants: &[mutant(
            ["sink/staged.cuh", "stage", "winners.keys[slot] = key()", "key()"],
            "0",
            "Key(0)",
        )],
    },
];

/// The rows of the table, or what is wrong.
pub fn rows(interpreter: &Interpreter) -> Vec<Result<Row, String>> {
    std::thread::scope(|scope| {
        let work = |subject: &'static Subject| scope.spawn(move || subject.rows(interpreter));
        let working: Vec<_> = SUBJECTS.iter().map(work).collect();
        working.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

impl Subject {
    fn rows(&self, interpreter: &Interpreter) -> Vec<Result<Row, String>> {
        let elements = if self.parts.masked.is_some() { DType::Bf16 } else { DType::F32 };
        let variant = each_kernel(elements, self.semantics)[self.kernel];
        let program = self.parts.program(elements, &self.semantics);
        let (spec, variant) = with_program(&variant, program);
        let source = render(&spec, &variant).unwrap();
        let sites: Vec<Site> =
            self.mutants.iter().map(|mutant| mutant.site(&source.text)).collect();
        let mut numbered: Vec<(&Site, Vec<(u32, Mutation)>)> = Vec::new();
        for ((site, mutant), number) in sites.iter().zip(self.mutants).zip(1..) {
            let text = mutant.text.to_owned();
            let mutation = Mutation { name: mutant.name, text, loses_values: false };
            match numbered.iter_mut().find(|(other, _)| other.range == site.range) {
                Some((_, mutations)) => mutations.push((number, mutation)),
                None => numbered.push((site, vec![(number, mutation)])),
            }
        }
        numbered.sort_by_key(|(site, _)| site.range.start);
        let numbered: Vec<(&Site, Vec<(u32, &Mutation)>)> = numbered
            .iter()
            .map(|(site, all)| (*site, all.iter().map(|(number, one)| (*number, one)).collect()))
            .collect();
        let text = switched(&source.text, &numbered);
        let kernel = interpreter.load(&RenderedSource { text, ..source }).unwrap();
        let detects = |number| match elements {
            DType::Bf16 => self.detects::<bf16>(&kernel, number),
            _ => self.detects::<f32>(&kernel, number),
        };
        assert_eq!(detects(0), None, "{} as it is", self.name);
        let checked = sites.iter().zip(self.mutants).zip(1..).map(|((site, mutant), number)| {
            let undetected =
                || format!("{}: {}, {}: it is undetected", site.place(), mutant.name, self.name);
            let detection = detects(number).ok_or_else(undetected)?;
            Ok(Row::new(site, mutant.name, self.name, detection, ""))
        });
        checked.collect()
    }

    fn detects<S: Score + Word>(&self, kernel: &Kernel, number: u32) -> Option<String> {
        as_mutant(number, || {
            (0..8usize).find_map(|turn| {
                let columns = MOST_COLUMNS - turn % 7;
                let rows = Rows::<S>::random(turn, 3, columns);
                let k = [40, 700][turn % 2];
                match rows.launch(&kernel.seed(turn as u64), self.parts, k) {
                    Ok(got) => {
                        let wrong = rows.wrong(self.parts, &self.semantics, k, &got);
                        wrong.map(|_| Detection::WrongAnswer.to_string())
                    }
                    Err(fault) => Some(Detection::of(&fault).to_string()),
                }
            })
        })
    }
}

impl Mutant {
    fn site(&self, text: &str) -> Site {
        let file = format!("templates/{}", self.file);
        let block = text.find(&format!("#line 1 \"{file}\"")).unwrap();
        let end = text[block + 1..].find("\n// ---- ").map_or(text.len(), |end| block + 1 + end);
        let found: Vec<usize> =
            text[block..end].match_indices(self.within).map(|(at, _)| at).collect();
        assert_eq!(found.len(), 1, "{file}: {}", self.within);
        let at = block + found[0];
        let at = at + text[at..].find(self.expression).unwrap();
        Site {
            line: text[block..at].lines().count() - 1,
            function: self.function.to_owned(),
            name: String::new(),
            operands: Vec::new(),
            construct: self.expression.to_owned(),
            range: at..at + self.expression.len(),
            file,
        }
    }
}
