//! Records: measured times, as JSON lines. A run line says the GPU, driver and compiler; a row line the
//! outcome of one variant for one problem; a reading line the time of reading the scores once.
//!
//! This module reads records; `tune::Recorder` appends them. Of two rows about the same variant and
//! problem, the later one counts. A line that is cut off, unknown or from elsewhere is named in
//! [`Records::refused`] and left out; only a file that cannot be read at all is an error.

use super::provenance::{Provenance, hex};
use super::space;
use crate::plan::VariantLaunch;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use topkit_codegen::{DType, ProgramId, SelectorSpec, Semantics, Variant, render};

/// The version of the lines. Rows of version 1 had neither alignment nor PDL; their space of variants is
/// another, so they are foreign everywhere.
pub(crate) const FORMAT: u32 = 2;

/// Microseconds a launch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// With its input in the L2 cache, where it fits.
    pub warm: f64,
    /// With another copy of its input for each launch.
    pub cold: f64,
}

impl Sample {
    /// The number by which samples are compared: the geometric mean of warm and cold.
    pub fn microseconds(self) -> f64 {
        (self.warm * self.cold).sqrt()
    }
}

/// How much care was taken with a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// A few replays, to tell who may win.
    Short,
    /// Enough replays for a final time.
    Full,
}

/// The outcome of measuring a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Microseconds a launch, with its input in the L2 cache and not.
    Timed {
        /// One input for all launches.
        warm: f64,
        /// Another copy of the input for each launch.
        cold: f64,
        /// How it was timed.
        effort: Effort,
    },
    /// Its answer was wrong; it has no time.
    Wrong(String),
    /// The compiler or the GPU refused it.
    Refused(String),
    /// It cannot serve the problem, or could not win it, and was not measured.
    PassedOver(String),
}

impl Outcome {
    /// The number by which variants are compared: the geometric mean of warm and cold, in microseconds.
    pub fn microseconds(&self) -> Option<f64> {
        match self {
            Outcome::Timed { warm, cold, .. } => Some((warm * cold).sqrt()),
            Outcome::Wrong(_) | Outcome::Refused(_) | Outcome::PassedOver(_) => None,
        }
    }
}

/// The record of one candidate for one problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The problem.
    pub problem: Problem,
    /// The program that its kernels had; `None` without one.
    pub program: Option<ProgramId>,
    /// The candidate, with the default meaning and without a program.
    pub launch: VariantLaunch,
    /// The first digits of the digest of its source, where it could be rendered.
    pub source: String,
    /// Its outcome.
    pub outcome: Outcome,
}

impl Row {
    /// Whether it is about a problem, and about kernels with the program of a selector.
    #[cfg(feature = "tune")]
    pub(crate) fn is_of(&self, problem: &Problem, spec: &SelectorSpec) -> bool {
        self.problem == *problem && self.program == spec.program_id()
    }
}

/// What a row is about: of two rows with the same, the last counts.
type Place = (String, Problem, Option<ProgramId>, VariantLaunch);

/// The time of reading a problem's scores once, which no selection can beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The problem; its k is 0, since every k reads as much.
    pub problem: Problem,
    /// The time.
    pub sample: Sample,
}

/// The dtype, shape and layout of a record.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shape {
    dtype: String,
    rows: usize,
    columns: usize,
    vec_size: Option<u32>,
    #[serde(default)]
    ragged: bool,
}

impl Shape {
    #[cfg(feature = "tune")]
    pub(crate) fn of(problem: &Problem) -> Shape {
        let Problem { dtype, rows, columns, vec_size, ragged, .. } = *problem;
        Shape { dtype: dtype.name().to_owned(), rows, columns, vec_size: Some(vec_size), ragged }
    }

    fn problem(self, k: u32) -> Result<Problem, String> {
        let Shape { dtype, rows, columns, vec_size, ragged } = self;
        let dtype = DType::from_name(&dtype).ok_or(format!("{dtype} is no score type"))?;
        Problem::of_record(dtype, (rows, columns, k), vec_size, ragged)
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Run {
        format: u32,
        run: String,
        #[serde(flatten)]
        provenance: Provenance,
    },
    Reading {
        run: String,
        #[serde(flatten)]
        shape: Shape,
        read_once: Sample,
    },
    Row {
        run: String,
        #[serde(flatten)]
        shape: Shape,
        k: u32,
        /// Only of kernels with a program.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        program: Option<String>,
        candidate: String,
        source: String,
        #[serde(flatten)]
        outcome: Outcome,
    },
}

/// The rows of a file, each with the run that measured it, and the refused lines.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Records {
    /// Every run by its name.
    pub runs: BTreeMap<String, Provenance>,
    /// Every row with the name of its run, in the order of the file; of rows about the same, the
    /// last.
    pub rows: Vec<(String, Row)>,
    /// The time of reading once, with the name of its run.
    pub readings: Vec<(String, Reading)>,
    /// Refused lines, and why.
    pub refused: Vec<String>,
}

impl Records {
    /// Reads a file; one that is not there has nothing in it.
    ///
    /// # Errors
    /// The system does not give the file, or it is longer than records ever are (512 MiB): a pipe or a
    /// device may have no end.
    pub fn read(path: &Path) -> io::Result<Records> {
        match bytes(path, MOST_BYTES) {
            Ok(bytes) => {
                Ok(Records::of(&String::from_utf8_lossy(&bytes), &path.display().to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Records::default()),
            Err(error) => Err(error),
        }
    }

    /// Reads the text of a file of that name.
    pub fn of(text: &str, name: &str) -> Records {
        let mut records = Records::default();
        let mut places: HashMap<Place, usize> = HashMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match records.line(line) {
                Ok(None) => {}
                Ok(Some((run, row))) => {
                    let rows = &mut records.rows;
                    match places.entry((run.clone(), row.problem, row.program, row.launch)) {
                        std::collections::hash_map::Entry::Occupied(place) => {
                            rows[*place.get()].1 = row;
                        }
                        std::collections::hash_map::Entry::Vacant(place) => {
                            place.insert(rows.len());
                            rows.push((run, row));
                        }
                    }
                }
                Err(why) => records.refused.push(format!("{name}:{}: {why}", number + 1)),
            }
        }
        records
    }

    fn line(&mut self, line: &str) -> Result<Option<(String, Row)>, String> {
        let line: Line =
            serde_json::from_str(line).map_err(|_| "it is no line of a record".to_owned())?;
        match line {
            Line::Run { format: 1..=FORMAT, run, provenance } => {
                self.runs.insert(run, provenance);
                Ok(None)
            }
            Line::Run { format, .. } => Err(format!("it has format {format}, not {FORMAT}")),
            Line::Reading { run, shape, read_once } => {
                self.of_a_run(&run)?;
                let problem = Problem { k: 0, ..shape.problem(1)? };
                are_times(read_once.warm, read_once.cold)?;
                self.readings.retain(|(of, reading)| (of, reading.problem) != (&run, problem));
                self.readings.push((run, Reading { problem, sample: read_once }));
                Ok(None)
            }
            Line::Row { run, shape, k, program, candidate, source, outcome } => {
                self.of_a_run(&run)?;
                let problem = shape.problem(k)?;
                let launch = VariantLaunch::from_name(problem.dtype, &candidate)
                    .ok_or_else(|| format!("there is no kernel {candidate}"))?;
                if let Outcome::Timed { warm, cold, .. } = outcome {
                    are_times(warm, cold)?;
                    could_serve(&launch.variant, &problem)?;
                }
                let program = program.map(|id| id.parse::<ProgramId>()).transpose();
                let program = program.map_err(|error| error.to_string())?;
                Ok(Some((run, Row { problem, program, launch, source, outcome })))
            }
        }
    }

    fn of_a_run(&self, run: &String) -> Result<(), String> {
        let known = self.runs.contains_key(run);
        known.then_some(()).ok_or_else(|| format!("nothing says where run {run} was measured"))
    }

    #[cfg(feature = "tune")]
    /// The time of reading a problem's scores once, where a run has measured it.
    pub fn read_once(&self, run: &str, problem: &Problem) -> Option<Sample> {
        let problem = Problem { k: 0, ..*problem };
        let mut readings = self.readings.iter();
        let found = readings.find(|(of, reading)| of == run && reading.problem == problem);
        found.map(|(_, reading)| reading.sample)
    }

    /// The rows that were measured here and with these sources. Foreign runs and stale variants are
    /// named in [`Records::refused`], once each.
    ///
    /// `source` gives the digits that a row's `source` must have, as [`source_digest`] does.
    /// Without `here`, rows may be of anywhere, but not of another space of variants.
    pub fn usable(
        mut self,
        here: Option<&Provenance>,
        source: impl Fn(&Variant) -> String,
    ) -> Records {
        let mut foreign = Vec::new();
        self.runs.retain(|run, provenance| {
            let space = Provenance { space: space::hash(), ..provenance.clone() };
            let differs = provenance.differs(here.unwrap_or(&space));
            foreign.extend(differs.iter().map(|why| format!("run {run} is not of here: {why}")));
            differs.is_none()
        });
        let mut digests: HashMap<Variant, String> = HashMap::new();
        let mut stale: Vec<Variant> = Vec::new();
        self.rows.retain(|(run, row)| {
            if !self.runs.contains_key(run) {
                return false;
            }
            // A variant that was not measured depends on no source.
            if matches!(row.outcome, Outcome::PassedOver(_)) {
                return true;
            }
            let variant = row.launch.variant;
            let digest = digests.entry(variant).or_insert_with(|| source(&variant));
            let same = *digest == row.source;
            if !same && !stale.contains(&variant) {
                stale.push(variant);
            }
            same
        });
        self.readings.retain(|(run, _)| self.runs.contains_key(run));
        let stale = stale.iter().map(|variant| format!("{variant} was another kernel then"));
        self.refused.extend(foreign.into_iter().chain(stale));
        self
    }
}

/// The most bytes of a file of records.
const MOST_BYTES: u64 = 512 << 20;

/// The content of a file of at most so many bytes.
fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let too_long = || {
        let message = format!("it is longer than {most} bytes");
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    };
    let file = File::open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_long()) } else { Ok(bytes) }
}

/// The first digits of the digest of a kernel's source, with the default meaning and without a program: a
/// program's text is in its id. Empty where it cannot be rendered.
pub fn source_digest(variant: &Variant) -> String {
    let variant = Variant { semantics: Semantics::DEFAULT, program: None, ..*variant };
    render(&SelectorSpec::of(&variant), &variant)
        .map(|source| hex(&source.digest))
        .unwrap_or_default()
}

/// Refuses times that no launch took. Their mean has to be one too: the product of two tiny or two
/// huge ones is not.
fn are_times(warm: f64, cold: f64) -> Result<(), String> {
    let mean = Sample { warm, cold }.microseconds();
    let sound = [warm, cold, mean].iter().all(|us| us.is_finite() && *us > 0.0);
    sound.then_some(()).ok_or_else(|| "its time is no time".to_owned())
}

/// Refuses the time of a kernel for a problem that it does not serve.
fn could_serve(variant: &Variant, problem: &Problem) -> Result<(), String> {
    let serves = variant.capacity().is_none_or(|most| problem.columns <= most as usize)
        && variant.kernel.most_k().is_none_or(|most| problem.k <= most);
    serves.then_some(()).ok_or_else(|| format!("{variant} does not serve {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Records::read(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{error}");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(bytes(&path, 4).unwrap(), b"four");
        assert_eq!(bytes(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(Records::read(&folder.path().join("none")).unwrap().rows.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_has_no_length_and_no_end() {
        let error = bytes("/dev/zero".as_ref(), 1000).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1000 bytes");
    }
}
