//! Writes `bench.md`, the tables of a bench. Cells of few indexer rows are printed in the form of a published
//! table: one for each k and dtype, with a line for each number of rows and a column for each length. The
//! other cells are lists.

use crate::ui::draw::length;
use std::collections::BTreeSet;
use std::fmt::Write;
use topkit::DType;
use topkit_lab::bench::builds;
use topkit_lab::bench::facts;
use topkit_lab::bench::ratio::{self, Pair};
use topkit_lab::bench::record::{Document, Entry, Measure, Outcome, Seeds};
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
    page += &others(document);
    page += &spread(document);
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
        "\n| grid | measure | cells | compared | geometric mean | least | under {target:.2} |\n\
         |---|---|---|---|---|---|---|\n"
    );
    let rows = scores.iter().map(|score| {
        format!(
            "| {} | {} | {} | {} | {:.2}× | {:.2}× | {} |\n",
            score.grid.name(),
            score.measure.name(),
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
        text += &format!("\n### k = {k}, {dtype}\n\n| rows | measure | {} |\n", heads.join(" | "));
        text += &format!("|---|---|{}\n", "---|".repeat(cols.len()));
        for rows in rows {
            let at = |cols: usize| {
                here().find(|pair| (pair.entry.cell.rows, pair.entry.cell.cols) == (rows, cols))
            };
            let line = |name: &str, cell: &dyn Fn(&Pair<'_>) -> String| {
                let cells = cols.iter().map(|&cols| at(cols).map_or_else(String::new, cell));
                let cells: Vec<_> = cells.collect();
                format!("| {rows} | {name} | {} |\n", cells.join(" | "))
            };
            for measure in Measure::ALL {
                text += &line(measure.name(), &|pair| time(pair, measure, target));
            }
            if here().any(|pair| pair.entry.seeds.is_some()) {
                text += &line("worst seed", &|pair| worst(pair.entry));
            }
            text += &line("read once", &floor);
        }
    }
    text
}

fn list(pairs: &[&Pair<'_>], target: f64) -> String {
    let heads = [
        "dtype",
        "rows",
        "length",
        "k",
        "scores",
        "in place",
        "warm",
        "cold",
        "worst seed",
        "read once",
        "best in place",
        "best warm",
        "best cold",
        "kernel",
        "PDL",
    ];
    let mut text = format!("\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for pair in pairs {
        let entry = pair.entry;
        let cell = &entry.cell;
        let ragged = lengths(cell);
        let best = |measure| {
            let best = pair.best(measure);
            best.map_or_else(String::new, |best| format!("{:.2} {}", best.us, best.name))
        };
        let pdl = entry.ours.timed().is_some_and(|timed| timed.pdl);
        let fields = [
            cell.dtype.name().to_owned(),
            cell.rows.to_string(),
            ragged,
            cell.k.to_string(),
            cell.dist.name().to_owned(),
            time(pair, Measure::InPlace, target),
            time(pair, Measure::Warm, target),
            time(pair, Measure::Cold, target),
            worst(entry),
            floor(pair),
            best(Measure::InPlace),
            best(Measure::Warm),
            best(Measure::Cold),
            format!("`{}`", entry.kernel.symbol),
            if pdl { "yes" } else { "" }.to_owned(),
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
    let of = |dtype| Measure::ALL.map(|measure| format!("{dtype} {}", measure.name()));
    let heads: Vec<_> = of("bf16").into_iter().chain(of("f16")).collect();
    let mut text = format!(
        "\n## 16-bit scores over f32\n\nHow many times as fast the same selection is.\n\n\
         | k | rows | length | {} |\n|---|---|---|{}\n",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
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
                    | dtype | rows | lengths | k | µs | parts | in place | warm | cold |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let us = |entry: &Entry| {
        entry.ours.us(Measure::Warm).map_or_else(|| "-".to_owned(), |us| format!("{us:.2}"))
    };
    for mix in &mixes {
        let cell = &mix.entry.cell;
        let times = mix
            .times
            .map(|times| times.map_or_else(|| "-".to_owned(), |times| format!("{times:.2}×")));
        let part = |(what, part): &(&str, &Entry)| {
            format!("{what} ({} × {}): {}", part.cell.rows, lengths(&part.cell), us(part))
        };
        let parts: Vec<_> = mix.parts.iter().map(part).collect();
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            cell.dtype,
            cell.rows,
            lengths(cell),
            cell.k,
            us(mix.entry),
            parts.join("; "),
            times.join(" | ")
        );
    }
    text
}

/// This build against other builds of this library.
fn others(document: &Document) -> String {
    let scores = builds::scores(document);
    if scores.is_empty() {
        return String::new();
    }
    let rows = scores.iter().map(|score| {
        format!(
            "| {} | {} | {} | {} | {:.3}× | {:.3}× | {:.3}× | {} |\n",
            score.build,
            score.grid.name(),
            score.measure.name(),
            score.compared,
            score.mean,
            score.least,
            score.most,
            score.slower
        )
    });
    format!(
        "\n## Against other builds of topkit\n\nHow many times as fast this build is, in the same run.\n\n\
         | build | grid | measure | cells | geometric mean | least | most | over 1.03 times as long |\n\
         |---|---|---|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// The seeds of every grid, and the cells whose worst seed is far from the median.
fn spread(document: &Document) -> String {
    let level = Seeds::LEVEL;
    let mut text = String::new();
    let mut uneven: Vec<(&Entry, &Seeds)> = Vec::new();
    for grid in Grid::ALL {
        let of_grid = || facts::seeded(document).filter(|(entry, _)| entry.cell.grid == grid);
        let Some(most) = of_grid().map(|(_, seeds)| seeds.spread()).reduce(f64::max) else {
            continue;
        };
        let above: Vec<_> = of_grid().filter(|(_, seeds)| seeds.spread() > level).collect();
        let least = of_grid().map(|(_, seeds)| seeds.count).min().unwrap_or(0);
        let largest = of_grid().map(|(_, seeds)| seeds.count).max().unwrap_or(0);
        let taken =
            if least == largest { least.to_string() } else { format!("{least} to {largest}") };
        let (name, cells) = (grid.name(), of_grid().count());
        text += &format!("| {name} | {cells} | {taken} | {most:.2}× | {} |\n", above.len());
        uneven.extend(above);
    }
    if text.is_empty() {
        return text;
    }
    let head = format!(
        "\n## Seeds\n\nEach cell is measured warm on the scores of several seeds.\n\n\
         | grid | cells | seeds | worst over median, at most | cells above {level}× |\n\
         |---|---|---|---|---|\n"
    );
    let mut text = head + &text;
    if !uneven.is_empty() {
        text += &format!(
            "\nCells whose worst seed takes more than {level} times the median:\n\n\
             | cell | median | worst | seed | seeds above {level}× |\n|---|---|---|---|---|\n"
        );
    }
    for (entry, seeds) in uneven {
        text += &format!(
            "| {} | {:.2} | {:.2} ({:.2}×) | {} | {:.0} % of {} |\n",
            entry.cell,
            seeds.median_us,
            seeds.worst_us,
            seeds.spread(),
            seeds.worst_seed,
            seeds.above * 100.0,
            seeds.count
        );
    }
    text
}

/// The slowest seed, and how many times the median that is.
fn worst(entry: &Entry) -> String {
    entry.seeds.as_ref().map_or_else(String::new, |seeds| {
        let mark = if seeds.spread() > Seeds::LEVEL { "**" } else { "" };
        format!("{:.2} ({mark}{:.2}×{mark})", seeds.worst_us, seeds.spread())
    })
}

/// A time and its ratio; a cell that was wrong has neither.
fn time(pair: &Pair<'_>, measure: Measure, target: f64) -> String {
    let us = match &pair.entry.ours {
        Outcome::Timed(timed) => timed.us(measure),
        Outcome::Wrong { .. } => return "**WRONG**".to_owned(),
        Outcome::Failed { .. } => return "**not launched**".to_owned(),
    };
    match (us, pair.ratio(measure)) {
        (None, _) => "-".to_owned(),
        (Some(us), None) => format!("{us:.2}"),
        (Some(us), Some(ratio)) if ratio < target => format!("{us:.2} (**{ratio:.2}×**)"),
        (Some(us), Some(ratio)) => format!("{us:.2} ({ratio:.2}×)"),
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
