//! Reads the spec of a pack: selectors with the keys of `topk_kernel!`, and the problems to pack them for. It
//! compiles and plans nothing. All faults are reported at once, each with its line.

use super::reader::{Reader, Table};
use crate::args::document;
use crate::ui::exit::Failure;
use std::path::Path;
use toml::de::DeTable;
use topkit::{
    DType, Problem, SelectorSpec,
    spec::{KSet, Key, KeyKind, SpecBuilder},
};

/// Shown below the long help of `topkit pack`.
pub const HELP: &str = "\
A spec names selectors, with the keys of `topk_kernel!` and their defaults:
  [[selector]]
  name = \"Indexer\"
  dtype = [\"f32\", \"bf16\"]
  k = [512, 1024, 2048]      # or one number, or \"1..=2048\"
  variants = 2               # of each problem, pack the two fastest; without it the fastest

  [selector.tuning]            # the tuning axes, where not all that win somewhere are wanted
  threads = [512, 1024]

  [[selector.problem]]         # every combination of the lists; without any, all variants are packed
  rows = [1, 8, 32]
  columns = [8192, 131072]
  k = 512                    # without it the selector's; dtype likewise";

/// The most problems of a spec: to plan as many takes about a second.
const PROBLEMS: usize = 100_000;

/// A selector, and the problems that it is packed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The declaration.
    pub spec: SelectorSpec,
    /// The problems to pack for; empty to pack all variants.
    pub problems: Vec<Problem>,
    /// How many kernels of each problem are packed.
    pub variants: usize,
}

/// Reads a spec.
pub fn read(path: &Path) -> Result<Vec<Selector>, Failure> {
    let place = path.display();
    let text = document::read(path)?;
    parse(&text).map_err(|faults| Failure::input(format!("{place}: {}", faults.join("; "))))
}

fn parse(text: &str) -> Result<Vec<Selector>, Vec<String>> {
    let mut reader = Reader::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = reader.line(error.span().map_or(0, |span| span.start));
            reader.fault(line, error.message());
            return Err(reader.faults);
        }
    };
    // The reader that follows borrows the document.
    let mut reader = Reader::new(text);
    let root = reader.root(&document);
    reader.only(root, "a spec", &["selector"]);
    let tables = reader.tables(root, "selector");
    let mut selectors = Vec::new();
    let mut problems = 0;
    for table in &tables {
        let read = selector(&mut reader, *table, PROBLEMS - problems);
        problems += read.as_ref().map_or(0, |selector| selector.problems.len());
        selectors.extend(read);
    }
    if tables.is_empty() && reader.faults.is_empty() {
        reader.fault(1, "a spec has at least one [[selector]]");
    }
    if reader.faults.is_empty() { Ok(selectors) } else { Err(reader.faults) }
}

fn selector<'a>(reader: &mut Reader<'a>, table: Table<'a>, room: usize) -> Option<Selector> {
    let mut known = vec!["name", "problem", "variants", TUNING];
    known.extend(names(false));
    let sound = reader.faults.len();
    for name in names(true) {
        if let Some((_, line)) = reader.value(table, name) {
            reader
                .fault(line, format!("`{name}` is a tuning axis; put it below [selector.tuning]"));
            known.push(name);
        }
    }
    reader.only(table, "[[selector]]", &known);
    let name = reader.text(table, "name");
    if reader.value(table, "name").is_none() {
        reader.fault(table.line, "[[selector]] needs a `name`");
    }
    let builder = SelectorSpec::builder(name.map_or("", |(name, _)| name).to_owned());
    let builder = declared(reader, table, builder);
    let variants = reader.numbers(table, "variants", 1..=64);
    if let Some((value, line)) = reader.value(table, "variants")
        && value.is_array()
    {
        reader.fault(line, "`variants` is one number");
    }
    if reader.faults.len() > sound {
        return None;
    }
    let spec = match builder.build() {
        Ok(spec) => spec,
        Err(error) => {
            error.faults.iter().for_each(|fault| reader.fault(table.line, fault));
            return None;
        }
    };
    let mut problems = Vec::new();
    for problem in reader.tables(table, "problem") {
        problems.extend(self::problems(reader, problem, &spec, room - problems.len()));
    }
    if variants.is_some() && problems.is_empty() {
        reader.fault(table.line, "`variants` is for selectors with a [[selector.problem]]");
    }
    let variants = variants.and_then(|variants| variants.first().copied()).unwrap_or(1) as usize;
    Some(Selector { spec, problems, variants })
}

/// A builder with the keys that a table has, and its table of tuning axes.
fn declared<'a>(reader: &mut Reader<'a>, table: Table<'a>, builder: SpecBuilder) -> SpecBuilder {
    let mut spec = builder.spec();
    let tuning = reader.table(table, TUNING);
    if let Some(tuning) = tuning {
        reader.only(tuning, "[selector.tuning]", &names(true));
    }
    for &key in Key::ALL {
        let name = key.name();
        match (key.kind(), tuning) {
            (KeyKind::Dtype, _) => {
                let dtypes = reader.words(table, name, &DType::ALL, DType::name);
                spec.dtype = dtypes.unwrap_or_default().into();
            }
            (KeyKind::K, _) => {
                if let Some(k) = k_set(reader, table) {
                    spec.k = k;
                }
            }
            (KeyKind::Tuning(_), None) => {}
            (KeyKind::Tuning(row), Some(tuning)) => {
                if let Some(sizes) = sizes(reader, tuning, name) {
                    row.set(&mut spec, sizes);
                }
            }
            (KeyKind::Semantic(row), _) => {
                let word = if row.is_flag() {
                    reader.flag(table, name).map(|flag| if flag { "true" } else { "false" })
                } else {
                    reader.word(table, name, row.words(), |word| word)
                };
                // The reader gives a word of the key.
                let _ = word.is_some_and(|word| row.set(&mut spec.semantics, word));
            }
        }
    }
    spec.into()
}

/// The table of the tuning axes, as the block of the macro.
const TUNING: &str = "tuning";

/// The names of the keys of the table of tuning axes, or of all other keys.
fn names(tuning: bool) -> Vec<&'static str> {
    let is_tuning = |key: &&Key| matches!(key.kind(), KeyKind::Tuning(_)) == tuning;
    Key::ALL.iter().filter(is_tuning).map(|key| key.name()).collect()
}

/// One number, a list of numbers, or a range in quotes.
fn k_set<'a>(reader: &mut Reader<'a>, table: Table<'a>) -> Option<KSet> {
    let (value, line) = reader.value(table, "k")?;
    let Some(text) = value.as_str() else {
        return Some(KSet::from(sizes(reader, table, "k")?));
    };
    let set = text.parse();
    if set.is_err() {
        reader.fault(line, format!("`k` is not `{text}`; a range is written \"1..=2048\""));
    }
    set.ok()
}

/// One number or a list of them.
fn sizes<'a>(reader: &mut Reader<'a>, table: Table<'a>, key: &str) -> Option<Vec<u32>> {
    let numbers = reader.numbers(table, key, 1..=u64::from(u32::MAX))?;
    Some(numbers.into_iter().filter_map(|number| u32::try_from(number).ok()).collect())
}

/// Every combination of the lists of one `[[selector.problem]]`.
fn problems<'a>(
    reader: &mut Reader<'a>,
    table: Table<'a>,
    spec: &SelectorSpec,
    room: usize,
) -> Vec<Problem> {
    reader.only(table, "[[selector.problem]]", &["dtype", "rows", "columns", "k"]);
    let sound = reader.faults.len();
    for key in ["rows", "columns"] {
        if reader.value(table, key).is_none() {
            reader.fault(table.line, format!("[[selector.problem]] needs `{key}`"));
        }
    }
    let rows = sizes(reader, table, "rows").unwrap_or_default();
    let columns = sizes(reader, table, "columns").unwrap_or_default();
    let dtypes = reader.words(table, "dtype", &DType::ALL, DType::name);
    let dtypes = dtypes.unwrap_or_else(|| spec.dtype.to_vec());
    let ks = match (reader.value(table, "k"), &spec.k) {
        (Some(_), _) => sizes(reader, table, "k").unwrap_or_default(),
        (None, KSet::Values(values)) => values.to_vec(),
        (None, KSet::Range { .. }) => {
            reader.fault(
                table.line,
                "[[selector.problem]] needs `k`, since the selector's is a range",
            );
            Vec::new()
        }
    };
    let counts = [rows.len(), columns.len(), dtypes.len(), ks.len()];
    let product = counts.iter().try_fold(1usize, |product, &count| product.checked_mul(count));
    if product.is_none_or(|product| product > room) {
        reader.fault(table.line, format!("a spec has at most {PROBLEMS} problems"));
    } else if product == Some(0) && reader.faults.len() == sound {
        reader.fault(table.line, "[[selector.problem]] has an empty list");
    }
    if reader.faults.len() > sound {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for &dtype in &dtypes {
        for &columns in &columns {
            for &rows in &rows {
                let problem = |&k| Problem::new(dtype, rows as usize, columns as usize, k);
                problems.extend(ks.iter().map(problem));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::spec::{Fill, IndexType, NanPolicy, Order, RowShape, Select, Semantics};

    fn faults(text: &str) -> String {
        parse(text).unwrap_err().join("; ")
    }

    #[test]
    fn the_spec_of_the_help_is_one() {
        let text: String = HELP.lines().skip(1).map(|line| format!("{line}\n")).collect();
        let selectors = parse(&text).unwrap();
        let [Selector { spec, problems, variants }] = &selectors[..] else {
            panic!("{selectors:?}")
        };
        assert_eq!(
            (&*spec.name, spec.dtype.len(), &*spec.threads),
            ("Indexer", 2, &[512, 1024][..])
        );
        assert_eq!(&*spec.bins, [1024, 2048, 4096]);
        assert_eq!((problems.len(), *variants), (2 * 2 * 3, 2));
        assert!(problems.contains(&Problem::new(DType::Bf16, 32, 131_072, 512)));
    }

    #[test]
    fn keys_are_those_of_the_macro() {
        let spec = |keys: &str| {
            let text = format!("[[selector]]\nname = \"F\"\ndtype = \"f16\"\n{keys}");
            parse(&text).unwrap()[0].spec.clone()
        };
        let plain = SelectorSpec::builder("F").dtype([DType::F16]);
        assert_eq!(spec(""), plain.clone().build().unwrap());
        assert_eq!(spec("k = \"1..=64\""), plain.clone().k(1..=64).build().unwrap());
        let keys = "k = 7\nselect = \"smallest\"\n\
                    nan = \"lowest\"\nties = \"any\"\norder = \"by_value\"\nindex = \"i64\"\n\
                    values = true\ncount = true\nfill = \"given\"\nrows = \"ragged\"\n[selector.tuning]\nvec_size = 8\nbins = [256, 512]\n\
                    threads = 128";
        let all = plain.k(7).vec_size([8]).bins([256, 512]).threads([128]);
        let all = all.select(Select::Smallest).nan(NanPolicy::Lowest).index(IndexType::I64);
        let all = all.order(Order::ByValue).values(true).count(true).fill(Fill::Given);
        assert_eq!(spec(keys), all.rows(RowShape::Ragged).build().unwrap());
    }

    /// Of each key with what it needs beside it.
    #[test]
    fn every_value_of_every_key_is_read() {
        for key in Key::semantic() {
            let name = key.key().name();
            let beside: &[(&str, &str)] = match key.key() {
                Key::RawColumns => &[("ids", "pages")],
                Key::BatchInvariant => &[("ties", "lowest_index"), ("order", "by_index")],
                _ => &[],
            };
            for &word in key.words() {
                let mut due = Semantics::DEFAULT;
                let mut text = "[[selector]]\nname = \"F\"\ndtype = \"f32\"\n".to_owned();
                for (name, word) in beside.iter().copied().chain([(name, word)]) {
                    let row = Key::semantic().iter().find(|row| row.key().name() == name).unwrap();
                    assert!(row.set(&mut due, word));
                    let quote = if row.is_flag() { "" } else { "\"" };
                    text += &format!("{name} = {quote}{word}{quote}\n");
                }
                assert_eq!(parse(&text).unwrap()[0].spec.semantics, due, "{text}");
            }
        }
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_the_nearest_word() {
        let text = "selctor = 1\n[[selector]]\nname = \"F\"\ndtype = [\"f32\", \"bf61\"]\n\
                    threads = 512\nselect = \"larges\"\n\
                    [selector.tuning]\nthreads = \"many\"\nvector_size = 4\n";
        let told = faults(text);
        for words in [
            "line 1: a spec has no key `selctor`; did you mean `selector`?",
            "line 4: `dtype` is not `bf61`; did you mean `bf16`?",
            "line 5: `threads` is a tuning axis; put it below [selector.tuning]",
            "line 6: `select` is not `larges`; did you mean `largest`?",
            "line 8: `threads` is a number",
            "line 9: [selector.tuning] has no key `vector_size`; did you mean `vec_size`?",
        ] {
            assert!(told.contains(words), "{words} is not in {told}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let selector = |rest: &str| format!("[[selector]]\nname = \"F\"\ndtype = \"f32\"\n{rest}");
        let problem = |rest: &str| selector(&format!("[[selector.problem]]\n{rest}"));
        for (text, words) in [
            (String::new(), "at least one [[selector]]"),
            ("[[selector]".to_owned(), "line 1: "),
            ("[selector]\nname = \"F\"".to_owned(), "write [[selector]]"),
            ("selector = [1]".to_owned(), "write [[selector]]"),
            ("[[selector]]\ndtype = \"f32\"".to_owned(), "needs a `name`"),
            ("[[selector]]\nname = 1".to_owned(), "`name` is a text"),
            ("[[selector]]\nname = \"F\"".to_owned(), "`dtype` names no value"),
            (selector("zzz = 1"), "it can be name, problem, variants, tuning, dtype, k"),
            (selector("k = 0"), "`k` is a number from 1"),
            (selector("k = -1"), "`k` is a number from 1"),
            (selector("k = \"1..8\""), "\"1..=2048\""),
            (selector("k = \"8..=1\""), "an empty range"),
            (selector("[selector.tuning]\nbins = 3"), "3"),
            (
                selector("[selector.tuning]\nselect = \"largest\""),
                "it can be vec_size, bins, threads",
            ),
            (selector("tuning = 4"), "write [selector.tuning]"),
            (selector("bins = 256"), "below [selector.tuning]"),
            (selector("[selector.tuning]\nthreads = [512, 512]"), "twice"),
            (selector("values = 1"), "`values` is true or false"),
            (selector("values = \"maybe\""), "values"),
            (selector("rows = [\"dense\"]"), "`rows` is one word"),
            (selector("select = 3"), "`select` is not of type integer"),
            (selector("variants = 2"), "[[selector.problem]]"),
            (
                selector("variants = [1, 2]\n[[selector.problem]]\nrows = 1"),
                "`variants` is one number",
            ),
            (
                selector("ids = \"table\""),
                "`ids` is not `table`; it can be columns, given, affine, pages",
            ),
            (selector("k_per_row = \"yes\""), "`k_per_row` is true or false"),
            (selector("raw_columns = true"), "contradicts `ids: columns`"),
            (selector("batch_invariant = true"), "contradicts `ties: any`"),
            (
                "[[selector]]\nname = \"F\"\ndtype = \"u32\"\nmask = \"bits\"".to_owned(),
                "`mask: bits` is not for u32",
            ),
            (problem("columns = 8\nk = 1"), "needs `rows`"),
            (problem("rows = 1\nk = 1"), "needs `columns`"),
            (problem("rows = 1\ncolumns = 8"), "needs `k`"),
            (problem("rows = []\ncolumns = 8\nk = 1"), "empty list"),
            (problem("rows = 1\ncolumns = 8\nk = 1\ncolums = 8"), "did you mean `columns`?"),
        ] {
            let told = faults(&text);
            assert!(told.contains(words), "{words} is not in {told}, of {text}");
        }
    }

    #[test]
    fn a_spec_cannot_ask_for_more_plans_than_can_be_made() {
        let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        let text = |rows, columns| {
            format!(
                "[[selector]]\nname = \"F\"\ndtype = \"f32\"\n\
                 [[selector.problem]]\nrows = {}\ncolumns = {}\nk = 1",
                list(rows),
                list(columns)
            )
        };
        assert_eq!(parse(&text(100, 1000)).unwrap()[0].problems.len(), PROBLEMS);
        assert!(faults(&text(100, 1001)).contains("line 4: a spec has at most 100000 problems"));
    }
}
