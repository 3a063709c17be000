//! The arguments that name kernels, spelled as in `topk_kernel!`.

use crate::exit::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use topkit::{
    DType, IndexType, KSet, KernelKind, KernelSpec, NanPolicy, Order, Problem, Resources, RowShape,
    Select, SpecBuilder, SpecError, Ties, Variant,
};

/// The tuning axes. Each takes a list; the kernels are all combinations.
#[derive(Debug, Clone, clap::Args)]
pub struct Axes {
    /// Elements a thread loads at once: 1, 2, 4 or 8.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub vec_size: Vec<u32>,
    /// Histogram bins of one radix pass: a power of two from 256 to 4096.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub bins: Vec<u32>,
    /// Threads of a CTA: 128, 256, 512 or 1024.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub threads: Vec<u32>,
}

impl Axes {
    /// Declares the axes that were given; the others keep what the builder has.
    pub fn declare(&self, mut builder: SpecBuilder) -> SpecBuilder {
        if !self.vec_size.is_empty() {
            builder = builder.vec_size(self.vec_size.clone());
        }
        if !self.bins.is_empty() {
            builder = builder.bins(self.bins.clone());
        }
        if !self.threads.is_empty() {
            builder = builder.threads(self.threads.clone());
        }
        builder
    }
}

/// Every key of a kernel, for `emit` and `compile`. Axes that are not given have the defaults of
/// the macro.
#[derive(Debug, Clone, clap::Args)]
pub struct Keys {
    /// Types of a score; one or a list.
    #[arg(long, value_delimiter = ',', default_value = "bf16",
        value_parser = named(&DType::ALL, DType::name))]
    dtype: Vec<DType>,
    /// Algorithms; one or a list.
    #[arg(long, value_delimiter = ',', default_value = "block_radix",
        value_parser = named(KernelKind::ALL, KernelKind::name))]
    kernel: Vec<KernelKind>,
    /// Scores that a thread of block_resident holds: 8, 16, 32 or 64; one or a list. Without it: all
    /// that the other keys allow.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    items: Vec<u32>,
    #[command(flatten, next_help_heading = "Tuning axes (a value or a list; else 8, 2048, 512)")]
    axes: Axes,
    #[command(flatten)]
    meaning: Meaning,
}

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What the selection means")]
struct Meaning {
    /// Which end of the order wins.
    #[arg(long, default_value = "largest", value_parser = named(Select::ALL, Select::name))]
    select: Select,
    /// Where NaN ranks.
    #[arg(long, default_value = "highest", value_parser = named(NanPolicy::ALL, NanPolicy::name))]
    nan: NanPolicy,
    /// Which of equal scores win.
    #[arg(long, default_value = "any", value_parser = named(Ties::ALL, Ties::name))]
    ties: Ties,
    /// In what order the winners are written.
    #[arg(long, default_value = "unsorted", value_parser = named(Order::ALL, Order::name))]
    order: Order,
    /// The integer type of an index.
    #[arg(long, default_value = "i32", value_parser = named(IndexType::ALL, IndexType::name))]
    index: IndexType,
    /// Write the winners' scores too.
    #[arg(long)]
    values: bool,
    /// Rows of one length, or of a length read on the device.
    #[arg(long, default_value = "dense", value_parser = named(RowShape::ALL, RowShape::name))]
    rows: RowShape,
}

impl Keys {
    /// The kernels that the arguments name; at least one.
    pub fn variants(&self) -> Result<Vec<Variant>, Failure> {
        let mut variants = self.spec()?.variants();
        let items =
            |variant: &Variant| self.items.is_empty() || self.items.contains(&variant.items);
        // No items are a kernel's that holds none.
        variants.retain(|variant| {
            self.kernel.contains(&variant.kernel) && (variant.items == 0 || items(variant))
        });
        if variants.is_empty() {
            return Err(Failure::input(
                "no kernel has these keys: block_resident holds --threads times --items scores, \
                 at most 32768, in whole loads of --vec-size",
            ));
        }
        Ok(variants)
    }

    /// The family that they are members of.
    pub fn spec(&self) -> Result<KernelSpec, SpecError> {
        let meaning = &self.meaning;
        let builder = KernelSpec::builder("Kernels")
            .dtype(self.dtype.clone())
            .select(meaning.select)
            .nan(meaning.nan)
            .ties(meaning.ties)
            .order(meaning.order)
            .index(meaning.index)
            .values(meaning.values)
            .rows(meaning.rows);
        self.axes.declare(builder).build()
    }
}

/// The kernels of `run`: every axis is open, for the plan to choose from, unless it is given.
pub fn for_problem(
    problem: &Problem,
    select: Select,
    nan: NanPolicy,
    axes: &Axes,
) -> Result<KernelSpec, SpecError> {
    let open = KernelSpec::builder("Run")
        .dtype([problem.dtype])
        .k(KSet::from(problem.k))
        .select(select)
        .nan(nan)
        .vec_size([1, 2, 4, 8])
        .bins([256, 512, 1024, 2048, 4096])
        .threads([128, 256, 512, 1024]);
    axes.declare(open).build()
}

/// The key of a variant, for programs.
pub fn json(variant: &Variant) -> serde_json::Value {
    let meaning = &variant.semantics;
    serde_json::json!({
        "symbol": variant.symbol(),
        "kernel": variant.kernel.name(),
        "dtype": variant.dtype.name(),
        "vec_size": variant.vec_size,
        "bins": variant.bins,
        "threads": variant.threads,
        "items": variant.items,
        "cluster": variant.cluster,
        "select": meaning.select.name(),
        "nan": meaning.nan.name(),
        "ties": meaning.ties.name(),
        "order": meaning.order.name(),
        "index": meaning.index.name(),
        "values": meaning.values,
        "rows": meaning.rows.name(),
    })
}

/// What a kernel takes of an SM, for programs.
pub fn resources_json(resources: Resources) -> serde_json::Value {
    serde_json::json!({
        "registers": resources.registers,
        "spill_store_bytes": resources.spill_stores,
        "spill_load_bytes": resources.spill_loads,
        "shared_bytes": resources.shared_bytes,
    })
}

/// Parses one of a list of named choices; `--help` and errors list them.
pub fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|&choice| name(choice))).try_map(move |text| {
        all.iter().copied().find(|&choice| name(choice) == text).ok_or("not a known name")
    })
}
