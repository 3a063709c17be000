//! Converts codes and structs of C to the library's types. A code without a meaning is a failure; the
//! library checks whether the values fit together.

use crate::abi::{self, Launch, NAME_BYTES, SelectorConfig, constant};
use crate::failure::Failure;
use std::ffi::c_char;
use topkit::{
    DType, Problem, RawLaunch, SelectorSpec,
    spec::{Fill, KSet, Key, Semantics},
};

/// The spec of a config. It leaves every tuning axis to the plan.
pub fn spec(config: &SelectorConfig) -> Result<(DType, SelectorSpec), Failure> {
    let dtype = dtype(config.dtype)?;
    let mut semantics = Semantics::DEFAULT;
    for (name, code) in config.semantic_keys() {
        semantic(&mut semantics, name, code)?;
    }
    let first = count("k_first", i64::from(config.k_first))?;
    let last = count("k_last", i64::from(config.k_last))?;
    reserved(config.reserved)?;
    reserved(config.reserved_end)?;
    let k = if last == 0 { KSet::from(first) } else { KSet::from(first..=last) };
    Ok((dtype, declare(dtype, k, semantics)?))
}

/// A spec with every tuning axis open.
pub fn declare(dtype: DType, k: KSet, semantics: Semantics) -> Result<SelectorSpec, Failure> {
    let builder = SelectorSpec::builder("Selector").dtype([dtype]).k(k).semantics(semantics);
    builder.all_axes().build().map_err(|error| Failure::Library(error.into()))
}

/// Sets the key of that name to the value of a code. The codes of a key count its words from 0 on.
fn semantic(semantics: &mut Semantics, name: &'static str, code: i32) -> Result<(), Failure> {
    let key = Key::semantic().iter().find(|key| key.key().name() == name);
    let words = key.map_or(&[][..], |key| key.words());
    let word = usize::try_from(code).ok().and_then(|code| words.get(code));
    match (key, word) {
        (Some(key), Some(word)) if key.set(semantics, word) => Ok(()),
        _ => Err(Failure::Code { what: name, given: code, allowed: constants(name, words) }),
    }
}

/// The constants of the header: `TOPKIT_SELECT_LARGEST or TOPKIT_SELECT_SMALLEST`.
fn constants(key: &str, words: &[&str]) -> String {
    let names = words.iter().map(|word| constant(key, word)).collect::<Vec<_>>();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// A problem with its row stride and alignment.
pub fn problem(dtype: DType, problem: &abi::Problem) -> Result<Problem, Failure> {
    reserved(problem.reserved)?;
    let dense = shape(dtype, problem.rows, problem.columns, problem.k)?;
    let row_stride = or(problem.row_stride, problem.columns);
    Ok(dense.at(size("alignment", problem.alignment)? as u64, row_stride))
}

/// The shape of a selection over dense rows at multiples of 16 bytes.
pub fn shape(dtype: DType, rows: i64, columns: i64, k: i32) -> Result<Problem, Failure> {
    let (rows, columns) = (size("rows", rows)?, size("columns", columns)?);
    Ok(Problem::new(dtype, rows, columns, count("k", i64::from(k))?))
}

/// A launch by device addresses. Its fills are those of a selector with `fill: given`; to others they must be 0.
pub fn launch(dtype: DType, fill: Fill, launch: &Launch) -> Result<RawLaunch, Failure> {
    reserved(launch.reserved)?;
    reserved(launch.reserved_end)?;
    let Problem { rows, columns, k, .. } = shape(dtype, launch.rows, launch.columns, launch.k)?;
    let dense = RawLaunch::new(dtype, rows, columns, k);
    let (index_fill, value_fill) = (launch.index_fill, launch.value_fill);
    let dense = match fill {
        Fill::Given if launch.values.is_null() => dense.index_fill(index_fill),
        Fill::Given => dense.index_fill(index_fill).value_fill(value_fill),
        Fill::Standard if index_fill != 0 => dense.index_fill(index_fill),
        Fill::Standard if value_fill != 0 => dense.value_fill(value_fill),
        Fill::Standard => dense,
    };
    let page_shift = size("page_shift", launch.page_shift.into())? as u32;
    let shards = size("shards", launch.shards)?;
    let mut dense = dense;
    if shards > 0 {
        dense = dense.shards(shards, 0);
    }
    let apart = or(launch.row_stride, dense.row_stride).saturating_mul(launch.rows);
    dense.shard_stride = or(launch.shard_stride, if shards == 0 { 0 } else { apart });
    let ids_apart = match shards {
        0 => 0,
        _ if launch.id_stride == 0 => dense.row_stride,
        _ => launch.id_stride.saturating_mul(launch.rows),
    };
    Ok(dense
        .scores(launch.scores as u64)
        .row_stride(or(launch.row_stride, dense.row_stride))
        .row_starts(launch.row_starts as u64)
        .row_lengths(launch.row_lengths as u64)
        .indices(launch.indices as u64)
        .index_stride(or(launch.index_stride, dense.index_stride))
        .values(launch.values as u64)
        .value_stride(or(launch.value_stride, dense.value_stride))
        .counts(launch.counts as u64)
        .ids(launch.ids as u64, launch.id_stride)
        .affine(or(launch.id_scale, dense.id_scale), launch.id_offset)
        .row_offsets(launch.row_offsets as u64)
        .pages(launch.pages as u64, launch.page_stride, page_shift)
        .raw_columns(
            launch.raw_columns as u64,
            or(launch.raw_column_stride, dense.raw_column_stride),
        )
        .mask(launch.mask as u64, launch.mask_stride)
        .row_ks(launch.row_ks as u64)
        .shard_counts(
            launch.shard_counts as u64,
            or(launch.shard_count_stride, if shards == 0 { 0 } else { launch.rows }),
        )
        .shard_id_stride(or(launch.shard_id_stride, ids_apart))
        .workspace(launch.workspace as u64, launch.workspace_bytes))
}

/// A name as C keeps it in a struct, cut where it is too long.
pub fn name(text: &str) -> [c_char; NAME_BYTES] {
    let mut name = [0; NAME_BYTES];
    let fits = &mut name[..NAME_BYTES - 1];
    fits.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte as c_char);
    name
}

fn dtype(given: i32) -> Result<DType, Failure> {
    let names = DType::ALL.map(DType::name);
    DType::from_c_code(given).ok_or_else(|| Failure::Code {
        what: "dtype",
        given,
        allowed: constants("dtype", &names),
    })
}

/// The value given, or the default if it is 0.
fn or(given: i64, instead: i64) -> i64 {
    if given == 0 { instead } else { given }
}

fn size(what: &'static str, given: i64) -> Result<usize, Failure> {
    usize::try_from(given).map_err(|_| Failure::Negative { what, given })
}

fn count(what: &'static str, given: i64) -> Result<u32, Failure> {
    u32::try_from(given).map_err(|_| Failure::Negative { what, given })
}

fn reserved(given: i32) -> Result<(), Failure> {
    if given == 0 { Ok(()) } else { Err(Failure::Reserved { given }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::spec::{IndexType, NanPolicy, Order, RowShape, Select, Ties};

    const CONFIG: SelectorConfig = SelectorConfig {
        size: 0,
        dtype: 2,
        select: 0,
        nan: 0,
        rows: 0,
        index: 0,
        k_first: 512,
        k_last: 0,
        reserved: 0,
        order: 0,
        values: 0,
        count: 0,
        fill: 0,
        ties: 0,
        batch_invariant: 0,
        ids: 0,
        raw_columns: 0,
        mask: 0,
        k_per_row: 0,
        reserved_end: 0,
    };

    #[test]
    fn every_code_is_the_choice_that_the_header_names() {
        let meaning = |config: SelectorConfig| spec(&config).unwrap().1.semantics;
        assert_eq!(meaning(CONFIG), Semantics::DEFAULT);
        let codes = |field: fn(&mut SelectorConfig, i32), codes: i32| {
            (0..codes).map(move |code| {
                let mut config = CONFIG;
                field(&mut config, code);
                spec(&config).unwrap().1.semantics
            })
        };
        let select: Vec<_> = codes(|c, code| c.select = code, 2).map(|m| m.select).collect();
        assert_eq!(select, [Select::Largest, Select::Smallest]);
        let nan: Vec<_> = codes(|c, code| c.nan = code, 2).map(|m| m.nan).collect();
        assert_eq!(nan, [NanPolicy::Highest, NanPolicy::Lowest]);
        let rows: Vec<_> = codes(|c, code| c.rows = code, 2).map(|m| m.rows).collect();
        assert_eq!(rows, [RowShape::Dense, RowShape::Ragged]);
        let index: Vec<_> = codes(|c, code| c.index = code, 3).map(|m| m.index).collect();
        assert_eq!(index, [IndexType::I32, IndexType::U32, IndexType::I64]);
        let order: Vec<_> = codes(|c, code| c.order = code, 3).map(|m| m.order).collect();
        assert_eq!(order, [Order::Unsorted, Order::ByValue, Order::ByIndex]);
        let outputs: Vec<_> = codes(|c, code| (c.values, c.count, c.fill) = (code, code, code), 2)
            .map(|m| (m.values, m.count, m.fill))
            .collect();
        assert_eq!(outputs, [(false, false, Fill::Standard), (true, true, Fill::Given)]);
        let ties: Vec<_> = codes(|c, code| c.ties = code, 3).map(|m| m.ties).collect();
        assert_eq!(ties, [Ties::Any, Ties::LowestIndex, Ties::HighestIndex]);
        let invariant = spec(&SelectorConfig { batch_invariant: 1, ties: 1, ..CONFIG });
        let invariant = invariant.unwrap_err().to_string();
        assert!(
            invariant.contains("`batch_invariant: true` contradicts `order: unsorted`"),
            "{invariant}"
        );
        let dtypes = [1, 2, 3].map(|dtype| spec(&SelectorConfig { dtype, ..CONFIG }).unwrap().0);
        assert_eq!(dtypes, [DType::F32, DType::Bf16, DType::F16]);
    }

    /// The constants of the header, from the tables of dtypes and keys.
    fn codes() -> String {
        let plain = |text: &str| text.trim_end_matches('.').replace('`', "");
        let dtypes = DType::ALL.map(|dtype| {
            let (name, code) = (constant("dtype", dtype.name()), dtype.c_code());
            let comma = if dtype == DType::ALL[DType::ALL.len() - 1] { "" } else { "," };
            format!("    {name} = {code}{comma} /* {} */\n", plain(dtype.summary()))
        });
        let dtypes = dtypes.concat();
        let mut text = format!("{DTYPES}\nenum {{\n{dtypes}}};\n\n");
        for (name, _) in CONFIG.semantic_keys() {
            let key = Key::semantic().iter().find(|key| key.key().name() == name).unwrap();
            let words = key.words().iter().zip(0..);
            let codes: Vec<_> =
                words.map(|(word, code)| format!("{} = {code}", constant(name, word))).collect();
            let summary = plain(key.key().summary());
            text += &format!("/* {summary}. */\nenum {{ {} }};\n\n", codes.join(", "));
        }
        text
    }

    const DTYPES: &str = "/* The type of a score. It has no default. */";

    /// `UPDATE_EXPECT=1` writes them.
    #[test]
    fn the_header_has_the_codes_of_the_tables() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/topkit.h");
        let header = std::fs::read_to_string(path).unwrap();
        let (before, rest) = header.split_once(DTYPES).unwrap();
        let after = rest.find("/* In place of an ordinal").unwrap();
        let (written, due) = (format!("{DTYPES}{}", &rest[..after]), codes());
        if written != due && std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, format!("{before}{due}{}", &rest[after..])).unwrap();
        } else {
            assert_eq!(written, due);
        }
    }

    #[test]
    fn what_no_code_stands_for_is_refused_with_the_constants() {
        let told = spec(&SelectorConfig { index: 3, ..CONFIG }).unwrap_err().to_string();
        assert!(told.contains("TOPKIT_INDEX_I32, TOPKIT_INDEX_U32 or TOPKIT_INDEX_I64"), "{told}");
        let told = spec(&SelectorConfig { dtype: 0, ..CONFIG }).unwrap_err().to_string();
        assert!(told.contains("TOPKIT_DTYPE_BF16"), "{told}");
    }

    #[test]
    fn k_is_one_or_a_range() {
        let k = |k_first, k_last| spec(&SelectorConfig { k_first, k_last, ..CONFIG });
        assert_eq!(k(512, 0).unwrap().1.k, KSet::from(512));
        assert_eq!(k(1, 2048).unwrap().1.k, KSet::from(1..=2048));
        for (first, last, words) in
            [(0, 0, "k starts at 1"), (9, 8, "empty range"), (-1, 0, "`k_first` is -1")]
        {
            let refusal = k(first, last).unwrap_err();
            assert_eq!(refusal.status(), crate::abi::Status::Argument);
            assert!(refusal.to_string().contains(words), "{refusal}");
        }
    }

    #[test]
    fn strides_of_0_leave_no_gap_and_others_stand() {
        let given = Launch {
            size: 0,
            rows: 3,
            columns: 100,
            scores: 16 as _,
            row_stride: 0,
            row_starts: 20 as _,
            row_lengths: 24 as _,
            indices: 32 as _,
            index_stride: 0,
            workspace: 256 as _,
            workspace_bytes: 7,
            k: 5,
            reserved: 0,
            values: 64 as _,
            value_stride: 0,
            counts: 128 as _,
            ..Launch::EMPTY
        };
        let launch = |given: &Launch| super::launch(DType::F32, Fill::Standard, given);
        let dense = launch(&given).unwrap();
        let expected = RawLaunch::new(DType::F32, 3, 100, 5)
            .scores(16)
            .row_starts(20)
            .row_lengths(24)
            .indices(32)
            .values(64)
            .counts(128)
            .workspace(256, 7);
        assert_eq!(dense, expected);
        let strided = Launch { row_stride: -100, index_stride: 8, value_stride: 9, ..given };
        let strided = launch(&strided).unwrap();
        let strides = (strided.row_stride, strided.index_stride, strided.value_stride);
        assert_eq!(strides, (-100, 8, 9));
        assert!(launch(&Launch { reserved: 1, ..given }).is_err());
        // A fill of 0 is one where the selector takes a fill, and none elsewhere.
        let filled = super::launch(DType::F32, Fill::Given, &Launch { value_fill: 7, ..given });
        let filled = filled.unwrap();
        assert_eq!((filled.index_fill, filled.value_fill), (Some(0), Some(7)));
        assert_eq!((dense.index_fill, dense.value_fill), (None, None));
        let undeclared = launch(&Launch { value_fill: 7, ..given }).unwrap();
        assert_eq!((undeclared.index_fill, undeclared.value_fill), (None, Some(7)));
    }

    #[test]
    fn a_problem_is_aligned_as_its_stride_and_its_first_score_are() {
        let of = |rows, row_stride, alignment| {
            let given = abi::Problem {
                size: 0,
                rows,
                columns: 5001,
                row_stride,
                alignment,
                k: 8,
                reserved: 0,
            };
            problem(DType::F32, &given)
        };
        for (rows, row_stride, alignment, vec_size) in [
            (8, 0, 0, 1),
            (8, 5001, 16, 1),
            (8, 5008, 0, 4),
            (8, 5008, 256, 4),
            (8, 5008, 4, 1),
            (8, 5008, 24, 2),
            (8, -5002, 0, 2),
            (1, 0, 0, 4),
            (1, 0, 8, 2),
        ] {
            let made = of(rows, row_stride, alignment).unwrap();
            let due = Problem::new(DType::F32, rows as usize, 5001, 8);
            assert_eq!(made.vec_size, vec_size, "{rows}, {row_stride}, {alignment}");
            assert_eq!((made.rows, made.columns, made.k), (due.rows, due.columns, due.k));
        }
        let refused = of(8, 0, -16).unwrap_err().to_string();
        assert!(refused.contains("`alignment` is -16"), "{refused}");
    }

    #[test]
    fn a_long_name_is_cut_before_its_end() {
        let cut = name(&"x".repeat(200));
        assert!(cut[..127].iter().all(|&byte| byte == b'x' as c_char) && cut[127] == 0);
        assert_eq!(name("ab")[..3], [b'a' as c_char, b'b' as c_char, 0]);
    }
}
