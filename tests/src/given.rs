//! What a launch is given because of keys: ids, page tables, masks, a k of each row. They are made at random, from a
//! seed; ids are unique in their row, so that an answer tells its columns.

use crate::case::{INDEX_FILL, VALUE_FILL};
use crate::shards::Shards;
use topkit::host::{Rows, Selection};
use topkit::spec::{Fill, Ids, Mask, RowShape, Semantics};
use topkit::{IndexInt, Output, Score, memory};
use topkit_lab::Rng;

/// The inputs of a launch.
pub struct Given<I> {
    /// The mask, with the distance from row to row.
    pub mask: Option<(Marks, usize)>,
    /// The k of each row.
    pub ks: Option<Vec<i32>>,
    /// What makes the ids.
    pub map: Map<I>,
    /// The shards of the rows.
    pub shards: Option<Shards>,
}

/// A mask.
pub enum Marks {
    /// Words of 32 bits.
    Bits(Vec<u32>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What makes ids of columns.
pub enum Map<I> {
    /// Nothing.
    Columns,
    /// A matrix of ids, and the distance from row to row.
    Given(Vec<I>, usize),
    /// A factor, an offset, and the offset of each row.
    Affine(i64, i64, Vec<I>),
    /// A page table, the distance from row to row, and the logarithm of a page's columns.
    Pages(Vec<i32>, usize, u32),
}

/// A page table's pages grow by so much; so do given ids from column to column.
const STEP: i64 = 3;
/// No id is -1, which is the fill: ids of rows are one more than a multiple of the step.
const OFFSET: i64 = -71;

impl<I: IndexInt> Given<I> {
    /// Those that a launch of some semantics needs.
    pub fn of(semantics: &Semantics, rows: usize, columns: usize, k: u32, seed: u64) -> Given<I> {
        let mut rng = Rng::new(seed ^ 0x1D5);
        // Rows of their own, with a gap, or one for all.
        let stride = |rng: &mut Rng, width: usize| match rng.below(3) {
            0 => 0,
            gap => width + gap as usize - 1,
        };
        let mask = match semantics.mask {
            Mask::None => None,
            Mask::Bits => {
                let width = columns.div_ceil(32);
                let stride = stride(&mut rng, width);
                let marks = marks(&mut rng, rows, stride.max(1) * 32);
                let word = |bits: &[bool]| {
                    let bits = bits.iter().enumerate();
                    bits.fold(0, |word, (at, &bit)| word | u32::from(bit) << at)
                };
                let len = if stride == 0 { width } else { rows * stride };
                let mut words: Vec<u32> = marks.chunks(32).map(word).collect();
                words.resize(len, 0x5A5A_1234);
                Some((Marks::Bits(words), stride))
            }
            Mask::Bytes => {
                let stride = stride(&mut rng, columns);
                let marks = marks(&mut rng, rows, stride.max(1));
                let byte = |&mark: &bool| if mark { 1 + rng.below(255) as u8 } else { 0 };
                let mut bytes: Vec<u8> = marks.iter().map(byte).collect();
                bytes.resize(if stride == 0 { columns } else { rows * stride }, 7);
                Some((Marks::Bytes(bytes), stride))
            }
        };
        let ks = semantics.k_per_row.then(|| {
            let of_row = |_| match rng.below(6) {
                0 => -1 + rng.below(3) as i32,
                1 => k as i32 + 1,
                _ => rng.below(k + 1) as i32,
            };
            (0..rows).map(of_row).collect()
        });
        let map = match semantics.ids {
            Ids::Columns => Map::Columns,
            Ids::Given => {
                let stride = stride(&mut rng, columns);
                let len = if stride == 0 { columns } else { rows * stride };
                // The ids of a row are in no order.
                let apart = (len as i64 / 3 * 2 + 1..).find(|&apart| coprime(apart, len as i64));
                let id = |at| at * apart.unwrap_or(1) % len as i64 * STEP + 1;
                Map::Given((0..len as i64).map(|at| I::from_i64(id(at))).collect(), stride)
            }
            Ids::Affine => {
                let offsets = (0..rows as i64).map(|row| I::from_i64(row * 4 * STEP));
                Map::Affine(STEP, OFFSET, offsets.collect())
            }
            Ids::Pages => {
                let shift = rng.below(7);
                let width = columns.div_ceil(1 << shift);
                let stride = stride(&mut rng, width);
                let len = if stride == 0 { width } else { rows * stride };
                // From the last page down: the ids do not grow with the columns.
                let pages = (0..len).map(|at| (len - at) as i32 * STEP as i32);
                Map::Pages(pages.collect(), stride, shift)
            }
        };
        let sharded = semantics.rows == RowShape::Shards;
        let shards = sharded.then(|| Shards::random(&mut rng, rows, columns));
        Given { mask, ks, map, shards }
    }

    /// Rows with the mask and the k.
    pub fn rows<'a, S: Score>(&'a self, rows: Rows<'a, S>) -> Rows<'a, S> {
        let rows = match &self.shards {
            None => rows,
            Some(shards) => shards.rows(rows),
        };
        let rows = match &self.mask {
            None => rows,
            Some((Marks::Bits(words), stride)) => rows.mask_bits(words).mask_stride(*stride),
            Some((Marks::Bytes(bytes), stride)) => rows.mask_bytes(bytes).mask_stride(*stride),
        };
        self.of_rows(rows)
    }

    /// Rows with the k alone.
    pub fn of_rows<'a, S: Score>(&'a self, rows: Rows<'a, S>) -> Rows<'a, S> {
        match &self.ks {
            None => rows,
            Some(ks) => rows.ks(ks),
        }
    }

    /// Selects on the host, or in what takes an output of the host: gives it places for all that the semantics ask for,
    /// in rows of k.
    ///
    /// # Errors
    /// Those of `select`.
    pub fn answer<S: Score, E>(
        &self,
        semantics: &Semantics,
        [rows, columns]: [usize; 2],
        k: u32,
        select: impl FnOnce(HostOutput<'_, I, S>) -> Result<(), E>,
    ) -> Result<Selection<I, S>, E> {
        let places = rows * k as usize;
        let mut indices = vec![I::FILL; places];
        let mut values = semantics.values.then(|| vec![S::worst(semantics.select); places]);
        let mut counts = semantics.count.then(|| vec![0; rows]);
        let mut raw_columns = semantics.raw_columns.then(|| vec![0; places]);
        let mut output = match &self.map {
            Map::Columns => Output::host(&mut indices),
            Map::Given(ids, stride) => {
                let output = Output::host(&mut indices).ids(ids, *stride);
                match &self.shards {
                    None => output,
                    Some(shards) => output.shard_id_stride(columns / shards.count),
                }
            }
            Map::Affine(scale, offset, offsets) => {
                Output::host(&mut indices).affine(*scale, *offset).row_offsets(offsets)
            }
            Map::Pages(pages, stride, shift) => {
                Output::host(&mut indices).pages(pages, *stride, *shift)
            }
        };
        if semantics.fill == Fill::Given {
            output = output.index_fill(I::from_i64(INDEX_FILL));
        }
        if let Some(values) = &mut values {
            output = output.values(values);
            if semantics.fill == Fill::Given {
                output = output.value_fill(S::from_bits(VALUE_FILL));
            }
        }
        if let Some(counts) = &mut counts {
            output = output.counts(counts);
        }
        if let Some(columns) = &mut raw_columns {
            output = output.raw_columns(columns);
        }
        select(output)?;
        Ok(Selection { indices, values, counts, raw_columns })
    }

    /// The columns of an answer in place of its ids.
    ///
    /// # Errors
    /// An id of no column, and a raw column that is another one than the id's.
    pub fn columns<S: Score>(
        &self,
        rows: &Rows<'_, S>,
        k: u32,
        got: &Selection<I, S>,
    ) -> Result<Selection<I, S>, String> {
        let mut got = got.clone();
        for (at, place) in got.indices.iter_mut().enumerate() {
            let (row, id) = (at / k as usize, *place);
            if id != I::FILL {
                let start = rows.spans()[0].map_or(0, |starts| i64::from(starts[row]));
                let start = start.clamp(0, rows.columns() as i64);
                let column = self.column(row, start, rows.columns(), id.into());
                let column = column.filter(|&column| column < rows.columns() as i64);
                *place = I::from_i64(column.ok_or(format!("row {row}: {id} is no id of the row"))?);
            }
        }
        if let Some(columns) = got.raw_columns.take() {
            let told = got.indices.iter().map(|&column| column.into());
            let told = told.map(|column: i64| if I::FILL.into() == column { -1 } else { column });
            if !told.eq(columns.iter().map(|&column| i64::from(column))) {
                return Err("the raw columns are not those of the ids".to_owned());
            }
        }
        Ok(got)
    }

    /// What the ties of candidates of shards go by.
    pub fn rank(&self, row: usize, column: usize) -> i64 {
        match &self.map {
            Map::Given(ids, stride) => ids[row * stride + column].into(),
            Map::Columns | Map::Affine(..) | Map::Pages(..) => column as i64,
        }
    }

    /// The column of an id, of a row of so many.
    fn column(&self, row: usize, start: i64, columns: usize, id: i64) -> Option<i64> {
        let divided = |id: i64| (id % STEP == 0).then_some(id / STEP);
        let column = match &self.map {
            Map::Columns => id,
            Map::Given(ids, stride) => {
                let of_row = &ids[row * stride..][start as usize..columns];
                of_row.iter().position(|&own| id == own.into())? as i64
            }
            Map::Affine(_, _, offsets) => {
                let own: i64 = offsets[row].into();
                // An unsigned index is the id, cut to its bits.
                let id = if I::FILL.into() < 0 { id } else { i64::from(id as i32) };
                divided(id - OFFSET - i64::from(own as i32))?
            }
            Map::Pages(pages, stride, shift) => {
                let page = (id >> shift) as i32;
                let of_row = &pages[row * stride..];
                let at = of_row.iter().position(|&own| own == page)? as i64;
                at << shift | id & ((1 << shift) - 1)
            }
        };
        (column >= 0).then_some(column)
    }
}

fn coprime(a: i64, b: i64) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

/// An output in memory of the host.
pub type HostOutput<'a, I, S> = Output<'a, I, S, memory::Host>;

/// Marks of rows, few or many, or all of a row or none.
fn marks(rng: &mut Rng, rows: usize, width: usize) -> Vec<bool> {
    let mut all = Vec::with_capacity(rows * width);
    for _ in 0..rows {
        let of_16 = [0, 1, 8, 15, 16][rng.below(5) as usize];
        all.extend((0..width).map(|_| rng.below(16) < of_16));
    }
    all
}
