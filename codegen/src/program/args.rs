//! The argument of a kernel: what every launch passes, then the fields of a program.
//!
//! The layout is that of C. It is computed here alone: the text of a kernel declares the fields and asserts
//! each place, and the host packs the values by it.

use super::launch_args::{ALIGN, BYTES, FIELDS};
use std::borrow::Cow;
use std::sync::Arc;

/// The type of a number that a program is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 8-bit unsigned integer.
    U8,
    /// 16-bit unsigned integer.
    U16,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit unsigned integer.
    U64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// A byte that is 0 for `false`.
    Bool,
    /// The bits of a bf16.
    Bf16,
    /// The bits of a 16-bit float.
    F16,
}

impl Scalar {
    /// How Rust spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::Bool => "bool",
            Scalar::Bf16 => "bf16",
            Scalar::F16 => "f16",
        }
    }

    /// How the generated text spells it.
    const fn cuda_name(self) -> &'static str {
        match self {
            Scalar::F32 => "float",
            Scalar::F64 => "double",
            Scalar::Bool => "u8",
            Scalar::Bf16 | Scalar::F16 => "u16",
            integer => integer.name(),
        }
    }

    /// Bytes of it, which its address is a multiple of.
    pub const fn bytes(self) -> usize {
        match self {
            Scalar::U8 | Scalar::Bool => 1,
            Scalar::U16 | Scalar::Bf16 | Scalar::F16 => 2,
            Scalar::F32 | Scalar::U32 | Scalar::I32 => 4,
            Scalar::F64 | Scalar::U64 | Scalar::I64 => 8,
        }
    }
}

/// What a field of a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A number.
    Scalar(Scalar),
    /// Numbers on the device that the program reads: their address, then how many they are, as `i64` with
    /// `_length` after the field's name.
    Slice(Scalar),
    /// The same, for numbers that the program writes.
    SliceMut(Scalar),
}

/// Bytes of an address, and of a length.
const WORD: usize = 8;

impl FieldType {
    /// How Rust spells it: `f32`, `&[f32]`, `&mut [f32]`.
    pub fn name(self) -> String {
        match self {
            FieldType::Scalar(scalar) => scalar.name().to_owned(),
            FieldType::Slice(scalar) => format!("&[{}]", scalar.name()),
            FieldType::SliceMut(scalar) => format!("&mut [{}]", scalar.name()),
        }
    }

    const fn bytes(self) -> usize {
        match self {
            FieldType::Scalar(scalar) => scalar.bytes(),
            FieldType::Slice(_) | FieldType::SliceMut(_) => 2 * WORD,
        }
    }

    const fn align(self) -> usize {
        match self {
            FieldType::Scalar(scalar) => scalar.bytes(),
            FieldType::Slice(_) | FieldType::SliceMut(_) => WORD,
        }
    }
}

/// A field of a program, and its place in the argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    name: Cow<'static, str>,
    kind: FieldType,
    offset: usize,
}

impl Field {
    /// Its name, an identifier of C++.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub const fn kind(&self) -> FieldType {
        self.kind
    }

    /// Bytes before it in the argument.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Its members in the text.
    fn members(&self) -> Vec<Member> {
        let Field { name, kind, offset } = self;
        let member = |declarator: String, name: String, offset, bytes| Member {
            declaration: format!("{declarator}{name};"),
            name,
            offset,
            bytes,
        };
        let slice = |declarator| {
            let length = format!("{name}_length");
            vec![
                member(declarator, name.to_string(), *offset, WORD),
                member("i64 ".to_owned(), length, offset + WORD, WORD),
            ]
        };
        match kind {
            FieldType::Scalar(scalar) => {
                let declarator = format!("{} ", scalar.cuda_name());
                vec![member(declarator, name.to_string(), *offset, scalar.bytes())]
            }
            FieldType::Slice(scalar) => slice(format!("const {}* ", scalar.cuda_name())),
            FieldType::SliceMut(scalar) => slice(format!("{}* ", scalar.cuda_name())),
        }
    }
}

/// A member of the struct in the text.
struct Member {
    declaration: String,
    name: String,
    offset: usize,
    bytes: usize,
}

/// Where the fields of a program are in the argument of its kernels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArgsLayout {
    /// Each launch has a copy of them.
    fields: Arc<[Field]>,
    bytes: usize,
}

impl ArgsLayout {
    /// The layout of a kernel without a program.
    pub fn core() -> ArgsLayout {
        ArgsLayout { fields: Arc::default(), bytes: BYTES }
    }

    /// Places fields after what every launch passes, in their order. Names are not checked here.
    pub(super) fn of(fields: Vec<(Cow<'static, str>, FieldType)>) -> ArgsLayout {
        let mut bytes = BYTES;
        let place = |(name, kind): (Cow<'static, str>, FieldType)| {
            let offset = bytes.next_multiple_of(kind.align());
            bytes = offset + kind.bytes();
            Field { name, kind, offset }
        };
        let fields = fields.into_iter().map(place).collect();
        ArgsLayout { fields, bytes: bytes.next_multiple_of(ALIGN) }
    }

    /// The fields of the program, in the order of their places.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Bytes of the whole argument.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of what every launch passes, which is the first part of the argument.
    pub const fn core_bytes() -> usize {
        BYTES
    }

    /// The members after those that every launch passes, as the text declares them: the program's fields, then
    /// words of 8 bytes, each by its name and its type.
    pub(crate) fn declarations(&self, words: &[(&str, &str)]) -> Vec<String> {
        self.members(words).map(|member| member.declaration).collect()
    }

    /// The members of the program's fields, then of words after them.
    fn members(&self, words: &[(&str, &str)]) -> impl Iterator<Item = Member> {
        let word = |(place, (name, declarator)): (usize, &(&str, &str))| Member {
            declaration: format!("{declarator}{name};"),
            name: (*name).to_owned(),
            offset: self.bytes + WORD * place,
            bytes: WORD,
        };
        self.fields.iter().flat_map(Field::members).chain(words.iter().enumerate().map(word))
    }

    /// The names of those members.
    pub(super) fn member_names(&self) -> impl Iterator<Item = String> {
        self.fields.iter().flat_map(Field::members).map(|member| member.name)
    }

    /// Lines of the text that refuse to compile where a field is in another place than the host's.
    pub(crate) fn assertions(&self, words: &[(&str, &str)]) -> Vec<String> {
        let at = |of: &str, name: &str, offset: usize, bytes: usize| {
            let place = format!("TOPKIT_OFFSET({of}, {name}) == {offset}");
            let size = format!("sizeof({of}::{name}) == {bytes}");
            format!("static_assert({place} && {size}, \"{name} is elsewhere\");")
        };
        let core = FIELDS.iter();
        let core = core.map(|(name, offset, bytes)| at("LaunchArgs", name, *offset, *bytes));
        let own = self.members(words);
        let own = own.map(|Member { name, offset, bytes, .. }| at("Args", &name, offset, bytes));
        let sizes = [("LaunchArgs", BYTES), ("Args", self.bytes + WORD * words.len())]
            .map(|(of, bytes)| format!("static_assert(sizeof({of}) == {bytes}, \"{of}\");"));
        core.chain(own).chain(sizes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_the_core_as_c_places_them() {
        let of = |name: &'static str, kind| (Cow::Borrowed(name), kind);
        let layout = ArgsLayout::of(vec![
            of("flag", FieldType::Scalar(Scalar::U8)),
            of("scale", FieldType::Scalar(Scalar::F32)),
            of("bias", FieldType::Slice(Scalar::F32)),
            of("page", FieldType::Scalar(Scalar::U16)),
            of("values", FieldType::SliceMut(Scalar::F64)),
            of("last", FieldType::Scalar(Scalar::I32)),
        ]);
        let places: Vec<usize> = layout.fields().iter().map(Field::offset).collect();
        assert_eq!(places, [72, 76, 80, 96, 104, 120]);
        assert_eq!(layout.bytes(), 128);
        let declared = [
            "u8 flag;",
            "float scale;",
            "const float* bias;",
            "i64 bias_length;",
            "u16 page;",
            "double* values;",
            "i64 values_length;",
            "i32 last;",
        ];
        assert_eq!(layout.declarations(&[]), declared);
        let asserted = layout.assertions(&[]);
        let place = "TOPKIT_OFFSET(Args, bias_length) == 88 && sizeof(Args::bias_length) == 8";
        let length = format!("static_assert({place}, \"bias_length is elsewhere\");");
        assert!(asserted.contains(&length), "{asserted:?}");
        assert_eq!(asserted.last().unwrap(), "static_assert(sizeof(Args) == 128, \"Args\");");
        // The words of an output come last.
        let words = [("counts", "i32* "), ("index_fill", "i64 ")];
        assert_eq!(layout.declarations(&words)[8..], ["i32* counts;", "i64 index_fill;"]);
        let asserted = layout.assertions(&words);
        let place = "TOPKIT_OFFSET(Args, index_fill) == 136 && sizeof(Args::index_fill) == 8";
        let fill = format!("static_assert({place}, \"index_fill is elsewhere\");");
        assert!(asserted.contains(&fill), "{asserted:?}");
        assert_eq!(asserted.last().unwrap(), "static_assert(sizeof(Args) == 144, \"Args\");");
    }

    #[test]
    fn without_fields_there_is_the_core_alone() {
        let layout = ArgsLayout::core();
        assert_eq!((layout.bytes(), ArgsLayout::core_bytes()), (72, 72));
        assert_eq!(layout, ArgsLayout::of(Vec::new()));
        assert_eq!(layout.declarations(&[]), [""; 0]);
        assert_eq!(layout.assertions(&[]).len(), FIELDS.len() + 2);
    }
}
