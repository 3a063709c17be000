//! Writes `bench.md`, the tables of a bench. Cells of few indexer rows are printed in the form of a published
//! table: one for each k and dtype, with a line for each number of rows and a column for each length. The
//! other cells are lists.

use crate::ui::draw::length;
use std::collections::BTreeSet;
use std::fmt::Write;
use topkit::DType;
use topkit_lab::bench::facts;
use topkit_lab::bench::ratio::{self, Pair};
use topkit_lab::bench::record::{Document, Entry, L2, Outcome};
use topkit_lab::bench::table::Table;
use topkit_lab::cell::Lengths;
use topkit_lab::{Cell, Grid};

/// The whole file. `plots` are names of files beside it.
pub fn page(
    document: &Document,
    pairs: &[Pair<'_>],
    target: f64,
    against: Option<&Table>,
    plots: &[String],
) -> String {
    let machine = &document.machine;
    let mut page = format!(
        "# topkit bench\n\n{}, {}, CUDA {}, NVRTC {}, {}. {}.\n",
        machine.device,
        document.program,
        machine.cuda,
        machine.nvrtc,
        document.date,
        capital(&document.method.text),
    );
    if let Some(stopped) = &document.stopped {
        page += &format!("\nThe bench stopped {stopped}.\n");
    }
    if let Some(against) = against {
        page += &format!("\nPeers: a table of {} ({}).\n", against.device, against.method);
    }
    page += &grids(pairs, target);
    for grid in Grid::ALL {
        let of_grid: Vec<&Pair<'_>> =
            pairs.iter().filter(|pair| pair.entry.cell.grid == grid).collect();
        if of_grid.is_empty() {
            continue;
        }
        page += &format!("\n## {}\n", grid.name());
        page += &match grid {
            Grid::Seed | Grid::Headline => matrices(&of_grid, target),
            _ => list(&of_grid, target),
        };
    }
    page += &headline(document);
    page += &ragged(document);
    if !plots.is_empty() {
        page += "\n## Plots\n\n";
        for plot in plots {
            // A String takes whatever is written to it.
            let _ = writeln!(page, "![{}]({plot})", plot.trim_end_matches(".svg"));
        }
    }
    page
}

fn grids(pairs: &[Pair<'_>], target: f64) -> String {
    let scores = ratio::scores(pairs, target);
    if scores.is_empty() {
        return String::new();
    }
    let head = format!(
        "\n| grid | L2 | cells | compared | geometric mean | least | under {target:.2} |\n\
         |---|---|---|---|---|---|---|\n"
    );
    let rows = scores.iter().map(|score| {
        format!(
            "| {} | {} | {} | {} | {:.2}× | {:.2}× | {} |\n",
            score.grid.name(),
            score.l2.name(),
            score.cells,
            score.compared,
            score.mean,
            score.least,
            score.under
        )
    });
    format!(
        "\nMicroseconds a launch; in brackets, how many times as fast as the best exact peer, bold \
         under {target:.2}.\n{head}{}",
        rows.collect::<String>()
    )
}

/// One table for each k and dtype: rows down, lengths across.
fn matrices(pairs: &[&Pair<'_>], target: f64) -> String {
    let ks: BTreeSet<u32> = pairs.iter().map(|pair| pair.entry.cell.k).collect();
    let dtypes: BTreeSet<DType> = pairs.iter().map(|pair| pair.entry.cell.dtype).collect();
    let mut text = String::new();
    for (k, dtype) in ks.iter().flat_map(|&k| dtypes.iter().map(move |&dtype| (k, dtype))) {
        let here = || {
            pairs
                .iter()
                .copied()
                .filter(move |pair| (pair.entry.cell.k, pair.entry.cell.dtype) == (k, dtype))
        };
        let cols: BTreeSet<usize> = here().map(|pair| pair.entry.cell.cols).collect();
        let rows: BTreeSet<usize> = here().map(|pair| pair.entry.cell.rows).collect();
        if cols.is_empty() {
            continue;
        }
        let heads: Vec<_> = cols.iter().map(|&cols| length(cols)).collect();
        text += &format!("\n### k = {k}, {dtype}\n\n| rows | L2 | {} |\n", heads.join(" | "));
        text += &format!("|---|---|{}\n", "---|".repeat(cols.len()));
        for rows in rows {
            let at = |cols: usize| {
                here().find(|pair| (pair.entry.cell.rows, pair.entry.cell.cols) == (rows, cols))
            };
            for l2 in L2::ALL {
                let cells = cols
                    .iter()
                    .map(|&cols| at(cols).map_or_else(String::new, |pair| time(pair, l2, target)));
                let cells: Vec<_> = cells.collect();
                text += &format!("| {rows} | {} | {} |\n", l2.name(), cells.join(" | "));
            }
            let floors = cols.iter().map(|&cols| at(cols).map_or_else(String::new, floor));
            let floors: Vec<_> = floors.collect();
            text += &format!("| {rows} | read once | {} |\n", floors.join(" | "));
        }
    }
    text
}

fn list(pairs: &[&Pair<'_>], target: f64) -> String {
    let mut text =
        "\n| dtype | rows | length | k | scores | warm | cold | read once | best warm | \
                    best cold | kernel | PDL |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for pair in pairs {
        let entry = pair.entry;
        let cell = &entry.cell;
        let ragged = lengths(cell);
        let best = |l2| {
            let best = pair.best(l2);
            best.map_or_else(String::new, |best| format!("{:.2} {}", best.us, best.name))
        };
        let early = entry.ours.timed().is_some_and(|timed| timed.pdl);
        let fields = [
            cell.dtype.name().to_owned(),
            cell.rows.to_string(),
            ragged,
            cell.k.to_string(),
            cell.dist.name().to_owned(),
            time(pair, L2::Warm, target),
            time(pair, L2::Cold, target),
            floor(pair),
            best(L2::Warm),
            best(L2::Cold),
            format!("`{}`", entry.kernel.symbol),
            if early { "yes" } else { "" }.to_owned(),
        ];
        text += &format!("| {} |\n", fields.join(" | "));
    }
    text
}

fn headline(document: &Document) -> String {
    let speedups = facts::speedups(document);
    if speedups.is_empty() {
        return String::new();
    }
    let mut text =
        "\n## 16-bit scores over f32\n\nHow many times as fast the same selection is.\n\n\
                    | k | rows | length | bf16 warm | bf16 cold | f16 warm | f16 cold |\n\
                    |---|---|---|---|---|---|---|\n"
            .to_owned();
    for speedup in &speedups {
        let over = speedup.bf16.iter().chain(&speedup.f16);
        let over = over.map(|over| over.map_or_else(String::new, |over| format!("{over:.2}×")));
        let over: Vec<_> = over.collect();
        text += &format!(
            "| {} | {} | {} | {} |\n",
            speedup.k,
            speedup.rows,
            length(speedup.cols),
            over.join(" | ")
        );
    }
    text
}

/// The columns of a cell, and how its rows share them.
fn lengths(cell: &Cell) -> String {
    match cell.lengths {
        Lengths::Full => length(cell.cols),
        Lengths::Uniform => format!("1K to {}", length(cell.cols)),
        mix => format!("{}, {}", mix.name(), length(cell.cols)),
    }
}

fn ragged(document: &Document) -> String {
    let mixes = facts::mixes(document);
    if mixes.is_empty() {
        return String::new();
    }
    let mut text = "\n## Ragged rows over their parts\n\nHow many times as long a mix of rows takes as the \
                    slowest of its parts. Microseconds are warm. Dense rows of the mean length (rounded up \
                    to a multiple of 64) are as many, and so have as many scores and winners.\n\n\
                    | dtype | rows | lengths | k | µs | parts | warm | cold |\n\
                    |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let us = |entry: &Entry| {
        entry.ours.us(L2::Warm).map_or_else(|| "-".to_owned(), |us| format!("{us:.2}"))
    };
    for mix in &mixes {
        let cell = &mix.entry.cell;
        let [warm, cold] = mix
            .times
            .map(|times| times.map_or_else(|| "-".to_owned(), |times| format!("{times:.2}×")));
        let part = |(what, part): &(&str, &Entry)| {
            format!("{what} ({} × {}): {}", part.cell.rows, lengths(&part.cell), us(part))
        };
        let parts: Vec<_> = mix.parts.iter().map(part).collect();
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {warm} | {cold} |\n",
            cell.dtype,
            cell.rows,
            lengths(cell),
            cell.k,
            us(mix.entry),
            parts.join("; ")
        );
    }
    text
}

/// A time and its ratio; a cell that was wrong has neither.
fn time(pair: &Pair<'_>, l2: L2, target: f64) -> String {
    let us = match &pair.entry.ours {
        Outcome::Timed(timed) => timed.both.us(l2),
        Outcome::Wrong { .. } => return "**WRONG**".to_owned(),
        Outcome::Failed { .. } => return "**not launched**".to_owned(),
    };
    match pair.ratio(l2) {
        None => format!("{us:.2}"),
        Some(ratio) if ratio < target => format!("{us:.2} (**{ratio:.2}×**)"),
        Some(ratio) => format!("{us:.2} ({ratio:.2}×)"),
    }
}

fn floor(pair: &Pair<'_>) -> String {
    let floor = pair.entry.read_once;
    floor.map_or_else(String::new, |floor| format!("{:.2} / {:.2}", floor.warm.us, floor.cold.us))
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + rest.as_str())
}
