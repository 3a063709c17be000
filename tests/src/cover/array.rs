//! Covering arrays of strength 2 with constraints: few combinations of values that together have every pair of
//! values that any sound combination has.
//!
//! The method is AETG: each row is the best of a few candidates, and a candidate begins with a pair that no row has
//! yet and then takes, factor after factor, the value that adds the most such pairs (D. M. Cohen, S. R. Dalal,
//! M. L. Fredman, G. C. Patton, "The AETG System: An Approach to Testing Based on Combinatorial Design", IEEE
//! Transactions on Software Engineering 23, 1997). Constraints are a function that says whether a whole combination
//! is sound, so a candidate begins as a sound combination and each step leaves it sound. The same factors give the
//! same array.

use topkit_lab::Rng;

/// A value of each factor, by its place.
pub type Combination = Vec<usize>;

/// Candidates for a row, of which the best is taken.
const CANDIDATES: usize = 24;

/// Values that are changed beside a pair to make a combination with the pair sound, at most.
const REPAIRS: usize = 3;

/// Factors, and which combinations of their values are sound.
pub struct Space<'a> {
    /// The number of values of each factor.
    pub sizes: Vec<usize>,
    /// Whether a combination is sound.
    pub sound: &'a dyn Fn(&[usize]) -> bool,
}

/// A covering array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its rows, all sound.
    pub rows: Vec<Combination>,
    /// The pairs that no sound combination has; each is a factor and its value, twice.
    pub unsound: Vec<[(usize, usize); 2]>,
}

impl Space<'_> {
    /// The array.
    ///
    /// # Panics
    /// No combination is sound.
    pub fn array(&self) -> Array {
        let (sound, unsound) = self.pairs();
        let mut rng = Rng::new(1);
        let mut open = Pairs::new(&self.sizes);
        sound.iter().for_each(|combination| open.add(combination));
        let mut rows = Vec::new();
        while let Some(pair) = open.nth(rng.below(open.len.max(1) as u32) as usize) {
            let with_pair: Vec<_> = sound.iter().filter(|one| has(one, pair)).collect();
            let candidates = (0..CANDIDATES).map(|_| {
                let mut candidate = with_pair[rng.below(with_pair.len() as u32) as usize].clone();
                self.climb(&mut candidate, pair, &open, &mut rng);
                candidate
            });
            // Each candidate has the pair, so the best one has at least one new pair.
            let best = candidates.max_by_key(|candidate| open.of(candidate));
            let best = best.expect("there are candidates");
            open.remove(&best);
            rows.push(best);
        }
        Array { rows: self.needed(rows), unsound }
    }

    /// Takes for factor after factor the value that adds the most open pairs, until none adds more.
    fn climb(
        &self,
        candidate: &mut Combination,
        pair: [(usize, usize); 2],
        open: &Pairs,
        rng: &mut Rng,
    ) {
        let free = |factor: &usize| pair.iter().all(|(fixed, _)| fixed != factor);
        let mut factors: Vec<usize> = (0..self.sizes.len()).filter(free).collect();
        for at in (1..factors.len()).rev() {
            factors.swap(at, rng.below(at as u32 + 1) as usize);
        }
        loop {
            let mut changed = false;
            for &factor in &factors {
                let (before, held) = (candidate[factor], open.with(candidate, factor));
                let (mut best, mut most) = (before, None);
                // Where the values begin goes round, so that those that add as many go round, too.
                let first = rng.below(self.sizes[factor] as u32) as usize;
                for value in (0..self.sizes[factor]).map(|at| (first + at) % self.sizes[factor]) {
                    candidate[factor] = value;
                    let adds = open.with(candidate, factor);
                    if most.is_none_or(|most| adds > most) && (self.sound)(candidate) {
                        (best, most) = (value, Some(adds));
                    }
                }
                candidate[factor] = best;
                changed |= most > Some(held);
            }
            if !changed {
                return;
            }
        }
    }

    /// The rows without those whose pairs other rows have.
    fn needed(&self, mut rows: Vec<Combination>) -> Vec<Combination> {
        for at in (0..rows.len()).rev() {
            let mut pairs = Pairs::new(&self.sizes);
            pairs.add(&rows[at]);
            for (other, row) in rows.iter().enumerate() {
                if other != at {
                    pairs.remove(row);
                }
            }
            if pairs.len == 0 {
                rows.remove(at);
            }
        }
        rows
    }

    /// Sound combinations that have every pair that any has, and the pairs that none has.
    fn pairs(&self) -> (Vec<Combination>, Vec<[(usize, usize); 2]>) {
        let first = self.repaired(&vec![0; self.sizes.len()], &[]);
        let mut sound = vec![first.expect("a combination is sound")];
        let mut known = Pairs::new(&self.sizes);
        known.add(&sound[0]);
        let mut unsound = Vec::new();
        for (a, b) in pairs_of(self.sizes.len()) {
            for (one, two) in
                (0..self.sizes[a]).flat_map(|one| (0..self.sizes[b]).map(move |two| (one, two)))
            {
                let pair = [(a, one), (b, two)];
                if known.has(pair) {
                    continue;
                }
                let with_pair = |base: &Combination| {
                    let mut combination = base.clone();
                    (combination[a], combination[b]) = (one, two);
                    combination
                };
                // Mostly a combination that is known needs the pair alone, or one more change. The search that
                // gives a pair up is from the first combination, with more changes.
                let near = sound.iter().map(with_pair).find(|near| (self.sound)(near));
                match near.or_else(|| self.repaired(&with_pair(&sound[0]), &[a, b])) {
                    Some(combination) => {
                        known.add(&combination);
                        sound.push(combination);
                    }
                    None => unsound.push(pair),
                }
            }
        }
        (sound, unsound)
    }

    /// A sound combination with at most [`REPAIRS`] other values, none of them of the fixed factors.
    fn repaired(&self, combination: &[usize], fixed: &[usize]) -> Option<Combination> {
        let mut combination = combination.to_vec();
        let repair = |most| self.repair(&mut combination, fixed, 0, most);
        (0..=REPAIRS).any(repair).then_some(combination)
    }

    fn repair(&self, now: &mut Combination, fixed: &[usize], from: usize, most: usize) -> bool {
        if most == 0 {
            return (self.sound)(now);
        }
        for factor in (from..self.sizes.len()).filter(|factor| !fixed.contains(factor)) {
            let before = now[factor];
            for value in (0..self.sizes[factor]).filter(|&value| value != before) {
                now[factor] = value;
                if self.repair(now, fixed, factor + 1, most - 1) {
                    return true;
                }
            }
            now[factor] = before;
        }
        false
    }
}

fn has(combination: &[usize], pair: [(usize, usize); 2]) -> bool {
    pair.iter().all(|&(factor, value)| combination[factor] == value)
}

/// Two factors, the lower first.
fn pairs_of(factors: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..factors).flat_map(move |a| (a + 1..factors).map(move |b| (a, b)))
}

/// A set of pairs of values.
#[derive(Clone)]
pub struct Pairs {
    /// The place of each factor's first value among the values of all.
    firsts: Vec<usize>,
    /// Of each value and each other one, whether they are a pair of the set.
    marks: Vec<Vec<bool>>,
    /// How many there are.
    pub len: usize,
}

impl Pairs {
    /// No pairs.
    pub fn new(sizes: &[usize]) -> Pairs {
        let firsts = sizes.iter().scan(0, |end, size| {
            let first = *end;
            *end += size;
            Some(first)
        });
        let all = sizes.iter().sum();
        Pairs { firsts: firsts.collect(), marks: vec![vec![false; all]; all], len: 0 }
    }

    /// Adds the pairs of a combination.
    pub fn add(&mut self, combination: &[usize]) {
        self.set(combination, true);
    }

    /// Removes the pairs of a combination.
    pub fn remove(&mut self, combination: &[usize]) {
        self.set(combination, false);
    }

    fn set(&mut self, combination: &[usize], mark: bool) {
        for (a, b) in pairs_of(combination.len()) {
            let (one, two) = (self.firsts[a] + combination[a], self.firsts[b] + combination[b]);
            match (std::mem::replace(&mut self.marks[one][two], mark), mark) {
                (false, true) => self.len += 1,
                (true, false) => self.len -= 1,
                _ => {}
            }
            self.marks[two][one] = mark;
        }
    }

    /// Whether it has a pair.
    pub fn has(&self, [(a, one), (b, two)]: [(usize, usize); 2]) -> bool {
        self.marks[self.firsts[a] + one][self.firsts[b] + two]
    }

    /// How many pairs of a combination it has.
    pub fn of(&self, combination: &[usize]) -> usize {
        (0..combination.len()).map(|factor| self.with(combination, factor)).sum::<usize>() / 2
    }

    /// How many pairs of a combination it has of those with the value of one factor.
    fn with(&self, combination: &[usize], factor: usize) -> usize {
        let marks = &self.marks[self.firsts[factor] + combination[factor]];
        let values = self.firsts.iter().zip(combination);
        // No value is a pair with itself.
        values.filter(|(first, value)| marks[*first + *value]).count()
    }

    /// The pair of that number in the order of factors and values.
    pub fn nth(&self, number: usize) -> Option<[(usize, usize); 2]> {
        let factor = |value| {
            let factor = self.firsts.partition_point(|first| *first <= value) - 1;
            (factor, value - self.firsts[factor])
        };
        let of_value = |one: usize| {
            (one + 1..self.marks.len())
                .filter(move |&two| self.marks[one][two])
                .map(move |two| (one, two))
        };
        let (one, two) = (0..self.marks.len()).flat_map(of_value).nth(number)?;
        Some([factor(one), factor(two)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of few values.
    fn all(sizes: &[usize]) -> Vec<Combination> {
        sizes.iter().fold(vec![Vec::new()], |all, &size| {
            let with = |one: Combination| (0..size).map(move |value| [&one[..], &[value]].concat());
            all.into_iter().flat_map(with).collect()
        })
    }

    #[test]
    fn every_pair_of_every_sound_combination_is_in_a_row() {
        let any: &dyn Fn(&[usize]) -> bool = &|_| true;
        // Three changes lead from the first combination to one with 1 in the first place.
        let chained: &dyn Fn(&[usize]) -> bool =
            &|of| of[0] == 0 || (of[1] == 1 && of[2] == 1 && of[3] > 0);
        let odd: &dyn Fn(&[usize]) -> bool = &|of| (of[0] + of[1]) % 2 == 1 && of[4] != 2;
        for (sound, pairs, rows) in [(any, 0, 18..=21), (chained, 4, 18..=24), (odd, 16, 15..=21)] {
            let space = Space { sizes: vec![2, 3, 2, 3, 6, 3], sound };
            let array = space.array();
            assert_eq!(array, space.array());
            let mut open = Pairs::new(&space.sizes);
            let sound: Vec<_> = all(&space.sizes).into_iter().filter(|one| sound(one)).collect();
            sound.iter().for_each(|one| open.add(one));
            let (possible, of_all) = (open.len, 145);
            array.rows.iter().for_each(|row| open.remove(row));
            assert_eq!((open.len, possible + array.unsound.len()), (0, of_all));
            assert!(array.rows.iter().all(|row| sound.contains(row)));
            assert!(rows.contains(&array.rows.len()), "{} rows", array.rows.len());
            assert!(array.unsound.len() >= pairs, "{:?}", array.unsound);
            // Each row is needed.
            for left_out in &array.rows {
                sound.iter().for_each(|one| open.add(one));
                array.rows.iter().filter(|row| *row != left_out).for_each(|row| open.remove(row));
                assert!(open.len > 0, "{left_out:?}");
            }
        }
    }
}
