//! Plots time against length as SVG: our kernels, the read-once floor and the peers. There is one plot for
//! each dtype and k, with a panel for each number of rows, warm and cold.
//!
//! Text stays text in the SVG, so this machine needs no fonts.

use super::folder::File;
use crate::ui::draw::{Area, Drawn, length};
use crate::ui::exit::Failure;
use plotters::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use topkit::DType;
use topkit_lab::Grid;
use topkit_lab::bench::ratio::Pair;
use topkit_lab::bench::record::L2;
use topkit_lab::bench::table::Table;

/// Peers that a panel shows, the fastest of them.
const PEERS: usize = 5;
const PANEL: (u32, u32) = (520, 300);
const OURS: RGBColor = RGBColor(196, 30, 58);
const FLOOR: RGBColor = RGBColor(120, 120, 120);
const OTHERS: [RGBColor; PEERS] = [
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
    RGBColor(255, 127, 14),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
];

/// Points of length and microseconds.
type Line = Vec<(f64, f64)>;

/// A plot for each dtype and k of the cells of an indexer, where there are two lengths at least.
pub fn plots(pairs: &[Pair<'_>], table: Option<&Table>) -> Result<Vec<File>, Failure> {
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
    Ok(files)
}

fn draw(svg: &mut String, pairs: &[&Pair<'_>], title: &str, table: Option<&Table>) -> Drawn {
    let rows: BTreeSet<usize> = pairs.iter().map(|pair| pair.entry.cell.rows).collect();
    let size = (PANEL.0 * 2, PANEL.1 * rows.len() as u32);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((rows.len(), 2));
    for (panel, (rows, l2)) in
        panels.iter().zip(rows.iter().flat_map(|&rows| L2::ALL.map(|l2| (rows, l2))))
    {
        let here: Vec<&Pair<'_>> =
            pairs.iter().copied().filter(|pair| pair.entry.cell.rows == rows).collect();
        let noun = if rows == 1 { "row" } else { "rows" };
        draw_panel(panel, &here, l2, &format!("{title}, {rows} {noun}, {} L2", l2.name()), table)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &Area<'_>,
    pairs: &[&Pair<'_>],
    l2: L2,
    title: &str,
    table: Option<&Table>,
) -> Drawn {
    let line = |us: &dyn Fn(&Pair<'_>) -> Option<f64>| -> Line {
        let point = |pair: &&Pair<'_>| Some(((pair.entry.cell.cols as f64).log2(), us(pair)?));
        let mut line: Line = pairs.iter().filter_map(point).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        line
    };
    let ours = line(&|pair| pair.entry.ours.us(l2));
    let floor = line(&|pair| Some(pair.entry.read_once?.us(l2)));
    let peers = peers(pairs, l2, table);
    let places = || pairs.iter().map(|pair| (pair.entry.cell.cols as f64).log2());
    let (first, last) = (places().fold(f64::MAX, f64::min), places().fold(f64::MIN, f64::max));
    let drawn = [&ours, &floor].into_iter().chain(peers.iter().map(|(_, line)| line));
    let most = drawn.flatten().map(|&(_, us)| us).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(44)
        .build_cartesian_2d(first - 0.1..last + 0.1, 0.0..most * 1.08)?;
    // The axis is in powers of two, and only these have a name.
    let name = |place: &f64| match place.round() {
        power if (power - place).abs() < 1e-6 => length(1 << power as usize),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .max_light_lines(1)
        .light_line_style(WHITE)
        .x_label_formatter(&name)
        .y_desc("µs")
        .label_style(("sans-serif", 14))
        .draw()?;
    for (number, (name, line)) in peers.iter().enumerate() {
        let color = OTHERS[number % OTHERS.len()];
        chart
            .draw_series(LineSeries::new(line.iter().copied(), color.stroke_width(1)))?
            .label(name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    for (name, line, color, width) in [("read once", &floor, FLOOR, 1), ("topkit", &ours, OURS, 3)]
    {
        chart
            .draw_series(LineSeries::new(line.iter().copied(), color.stroke_width(width)))?
            .label(name)
            .legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], color.stroke_width(width))
            });
    }
    chart.draw_series(ours.iter().map(|&point| Circle::new(point, 3, OURS.filled())))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}

/// The fastest exact peers of the table and of this run, by the lengths they serve and their mean.
fn peers(pairs: &[&Pair<'_>], l2: L2, table: Option<&Table>) -> Vec<(String, Line)> {
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for pair in pairs {
        let place = (pair.entry.cell.cols as f64).log2();
        let mut add = |name: String, us| lines.entry(name).or_default().push((place, us));
        for (name, us) in
            table.and_then(|t| t.find(&pair.entry.cell)).iter().flat_map(|r| r.peers())
        {
            add(name.to_owned(), us[l2 as usize]);
        }
        for peer in &pair.entry.peers {
            if let Some(us) = peer.outcome.us(l2) {
                add(format!("{} (this run)", peer.name), us);
            }
        }
    }
    let mut lines: Vec<(String, Line)> = lines.into_iter().collect();
    let mean = |line: &Line| line.iter().map(|&(_, us)| us.ln()).sum::<f64>() / line.len() as f64;
    lines.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then_with(|| mean(a).total_cmp(&mean(b))));
    lines.truncate(PEERS);
    for (_, line) in &mut lines {
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    lines
}
