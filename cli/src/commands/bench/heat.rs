//! Draws the ratios of a grid as a heat map in SVG: red for cells in which the best peer is faster, green for
//! cells in which our kernel is, with the ratio in each cell.

use super::folder::File;
use crate::ui::draw::{Area, Drawn, blend, faint, length, word};
use crate::ui::exit::Failure;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::collections::BTreeSet;
use topkit_lab::Distribution;
use topkit_lab::Grid;
use topkit_lab::bench::ratio::Pair;
use topkit_lab::bench::record::{Measure, Outcome};
use topkit_lab::cell::{Cell, Lengths};

const BOX: (i32, i32) = (74, 22);
const LEFT: i32 = 170;
const TOP: i32 = 58;
const GAP: i32 = 24;
/// Room below the map, for the command.
const FOOT: i32 = 20;

/// A map for each grid that has a ratio, but for the mixes of ragged rows, which are bars.
pub fn maps(pairs: &[Pair<'_>], target: f64, command: &str) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    for grid in Grid::ALL {
        let here: Vec<&Pair<'_>> =
            pairs.iter().filter(|pair| pair.entry.cell.grid == grid).collect();
        let compared =
            here.iter().any(|pair| Measure::ALL.iter().any(|&of| pair.ratio(of).is_some()));
        if !compared || grid == Grid::Ragged {
            continue;
        }
        let mut svg = String::new();
        draw(&mut svg, &here, (grid, target), command).map_err(|error| {
            let name = grid.name();
            Failure::environment(format!("the heat map of {name} was not drawn: {error}"))
        })?;
        files.push((format!("ratios-{}.svg", grid.name()), svg));
    }
    Ok(files)
}

/// The columns of the map: lengths and distributions; most grids vary only one of them.
type Column = (usize, Distribution, Lengths);
/// The rows of the map.
type Row = (topkit::DType, u32, usize);

fn column(cell: &Cell) -> Column {
    (cell.cols, cell.dist, cell.lengths)
}

fn row(cell: &Cell) -> Row {
    (cell.dtype, cell.k, cell.rows)
}

fn draw(
    svg: &mut String,
    pairs: &[&Pair<'_>],
    (grid, target): (Grid, f64),
    command: &str,
) -> Drawn {
    let mut columns: Vec<Column> = pairs.iter().map(|pair| column(&pair.entry.cell)).collect();
    columns.sort();
    columns.dedup();
    // If all lengths are the same, cells differ by their distribution.
    let spreads = columns.iter().any(|&(_, dist, _)| dist != Distribution::Normal);
    let rows: BTreeSet<Row> = pairs.iter().map(|pair| row(&pair.entry.cell)).collect();
    let side = BOX.0 * columns.len() as i32 + GAP;
    let count = Measure::ALL.len() as i32;
    let size = (LEFT + side * count, TOP + BOX.1 * rows.len() as i32 + GAP + FOOT);
    let size = (size.0.unsigned_abs(), size.1.unsigned_abs());
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let name = grid.name();
    let title = format!("{name}: times as fast as the best peer (target {target:.2})");
    word(&root, &title, (10, 14), HPos::Left, 17)?;
    for (place, &(dtype, k, rows)) in rows.iter().enumerate() {
        let y = TOP + BOX.1 * place as i32 + BOX.1 / 2;
        word(&root, &format!("{dtype} k={k} rows={rows}"), (LEFT - 8, y), HPos::Right, 15)?;
    }
    for (place, measure) in (0..).zip(Measure::ALL) {
        let left = LEFT + side * place;
        word(&root, measure.name(), (left, 32), HPos::Left, 15)?;
        for (place, &(cols, dist, lengths)) in columns.iter().enumerate() {
            let x = left + BOX.0 * place as i32 + BOX.0 / 2;
            let name = match lengths {
                Lengths::Full if spreads => dist.name().to_owned(),
                Lengths::Full => length(cols),
                ragged => format!("{} {}", ragged.name(), length(cols)),
            };
            word(&root, &name, (x, TOP - 10), HPos::Center, 15)?;
        }
        for pair in pairs {
            let cell = &pair.entry.cell;
            let x = columns.iter().position(|&c| c == column(cell)).unwrap_or(0) as i32;
            let y = rows.iter().position(|&r| r == row(cell)).unwrap_or(0) as i32;
            let corner = (left + BOX.0 * x, TOP + BOX.1 * y);
            draw_box(&root, pair, measure, corner, target)?;
        }
    }
    let foot = TOP + BOX.1 * rows.len() as i32 + GAP;
    faint(&root, &format!("Drawn by: {command}"), (10, foot))?;
    root.present()?;
    Ok(())
}

fn draw_box(
    area: &Area<'_>,
    pair: &Pair<'_>,
    measure: Measure,
    (x, y): (i32, i32),
    target: f64,
) -> Drawn {
    let ratio = pair.ratio(measure);
    let color = ratio.map_or(RGBColor(225, 225, 225), |ratio| color(ratio, target));
    let end = (x + BOX.0 - 1, y + BOX.1 - 1);
    area.draw(&Rectangle::new([(x, y), end], color.filled()))?;
    let text = match (&pair.entry.ours, ratio) {
        (Outcome::Timed(_), Some(ratio)) => format!("{ratio:.2}"),
        (Outcome::Timed(_), None) => "-".to_owned(),
        (Outcome::Wrong { .. }, _) => "WRONG".to_owned(),
        (Outcome::Failed { .. }, _) => "failed".to_owned(),
    };
    word(area, &text, (x + BOX.0 / 2, y + BOX.1 / 2), HPos::Center, 15)
}

/// Red below 1, yellow up to the target, green from there, the deeper the farther.
fn color(ratio: f64, target: f64) -> RGBColor {
    if ratio < 1.0 {
        blend([255.0, 190.0, 180.0], [214.0, 39.0, 40.0], (1.0 - ratio) * 2.0)
    } else if ratio < target {
        RGBColor(255, 236, 160)
    } else {
        blend([214.0, 240.0, 205.0], [60.0, 160.0, 80.0], (ratio - target) / 1.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_tell_slower_from_faster() {
        let reddish = |RGBColor(r, g, _): RGBColor| r > g;
        assert!(reddish(color(0.5, 1.1)) && reddish(color(0.99, 1.1)));
        assert!(!reddish(color(1.1, 1.1)) && !reddish(color(9.0, 1.1)));
        assert_eq!(color(1.05, 1.1), RGBColor(255, 236, 160));
        assert_ne!(color(1.2, 1.1), color(2.0, 1.1));
    }
}
