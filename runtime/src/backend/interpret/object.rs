//! A compiled kernel in this process: its entry, its variables and the size of its shared memory.
//!
//! Loading fails with the system's own words. One launch at a time runs in an object, since the
//! built-in variables are the object's own; others wait.

use crate::error::InterpretError;
use crate::library::loader_words;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use object::elf::{FileHeader64, PT_TLS};
use object::read::elf::{FileHeader, ProgramHeader};
use std::collections::HashMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The folder that debug information names; it does not exist, so that no machine's path is kept.
pub(super) const COMPILED_IN: &str = "/kernel/";

/// Mirrors `Hooks` of `templates/host/hooks.cpp`.
#[repr(C)]
pub(super) struct Hooks {
    pub machine: *mut c_void,
    pub access: unsafe extern "C" fn(*mut c_void, u64, u64, u32, u64),
    pub call: unsafe extern "C" fn(*mut c_void, u32, u64, *const u64) -> u64,
}

/// The variables of an object that the interpreter sets.
#[derive(Clone, Copy)]
pub(super) struct Registers {
    pub hooks: *mut Hooks,
    pub stack: *mut [u64; 2],
    pub shared: *mut *mut u8,
    pub static_shared: *mut u64,
    pub cluster_size: *mut u32,
    pub cluster_rank: *mut u32,
    pub thread: *mut [u32; 3],
    pub block: *mut [u32; 3],
    pub block_dim: *mut [u32; 3],
    pub grid_dim: *mut [u32; 3],
}

pub(super) struct Object {
    pub path: PathBuf,
    pub entry: unsafe extern "C" fn(*const c_void),
    pub args_bytes: usize,
    pub image: (usize, usize),
    pub static_shared: usize,
    pub registers: Registers,
    pub running: Mutex<()>,
    _library: Library,
}

// SAFETY: the pointers are to variables of the loaded library, which lives as long as the object,
// and they are used only by whoever holds `running`.
unsafe impl Send for Object {}
// SAFETY: as above.
unsafe impl Sync for Object {}

/// The objects of this process by path: the system loads a file once, whoever asks.
static LOADED: Mutex<Option<HashMap<PathBuf, Weak<Object>>>> = Mutex::new(None);

impl Object {
    pub fn load(path: &Path) -> Result<Arc<Object>, InterpretError> {
        // The system knows a file by what it is, not by how it is spelled.
        let path = &path.canonicalize().map_err(|error| InterpretError::Load {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get_or_insert_default();
        if let Some(object) = loaded.get(path).and_then(Weak::upgrade) {
            return Ok(object);
        }
        let object = Arc::new(Object::open(path)?);
        loaded.retain(|_, object| object.strong_count() > 0);
        loaded.insert(path.to_owned(), Arc::downgrade(&object));
        Ok(object)
    }

    fn open(path: &Path) -> Result<Object, InterpretError> {
        let failed = |reason: String| InterpretError::Load { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let static_shared = shared_bytes(&bytes).map_err(|error| failed(error.to_string()))?;
        // SAFETY: the object was made by this module from a kernel and the shim; it runs nothing on
        // load.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| failed(loader_words(&error)))?;
        let symbol = |name: &str| -> Result<*mut c_void, InterpretError> {
            // SAFETY: only the address is taken here.
            let symbol = unsafe { library.get::<*mut c_void>(name.as_bytes()) };
            symbol.map(|symbol| symbol.as_raw_ptr()).map_err(|error| failed(loader_words(&error)))
        };
        let registers = Registers {
            hooks: symbol("topkit_hooks")?.cast(),
            stack: symbol("topkit_stack")?.cast(),
            shared: symbol("topkit_shared")?.cast(),
            static_shared: symbol("topkit_static_shared")?.cast(),
            cluster_size: symbol("topkit_cluster_size")?.cast(),
            cluster_rank: symbol("topkit_cluster_rank")?.cast(),
            thread: symbol("threadIdx")?.cast(),
            block: symbol("blockIdx")?.cast(),
            block_dim: symbol("blockDim")?.cast(),
            grid_dim: symbol("gridDim")?.cast(),
        };
        let mut bounds = [0u64; 2];
        // SAFETY: the shim defines these with these types.
        let (entry, args_bytes) = unsafe {
            let image: unsafe extern "C" fn(*mut u64) =
                std::mem::transmute(symbol("topkit_image")?);
            image(bounds.as_mut_ptr());
            let entry: unsafe extern "C" fn(*const c_void) =
                std::mem::transmute(symbol("topkit_entry")?);
            (entry, *symbol("topkit_args_bytes")?.cast::<u64>() as usize)
        };
        Ok(Object {
            path: path.to_owned(),
            entry,
            args_bytes,
            image: (bounds[0] as usize, bounds[1] as usize),
            static_shared,
            registers,
            running: Mutex::new(()),
            _library: library,
        })
    }
}

/// Bytes of the text's shared variables, which the compiler took for thread-local ones.
fn shared_bytes(object: &[u8]) -> object::Result<usize> {
    let header = FileHeader64::<object::Endianness>::parse(object)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, object)?;
    let shared = segments.iter().find(|segment| segment.p_type(endian) == PT_TLS);
    Ok(shared.map_or(0, |segment| segment.p_memsz(endian) as usize))
}
