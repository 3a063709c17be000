//! Draws mixes of ragged rows as bars in SVG: each mix over the parts that it is compared with, and the best
//! peer. There is one chart for each dtype and k, with a panel for each number of rows; times are warm.

use super::folder::File;
use crate::ui::axis::Scale;
use crate::ui::draw::{Area, Drawn, faint, length, word};
use crate::ui::exit::Failure;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::collections::BTreeSet;
use topkit::DType;
use topkit_lab::bench::facts::{self, Mix};
use topkit_lab::bench::ratio::Pair;
use topkit_lab::bench::record::{Document, Measure};

/// The measure of the bars.
const OF: Measure = Measure::Warm;
const WIDTH: i32 = 820;
/// Where bars begin and end; the room after that is for their numbers.
const BARS: (i32, i32) = (230, WIDTH - 190);
const TOP: i32 = 52;
const BAR: i32 = 15;
const GAP: i32 = 9;
const FOOT: i32 = 26;
const OURS: RGBColor = RGBColor(196, 30, 58);
const PART: RGBColor = RGBColor(170, 170, 170);
const PEER: RGBColor = RGBColor(31, 119, 180);

/// A bar with the text before it and after it.
struct Bar {
    name: String,
    us: f64,
    after: String,
    color: RGBColor,
}

/// A chart for each dtype and k that has a mix with all of its parts.
pub fn charts(
    document: &Document,
    pairs: &[Pair<'_>],
    command: &str,
) -> Result<Vec<File>, Failure> {
    let mixes = facts::mixes(document);
    let kind = |mix: &Mix<'_>| (mix.entry.cell.dtype, mix.entry.cell.k);
    let kinds: BTreeSet<(DType, u32)> = mixes.iter().map(kind).collect();
    let mut files = Vec::new();
    for (dtype, k) in kinds {
        let here: Vec<&Mix<'_>> = mixes.iter().filter(|mix| kind(mix) == (dtype, k)).collect();
        let rows: BTreeSet<usize> = here.iter().map(|mix| mix.entry.cell.rows).collect();
        let panels: Vec<(usize, Vec<Vec<Bar>>)> = rows
            .into_iter()
            .map(|rows| {
                let of_rows = here.iter().filter(|mix| mix.entry.cell.rows == rows);
                (
                    rows,
                    of_rows.map(|mix| bars(mix, pairs)).filter(|bars| !bars.is_empty()).collect(),
                )
            })
            .collect();
        let mut svg = String::new();
        draw(&mut svg, &format!("{dtype}, k = {k}"), &panels, command).map_err(|error| {
            Failure::environment(format!("the chart of ragged {dtype} was not drawn: {error}"))
        })?;
        files.push((format!("ragged-{dtype}-k{k}.svg"), svg));
    }
    Ok(files)
}

/// The bars of a mix: its own, its parts' and the best peer's; none if it has no time.
fn bars(mix: &Mix<'_>, pairs: &[Pair<'_>]) -> Vec<Bar> {
    let Some(us) = mix.entry.ours.us(OF) else { return Vec::new() };
    let times = mix.times[OF as usize];
    let after = times.map_or_else(String::new, |times| format!(", {times:.2}× its slowest part"));
    let cell = &mix.entry.cell;
    let name = format!("{} to {}", cell.lengths.name(), length(cell.cols));
    let mut bars = vec![Bar { name, us, after, color: OURS }];
    for (what, part) in &mix.parts {
        let Some(us) = part.ours.us(OF) else { continue };
        let name = (*what).to_owned();
        bars.push(Bar { name, us, after: String::new(), color: PART });
    }
    let pair = pairs.iter().find(|pair| pair.entry.cell == *cell);
    if let Some(best) = pair.and_then(|pair| pair.best(OF)) {
        let name = best.name.trim_end_matches(" (this run)").to_owned();
        bars.push(Bar { name, us: best.us, after: String::new(), color: PEER });
    }
    bars
}

fn draw(svg: &mut String, title: &str, panels: &[(usize, Vec<Vec<Bar>>)], command: &str) -> Drawn {
    let height = |groups: &[Vec<Bar>]| {
        TOP + groups.iter().map(|bars| BAR * bars.len() as i32 + GAP).sum::<i32>()
    };
    let total = panels.iter().map(|(_, groups)| height(groups)).sum::<i32>() + FOOT;
    let size = (WIDTH.unsigned_abs(), total.unsigned_abs());
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let mut top = 0;
    for (rows, groups) in panels {
        let title = format!("{title}, {rows} ragged rows, {} µs", OF.name());
        draw_panel(&root, top, &title, groups)?;
        top += height(groups);
    }
    faint(&root, &format!("Drawn by: {command}"), (10, total - FOOT / 2))?;
    root.present()?;
    Ok(())
}

fn draw_panel(area: &Area<'_>, top: i32, title: &str, groups: &[Vec<Bar>]) -> Drawn {
    word(area, title, (10, top + 18), HPos::Left, 16)?;
    let most = groups.iter().flatten().map(|bar| bar.us).fold(0.0, f64::max);
    // Bars begin at 0, whatever their range.
    let across = Scale::linear(most, BARS);
    let mut y = top + TOP - 14;
    for bars in groups {
        for bar in bars {
            let middle = y + BAR / 2;
            word(area, &bar.name, (BARS.0 - 8, middle), HPos::Right, 12)?;
            let corners = [(BARS.0, y + 1), (across.at(bar.us), y + BAR - 1)];
            area.draw(&Rectangle::new(corners, bar.color.filled()))?;
            let text = format!("{:.2}{}", bar.us, bar.after);
            word(area, &text, (across.at(bar.us) + 6, middle), HPos::Left, 12)?;
            y += BAR;
        }
        y += GAP;
    }
    Ok(())
}
