//! The main job of topkit from end to end, on one screen: declare, plan, generate, compile, select
//! and check. `cargo xtask demo` runs it with NVRTC at hand.
//!
//! It selects on the GPU where there is one, else by the generated kernel on the CPU, and says so. A
//! wrong answer is an error, as is a fault of the kernel or a GPU that fails.

mod place;
mod scores;

use half::bf16;
use place::Place;
use scores::Scores;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;
use topkit::host;
use topkit::{Arch, Config, DType, Problem, Rows, Toolchain, topk_kernel};

topk_kernel! {
    /// The sentences nearest in meaning to a query, by the scores of an embedding model.
    pub kernel NearestSentences {
        dtype: [f32, bf16, f16],
        k: 1..=64,
    }
}

const K: u32 = 3;
/// Lines of the generated source that are shown.
const HEAD: usize = 15;
/// Characters of a sentence that are shown.
const WIDTH: usize = 78;

fn main() -> ExitCode {
    match demo() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demo() -> Result<(), Box<dyn Error>> {
    let scores = Scores::load()?;
    let arch: Arch = "sm_90a".parse()?;
    let toolchain = Toolchain::new(arch)?;
    let selector = NearestSentences::new(&toolchain)?;

    let count = NearestSentences::variants().len();
    println!("DECLARE   topk_kernel! {{ NearestSentences }}: a selector of {count} variants");

    let problem = Problem::new(DType::Bf16, scores.rows, scores.columns, K);
    let plan = selector.plan(&problem)?;
    println!("PLAN      {problem}: {}", plan.variant);
    for reason in selector.explain(&problem)?.reasons {
        println!("          {} = {}: {}", reason.key, reason.value, reason.why);
    }

    let source = selector.source(&plan.variant)?;
    println!("GENERATE  {} lines of CUDA C", source.text.lines().count());
    for line in source.text.lines().take(HEAD) {
        println!("  | {line}");
    }

    let begin = Instant::now();
    // The disk cache would make the second demo compile nothing.
    let uncached = NearestSentences::new(&toolchain.with_config(Config::default())?)?;
    let resources = uncached.selector().resources(&plan.variant)?;
    let seconds = begin.elapsed().as_secs_f32();
    println!(
        "COMPILE   with {} in {seconds:.1} s",
        topkit::cache::Compiler::version(toolchain.nvrtc()?)
    );
    println!("          for {arch}: {}", resources.ok_or("the build log tells no resources")?);

    let place = Place::find()?;
    println!("SELECT    the top {K} of {} sentences for {} queries", scores.columns, scores.rows);
    println!("          {place}");
    let begin = Instant::now();
    let mut indices = place.select(&scores, K, &source)?;
    let seconds = begin.elapsed().as_secs_f32();
    println!(
        "          in {seconds:.1} s, compiling and copying included: no measure of the kernel"
    );
    let matrix = Rows::host(&scores.values, scores.rows, scores.columns);
    host::check::<bf16, i32>(&matrix, K, &NearestSentences::SPEC.semantics, &indices)?;
    let best = indices.chunks_exact_mut(K as usize).zip(&scores.queries).enumerate();
    for (row, (indices, query)) in best {
        // The selector is declared unsorted, as attention wants it; people want the best first.
        let score = |index: i32| matrix.scores_of(row)[index as usize].to_f32();
        indices.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        println!("  {query}");
        for &index in indices.iter() {
            println!("    {:.3}  {}", score(index), head(&scores.sentences[index as usize]));
        }
    }

    println!("CHECK     every row holds exactly the {K} best, {}", place.shows());
    Ok(())
}

/// The start of a sentence.
fn head(sentence: &str) -> String {
    if sentence.chars().count() <= WIDTH {
        return sentence.to_owned();
    }
    sentence.chars().take(WIDTH).chain(['…']).collect()
}
