//! Warm-up: compiles every kernel that a workload can need, before the first launch needs it.
//!
//! The planner lists the kernels; here they are compiled on threads of their own and, with a GPU,
//! loaded. It makes no plan and launches nothing. A kernel that fails is reported with its error and
//! does not stop the others.

use crate::compile::CompileError;
use crate::compile::cache::{CacheKey, Compiling, NotKept, Origin};
use crate::error::Error;
use crate::plan::Refusal;
use crate::problem::Workload;
use crate::select::selector::Selector;
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use topkit_codegen::{Arch, Variant};

/// The key of one compile: the kernel, the target, and the key of both in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileKey {
    /// The kernel.
    pub variant: Variant,
    /// The target of the compile.
    pub arch: Arch,
    /// Its key in the cache; it holds the kernel's symbol and the digest of its source.
    pub key: CacheKey,
}

impl fmt::Display for CompileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.key.entry(), self.arch)
    }
}

/// One kernel of a warm-up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Warmed {
    /// Which.
    pub key: CompileKey,
    /// Where its machine code came from, or why there is none.
    pub outcome: Result<Origin, Error>,
    /// The time that it took.
    pub elapsed: Duration,
}

/// The result of a warm-up; its `Display` is for people.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Warmup {
    /// Every kernel that the workload can need, failed ones included. Plans pass over a kernel that the
    /// compiler or the driver refuses; its substitutes are here too.
    pub kernels: Vec<Warmed>,
    /// Kernels for which the GPU turned out to have no room. Plans pass over them; their substitutes are
    /// among `kernels`.
    pub passed_over: Vec<CompileKey>,
    /// Kernels that the disk cache does not have at the end, each with the reason: the disk is full or
    /// refuses writes, the set is larger than the limit of the cache, or another process removed them.
    /// This engine has them and launches them; the next process compiles them. Empty if nothing is kept
    /// on disk.
    pub not_kept: Vec<(CompileKey, NotKept)>,
    /// The time of the whole warm-up.
    pub elapsed: Duration,
}

impl Warmup {
    /// The kernels that failed, each with the error.
    pub fn failures(&self) -> impl Iterator<Item = (&CompileKey, &Error)> {
        self.kernels.iter().filter_map(|warmed| Some((&warmed.key, warmed.outcome.as_ref().err()?)))
    }

    /// How many kernels came from there.
    pub fn count(&self, origin: Origin) -> usize {
        self.kernels
            .iter()
            .filter(|warmed| matches!(&warmed.outcome, Ok(o) if *o == origin))
            .count()
    }
}

impl fmt::Display for Warmup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        let [compiled, disk, packs] =
            [Origin::Compiled, Origin::Disk, Origin::Pack].map(|origin| self.count(origin));
        let failed = self.failures().count();
        let all = self.kernels.len();
        write!(f, "{all} kernels in {seconds:.2} s: {compiled} compiled, {disk} from disk")?;
        if packs > 0 {
            write!(f, ", {packs} from packs")?;
        }
        if failed > 0 {
            write!(f, ", {failed} failed")?;
        }
        if !self.not_kept.is_empty() {
            write!(f, ", {} not kept on disk", self.not_kept.len())?;
        }
        self.not_kept.iter().try_for_each(|(key, why)| write!(f, "\n{key}: not kept: {why}"))?;
        self.failures().try_for_each(|(key, error)| write!(f, "\n{key}: {error}"))
    }
}

impl Selector {
    /// The compile keys that launches of these problems can need: every kernel that a plan for one of
    /// the problems can name. It compiles nothing and needs no GPU. Without a GPU, plans are made for a
    /// typical GPU of the architecture, and a different GPU may need other kernels. On an engine without
    /// a compiler it lists kernels of the [packs](crate::cache::pack), and others only for problems that
    /// no packed kernel can serve.
    ///
    /// ```no_run
    /// # use topkit::{DType, Toolchain, SelectorSpec, Problem, Workload};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let toolchain = Toolchain::new("sm_90a".parse()?)?;
    /// # let selector = toolchain.selector(SelectorSpec::builder("Indexer").dtype([DType::Bf16]).build()?)?;
    /// for key in selector.enumerate([Workload::new(DType::Bf16, 1..=64, 8192..=131_072, 512..=512)])? {
    ///     println!("{key}");
    /// }
    /// for key in selector.enumerate([Problem::new(DType::Bf16, 32, 131_072, 512)])? {
    ///     println!("{key}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A dtype, or every k of a range, was not declared, or a shape is beyond 2^31 - 1.
    pub fn enumerate<W: Into<Workload>>(
        &self,
        problems: impl IntoIterator<Item = W>,
    ) -> Result<Vec<CompileKey>, Error> {
        let workloads: Vec<Workload> = problems.into_iter().map(Into::into).collect();
        self.needed(&workloads)?.into_iter().map(|variant| self.compile_key(variant)).collect()
    }

    /// Compiles, ahead of their use, all kernels that launches of these problems can need, as many at
    /// once as the machine has processors; with a GPU it loads them too. A kernel in a pack or on disk
    /// is not compiled again, and of several threads or processes that want one kernel, one compiles it.
    /// It compiles even where the settings deny unexpected compiles, because these are expected. If a
    /// kernel is refused, as it would be at its launch, it compiles the substitutes that plans then
    /// name. At the end it reads the disk cache again and names each kernel that is not there
    /// ([`Warmup::not_kept`]).
    ///
    /// ```no_run
    /// # use topkit::{DType, Toolchain, SelectorSpec, Workload};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let toolchain = Toolchain::new("sm_90a".parse()?)?;
    /// # let selector = toolchain.selector(SelectorSpec::builder("Indexer").dtype([DType::Bf16]).build()?)?;
    /// let done = selector.warmup([Workload::new(DType::Bf16, 1..=64, 8192..=131_072, 512..=512)])?;
    /// println!("{done}");
    /// assert_eq!(done.failures().count(), 0); // ready here
    /// assert!(done.not_kept.is_empty()); // and for every process that shares the cache folder
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Selector::enumerate`]. A kernel that cannot be compiled or loaded, or that the disk
    /// does not keep, is no error here: the report names each.
    pub fn warmup<W: Into<Workload>>(
        &self,
        problems: impl IntoIterator<Item = W>,
    ) -> Result<Warmup, Error> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        self.warmup_with(problems, threads, |_, _, _| {})
    }

    /// As [`Selector::warmup`], with at most so many threads. `progress` is called on them for each
    /// kernel as it is done, with how many are done and how many there are so far.
    ///
    /// # Errors
    /// As for [`Selector::warmup`].
    pub fn warmup_with<W: Into<Workload>>(
        &self,
        problems: impl IntoIterator<Item = W>,
        threads: usize,
        progress: impl Fn(&Warmed, usize, usize) + Sync,
    ) -> Result<Warmup, Error> {
        let start = Instant::now();
        let workloads: Vec<Workload> = problems.into_iter().map(Into::into).collect();
        let mut done = Warmup::default();
        loop {
            let mut new = self.needed(&workloads)?;
            new.retain(|variant| done.kernels.iter().all(|known| known.key.variant != *variant));
            let new = new.into_iter().map(|variant| self.compile_key(variant));
            let new = new.collect::<Result<Vec<_>, _>>()?;
            if new.is_empty() {
                break;
            }
            let before = done.kernels.len();
            let total = before + new.len();
            let tell = |warmed: &Warmed, done| progress(warmed, before + done, total);
            for warmed in self.warm_all(new, threads, &tell) {
                // The next round warms the substitutes of refused kernels.
                let refusal = warmed.outcome.as_ref().err();
                let refusal = refusal.and_then(|error| self.toolchain().gives_way(error));
                if let Some(refusal) = refusal {
                    self.planner().refuse(&warmed.key.variant, refusal);
                }
                let is_new =
                    || done.passed_over.iter().all(|key| key.variant != warmed.key.variant);
                if refusal == Some(Refusal::NoRoom) && is_new() {
                    tracing::info!("{}: there is no room for it here", warmed.key);
                    done.passed_over.push(warmed.key);
                } else {
                    done.kernels.push(warmed);
                }
            }
        }
        done.not_kept = self.not_kept(&done.kernels);
        done.elapsed = start.elapsed();
        Ok(done)
    }

    /// Looks at the disk again after the last kernel, since a later one may have taken the room of an
    /// earlier one. A packed kernel is not kept there.
    fn not_kept(&self, kernels: &[Warmed]) -> Vec<(CompileKey, NotKept)> {
        let on_disk = kernels
            .iter()
            .filter(|warmed| matches!(warmed.outcome, Ok(Origin::Compiled | Origin::Disk)));
        let missing = |Warmed { key, .. }: &Warmed| {
            Some((key.clone(), self.toolchain().cache().kept(&key.key).err()?))
        };
        on_disk.filter_map(missing).collect()
    }

    fn needed(&self, workloads: &[Workload]) -> Result<Vec<Variant>, Error> {
        let mut all = Vec::new();
        for workload in workloads {
            let reached = self.reach(workload)?;
            // A launch of 0 rows needs no kernel.
            if *workload.rows.end() == 0 {
                continue;
            }
            for variant in reached {
                if !all.contains(&variant) {
                    all.push(variant);
                }
            }
        }
        all.sort_by_cached_key(Variant::symbol);
        Ok(all)
    }

    fn compile_key(&self, variant: Variant) -> Result<CompileKey, Error> {
        let toolchain = self.toolchain();
        Ok(CompileKey {
            variant,
            arch: toolchain.arch(),
            key: toolchain.key(self.spec(), &variant)?,
        })
    }

    /// Warms some kernels on threads, in order, and gives them in that order.
    fn warm_all(
        &self,
        keys: Vec<CompileKey>,
        threads: usize,
        progress: &(dyn Fn(&Warmed, usize) + Sync),
    ) -> Vec<Warmed> {
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results = Mutex::new(Vec::with_capacity(keys.len()));
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(key) = keys.get(place) else { return };
                let warmed = self.warm(key);
                progress(&warmed, done.fetch_add(1, Ordering::Relaxed) + 1);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((place, warmed));
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads.clamp(1, keys.len().max(1)) {
                scope.spawn(work);
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, warmed)| warmed).collect()
    }

    /// A panic below is a failure of its kernel and of no other.
    fn warm(&self, key: &CompileKey) -> Warmed {
        let start = Instant::now();
        let toolchain = self.toolchain();
        let warm = || {
            let origin = toolchain.warm(self.spec(), &key.variant)?.origin;
            if self.context().is_some() {
                toolchain.load(self.spec(), &key.variant, Compiling::Allowed)?;
                self.planner().tried().accept(&key.variant);
            }
            Ok(origin)
        };
        let outcome = catch_unwind(AssertUnwindSafe(warm)).unwrap_or_else(|_| {
            let (compiler, reason) = (toolchain.cache().compiler(), "it stopped before its end");
            Err(CompileError::new(compiler, key.key.entry(), key.arch, reason).into())
        });
        Warmed { key: key.clone(), outcome, elapsed: start.elapsed() }
    }
}
