//! Programs of three parts, each in one file of `seams/`: a source that negates and masks, an ordinal that
//! scatters columns, and an output of pairs. No kernel knows of them.

use topkit::program::{FieldType, Program, Scalar};
use topkit::spec::{NanPolicy, Select, Semantics};
use topkit::{DType, SelectorSpec, Variant};

/// The text of the source; see [`Parts::masked`].
pub const MASKED: &str = include_str!("../seams/masked.cuh");
/// The text of the ordinal.
pub const SCATTERED: &str = include_str!("../seams/scattered.cuh");
/// The text of the output.
pub const PAIRS: &str = include_str!("../seams/pairs.cuh");

/// The rank of a column among those of equal scores, as the ordinal has it; the greatest is the best.
pub fn scattered(column: usize) -> u32 {
    (column as u32).wrapping_mul(0x9E37_79B1)
}

/// Which parts a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The source negates and masks, and gives scores of this type: the elements', or f32 of bf16 elements.
    pub masked: Option<DType>,
    /// Of equal scores, the one with the greater scattered column wins: see [`scattered`].
    pub scattered: bool,
    /// The output is pairs of a key and a column.
    pub pairs: bool,
}

impl Parts {
    /// None: a selector without a program.
    pub const NONE: Parts = Parts { masked: None, scattered: false, pairs: false };

    /// The type of the scores that the source gives of these elements.
    pub fn score(self, elements: DType) -> DType {
        self.masked.unwrap_or(elements)
    }

    /// The program, for elements of a type.
    ///
    /// # Panics
    /// If it has no part.
    pub fn program(self, elements: DType, semantics: &Semantics) -> Program {
        self.program_of([MASKED, SCATTERED, PAIRS], elements, semantics)
    }

    /// The same of other texts, with the same names, for the three parts.
    ///
    /// # Panics
    /// As of [`Parts::program`].
    pub fn program_of(
        self,
        [masked, scattered, pairs]: [&str; 3],
        elements: DType,
        semantics: &Semantics,
    ) -> Program {
        let mut text = String::new();
        let mut has = |part: &str, named: String| text.extend([part, &named, "\n"]);
        let score = self.score(elements).cuda_name();
        if self.masked.is_some() {
            let elements = elements.cuda_name();
            has(masked, alias("Scores", &format!("NegatedAndMasked<{elements}, {score}>")));
        }
        if self.scattered {
            let largest = semantics.select == Select::Largest;
            let nan_highest = semantics.nan == NanPolicy::Highest;
            let of = format!("Scattered<{score}, {largest}, {nan_highest}>");
            has(scattered, alias("Keys", &of));
        }
        if self.pairs {
            has(pairs, String::new());
        }
        let mut program = Program::builder(text);
        if self.masked.is_some() {
            program = program.source("Scores").field("mask", FieldType::Slice(Scalar::U32));
            program = program.field("mask_stride", FieldType::Scalar(Scalar::U32));
        }
        if self.scattered {
            program = program.ordinal("Keys").key_bytes(8);
        } else if let Some(score) = self.masked {
            program = program.key_bytes(score.bytes() as u8);
        }
        if self.pairs {
            program = program.output("Pairs").field("pairs", FieldType::SliceMut(Scalar::U64));
            program = program.field("pairs_stride", FieldType::Scalar(Scalar::I64));
        }
        program.build().expect("the parts are sound")
    }
}

/// A struct with a name of its own for an instance of a template.
fn alias(name: &str, of: &str) -> String {
    let (template, _) = of.split_once('<').unwrap_or((of, ""));
    format!("struct {name} : {of} {{ using {template}::{template}; }};")
}

/// A variant with a program, and the spec that has its text.
pub fn with_program(variant: &Variant, program: Program) -> (SelectorSpec, Variant) {
    let mut spec = SelectorSpec::of(variant);
    spec.program = Some(program);
    let variant = spec.own(variant);
    (spec, variant)
}
