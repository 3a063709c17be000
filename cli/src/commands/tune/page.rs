//! The page of a tuning: one HTML file that contains its pictures.
//!
//! The picture of a score type, k and layout has two maps of rows by length: the fastest kernel, and its time
//! as a multiple of reading the scores once. The page loads nothing and has no script.

use super::report::{Winner, layout};
use crate::ui::draw::{Area, Drawn, blend, length, word};
use crate::ui::exit::Failure;
use crate::ui::report::count;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use topkit::tune::{Provenance, Records};
use topkit::{DType, Problem, spec::KernelKind};

const BOX: (i32, i32) = (132, 40);
const LEFT: i32 = 60;
const TOP: i32 = 66;
const GAP: i32 = 30;

/// A color for each kernel, in the order of [`KernelKind::ALL`] and over again.
const COLORS: [RGBColor; 7] = [
    RGBColor(214, 214, 214),
    RGBColor(174, 214, 241),
    RGBColor(171, 235, 198),
    RGBColor(249, 231, 159),
    RGBColor(245, 203, 167),
    RGBColor(215, 189, 226),
    RGBColor(245, 183, 177),
];

/// The subject of one picture: the layout of rows, the score type and k.
type Kind = (bool, Reverse<u32>, DType, u32);

fn kind(problem: &Problem) -> Kind {
    (problem.ragged, Reverse(problem.vec_size), problem.dtype, problem.k)
}

/// The page about the winners of some records.
pub fn html(winners: &[Winner<'_>], records: &Records) -> Result<String, Failure> {
    let mut kinds: BTreeMap<Kind, Vec<&Winner<'_>>> = BTreeMap::new();
    for winner in winners {
        kinds.entry(kind(winner.problem())).or_default().push(winner);
    }
    let mut pictures = String::new();
    for here in kinds.values() {
        let Some(first) = here.first() else { continue };
        let title = title(first.problem());
        let mut svg = String::new();
        draw(&mut svg, here).map_err(|error| {
            Failure::environment(format!("the picture of {title} was not drawn: {error}"))
        })?;
        pictures += &format!("<h2>{}</h2>\n{svg}\n", plain(&title));
    }
    let places: String =
        records.runs.values().map(|run| format!("<p>{}</p>\n", plain(&place(run)))).collect();
    let about = count(winners.len(), "problem");
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>topkit tune</title>\n<style>body {{ font: 15px sans-serif; margin: 2em; }} \
         h2 {{ font-size: 17px; margin: 1.5em 0 0.3em; }} svg {{ max-width: 100%; }}</style>\n\
         </head>\n<body>\n<h1>The fastest kernel of each problem</h1>\n{places}\
         <p>{about}. Left: the kernel, its sizes, and microseconds a launch with a warm and a cold \
         L2 cache. Right: how many times as long as reading the scores once that is; green is near \
         the floor.</p>\n{pictures}</body>\n</html>\n"
    ))
}

fn title(problem: &Problem) -> String {
    let Problem { dtype, k, .. } = problem;
    match layout(problem) {
        layout if layout.is_empty() => format!("{dtype}, k = {k}"),
        layout => format!("{dtype}, k = {k}, rows {layout}"),
    }
}

fn place(run: &Provenance) -> String {
    let Provenance { device, arch, multiprocessors, driver, compiler, .. } = run;
    format!("{device}, {arch}, {multiprocessors} multiprocessors, CUDA {driver}, {compiler}")
}

/// Names in records may hold anything.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn draw(svg: &mut String, winners: &[&Winner<'_>]) -> Drawn {
    let rows: BTreeSet<usize> = winners.iter().map(|winner| winner.problem().rows).collect();
    let columns: BTreeSet<usize> = winners.iter().map(|winner| winner.problem().columns).collect();
    let side = BOX.0 * columns.len() as i32 + GAP;
    let size = (LEFT + 2 * side, TOP + BOX.1 * rows.len() as i32 + GAP);
    let size = (size.0.unsigned_abs(), size.1.unsigned_abs());
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    for (place, rows) in rows.iter().enumerate() {
        let y = TOP + BOX.1 * place as i32 + BOX.1 / 2;
        word(&root, &rows.to_string(), (LEFT - 8, y), HPos::Right, 14)?;
    }
    word(&root, "rows", (LEFT - 8, TOP - 10), HPos::Right, 14)?;
    let heads = ["fastest kernel, by length", "times the read-once floor, by length"];
    for (head, left) in heads.into_iter().zip([LEFT, LEFT + side]) {
        word(&root, head, (left, 18), HPos::Left, 16)?;
        for (place, &columns) in columns.iter().enumerate() {
            let x = left + BOX.0 * place as i32 + BOX.0 / 2;
            word(&root, &length(columns), (x, TOP - 10), HPos::Center, 14)?;
        }
    }
    for winner in winners {
        let problem = winner.problem();
        let x = columns.iter().position(|&known| known == problem.columns).unwrap_or(0) as i32;
        let y = rows.iter().position(|&known| known == problem.rows).unwrap_or(0) as i32;
        let corner = (LEFT + BOX.0 * x, TOP + BOX.1 * y);
        draw_winner(&root, winner, corner)?;
        draw_floor(&root, winner, (corner.0 + side, corner.1))?;
    }
    root.present()?;
    Ok(())
}

fn draw_winner(area: &Area<'_>, winner: &Winner<'_>, corner: (i32, i32)) -> Drawn {
    let launch = winner.launch();
    let kernel = launch.variant.kernel;
    let place = KernelKind::ALL.iter().position(|&kind| kind == kernel).unwrap_or(0);
    let id = launch.name();
    let (name, sizes) = id.split_once(' ').unwrap_or((&id, ""));
    let sample = winner.sample();
    let times = format!("{:.2} / {:.2} us", sample.warm, sample.cold);
    draw_box(area, corner, COLORS[place % COLORS.len()], &[name, sizes, &times])
}

fn draw_floor(area: &Area<'_>, winner: &Winner<'_>, corner: (i32, i32)) -> Drawn {
    let Some([warm, cold]) = winner.above_floor() else {
        return draw_box(area, corner, RGBColor(225, 225, 225), &["not measured"]);
    };
    let (warm_text, cold_text) = (format!("warm {warm:.2}"), format!("cold {cold:.2}"));
    draw_box(area, corner, color((warm * cold).sqrt()), &[&warm_text, &cold_text])
}

/// Green at the floor, white at twice, and red from four times on.
fn color(times: f64) -> RGBColor {
    const WHITE: [f64; 3] = [250.0, 250.0, 240.0];
    if times < 2.0 {
        blend([96.0, 186.0, 112.0], WHITE, times - 1.0)
    } else {
        blend(WHITE, [230.0, 120.0, 110.0], (times - 2.0) / 2.0)
    }
}

fn draw_box(area: &Area<'_>, (x, y): (i32, i32), color: RGBColor, lines: &[&str]) -> Drawn {
    let end = (x + BOX.0 - 1, y + BOX.1 - 1);
    area.draw(&Rectangle::new([(x, y), end], color.filled()))?;
    let step = BOX.1 / (lines.len() as i32 + 1);
    for (place, line) in lines.iter().enumerate() {
        let at = (x + BOX.0 / 2, y + step * (place as i32 + 1));
        word(area, line, at, HPos::Center, 11)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_tell_near_from_far() {
        let greenish = |RGBColor(r, g, _): RGBColor| g > r;
        assert!(greenish(color(0.9)) && greenish(color(1.2)));
        assert!(!greenish(color(3.0)) && !greenish(color(f64::INFINITY)));
    }

    #[test]
    fn text_is_never_markup() {
        assert_eq!(plain("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
