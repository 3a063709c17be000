//! Every class of fault, caught in a small kernel that has it, at its line; and the same kernel
//! without it, which passes on every seed. The kernels are in `kernels/`, right and wrong in one.

use crate::case::interpreter;
use topkit::interpret::{Fault, Kernel, Launch, Memory};

const PRELUDE: &str = include_str!("kernels/prelude.cuh");
const BLOCKS: u32 = 4;
const THREADS: u32 = 64;
const SEEDS: u64 = 24;

#[derive(Clone, Copy)]
enum Shape {
    Plain,
    Cluster,
    Cooperative,
}
use Shape::*;

struct Example {
    name: &'static str,
    text: &'static str,
    shape: Shape,
    /// The classes under which the fault may be found; which one is the schedule's choice.
    classes: &'static [&'static str],
    /// A part of every message.
    says: &'static str,
}

macro_rules! examples {
    ($($name:ident: $shape:ident, $classes:expr, $says:literal;)*) => {
        const EXAMPLES: &[Example] = &[$(Example {
            name: stringify!($name),
            text: include_str!(concat!("kernels/", stringify!($name), ".cu")),
            shape: $shape,
            classes: &$classes,
            says: $says,
        },)*];

        $(#[test]
        fn $name() {
            both(EXAMPLES.iter().find(|example| example.name == stringify!($name)).unwrap());
        })*
    };
}

examples! {
    bounds_global: Plain, ["bounds", "race"], "byte";
    bounds_shared: Plain, ["bounds"], "shared memory";
    bounds_subscript: Plain, ["bounds"], "subscript";
    bounds_cluster: Cluster, ["misuse"], "rank";
    write_input: Plain, ["bounds"], "which is an input";
    alignment: Plain, ["alignment"], "4 bytes past a multiple of 16";
    uninitialised_shared: Plain, ["uninitialised"], "4-byte read of shared memory";
    uninitialised_global: Plain, ["uninitialised"], "4-byte read of out";
    divergence_branch: Plain, ["divergence"], "24 threads";
    divergence_lines: Plain, ["divergence"], "waits at the same barrier";
    divergence_named: Plain, ["divergence"], "barrier 1";
    divergence_cluster: Cluster, ["divergence"], "exits between";
    mask_missing: Plain, ["mask"], "mask 0xffffffff";
    mask_caller: Plain, ["mask"], "leaves it out";
    mask_never: Plain, ["mask"], "__syncthreads";
    mask_active: Plain, ["mask"], "__shfl_sync";
    race_shared: Plain, ["race"], "shared memory";
    race_reuse: Plain, ["race"], "shared memory";
    race_warp: Plain, ["race"], "shared memory";
    race_atomic: Plain, ["race"], "work at byte 0";
    race_atomic_read: Plain, ["race"], "shared memory";
    race_scope: Plain, ["race"], "too small a scope";
    race_fence: Plain, ["race"], "of out";
    race_acquire: Plain, ["race"], "of out";
    race_fence_scope: Plain, ["race"], "of out";
    race_fence_acquire: Plain, ["race"], "of out";
    race_grid: Cooperative, ["race", "uninitialised"], "of out";
    race_named: Plain, ["race", "uninitialised"], "of shared memory";
    cluster_start: Cluster, ["cluster"], "cluster barrier";
    cluster_exit: Cluster, ["cluster"], "block";
    cluster_relaxed: Cluster, ["race"], "shared memory";
    mbarrier_wait: Plain, ["race", "uninitialised"], "shared memory";
    mbarrier_bytes: Plain, ["deadlock"], "mbarrier";
    mbarrier_init: Plain, ["race", "uninitialised"], "shared memory";
    mbarrier_memory: Plain, ["misuse"], "the memory of an mbarrier";
    store_async: Cluster, ["race", "uninitialised"], "shared memory";
    copy_async_wait: Plain, ["misuse"], "__trap";
    copy_async_last: Plain, ["misuse"], "__trap";
    shared_size: Plain, ["shared"], "49152";
    spin: Plain, ["endless"], "spin";
    collectives: Plain, ["misuse"], "__trap";
    trap: Plain, ["misuse"], "__trap";
}

fn both(example: &Example) {
    let [right, wrong] = [true, false].map(|right| load(example, right));
    for seed in 0..SEEDS {
        let out = run(example, &right, seed)
            .unwrap_or_else(|fault| panic!("{}, right, seed {seed}: {fault}", example.name));
        let expected: Vec<_> = (0..BLOCKS * THREADS).map(|i| Some(3 * i)).collect();
        assert_eq!(out, expected, "{}, seed {seed}", example.name);
    }
    let lines = lines_at_fault(example);
    let mut shown = false;
    for seed in 0..SEEDS {
        let Err(fault) = run(example, &wrong, seed) else {
            panic!("{}, wrong, seed {seed}: no fault", example.name)
        };
        let message = fault.to_string();
        assert!(
            example.classes.contains(&fault.class()),
            "{}, seed {seed}: {message}",
            example.name
        );
        assert!(message.contains(example.says), "{}, seed {seed}: {message}", example.name);
        if let Some(site) = fault.site() {
            let line = (site.line.file.as_str(), site.line.line);
            let named = lines
                .iter()
                .any(|at| (format!("kernels/{}.cu", example.name).as_str(), *at) == line);
            assert!(named, "{}, seed {seed}: {message}", example.name);
        }
        assert_eq!(run(example, &wrong, seed), Err(fault), "a seed is a schedule");
        if !std::mem::replace(&mut shown, true) {
            println!("{message}");
        }
    }
}

fn load(example: &Example, right: bool) -> Kernel {
    let Example { name, text, .. } = example;
    let entry = format!("{name}_{}", if right { "right" } else { "wrong" });
    let text = format!(
        "#line 1 \"kernels/prelude.cuh\"\n{PRELUDE}#line 1 \"kernels/{name}.cu\"\n{text}\
         extern \"C\" __global__ void {entry}(const __grid_constant__ Args args) {{ body<{right}>(args); }}\n"
    );
    let interpreter = interpreter().steps(200_000).switch_every(8);
    interpreter.load_text(&entry, &text).unwrap_or_else(|error| panic!("{error}"))
}

fn run(example: &Example, kernel: &Kernel, seed: u64) -> Result<Vec<Option<u32>>, Fault> {
    let words = BLOCKS * THREADS;
    let mut memory = Memory::new();
    let out = memory.output::<u32>("out", words as usize);
    let scores: Vec<u32> = (0..words).map(|i| 3 * i).collect();
    let input = memory.input("in", &scores);
    let work = memory.workspace("work", &[0u32; 64]);
    let args = [out, input, work].map(|buffer| memory.address(buffer).to_ne_bytes()).concat();
    let launch = match example.shape {
        Plain => Launch::new(BLOCKS, THREADS),
        Cluster => Launch::new(BLOCKS, THREADS).cluster(2),
        Cooperative => Launch::new(BLOCKS, THREADS).cooperative(),
    };
    kernel.seed(seed).launch(&launch, &args, &mut memory)?;
    Ok(memory.read(out))
}

/// The lines that a kernel marks.
fn lines_at_fault(example: &Example) -> Vec<u32> {
    (1..)
        .zip(example.text.lines())
        .filter(|(_, line)| line.ends_with("// fault"))
        .map(|(at, _)| at)
        .collect()
}
