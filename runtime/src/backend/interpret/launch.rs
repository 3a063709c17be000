//! The interpreter, a compiled kernel, and a launch of it. `schedule` runs the launch; a fault ends it.

use super::clock::LANES;
use super::compile::Cxx;
use super::memory::Memory;
use super::object::Object;
use super::schedule;
use crate::error::Fault;
use crate::error::InterpretError;
use crate::plan::Plan;
use crate::problem::Problem;
use std::path::PathBuf;
use std::sync::Arc;
use topkit_codegen::{Arch, LaunchKind, RenderedSource, Variant};

/// Shared memory that a CTA may have without asking.
const STATIC_SHARED: usize = 48 * 1024;

/// Threads of the largest cluster. Each takes two of the 65530 mappings that Linux grants a process.
const MOST_LIVE: u64 = 16 * 1024;

/// Few, since all CTAs of a cooperative launch are alive at once, each thread with its own stack.
pub(super) const MULTIPROCESSORS: u32 = 4;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub steps: u64,
    pub switch_every: u32,
    pub shared: usize,
    /// What has no value in Rust has that of a GPU.
    pub device_arithmetic: bool,
}

/// Compiles kernels for the host and runs them under watch. Cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct Interpreter {
    compiler: Cxx,
    folder: PathBuf,
    seed: u64,
    limits: Limits,
}

impl Interpreter {
    /// With a compiler by its name or path, else with the one that is found, and the folder
    /// `interpret` in a cache folder, else in the system's folder for temporary files.
    pub(crate) fn of(
        compiler: Option<&str>,
        cache_dir: Option<PathBuf>,
    ) -> Result<Interpreter, InterpretError> {
        let compiler = match compiler {
            Some(command) => Cxx::among(&[command.as_ref()])?,
            None => Cxx::find()?,
        };
        let folder = cache_dir.unwrap_or_else(|| {
            // Files of the folder are loaded, so a relative TMPDIR is not used.
            let temporary = std::env::temp_dir();
            let folder = if temporary.is_absolute() { temporary } else { "/tmp".into() };
            folder.join(format!("topkit-{}", std::process::id()))
        });
        let limits = Limits {
            steps: 200_000_000,
            switch_every: 64,
            shared: 227 * 1024,
            device_arithmetic: false,
        };
        Ok(Interpreter { compiler, folder: folder.join("interpret"), seed: 0, limits })
    }

    /// Keeps compiled kernels in a folder of the caller's.
    pub fn folder(self, folder: impl Into<PathBuf>) -> Interpreter {
        Interpreter { folder: folder.into(), ..self }
    }

    /// The seed of the schedule: the same seed, the same order of threads. Default 0.
    pub fn seed(self, seed: u64) -> Interpreter {
        Interpreter { seed, ..self }
    }

    /// Lets another thread run after about this many accesses, at least 1; an atomic counts for
    /// eight. Default 64.
    pub fn switch_every(mut self, accesses: u32) -> Interpreter {
        self.limits.switch_every = accesses.max(1);
        self
    }

    /// Ends a launch after this many accesses and calls. Default 200 million.
    pub fn steps(mut self, steps: u64) -> Interpreter {
        self.limits.steps = steps;
        self
    }

    /// Gives operations of a selector's own functions the value that they have on a GPU where Rust has none: sums wrap,
    /// and an element that is not there is 0. Without this they are faults, at the user's line.
    pub fn device_arithmetic(mut self) -> Interpreter {
        self.limits.device_arithmetic = true;
        self
    }

    /// Bytes of shared memory that a CTA may opt in to. Default 227 KB, as sm_90 has them.
    pub fn shared_limit(mut self, bytes: usize) -> Interpreter {
        self.limits.shared = bytes;
        self
    }

    /// Compiles a rendered kernel and loads it. The text is compiled as it is, whatever its digest.
    ///
    /// # Errors
    /// The compiler refuses it, or a file cannot be written or loaded.
    pub fn load(&self, source: &RenderedSource) -> Result<Kernel, InterpretError> {
        Ok(Kernel { variant: Some(source.variant), ..self.load_text(&source.entry, &source.text)? })
    }

    /// Compiles any kernel of one argument: `extern "C" __global__ void entry(const Args args)`.
    ///
    /// # Errors
    /// As for [`Interpreter::load`].
    pub fn load_text(&self, entry: &str, text: &str) -> Result<Kernel, InterpretError> {
        let object = Object::load(&self.compiler.object(&self.folder, entry, text)?)?;
        let Interpreter { seed, limits, .. } = *self;
        Ok(Kernel { object, variant: None, seed, limits, offset: 0, output_gap: 0 })
    }
}

/// A kernel that is ready to run. Cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    object: Arc<Object>,
    pub(super) variant: Option<Variant>,
    seed: u64,
    limits: Limits,
    pub(super) offset: usize,
    pub(super) output_gap: usize,
}

impl Kernel {
    /// The same kernel under another schedule.
    pub fn seed(&self, seed: u64) -> Kernel {
        Kernel { seed, ..self.clone() }
    }

    /// The same kernel, which [`Kernel::select`] gives a first score so many elements past an address that
    /// everything is aligned to.
    pub fn offset(&self, offset: usize) -> Kernel {
        Kernel { offset, ..self.clone() }
    }

    /// The same kernel, which [`Kernel::select`] gives an output with so many elements between its rows,
    /// which the kernel may not touch.
    pub fn output_gap(&self, output_gap: usize) -> Kernel {
        Kernel { output_gap, ..self.clone() }
    }

    /// What it was rendered from; `None` of a text of the caller's own.
    pub fn variant(&self) -> Option<&Variant> {
        self.variant.as_ref()
    }

    /// The folder with the text, the compiled object and its debug information.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.object.path.parent()
    }

    /// Bytes of shared memory that its variables take.
    pub fn shared_bytes(&self) -> usize {
        self.object.static_shared
    }

    /// What [`Kernel::select`] launches for a problem: on a GPU with clusters and cooperative
    /// launches, like those of sm_90, but with four multiprocessors.
    ///
    /// # Errors
    /// The kernel was not rendered from a variant, or the variant cannot serve the problem.
    pub fn plan(&self, problem: &Problem) -> Result<Plan, Fault> {
        let refused = |what| Fault::Launch { what };
        let variant = self.variant.as_ref();
        let variant = variant
            .ok_or_else(|| refused("the kernel was not rendered from a variant".to_owned()))?;
        let mut limits = crate::plan::Limits::of_arch(Arch::of_device(9, 0));
        limits.multiprocessors = MULTIPROCESSORS;
        Plan::with(problem, variant, &limits).map_err(|error| refused(error.to_string()))
    }

    /// Runs a launch to its end, or to its first fault. The arguments are the bytes of the kernel's
    /// argument, and the addresses in it those of the memory's buffers.
    ///
    /// # Errors
    /// The fault.
    pub fn launch(
        &self,
        launch: &Launch,
        args: &[u8],
        memory: &mut Memory,
    ) -> Result<Report, Fault> {
        schedule::run(&self.object, launch.0, self.limits, self.seed, args, memory)
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel")
            .field("path", &self.object.path)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub grid: u32,
    pub threads: u32,
    pub cluster: u32,
    pub cooperative: bool,
    pub dynamic_shared: usize,
    pub served: Option<Served>,
}

/// Which row a thread of a block serves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Served {
    /// That of the number of its cluster.
    Cluster,
    /// The remainder of its own number by the rows.
    Remainder(u32),
    /// Each of its warps the next one; blocks of so many warps.
    Warp(u32),
}

/// The shape of a launch, in one dimension.
#[derive(Debug, Clone, Copy)]
pub struct Launch(Shape);

impl Launch {
    /// `grid` CTAs of `threads` threads.
    pub fn new(grid: u32, threads: u32) -> Launch {
        let (cooperative, dynamic_shared, served) = (false, 0, None);
        Launch(Shape { grid, threads, cluster: 1, cooperative, dynamic_shared, served })
    }

    /// As a plan has it: CTAs, the clusters they are in, the shared memory that they ask for, and
    /// the row that each serves.
    pub fn of(plan: &Plan) -> Launch {
        let launch = Launch::new(plan.grid, plan.variant.threads)
            .cluster(plan.cluster)
            .dynamic_shared(plan.variant.ring_bytes() as usize);
        match plan.variant.kernel.launches_as() {
            LaunchKind::CtasPerRow => launch.row_by_remainder(plan.problem.rows as u32),
            LaunchKind::WarpPerRow => launch.row_by_warp(),
            _ => launch.row_by_cluster(),
        }
    }

    /// Clusters of this many CTAs, of which the grid is a multiple.
    pub fn cluster(mut self, ctas: u32) -> Launch {
        self.0.cluster = ctas;
        self
    }

    /// All CTAs of the grid at once.
    pub fn cooperative(mut self) -> Launch {
        self.0.cooperative = true;
        self
    }

    /// The n-th cluster serves the n-th row, and may touch no other row of scores, starts, lengths or
    /// indices. Without clusters, the n-th block does.
    pub fn row_by_cluster(mut self) -> Launch {
        self.0.served = Some(Served::Cluster);
        self
    }

    /// The n-th block serves row n % `rows`, and may touch no other row of scores, starts, lengths
    /// or indices.
    pub fn row_by_remainder(mut self, rows: u32) -> Launch {
        self.0.served = Some(Served::Remainder(rows.max(1)));
        self
    }

    /// The n-th warp of the launch serves the n-th row, and may touch no other row of scores, starts, lengths
    /// or indices.
    pub fn row_by_warp(mut self) -> Launch {
        self.0.served = Some(Served::Warp(self.0.threads / LANES));
        self
    }

    /// Shared memory beyond that of the variables.
    pub fn dynamic_shared(mut self, bytes: usize) -> Launch {
        self.0.dynamic_shared = bytes;
        self
    }
}

impl Shape {
    /// CTAs that are live together.
    pub fn live(&self) -> u32 {
        if self.cooperative { self.grid } else { self.cluster }
    }

    /// The row that a thread of a block serves, where the launch says so.
    pub fn row_of(&self, block: u32, thread: u32) -> Option<u32> {
        self.served.map(|served| match served {
            Served::Cluster => block / self.cluster,
            Served::Remainder(rows) => block % rows,
            Served::Warp(warps) => block * warps + thread / LANES,
        })
    }

    /// Where the launch's own shared memory begins, after that of the variables.
    pub fn dynamic_offset(&self, static_shared: usize) -> usize {
        const ALIGNMENT: usize = 128;
        if self.dynamic_shared == 0 {
            static_shared
        } else {
            static_shared.next_multiple_of(ALIGNMENT)
        }
    }

    pub fn check(&self, limits: &Limits, static_shared: usize) -> Result<(), Fault> {
        let Shape { grid, threads, cluster, cooperative, dynamic_shared, .. } = *self;
        let refused = |what: String| Err(Fault::Launch { what });
        if grid == 0 || threads == 0 || threads > 1024 {
            return refused(format!("{grid} blocks of {threads} threads; a block has 1 to 1024"));
        }
        if cluster == 0 || cluster > 16 || !grid.is_multiple_of(cluster) {
            return refused(format!(
                "{grid} blocks in clusters of {cluster}; a cluster has 1 to 16"
            ));
        }
        if cooperative && cluster > 1 {
            return refused("clusters in a cooperative launch are not modelled".to_owned());
        }
        let live = u64::from(self.live()) * u64::from(threads);
        if live > MOST_LIVE {
            return refused(format!("{live} threads live at once; at most {MOST_LIVE} can be"));
        }
        let limit = limits.shared.min(STATIC_SHARED);
        if static_shared > limit {
            let what = format!(
                "the kernel's variables take {static_shared} bytes, and {limit} are granted"
            );
            return Err(Fault::SharedMemory { what });
        }
        let all = self.dynamic_offset(static_shared) + dynamic_shared;
        if all > limits.shared {
            let what =
                format!("the launch takes {all} bytes, and a block may have {}", limits.shared);
            return Err(Fault::SharedMemory { what });
        }
        Ok(())
    }
}

/// What a launch did.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Report {
    /// Accesses and calls that were checked.
    pub steps: u64,
    /// How often another thread was resumed.
    pub switches: u64,
    /// Bytes of shared memory that the kernel's variables take.
    pub shared_bytes: usize,
}
