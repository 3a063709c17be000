//! Which table applies to a GPU: the shipped one, the GPU's own records, or both.
//!
//! A shipped table is for GPUs of its name. It also serves other GPUs of its compute capability: rows are
//! then scaled by the multiprocessors that share them, and no cluster above the portable size is planned,
//! since nobody measured whether the GPU has room for it. A file with a fault is logged and left out,
//! and rules take its place.

use super::table::{Point, Table};
use super::{Provenance, Records};
use crate::plan::Hysteresis;
use std::sync::Arc;
use topkit_codegen::{Arch, ProgramId};
#[cfg(any(test, feature = "interpret"))]
use {crate::plan::VariantLaunch, crate::problem::Problem, topkit_codegen::Variant};

/// The tables that come with the library; none without the feature `tables`.
const SHIPPED: &[(&str, &str)] = &[
    #[cfg(feature = "tables")]
    ("nvidia_h200.jsonl", include_str!("../../../data/tuned/nvidia_h200.jsonl")),
];

/// The GPU that a plan is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    /// Its product name; `None` where only the architecture is known.
    pub(crate) name: Option<&'a str>,
    /// The architecture of its compiles.
    pub(crate) arch: Arch,
    /// Its multiprocessors.
    pub(crate) multiprocessors: u32,
}

/// The measured points that apply to a GPU.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GpuTable {
    /// The GPU that they were measured on.
    pub(crate) device: String,
    /// Why they apply here too, where they were measured on another GPU.
    pub(crate) stand_in: Option<String>,
    /// Points, each with the factor that turns its rows into rows of this GPU.
    pub(crate) points: Vec<(Point, f64)>,
    /// How many of them, from the first on, are of this GPU's own records.
    pub(crate) own: usize,
    /// Shipped variants that own records of about the same time do not displace.
    pub(crate) kept: Vec<Hysteresis>,
}

impl GpuTable {
    /// The shipped table for a GPU, where there is one.
    pub(crate) fn shipped(here: Here<'_>) -> Option<GpuTable> {
        let read = |(name, text): &(&str, &str)| {
            let damaged = |error: &String| tracing::warn!("the shipped table {name}: {error}");
            Table::read(text).inspect_err(damaged).ok().flatten()
        };
        GpuTable::among(SHIPPED.iter().filter_map(read).collect(), here)
    }

    /// Of some tables, the table for this GPU's name, else for its compute capability.
    fn among(mut tables: Vec<Table>, here: Here<'_>) -> Option<GpuTable> {
        let capability = here.arch.capability();
        let alike = |table: &Table| {
            let arch = table.provenance.arch.parse::<Arch>();
            arch.is_ok_and(|arch| arch.capability() == capability)
        };
        let named = |table: &Table| {
            Some(table.provenance.device.as_str()) == here.name
                && table.provenance.multiprocessors == here.multiprocessors
        };
        let place = tables.iter().position(named).or_else(|| tables.iter().position(alike))?;
        let Table { provenance, points } = tables.swap_remove(place);
        let Provenance { device, multiprocessors, .. } = provenance;
        let there = multiprocessors.max(1);
        let same = here.multiprocessors == there;
        let stand_in = match here.name {
            Some(name) if name == device && same => None,
            None if same => None,
            _ => Some(format!(
                "not on this GPU but on one of its kind; rows are weighed by {} multiprocessors \
                 here and {there} there",
                here.multiprocessors
            )),
        };
        let scale = f64::from(here.multiprocessors.max(1)) / f64::from(there);
        let points = points.into_iter().map(|point| (point, scale)).collect();
        Some(GpuTable { device, stand_in, points, own: 0, kept: Vec::new() })
    }

    /// The points that apply to a selector with a program, or without one: those of the same program, and
    /// as estimates those without one. Of two points about one problem, the first counts.
    pub(crate) fn of_program(table: Arc<GpuTable>, program: Option<ProgramId>) -> Arc<GpuTable> {
        if table.points.iter().all(|(point, _)| point.program.is_none()) {
            return table;
        }
        let mut chosen = GpuTable { points: Vec::new(), own: 0, ..GpuTable::clone(&table) };
        let (own, shipped) = table.points.split_at(table.own);
        for points in [own, shipped] {
            chosen.own = chosen.points.len();
            let of = |wanted: Option<ProgramId>| {
                points.iter().filter(move |(point, _)| point.program == wanted).cloned()
            };
            chosen.points.extend(program.into_iter().flat_map(|id| of(Some(id))));
            chosen.points.extend(of(None));
        }
        Arc::new(chosen)
    }

    /// A table in which each of these variants takes a microsecond for its problem, and nothing else was
    /// measured.
    #[cfg(any(test, feature = "interpret"))]
    pub(crate) fn of_fastest(device: &str, fastest: &[(Problem, Variant)]) -> GpuTable {
        let point = |&(problem, ref variant): &(Problem, Variant)| {
            let times = vec![(VariantLaunch::of(variant), 1.0)];
            (Point { problem, program: None, times }, 1.0)
        };
        let points: Vec<_> = fastest.iter().map(point).collect();
        let (device, own) = (device.to_owned(), points.len());
        GpuTable { device, stand_in: None, points, own, kept: Vec::new() }
    }

    /// Adds the rows of this GPU's own records. They come first, and so replace shipped points about the
    /// same problem.
    pub(crate) fn with_own(
        shipped: Option<GpuTable>,
        records: &Records,
        here: &Provenance,
    ) -> Option<GpuTable> {
        let Some(table) = Table::of(records, &here.run()) else { return shipped };
        let mut points: Vec<(Point, f64)> =
            table.points.into_iter().map(|point| (point, 1.0)).collect();
        let own = points.len();
        let device = here.device.clone();
        let Some(shipped) = shipped else {
            return Some(GpuTable { device, stand_in: None, points, own, kept: Vec::new() });
        };
        points.extend(shipped.points);
        Some(GpuTable { points, own, ..shipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::VariantLaunch;
    use crate::plan::measured::{Effort, Outcome, Row, sample};
    use crate::problem::Problem;
    use topkit_codegen::DType;

    fn table(us: f64) -> Table {
        let launch =
            VariantLaunch::from_name(DType::F32, "block_filter v4_b2048_t512_r32_pdl").unwrap();
        let point = |columns| Point {
            problem: Problem::new(DType::F32, 8, columns, 64),
            program: None,
            times: vec![(launch, us)],
        };
        Table { provenance: sample(), points: vec![point(1000), point(2000)] }
    }

    fn here(name: Option<&str>, arch: (u32, u32), multiprocessors: u32) -> Here<'_> {
        Here { name, arch: Arch::of_device(arch.0, arch.1), multiprocessors }
    }

    #[test]
    fn a_table_holds_on_its_gpu_and_on_its_kind() {
        let among = |here| GpuTable::among(vec![table(1.0)], here);
        let own = among(here(Some("NVIDIA Sample"), (9, 0), 132)).unwrap();
        assert_eq!((own.stand_in, own.points[0].1), (None, 1.0));
        let usual = among(here(None, (9, 0), 132)).unwrap();
        assert_eq!(usual.stand_in, None);
        let kind = among(here(Some("NVIDIA Other"), (9, 0), 66)).unwrap();
        assert_eq!(kind.points[0].1, 0.5);
        let words = kind.stand_in.unwrap();
        assert!(words.contains("66") && words.contains("132"), "{words}");
        assert_eq!(among(here(Some("NVIDIA Other"), (8, 0), 132)), None);
        assert_eq!(GpuTable::among(Vec::new(), here(None, (9, 0), 132)), None);
    }

    #[test]
    fn what_ships_can_be_read() {
        for (name, text) in SHIPPED {
            let table = Table::read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(table.is_none_or(|table| !table.points.is_empty()), "{name}");
        }
    }

    #[test]
    fn own_records_go_before_shipped_ones() {
        let shipped = GpuTable::among(vec![table(1.0)], here(None, (9, 0), 66));
        let mut records = Records::default();
        records.runs.insert(sample().run(), sample());
        assert_eq!(GpuTable::with_own(shipped.clone(), &records, &sample()), shipped);
        let Point { problem, times, .. } = table(1.0).points[0].clone();
        let outcome = Outcome::Timed { warm: 9.0, cold: 9.0, effort: Effort::Full };
        let row = Row { problem, program: None, launch: times[0].0, source: "".into(), outcome };
        records.rows.push((sample().run(), row));
        let both = GpuTable::with_own(shipped, &records, &sample()).unwrap();
        assert_eq!((both.points.len(), both.own), (3, 1));
        assert_eq!((both.points[0].0.times[0].1, both.points[0].1), (9.0, 1.0));
        let shipped: Vec<_> = both.points[1..].iter().map(|(p, _)| p.problem.columns).collect();
        assert_eq!((shipped, both.points[1].1), (vec![1000, 2000], 0.5));
        let alone = GpuTable::with_own(None, &records, &sample()).unwrap();
        assert_eq!((alone.points.len(), alone.own), (1, 1));
    }
}
