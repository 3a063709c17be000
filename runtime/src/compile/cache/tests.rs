//! The list of stores: their order, which ones keep a kernel, and when a claim saves a compile.

use super::*;
use crate::compile::Compiled;
use std::sync::{Mutex, PoisonError};
use topkit_codegen::{DType, SelectorSpec, render};

const ARCH: Arch = Arch::of_device(9, 0);

/// A compiler that makes the same of everything.
#[derive(Debug)]
struct Fake;

impl Compiler for Fake {
    fn version(&self) -> String {
        "fake 1.0".to_owned()
    }

    fn options(&self) -> Vec<String> {
        Vec::new()
    }

    fn compile(&self, _: &RenderedSource, _: Arch) -> Result<Compiled, CompileError> {
        Ok(Compiled { cubin: b"code".to_vec(), log: String::new() })
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// A store that logs its calls, and has a kernel at once, after a claim, or not.
#[derive(Debug)]
struct Logging {
    name: &'static str,
    has: Option<Arc<Artifact>>,
    made: Option<Arc<Artifact>>,
    log: Log,
}

impl Logging {
    fn says(&self, what: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(format!("{} {what}", self.name));
    }
}

impl Store for Logging {
    fn find(&self, _: &Wanted<'_>) -> Option<Arc<Artifact>> {
        self.says("find");
        self.has.clone()
    }

    fn keep(&self, _: &Wanted<'_>, _: &Arc<Artifact>) {
        self.says("keep");
    }

    fn claim(&self, _: &Wanted<'_>) -> Claim {
        self.says("claim");
        self.made.clone().map_or(Claim::Unclaimed, Claim::Made)
    }
}

fn source() -> RenderedSource {
    let spec = SelectorSpec::builder("One").dtype([DType::F32]).build().unwrap();
    render(&spec, &spec.variants()[0]).unwrap()
}

fn artifact(origin: Origin) -> Arc<Artifact> {
    let cache = KernelCache::new(Arc::new(Fake), Vec::new());
    let artifact = cache.get(&source(), ARCH, Compiling::Allowed).unwrap();
    Arc::new(Artifact { origin, ..(*artifact).clone() })
}

/// The calls that two stores get for one kernel, and the kernel's origin.
fn asked(
    compiling: Compiling,
    has: [Option<Origin>; 2],
    made: [Option<Origin>; 2],
) -> (Vec<String>, Option<Origin>) {
    let log = Log::default();
    let store = |at: usize| {
        let name = ["first", "second"][at];
        let [has, made] = [has, made].map(|of| of[at].map(artifact));
        Arc::new(Logging { name, has, made, log: log.clone() }) as Arc<dyn Store>
    };
    let cache = KernelCache::new(Arc::new(Fake), vec![store(0), store(1)]);
    let found = cache.get(&source(), ARCH, compiling).ok().map(|artifact| artifact.origin);
    let asked = std::mem::take(&mut *log.lock().unwrap());
    // A found or compiled kernel is in memory, and no store is asked again.
    if let Some(origin) = found {
        assert_eq!(cache.get(&source(), ARCH, Compiling::Denied).unwrap().origin, origin);
        assert_eq!(*log.lock().unwrap(), [""; 0]);
    }
    (asked, found)
}

#[test]
fn the_first_store_that_has_a_kernel_ends_the_search_and_those_before_it_keep_the_kernel() {
    use Compiling::Denied;
    let (pack, disk) = (Some(Origin::Pack), Some(Origin::Disk));
    assert_eq!(asked(Denied, [pack, disk], [None; 2]), (vec!["first find".to_owned()], pack));
    let all = ["first find", "second find", "first keep"].map(str::to_owned).to_vec();
    assert_eq!(asked(Denied, [None, disk], [None; 2]), (all, disk));
}

#[test]
fn a_kernel_that_no_store_has_is_claimed_compiled_and_kept_by_the_last_store_first() {
    let found = ["first find", "second find"].map(str::to_owned).to_vec();
    assert_eq!(asked(Compiling::Denied, [None; 2], [None; 2]), (found.clone(), None));
    let after = ["first claim", "second claim", "second keep", "first keep"].map(str::to_owned);
    let all = [&found[..], &after].concat();
    assert_eq!(asked(Compiling::Allowed, [None; 2], [None; 2]), (all, Some(Origin::Compiled)));
}

#[test]
fn a_kernel_that_another_process_made_meanwhile_is_not_compiled() {
    let made = [None, Some(Origin::Disk)];
    let all = ["first find", "second find", "first claim", "second claim", "first keep"];
    let all = all.map(str::to_owned).to_vec();
    assert_eq!(asked(Compiling::Allowed, [None; 2], made), (all, Some(Origin::Disk)));
}
