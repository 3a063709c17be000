//! What a launch is given beside the scores: starts and lengths, ids, a mask, a k for each row, and the fill. The flags name files; here
//! they are read, checked against the shape of the scores, and turned into the keys of a declaration.
//!
//! A kernel clamps a k, and wraps an id that its index type cannot hold. In a file both are a slip, so they are
//! refused. Nothing here selects.

mod fill;
mod ids;
mod mask;

pub use ids::Map;
pub use mask::Mask;

use super::scores;
use super::spans::Spans;
use super::spec::named;
use crate::ui::exit::Failure;
use std::path::{Path, PathBuf};
use topkit::spec::{Fill, Ids, IndexType, Mask as MaskKey, Semantics};
use topkit::{Problem, Score, host};

const IDS: &str = "Ids in place of columns";
const WINNERS: &str = "Which scores may win, and how many";
const FILL: &str = "Where a row has no score left";

/// The flags.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// The integer type of the written indices or ids.
    #[arg(long, default_value = "i32", help_heading = IDS,
        value_parser = named(IndexType::ALL, IndexType::name))]
    index: IndexType,
    /// The id to write for each score: a .npy or .npz file of integers, of the shape of the scores, or of one row
    /// for all. An array of a .npz file with several is named as FILE.npz:NAME, here and below.
    #[arg(long, value_name = "FILE", help_heading = IDS,
        conflicts_with_all = ["id_scale", "id_offset", "row_offsets", "pages"])]
    ids: Option<PathBuf>,
    /// The id is the column times N. [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = IDS,
        conflicts_with = "pages")]
    id_scale: Option<i64>,
    /// N is added to each id. [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = IDS,
        conflicts_with = "pages")]
    id_offset: Option<i64>,
    /// The number that each row adds to its ids: a .npy or .npz file of integers, or a text file with a line for
    /// each row.
    #[arg(long, value_name = "FILE", help_heading = IDS, conflicts_with = "pages")]
    row_offsets: Option<PathBuf>,
    /// The page table: a .npy or .npz file of integers with the pages of each row, or of one row for all. The id
    /// of a column is its place in its page.
    #[arg(long, value_name = "FILE", help_heading = IDS, requires = "page_size")]
    pages: Option<PathBuf>,
    /// Columns of a page, a power of two.
    #[arg(long, value_name = "N", help_heading = IDS, requires = "pages",
        allow_negative_numbers = true, value_parser = parse_page_size)]
    page_size: Option<u32>,
    /// The kernel writes the winners' columns too, beside their ids.
    #[arg(long, help_heading = IDS)]
    raw_columns: bool,

    /// The scores that may win: a .npy or .npz file of booleans or bytes, of the shape of the scores, or of one row
    /// for all. False and 0 keep a score from winning.
    #[arg(long, value_name = "FILE", help_heading = WINNERS)]
    mask: Option<PathBuf>,
    /// How the kernel reads the mask. [default: bytes]
    #[arg(long, value_name = "FORM", requires = "mask", help_heading = WINNERS,
        value_parser = named(MASKS, MaskKey::name))]
    mask_as: Option<MaskKey>,
    /// The k of each row, at most -k: a .npy or .npz file of integers, or a text file with a line for each row.
    #[arg(long, value_name = "FILE", help_heading = WINNERS)]
    k_per_row: Option<PathBuf>,

    /// The index that is written there. [default: -1, which is 4294967295 as u32]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = FILL)]
    index_fill: Option<i64>,
    /// The value that is written there. [default: the worst infinity]
    #[arg(long, value_name = "X", allow_hyphen_values = true, requires = "values", help_heading = FILL)]
    value_fill: Option<String>,
}

const MASKS: &[MaskKey] = &[MaskKey::Bits, MaskKey::Bytes];

fn parse_page_size(text: &str) -> Result<u32, &'static str> {
    let size = text.parse().ok().filter(|size: &u32| size.is_power_of_two());
    size.ok_or("a page has a power of two of columns, from 1 to 2147483648")
}

/// All that is given.
#[derive(Debug, Default)]
pub struct Given {
    pub spans: Spans,
    pub map: Map,
    pub mask: Option<Mask>,
    pub ks: Option<Vec<i32>>,
    /// Without it the standard fill of the index type.
    pub index_fill: Option<i64>,
    /// The bits of a score.
    pub value_fill: Option<u64>,
}

impl Inputs {
    /// Declares the keys of the flags.
    pub fn declare(&self, semantics: Semantics) -> Result<Semantics, Failure> {
        let affine = self.id_scale.is_some() || self.id_offset.is_some();
        let ids = match (&self.ids, &self.pages) {
            (Some(_), _) => Ids::Given,
            (None, Some(_)) => Ids::Pages,
            (None, None) if affine || self.row_offsets.is_some() => Ids::Affine,
            (None, None) => Ids::Columns,
        };
        if self.raw_columns && ids == Ids::Columns {
            return Err(Failure::input(
                "--raw-columns writes columns beside ids, and without ids the indices are the columns \
                 already; add --ids, --id-scale, --id-offset, --row-offsets or --pages, or leave it out",
            ));
        }
        let fill = if self.index_fill.is_some() || self.value_fill.is_some() {
            Fill::Given
        } else {
            Fill::Standard
        };
        let mask = match (&self.mask, self.mask_as) {
            (None, _) => MaskKey::None,
            (Some(_), form) => form.unwrap_or(MaskKey::Bytes),
        };
        let Inputs { index, raw_columns, .. } = *self;
        let k_per_row = self.k_per_row.is_some();
        Ok(Semantics { index, ids, raw_columns, mask, k_per_row, fill, ..semantics })
    }

    /// Reads the files and checks them, with starts and lengths; the semantics are those that [`Inputs::declare`] has made.
    pub fn read(
        &self,
        problem: &Problem,
        semantics: &Semantics,
        spans: Spans,
    ) -> Result<Given, Failure> {
        let &Problem { dtype, rows, columns, k, .. } = problem;
        let index = semantics.index;
        let mask = self.mask.as_deref();
        let mask = mask.map(|path| Mask::read(path, rows, columns, semantics.mask)).transpose()?;
        let ks = self.k_per_row.as_deref().map(|path| ks(path, rows, k)).transpose()?;
        let map = match (&self.ids, &self.pages, self.page_size) {
            (Some(path), ..) => Map::given(path, rows, columns, index)?,
            (None, Some(path), Some(size)) => Map::pages(path, rows, columns, size)?,
            _ if semantics.ids == Ids::Affine => {
                let (scale, offset) = (self.id_scale.unwrap_or(1), self.id_offset.unwrap_or(0));
                Map::affine(scale, offset, self.row_offsets.as_deref(), rows, index)?
            }
            _ => Map::Columns,
        };
        let index_fill = self.index_fill.map(|fill| fill::index(fill, index)).transpose()?;
        let value_fill = self.value_fill.as_deref().map(|fill| fill::value(fill, dtype));
        let value_fill = value_fill.transpose()?;
        let given = Given { spans, map, mask, ks, index_fill, value_fill };
        given.check_ids(problem, semantics)?;
        Ok(given)
    }
}

/// A k from 0 to that of the launch for each row.
fn ks(path: &Path, rows: usize, k: u32) -> Result<Vec<i32>, Failure> {
    let fitting = |number: i128| (0..=i128::from(k)).contains(&number).then_some(number as i32);
    let needed = format!("a whole number from 0 to the {k} of -k");
    scores::of_rows("--k-per-row", path, rows, fitting, &needed)
}

impl Given {
    /// The columns of a row, from its start, that may win.
    pub fn kept(&self, row: usize, columns: usize) -> impl Iterator<Item = usize> + Clone {
        let span = self.spans.of_row(row, columns);
        let start = span.start;
        let keeps = move |at: usize| self.mask.as_ref().is_none_or(|mask| mask.keeps(row, at));
        span.filter(move |&at| keeps(at)).map(move |at| at - start)
    }

    /// Rows of the host with the starts, the lengths, the mask and the k.
    pub fn rows_of<'a, S: Score>(&'a self, rows: host::Rows<'a, S>) -> host::Rows<'a, S> {
        let rows = self.spans.of(rows);
        let rows = match &self.mask {
            None => rows,
            Some(Mask::Bits { words, stride }) => rows.mask_bits(words).mask_stride(*stride),
            Some(Mask::Bytes { bytes, stride }) => rows.mask_bytes(bytes).mask_stride(*stride),
        };
        match &self.ks {
            None => rows,
            Some(ks) => rows.ks(ks),
        }
    }

    /// Bytes of all that a GPU holds of it.
    pub fn bytes(&self, index: IndexType) -> usize {
        let mask = match &self.mask {
            None => 0,
            Some(Mask::Bits { words, .. }) => size_of_val(&words[..]),
            Some(Mask::Bytes { bytes, .. }) => bytes.len(),
        };
        let ks = self.ks.as_ref().map_or(0, |ks| size_of_val(&ks[..]));
        mask + ks + self.map.bytes(index)
    }
}
