//! Plots time against length as SVG: our kernels, the read-once floor and the peers. There is one plot for
//! each dtype and k, with a panel for each number of rows and each measure.
//!
//! A peer is a library, and its line the best of its exact variants at each length. Names are at the ends of
//! the lines. The band is from the median seed to the worst.

use super::bars;
use super::folder::File;
use crate::ui::axis::{Scale, apart};
use crate::ui::draw::{Area, Drawn, colored, faint, length, word};
use crate::ui::exit::Failure;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::collections::{BTreeMap, BTreeSet};
use topkit::DType;
use topkit_lab::Grid;
use topkit_lab::bench::builds;
use topkit_lab::bench::ratio::Pair;
use topkit_lab::bench::record::{Document, Each, Measure};
use topkit_lab::bench::table::Table;

/// Peers that a panel shows, the fastest of them.
const PEERS: usize = 5;
const PANEL: (i32, i32) = (460, 290);
/// Room around the lines of a panel: left, top, right for the names, below for the lengths.
const ROOM: (i32, i32, i32, i32) = (46, 44, 108, 30);
/// Room below all panels, for the command.
const FOOT: i32 = 24;
const OURS: RGBColor = RGBColor(196, 30, 58);
const FLOOR: RGBColor = RGBColor(110, 110, 110);
const BUILD: RGBColor = RGBColor(70, 70, 70);
/// The colors of libraries, in the order of their names, so that a library has one in every panel.
const OTHERS: [RGBColor; 9] = [
    RGBColor(128, 83, 173),
    RGBColor(130, 76, 65),
    RGBColor(230, 110, 0),
    RGBColor(20, 150, 160),
    RGBColor(31, 119, 180),
    RGBColor(200, 80, 160),
    RGBColor(150, 150, 20),
    RGBColor(44, 150, 44),
    RGBColor(90, 90, 200),
];
/// The distance of two names.
const NAME: i32 = 15;

/// Points of length and microseconds, by rising length.
type Points = Vec<(usize, f64)>;

/// A line of a panel, with the name at its end.
struct Line {
    name: String,
    points: Points,
    color: RGBColor,
    width: u32,
}

/// Where the times of peers come from, and the libraries of a plot by name.
struct Peers<'a> {
    table: Option<&'a Table>,
    libraries: Vec<String>,
}

/// How a plot is drawn again from the document.
pub fn command(table: Option<&Table>) -> &'static str {
    match table {
        Some(_) => "topkit bench --render bench.json --against TABLE.json --out FOLDER",
        None => "topkit bench --render bench.json --out FOLDER",
    }
}

/// A plot for each dtype and k of the cells of an indexer, where there are two lengths at least, and one for
/// each dtype and k of the mixes of ragged rows.
pub fn plots(
    document: &Document,
    pairs: &[Pair<'_>],
    table: Option<&Table>,
) -> Result<Vec<File>, Failure> {
    let indexer: Vec<&Pair<'_>> = pairs
        .iter()
        .filter(|pair| matches!(pair.entry.cell.grid, Grid::Seed | Grid::Headline))
        .collect();
    let kinds: BTreeSet<(DType, u32)> =
        indexer.iter().map(|pair| (pair.entry.cell.dtype, pair.entry.cell.k)).collect();
    let mut files = Vec::new();
    for (dtype, k) in kinds {
        let here: Vec<&Pair<'_>> = indexer
            .iter()
            .copied()
            .filter(|pair| (pair.entry.cell.dtype, pair.entry.cell.k) == (dtype, k))
            .collect();
        let lengths: BTreeSet<usize> = here.iter().map(|pair| pair.entry.cell.cols).collect();
        if lengths.len() < 2 {
            continue;
        }
        let mut svg = String::new();
        draw(&mut svg, &here, &format!("{dtype}, k = {k}"), table).map_err(|error| {
            Failure::environment(format!("the plot of {dtype}, k = {k} was not drawn: {error}"))
        })?;
        files.push((format!("time-{dtype}-k{k}.svg"), svg));
    }
    files.extend(bars::charts(document, pairs, command(table))?);
    Ok(files)
}

fn draw(svg: &mut String, pairs: &[&Pair<'_>], title: &str, table: Option<&Table>) -> Drawn {
    let rows: BTreeSet<usize> = pairs.iter().map(|pair| pair.entry.cell.rows).collect();
    let measured =
        |measure: &Measure| pairs.iter().any(|pair| pair.entry.ours.us(*measure).is_some());
    let measures: Vec<Measure> = Measure::ALL.into_iter().filter(measured).collect();
    let width = PANEL.0 * measures.len() as i32;
    let height = PANEL.1 * rows.len() as i32 + FOOT;
    let root = SVGBackend::with_string(svg, (width.unsigned_abs(), height.unsigned_abs()))
        .into_drawing_area();
    root.fill(&WHITE)?;
    let names = pairs.iter().flat_map(|pair| variants(pair, table)).map(|(name, _)| library(&name));
    let names: BTreeSet<String> = names.filter(|name| !builds::is_build(name)).collect();
    let others = Peers { table, libraries: names.into_iter().collect() };
    for (down, &rows) in (0..).zip(&rows) {
        let here: Vec<&Pair<'_>> =
            pairs.iter().copied().filter(|pair| pair.entry.cell.rows == rows).collect();
        let noun = if rows == 1 { "row" } else { "rows" };
        for (across, &measure) in (0..).zip(&measures) {
            let title = format!("{title}, {rows} {noun}, {}", measure.name());
            let corner = (PANEL.0 * across, PANEL.1 * down);
            draw_panel(&root, corner, &here, measure, &title, &others)?;
        }
    }
    faint(&root, &format!("Drawn by: {}", command(table)), (10, height - FOOT / 2))?;
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &Area<'_>,
    (x, y): (i32, i32),
    pairs: &[&Pair<'_>],
    measure: Measure,
    title: &str,
    others: &Peers<'_>,
) -> Drawn {
    let points = |us: &dyn Fn(&Pair<'_>) -> Option<f64>| -> Points {
        let point = |pair: &&Pair<'_>| Some((pair.entry.cell.cols, us(pair)?));
        let mut points: Points = pairs.iter().filter_map(point).collect();
        points.sort_by_key(|&(cols, _)| cols);
        points
    };
    let line =
        |name: &str, points, color, width| Line { name: name.to_owned(), points, color, width };
    let mut lines = peers(pairs, measure, others);
    let floor = points(&|pair| pair.entry.read_once?.us(measure));
    lines.push(line("read once", floor, FLOOR, 1));
    lines.push(line("topkit", points(&|pair| pair.entry.ours.us(measure)), OURS, 3));
    lines.retain(|line| !line.points.is_empty());
    let seeds = |worst: bool| {
        points(&|pair| {
            let seeds = pair.entry.seeds.as_ref().filter(|_| measure == Measure::Warm)?;
            Some(if worst { seeds.worst_us } else { seeds.median_us })
        })
    };
    let (median, worst) = (seeds(false), seeds(true));

    let lengths: BTreeSet<usize> = pairs.iter().map(|pair| pair.entry.cell.cols).collect();
    let (Some(&first), Some(&last)) = (lengths.first(), lengths.last()) else { return Ok(()) };
    let (left, top, right, below) = ROOM;
    let box_x = (x + left, x + PANEL.0 - right);
    let box_y = (y + PANEL.1 - below, y + top);
    let across = Scale::log((first as f64, last as f64), box_x);
    let times = lines.iter().flat_map(|line| &line.points).chain(&worst).map(|&(_, us)| us);
    let up = Scale::of(times, box_y);
    let at = |&(cols, us): &(usize, f64)| (across.at(cols as f64), up.at(us));

    word(area, title, (x + left, y + 14), HPos::Left, 15)?;
    word(area, "µs", (x + left - 8, y + top - 14), HPos::Right, 12)?;
    for tick in up.ticks() {
        let height = up.at(tick);
        let grid = [(box_x.0, height), (box_x.1, height)];
        area.draw(&PathElement::new(grid, RGBColor(226, 226, 226)))?;
        word(area, &tick.to_string(), (box_x.0 - 8, height), HPos::Right, 12)?;
    }
    for &cols in &lengths {
        let place = across.at(cols as f64);
        area.draw(&PathElement::new([(place, box_y.0), (place, box_y.0 + 4)], BLACK))?;
        word(area, &length(cols), (place, box_y.0 + 14), HPos::Center, 12)?;
    }
    area.draw(&PathElement::new([(box_x.0, box_y.0), (box_x.1, box_y.0)], BLACK))?;
    if !worst.is_empty() {
        let band: Vec<(i32, i32)> = median.iter().chain(worst.iter().rev()).map(at).collect();
        area.draw(&Polygon::new(band, OURS.mix(0.22)))?;
    }
    for line in &lines {
        let path: Vec<(i32, i32)> = line.points.iter().map(at).collect();
        for &point in path.iter().filter(|_| line.width > 1) {
            area.draw(&Circle::new(point, 3, line.color.filled()))?;
        }
        area.draw(&PathElement::new(path, line.color.stroke_width(line.width)))?;
    }
    let ends: Vec<(i32, i32)> =
        lines.iter().filter_map(|line| line.points.last()).map(at).collect();
    let heights: Vec<i32> = ends.iter().map(|&(_, height)| height).collect();
    let names = apart(&heights, NAME, (box_y.1, box_y.0));
    for ((line, end), height) in lines.iter().zip(ends).zip(names) {
        let name = (box_x.1 + 16, height);
        dotted(area, (end.0 + 5, end.1), (name.0 - 3, height), line.color)?;
        colored(area, &line.name, name, line.color)?;
    }
    Ok(())
}

/// Dots from the end of a line to its name: no times are between.
fn dotted(area: &Area<'_>, from: (i32, i32), to: (i32, i32), color: RGBColor) -> Drawn {
    const STEP: i32 = 5;
    let count = ((to.0 - from.0) / STEP).max(1);
    for dot in 0..=count {
        let at = (from.0 + (to.0 - from.0) * dot / count, from.1 + (to.1 - from.1) * dot / count);
        area.draw(&Circle::new(at, 1, color.mix(0.5).filled()))?;
    }
    Ok(())
}

/// The exact variants of the table and of this run in a cell, with their times.
fn variants(pair: &Pair<'_>, table: Option<&Table>) -> Vec<(String, Each<Option<f64>>)> {
    let row = table.and_then(|table| table.find(&pair.entry.cell));
    let listed = row.iter().flat_map(|row| row.peers()).map(|(name, us)| (name.to_owned(), us));
    let here = pair
        .entry
        .peers
        .iter()
        .map(|peer| (peer.name.clone(), Measure::ALL.map(|measure| peer.outcome.us(measure))));
    listed.chain(here).collect()
}

/// The peers, each with the best exact variant at each length: the fastest of the libraries, by the lengths
/// that they serve and their mean, and every other build of topkit.
fn peers(pairs: &[&Pair<'_>], measure: Measure, peers: &Peers<'_>) -> Vec<Line> {
    let mut best: BTreeMap<String, BTreeMap<usize, f64>> = BTreeMap::new();
    for pair in pairs {
        for (name, us) in variants(pair, peers.table) {
            let Some(us) = us[measure as usize] else { continue };
            let line = best.entry(library(&name)).or_default();
            let least = line.entry(pair.entry.cell.cols).or_insert(us);
            *least = least.min(us);
        }
    }
    let line = |(name, points): (String, BTreeMap<usize, f64>)| Line {
        name,
        points: points.into_iter().collect(),
        color: BUILD,
        width: 1,
    };
    let lines = best.into_iter().map(line);
    let (builds, mut lines): (Vec<Line>, Vec<Line>) =
        lines.partition(|line| builds::is_build(&line.name));
    let mean = |line: &Line| {
        line.points.iter().map(|&(_, us)| us.ln()).sum::<f64>() / line.points.len() as f64
    };
    lines.sort_by(|a, b| {
        b.points.len().cmp(&a.points.len()).then_with(|| mean(a).total_cmp(&mean(b)))
    });
    lines.truncate(PEERS);
    for line in &mut lines {
        let place = peers.libraries.iter().position(|name| *name == line.name).unwrap_or(0);
        (line.color, line.width) = (OTHERS[place % OTHERS.len()], 2);
    }
    lines.extend(builds);
    lines
}

/// The library of a variant: `vllm` of `vllm.persistent`. Another build of topkit is one of its own.
fn library(variant: &str) -> String {
    match variant.split_once('.') {
        Some((library, _)) if !builds::is_build(variant) => library.to_owned(),
        _ => variant.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_of_a_library() {
        let names = ["vllm.persistent", "sglang.topk_v2.nopdl", "torch", "topkit@a.b"].map(library);
        assert_eq!(names, ["vllm", "sglang", "torch", "topkit@a.b"]);
    }
}
