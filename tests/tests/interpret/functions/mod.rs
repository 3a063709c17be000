//! The language of a selector's own functions has one meaning: Rust compiles them, codegen evaluates them, and the C++
//! compiler has their generated text.

mod declared;
mod operators;
mod random;
mod stages;
mod unit;

use topkit::functions::{Arg, ArgKind, Functions, Inputs, Type, Value};

/// The arguments of all tests here.
pub const SCALE: f32 = 0.75;
pub const WINDOW: i32 = 13;
pub const STRIDE: i64 = 5_000_000_000;
pub const ON: bool = true;
pub const SEQ_LENS: [i32; 7] = [3, -1, i32::MAX, i32::MIN, 0, 77, 1024];
pub const OFFSETS: [i64; 3] = [1 << 40, -5, 9];
/// Bits of bf16: 1, -0, infinity, a NaN, a subnormal.
pub const BIAS: [u16; 5] = [0x3F80, 0x8000, 0x7F80, 0x7FC1, 0x0001];

pub fn args() -> Vec<Arg> {
    let scalar = |name: &str, ty| Arg { name: name.into(), kind: ArgKind::Scalar(ty) };
    let slice = |name: &str, ty| Arg { name: name.into(), kind: ArgKind::Slice(ty) };
    vec![
        scalar("scale", Type::F32),
        scalar("window", Type::I32),
        scalar("stride", Type::I64),
        scalar("on", Type::Bool),
        slice("seq_lens", Type::I32),
        slice("offsets", Type::I64),
        slice("bias", Type::Bf16),
    ]
}

/// The arguments, as the evaluator asks for them.
pub struct Given;

impl Inputs for Given {
    fn scalar(&self, arg: usize) -> Value {
        match arg {
            0 => Value::F32(SCALE),
            1 => Value::I32(WINDOW),
            2 => Value::I64(STRIDE),
            _ => Value::Bool(ON),
        }
    }

    fn length(&self, arg: usize) -> i64 {
        [SEQ_LENS.len(), OFFSETS.len(), BIAS.len()][arg - 4] as i64
    }

    fn element(&self, arg: usize, index: i64) -> Value {
        let index = index as usize;
        match arg {
            4 => Value::I32(SEQ_LENS[index]),
            5 => Value::I64(OFFSETS[index]),
            _ => Value::Bf16(BIAS[index]),
        }
    }
}

pub fn functions(source: &str) -> Functions {
    Functions::parse(args(), source).unwrap_or_else(|error| panic!("{source}\n{error}"))
}

/// Bits to compare: every NaN is one.
pub fn bits(value: Value) -> u64 {
    match value {
        Value::F32(value) if value.is_nan() => u64::from(f32::NAN.to_bits()),
        value => value.bits(),
    }
}

/// Words whose parts are the ends of all types, and what is near to them.
pub fn edges() -> Vec<u64> {
    let floats = [
        0.0,
        1.0,
        0.5,
        1.5,
        2.0,
        3.7,
        1e-45,
        f32::MIN_POSITIVE,
        1e-30,
        65504.0,
        65520.0,
        1e30,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
        2147483648.0,
        2147483520.0,
        4294967296.0,
        9.223372e18,
        9.2233715e18,
        16777217.0,
        std::f32::consts::E,
        std::f32::consts::PI,
    ];
    let floats = floats
        .iter()
        .flat_map(|value: &f32| [*value, -*value])
        .map(|value| u64::from(value.to_bits()));
    let integers = [
        0,
        1,
        2,
        3,
        7,
        31,
        32,
        33,
        63,
        64,
        65,
        255,
        1 << 24,
        (1 << 24) + 1,
        i64::from(i32::MAX),
        i64::from(u32::MAX),
        i64::MAX,
        i64::MAX - 1,
        1 << 40,
        1 << 53,
        (1 << 53) + 1,
    ];
    let integers =
        integers.iter().flat_map(|value| [*value, -*value, !*value]).map(|value| value as u64);
    floats.chain(integers).collect()
}

/// A generator of words: splitmix64.
pub struct Words(pub u64);

impl Words {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// An edge as often as not.
    pub fn input(&mut self, edges: &[u64]) -> u64 {
        match self.below(4) {
            0 => self.next(),
            // Of a float, a number of ordinary size; of an integer, a large one.
            1 => u64::from(((self.next() % 20001) as f32 / 64.0 - 156.0).to_bits()),
            _ => edges[self.below(edges.len())],
        }
    }
}
