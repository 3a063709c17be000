//! What an answer means: the keys of `topk_kernel!` that a tensor's selection has.

use topkit::spec::{IndexType, NanPolicy, Order, Select, Semantics, SpecBuilder, SpecError, Ties};
use topkit::{DType, SelectorSpec};

/// What an answer means. The keys, their defaults and their values are those of `topk_kernel!`, whose
/// documentation and `docs/semantics.md` define them.
///
/// ```
/// use topkit_candle::{NanPolicy, Options, Order, Select, Ties};
///
/// // As `torch.topk`, with a rule for equal scores.
/// let options = Options::default().order(Order::ByValue).ties(Ties::LowestIndex);
/// assert_eq!((options.select, options.nan), (Select::Largest, NanPolicy::Highest));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Options {
    /// Which end of the order wins. Default: [`Select::Largest`].
    pub select: Select,
    /// Where NaN of either sign ranks: above +inf or below -inf. Default: [`NanPolicy::Highest`], as `torch.topk`.
    pub nan: NanPolicy,
    /// Which of equal scores win when not all of them can. Default: [`Ties::Any`], by which the set of winners may
    /// differ from run to run on a GPU.
    pub ties: Ties,
    /// In what order the winners of a row are written. Default: [`Order::Unsorted`], the fastest. `torch.topk` writes
    /// the best first: [`Order::ByValue`].
    pub order: Order,
}

impl Options {
    /// The defaults.
    pub const DEFAULT: Options = Options {
        select: Semantics::DEFAULT.select,
        nan: Semantics::DEFAULT.nan,
        ties: Semantics::DEFAULT.ties,
        order: Semantics::DEFAULT.order,
    };

    /// Sets which end of the order wins.
    pub const fn select(self, select: Select) -> Options {
        Options { select, ..self }
    }

    /// Sets where NaN ranks.
    pub const fn nan(self, nan: NanPolicy) -> Options {
        Options { nan, ..self }
    }

    /// Sets which of equal scores win.
    pub const fn ties(self, ties: Ties) -> Options {
        Options { ties, ..self }
    }

    /// Sets the order of the winners of a row.
    pub const fn order(self, order: Order) -> Options {
        Options { order, ..self }
    }

    /// The selector that topkit is asked for: with the winners' scores or without them.
    pub(crate) fn spec(self, values: bool) -> Result<SelectorSpec, SpecError> {
        let Options { select, nan, ties, order } = self;
        let index = IndexType::U32;
        let semantics = Semantics { select, nan, ties, order, index, values, ..Semantics::DEFAULT };
        // In the order of their documentation.
        let dtypes = [DType::F32, DType::Bf16, DType::F16, DType::F64];
        let integers = [DType::I32, DType::U32, DType::I16, DType::U8];
        let spec: SpecBuilder = SelectorSpec::builder("CandleTopK");
        spec.dtype([dtypes, integers].concat()).k(1..=i32::MAX as u32).semantics(semantics).build()
    }
}

impl Default for Options {
    fn default() -> Options {
        Options::DEFAULT
    }
}
