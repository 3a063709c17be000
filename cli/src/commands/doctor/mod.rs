//! `topkit doctor`: reports the parts that topkit needs on this machine: found, or missing with the remedy.

mod probe;

use crate::ui::exit::{Exit, Failure};
use crate::ui::report::{Report, labelled};
use probe::{Finding, State};
use serde_json::{Value, json};

/// Looks at everything. It is in order when a kernel could be compiled and launched.
pub fn doctor() -> Result<Report, Failure> {
    let (mut findings, devices) = probe::gpus();
    let (finding, nvrtc) = probe::nvrtc(&devices);
    findings.push(finding);
    findings.extend(probe::environment());
    findings.push(probe::disassembler());
    findings.push(probe::cache());
    findings.extend(probe::packs());
    findings.extend(probe::overrides());
    let mut launched = false;
    if let Some(nvrtc) = &nvrtc {
        let (finding, ran) = probe::trial(!devices.is_empty(), nvrtc);
        findings.push(finding);
        launched = ran;
    }
    let compiled = findings.iter().any(|f| f.name == "trial" && f.state == State::Ok);
    let summary = match (launched, compiled) {
        (true, _) => "Kernels can be compiled and launched here.",
        (false, true) => "Kernels can be compiled here, but not launched.",
        (false, false) => "Kernels can be shown here, but neither compiled nor launched.",
    };
    let entries: Vec<_> =
        findings.iter().map(|finding| (finding.name.clone(), text(finding))).collect();
    Ok(Report {
        text: format!("{}\n{summary}\n", labelled(&entries)),
        json: json!({
            "ok": launched,
            "summary": summary,
            "checks": findings.iter().map(document).collect::<Vec<_>>(),
        }),
        exit: if launched { Exit::Done } else { Exit::CheckFailed },
    })
}

fn text(finding: &Finding) -> String {
    let state = match finding.state {
        State::Ok => "ok       ",
        State::Missing => "missing  ",
        State::Broken => "broken   ",
    };
    let remedy = finding.remedy.iter().map(|remedy| format!("-> {remedy}"));
    let lines = finding.text.lines().map(str::to_owned).chain(remedy).enumerate();
    lines.map(|(i, line)| format!("{}{line}\n", if i == 0 { state } else { "         " })).collect()
}

fn document(finding: &Finding) -> Value {
    json!({
        "name": finding.name,
        "state": match finding.state {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Broken => "broken",
        },
        "text": finding.text,
        "remedy": finding.remedy,
        "facts": finding.facts,
    })
}
