//! `cargo xtask replay`: what a change does to every kernel that can be generated.
//!
//! Each side's own generator is built and prints the digest of each of its kernels, so that equal
//! digests are a proof for the whole space; only the texts of kernels that differ are then written
//! and compared, by `git diff`. Goldens are some of these kernels and need no look of their own.
//! Everything lies in `target/replay`; of it, only what cargo built is kept. With `--code`, `code`
//! compares machine code in place of texts.

mod code;

use crate::tree::Tree;
use crate::{Result, cargo, nvrtc};
use code::{Comparison, Pair, Which};
use fs4::FileExt;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(clap::Args)]
pub struct Args {
    /// The commit to compare from: an id, a branch, HEAD~2
    #[arg(value_name = "COMMIT-A", default_value = "HEAD^")]
    from: String,
    /// The commit to compare with [default: the working tree]
    #[arg(value_name = "COMMIT-B")]
    to: Option<String>,
    /// Name every kernel, with the lines that went and came, in place of the diffs
    #[arg(long)]
    stat: bool,
    /// Compile the kernels whose texts differ, and compare their machine code in place of the texts:
    /// of those with a golden, of `all`, of so many spread over all, or of those with a text in their
    /// symbol
    #[arg(
        long,
        value_name = "KERNELS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "goldens"
    )]
    code: Option<Which>,
    /// Fail where anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Kernels whose texts are compared at a time: some 60 MB a side.
const CHUNK: usize = 1000;
/// New or lost kernels that are named without `--stat`.
const NAMED: usize = 10;

/// A side: its kernels by symbol, each with the digest of its text, and the program that has them.
struct Side {
    title: String,
    program: PathBuf,
    kernels: BTreeMap<String, String>,
}

/// Compares, and prints what differs.
pub fn run(args: &Args) -> Result<()> {
    if args.code.is_some()
        && let Some((variable, folder)) = nvrtc::provide()?
    {
        // The library reads the variable where it looks for NVRTC.
        let mut again = Command::new(std::env::current_exe()?);
        return cargo::run(again.args(std::env::args_os().skip(1)).env(variable, folder));
    }
    let place = cargo::target()?.join("replay");
    fs::create_dir_all(&place)?;
    let lock = File::create(place.join("lock"))?;
    FileExt::try_lock(&lock)
        .map_err(|error| format!("another replay runs in {}: {error}", place.display()))?;

    let from = Tree::of(cargo::root(), &args.from, place.join("from"))?;
    let to = match &args.to {
        Some(commit) => Tree::of(cargo::root(), commit, place.join("to"))?,
        None => Tree::working(cargo::root()),
    };
    let [from, to] = [Side::of(&from, &place, "from")?, Side::of(&to, &place, "to")?];
    let difference = Difference::between(&from.kernels, &to.kernels);
    let mut report = format!("{}\n{}\n", from.describe(), to.describe());
    report += &difference.summary();
    let texts = place.join("texts");
    let compared = match &args.code {
        None => difference.tell(args.stat, &mut report, |symbols, form| {
            from.write(&texts.join("a"), symbols)?;
            to.write(&texts.join("b"), symbols)?;
            diff(&texts, form)
        }),
        Some(which) => {
            let symbols = which.of(&difference.changed, &goldens()?);
            compare_code(&[&from, &to], &texts, &symbols).map(|compared| report += &compared)
        }
    };
    if texts.exists() {
        fs::remove_dir_all(&texts)?;
    }
    compared?;
    print(&report)?;
    let differs = difference.count();
    if args.exit_code && differs > 0 {
        return Err(format!("{differs} kernels differ").into());
    }
    Ok(())
}

/// The symbols of the kernels that have a golden.
fn goldens() -> Result<Vec<String>> {
    let entries = fs::read_dir(cargo::root().join("tests/golden"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>()?;
    Ok(names.iter().map(|name| symbol_of(name).to_owned()).collect())
}

/// Compares the machine code of these kernels.
fn compare_code(sides: &[&Side; 2], texts: &Path, symbols: &[&str]) -> Result<String> {
    let mut comparison = Comparison::default();
    for symbols in symbols.chunks(CHUNK) {
        let mut read = [Vec::new(), Vec::new()];
        for (side, read) in sides.iter().zip(&mut read) {
            side.write(texts, symbols)?;
            for symbol in symbols {
                read.push(fs::read_to_string(texts.join(format!("{symbol}.cu")))?);
            }
        }
        let [from, to] = read;
        let texts = from.into_iter().zip(to).map(|(from, to)| [from, to]);
        let named = symbols.iter().zip(texts);
        let pairs = named.map(|(symbol, texts)| Pair { symbol: symbol.to_string(), texts });
        comparison.add(&pairs.collect::<Vec<_>>())?;
    }
    Ok(comparison.to_string())
}

impl Side {
    /// Builds the generator of a tree and asks it for all kernels.
    fn of(tree: &Tree, place: &Path, name: &str) -> Result<Side> {
        eprintln!("Generating every kernel of {}", tree.title);
        let target = place.join("build");
        let command = |arguments: &[&str]| -> Result<Command> {
            let mut command = cargo::command(arguments)?;
            command.args(["--quiet", "--release", "--package", "topkit-codegen", "--target-dir"]);
            command.arg(&target).current_dir(&tree.folder);
            Ok(command)
        };
        // Cargo goes by time stamps and takes the package of another tree for the same one: without
        // this the second side can be the first side's program.
        cargo::run(&mut command(&["clean"])?)?;
        let mut build = command(&["build", "--example", "every_kernel"])?;
        let built = cargo::build(&mut build)?;
        let built = built.into_iter().find(|built| built.name == "every_kernel");
        let built = built.ok_or("cargo built no example every_kernel of topkit-codegen")?;
        // The next build overwrites it.
        let program = place.join(format!("every_kernel-{name}{}", std::env::consts::EXE_SUFFIX));
        fs::copy(&built.file, &program)?;
        let output = Command::new(&program).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("the kernels of {}: {}", tree.title, output.status).into());
        }
        let kernels = String::from_utf8(output.stdout)?;
        let kernels = kernels.lines().filter_map(|line| line.split_once(' '));
        let kernels = kernels.map(|(symbol, digest)| (symbol.to_owned(), digest.to_owned()));
        Ok(Side { title: tree.title.clone(), program, kernels: kernels.collect() })
    }

    fn describe(&self) -> String {
        format!("{} kernels: {}", self.kernels.len(), self.title)
    }

    /// Writes the texts of these kernels to a folder, which is emptied first.
    fn write(&self, folder: &Path, symbols: &[&str]) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let mut child = Command::new(&self.program).arg(folder).stdin(Stdio::piped()).spawn()?;
        let given =
            child.stdin.take().map(|mut stdin| stdin.write_all(symbols.join("\n").as_bytes()));
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("the texts of {}: {status}", self.title).into());
        }
        Ok(given.transpose().map(drop)?)
    }
}

/// Which kernels differ, by symbol.
struct Difference<'a> {
    changed: Vec<&'a str>,
    appeared: Vec<&'a str>,
    vanished: Vec<&'a str>,
}

/// What git is to print of two folders.
#[derive(Clone, Copy)]
enum Form {
    Unified,
    Counts,
}

impl<'a> Difference<'a> {
    fn between(
        from: &'a BTreeMap<String, String>,
        to: &'a BTreeMap<String, String>,
    ) -> Difference<'a> {
        let without = |one: &'a BTreeMap<String, String>, other: &BTreeMap<_, _>| {
            one.keys().filter(|symbol| !other.contains_key(*symbol)).map(String::as_str).collect()
        };
        let changed = |(symbol, digest): (&'a String, &String)| {
            to.get(symbol).is_some_and(|new| new != digest).then_some(symbol.as_str())
        };
        Difference {
            changed: from.iter().filter_map(changed).collect(),
            appeared: without(to, from),
            vanished: without(from, to),
        }
    }

    fn count(&self) -> usize {
        self.changed.len() + self.appeared.len() + self.vanished.len()
    }

    fn summary(&self) -> String {
        if self.count() == 0 {
            return "every kernel is the same, byte by byte\n".to_owned();
        }
        let Difference { changed, appeared, vanished } = self;
        let (changed, appeared, vanished) = (changed.len(), appeared.len(), vanished.len());
        format!("{changed} changed, {appeared} appeared, {vanished} vanished\n")
    }

    /// Tells what differs; `compare` gives git's words on some of the changed kernels.
    fn tell(
        &self,
        stat: bool,
        report: &mut String,
        mut compare: impl FnMut(&[&str], Form) -> Result<String>,
    ) -> Result<()> {
        for (verb, symbols) in [("vanished", &self.vanished), ("appeared", &self.appeared)] {
            let named = if stat { symbols.len() } else { symbols.len().min(NAMED) };
            for symbol in &symbols[..named] {
                writeln!(report, "{verb}  {symbol}")?;
            }
            if named < symbols.len() {
                writeln!(report, "{verb}  {} more; --stat names them", symbols.len() - named)?;
            }
        }
        let mut groups = Groups::default();
        for symbols in self.changed.chunks(CHUNK) {
            if stat {
                for line in compare(symbols, Form::Counts)?.lines() {
                    let mut words = line.split('\t');
                    let mut word = || words.next().unwrap_or_default();
                    let (came, went, file) = (word(), word(), word());
                    writeln!(report, "changed   +{came} -{went}  {}", symbol_of(file))?;
                }
            } else {
                groups.add(&compare(symbols, Form::Unified)?);
            }
        }
        groups.tell(report)
    }
}

/// Unified diffs, grouped by the lines that they remove and add.
#[derive(Default)]
struct Groups {
    /// The first diff of each, and whose it is.
    groups: Vec<(String, Vec<String>)>,
    known: HashMap<String, usize>,
}

impl Groups {
    /// Adds what `git diff` printed of some files.
    fn add(&mut self, diffs: &str) {
        for diff in starts(diffs) {
            let hunks = diff.find("\n@@").map_or("", |at| &diff[at..]);
            let lines = hunks.lines().filter(|line| line.starts_with(['+', '-']));
            let lines = lines.collect::<Vec<_>>().join("\n");
            let at = *self.known.entry(lines).or_insert(self.groups.len());
            if at == self.groups.len() {
                self.groups.push((diff.to_owned(), Vec::new()));
            }
            let file = diff.lines().find_map(|line| line.strip_prefix("+++ "));
            self.groups[at].1.push(symbol_of(file.unwrap_or_default()).to_owned());
        }
    }

    fn tell(&self, report: &mut String) -> Result<()> {
        for (diff, symbols) in &self.groups {
            let first = symbols.first().map_or("", String::as_str);
            match symbols.len() - 1 {
                0 => writeln!(report, "\nchanged  {first}")?,
                others => writeln!(report, "\nchanged  {first} and {others} more, alike")?,
            }
            *report += diff;
        }
        Ok(())
    }
}

/// The diffs of single files, each from its `diff` line on.
fn starts(diffs: &str) -> Vec<&str> {
    let mut starts: Vec<usize> =
        diffs.match_indices("\ndiff --git ").map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    starts.push(diffs.len());
    starts.windows(2).map(|ends| &diffs[ends[0]..ends[1]]).filter(|diff| !diff.is_empty()).collect()
}

/// The symbol in a path that ends in `SYMBOL.cu`, or in git's `{a => b}/SYMBOL.cu`.
fn symbol_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".cu").unwrap_or(name)
}

/// What git prints of the folders `a` and `b`.
fn diff(folder: &Path, form: Form) -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(folder);
    git.args(["diff", "--no-index", "--no-color", "--no-ext-diff", "--no-renames", "--no-prefix"]);
    git.args(match form {
        Form::Unified => ["--unified=3"],
        Form::Counts => ["--numstat"],
    });
    let output = git.args(["a", "b"]).output().map_err(|error| format!("git: {error}"))?;
    // As of diff(1), 1 says that they differ.
    match output.status.code() {
        Some(0 | 1) => Ok(String::from_utf8(output.stdout)?),
        _ => Err(format!("git diff: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// A reader that has seen enough, such as `head`, is no error.
fn print(report: &str) -> Result<()> {
    match io::stdout().write_all(report.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
mod tests {
    use super::*;

    fn kernels(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(symbol, text)| (symbol.to_string(), text.to_string())).collect()
    }

    /// The report on two sets of texts; each text is its own digest.
    fn report(from: &[(&str, &str)], to: &[(&str, &str)], stat: bool) -> String {
        let (from, to) = (kernels(from), kernels(to));
        let difference = Difference::between(&from, &to);
        let folder = tempfile::tempdir().unwrap();
        let mut report = difference.summary();
        let compare = |symbols: &[&str], form| {
            for (side, kernels) in [("a", &from), ("b", &to)] {
                fs::create_dir_all(folder.path().join(side)).unwrap();
                for symbol in symbols {
                    let file = folder.path().join(side).join(format!("{symbol}.cu"));
                    fs::write(file, &kernels[*symbol]).unwrap();
                }
            }
            diff(folder.path(), form)
        };
        difference.tell(stat, &mut report, compare).unwrap();
        report
    }

    const FROM: &[(&str, &str)] =
        &[("gone", "1\n"), ("one", "1\n2\n3\n"), ("same", "5\n"), ("two", "0\n2\n")];
    const TO: &[(&str, &str)] =
        &[("new", "9\n"), ("one", "1\n7\n3\n"), ("same", "5\n"), ("two", "0\n7\n")];

    #[test]
    fn equal_kernels_are_said_to_be_equal() {
        assert_eq!(report(FROM, FROM, false), "every kernel is the same, byte by byte\n");
        assert_eq!(report(FROM, FROM, true), report(FROM, FROM, false));
    }

    #[test]
    fn what_differs_is_shown_once_for_all_that_differ_alike() {
        let told = report(FROM, TO, false);
        let head = "2 changed, 1 appeared, 1 vanished\nvanished  gone\nappeared  new\n\n\
                    changed  one and 1 more, alike\ndiff --git a/one.cu b/one.cu\n";
        assert!(told.starts_with(head), "{told}");
        assert!(told.ends_with("+++ b/one.cu\n@@ -1,3 +1,3 @@\n 1\n-2\n+7\n 3\n"), "{told}");
        let other = [("gone", "1\n"), ("one", "1\n7\n3\n"), ("same", "5\n"), ("two", "0\n8\n")];
        let told = report(FROM, &other, false);
        assert!(told.contains("changed  one\n") && told.contains("changed  two\n"), "{told}");
        assert!(told.contains("-2\n+7\n") && told.contains("-2\n+8\n"), "{told}");
    }

    #[test]
    fn the_short_form_names_every_kernel() {
        let told = report(FROM, TO, true);
        assert!(
            told.ends_with("appeared  new\nchanged   +1 -1  one\nchanged   +1 -1  two\n"),
            "{told}"
        );
        let many: Vec<String> = (10..40).map(|i| format!("k{i}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|symbol| (symbol.as_str(), "1")).collect();
        assert!(report(&[], &many, false).ends_with("appeared  20 more; --stat names them\n"));
        assert!(report(&many, &[], true).ends_with("vanished  k39\n"));
    }
}
