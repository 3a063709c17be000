//! The host's backend: a launch is a selection in plain Rust by the meaning of the plan's variant.
//!
//! Its limits are those of a device without clusters, cooperative launches and workspaces, so a plan always
//! names a kernel; the host does not run it. A program that is made of functions is evaluated; one of CUDA C++ is
//! refused when its kernel is loaded. This is the one file of the host with `unsafe`: a launch has addresses.

use super::memory::{Context, Stream};
use super::own::{Given, Own};
use super::{Output, Rows, top_k_own};
use crate::backend::launch::RawLaunch;
use crate::backend::memory::{DeviceStream, Host};
use crate::backend::output::Map;
use crate::backend::rows::Marks;
use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::plan::{GpuTable, Limits};
use crate::problem::args::ProgramArgs;
use crate::problem::{IndexInt, Score, TooLarge, span};
use crate::with_score;
use cudarc::driver::sys::{CUdeviceptr, CUstream};
use std::sync::Arc;
use topkit_codegen::{
    ArgKind, Ids, IndexType, Mask, Program, SelectorSpec, Semantics, Stages, Variant,
};

/// The host.
#[derive(Clone, Copy)]
pub(crate) struct Cpu;

/// No plan within them needs a cluster, a cooperative launch or a workspace: one multiprocessor is too few for
/// a kernel that shares a row among all of them.
const LIMITS: Limits = Limits {
    multiprocessors: 1,
    threads_per_multiprocessor: 1024,
    registers_per_multiprocessor: 64 * 1024,
    shared_bytes_per_multiprocessor: u32::MAX,
    shared_bytes_per_cta: u32::MAX,
    clusters: false,
    most_cluster: 1,
    pdl: false,
    gigabytes_per_second: 0,
    stand_in: None,
};

/// The meaning of a selector, for one type of scores.
pub(crate) struct Kernel {
    semantics: Semantics,
    select: Select,
    /// Of functions.
    program: Option<Program>,
}

/// Selects as a launch says, by a meaning.
///
/// # Safety
/// As for [`Backend::launch`].
type Select = unsafe fn(&RawLaunch, &Semantics, Option<&Own<'_>>) -> Result<(), Error>;

impl Kernel {
    fn of(variant: &Variant, program: Option<Program>) -> Kernel {
        let semantics = variant.semantics;
        let select: Select = with_score!(variant.dtype, S => match semantics.index {
            IndexType::I32 => select::<S, i32>,
            IndexType::U32 => select::<S, u32>,
            IndexType::I64 => select::<S, i64>,
        });
        Kernel { semantics, select, program }
    }
}

impl Backend for Cpu {
    type Memory = Host;
    type Kernel = Kernel;

    fn limits(&self) -> &Limits {
        &LIMITS
    }

    fn table(&self) -> Option<Arc<GpuTable>> {
        None
    }

    fn loaded(&self, variant: &Variant) -> Option<Arc<Kernel>> {
        variant.program.is_none().then(|| Arc::new(Kernel::of(variant, None)))
    }

    fn load(&self, spec: &SelectorSpec, variant: &Variant) -> Result<Arc<Kernel>, Error> {
        let Some(program) = &spec.program else {
            return Ok(Arc::new(Kernel::of(variant, None)));
        };
        if program.stages().is_none() {
            return Err(Error::HostProgram { selector: spec.name.to_string() });
        }
        Ok(Arc::new(Kernel::of(variant, Some(program.clone()))))
    }

    fn context(&self) -> Result<&Context, Error> {
        Ok(Stream.context())
    }

    unsafe fn is_capturing(&self, _: CUstream) -> Result<bool, Error> {
        Ok(false)
    }

    unsafe fn launch(&self, kernel: &Arc<Kernel>, call: &Call<'_>) -> Result<(), Error> {
        // SAFETY: as the caller promises; a launch has the values of its program's fields.
        unsafe {
            let stages = kernel.program.as_ref().and_then(Program::stages);
            let own = stages.map(|stages| own(stages, call.program));
            (kernel.select)(call.launch, &kernel.semantics, own.as_ref())
        }
    }
}

/// The functions of a program with what a launch passes.
///
/// # Safety
/// The addresses of slices are those of as many elements, which nobody writes while the functions are used.
unsafe fn own<'a>(stages: &'a Stages, program: Option<&ProgramArgs>) -> Own<'a> {
    let places = program.into_iter().flat_map(ProgramArgs::places);
    let given = stages.functions().args().iter().zip(places).map(|(arg, bytes)| match arg.kind {
        ArgKind::Scalar(ty) => Given::Scalar(Own::stored(ty, &bytes[..Own::width(ty)])),
        ArgKind::Slice(ty) => {
            let word = |at: usize| {
                bytes[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            };
            let length = word(8) as usize * Own::width(ty);
            // SAFETY: as the caller promises.
            Given::Slice(unsafe { elements::<u8>(word(0), length) })
        }
    });
    Own::new(stages, given.collect())
}

/// # Safety
/// As for [`Backend::launch`]; scores are of type `S` and indices of type `I`.
unsafe fn select<S: Score, I: IndexInt>(
    launch: &RawLaunch,
    semantics: &Semantics,
    own: Option<&Own<'_>>,
) -> Result<(), Error> {
    let &RawLaunch { rows, columns, k, .. } = launch;
    let row_stride = stride("row stride", launch.row_stride)?;
    let index_stride = stride("output row stride", launch.index_stride)?;
    let value_stride = stride("row stride of the values", launch.value_stride)?;
    let (shards, width) = (launch.shards, launch.width());
    let shard_stride = stride("stride of the shards", launch.shard_stride)?;
    let shard_count_stride = stride("stride of the shards' counts", launch.shard_count_stride)?;
    let shard_id_stride = stride("stride of the shards' ids", launch.shard_id_stride)?;
    let mask_stride = stride("row stride of the mask", launch.mask_stride)?;
    let id_stride = stride("row stride of the ids", launch.id_stride)?;
    let page_stride = stride("row stride of the page table", launch.page_stride)?;
    let raw_column_stride = stride("row stride of the raw columns", launch.raw_column_stride)?;
    let len = |stride: usize, width: usize| match width {
        0 => 0,
        width => span(rows, stride as u64, width as u64) as usize,
    };
    // Of all shards.
    let len_of = |shard_stride: usize, stride: usize| match shards {
        0 => len(stride, columns),
        shards => match len(stride, width) {
            0 => 0,
            of_one => span(shards, shard_stride as u64, of_one as u64) as usize,
        },
    };
    // SAFETY: the caller promises that the addresses are valid for the shape and strides, and that the outputs
    // overlap no input and no other output. Typed launches, the only ones here, take them from slices, which they have checked to be
    // as long as these and borrow until this returns. The launch was checked, so they are aligned, and null only
    // where there are no elements.
    let (
        scores,
        starts,
        lengths,
        ks,
        shard_counts,
        marks,
        indices,
        values,
        counts,
        map,
        raw_columns,
    ) = unsafe {
        let spans = |address: CUdeviceptr| (address != 0).then(|| elements::<i32>(address, rows));
        (
            elements::<S>(launch.scores, len_of(shard_stride, row_stride)),
            spans(launch.row_starts),
            spans(launch.row_lengths),
            spans(launch.row_ks),
            (launch.shard_counts != 0).then(|| {
                let len = span(shards, shard_count_stride as u64, rows as u64) as usize;
                elements::<i32>(launch.shard_counts, len)
            }),
            match semantics.mask {
                Mask::None => None,
                Mask::Bits => {
                    let len = len(mask_stride, columns.div_ceil(32));
                    Some(Marks::Bits(elements::<u32>(launch.mask, len)))
                }
                Mask::Bytes => {
                    Some(Marks::Bytes(elements::<u8>(launch.mask, len(mask_stride, columns))))
                }
            },
            elements_mut::<I>(launch.indices, len(index_stride, k as usize)),
            semantics
                .values
                .then(|| elements_mut::<S>(launch.values, len(value_stride, k as usize))),
            semantics.count.then(|| elements_mut::<i32>(launch.counts, rows)),
            match semantics.ids {
                Ids::Columns => Map::Columns,
                Ids::Given => Map::Given {
                    ids: elements::<I>(launch.ids, len_of(shard_id_stride, id_stride)),
                    stride: id_stride,
                    shard_stride: Some(shard_id_stride),
                },
                Ids::Affine => Map::Affine {
                    scale: launch.id_scale,
                    offset: launch.id_offset,
                    offsets: (launch.row_offsets != 0)
                        .then(|| elements::<I>(launch.row_offsets, rows)),
                },
                Ids::Pages => {
                    let width = columns.div_ceil(1 << launch.page_shift);
                    let pages = elements::<i32>(launch.pages, len(page_stride, width));
                    Map::Pages { pages, stride: page_stride, shift: launch.page_shift }
                }
            },
            semantics.raw_columns.then(|| {
                elements_mut::<i32>(launch.raw_columns, len(raw_column_stride, k as usize))
            }),
        )
    };
    // A row that a function tells is as if the launch had told it.
    let spans = own.filter(|own| own.has_spans()).map(|own| {
        let span = |row: usize| {
            let start = starts.map_or(0, |starts: &[i32]| starts[row]);
            let length = lengths.map_or(columns as i32, |lengths: &[i32]| lengths[row]);
            own.span(row, columns, start, length)
        };
        (0..rows).map(span).unzip::<_, _, Vec<i32>, Vec<i32>>()
    });
    let starts = spans.as_ref().map_or(starts, |(starts, _)| Some(&starts[..]));
    let lengths = spans.as_ref().map_or(lengths, |(_, lengths)| Some(&lengths[..]));
    let input = Rows {
        scores,
        rows,
        columns,
        row_stride,
        starts,
        lengths,
        marks,
        mask_stride: Some(mask_stride),
        ks,
        shards,
        shard_stride: Some(shard_stride),
        shard_counts,
        shard_count_stride: Some(shard_count_stride),
    };
    let output = Output {
        values,
        value_stride,
        counts,
        index_fill: launch.index_fill.map_or(I::FILL, I::from_i64),
        value_fill: launch.value_fill.map(S::from_bits),
        map,
        raw_columns,
        raw_column_stride,
        ..Output::new(indices, index_stride)
    };
    Ok(top_k_own(&input, k, semantics, output, own)?)
}

/// No slice has rows in reverse.
fn stride(what: &'static str, given: i64) -> Result<usize, TooLarge> {
    let (value, limit) = (given as u64, i64::MAX as u64);
    usize::try_from(given).map_err(|_| TooLarge { what, value, limit })
}

/// # Safety
/// The address is that of so many elements, which nobody writes while the slice is used.
unsafe fn elements<'a, T>(address: CUdeviceptr, len: usize) -> &'a [T] {
    if len == 0 {
        return &[];
    }
    let first = std::ptr::with_exposed_provenance(address as usize);
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(first, len) }
}

/// # Safety
/// The address is that of so many elements, which nobody else uses while the slice is used.
unsafe fn elements_mut<'a, T>(address: CUdeviceptr, len: usize) -> &'a mut [T] {
    if len == 0 {
        return &mut [];
    }
    let first = std::ptr::with_exposed_provenance_mut(address as usize);
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts_mut(first, len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Planner;
    use crate::problem::Problem;
    use topkit_codegen::DType;

    #[test]
    fn every_plan_is_within_what_the_host_serves() {
        let spec = SelectorSpec::builder("Host").dtype(DType::ALL).k(1..=1 << 20).build().unwrap();
        let planner = Planner::new(Arc::new(spec), LIMITS, None);
        for dtype in DType::ALL {
            for rows in [1, 2, 64, 1 << 20] {
                for columns in [0, 1, 700, 8192, 50_000, 1 << 20, 1 << 24, (1 << 31) - 1] {
                    for k in [1, 64, 2048, 1 << 20] {
                        let problem = Problem::new(dtype, rows, columns, k);
                        let plan = planner.plan(&problem).unwrap();
                        assert_eq!((plan.cluster, plan.workspace_bytes), (1, 0), "{problem}");
                    }
                }
            }
        }
    }

    /// Typed launches have no rows in reverse.
    #[test]
    fn a_negative_stride_is_refused() {
        let scores = [1.0f32; 4];
        let mut indices = [7i32; 2];
        let launch = RawLaunch::new(DType::F32, 2, 2, 1).row_stride(-2);
        let launch = launch.scores(scores.as_ptr().expose_provenance() as u64);
        let launch = launch.indices(indices.as_mut_ptr().expose_provenance() as u64);
        // SAFETY: nothing is accessed.
        let refused = unsafe { select::<f32, i32>(&launch, &Semantics::DEFAULT, None) };
        assert!(matches!(refused, Err(Error::TooLarge(TooLarge { what: "row stride", .. }))));
        assert_eq!(indices, [7; 2]);
    }
}
