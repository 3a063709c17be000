//! The checks of `topkit doctor`, one for each part of the machine. Each returns a finding and never fails.

use crate::args::given::Given;
use crate::commands::run::gpu::Session;
use crate::ui::exit::Failure;
use crate::ui::report::{bytes, count};
use serde_json::{Value, json};
use std::time::Instant;
use topkit::cache::DiskCache;
use topkit::cache::pack::Pack;
use topkit::{
    Arch, Config, DType, Engine, Error, Selector, SelectorSpec, Toolchain, inspect::Disassembler,
    machine::DeviceFacts,
};
use topkit::{
    Problem, host,
    inspect::{Overrides, SassError},
    machine::{LibraryError, Nvrtc, NvrtcError},
};
use topkit_lab::{Distribution, Shape, scores::generate};

/// The state of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there and works.
    Ok,
    /// It is not there.
    Missing,
    /// It is there and does not work.
    Broken,
}

/// The result of one check.
#[derive(Debug)]
pub struct Finding {
    /// The thing that was checked.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Its description or its fault; lines.
    pub text: String,
    /// The remedy.
    pub remedy: Option<String>,
    /// The facts, for programs.
    pub facts: Value,
}

impl Finding {
    fn ok(name: &str, text: String, facts: Value) -> Finding {
        Finding { name: name.to_owned(), state: State::Ok, text, remedy: None, facts }
    }

    fn fault(name: &str, state: State, text: String, remedy: Option<&str>) -> Finding {
        let remedy = remedy.map(str::to_owned);
        Finding { name: name.to_owned(), state, text, remedy, facts: Value::Null }
    }

    fn broken(name: &str, fault: impl ToString) -> Finding {
        Finding::fault(name, State::Broken, fault.to_string(), None)
    }
}

/// The driver and its GPUs.
pub fn gpus() -> (Vec<Finding>, Vec<DeviceFacts>) {
    const REMEDY: &str = "Install the NVIDIA driver of this machine's GPU; without one, kernels \
                          can be compiled and `topkit run` uses the host";
    let devices = match topkit::machine::devices() {
        Ok(devices) => devices,
        Err(Error::Driver(missing)) => {
            let finding = match missing.unusable {
                true => unusable("driver", &missing),
                false => Finding::fault("driver", State::Missing, places(&missing), Some(REMEDY)),
            };
            return (vec![finding], Vec::new());
        }
        Err(error) => return (vec![Finding::broken("driver", error)], Vec::new()),
    };
    let Some(first) = devices.first() else {
        let text = "the driver is installed, and finds no GPU".to_owned();
        return (vec![Finding::fault("gpu", State::Missing, text, Some(REMEDY))], devices);
    };
    let (major, minor) = first.driver;
    let driver = format!("serves CUDA up to {major}.{minor}");
    let mut findings = vec![Finding::ok("driver", driver, json!({ "cuda": [major, minor] }))];
    findings.extend(devices.iter().enumerate().map(|(ordinal, device)| {
        let DeviceFacts { name, arch, multiprocessors, memory_bytes, .. } = device;
        let memory = bytes(*memory_bytes);
        Finding::ok(
            &format!("gpu {ordinal}"),
            format!("{name}, {arch}, {multiprocessors} SMs, {memory}"),
            json!({
                "name": name, "arch": arch.to_string(), "multiprocessors": multiprocessors,
                "memory_bytes": memory_bytes, "l2_bytes": device.l2_bytes,
                "shared_bytes_per_cta": device.shared_bytes_per_cta,
            }),
        )
    }));
    (findings, devices)
}

const ANOTHER: &str = "Install a newer one with `python3 -m pip install nvidia-cuda-nvrtc`, and set \
                       TOPKIT_NVRTC to its file or folder";

/// NVRTC, and whether it compiles for these GPUs.
pub fn nvrtc(devices: &[DeviceFacts]) -> (Finding, Option<Nvrtc>) {
    let nvrtc = match Nvrtc::find() {
        Ok(nvrtc) => nvrtc,
        Err(NvrtcError::Missing(missing)) if missing.unusable => {
            return (unusable("nvrtc", &missing), None);
        }
        Err(NvrtcError::Missing(missing)) => {
            let remedy = Some(missing.remedy.as_str());
            return (Finding::fault("nvrtc", State::Missing, places(&missing), remedy), None);
        }
        Err(error) => return (Finding::broken("nvrtc", error), None),
    };
    let (major, minor) = nvrtc.version();
    let version = nvrtc.release().map_or_else(|| format!("{major}.{minor}"), str::to_owned);
    let path = nvrtc.path();
    if let Some(arch) = devices.iter().map(|gpu| gpu.arch).find(|arch| !nvrtc.supports(*arch)) {
        let (major, minor) = arch.least_nvrtc();
        let text = format!(
            "{version}, {path}\nit does not compile every kernel for {arch}, the architecture of \
             the GPU; NVRTC {major}.{minor} is the first that does"
        );
        return (Finding::fault("nvrtc", State::Broken, text, Some(ANOTHER)), None);
    }
    let (fit, unfit): (Vec<Arch>, Vec<Arch>) =
        nvrtc.archs().iter().partition(|arch| nvrtc.supports(**arch));
    if fit.is_empty() {
        let text =
            format!("{version}, {path}\nit lists no architecture to compile every kernel for");
        return (Finding::fault("nvrtc", State::Broken, text, Some(ANOTHER)), None);
    }
    let fit: Vec<_> = fit.iter().map(Arch::to_string).collect();
    let mut text = format!("{version}, {path}\n{}", fit.join(" "));
    for arch in unfit {
        let (major, minor) = arch.least_nvrtc();
        text += &format!("\nnot every kernel for {arch}, which takes {major}.{minor} or later");
    }
    let facts = json!({
        "version": [major, minor], "release": nvrtc.release(), "path": path, "archs": fit,
    });
    (Finding::ok("nvrtc", text, facts), Some(nvrtc))
}

/// A thing that is there and cannot be used.
fn unusable(name: &str, error: &LibraryError) -> Finding {
    Finding::fault(name, State::Broken, places(error), Some(&error.remedy))
}

fn places(missing: &LibraryError) -> String {
    let tried = missing.tried.iter().map(|(place, reason)| format!("\n  {place}: {reason}"));
    missing.summary() + &tried.collect::<String>()
}

/// Variables of the environment that cannot be used; mostly there are none.
pub fn environment() -> Option<Finding> {
    let (refused, unsearched) = (Config::from_env().refused, topkit::machine::unsearched());
    let remedy = match refused.is_empty() {
        true => "What these name is not searched; nothing else depends on them",
        false => "No engine is made while variables of topkit are set so",
    };
    let all = [refused, unsearched].concat();
    let text = all.join("\n");
    (!all.is_empty()).then(|| Finding::fault("environment", State::Broken, text, Some(remedy)))
}

/// The kernels on disk. Without them everything works, only slower.
pub fn cache() -> Finding {
    let Some(root) = Config::from_env().cache_dir else {
        let text = "no kernel is kept on disk; every process compiles its own".to_owned();
        return Finding::ok("cache", text, json!({ "folder": null }));
    };
    let disk = match DiskCache::open(&root) {
        Ok(disk) => disk,
        Err(error) => return Finding::broken("cache", error),
    };
    if let Err(error) = tempfile::NamedTempFile::new_in(disk.root()) {
        let text = format!("{} cannot be written to: {error}", disk.root().display());
        let remedy = "Set TOPKIT_CACHE_DIR to a folder of yours";
        return Finding::fault("cache", State::Broken, text, Some(remedy));
    }
    match disk.entries() {
        Ok(entries) => {
            let total: u64 = entries.iter().map(|entry| entry.bytes).sum();
            let (root, kernels) = (disk.root().display(), count(entries.len(), "kernel"));
            let text = format!("{root}, writable, {kernels}, {}", bytes(total));
            let facts = json!({
                "folder": root.to_string(), "entries": entries.len(), "bytes": total,
            });
            Finding::ok("cache", text, facts)
        }
        Err(error) => Finding::broken("cache", error),
    }
}

/// The packs that engines are to look into; mostly there are none.
pub fn packs() -> Vec<Finding> {
    let look = |path| match Pack::open(path) {
        Ok(pack) => {
            let archs: Vec<_> = pack.archs().iter().map(Arch::to_string).collect();
            let (place, kernels) = (pack.path().display(), pack.kernels().len());
            let text = format!("{place}, {} for {}", count(kernels, "kernel"), archs.join(", "));
            let facts = json!({ "pack": place.to_string(), "kernels": kernels, "archs": archs });
            Finding::ok("pack", text, facts)
        }
        Err(error) => {
            let remedy = "No engine opens with it; replace the file or remove it from TOPKIT_PACKS";
            Finding::fault("pack", State::Broken, error.to_string(), Some(remedy))
        }
    };
    Config::from_env().packs.iter().map(look).collect()
}

/// The disassembler. Only `--sass` needs it.
pub fn disassembler() -> Finding {
    match Disassembler::find() {
        Ok(found) => {
            let path = found.path().display().to_string();
            Finding::ok("disassembler", path.clone(), json!({ "path": path }))
        }
        Err(SassError::Missing(missing)) => {
            let text = format!("{}\nonly --sass needs it", places(&missing));
            let state = if missing.unusable { State::Broken } else { State::Missing };
            Finding::fault("disassembler", state, text, Some(&missing.remedy))
        }
        Err(error) => Finding::broken("disassembler", error),
    }
}

/// Edited sources that take the place of generated ones, where the environment names a folder.
pub fn overrides() -> Option<Finding> {
    const REMEDY: &str =
        "Set TOPKIT_OVERRIDE to a folder that TOPKIT_DUMP has written, or unset it";
    let folder = Config::from_env().override_dir?;
    let files = match Overrides::open(&folder).and_then(|overrides| overrides.files()) {
        Ok(files) => files,
        Err(error) => {
            let (state, text) = (State::Broken, error.to_string());
            return Some(Finding::fault("override", state, text, Some(REMEDY)));
        }
    };
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let mut text = format!(
        "{}, {}; each that differs from the generated one is compiled in its place",
        folder.display(),
        count(files.len(), "source")
    );
    files.iter().take(LISTED).for_each(|file| text += &format!("\n  {file}"));
    if files.len() > LISTED {
        text += &format!("\n  and {} more", files.len() - LISTED);
    }
    let facts = json!({ "folder": folder.display().to_string(), "files": files });
    Some(Finding::ok("override", text, facts))
}

/// Edited sources that are named in the text.
const LISTED: usize = 8;

/// Compiles a kernel, and launches it where there is a GPU: the one proof that all of it works.
/// The flag says whether it was launched and its answer was right.
pub fn trial(gpu: bool, nvrtc: &Nvrtc) -> (Finding, bool) {
    let start = Instant::now();
    let outcome = if gpu { launch() } else { compile(nvrtc) };
    let time = start.elapsed().as_secs_f64();
    match outcome {
        Ok(arch) => {
            let what = if gpu {
                "a kernel was compiled, launched and checked"
            } else {
                "a kernel was compiled"
            };
            let facts = json!({ "arch": arch.to_string(), "launched": gpu, "seconds": time });
            (Finding::ok("trial", format!("{what} for {arch} in {time:.2} s"), facts), gpu)
        }
        Err(failure) => (Finding::broken("trial", failure), false),
    }
}

/// A small selector on an engine without a disk cache: an earlier compile proves nothing.
fn fresh(toolchain: &Toolchain) -> Result<Selector, Failure> {
    let spec = SelectorSpec::builder("Trial").dtype([DType::F32]).vec_size([4]).build()?;
    Ok(toolchain.with_config(Config::default())?.selector(spec)?)
}

fn compile(nvrtc: &Nvrtc) -> Result<Arch, Failure> {
    let last = nvrtc.archs().iter().copied().rfind(|arch| nvrtc.supports(*arch));
    let arch = last.ok_or_else(|| Failure::environment("NVRTC names no architecture"))?;
    let selector = fresh(&Toolchain::new(arch)?)?;
    selector
        .spec()
        .variants()
        .iter()
        .take(1)
        .try_for_each(|variant| selector.artifact(variant).map(drop))?;
    Ok(arch)
}

fn launch() -> Result<Arch, Failure> {
    let (shape, k) = (Shape { rows: 4, columns: 10_000 }, 64);
    let matrix = generate(shape, DType::F32, (Distribution::Normal, 1), 0)?;
    let scores = matrix.scores.values::<f32>();
    let selector = fresh(Engine::new()?.toolchain())?;
    let problem = Problem::new(DType::F32, shape.rows, shape.columns, k);
    let plan = selector.prepare(&problem)?;
    let given = Given::default();
    let mut session = Session::<_, i32>::start(&selector, plan, scores, &given)?;
    session.launch()?;
    let input = host::Rows::host(scores, shape.rows, shape.columns);
    host::check(&input, k, &selector.spec().semantics, &session.indices()?)
        .map_err(|fault| Failure::environment(format!("the answer is wrong: {fault}")))?;
    Ok(selector.toolchain().arch())
}
