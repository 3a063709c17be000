//! Every operator and every function of the language: what rustc makes of it, what the evaluator gives, and what the
//! generated text gives, over random and edge inputs.

use super::unit::{PARAMS, run};
use super::{
    BIAS, Given, OFFSETS, ON, SCALE, SEQ_LENS, STRIDE, WINDOW, Words, bits, edges, functions,
};
use half::{bf16, f16};
use std::panic::{catch_unwind, set_hook, take_hook};
use topkit::functions::{Arithmetic, Elements, Type, Value};

/// A type of the language in Rust.
trait Plain {
    fn of(word: u64) -> Self;
    fn value(self) -> Value;
}

macro_rules! plain {
    ($($ty:ty, $word:ident => $of:expr, $value:ident => $make:expr;)*) => {$(
        impl Plain for $ty {
            fn of($word: u64) -> $ty { $of }
            fn value(self) -> Value { let $value = self; $make }
        }
    )*};
}
plain! {
    f32, word => f32::from_bits(word as u32), value => Value::F32(value);
    i32, word => word as i32, value => Value::I32(value);
    u32, word => word as u32, value => Value::U32(value);
    i64, word => word as i64, value => Value::I64(value);
    bool, word => word & 1 != 0, value => Value::Bool(value);
    bf16, word => bf16::from_bits(word as u16), value => Value::Bf16(value.to_bits());
    f16, word => f16::from_bits(word as u16), value => Value::F16(value.to_bits());
}

type Compiled = fn(&[u64]) -> Value;

/// Each function as rustc compiles it, called with the words of a row.
macro_rules! compiled {
    ($(fn $name:ident($($param:ident: $ty:ty),*) -> $result:ty $body:block)*) => {
        const COMPILED: &[(&str, Compiled)] = &[$((stringify!($name), |words: &[u64]| {
            let mut words = words.iter().copied();
            $(let $param = <$ty as Plain>::of(words.next().unwrap());)*
            own::$name($($param),*).value()
        }),)*];
    };
}

/// The same tokens, once as items and once as the source of the language.
macro_rules! both {
    ($($source:tt)*) => {
        const SOURCE: &str = stringify!($($source)*);
        #[allow(warnings, clippy::all, reason = "a user's function may be odd")]
        mod own {
            use super::*;
            static scale: f32 = SCALE;
            static window: i32 = WINDOW;
            static stride: i64 = STRIDE;
            static on: bool = ON;
            static seq_lens: Elements<i32> = Elements::new(&SEQ_LENS);
            static offsets: Elements<i64> = Elements::new(&OFFSETS);
            static bias: Elements<bf16> = Elements::new(&[
                bf16::from_bits(BIAS[0]),
                bf16::from_bits(BIAS[1]),
                bf16::from_bits(BIAS[2]),
                bf16::from_bits(BIAS[3]),
                bf16::from_bits(BIAS[4]),
            ]);
            public! { $($source)* }
        }
        compiled! { $($source)* }
    };
}
macro_rules! public {
    ($(fn $name:ident($($param:ident: $ty:ty),*) -> $result:ty $body:block)*) => {
        $(pub fn $name($($param: $ty),*) -> $result $body)*
    };
}

both! {
    fn add_f32(a: f32, b: f32) -> f32 { a + b }
    fn sub_f32(a: f32, b: f32) -> f32 { a - b }
    fn mul_f32(a: f32, b: f32) -> f32 { a * b }
    fn div_f32(a: f32, b: f32) -> f32 { a / b }
    fn rem_f32(a: f32, b: f32) -> f32 { a % b }
    fn neg_f32(a: f32) -> f32 { -a }
    fn fused_is_not(a: f32, b: f32, c: f32) -> f32 { a * b + c }
    fn fused(a: f32, b: f32, c: f32) -> f32 { a.mul_add(b, c) }
    fn less_f32(a: f32, b: f32) -> bool { a < b }
    fn less_equal_f32(a: f32, b: f32) -> bool { a <= b }
    fn greater_f32(a: f32, b: f32) -> bool { a > b }
    fn greater_equal_f32(a: f32, b: f32) -> bool { a >= b }
    fn equal_f32(a: f32, b: f32) -> bool { a == b }
    fn not_equal_f32(a: f32, b: f32) -> bool { a != b }
    fn min_f32(a: f32, b: f32) -> f32 { a.min(b) + 0.0 }
    fn max_f32(a: f32, b: f32) -> f32 { a.max(b) + 0.0 }
    fn clamp_f32(a: f32) -> f32 { a.clamp(-1.5, 2.5) }
    fn abs_f32(a: f32) -> f32 { a.abs() }
    fn sqrt_f32(a: f32) -> f32 { a.sqrt() }
    fn floor_f32(a: f32) -> f32 { a.floor() }
    fn ceil_f32(a: f32) -> f32 { a.ceil() }
    fn trunc_f32(a: f32) -> f32 { a.trunc() }
    fn is_nan_f32(a: f32) -> bool { a.is_nan() }
    fn is_finite_f32(a: f32) -> bool { a.is_finite() }
    fn is_infinite_f32(a: f32) -> bool { a.is_infinite() }
    fn to_bits_f32(a: f32) -> u32 { a.to_bits() }
    fn from_bits_f32(a: u32) -> f32 { f32::from_bits(a) }
    fn exp_f32(a: f32) -> f32 { a.exp() }
    fn ln_f32(a: f32) -> f32 { a.ln() }
    fn tanh_f32(a: f32) -> f32 { a.tanh() }

    fn add_i32(a: i32, b: i32) -> i32 { a + b }
    fn sub_i32(a: i32, b: i32) -> i32 { a - b }
    fn mul_i32(a: i32, b: i32) -> i32 { a * b }
    fn div_i32(a: i32, b: i32) -> i32 { a / b }
    fn rem_i32(a: i32, b: i32) -> i32 { a % b }
    fn neg_i32(a: i32) -> i32 { -a }
    fn not_i32(a: i32) -> i32 { !a }
    fn and_i32(a: i32, b: i32) -> i32 { a & b }
    fn or_i32(a: i32, b: i32) -> i32 { a | b }
    fn xor_i32(a: i32, b: i32) -> i32 { a ^ b }
    fn shl_i32(a: i32, b: i32) -> i32 { a << b }
    fn shr_i32(a: i32, b: i64) -> i32 { a >> b }
    fn less_i32(a: i32, b: i32) -> bool { a < b }
    fn greater_equal_i32(a: i32, b: i32) -> bool { a >= b }
    fn equal_i32(a: i32, b: i32) -> bool { a == b }
    fn min_i32(a: i32, b: i32) -> i32 { a.min(b) }
    fn max_i32(a: i32, b: i32) -> i32 { a.max(b) }
    fn clamp_i32(a: i32, b: i32, c: i32) -> i32 { a.clamp(b, c) }
    fn abs_i32(a: i32) -> i32 { a.abs() }
    fn wrapping_i32(a: i32, b: i32, c: i32) -> i32 { a.wrapping_add(b).wrapping_mul(c).wrapping_sub(b) }
    fn saturating_i32(a: i32, b: i32, c: i32) -> i32 { a.saturating_add(b).saturating_sub(c) }
    fn count_ones_i32(a: i32) -> u32 { a.count_ones() }

    fn add_u32(a: u32, b: u32) -> u32 { a + b }
    fn sub_u32(a: u32, b: u32) -> u32 { a - b }
    fn mul_u32(a: u32, b: u32) -> u32 { a * b }
    fn div_u32(a: u32, b: u32) -> u32 { a / b }
    fn rem_u32(a: u32, b: u32) -> u32 { a % b }
    fn not_u32(a: u32) -> u32 { !a }
    fn shl_u32(a: u32, b: u32) -> u32 { a << b }
    fn shr_u32(a: u32, b: i32) -> u32 { a >> b }
    fn less_u32(a: u32, b: u32) -> bool { a < b }
    fn min_u32(a: u32, b: u32) -> u32 { a.min(b) }
    fn clamp_u32(a: u32, b: u32, c: u32) -> u32 { a.clamp(b, c) }
    fn wrapping_u32(a: u32, b: u32, c: u32) -> u32 { a.wrapping_add(b).wrapping_mul(c).wrapping_sub(b) }
    fn saturating_u32(a: u32, b: u32, c: u32) -> u32 { a.saturating_add(b).saturating_sub(c) }
    fn count_ones_u32(a: u32) -> u32 { a.count_ones() }

    fn add_i64(a: i64, b: i64) -> i64 { a + b }
    fn sub_i64(a: i64, b: i64) -> i64 { a - b }
    fn mul_i64(a: i64, b: i64) -> i64 { a * b }
    fn div_i64(a: i64, b: i64) -> i64 { a / b }
    fn rem_i64(a: i64, b: i64) -> i64 { a % b }
    fn neg_i64(a: i64) -> i64 { -a }
    fn not_i64(a: i64) -> i64 { !a }
    fn bits_i64(a: i64, b: i64, c: i64) -> i64 { (a & b) | (b ^ c) }
    fn shl_i64(a: i64, b: u32) -> i64 { a << b }
    fn shr_i64(a: i64, b: i32) -> i64 { a >> b }
    fn less_equal_i64(a: i64, b: i64) -> bool { a <= b }
    fn max_i64(a: i64, b: i64) -> i64 { a.max(b) }
    fn clamp_i64(a: i64, b: i64, c: i64) -> i64 { a.clamp(b, c) }
    fn abs_i64(a: i64) -> i64 { a.abs() }
    fn wrapping_i64(a: i64, b: i64, c: i64) -> i64 { a.wrapping_add(b).wrapping_mul(c).wrapping_sub(b) }
    fn saturating_i64(a: i64, b: i64, c: i64) -> i64 { a.saturating_add(b).saturating_sub(c) }
    fn count_ones_i64(a: i64) -> u32 { a.count_ones() }

    fn both_bool(a: bool, b: bool, c: i32) -> bool { a && b && 7 / c > 0 }
    fn either_bool(a: bool, b: bool, c: i32) -> bool { a || b || 7 / c > 0 }
    fn bits_bool(a: bool, b: bool) -> bool { !(a & b) ^ (a | b) }
    fn less_bool(a: bool, b: bool) -> bool { a < b }

    fn f32_as_i32(a: f32) -> i32 { a as i32 }
    fn f32_as_u32(a: f32) -> u32 { a as u32 }
    fn f32_as_i64(a: f32) -> i64 { a as i64 }
    fn i32_as_f32(a: i32) -> f32 { a as f32 }
    fn u32_as_f32(a: u32) -> f32 { a as f32 }
    fn i64_as_f32(a: i64) -> f32 { a as f32 }
    fn i32_as_u32(a: i32) -> u32 { a as u32 }
    fn i32_as_i64(a: i32) -> i64 { a as i64 }
    fn u32_as_i32(a: u32) -> i32 { a as i32 }
    fn u32_as_i64(a: u32) -> i64 { a as i64 }
    fn i64_as_i32(a: i64) -> i32 { a as i32 }
    fn i64_as_u32(a: i64) -> u32 { a as u32 }
    fn bool_as_i32(a: bool) -> i32 { a as i32 }
    fn bool_as_i64(a: bool) -> i64 { a as i64 }

    fn bf16_to_f32(a: bf16) -> f32 { a.to_f32() }
    fn f16_to_f32(a: f16) -> f32 { a.to_f32() }
    fn f32_to_bf16(a: f32) -> bf16 { bf16::from_f32(a) }
    fn f32_to_f16(a: f32) -> f16 { f16::from_f32(a) }
    fn less_bf16(a: bf16, b: bf16) -> bool { a < b }
    fn equal_f16(a: f16, b: f16) -> bool { a == b }
    fn kinds_bf16(a: bf16) -> i32 { a.is_nan() as i32 + 2 * a.is_finite() as i32 + 4 * a.is_infinite() as i32 }
    fn kinds_f16(a: f16) -> i32 { a.is_nan() as i32 + 2 * a.is_finite() as i32 + 4 * a.is_infinite() as i32 }

    fn constants_f32(a: i32) -> f32 {
        match a & 7 {
            0 => f32::INFINITY,
            1 => f32::NEG_INFINITY,
            2 => f32::NAN,
            3 => f32::MAX,
            4 => f32::MIN,
            5 => f32::MIN_POSITIVE,
            6 => 1e-45,
            _ => -0.1,
        }
    }
    fn constants_i64(a: i32) -> i64 {
        match a {
            i32::MIN => i64::MIN,
            i32::MAX => i64::MAX,
            -1 => i32::MIN as i64,
            0 | 7 => u32::MAX as i64,
            1..=31 => -2147483648,
            _ => i64::BITS as i64,
        }
    }
    fn read_i32(a: i32) -> i32 { seq_lens[a] }
    fn read_u32(a: u32) -> i64 { offsets[a] }
    fn read_i64(a: i64) -> f32 { bias[a].to_f32() * scale }
    fn read_len(a: i32) -> i32 { seq_lens[a % seq_lens.len() as i32] }
    fn read_all(a: f32) -> f32 {
        let mut sum = if on { a } else { 0.0 };
        for i in 0..bias.len() {
            sum = sum * scale + bias[i].to_f32();
        }
        sum
    }
    fn page(row: i32, col: i32) -> i64 {
        let page = (col >> 6) as i64;
        row as i64 * stride + page * 64 + (col & 63) as i64 + (window - 13) as i64
    }
    fn shadowed(a: i32, b: f32) -> f32 {
        let a = a as f32 * b;
        let b = { let b = a.max(b); let a = b - 1.0; a * a };
        let a = if a < b { a } else if b.is_nan() { -1.0 } else { let c = a - b; c * c };
        a + b
    }
    fn ordered(a: i32, b: i32) -> i32 {
        let mut x = a & 255;
        let y = x + { x += b & 15; x } * { x = 3; x } - x;
        let z = x < y && { x += 1; x > 2 } || { x -= 7; x < 0 };
        y * 100 + x * 2 + z as i32
    }
    fn looped(a: i32, b: i32) -> i32 {
        let mut sum = 0;
        for i in a & 7..=b & 31 {
            if i == 9 { continue; }
            if sum > 1000 { break; }
            for j in i..b & 15 {
                if j * i == 77 { return sum; }
                sum += match j { 0..=3 => i, 4 | 6 => { let k = j * i; k - 1 } _ => 2 };
            }
        }
        sum
    }
    fn last_of_all(a: i32) -> i32 {
        let mut count = 0;
        for i in a..=i32::MAX {
            count += i & 1;
            if count > 9 { break; }
        }
        count
    }
    fn early(a: f32) -> f32 {
        if a.is_nan() { return -1.0; }
        let b = if a > 10.0 { return 10.0 } else { a + 1.0 };
        match b as i32 { 0 => return 0.5, 1..=5 => b * 2.0, _ => { if b < 0.0 { return b; } b } }
    }
    fn calls(a: i32, b: f32) -> f32 { early(b) + looped(a, 9) as f32 }
}

/// Functions of which compilers may give another of two neighbours.
const NEAR: &[&str] = &["exp_f32", "ln_f32", "tanh_f32"];
/// How far they may be apart here; the C library is the same.
const ULPS: i64 = 2;
const ROWS: usize = 1500;

fn rows() -> Vec<[u64; PARAMS]> {
    let (edges, mut words) = (edges(), Words(17));
    let random = (0..ROWS).map(|_| [(); PARAMS].map(|()| words.input(&edges)));
    // Each edge with each small one, so that every operator has its faults.
    let small = [0u64, 1, u64::MAX, 31, 32, 64, u64::from(2.0f32.to_bits())];
    let pairs = edges.iter().flat_map(|a| small.iter().map(|b| [*a, *b, *b]));
    random.chain(pairs.clone()).chain(pairs.map(|[a, b, _]| [b, a, a])).collect()
}

fn is_near(name: &str, a: u64, b: u64) -> bool {
    let ordered = |bits: u64| {
        let bits = i64::from(bits as u32 as i32);
        if bits < 0 { i64::from(i32::MIN) - bits } else { bits }
    };
    a == b || (NEAR.contains(&name) && (ordered(a) - ordered(b)).abs() <= ULPS)
}

/// Without a message for each panic of the functions.
fn quietly() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        let is_own =
            info.location().is_some_and(|place| place.file().ends_with("functions/operators.rs"));
        let is_library = std::thread::current().name() == Some("compiled");
        if !is_own && !is_library {
            before(info);
        }
    }));
}

/// What rustc's function gives; none if it panics.
fn compiled(rows: &[[u64; PARAMS]]) -> Vec<Option<Value>> {
    let run = |row: &[u64; PARAMS]| {
        let row = *row;
        COMPILED
            .iter()
            .map(move |(_, call)| catch_unwind(move || call(&row)).ok())
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(run).collect()
}

#[test]
fn every_operator_has_one_meaning() {
    quietly();
    let rows = rows();
    let functions = functions(SOURCE);
    let names: Vec<&str> = functions.all().iter().map(|function| function.name()).collect();
    assert_eq!(names, COMPILED.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let device = run(&functions, &rows);
    let rust = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("compiled".into());
        thread.spawn_scoped(scope, || compiled(&rows)).unwrap().join().unwrap()
    });
    let (mut stops, mut values) = (0, 0);
    let results = rust.chunks(names.len()).zip(device.chunks(names.len()));
    for (row, (rust, device)) in rows.iter().zip(results) {
        for ((function, rust), device) in functions.all().iter().zip(rust).zip(device) {
            let name = function.name();
            let given =
                function.params().zip(row).map(|((_, ty), word)| Value::from_bits(ty, *word));
            let given: Vec<Value> = given.collect();
            let evaluate = |arithmetic| functions.evaluate(function, &given, &Given, arithmetic);
            let on_device = evaluate(Arithmetic::Device).unwrap();
            let say = || {
                format!(
                    "{name} of {given:?}: rustc {rust:?}, evaluated {on_device:?}, text {device:#x}"
                )
            };
            assert!(is_near(name, bits(on_device), *device), "{}", say());
            match (rust, evaluate(Arithmetic::Checked)) {
                (Some(rust), Ok(value)) => {
                    values += 1;
                    assert!(same(*rust, value), "{}, checked {value:?}", say());
                    assert_eq!(value, on_device, "{}", say());
                }
                (None, Err(_)) => stops += 1,
                (_, checked) => panic!("{}, checked {checked:?}", say()),
            }
        }
    }
    println!("{} functions, {} rows: {values} values, {stops} stops", names.len(), rows.len());
    assert!(values > 100_000 && stops > 10_000);
}

/// A NaN of 16 bits is a NaN too.
fn same(a: Value, b: Value) -> bool {
    let nan = |value: Value| match value.ty() {
        Type::Bf16 => value.bits() & 0x7FFF > 0x7F80,
        Type::F16 => value.bits() & 0x7FFF > 0x7C00,
        _ => false,
    };
    a.ty() == b.ty() && (bits(a) == bits(b) || (nan(a) && nan(b)))
}
