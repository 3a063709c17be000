//! The laboratory of topkit: the parts that `topkit bench`, `topkit recall`, `topkit tune` and the tests
//! share.
//!
//! [`Cell`] and [`Grid`] name problems, [`scores`] makes their scores in host memory, [`check`] checks
//! answers, [`mod@bench`] times kernels beside peers and [`recall`] compares selections. It depends on the
//! library `topkit`, whose tuner has the one generator of scores ([`Distribution`], [`Rng`]). It reads no
//! file but the libraries of peers, prints nothing and knows no command line. Every failure is an
//! [`Error`].

pub mod bench;
pub mod bytes;
pub mod cell;
pub mod check;
mod error;
pub mod memory;
pub mod recall;
pub mod scores;

pub use cell::{Cell, Grid};
pub use check::Checker;
pub use error::{Error, refused};
pub use scores::{Matrix, Scores, Shape};
pub use topkit::tune::input::{Distribution, MASKED_FINITE, Rng, collisions, nan, number};

/// The distributions of the test suites; each of the others is like one of these.
pub const SUITE: [Distribution; 15] = [
    Distribution::Normal,
    Distribution::Symmetric,
    Distribution::Ascending,
    Distribution::Descending,
    Distribution::Equal,
    Distribution::Distinct64,
    Distribution::OneBin,
    Distribution::SignedZeros,
    Distribution::Nan,
    Distribution::Infinities,
    Distribution::Masked,
    Distribution::MaskedNan,
    Distribution::NanPadding,
    Distribution::MostlyNan,
    Distribution::BothInfinities,
];

/// The distributions of [`SUITE`] with many NaN or infinities: where the worst scores of a row are many,
/// and the finite ones few.
pub const SPECIAL: [Distribution; 7] = [
    Distribution::Nan,
    Distribution::Infinities,
    Distribution::Masked,
    Distribution::MaskedNan,
    Distribution::NanPadding,
    Distribution::MostlyNan,
    Distribution::BothInfinities,
];

/// Threads for work of the host.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
