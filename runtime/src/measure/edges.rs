//! Reads from a captured graph whether its launches may overlap by programmatic dependent launch.
//!
//! It changes nothing in the graph. The call that tells came with CUDA 12.3, after the bindings'
//! version, so it is asked of the driver by name; an earlier driver captures no such edge.

use crate::error::Error;
use cudarc::driver::sys::{self, CUgraph, CUgraphNode, CUresult};
use std::ffi::{c_int, c_void};

const SINCE: c_int = 12030;

/// `CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC`.
const PROGRAMMATIC: u8 = 1;

/// `CUgraphEdgeData`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct EdgeData {
    from_port: u8,
    to_port: u8,
    kind: u8,
    reserved: [u8; 5],
}

type GetEdges = unsafe extern "C" fn(
    CUgraph,
    *mut CUgraphNode,
    *mut CUgraphNode,
    *mut EdgeData,
    *mut usize,
) -> CUresult;

/// Whether an edge of the graph lets its second node start before its first has ended.
pub(super) fn any_programmatic(graph: CUgraph) -> Result<bool, Error> {
    let refused = Error::cuda("read the edges of a graph");
    let Some(get) = get_edges()? else { return Ok(false) };
    let mut count = 0;
    let null = std::ptr::null_mut();
    // SAFETY: the graph is live; without arrays the call writes the number of edges alone.
    unsafe { get(graph, null, null, std::ptr::null_mut(), &mut count) }
        .result()
        .map_err(&refused)?;
    // One launch alone has no edge, and the driver takes no arrays without room.
    if count == 0 {
        return Ok(false);
    }
    let mut from: Vec<CUgraphNode> = vec![std::ptr::null_mut(); count];
    let mut to = from.clone();
    let mut data = vec![EdgeData::default(); count];
    // SAFETY: each array has room for the number of edges given.
    unsafe { get(graph, from.as_mut_ptr(), to.as_mut_ptr(), data.as_mut_ptr(), &mut count) }
        .result()
        .map_err(&refused)?;
    Ok(data.iter().any(|edge| edge.kind == PROGRAMMATIC))
}

fn get_edges() -> Result<Option<GetEdges>, Error> {
    let refused = Error::cuda("find the call that reads a graph's edges");
    let mut version = 0;
    // SAFETY: the pointer is valid for one integer.
    unsafe { sys::cuDriverGetVersion(&mut version) }.result().map_err(&refused)?;
    if version < SINCE {
        return Ok(None);
    }
    let mut function: *mut c_void = std::ptr::null_mut();
    let mut found = sys::CUdriverProcAddressQueryResult::CU_GET_PROC_ADDRESS_SUCCESS;
    let name = c"cuGraphGetEdges".as_ptr();
    // SAFETY: the name is a C string, and both pointers are valid for one value.
    unsafe { sys::cuGetProcAddress_v2(name, &mut function, SINCE, 0, &mut found) }
        .result()
        .map_err(&refused)?;
    // SAFETY: this name at this version has the type above, and null is no function.
    Ok(unsafe { std::mem::transmute::<*mut c_void, Option<GetEdges>>(function) })
}
