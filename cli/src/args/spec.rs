//! The arguments that name kernels, spelled as in `topk_kernel!`.

use crate::ui::exit::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use std::collections::BTreeSet;
use topkit::{
    DType, Problem, SelectorSpec, Variant,
    inspect::Resources,
    spec::{KSet, KernelKind, Key, Semantics, SpecBuilder, SpecError, TuningKey},
};

/// The tuning axes that were given. Each takes a list; the kernels are all combinations.
#[derive(Debug, Clone, Default)]
pub struct Axes(Vec<(&'static TuningKey, Vec<u32>)>);

impl Axes {
    /// Declares the given axes; the others stay as the builder has them.
    pub fn declare(&self, builder: SpecBuilder) -> SpecBuilder {
        let mut spec = builder.spec();
        self.0.iter().for_each(|(key, sizes)| key.set(&mut spec, sizes.clone()));
        spec.into()
    }

    /// Whether an axis was given.
    pub fn has(&self, key: Key) -> bool {
        self.0.iter().any(|(given, _)| given.key() == key)
    }
}

impl FromArgMatches for Axes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Axes, clap::Error> {
        let given = Key::tuning().iter().filter_map(|&key| {
            let sizes = matches.get_many::<u32>(key.name())?;
            Some((key, sizes.copied().collect()))
        });
        Ok(Axes(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Axes::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Axes {
    fn augment_args(command: Command) -> Command {
        command.args(Key::tuning().iter().map(|key| {
            let sizes: Vec<String> = key.allowed().iter().map(u32::to_string).collect();
            option(key.key(), &format!(" [possible values: {}]", sizes.join(", ")))
                .value_name("N")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(clap::value_parser!(u32))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Axes::augment_args(command)
    }
}

/// The option of a key, `--vec-size`, with its meaning.
fn option(key: Key, more: &str) -> Arg {
    let help = key.summary().trim_end_matches('.').replace('`', "");
    Arg::new(key.name()).long(key.name().replace('_', "-")).help(help + more)
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
    /// Stripes of a row that a filter has in shared memory at once; one or a list. Other kernels ignore it.
    /// Without it: all that the kernel has.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub stages: Vec<u32>,
}

impl Sizes {
    /// Whether a kernel has one of the sizes that were given.
    pub fn admit(&self, variant: &Variant) -> bool {
        let any = |given: &[u32], value| given.is_empty() || given.contains(&value);
        // A kernel without items has 0.
        (variant.items == 0 || any(&self.items, variant.items))
            && any(&self.cluster, variant.cluster)
            && (!variant.kernel.filters() || any(&self.stages, variant.stages))
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

/// The semantics of the selection: the keys that every kernel of a selector shares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meaning(Semantics);

impl Meaning {
    /// Declares all of it.
    pub fn declare(&self, builder: SpecBuilder) -> SpecBuilder {
        builder.semantics(self.0)
    }
}

impl FromArgMatches for Meaning {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Meaning, clap::Error> {
        let mut semantics = Semantics::DEFAULT;
        for key in Key::semantic() {
            let name = key.key().name();
            let word = if key.is_flag() {
                if matches.get_flag(name) { "true" } else { "false" }
            } else {
                matches.get_one::<String>(name).map_or(key.default_word(), String::as_str)
            };
            // The parser lets through the words of the key alone.
            let _ = key.set(&mut semantics, word);
        }
        Ok(Meaning(semantics))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Meaning::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Meaning {
    fn augment_args(command: Command) -> Command {
        command.args(Key::semantic().iter().map(|key| {
            let option = option(key.key(), "").help_heading("What the selection means");
            if key.is_flag() {
                return option.action(ArgAction::SetTrue);
            }
            let words = PossibleValuesParser::new(key.words());
            option.value_parser(words).default_value(key.default_word())
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Meaning::augment_args(command)
    }
}

impl Keys {
    /// The kernels that the arguments name; at least one.
    pub fn variants(&self) -> Result<Vec<Variant>, Failure> {
        let mut variants = self.spec()?.variants();
        variants.retain(|variant| {
            // Without `--vec-size`, the widest load.
            let wide = variant.vec_size * variant.dtype.bytes() == 16;
            self.kernel.contains(&variant.kernel)
                && self.sizes.admit(variant)
                && (wide || self.axes.has(Key::VecSize))
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
    semantics: &Semantics,
    axes: &Axes,
) -> Result<SelectorSpec, SpecError> {
    let open = SelectorSpec::builder("Run")
        .dtype([problem.dtype])
        .k(KSet::from(problem.k))
        .semantics(*semantics)
        .all_axes();
    axes.declare(open).build()
}

/// The message if the keys name several kernels and one is wanted: the keys to narrow, each with the
/// values that are left.
pub fn several(variants: &[Variant]) -> String {
    let sizes = |of: fn(&Variant) -> u32| {
        let sizes: BTreeSet<u32> = variants.iter().map(of).collect();
        sizes.iter().map(u32::to_string).collect()
    };
    let words = |of: fn(&Variant) -> &'static str| {
        let words: BTreeSet<&str> = variants.iter().map(of).collect();
        words.into_iter().map(str::to_owned).collect()
    };
    let keys: [(&str, Vec<String>); 8] = [
        ("dtype", words(|variant| variant.dtype.name())),
        ("kernel", words(|variant| variant.kernel.name())),
        ("vec_size", sizes(|variant| variant.vec_size)),
        ("bins", sizes(|variant| variant.bins)),
        ("threads", sizes(|variant| variant.threads)),
        ("items", sizes(|variant| variant.items)),
        ("cluster", sizes(|variant| variant.cluster)),
        ("stages", sizes(|variant| variant.stages)),
    ];
    let open = keys.into_iter().filter(|(_, values)| values.len() > 1);
    let open = open.map(|(key, values)| format!("{key} ({})", values.join(", ")));
    let open: Vec<String> = open.collect();
    format!("these keys name {} kernels; give one value of {}", variants.len(), open.join(", of "))
}

/// The message if no variant of the named kernels has the given keys.
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
    let mut json = serde_json::json!({
        "symbol": variant.symbol(),
        "kernel": variant.kernel.name(),
        "dtype": variant.dtype.name(),
        "items": variant.items,
        "cluster": variant.cluster,
        "stages": variant.stages,
    });
    for key in Key::tuning() {
        json[key.name()] = key.of_variant(variant).into();
    }
    for key in Key::semantic() {
        let word = key.word(&variant.semantics);
        let value = if key.is_flag() { (word == "true").into() } else { word.into() };
        json[key.key().name()] = value;
    }
    json
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

/// Parses one of a list of names; `--help` and errors list them.
pub fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|&choice| name(choice))).try_map(move |text| {
        all.iter().copied().find(|&choice| name(choice) == text).ok_or("not a known name")
    })
}
