//! Writes the lines of `Config`, through which templates read the parameter key and the constants that host and
//! device share.
//!
//! The lines come from the tables of dtypes, keys and kernels and from `layout`; the skeleton puts them into
//! the struct. This module does not depend on the rest of the text.

use crate::functions::Stage;
use crate::layout::{COUNTERS, MOST_CANDIDATES, part_header_words};
use crate::program::Program;
use crate::{Ids, Key, Mask, RowShape, Ties, Variant};

/// The types: where scores come from, which of them are better, and where winners go. A struct of the
/// selector's program takes the place of the plain one.
pub(crate) fn types(variant: &Variant, program: Option<&Program>) -> Vec<String> {
    let dtype = variant.dtype.cuda_name();
    let sharded = variant.semantics.rows == RowShape::Shards;
    let ruled = match () {
        // The order of candidates is not that of their ids.
        () if sharded => "TiesById",
        // A key of 64 bits has no room for the column beside a score of as many.
        () if variant.dtype.score_bytes() > 4 => "TiesInOrder",
        () => "ColumnOrdinal",
    };
    let ordinal = match variant.semantics.ties {
        Ties::Any => "ScoreOrdinal<Source::Score, LARGEST, NAN_HIGHEST>".to_owned(),
        Ties::LowestIndex => format!("{ruled}<Source::Score, LARGEST, NAN_HIGHEST, true>"),
        Ties::HighestIndex => format!("{ruled}<Source::Score, LARGEST, NAN_HIGHEST, false>"),
    };
    let source = if variant.dtype.is_widened() { "WidenedSource" } else { "PlainSource" };
    let source = format!("{source}<{dtype}, RAGGED>");
    // Functions that are stages have one struct for every dtype.
    let stages = program.filter(|program| program.stages().is_some());
    let source = match stages {
        Some(_) => format!("OwnSource<{source}, {dtype}, Args, ::Stages>"),
        None => source,
    };
    let source = match variant.semantics.mask {
        Mask::None if sharded && variant.semantics.ids == Ids::Given => {
            format!("ShardedSource<{source}, Args, {}>", variant.semantics.index)
        }
        Mask::None if sharded => format!("ShardedSource<{source}, Args>"),
        Mask::None => source,
        Mask::Bits => format!("MaskedSource<{source}, Args, u32>"),
        Mask::Bytes => format!("MaskedSource<{source}, Args, u8>"),
    };
    let seams = [
        ("Source", program.filter(|_| stages.is_none()).and_then(Program::source), source),
        ("Ordinal", program.and_then(Program::ordinal), ordinal),
        ("Output", program.and_then(Program::output), plain_output(variant, program)),
    ];
    let line = |(seam, own, plain): (&str, Option<&str>, String)| {
        format!("using {seam} = {};", own.map_or(plain, |own| format!("::{own}")))
    };
    let arguments = variant.semantics.k_per_row.then(|| "using Arguments = Args;".to_owned());
    let stages = stages.map(|_| "using Stages = ::Stages;".to_owned());
    arguments.into_iter().chain(stages).chain(seams.into_iter().map(line)).collect()
}

/// Whether kernels do more than write the columns of the winners.
pub(crate) fn has_outputs(variant: &Variant, program: Option<&Program>) -> bool {
    let has = |stage| program.is_some_and(|program| program.has(stage));
    variant.semantics.has_outputs() || has(Stage::Emit) || has(Stage::Keep)
}

/// Bare columns, or all that the keys of the output ask for.
fn plain_output(variant: &Variant, program: Option<&Program>) -> String {
    let (dtype, index) = (variant.dtype.cuda_name(), variant.semantics.index);
    match has_outputs(variant, program) {
        false => format!("Indices<{index}>"),
        true => format!("Outputs<Config, Args, {dtype}, {index}>"),
    }
}

/// The constants: first of the kernel and its sizes, then of the semantic keys.
pub(crate) fn constants(variant: &Variant, program: Option<&Program>) -> Vec<String> {
    let most_k = variant.kernel.most_k().unwrap_or(i32::MAX as u32);
    let own = [
        ("VEC_SIZE", variant.vec_size),
        ("BINS", variant.bins),
        ("DIGIT_BITS", variant.bins.ilog2()),
        ("CANDIDATES", variant.candidates()),
        ("ITEMS", variant.items),
        ("CHUNK", variant.chunk()),
        ("COUNTERS", COUNTERS),
        ("MOST_CANDIDATES", MOST_CANDIDATES),
        ("PART_HEADER_WORDS", part_header_words(variant.wide_bytes())),
        ("STAGES", variant.stages),
        ("MOST_K", most_k),
        ("CLUSTER", variant.cluster),
        ("THREADS", variant.threads),
    ];
    let own = own.map(|(name, value)| format!("static constexpr u32 {name} = {value};"));
    let semantic = Key::semantic().iter().filter_map(|key| key.config(&variant.semantics));
    let plain =
        variant.program.is_none() && !variant.dtype.is_integer() && !variant.dtype.is_widened();
    let outputs = match has_outputs(variant, program) {
        true => {
            let has = |stage| program.is_some_and(|program| program.has(stage));
            variant.semantics.output_constants(plain, has(Stage::Emit), has(Stage::Keep))
        }
        false => Vec::new(),
    };
    own.into_iter().chain(semantic).chain(outputs).collect()
}
