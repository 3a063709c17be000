//! The values of a program's fields, as the bytes that a kernel takes after what every launch passes.
//!
//! Each value is checked against the layout that codegen has rendered into the kernel: names, types, and the
//! alignment of addresses. Whether an address is valid is the caller's promise.

use half::{bf16, f16};
use std::fmt;
use topkit_codegen::{ArgsLayout, Field, FieldType, Scalar};

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ArgValue {
    /// Of a field of this type.
    F32(f32),
    /// Of a field of this type.
    F64(f64),
    /// Of a field of this type.
    U8(u8),
    /// Of a field of this type.
    U16(u16),
    /// Of a field of this type.
    U32(u32),
    /// Of a field of this type.
    U64(u64),
    /// Of a field of this type.
    I32(i32),
    /// Of a field of this type.
    I64(i64),
    /// Of a field of this type.
    Bool(bool),
    /// Of a field of this type.
    Bf16(bf16),
    /// Of a field of this type.
    F16(f16),
    /// Numbers on the device, for a field that the program reads or writes.
    Slice {
        /// What they are.
        element: Scalar,
        /// The address of the first.
        address: u64,
        /// How many they are.
        length: usize,
    },
}

impl ArgValue {
    /// What it is, as a declaration has it.
    fn name(&self) -> String {
        match self {
            ArgValue::F32(_) => "f32".to_owned(),
            ArgValue::F64(_) => "f64".to_owned(),
            ArgValue::U8(_) => "u8".to_owned(),
            ArgValue::U16(_) => "u16".to_owned(),
            ArgValue::U32(_) => "u32".to_owned(),
            ArgValue::U64(_) => "u64".to_owned(),
            ArgValue::I32(_) => "i32".to_owned(),
            ArgValue::I64(_) => "i64".to_owned(),
            ArgValue::Bool(_) => "bool".to_owned(),
            ArgValue::Bf16(_) => "bf16".to_owned(),
            ArgValue::F16(_) => "f16".to_owned(),
            ArgValue::Slice { element, .. } => format!("[{}]", element.name()),
        }
    }

    /// Its bytes in the argument, if a field of this type takes it.
    fn bytes(&self, field: FieldType) -> Option<Vec<u8>> {
        use FieldType::{Slice, SliceMut};
        let is = |scalar| field == FieldType::Scalar(scalar);
        let bytes = match *self {
            ArgValue::F32(value) if is(Scalar::F32) => value.to_le_bytes().to_vec(),
            ArgValue::F64(value) if is(Scalar::F64) => value.to_le_bytes().to_vec(),
            ArgValue::U8(value) if is(Scalar::U8) => value.to_le_bytes().to_vec(),
            ArgValue::U16(value) if is(Scalar::U16) => value.to_le_bytes().to_vec(),
            ArgValue::U32(value) if is(Scalar::U32) => value.to_le_bytes().to_vec(),
            ArgValue::U64(value) if is(Scalar::U64) => value.to_le_bytes().to_vec(),
            ArgValue::I32(value) if is(Scalar::I32) => value.to_le_bytes().to_vec(),
            ArgValue::I64(value) if is(Scalar::I64) => value.to_le_bytes().to_vec(),
            ArgValue::Bool(value) if is(Scalar::Bool) => vec![u8::from(value)],
            ArgValue::Bf16(value) if is(Scalar::Bf16) => value.to_le_bytes().to_vec(),
            ArgValue::F16(value) if is(Scalar::F16) => value.to_le_bytes().to_vec(),
            ArgValue::Slice { element, address, length }
                if [Slice(element), SliceMut(element)].contains(&field) =>
            {
                [address, length as u64].iter().flat_map(|word| word.to_le_bytes()).collect()
            }
            _ => return None,
        };
        Some(bytes)
    }
}

macro_rules! values {
    ($($value:ident: $of:ty,)*) => {$(
        impl From<$of> for ArgValue {
            fn from(value: $of) -> ArgValue {
                ArgValue::$value(value)
            }
        }
    )*};
}
values! {
    F32: f32, F64: f64, U8: u8, U16: u16, U32: u32, U64: u64, I32: i32, I64: i64, Bool: bool, Bf16: bf16, F16: f16,
}

/// Values that are not those of a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// A field has no value.
    #[error(
        "the argument `{field}` of the selector's functions has no value; give it one of type {declared}"
    )]
    Missing {
        /// The field.
        field: String,
        /// Its type.
        declared: String,
    },
    /// A value belongs to no field.
    #[error("the selector's functions have no argument `{given}`; {known}")]
    Unknown {
        /// The name that was given.
        given: String,
        /// The fields that there are.
        known: Fields,
    },
    /// A field has two values.
    #[error("the argument `{field}` of the selector's functions has two values; give it one")]
    Twice {
        /// The field.
        field: String,
    },
    /// A value has another type than its field.
    #[error(
        "the argument `{field}` of the selector's functions is {declared}, but its value is {given}"
    )]
    Type {
        /// The field.
        field: String,
        /// Its type.
        declared: String,
        /// The type of the value.
        given: String,
    },
    /// The address of a slice is null or misaligned.
    #[error(
        "the argument `{field}` of the selector's functions has the address {address:#x}; {length} elements need a multiple of {align}, not 0"
    )]
    Address {
        /// The field.
        field: String,
        /// The address.
        address: u64,
        /// How many numbers are there.
        length: usize,
        /// What it must be a multiple of.
        align: usize,
    },
    /// A slice has more elements than there are addresses.
    #[error(
        "the argument `{field}` of the selector's functions has {length} elements; no slice has so many"
    )]
    Length {
        /// The field.
        field: String,
        /// The length.
        length: usize,
    },
    /// A launch has no values for a program that takes some.
    #[error(
        "the functions of the selector {selector} have arguments, and this launch gives them no values; {fields}"
    )]
    Needed {
        /// The selector.
        selector: String,
        /// The fields.
        fields: Fields,
    },
    /// A launch has the values of another layout.
    #[error(
        "this launch has values for other arguments than those of the selector {selector}; {fields}"
    )]
    Other {
        /// The selector.
        selector: String,
        /// Its fields.
        fields: Fields,
    },
}

/// The names and types of a program's fields, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

impl Fields {
    fn of(layout: &ArgsLayout) -> Fields {
        let named = |field: &Field| format!("`{}: {}`", field.name(), field.kind().name());
        Fields(layout.fields().iter().map(named).collect())
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [] => f.write_str("there are none"),
            fields => write!(f, "they are {}", fields.join(", ")),
        }
    }
}

/// The checked values of a program's fields: what each launch of its selector passes after its own argument.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramArgs {
    layout: ArgsLayout,
    /// What follows the core.
    tail: Vec<u8>,
}

impl ProgramArgs {
    /// The values of fields, each by its name, in any order.
    ///
    /// # Errors
    /// A field has no value, two, or one of another type; a name is no field's; or the address of a slice
    /// that is not empty is null or not a multiple of its element's size.
    pub fn new(layout: &ArgsLayout, values: &[(&str, ArgValue)]) -> Result<ProgramArgs, ArgsError> {
        let mut tail = vec![0; layout.bytes() - ArgsLayout::core_bytes()];
        let is_known = |name: &str| layout.fields().iter().any(|field| field.name() == name);
        if let Some((given, _)) = values.iter().find(|(name, _)| !is_known(name)) {
            let known = Fields::of(layout);
            return Err(ArgsError::Unknown { given: (*given).to_owned(), known });
        }
        for field in layout.fields() {
            let (name, declared) = (field.name().to_owned(), field.kind().name());
            let mut own = values.iter().filter(|(given, _)| *given == name);
            let Some((_, value)) = own.next() else {
                return Err(ArgsError::Missing { field: name, declared });
            };
            if own.next().is_some() {
                return Err(ArgsError::Twice { field: name });
            }
            let Some(bytes) = value.bytes(field.kind()) else {
                let given = value.name();
                return Err(ArgsError::Type { field: name, declared, given });
            };
            if let ArgValue::Slice { element, address, length } = *value {
                let align = element.bytes();
                let aligned = address % align as u64 == 0;
                if length.checked_mul(align).is_none_or(|bytes| bytes > isize::MAX as usize) {
                    return Err(ArgsError::Length { field: name, length });
                }
                if length > 0 && (address == 0 || !aligned) {
                    return Err(ArgsError::Address { field: name, address, length, align });
                }
            }
            let place = field.offset() - ArgsLayout::core_bytes();
            tail[place..place + bytes.len()].copy_from_slice(&bytes);
        }
        Ok(ProgramArgs { layout: layout.clone(), tail })
    }

    /// The slices of device memory among the values: name, whether the program writes it, bytes of an element,
    /// address and length.
    #[cfg(feature = "interpret")]
    pub(crate) fn slices(&self) -> impl Iterator<Item = (&str, bool, usize, u64, usize)> {
        self.layout.fields().iter().filter_map(|field| {
            let (element, writes) = match field.kind() {
                FieldType::Scalar(_) => return None,
                FieldType::Slice(element) => (element, false),
                FieldType::SliceMut(element) => (element, true),
            };
            let place = field.offset() - ArgsLayout::core_bytes();
            let word = |at: usize| {
                let bytes = self.tail[at..at + 8].iter().rev();
                bytes.fold(0u64, |word, byte| word << 8 | u64::from(*byte))
            };
            let length = word(place + 8) as usize;
            Some((field.name(), writes, element.bytes(), word(place), length))
        })
    }

    /// The bytes from the place of each field on.
    pub(crate) fn places(&self) -> impl Iterator<Item = &[u8]> {
        let place = |field: &Field| field.offset() - ArgsLayout::core_bytes();
        self.layout.fields().iter().map(move |field| &self.tail[place(field)..])
    }

    /// The whole argument, after the bytes of its core.
    pub(crate) fn after(&self, core: &[u8]) -> Vec<u8> {
        [core, &self.tail].concat()
    }

    /// Refuses the values of a launch that are not those of its selector.
    pub(crate) fn check(
        given: Option<&ProgramArgs>,
        declared: Option<&ArgsLayout>,
        selector: &str,
    ) -> Result<(), ArgsError> {
        match (given, declared.filter(|layout| !layout.fields().is_empty())) {
            (None, None) => Ok(()),
            (Some(given), Some(declared)) if given.layout == *declared => Ok(()),
            (Some(given), None) if given.layout.fields().is_empty() => Ok(()),
            (None, Some(declared)) => {
                let (selector, fields) = (selector.to_owned(), Fields::of(declared));
                Err(ArgsError::Needed { selector, fields })
            }
            (Some(_), declared) => {
                let fields = declared.map_or(Fields(Vec::new()), Fields::of);
                Err(ArgsError::Other { selector: selector.to_owned(), fields })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::Program;

    fn layout() -> ArgsLayout {
        let program = Program::builder("struct Own {};").source("Own");
        let program = program.field("flag", FieldType::Scalar(Scalar::U8));
        let program = program.field("scale", FieldType::Scalar(Scalar::F32));
        let program = program.field("bias", FieldType::Slice(Scalar::F64));
        program.field("out", FieldType::SliceMut(Scalar::U16)).build().unwrap().args().clone()
    }

    const FLAG: (&str, ArgValue) = ("flag", ArgValue::U8(7));
    const SCALE: (&str, ArgValue) = ("scale", ArgValue::F32(1.5));

    fn slice(element: Scalar, address: u64) -> ArgValue {
        ArgValue::Slice { element, address, length: 3 }
    }

    #[test]
    fn values_are_packed_where_the_layout_has_them() {
        let values =
            [SCALE, ("out", slice(Scalar::U16, 18)), FLAG, ("bias", slice(Scalar::F64, 16))];
        let args = ProgramArgs::new(&layout(), &values).unwrap();
        let core = [9u8; 72];
        let bytes = args.after(&core);
        assert_eq!(bytes.len(), layout().bytes());
        assert_eq!(bytes[..72], core);
        assert_eq!(bytes[72..76], [7, 0, 0, 0]);
        assert_eq!(bytes[76..80], 1.5f32.to_le_bytes());
        let words: Vec<u64> = bytes[80..]
            .chunks(8)
            .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words, [16, 3, 18, 3]);
    }

    #[test]
    fn values_that_do_not_fit_are_refused_by_name() {
        let (bias, out) = (("bias", slice(Scalar::F64, 16)), ("out", slice(Scalar::U16, 16)));
        let said = |values: &[(&str, ArgValue)]| {
            ProgramArgs::new(&layout(), values).unwrap_err().to_string()
        };
        let sound = [FLAG, SCALE, bias, out];
        let with = |place: usize, value| {
            let mut values = sound;
            values[place] = value;
            said(&values)
        };
        for (error, words) in [
            (
                said(&[SCALE, bias, out]),
                "`flag` of the selector's functions has no value; give it one of type u8",
            ),
            (said(&[FLAG, SCALE, bias]), "give it one of type &mut [u16]"),
            (
                said(&[FLAG, SCALE, SCALE, bias, out]),
                "`scale` of the selector's functions has two values",
            ),
            (
                with(1, ("scale", ArgValue::F64(1.0))),
                "`scale` of the selector's functions is f32, but its value is f64",
            ),
            (with(2, ("bias", slice(Scalar::F32, 16))), "is &[f64], but its value is [f32]"),
            (with(0, ("flag", slice(Scalar::U8, 16))), "is u8, but its value is [u8]"),
            (
                with(2, ("bias", slice(Scalar::F64, 12))),
                "address 0xc; 3 elements need a multiple of 8",
            ),
            (with(3, ("out", slice(Scalar::U16, 0))), "address 0x0"),
            (
                with(0, ("flags", ArgValue::U8(1))),
                "no argument `flags`; they are `flag: u8`, `scale: f32`",
            ),
        ] {
            assert!(error.contains(words), "{error}");
        }
        let long = ArgValue::Slice { element: Scalar::F64, address: 16, length: usize::MAX / 8 };
        assert!(with(2, ("bias", long)).contains("elements; no slice has so many"));
        let empty = ArgValue::Slice { element: Scalar::U16, address: 0, length: 0 };
        assert!(ProgramArgs::new(&layout(), &[FLAG, SCALE, bias, ("out", empty)]).is_ok());
    }

    #[test]
    fn a_launch_has_the_values_of_its_selector() {
        let none = ProgramArgs::new(&ArgsLayout::core(), &[]).unwrap();
        let program = Program::builder("struct Own {};").source("Own");
        let program = program.field("flag", FieldType::Scalar(Scalar::U8)).build().unwrap();
        let one = ProgramArgs::new(program.args(), &[FLAG]).unwrap();
        let core = ArgsLayout::core();
        let said =
            |given, declared| ProgramArgs::check(given, declared, "Own").map_err(|e| e.to_string());
        let layout = layout();
        assert_eq!(said(None, None), Ok(()));
        assert_eq!(said(None, Some(&core)), Ok(()));
        assert_eq!(said(Some(&none), None), Ok(()));
        assert_eq!(said(Some(&one), Some(&one.layout)), Ok(()));
        let needed = said(None, Some(&layout)).unwrap_err();
        assert!(needed.contains("no values; they are `flag: u8`"), "{needed}");
        let other = said(Some(&one), Some(&layout)).unwrap_err();
        assert!(
            other.contains("other arguments than those of the selector Own; they are"),
            "{other}"
        );
        assert!(said(Some(&one), None).unwrap_err().contains("there are none"));
    }
}
