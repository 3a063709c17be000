//! The generated text of functions in a kernel of its own, which calls each of them on every row of words.

use super::{BIAS, OFFSETS, ON, SCALE, SEQ_LENS, STRIDE, WINDOW};
use crate::case::interpreter;
use std::fmt::Write;
use topkit::functions::{Functions, Type};
use topkit::interpret::{Launch, Memory};

/// Words of a row: a function's parameters take theirs from the first on.
pub const PARAMS: usize = 3;

const BLOCKS: [(&str, &str); 4] = [
    ("ptx/integers.cuh", include_str!("../../../../templates/ptx/integers.cuh")),
    ("ptx/checked.cuh", include_str!("../../../../templates/ptx/checked.cuh")),
    ("functions/arithmetic.cuh", include_str!("../../../../templates/functions/arithmetic.cuh")),
    ("functions/values.cuh", include_str!("../../../../templates/functions/values.cuh")),
];

const HARNESS: &str = "
struct Args {
    const u64* in;
    u64* out;
    const i32* seq_lens;
    i64 seq_lens_length;
    const i64* offsets;
    i64 offsets_length;
    const u16* bias;
    i64 bias_length;
    i64 stride;
    i64 rows;
    float scale;
    i32 window;
    u8 on;
};

template <class T> __device__ T of_word(u64 word) { return T(word); }
template <> __device__ float of_word<float>(u64 word) { return __uint_as_float(u32(word)); }
template <> __device__ bool of_word<bool>(u64 word) { return (word & 1) != 0; }
template <> __device__ rust::bf16 of_word<rust::bf16>(u64 word) { return {u16(word)}; }
template <> __device__ rust::f16 of_word<rust::f16>(u64 word) { return {u16(word)}; }
__device__ u64 to_word(i32 value) { return u64(i64(value)); }
__device__ u64 to_word(u32 value) { return value; }
__device__ u64 to_word(i64 value) { return u64(value); }
__device__ u64 to_word(bool value) { return value; }
__device__ u64 to_word(rust::bf16 value) { return value.bits; }
__device__ u64 to_word(rust::f16 value) { return value.bits; }
__device__ u64 to_word(float value) { return value != value ? 0x7FC00000u : __float_as_uint(value); }
";

/// The whole text, whose entry is `functions`.
pub fn text(functions: &Functions) -> String {
    let mut text = String::new();
    for (path, block) in BLOCKS {
        let is_outside = |line: &str| line.starts_with("#include") || line.starts_with("#pragma");
        let lines = block.lines().map(|line| if is_outside(line) { "" } else { line });
        let lines: Vec<&str> = lines.collect();
        writeln!(text, "#line 1 \"templates/{path}\"\n{}", lines.join("\n")).unwrap();
    }
    text += "#line 1 \"harness\"";
    text += HARNESS;
    text += &functions.cuda(None);
    text += "extern \"C\" __global__ void functions(const __grid_constant__ Args args) {\n";
    text += "    for (i64 row = threadIdx.x; row < args.rows; row += blockDim.x) {\n";
    writeln!(text, "        const u64* words = args.in + row * {PARAMS};").unwrap();
    writeln!(text, "        u64* out = args.out + row * {};", functions.all().len()).unwrap();
    for (at, function) in functions.all().iter().enumerate() {
        let (name, args) = functions.callee(function).unwrap();
        let params = function.params().enumerate();
        let params = params.map(|(at, (_, ty))| format!("of_word<{}>(words[{at}])", cuda(ty)));
        let args = args.then(|| "args".to_owned());
        let params: Vec<String> = args.into_iter().chain(params).collect();
        writeln!(text, "        out[{at}] = to_word({name}({}));", params.join(", ")).unwrap();
    }
    text + "    }\n}\n"
}

const fn cuda(ty: Type) -> &'static str {
    match ty {
        Type::F32 => "float",
        Type::Bf16 => "rust::bf16",
        Type::F16 => "rust::f16",
        other => other.name(),
    }
}

/// What each function gives for each row: the words of a row's functions, row by row.
pub fn run(functions: &Functions, rows: &[[u64; PARAMS]]) -> Vec<u64> {
    let kernel = interpreter().device_arithmetic().load_text("functions", &text(functions));
    let kernel = kernel.unwrap_or_else(|error| panic!("{error}"));
    let mut memory = Memory::new();
    let words = rows.concat();
    let input = memory.input("in", &words);
    let out = memory.output::<u64>("out", rows.len() * functions.all().len());
    let seq_lens = memory.input("seq_lens", &SEQ_LENS);
    let offsets = memory.input("offsets", &OFFSETS.map(|value| value as u64));
    let bias = memory.input("bias", &BIAS);
    let mut args = Vec::new();
    let mut word = |word: u64| args.extend(word.to_ne_bytes());
    word(memory.address(input));
    word(memory.address(out));
    for (slice, length) in
        [(seq_lens, SEQ_LENS.len()), (offsets, OFFSETS.len()), (bias, BIAS.len())]
    {
        word(memory.address(slice));
        word(length as u64);
    }
    word(STRIDE as u64);
    word(rows.len() as u64);
    word(u64::from(SCALE.to_bits()) | u64::from(WINDOW as u32) << 32);
    word(u64::from(ON));
    let fault = kernel.launch(&Launch::new(1, 32), &args, &mut memory);
    fault.unwrap_or_else(|fault| panic!("{fault}"));
    memory.read(out).into_iter().map(|word| word.expect("every word is written")).collect()
}
