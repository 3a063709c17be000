//! Writes the methods of the declared type that use an engine.

use super::functions::Args;
use proc_macro2::TokenStream;
use quote::quote;

/// The methods, each handed on to the selector behind the type.
pub(super) fn methods(topkit: &TokenStream, args: Option<&Args<'_>>) -> TokenStream {
    let (taken, passed) = match args {
        Some(args) => {
            let args = args.on_gpu();
            (Some(quote!(args: &#args,)), Some(quote!(args,)))
        }
        None => (None, None),
    };
    let (launch, launch_with) = match args {
        Some(_) => (quote!(launch_given), quote!(launch_given_with)),
        None => (quote!(launch), quote!(launch_with)),
    };
    quote! {
        /// Opens the selector on an engine.
        ///
        /// The engine says where kernels run and for which architecture they are compiled: a GPU
        /// (`Engine::new`), or a context of your own (`Engine::on`). A `Toolchain` needs no GPU;
        /// with it everything but a launch works. Make this once and keep it; a clone is cheap and
        /// shares the compiled kernels. Nothing is compiled here.
        ///
        /// # Errors
        ///
        /// When the engine refuses the declaration. It applies the rules that were applied at
        /// compile time, so this takes a `topkit` whose rules have changed since.
        pub fn new(
            engine: &#topkit::Toolchain,
        ) -> ::std::result::Result<Self, #topkit::Error> {
            ::std::result::Result::Ok(Self { selector: engine.selector(Self::SPEC)? })
        }

        /// Every kernel of the selector: for each combination of the declared lists, each kernel
        /// that serves it.
        pub fn variants() -> ::std::vec::Vec<#topkit::Variant> {
            Self::SPEC.variants()
        }

        /// Which kernel would run for a problem, with how many CTAs, and the workspace in bytes
        /// that it needs. Compiles nothing and needs no GPU.
        ///
        /// # Errors
        ///
        /// When the declaration does not name the problem's dtype or k, or when it has more rows
        /// or columns than 2^31 - 1.
        pub fn plan(
            &self,
            problem: &#topkit::Problem,
        ) -> ::std::result::Result<#topkit::Plan, #topkit::Error> {
            self.selector.plan(problem)
        }

        /// Selects the best `k` of every row, on a stream.
        ///
        /// `rows` holds the scores and their shape; any alignment and any stride will do. `indices`
        /// is a `&mut CudaSlice`, a `&mut CudaViewMut`, or an `Output` with a row stride of its own, and with places
        /// for values and counts where the selector is declared with them.
        /// It takes `k` indices a row, one row after the other. A row with fewer than `k` positions
        /// gives all of them and then the fill, -1 (all bits set for `u32`).
        ///
        /// The call returns once the kernel is queued and never synchronises. A kernel's first launch
        /// compiles and loads it; [`prepare`](Self::prepare) and [`warmup`](Self::warmup) do so ahead of
        /// time. Where the plan needs a workspace, the first launch on a stream allocates it, and later
        /// launches on the stream use it again. In a CUDA graph, capture the selector's `launch_raw`;
        /// `launch` of the selector says when a typed launch can be captured.
        ///
        /// # Errors
        ///
        /// When a shape, a dtype, `k` or the index type does not fit the declaration or the
        /// buffers, when the stream or a buffer belongs to another context than the engine, when
        /// the kernel cannot be compiled or loaded, or when the driver refuses the launch. Nothing
        /// is written then.
        pub fn launch<'out, S: #topkit::Score + 'out, I: #topkit::IndexInt + 'out>(
            &self,
            stream: &::std::sync::Arc<#topkit::CudaStream>,
            rows: &#topkit::Rows<'_, S>,
            k: ::std::primitive::u32,
            #taken
            indices: impl ::std::convert::Into<#topkit::Output<'out, I, S>>,
        ) -> ::std::result::Result<(), #topkit::Error> {
            self.selector.#launch(stream, rows, k, #passed indices)
        }

        /// Compiles and loads the kernel that launches of a problem use, so that they do neither.
        /// Needed before a stream capture.
        ///
        /// # Errors
        ///
        /// As [`plan`](Self::plan), and when the kernel cannot be compiled or loaded.
        pub fn prepare(
            &self,
            problem: &#topkit::Problem,
        ) -> ::std::result::Result<#topkit::Plan, #topkit::Error> {
            self.selector.prepare(problem)
        }

        /// Compiles and loads all kernels that launches of some problems, or of ranges of problems
        /// (`Workload`), can need. The report names each kernel that failed.
        ///
        /// # Errors
        ///
        /// When the declaration does not name a dtype, or no k of a range, or when a shape is beyond
        /// 2^31 - 1.
        pub fn warmup<W: ::std::convert::Into<#topkit::Workload>>(
            &self,
            problems: impl ::std::iter::IntoIterator<Item = W>,
        ) -> ::std::result::Result<#topkit::cache::Warmup, #topkit::Error> {
            self.selector.warmup(problems)
        }

        /// Device memory for the launches of a problem to work in, zeroed on the stream; empty
        /// where the plan needs none. Keep it for every launch: an allocation takes far longer than
        /// a launch.
        ///
        /// # Errors
        ///
        /// As [`plan`](Self::plan), and when the stream belongs to another context or is being
        /// captured, or the memory is not there.
        pub fn workspace(
            &self,
            stream: &::std::sync::Arc<#topkit::CudaStream>,
            problem: &#topkit::Problem,
        ) -> ::std::result::Result<#topkit::Workspace, #topkit::Error> {
            self.selector.workspace(stream, problem)
        }

        /// As [`launch`](Self::launch), in a workspace that [`workspace`](Self::workspace) made
        /// for this problem, or for one that needs no less.
        ///
        /// It serves one launch after another. Launches that may run at the same time, by graphs
        /// replayed on several streams for example, need one each.
        ///
        /// # Errors
        ///
        /// As [`launch`](Self::launch), and when the workspace is smaller than the plan needs.
        pub fn launch_with<'out, S: #topkit::Score + 'out, I: #topkit::IndexInt + 'out>(
            &self,
            stream: &#topkit::CudaStream,
            rows: &#topkit::Rows<'_, S>,
            k: ::std::primitive::u32,
            #taken
            indices: impl ::std::convert::Into<#topkit::Output<'out, I, S>>,
            workspace: &mut #topkit::Workspace,
        ) -> ::std::result::Result<(), #topkit::Error> {
            self.selector.#launch_with(stream, rows, k, #passed indices, workspace)
        }

        /// The CUDA C of one kernel, exactly as it is compiled. Needs no GPU.
        ///
        /// # Errors
        ///
        /// When the variant is not one of [`variants`](Self::variants), or does not render.
        pub fn source(
            &self,
            variant: &#topkit::Variant,
        ) -> ::std::result::Result<#topkit::inspect::RenderedSource, #topkit::Error> {
            self.selector.source(variant)
        }

        /// The variant that would run for a problem, with the reasons.
        ///
        /// # Errors
        ///
        /// As [`plan`](Self::plan).
        pub fn explain(
            &self,
            problem: &#topkit::Problem,
        ) -> ::std::result::Result<#topkit::Explanation, #topkit::Error> {
            self.selector.explain(problem)
        }

        /// The selector behind this type, for all else: launches on raw pointers, PTX, cubin,
        /// build logs, registers and shared memory.
        pub fn selector(&self) -> &#topkit::Selector {
            &self.selector
        }
    }
}
