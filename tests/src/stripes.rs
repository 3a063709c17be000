//! How a filter deals the columns of a row to its stripes and threads, as `templates/row/stripes.cuh`
//! does, for inputs that put all winners where one stripe, one thread or the edge reads them.
//!
//! A test in `tests/interpret/dealt.rs` compares it with the template itself, column by column.

use topkit::Variant;

/// The stripes of a row that some CTAs share.
#[derive(Debug, Clone, Copy)]
pub struct Stripes {
    /// Scores of a vector.
    vector: usize,
    /// Scores before the first vector.
    head: usize,
    /// Whole vectors.
    vectors: usize,
    /// Consecutive vectors.
    chunk: usize,
    /// Chunks that the threads of a CTA read at a time.
    places: usize,
    /// Stripes: a multiple of the CTAs.
    pub count: usize,
}

/// Who reads a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A thread with its vectors of a stripe.
    Vector {
        /// The stripe, from 0 on.
        stripe: usize,
        /// The thread of the CTA.
        thread: usize,
    },
    /// Scores before or after the whole vectors, each read alone.
    Edge,
}

impl Stripes {
    /// Of a row of `length` scores that begins `past` scores after a multiple of 16 bytes, shared by
    /// `parts` CTAs of a filter.
    ///
    /// # Panics
    /// If the kernel is not a filter.
    pub fn of(variant: &Variant, parts: usize, past: usize, length: usize) -> Stripes {
        assert!(variant.kernel.filters(), "{} has no stripes", variant.kernel.name());
        let vector = variant.vec_size as usize;
        let head = ((vector - past % vector) % vector).min(length);
        let vectors = (length - head) / vector;
        let chunk = variant.chunk() as usize;
        let full = (variant.threads * variant.items) as usize / vector / chunk * parts;
        let count = vectors.div_ceil(chunk).div_ceil(full).max(1) * parts;
        Stripes { vector, head, vectors, chunk, places: variant.threads as usize / chunk, count }
    }

    /// Who reads a column of the row.
    pub fn reader(&self, column: usize) -> Reader {
        let Stripes { vector, head, vectors, chunk, places, count } = *self;
        let Some(at) = column.checked_sub(head).map(|past| past / vector).filter(|&v| v < vectors)
        else {
            return Reader::Edge;
        };
        let place = at / chunk / count % places;
        let turned = (u64::from((place as u32).wrapping_mul(0x9E37_79B1)) * count as u64) >> 32;
        let stripe = (at / chunk + count - turned as usize) % count;
        let farther = (places * 618 / 1000) | 1;
        let warp = (place + places * farther - stripe * farther % places) % places;
        Reader::Vector { stripe, thread: warp * chunk + at % chunk }
    }

    /// The columns of a row of this length that one kind of reader reads.
    pub fn columns(&self, length: usize, by: impl Fn(Reader) -> bool) -> Vec<usize> {
        (0..length).filter(|&column| by(self.reader(column))).collect()
    }
}
