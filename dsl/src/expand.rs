//! The Rust items of a declaration: the type, its `SPEC` and what it does on an engine.
//!
//! Every path starts at `::topkit` or `::std`, so nothing in the caller's scope changes the
//! meaning. The spec is sound when it comes here; nothing is checked and no CUDA is printed.

use crate::ast::Declaration;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::fmt::Debug;
use syn::ext::IdentExt;
use topkit_codegen::{KSet, Key, SelectorSpec};

/// The declared type and its methods.
pub fn items(declaration: &Declaration, spec: &SelectorSpec) -> TokenStream {
    let Declaration { attrs, vis, name, .. } = declaration;
    let cfgs: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let table = table(declaration, spec);
    let spec_doc = format!(" What `{}` declares.", name.unraw());
    let spec = spec_expression(spec);
    let methods = methods();
    quote! {
        #(#attrs)*
        #(#[doc = #table])*
        #[derive(::std::fmt::Debug, ::std::clone::Clone)]
        #vis struct #name {
            selector: ::topkit::Selector,
        }

        #(#cfgs)*
        // Of a type that its declaration deprecates, only the user's own uses are to be reported.
        #[allow(dead_code, deprecated)]
        impl #name {
            #[doc = #spec_doc]
            pub const SPEC: ::topkit::SelectorSpec = #spec;

            #methods
        }
    }
}

/// What the declaration says, for the type's documentation: one line an element.
fn table(declaration: &Declaration, spec: &SelectorSpec) -> Vec<String> {
    let given = |key: &Key| {
        let entries = declaration.entries.iter().flatten();
        entries.map(|entry| entry.key.unraw()).any(|written| written == key.name())
    };
    let head = ["", " # Declared keys", "", " | key | value |", " |---|---|"];
    let rows = Key::ALL.iter().map(|key| {
        let default = if given(key) { "" } else { " (default)" };
        format!(" | `{key}` | `{}`{default} |", value(*key, spec))
    });
    head.map(String::from).into_iter().chain(rows).collect()
}

/// The value of a key as the macro spells it.
pub fn value(key: Key, spec: &SelectorSpec) -> String {
    fn list<T: ToString>(values: &[T]) -> String {
        match values {
            [one] => one.to_string(),
            many => format!("[{}]", many.iter().map(T::to_string).collect::<Vec<_>>().join(", ")),
        }
    }
    let semantics = &spec.semantics;
    match key {
        Key::Dtype => list(&spec.dtype),
        Key::K => match &spec.k {
            KSet::Values(values) => list(values),
            range => range.to_string(),
        },
        Key::VecSize => list(&spec.vec_size),
        Key::Bins => list(&spec.bins),
        Key::Threads => list(&spec.threads),
        Key::Select => semantics.select.to_string(),
        Key::Nan => semantics.nan.to_string(),
        Key::Ties => semantics.ties.to_string(),
        Key::Order => semantics.order.to_string(),
        Key::Index => semantics.index.to_string(),
        Key::Values => semantics.values.to_string(),
        Key::Rows => semantics.rows.to_string(),
    }
}

/// The spec as a constant expression.
fn spec_expression(spec: &SelectorSpec) -> TokenStream {
    let name = &spec.name;
    let dtype = spec.dtype.iter().map(|dtype| {
        let dtype = member(dtype);
        quote!(::topkit::DType::#dtype)
    });
    let k = match &spec.k {
        KSet::Values(values) => {
            let values = integers(values);
            quote!(::topkit::spec::KSet::Values(#values))
        }
        KSet::Range { first, last } => {
            quote!(::topkit::spec::KSet::Range { first: #first, last: #last })
        }
    };
    let [vec_size, bins, threads] =
        [&spec.vec_size, &spec.bins, &spec.threads].map(|v| integers(v));
    let select = variant("Select", spec.semantics.select);
    let nan = variant("NanPolicy", spec.semantics.nan);
    let ties = variant("Ties", spec.semantics.ties);
    let order = variant("Order", spec.semantics.order);
    let index = variant("IndexType", spec.semantics.index);
    let values = spec.semantics.values;
    let rows = variant("RowShape", spec.semantics.rows);
    quote! {
        ::topkit::SelectorSpec {
            name: ::std::borrow::Cow::Borrowed(#name),
            dtype: ::std::borrow::Cow::Borrowed(&[#(#dtype),*]),
            k: #k,
            vec_size: #vec_size,
            bins: #bins,
            threads: #threads,
            semantics: ::topkit::spec::Semantics {
                select: #select,
                nan: #nan,
                ties: #ties,
                order: #order,
                index: #index,
                values: #values,
                rows: #rows,
            },
        }
    }
}

fn integers(values: &[u32]) -> TokenStream {
    quote!(::std::borrow::Cow::Borrowed(&[#(#values),*]))
}

/// The path of a member of an enum of `topkit::spec`.
fn variant(of: &str, value: impl Debug) -> TokenStream {
    let of = Ident::new(of, Span::call_site());
    let member = member(value);
    quote!(::topkit::spec::#of::#member)
}

/// The name of an enum's member, which for a member without fields is what `Debug` prints.
fn member(value: impl Debug) -> Ident {
    Ident::new(&format!("{value:?}"), Span::call_site())
}

fn methods() -> TokenStream {
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
            engine: &::topkit::Toolchain,
        ) -> ::std::result::Result<Self, ::topkit::Error> {
            ::std::result::Result::Ok(Self { selector: engine.selector(Self::SPEC)? })
        }

        /// Every kernel of the selector: for each combination of the declared lists, each kernel
        /// that serves it.
        pub fn variants() -> ::std::vec::Vec<::topkit::Variant> {
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
            problem: &::topkit::Problem,
        ) -> ::std::result::Result<::topkit::Plan, ::topkit::Error> {
            self.selector.plan(problem)
        }

        /// Selects the best `k` of every row, on a stream.
        ///
        /// `rows` holds the scores and their shape; any alignment and any stride will do. `indices`
        /// is a `&mut CudaSlice`, a `&mut CudaViewMut`, or an `Output` with a row stride of its own.
        /// It takes `k` indices a row, one row after the other. A row with fewer than `k` positions
        /// gives all of them and then the fill, -1 (all bits set for `u32`).
        ///
        /// The call returns once the kernel is queued. It allocates no device memory and never
        /// synchronises. A kernel's first launch compiles and loads it; `prepare` of the
        /// [`selector`](Self::selector) does so ahead of time. In a CUDA graph, capture the selector's
        /// `launch_raw`; `launch` of the selector says when a typed launch can be captured.
        ///
        /// # Errors
        ///
        /// When a shape, a dtype, `k` or the index type does not fit the declaration or the
        /// buffers, when the stream or a buffer belongs to another context than the engine, when
        /// the kernel cannot be compiled or loaded, or when the driver refuses the launch. Nothing
        /// is written then. A plan that needs a workspace is an error too; pass
        /// one to [`launch_with`](Self::launch_with).
        pub fn launch<'out, S: ::topkit::Score, I: ::topkit::IndexInt>(
            &self,
            stream: &::topkit::CudaStream,
            rows: &::topkit::Rows<'_, S>,
            k: u32,
            indices: impl ::std::convert::Into<::topkit::Output<'out, I>>,
        ) -> ::std::result::Result<(), ::topkit::Error> {
            self.selector.launch(stream, rows, k, indices)
        }

        /// Device memory for the launches of a problem to work in, zeroed on the stream; empty
        /// where the plan needs none. Keep it and lend it to every launch: allocating takes far
        /// longer than one.
        ///
        /// # Errors
        ///
        /// As [`plan`](Self::plan), and when the stream belongs to another context or is being
        /// captured, or the memory is not there.
        pub fn workspace(
            &self,
            stream: &::std::sync::Arc<::topkit::CudaStream>,
            problem: &::topkit::Problem,
        ) -> ::std::result::Result<::topkit::Workspace, ::topkit::Error> {
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
        pub fn launch_with<'out, S: ::topkit::Score, I: ::topkit::IndexInt>(
            &self,
            stream: &::topkit::CudaStream,
            rows: &::topkit::Rows<'_, S>,
            k: u32,
            indices: impl ::std::convert::Into<::topkit::Output<'out, I>>,
            workspace: &mut ::topkit::Workspace,
        ) -> ::std::result::Result<(), ::topkit::Error> {
            self.selector.launch_with(stream, rows, k, indices, workspace)
        }

        /// The CUDA C of one kernel, exactly as it is compiled. Needs no GPU.
        ///
        /// # Errors
        ///
        /// When the variant is not one of [`variants`](Self::variants), or does not render.
        pub fn source(
            &self,
            variant: &::topkit::Variant,
        ) -> ::std::result::Result<::topkit::inspect::RenderedSource, ::topkit::Error> {
            self.selector.source(variant)
        }

        /// Which kernel would run for a problem, with the reason of every choice.
        ///
        /// # Errors
        ///
        /// As [`plan`](Self::plan).
        pub fn explain(
            &self,
            problem: &::topkit::Problem,
        ) -> ::std::result::Result<::topkit::Explanation, ::topkit::Error> {
            self.selector.explain(problem)
        }

        /// The selector behind this type, for all else: launches on raw pointers, PTX, cubin,
        /// build logs, registers and shared memory.
        pub fn selector(&self) -> &::topkit::Selector {
            &self.selector
        }
    }
}
