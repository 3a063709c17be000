//! The grammar of a workload: problems in ranges, as `topkit warmup` and `topkit pack check` take them; and the
//! selector that workloads and keys make.

use super::spec::{Axes, Meaning};
use crate::ui::exit::Failure;
use std::ops::RangeInclusive;
use topkit::{DType, SelectorSpec, Workload};

/// The selector of some workloads: their dtypes, every k up to their greatest, and these keys.
pub fn selector(
    name: &'static str,
    workloads: &[Workload],
    axes: &Axes,
    meaning: &Meaning,
) -> Result<SelectorSpec, Failure> {
    let mut dtypes: Vec<DType> = workloads.iter().map(|workload| workload.dtype).collect();
    dtypes.sort();
    dtypes.dedup();
    let most_k = workloads.iter().map(|workload| *workload.k.end()).max().unwrap_or(1);
    let builder = SelectorSpec::builder(name).dtype(dtypes).k(1..=most_k);
    Ok(axes.declare(meaning.declare(builder)).build()?)
}

/// `bf16,1..64,8192..131072,512`.
pub fn parse(text: &str) -> Result<Workload, String> {
    let read = || {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [dtype, rows, columns, k] = fields[..] else { return None };
        let k = range(k)?;
        let k = u32::try_from(*k.start()).ok()?..=u32::try_from(*k.end()).ok()?;
        let wide = i32::MAX as usize;
        let (rows, columns) = (range(rows)?, range(columns)?);
        let fits = *rows.end() <= wide && *columns.end() <= wide && *k.end() <= wide as u32;
        fits.then_some(Workload::new(DType::from_name(dtype)?, rows, columns, k))
    };
    read().ok_or_else(|| {
        let dtypes = DType::ALL.map(DType::name).join(", ");
        format!(
            "write DTYPE,ROWS,COLUMNS,K, each size from 1 to 2147483647 or a range of them, like \
             bf16,1..64,8192..131072,512; dtypes are {dtypes}"
        )
    })
}

/// `8`, `1..64` or `1..=64`; never empty, and from 1 on.
fn range(text: &str) -> Option<RangeInclusive<usize>> {
    let size = |text: &str| text.trim().parse().ok().filter(|size: &usize| *size > 0);
    let (low, high) = match text.split_once("..") {
        None => (size(text)?, size(text)?),
        Some((low, high)) => (size(low)?, size(high.strip_prefix('=').unwrap_or(high))?),
    };
    (low <= high).then_some(low..=high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_or_ranges() {
        let due = Workload::new(DType::Bf16, 1..=64, 8192..=131_072, 512..=512);
        assert_eq!(parse("bf16,1..64,8192..131072,512"), Ok(due.clone()));
        assert_eq!(parse(" bf16, 1 ..= 64, 8192..=131072, 512..512"), Ok(due));
        for text in [
            "",
            "bf16,1,8",
            "f128,1,8,1",
            "f32,0,8,1",
            "f32,8..1,8,1",
            "f32,1..,8,1",
            "f32,1,2147483648,1",
            "f32,1,8,1,2",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("bf16,1..64,8192..131072,512"), "{text}: {error}");
        }
    }
}
