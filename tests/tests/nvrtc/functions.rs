//! NVRTC compiles a selector's own functions without a warning: in every kernel, and all that the language has.

use topkit::cache::Compiler;
use topkit::inspect::render;
use topkit::spec::{KernelKind, RowShape, Semantics};
use topkit::{Arch, DType, SelectorSpec, machine::Nvrtc};

const ARGS: &str =
    "scale: f32, window: i32, on: bool, starts: [i32], bias: [bf16], mask: [bool], pages: [i64]";

const STAGES: &str = "
const PAGE: i64 = 64;
fn row_start(row: i32) -> i32 { starts[row] }
fn row_len(row: i32) -> i32 { starts[row + 1] - starts[row] - window }
fn keep(row: i32, col: i32) -> bool { on && !mask[row as i64 * 1000 + col as i64] }
fn score(x: f32, row: i32, col: i32) -> f32 {
    let unused = row + 1;
    let mut sum = 0.0f32;
    for i in 0..row.min(4) {
        if i == col { break; }
        sum += match i & 3 { 0 => x, 1 | 2 => { let half = x * 0.5; half * half } _ => continue };
    }
    if sum.is_nan() { return f32::INFINITY; }
    x.mul_add(scale, bias[col].to_f32()) + sum + ALL
}
fn emit(row: i32, col: i32) -> i64 { pages[row as i64 + col as i64 / PAGE] * PAGE + col as i64 % PAGE }
const ALL: f32 = 1e-3;";

/// Compiles the first variant of each kernel with a program.
fn compiles(dtype: DType, source: &str, semantics: Semantics, kernels: &[KernelKind]) {
    let spec = SelectorSpec::builder("Own").dtype([dtype]).bins([2048]).threads([256, 512]);
    let spec =
        spec.semantics(semantics).functions(ARGS, source).unwrap_or_else(|error| panic!("{error}"));
    let spec = spec.build().unwrap();
    let (nvrtc, variants) = (Nvrtc::find().unwrap(), spec.variants());
    for kernel in kernels {
        let Some(variant) = variants.iter().find(|variant| variant.kernel == *kernel) else {
            continue;
        };
        let source = render(&spec, variant).unwrap();
        let compiled = nvrtc.compile(&source, Arch::of_device(9, 0));
        let compiled = compiled.unwrap_or_else(|error| panic!("{variant}: {error}"));
        assert!(!compiled.log.contains("warning"), "{variant}: {}", compiled.log);
    }
}

#[test]
fn every_kernel_compiles_with_all_stages() {
    use topkit::spec::IndexType;
    let semantics =
        Semantics { rows: RowShape::Ragged, index: IndexType::I64, ..Semantics::DEFAULT };
    let dtypes = [DType::F32, DType::Bf16, DType::F16];
    for (place, kernel) in KernelKind::ALL.iter().copied().enumerate() {
        compiles(dtypes[place % 3], STAGES, semantics, &[kernel]);
    }
    compiles(DType::Bf16, STAGES, semantics, &[KernelKind::BlockCodes]);
}

/// A function for each operator and each function of a type, all of which `emit` calls: a kernel has it at few places.
#[test]
fn the_whole_language_compiles() {
    let mut functions = Vec::new();
    let mut add = |ty: &str, body: String| {
        let name = format!("f{}", functions.len());
        let text = format!("fn {name}(a: {ty}, b: {ty}, c: {ty}) -> f32 {{ {body} }}\n");
        functions.push((name, ty.to_owned(), text));
    };
    for ty in ["i32", "u32", "i64"] {
        for operator in ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"] {
            add(ty, format!("((a {operator} b) as f32) + (c as f32)"));
        }
        for call in [
            "min",
            "max",
            "wrapping_add",
            "wrapping_sub",
            "wrapping_mul",
            "saturating_add",
            "saturating_sub",
        ] {
            add(ty, format!("a.{call}(b) as f32 - c as f32"));
        }
        add(ty, "(!a).clamp(b, c).count_ones() as f32".to_owned());
        add(
            ty,
            "if a < b || b >= c { (a as i64 as i32 as u32) as f32 } else { f32::NAN }".to_owned(),
        );
    }
    for ty in ["i32", "i64", "f32"] {
        add(ty, "((-a).abs().min(b) + c) as f32".to_owned());
    }
    for operator in ["+", "-", "*", "/", "%"] {
        add("f32", format!("(a {operator} b) * c"));
    }
    for call in ["sqrt", "exp", "ln", "tanh", "floor", "ceil", "trunc"] {
        add("f32", format!("a.{call}().mul_add(b, c)"));
    }
    add(
        "f32",
        "(a.max(b).clamp(-1.0, 1.0) as i32 + b as i64 as i32) as f32 + (c as u32) as f32"
            .to_owned(),
    );
    add("f32", "f32::from_bits(a.to_bits() ^ 1) + (b.is_nan() | b.is_finite() ^ c.is_infinite()) as i32 as f32".to_owned());
    for ty in ["bf16", "f16"] {
        add(
            ty,
            format!(
                "if a < b || a.is_nan() {{ {ty}::from_f32(c.to_f32() * 2.0).to_f32() }} else {{ f32::MIN }}"
            ),
        );
    }
    let mut source: String = functions.iter().map(|(.., text)| text.as_str()).collect();
    source += "fn emit(col: i32) -> i32 { let x = scale * 0.5; let mut sum = x;\n";
    for (name, ty, _) in &functions {
        let of = |value: &str| match ty.as_str() {
            "f32" => value.to_owned(),
            "bf16" | "f16" => format!("{ty}::from_f32({value})"),
            ty => format!("{value} as {ty}"),
        };
        source +=
            &format!("    sum += {name}({}, {}, {});\n", of("x"), of("scale"), of("(col as f32)"));
    }
    source += "    sum as i32 }";
    compiles(DType::F32, &source, Semantics::DEFAULT, &[KernelKind::BlockRadix]);
}
