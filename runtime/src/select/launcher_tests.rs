//! The launch path on a device whose kernels do nothing: which kernel each launch takes.

use super::*;
use crate::backend::host::memory::{Context, STREAM};
use crate::backend::memory::Host;
use crate::plan::{GpuTable, Limits};
use crate::select::memo::{SLOTS, slot};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use topkit_codegen::{Arch, DType, KernelKind};

/// A device that loads kernels and runs none.
#[derive(Clone, Default)]
struct Idle {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    loaded: HashMap<Variant, Arc<Variant>>,
    refused: Vec<Variant>,
    launched: Vec<Variant>,
    /// How often a launch asked whether a kernel is loaded.
    asked: usize,
}

impl Idle {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn limits() -> &'static Limits {
    static LIMITS: std::sync::LazyLock<Limits> =
        std::sync::LazyLock::new(|| Limits::of_arch(Arch::of_device(9, 0)));
    &LIMITS
}

impl Backend for Idle {
    type Memory = Host;
    type Kernel = Variant;

    fn limits(&self) -> &Limits {
        limits()
    }

    fn table(&self) -> Option<Arc<GpuTable>> {
        None
    }

    fn loaded(&self, variant: &Variant) -> Option<Arc<Variant>> {
        let mut state = self.state();
        state.asked += 1;
        state.loaded.get(variant).cloned()
    }

    fn load(&self, _: &SelectorSpec, variant: &Variant) -> Result<Arc<Variant>, Error> {
        let mut state = self.state();
        if state.refused.contains(variant) {
            let [entry, reason, log] = [(); 3].map(|()| String::new());
            return Err(Error::Module { entry, arch: Arch::of_device(9, 0), reason, log });
        }
        Ok(state.loaded.entry(*variant).or_insert_with(|| Arc::new(*variant)).clone())
    }

    fn context(&self) -> Result<&Context, Error> {
        Ok(&Context)
    }

    unsafe fn is_capturing(&self, _: CUstream) -> Result<bool, Error> {
        Ok(false)
    }

    /// A kernel that loaded may still be refused at a launch.
    unsafe fn launch(&self, kernel: &Arc<Variant>, call: &Call<'_>) -> Result<(), Error> {
        assert_eq!(**kernel, call.plan.variant);
        assert!(call.launch.workspace_bytes >= call.plan.workspace_bytes);
        let mut state = self.state();
        if state.refused.contains(kernel) {
            let [entry, reason, log] = [(); 3].map(|()| String::new());
            return Err(Error::Module { entry, arch: Arch::of_device(9, 0), reason, log });
        }
        state.launched.push(**kernel);
        Ok(())
    }
}

fn launcher(idle: &Idle) -> Launcher<Idle> {
    let spec = SelectorSpec::builder("Idle").dtype([DType::F32]).build().unwrap();
    Launcher::new(idle.clone(), spec).unwrap()
}

/// Launches a problem with so many bytes of workspace; the kernel that ran.
fn launch(launcher: &Launcher<Idle>, problem: &Problem, bytes: usize) -> Result<Variant, Error> {
    let Problem { dtype, rows, columns, k, .. } = *problem;
    let address = if problem.vec_size == 1 { (1 << 20) + 4 } else { 1 << 20 };
    let launch = RawLaunch::new(dtype, rows, columns, k).scores(address).indices(1 << 30);
    let launch = if bytes > 0 { launch.workspace(1 << 40, bytes) } else { launch };
    // SAFETY: nothing is accessed.
    unsafe { launcher.launch_raw(STREAM.handle(), &launch, None) }?;
    Ok(*launcher.backend().state().launched.last().unwrap())
}

/// How often the launch asks for a kernel: never where the memo has the plan.
fn asks(launcher: &Launcher<Idle>, problem: &Problem, bytes: usize) -> usize {
    let before = launcher.backend().state().asked;
    launch(launcher, problem, bytes).unwrap();
    launcher.backend().state().asked - before
}

/// So that the first loads a kernel and the second keeps the plan.
fn thrice(launch: impl Fn() -> Result<Variant, Error>) {
    for _ in 0..3 {
        launch().unwrap();
    }
}

const SMALL: Problem = Problem::new(DType::F32, 4, 4096, 64);
/// Four kernels can serve it by rules.
const LONG: Problem = Problem::new(DType::F32, 4, 131_072, 64);

#[test]
fn a_launch_is_planned_once() {
    let launcher = launcher(&Idle::default());
    assert!(asks(&launcher, &SMALL, 0) > 0);
    // Its kernel was not loaded when it was planned.
    assert!(asks(&launcher, &SMALL, 0) > 0);
    for clone in [&launcher, &launcher.clone()] {
        assert_eq!(asks(clone, &SMALL, 0), 0);
    }
    let planned = launcher.plan(&SMALL).unwrap().variant;
    assert!(launcher.backend().state().launched.iter().all(|launched| *launched == planned));
}

#[test]
fn problems_that_differ_in_anything_have_plans_of_their_own() {
    let launcher = launcher(&Idle::default());
    let of = |rows, columns, k| Problem::new(DType::F32, rows, columns, k);
    let odd = Problem { vec_size: 1, ..of(4, 4096, 64) };
    // More problems than there are places, each launched in turn with all others.
    let mut problems = vec![odd, of(300, 4096, 64), of(4, 8192, 65), of(4, 4096, 2048)];
    problems
        .extend((0..4 * SLOTS).map(|more| of(1 + more % 7, 64 << (more % 12), 1 + more as u32)));
    for _ in 0..4 {
        for problem in &problems {
            let planned = launcher.plan(problem).unwrap();
            let launched = launch(&launcher, problem, 1 << 30).unwrap();
            assert_eq!(launched, planned.variant, "{problem}");
        }
    }
    let mut places: Vec<usize> = problems.iter().map(slot).collect();
    places.sort_unstable();
    places.dedup();
    assert!(places.len() > SLOTS / 2 && places.len() <= SLOTS, "{places:?}");
}

#[test]
fn a_kernel_that_is_refused_later_is_launched_no_more() {
    let idle = Idle::default();
    let launcher = launcher(&idle);
    thrice(|| launch(&launcher, &LONG, 0));
    assert_eq!(asks(&launcher, &LONG, 0), 0);
    let first = launcher.plan(&LONG).unwrap().variant;
    // By another launch, through a plan of its own.
    launcher.planner().refuse(&first, crate::plan::Refusal::Unusable);
    let next = launch(&launcher, &LONG, 0).unwrap();
    assert_ne!(next, first);
    assert_eq!(launcher.plan(&LONG).unwrap().variant, next);
    // By the launch of a plan of the memo itself.
    thrice(|| launch(&launcher, &LONG, 0));
    assert_eq!(asks(&launcher, &LONG, 0), 0);
    idle.state().refused.push(next);
    let last = launch(&launcher, &LONG, 0).unwrap();
    assert!(last != next && last != first);
    // The first one loads after all: its plans are its own again.
    launcher.load(&first).unwrap();
    assert_eq!(launch(&launcher, &LONG, 0).unwrap(), first);
}

#[test]
fn kernels_that_load_and_are_refused_at_every_launch_end_in_the_error() {
    let idle = Idle::default();
    let launcher = launcher(&idle);
    // All are loaded, by another selector of the device.
    for variant in launcher.spec().variants() {
        launcher.load(&variant).unwrap();
    }
    idle.state().refused = launcher.spec().variants();
    for _ in 0..2 {
        let error = launch(&launcher, &SMALL, 0).unwrap_err();
        assert!(matches!(error, Error::Module { .. }), "{error}");
    }
    assert_eq!(idle.state().launched, []);
}

/// Of a shape whose plan has a workspace.
fn huge() -> Problem {
    Problem::new(DType::F32, 1, 1 << 24, 64)
}

#[test]
fn a_plan_of_the_memo_needs_its_workspace() {
    let launcher = launcher(&Idle::default());
    let plan = launcher.plan(&huge()).unwrap();
    assert_eq!(plan.variant.kernel, KernelKind::GridFilter);
    let enough = plan.workspace_bytes;
    assert!(enough > 0);
    thrice(|| launch(&launcher, &huge(), enough));
    assert_eq!(asks(&launcher, &huge(), enough + 1), 0);
    for short in [0, enough - 1] {
        let error = launch(&launcher, &huge(), short).unwrap_err();
        assert!(matches!(error, Error::Workspace { needed, .. } if needed == enough), "{error}");
    }
    assert_eq!(asks(&launcher, &huge(), enough), 0);
}

#[test]
fn the_plan_of_another_alignment_serves_only_until_the_own_kernel_is_loaded() {
    let idle = Idle::default();
    // Loads of one score alone have a kernel of their own.
    let table = {
        let odd = Problem { vec_size: 1, ..SMALL };
        let spec = SelectorSpec::builder("Idle").dtype([DType::F32]).build().unwrap();
        let other = |kernel| spec.variants().into_iter().find(|v| v.kernel == kernel).unwrap();
        let (own, even) = (other(KernelKind::BlockRadix), other(KernelKind::BlockResident));
        GpuTable::of_fastest("idle", &[(odd, own), (SMALL, even)])
    };
    let spec = SelectorSpec::builder("Idle").dtype([DType::F32]).build().unwrap();
    let planner = Planner::new(Arc::new(spec), *limits(), Some(Arc::new(table)));
    let launcher = Launcher { planner: Arc::new(planner), ..launcher(&idle) };
    let odd = Problem { vec_size: 1, ..SMALL };
    let [own, even] = [&odd, &SMALL].map(|problem| launcher.plan(problem).unwrap().variant);
    assert_ne!(own, even);
    launcher.prepare(&SMALL).unwrap();
    for _ in 0..3 {
        assert_eq!(launch(&launcher, &odd, 0).unwrap(), even);
    }
    // Another selector of the device loads it, of which this planner learns nothing.
    idle.state().loaded.insert(own, Arc::new(own));
    assert_eq!(launch(&launcher, &odd, 0).unwrap(), own);
}

#[test]
fn threads_launch_the_plan_while_another_refuses_kernels() {
    let idle = Idle::default();
    let launcher = launcher(&idle);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    // The last kernel is launched even where it is refused.
                    let _ = launch(&launcher, &LONG, 0);
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..3 {
                let first = launcher.plan(&LONG).unwrap().variant;
                idle.state().refused.push(first);
                launcher.planner().refuse(&first, crate::plan::Refusal::Unusable);
            }
        });
    });
    let last = launch(&launcher, &LONG, 0).unwrap();
    assert_eq!(launcher.plan(&LONG).unwrap().variant, last);
    for _ in 0..3 {
        assert_eq!(launch(&launcher, &LONG, 0).unwrap(), last);
    }
    assert!(!idle.state().refused.contains(&last));
}
