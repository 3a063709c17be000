//! One selection of `topkit run`, on the GPU or on the host, with its report; [`super::interpret`] has the
//! interpreter's. It neither chooses the engine nor checks the answer.

use super::gpu::{self, Session};
use super::selection::widened;
use crate::args::given::Given;
use crate::args::spec;
use crate::args::variant::{Chosen, Wish};
use crate::ui::exit::Failure;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::time::Instant;
use topkit::cache::Origin;
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::Selection;
use topkit::measure::{LAUNCHES, REPLAYS, Timing};
use topkit::spec::IndexType;
use topkit::{Engine, IndexInt, Problem, Score, Selector, SelectorSpec};

/// An answer and how it came about.
pub struct Outcome<S> {
    /// `rows` x `k`, row after row; an index is an id where the keys say so.
    pub answer: Selection<i64, S>,
    /// `ran on`, `kernel` and `time`, for people.
    pub text: Vec<(String, String)>,
    /// The same for programs.
    pub json: Value,
}

/// An answer of the host.
pub fn on_host<S>(answer: Selection<i64, S>, seconds: f64, why: &str) -> Outcome<S> {
    let text = [
        ("ran on", format!("the host, in plain Rust on one thread: {why}")),
        ("time", format!("{:.2} ms, wall clock", seconds * 1e3)),
    ];
    Outcome {
        answer,
        text: text.map(|(label, text)| (label.to_owned(), text)).to_vec(),
        json: json!({
            "ran_on": { "place": "host", "why": why },
            "kernel": null,
            "time": { "method": "wall clock", "microseconds": seconds * 1e6 },
        }),
    }
}

/// A kernel that is loaded on the GPU, before there are scores.
pub struct OnGpu {
    selector: Selector,
    chosen: Chosen,
    origin: Origin,
    /// Seconds that compiling and loading took.
    seconds: f64,
}

impl OnGpu {
    /// Takes the kernel of the plan, or the requested one, and loads it. A kernel that cannot run there,
    /// for lack of memory too, is refused before any score is made.
    pub fn ready(
        engine: &Engine,
        spec: SelectorSpec,
        problem: &Problem,
        wish: &Wish,
        given: &Given,
        progress: &ProgressBar,
    ) -> Result<OnGpu, Failure> {
        let selector = engine.selector(spec)?;
        let chosen = wish.choose(selector.spec(), &selector.explain(problem)?)?;
        gpu::fits(engine, &chosen.plan, given)?;
        progress.set_message("compiling the kernel");
        let start = Instant::now();
        selector.prepare_plan(&chosen.plan)?;
        let seconds = start.elapsed().as_secs_f64();
        let origin = selector.artifact(&chosen.plan.variant)?.origin;
        Ok(OnGpu { selector, chosen, origin, seconds })
    }

    /// Selects on the GPU and times the kernel.
    pub fn select<S: Score + DeviceRepr>(
        &self,
        scores: &[S],
        given: &Given,
        progress: &ProgressBar,
    ) -> Result<Outcome<S>, Failure> {
        match self.selector.spec().semantics.index {
            IndexType::I32 => self.select_as::<S, i32>(scores, given, progress),
            IndexType::U32 => self.select_as::<S, u32>(scores, given, progress),
            IndexType::I64 => self.select_as::<S, i64>(scores, given, progress),
        }
    }

    fn select_as<S: Score + DeviceRepr, I: IndexInt + DeviceRepr>(
        &self,
        scores: &[S],
        given: &Given,
        progress: &ProgressBar,
    ) -> Result<Outcome<S>, Failure> {
        let plan = &self.chosen.plan;
        progress.set_message("selecting on the GPU");
        let mut session = Session::<S, I>::start(&self.selector, *plan, scores, given)?;
        session.launch()?;
        session.answer()?;
        progress.set_message("timing the kernel");
        let timing = session.time()?;
        self.outcome(widened(session.answer()?)?, timing)
    }

    fn outcome<S>(&self, answer: Selection<i64, S>, timing: Timing) -> Result<Outcome<S>, Failure> {
        let OnGpu { selector, chosen, origin, seconds: ready } = self;
        let arch = selector.toolchain().arch();
        let resources = selector.resources(&chosen.plan.variant)?;
        let device = selector.engine().map_or("GPU".to_owned(), |it| it.device().name.clone());
        let made = match origin {
            Origin::Disk => "loaded from the disk cache",
            Origin::Pack => "loaded from a pack",
            _ => "compiled and loaded",
        };
        let mut kernel = chosen.text.clone();
        if let Some(resources) = resources {
            kernel += &format!("\n{resources}");
        }
        kernel += &format!("\n{made} in {ready:.2} s");
        let Timing { median, least, most, .. } = timing;
        let time = format!(
            "{median:.2} µs a launch: median of {REPLAYS} CUDA-graph replays of {LAUNCHES} launches \
             ({least:.2} to {most:.2}), after a warm-up"
        );
        let text = [("ran on", format!("{device}, {}", arch)), ("kernel", kernel), ("time", time)];
        let mut kernel_json = chosen.json();
        kernel_json["resources"] = json!(resources.map(spec::resources_json));
        kernel_json["origin"] = json!(origin.to_string());
        kernel_json["ready_seconds"] = json!(ready);
        Ok(Outcome {
            answer,
            text: text.map(|(label, text)| (label.to_owned(), text)).to_vec(),
            json: json!({
                "ran_on": { "place": "gpu", "device": device, "arch": arch.to_string() },
                "kernel": kernel_json,
                "time": {
                    "method": "median of CUDA-graph replays",
                    "microseconds": median,
                    "least_microseconds": least,
                    "most_microseconds": most,
                    "launches": LAUNCHES,
                    "replays": REPLAYS,
                },
            }),
        })
    }
}
