//! `cargo xtask replay --code`: whether kernels whose texts differ still give the same machine code.
//!
//! Texts that are equal but for comments, blank lines and `#line` compile to the same instructions and
//! are not compiled. The others are compiled on both sides by NVRTC, for `sm_90a`, and for `sm_80` too
//! where they need no cluster. Compared are the instructions, function by function whatever its name, the constants, the
//! registers and the static shared memory. Nothing is timed. A kernel that does not compile is an
//! error.

use crate::Result;
use object::elf::FileHeader64;
use object::read::elf::ElfFile;
use object::{Endianness, Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use topkit::cache::Compiler;
use topkit::inspect::{RenderedSource, Resources};
use topkit::machine::Nvrtc;
use topkit::{Arch, Variant};

/// Bytes of an instruction, from sm_70 on.
const INSTRUCTION: usize = 16;

/// Which of the changed kernels are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Kernels with a golden in `tests/golden`.
    Goldens,
    /// Every one.
    All,
    /// That many, spread evenly over all.
    Spread(usize),
    /// Kernels with this text in the symbol.
    Named(String),
}

impl std::str::FromStr for Which {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Which, Self::Err> {
        Ok(match text {
            "goldens" => Which::Goldens,
            "all" => Which::All,
            text => match text.parse() {
                Ok(number) => Which::Spread(number),
                Err(_) => Which::Named(text.to_owned()),
            },
        })
    }
}

impl Which {
    /// Those of `changed` that are meant; `goldens` holds the symbols that have one.
    pub fn of<'a>(&self, changed: &[&'a str], goldens: &[String]) -> Vec<&'a str> {
        let all = changed.iter().copied();
        match self {
            Which::All => all.collect(),
            Which::Goldens => all.filter(|symbol| goldens.iter().any(|g| g == symbol)).collect(),
            Which::Named(text) => all.filter(|symbol| symbol.contains(text)).collect(),
            Which::Spread(0) => Vec::new(),
            Which::Spread(number) => all.step_by(changed.len().div_ceil(*number).max(1)).collect(),
        }
    }
}

/// What runs of a compiled kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Code {
    /// The instructions of each function, sorted, so that neither names nor order count.
    functions: Vec<Vec<u8>>,
    /// Constants that the compiler made of the text, such as tables.
    constants: Vec<Vec<u8>>,
    registers: u32,
    shared: u64,
    /// The values that the text gives names and the compiler keeps by name, sorted too. An instruction
    /// has such a value in itself.
    named: Vec<Vec<u8>>,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.functions.iter().map(Vec::len).sum();
        let (functions, instructions) = (self.functions.len(), bytes / INSTRUCTION);
        let constants: usize = self.constants.iter().map(Vec::len).sum();
        let Code { registers, shared, .. } = self;
        write!(
            f,
            "{instructions} instructions in {functions} functions, {registers} registers, {shared} B shared, \
             {constants} B constants"
        )
    }
}

/// How many instructions of one side the other lacks, as a multiset.
fn unmatched(from: &Code, to: &Code) -> usize {
    let mut left: BTreeMap<&[u8], usize> = BTreeMap::new();
    for instruction in from.functions.iter().flat_map(|function| function.chunks(INSTRUCTION)) {
        *left.entry(instruction).or_default() += 1;
    }
    for instruction in to.functions.iter().flat_map(|function| function.chunks(INSTRUCTION)) {
        if let Some(count) = left.get_mut(instruction) {
            *count = count.saturating_sub(1);
        }
    }
    left.values().sum()
}

/// One kernel: its symbol, and its text on both sides.
pub struct Pair {
    pub symbol: String,
    pub texts: [String; 2],
}

/// What was compared so far.
#[derive(Default)]
pub struct Comparison {
    /// Texts that are equal but for comments.
    alike: usize,
    /// Machine code that is equal.
    equal: usize,
    /// Machine code that is equal, with other named values beside it.
    named: usize,
    /// A paragraph for each kernel and architecture whose machine code differs.
    different: Vec<String>,
}

impl Comparison {
    /// Compares the machine code of each pair, and says on stderr what it compiles.
    pub fn add(&mut self, pairs: &[Pair]) -> Result<()> {
        let (alike, others): (Vec<&Pair>, Vec<&Pair>) =
            pairs.iter().partition(|pair| bare(&pair.texts[0]) == bare(&pair.texts[1]));
        self.alike += alike.len();
        if others.is_empty() {
            return Ok(());
        }
        // The compiler takes the text alone; whose it says it is does not count.
        let variant = Variant::all().swap_remove(0);
        let nvrtc = Nvrtc::find()?.with_line_info(false);
        let next = AtomicUsize::new(0);
        let work = || -> std::result::Result<Vec<Compared>, String> {
            let mut all = Vec::new();
            while let Some(pair) = others.get(next.fetch_add(1, Ordering::Relaxed)) {
                eprintln!("Compiling {}", pair.symbol);
                all.extend(pair.compare(&nvrtc, variant)?);
            }
            Ok(all)
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(others.len());
        let compared: std::result::Result<Vec<Vec<Compared>>, String> =
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                let joined = workers.into_iter().map(|worker| worker.join());
                let panicked = || "a comparison panicked".to_owned();
                joined.map(|done| done.unwrap_or_else(|_| Err(panicked()))).collect()
            });
        for compared in compared?.into_iter().flatten() {
            match compared {
                Compared::Equal => self.equal += 1,
                Compared::Named => self.named += 1,
                Compared::Different(paragraph) => self.different.push(paragraph),
            }
        }
        self.different.sort();
        Ok(())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { alike, equal, named, different } = self;
        writeln!(f, "{alike} texts differ in comments alone and were not compiled")?;
        let others = different.len();
        writeln!(
            f,
            "machine code: {equal} equal, {named} equal but for named values, {others} different"
        )?;
        different.iter().try_for_each(|paragraph| writeln!(f, "{paragraph}"))
    }
}

/// One kernel on one architecture.
enum Compared {
    Equal,
    Named,
    Different(String),
}

impl Pair {
    fn compare(
        &self,
        nvrtc: &Nvrtc,
        variant: Variant,
    ) -> std::result::Result<Vec<Compared>, String> {
        let clusters = self.texts.iter().any(|text| text.contains("__cluster_dims__"));
        let archs: &[Arch] = match clusters {
            true => &[Arch::of_device(9, 0)],
            false => &[Arch::of_device(9, 0), Arch::of_device(8, 0)],
        };
        let compare = |&arch: &Arch| {
            let from = self.compile(nvrtc, variant, arch, 0)?;
            let to = self.compile(nvrtc, variant, arch, 1)?;
            if from == to {
                return Ok(Compared::Equal);
            }
            let named = from.named.clone();
            if from == (Code { named, ..to.clone() }) {
                return Ok(Compared::Named);
            }
            let (went, came) = (unmatched(&from, &to), unmatched(&to, &from));
            Ok(Compared::Different(format!(
                "different  {} for {arch}\n  from {from}\n  to   {to}\n  -{went} +{came} instructions",
                self.symbol
            )))
        };
        archs.iter().map(compare).collect()
    }

    fn compile(
        &self,
        nvrtc: &Nvrtc,
        variant: Variant,
        arch: Arch,
        side: usize,
    ) -> std::result::Result<Code, String> {
        let (text, entry) = (self.texts[side].clone(), self.symbol.clone());
        let source = RenderedSource { variant, text, entry, digest: String::new() };
        let compiled = nvrtc.compile(&source, arch).map_err(|error| error.to_string())?;
        let code = code(&compiled.cubin);
        let code = code.map_err(|error| format!("the cubin of {}: {error}", self.symbol))?;
        let resources = Resources::from_log(&compiled.log);
        Ok(Code { registers: resources.map_or(0, |resources| resources.registers), ..code })
    }
}

/// What of a cubin runs, but for the registers.
fn code(cubin: &[u8]) -> object::Result<Code> {
    let file = ElfFile::<FileHeader64<Endianness>>::parse(cubin)?;
    let mut code = Code {
        functions: Vec::new(),
        constants: Vec::new(),
        registers: 0,
        shared: 0,
        named: Vec::new(),
    };
    for section in file.sections() {
        let name = section.name()?;
        // The addresses of `.nv.global`, which the driver fills in.
        if name == ".nv.constant4" {
            continue;
        }
        let parts = || {
            let data = section.data()?;
            let symbols = file.symbols().filter(|s| s.section_index() == Some(section.index()));
            let starts = symbols.map(|symbol| symbol.address() as usize);
            let mut ends: Vec<usize> = starts.chain([0, data.len()]).collect();
            ends.sort_unstable();
            ends.dedup();
            let parts = ends.windows(2).filter_map(|ends| data.get(ends[0]..ends[1]));
            Ok::<_, object::Error>(parts.map(<[u8]>::to_vec).collect::<Vec<_>>())
        };
        if name.starts_with(".text.") {
            code.functions.extend(parts()?.iter().map(|function| without_padding(function)));
        } else if name.starts_with(".nv.global") {
            code.named.extend(parts()?);
        } else if name.starts_with(".nv.constant") {
            code.constants.push(section.data()?.to_owned());
        } else if name.starts_with(".nv.shared") {
            code.shared += section.size();
        }
    }
    code.functions.sort();
    code.constants.sort();
    code.named.sort();
    Ok(code)
}

/// The instructions before the NOPs that fill up a function.
fn without_padding(function: &[u8]) -> Vec<u8> {
    let mut all: Vec<&[u8]> = function.chunks(INSTRUCTION).collect();
    let is_nop = |word: &&[u8]| word.starts_with(&[0x18, 0x79]);
    while all.last().is_some_and(is_nop) {
        all.pop();
    }
    all.concat()
}

/// A text without comments, blank lines, indents and `#line`.
fn bare(text: &str) -> String {
    let lines = text.lines().map(|line| code_of(line).trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("#line "));
    lines.collect::<Vec<_>>().join("\n")
}

/// A line up to its comment. A quote opens a text in which no comment begins.
fn code_of(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '/' if !quoted && line[at..].starts_with("//") => return &line[..at],
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_lines_do_not_count() {
        let one = "// a\n#line 3 \"x\"\nint a;  // b\n\n    asm(\"// no\\\"//\");\n";
        assert_eq!(bare(one), "int a;\nasm(\"// no\\\"//\");");
        assert_ne!(bare("int a;"), bare("int b;"));
    }

    #[test]
    fn the_kernels_to_compile_are_chosen() {
        let changed = ["a", "b", "c", "d", "e"];
        let which = |text: &str| text.parse::<Which>().unwrap_or(Which::All);
        assert_eq!(which("all").of(&changed, &[]), changed);
        assert_eq!(which("goldens").of(&changed, &["d".to_owned()]), ["d"]);
        assert_eq!(which("2").of(&changed, &[]), ["a", "d"]);
        assert_eq!(which("9").of(&changed, &[]), changed);
        assert_eq!(which("e").of(&changed, &[]), ["e"]);
    }

    #[test]
    fn functions_count_by_their_instructions() {
        let code = |functions: &[&[u8]]| Code {
            functions: functions.iter().map(|f| f.to_vec()).collect(),
            constants: Vec::new(),
            registers: 0,
            shared: 0,
            named: Vec::new(),
        };
        let (one, two) = ([1; INSTRUCTION], [2; INSTRUCTION]);
        let both = [one, two].concat();
        assert_eq!(unmatched(&code(&[&both]), &code(&[&one])), 1);
        assert_eq!(unmatched(&code(&[&one, &two]), &code(&[&both])), 0);
    }
}
