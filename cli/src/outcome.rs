//! One selection of `topkit run`, on the GPU or on the host, with all there is to tell about it; the
//! interpreter's is in [`crate::interpret`]. It neither picks the place nor checks the answer.

use crate::exit::Failure;
use crate::gpu::Session;
use crate::spec;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::time::Instant;
use topkit::cache::Origin;
use topkit::cudarc::driver::DeviceRepr;
use topkit::tune::{LAUNCHES, REPLAYS, Timing};
use topkit::{Engine, Explanation, KernelSpec, Problem, Score};

/// An answer and how it came about.
pub struct Outcome {
    /// `rows` x `k`, row after row.
    pub indices: Vec<i32>,
    /// `ran on`, `kernel` and `time`, for people.
    pub text: Vec<(String, String)>,
    /// The same for programs.
    pub json: Value,
}

/// An answer of the host.
pub fn on_host(indices: Vec<i32>, seconds: f64, why: &str) -> Outcome {
    let text = [
        ("ran on", format!("the host, in plain Rust on one thread: {why}")),
        ("time", format!("{:.2} ms, wall clock", seconds * 1e3)),
    ];
    Outcome {
        indices,
        text: text.map(|(label, text)| (label.to_owned(), text)).to_vec(),
        json: json!({
            "ran_on": { "place": "host", "why": why },
            "kernel": null,
            "time": { "method": "wall clock", "microseconds": seconds * 1e6 },
        }),
    }
}

/// Selects on the GPU and times the kernel.
pub fn on_gpu<S: Score + DeviceRepr>(
    engine: &Engine,
    spec: KernelSpec,
    problem: Problem,
    scores: &[S],
    progress: &ProgressBar,
) -> Result<Outcome, Failure> {
    let family = engine.family(spec)?;
    progress.set_message("compiling the kernel");
    let start = Instant::now();
    let plan = family.prepare(&problem)?;
    let ready = start.elapsed().as_secs_f64();
    let origin = family.artifact(&plan.variant)?.origin;
    let resources = family.resources(&plan.variant)?;
    let explanation = family.explain(&problem)?;

    progress.set_message("selecting on the GPU");
    let mut session = Session::start(&family, problem, scores)?;
    session.launch()?;
    session.indices()?;
    progress.set_message("timing the kernel");
    let timing = session.time()?;
    let indices = session.indices()?;

    let device = engine.device().map_or("GPU", |device| device.name.as_str()).to_owned();
    let made = match origin {
        Origin::Disk => "loaded from the disk cache",
        _ => "compiled and loaded",
    };
    let mut kernel = reasons(&explanation);
    if let Some(resources) = resources {
        kernel += &format!("\n{resources}");
    }
    kernel += &format!("\n{made} in {ready:.2} s");
    let Timing { median, least, most } = timing;
    let time = format!(
        "{median:.2} µs a launch: median of {REPLAYS} CUDA-graph replays of {LAUNCHES} launches \
         ({least:.2} to {most:.2}), after a warm-up"
    );
    let text =
        [("ran on", format!("{device}, {}", engine.arch())), ("kernel", kernel), ("time", time)];
    Ok(Outcome {
        indices,
        text: text.map(|(label, text)| (label.to_owned(), text)).to_vec(),
        json: json!({
            "ran_on": { "place": "gpu", "device": device, "arch": engine.arch().to_string() },
            "kernel": {
                "variant": spec::json(&plan.variant),
                "grid": plan.grid,
                "cluster": plan.cluster,
                "workspace_bytes": plan.workspace_bytes,
                "members": explanation.members,
                "why": reasons_json(&explanation),
                "resources": resources.map(spec::resources_json),
                "origin": origin.to_string(),
                "ready_seconds": ready,
            },
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

/// The kernel and why it was picked; the problem itself is told elsewhere.
pub fn reasons(explanation: &Explanation) -> String {
    let text = explanation.to_string();
    let rest: Vec<_> = text.lines().skip(1).map(str::trim).collect();
    format!("{}, 1 of {} members\n", explanation.plan.variant, explanation.members)
        + &rest.join("\n")
}

/// The same for programs.
pub fn reasons_json(explanation: &Explanation) -> Vec<Value> {
    let reasons = explanation.reasons.iter();
    let json = reasons.map(
        |reason| json!({ "key": reason.key.name(), "value": reason.value, "why": reason.why }),
    );
    json.collect()
}
