//! The summary of a bench on the terminal: the machine, the settings, and the most notable cells. The tables
//! are in [`super::markdown`].

use crate::ui::report::{count, labelled, table};
use topkit_lab::Grid;
use topkit_lab::bench::facts::{self, most};
use topkit_lab::bench::ratio::{self, Pair, Score};
use topkit_lab::bench::record::{Document, Entry, L2, Outcome};
use topkit_lab::bench::table::Table;

/// The summary of a bench.
pub fn summary(
    document: &Document,
    pairs: &[Pair<'_>],
    target: f64,
    against: Option<&Table>,
) -> String {
    let machine = &document.machine;
    let driver = machine.driver.as_deref().map_or(String::new(), |driver| format!(" {driver}"));
    let mut lines = vec![
        ("device", format!("{}, {}", machine.device, machine.arch)),
        ("driver", format!("serves CUDA {}{driver}; NVRTC {}", machine.cuda, machine.nvrtc)),
        ("date", document.date.clone()),
        ("method", document.method.text.clone()),
        ("cells", cells(document)),
    ];
    if let Some(against) = against {
        lines.push(("against", format!("{}: {}", against.device, against.method)));
    }
    lines.extend(against.iter().flat_map(|table| missing(pairs, table)));
    lines.extend(stand_outs(document, pairs));
    let lines: Vec<_> = lines.into_iter().map(|(label, line)| (label.to_owned(), line)).collect();
    let mut text = labelled(&lines);
    let scores = ratio::scores(pairs, target);
    if scores.is_empty() {
        text += &format!("\n{}", times(&document.cells));
    } else {
        text += &format!("\n{}{}", grids(&scores, target), under(pairs, target));
    }
    text + &faults(document)
}

fn cells(document: &Document) -> String {
    let wrong = document.cells.iter().filter(|entry| matches!(entry.ours, Outcome::Wrong { .. }));
    let failed = document.cells.iter().filter(|entry| matches!(entry.ours, Outcome::Failed { .. }));
    format!(
        "{} measured, {} WRONG, {} not launched",
        document.cells.len(),
        wrong.count(),
        failed.count()
    )
}

/// The cells that only the run or only the table has, for every grid that was measured.
fn missing(pairs: &[Pair<'_>], table: &Table) -> Vec<(&'static str, String)> {
    let lines = Grid::ALL.into_iter().filter_map(|grid| {
        let of_grid = || pairs.iter().filter(|pair| pair.entry.cell.grid == grid);
        let measured = of_grid().count();
        let listed = of_grid().filter(|pair| table.find(&pair.entry.cell).is_some()).count();
        let left = table.count(grid.name()).saturating_sub(listed);
        if measured == 0 || (measured == listed && left == 0) {
            return None;
        }
        let (name, unlisted) = (grid.name(), measured - listed);
        Some(format!(
            "{name}: {unlisted} of {} not in the table; {} of the table not measured",
            count(measured, "cell"),
            count(left, "cell")
        ))
    });
    lines.map(|line| ("missing", line)).collect()
}

fn stand_outs(document: &Document, pairs: &[Pair<'_>]) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for l2 in L2::ALL {
        let name = l2.name();
        let floors = facts::large(pairs).map(|pair| (pair.above_floor(l2), pair.entry));
        if let Some((times, entry)) = most(floors) {
            let cell = entry.cell;
            lines.push((
                "floor",
                format!(
                    "{name}: at 8M scores and more, up to {times:.2}x the \
                read-once floor ({cell})"
                ),
            ));
        }
        let normal = facts::beside_normal(document);
        if let Some((times, entry)) = most(normal.iter().map(|b| (b.times[l2 as usize], b.entry))) {
            let cell = entry.cell;
            lines.push((
                "spread",
                format!(
                    "{name}: no distribution takes more than {times:.2}x \
                the normal one ({cell})"
                ),
            ));
        }
        let mixes = facts::mixes(document);
        if let Some((times, entry)) = most(mixes.iter().map(|m| (m.times[l2 as usize], m.entry))) {
            let cell = entry.cell;
            lines.push((
                "ragged",
                format!("{name}: up to {times:.2}x the slowest of a mix's parts ({cell})"),
            ));
        }
        let speedups = facts::speedups(document);
        let over = || speedups.iter().filter_map(|speedup| speedup.bf16[l2 as usize]);
        if let Some(mean) = ratio::geometric_mean(over()) {
            lines.push((
                "bf16",
                format!(
                    "{name}: {mean:.2}x as fast as f32 in the mean of {} shapes",
                    over().count()
                ),
            ));
        }
        let large = speedups.iter().filter(|speedup| speedup.is_large());
        let least = large.filter_map(|speedup| speedup.bf16[l2 as usize]).min_by(f64::total_cmp);
        if let Some(least) = least {
            lines.push((
                "bf16",
                format!("{name}: at least {least:.2}x as fast as f32 from 128 x 128K scores on"),
            ));
        }
    }
    lines.sort_by_key(|&(label, _)| label);
    lines
}

fn grids(scores: &[Score], target: f64) -> String {
    let mut rows = vec![
        ["grid", "L2", "cells", "compared", "geomean", "least", &format!("under {target:.2}")]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(scores.iter().map(|score| {
        vec![
            score.grid.name().to_owned(),
            score.l2.name().to_owned(),
            score.cells.to_string(),
            score.compared.to_string(),
            format!("{:.3}", score.mean),
            format!("{:.3}", score.least),
            score.under.to_string(),
        ]
    }));
    format!("times as fast as the best peer\n{}", table("llrrrrr", &rows))
}

fn under(pairs: &[Pair<'_>], target: f64) -> String {
    let mut cells: Vec<_> = pairs
        .iter()
        .flat_map(|pair| L2::ALL.map(|l2| (pair, l2)))
        .filter_map(|(pair, l2)| Some((pair.ratio(l2)?, pair.best(l2)?, pair, l2)))
        .filter(|(ratio, ..)| *ratio < target)
        .collect();
    cells.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    if cells.is_empty() {
        return String::new();
    }
    let rows = cells.into_iter().map(|(ratio, best, pair, l2)| {
        let us = pair.entry.ours.us(l2).unwrap_or(f64::NAN);
        vec![
            format!("{ratio:.3}"),
            l2.name().to_owned(),
            pair.entry.cell.to_string(),
            format!("{us:.2} µs"),
            format!("against {:.2} µs", best.us),
            best.name.clone(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let number = count(rows.len(), "time");
    format!("\nunder {target:.2}: {number}, the worst first\n{}", table("rllrrl", &rows))
}

/// Every time, where there is nothing to compare with.
fn times(entries: &[Entry]) -> String {
    let mut rows =
        vec![["cell", "warm µs", "cold µs", "floor", "kernel"].map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| {
        let us = |l2| entry.ours.us(l2).map_or_else(|| "-".to_owned(), |us| format!("{us:.2}"));
        let floor = entry
            .read_once
            .map_or(String::new(), |floor| format!("{:.2} {:.2}", floor.warm.us, floor.cold.us));
        let early = entry.ours.timed().is_some_and(|timed| timed.pdl);
        let kernel = format!("{}{}", entry.kernel.symbol, if early { " PDL" } else { "" });
        vec![entry.cell.to_string(), us(L2::Warm), us(L2::Cold), floor, kernel]
    }));
    table("lrrrl", &rows)
}

fn faults(document: &Document) -> String {
    let mut text = String::new();
    for entry in &document.cells {
        match &entry.ours {
            Outcome::Timed(_) => {}
            Outcome::Wrong { wrong } => text += &format!("WRONG {}: {wrong}\n", entry.cell),
            Outcome::Failed { failed } => {
                text += &format!("not launched {}: {failed}\n", entry.cell);
            }
        }
        for peer in &entry.peers {
            match &peer.outcome {
                Outcome::Timed(_) => {}
                Outcome::Wrong { .. } => {
                    text += &format!("peer {} is wrong in {}\n", peer.name, entry.cell);
                }
                Outcome::Failed { failed } => {
                    text += &format!("peer {} in {}: {failed}\n", peer.name, entry.cell);
                }
            }
        }
    }
    if let Some(stopped) = &document.stopped {
        text += &format!("stopped {stopped}\n");
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
