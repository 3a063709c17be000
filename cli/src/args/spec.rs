//! The arguments that name kernels, spelled as in `topk_kernel!`.

use crate::ui::exit::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use topkit::{
    DType, Problem, SelectorSpec, Variant,
    inspect::Resources,
    spec::{
        IndexType, KSet, KernelKind, NanPolicy, Order, RowShape, Select, SpecBuilder, SpecError,
        Ties,
    },
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
    /// Declares the axes that were given; the others stay as the builder has them.
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

/// The sizes that only some kernels have. Each takes a list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Sizes {
    /// Scores that a thread keeps in registers or stages at once; one or a list. Kernels without such
    /// scores ignore it. Without it: all that the other keys allow.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub items: Vec<u32>,
    /// CTAs that share a row, launched as one cluster: 1 in kernels without clusters; one or a list.
    /// Without it: all that the kernel has.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub cluster: Vec<u32>,
}

impl Sizes {
    /// Whether a kernel has one of the sizes that were given.
    pub fn admit(&self, variant: &Variant) -> bool {
        let any = |given: &[u32], value| given.is_empty() || given.contains(&value);
        // A kernel without items has 0.
        (variant.items == 0 || any(&self.items, variant.items))
            && any(&self.cluster, variant.cluster)
    }
}

/// Every key of a kernel, for `emit` and `compile`. Bins that are not given
/// are 2048, and threads 512.
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
    #[command(flatten)]
    sizes: Sizes,
    #[command(
        flatten,
        next_help_heading = "Tuning axes (a value or a list; else 16 bytes a load, 2048, 512)"
    )]
    axes: Axes,
    #[command(flatten)]
    meaning: Meaning,
}

/// What the selection means: the keys that every kernel of a selector shares.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What the selection means")]
pub struct Meaning {
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

impl Meaning {
    /// Declares all of it.
    pub fn declare(&self, builder: SpecBuilder) -> SpecBuilder {
        builder
            .select(self.select)
            .nan(self.nan)
            .ties(self.ties)
            .order(self.order)
            .index(self.index)
            .values(self.values)
            .rows(self.rows)
    }
}

impl Keys {
    /// The kernels that the arguments name; at least one.
    pub fn variants(&self) -> Result<Vec<Variant>, Failure> {
        let mut variants = self.spec()?.variants();
        variants.retain(|variant| {
            // Without a choice, the widest load there is.
            let wide = variant.vec_size * variant.dtype.bytes() == 16;
            self.kernel.contains(&variant.kernel)
                && self.sizes.admit(variant)
                && (wide || !self.axes.vec_size.is_empty())
        });
        if variants.is_empty() { Err(no_kernel(&self.kernel)) } else { Ok(variants) }
    }

    /// The selector that they are variants of.
    pub fn spec(&self) -> Result<SelectorSpec, SpecError> {
        let builder = SelectorSpec::builder("Kernels")
            .dtype(self.dtype.clone())
            .vec_size([4, 8])
            .bins([2048])
            .threads([512]);
        self.axes.declare(self.meaning.declare(builder)).build()
    }
}

/// The kernels of `run`: every axis is open, for the plan to choose from, unless it is given.
pub fn for_problem(
    problem: &Problem,
    select: Select,
    nan: NanPolicy,
    axes: &Axes,
) -> Result<SelectorSpec, SpecError> {
    let open = SelectorSpec::builder("Run")
        .dtype([problem.dtype])
        .k(KSet::from(problem.k))
        .select(select)
        .nan(nan)
        .vec_size([1, 2, 4, 8])
        .bins([256, 512, 1024, 2048, 4096])
        .threads([128, 256, 512, 1024]);
    axes.declare(open).build()
}

/// The message where no variant of the kernels that were meant has the keys that were given.
pub fn no_kernel(kernels: &[KernelKind]) -> Failure {
    let list = |values: &[u32]| {
        let values: Vec<_> = values.iter().map(u32::to_string).collect();
        values.join("|")
    };
    let sizes = |kernel: &KernelKind| match (kernel.items(), kernel.clusters()) {
        ([0], clusters) => format!("{} takes --cluster {}", kernel.name(), list(clusters)),
        (items, clusters) => {
            let (name, items, clusters) = (kernel.name(), list(items), list(clusters));
            format!("{name} takes --items {items} and --cluster {clusters}")
        }
    };
    let sizes: Vec<_> = kernels.iter().map(sizes).collect();
    Failure::input(format!(
        "no kernel has these keys: {}; kernels with items load 16 bytes at a time, block_resident \
         holds at most {} by --threads times --items, and filters have --bins 2048 and --threads 512",
        sizes.join("; "),
        Variant::MAX_CAPACITY
    ))
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

/// The resources of a kernel on an SM, for programs.
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
