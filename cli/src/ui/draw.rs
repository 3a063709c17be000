//! Parts of pictures: text, the names of lengths, and mixtures of two colors.
//!
//! Text stays text in the SVG, so this machine needs no fonts.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A part of a picture.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Whether it was drawn.
pub type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A line of text, with its middle at that height.
pub fn word(area: &Area<'_>, text: &str, at: (i32, i32), side: HPos, size: i32) -> Drawn {
    let style = TextStyle::from(("sans-serif", size).into_font()).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}

/// A line of text in a color, to the right of a place.
pub fn colored(area: &Area<'_>, text: &str, at: (i32, i32), color: RGBColor) -> Drawn {
    let pos = Pos::new(HPos::Left, VPos::Center);
    let style = TextStyle::from(("sans-serif", 13).into_font()).pos(pos).color(&color);
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}

/// A line of small grey text.
pub fn faint(area: &Area<'_>, text: &str, at: (i32, i32)) -> Drawn {
    colored(area, text, at, RGBColor(110, 110, 110))
}

/// A color so far from one to another; 0 is the first and 1 the second.
pub fn blend(from: [f64; 3], to: [f64; 3], part: f64) -> RGBColor {
    let part = part.clamp(0.0, 1.0);
    let [r, g, b] = [0, 1, 2].map(|i| (from[i] + (to[i] - from[i]) * part).round() as u8);
    RGBColor(r, g, b)
}

/// A length in few characters.
pub fn length(cols: usize) -> String {
    match cols {
        _ if cols < 1024 || !cols.is_power_of_two() => cols.to_string(),
        _ if cols < 1 << 20 => format!("{}K", cols >> 10),
        _ => format!("{}M", cols >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_where_they_are_powers_of_two() {
        let names = [8192, 256_000, 131_072, 129_280, 1 << 20, 512].map(length);
        assert_eq!(names, ["8K", "256000", "128K", "129280", "1M", "512"]);
    }
}
