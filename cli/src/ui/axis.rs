//! Axes of plots: where a number is in a picture, the numbers to write beside an axis, and names that keep
//! their distance.

/// A range of numbers on pixels.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    least: f64,
    most: f64,
    log: bool,
    pixels: (i32, i32),
}

/// From this ratio of the most to the least on, a scale is logarithmic.
const WIDE: f64 = 5.0;

impl Scale {
    /// A logarithmic scale from the first pixel to the last.
    pub fn log((least, most): (f64, f64), pixels: (i32, i32)) -> Scale {
        Scale { least, most, log: true, pixels }
    }

    /// A scale from 0 on.
    pub fn linear(most: f64, pixels: (i32, i32)) -> Scale {
        Scale { least: 0.0, most, log: false, pixels }
    }

    /// A scale that holds these numbers, all above 0: from 0 on, or logarithmic where they are far apart.
    pub fn of(numbers: impl Iterator<Item = f64>, pixels: (i32, i32)) -> Scale {
        let (least, most) = numbers.fold((f64::INFINITY, 0.0f64), |(least, most), number| {
            (least.min(number), most.max(number))
        });
        let most = most.max(1e-3);
        match most / least > WIDE {
            true => Scale { least: least / 1.15, most: most * 1.15, log: true, pixels },
            false => Scale { least: 0.0, most: most * 1.08, log: false, pixels },
        }
    }

    /// The pixel of a number.
    pub fn at(&self, number: f64) -> i32 {
        let (least, most, number) = match self.log {
            true => (self.least.ln(), self.most.ln(), number.ln()),
            false => (self.least, self.most, number),
        };
        let part = if most > least { (number - least) / (most - least) } else { 0.5 };
        let (first, last) = self.pixels;
        first + (part * f64::from(last - first)).round() as i32
    }

    /// Round numbers within the scale, a few.
    pub fn ticks(&self) -> Vec<f64> {
        if self.log {
            let powers = (-3..7).map(|power| 10f64.powi(power));
            let ticks = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * power));
            return ticks
                .map(|tick| (tick * 1000.0).round() / 1000.0)
                .filter(|&tick| (self.least..=self.most).contains(&tick))
                .collect();
        }
        let rough = self.most / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let digits = [1.0, 2.0, 5.0, 10.0];
        let step = digits.map(|digit| digit * power).into_iter().find(|&step| step >= rough);
        let step = step.unwrap_or(power);
        let count = (self.most / step).floor() as i32;
        (0..=count).map(|n| (f64::from(n) * step * 1000.0).round() / 1000.0).collect()
    }
}

/// Heights near the wanted ones, in their order, at least `distance` apart and within a range as far as it
/// has room.
pub fn apart(wanted: &[i32], distance: i32, (least, most): (i32, i32)) -> Vec<i32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&place| wanted[place]);
    let mut heights: Vec<i32> = order.iter().map(|&place| wanted[place]).collect();
    // From above down, then from the lower end up.
    let mut next = least;
    for height in &mut heights {
        *height = (*height).max(next);
        next = *height + distance;
    }
    let mut next = most;
    for height in heights.iter_mut().rev() {
        *height = (*height).min(next);
        next = *height - distance;
    }
    let mut found = vec![0; wanted.len()];
    for (place, height) in order.into_iter().zip(heights) {
        found[place] = height;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_far_apart_are_logarithmic() {
        let near = Scale::of([3.0, 10.0].into_iter(), (100, 0));
        assert_eq!((near.at(0.0), near.ticks()), (100, vec![0.0, 5.0, 10.0]));
        let far = Scale::of([1.8, 140.0].into_iter(), (100, 0));
        assert_eq!(far.ticks(), [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(far.at(2.0) - far.at(20.0), far.at(5.0) - far.at(50.0));
        let small = Scale::of([0.2, 0.4].into_iter(), (100, 0));
        assert_eq!(small.ticks(), [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn one_number_is_in_the_picture() {
        let scale = Scale::of([4.0].into_iter(), (0, 100));
        assert!((0..=100).contains(&scale.at(4.0)));
        assert_eq!(Scale::log((8.0, 8.0), (0, 100)).at(8.0), 50);
    }

    #[test]
    fn names_keep_their_distance_and_their_order() {
        assert_eq!(apart(&[50, 10, 52], 15, (0, 100)), [50, 10, 65]);
        assert_eq!(apart(&[98, 99, 97], 15, (0, 100)), [85, 100, 70]);
        assert_eq!(apart(&[0, 0], 15, (0, 100)), [0, 15]);
        assert_eq!(apart(&[], 15, (0, 100)), [0; 0]);
    }
}
