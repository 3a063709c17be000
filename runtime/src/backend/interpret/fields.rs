//! What the fields of a program are given in a launch here: numbers, and numbers of the host, each slice in a
//! buffer of its own, so that an access past its end is a fault.

use super::memory::{Buffer, Memory, Word};
use crate::error::Fault;
use crate::problem::args::{ArgValue, ProgramArgs};
use std::sync::{Arc, Mutex, PoisonError};
use topkit_codegen::{ArgsLayout, Program, Scalar};

/// The value of a field.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FieldData {
    /// A number.
    Number(ArgValue),
    /// Numbers that the program reads, by their bytes.
    Read(Scalar, Vec<u8>),
    /// Numbers that the program writes.
    Write(Scalar, Written),
}

impl FieldData {
    /// Numbers that the program reads.
    pub fn read<T: Word>(element: Scalar, numbers: &[T]) -> FieldData {
        let mut memory = Memory::new();
        let buffer = memory.input("numbers", numbers);
        FieldData::Read(element, memory.read::<u8>(buffer).into_iter().flatten().collect())
    }
}

/// Numbers that a program wrote in the last launch; clones share them.
#[derive(Debug, Clone)]
pub struct Written {
    bytes: usize,
    last: Arc<Mutex<Vec<Option<u8>>>>,
}

impl Written {
    /// So many bytes, none of them written.
    pub fn new(bytes: usize) -> Written {
        Written { bytes, last: Arc::default() }
    }

    /// Each byte, if the last launch wrote it.
    pub fn last(&self) -> Vec<Option<u8>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The values of all fields of a program.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    layout: ArgsLayout,
    data: Vec<(String, FieldData)>,
}

/// The fields of one launch: their values, and the buffers that the program writes.
pub(super) struct Placed {
    pub args: ProgramArgs,
    written: Vec<(Written, Buffer)>,
}

impl Fields {
    pub fn new(program: &Program, data: &[(&str, FieldData)]) -> Fields {
        let data = data.iter().map(|(name, data)| ((*name).to_owned(), data.clone()));
        Fields { layout: program.args().clone(), data: data.collect() }
    }

    /// Makes the buffers of a launch.
    pub fn place(&self, memory: &mut Memory) -> Result<Placed, Fault> {
        let mut written = Vec::new();
        let mut values: Vec<(&str, ArgValue)> = Vec::new();
        for (name, data) in &self.data {
            let (element, buffer, bytes) = match data {
                FieldData::Number(value) => {
                    values.push((name, *value));
                    continue;
                }
                FieldData::Read(element, bytes) => (*element, memory.input(name, bytes), bytes.len()),
                FieldData::Write(element, to) => {
                    let buffer = memory.output::<u8>(name, to.bytes);
                    written.push((to.clone(), buffer));
                    (*element, buffer, to.bytes)
                }
            };
            let (address, length) = (memory.address(buffer), bytes / element.bytes());
            values.push((name, ArgValue::Slice { element, address, length }));
        }
        let args = ProgramArgs::new(&self.layout, &values);
        let args = args.map_err(|error| Fault::Launch { what: error.to_string() })?;
        Ok(Placed { args, written })
    }
}

impl Placed {
    /// Keeps what the launch wrote.
    pub fn keep(&self, memory: &Memory) {
        for (to, buffer) in &self.written {
            *to.last.lock().unwrap_or_else(PoisonError::into_inner) = memory.read::<u8>(*buffer);
        }
    }
}
