//! Vector clocks: which accesses of other threads happened before this moment.
//!
//! A thread's accesses carry its number and its epoch, which rises whenever it lets others know how
//! far it is. A clock holds the greatest known epoch of every thread, by CTA and by warp, in blocks
//! that clocks share: after a barrier all threads have one and the same. Nothing here can fail.

use std::rc::Rc;

pub(super) const LANES: u32 = 32;

type Warp = [u32; LANES as usize];
type Cta = Vec<Rc<Warp>>;

/// The known epochs; what is absent is 0.
#[derive(Clone, Default)]
pub(super) struct Clock {
    /// By CTA, ascending.
    ctas: Rc<Vec<(u32, Rc<Cta>)>>,
}

/// A thread at the moment at which it let others know.
#[derive(Clone)]
pub(super) struct Arrival {
    pub uid: Uid,
    pub epoch: u32,
    pub clock: Clock,
}

/// A thread of the grid, or an asynchronous copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(super) struct Uid {
    pub cta: u32,
    pub thread: u32,
}

impl Clock {
    pub fn get(&self, uid: Uid) -> u32 {
        let Ok(at) = self.ctas.binary_search_by_key(&uid.cta, |(cta, _)| *cta) else { return 0 };
        let (warp, lane) = (uid.thread / LANES, uid.thread % LANES);
        self.ctas[at].1.get(warp as usize).map_or(0, |warp| warp[lane as usize])
    }

    /// Whether anything at all is known of a CTA.
    pub fn knows_of(&self, cta: u32) -> bool {
        self.ctas.binary_search_by_key(&cta, |(cta, _)| *cta).is_ok()
    }

    /// Whether two clocks are one, shared.
    pub fn is(&self, other: &Clock) -> bool {
        Rc::ptr_eq(&self.ctas, &other.ctas)
    }

    pub fn raise(&mut self, uid: Uid, epoch: u32) {
        let warps = self.cta_mut(uid.cta);
        let (warp, lane) = ((uid.thread / LANES) as usize, (uid.thread % LANES) as usize);
        if warps.len() <= warp {
            warps.resize(warp + 1, Rc::default());
        }
        let known = warps[warp][lane];
        if known < epoch {
            Rc::make_mut(&mut warps[warp])[lane] = epoch;
        }
    }

    pub fn join(&mut self, other: &Clock) {
        if Rc::ptr_eq(&self.ctas, &other.ctas) {
            return;
        }
        if self.ctas.is_empty() {
            *self = other.clone();
            return;
        }
        for (cta, theirs) in other.ctas.iter() {
            let mine = self.cta_mut(*cta);
            if mine.is_empty() {
                mine.clone_from(theirs);
                continue;
            }
            if mine.len() < theirs.len() {
                mine.resize(theirs.len(), Rc::default());
            }
            for (mine, theirs) in mine.iter_mut().zip(theirs.iter()) {
                join_warp(mine, theirs);
            }
        }
    }

    fn cta_mut(&mut self, cta: u32) -> &mut Cta {
        let ctas = Rc::make_mut(&mut self.ctas);
        let at = match ctas.binary_search_by_key(&cta, |(cta, _)| *cta) {
            Ok(at) => at,
            Err(at) => {
                ctas.insert(at, (cta, Rc::default()));
                at
            }
        };
        Rc::make_mut(&mut ctas[at].1)
    }
}

fn join_warp(mine: &mut Rc<Warp>, theirs: &Rc<Warp>) {
    if Rc::ptr_eq(mine, theirs)
        || mine.iter().zip(theirs.iter()).all(|(mine, theirs)| mine >= theirs)
    {
        return;
    }
    if mine.iter().zip(theirs.iter()).all(|(mine, theirs)| mine <= theirs) {
        *mine = theirs.clone();
        return;
    }
    for (mine, theirs) in Rc::make_mut(mine).iter_mut().zip(theirs.iter()) {
        *mine = (*mine).max(*theirs);
    }
}

/// The clock of all threads after a barrier: the join of their clocks, and the epoch of each arrival.
pub(super) fn joined(arrivals: &[Arrival]) -> Clock {
    let mut together = Clock::default();
    let mut last: Option<&Clock> = None;
    for arrival in arrivals {
        // Lanes of a warp often hold one clock; joining it once is enough.
        if !last.is_some_and(|last| Rc::ptr_eq(&last.ctas, &arrival.clock.ctas)) {
            together.join(&arrival.clock);
        }
        last = Some(&arrival.clock);
    }
    for arrival in arrivals {
        together.raise(arrival.uid, arrival.epoch);
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(cta: u32, thread: u32) -> Uid {
        Uid { cta, thread }
    }

    #[test]
    fn joined_clocks_know_what_any_of_them_knew() {
        let mut one = Clock::default();
        one.raise(uid(0, 3), 7);
        let mut two = Clock::default();
        two.raise(uid(2, 40), 9);
        two.raise(uid(0, 3), 5);
        let arrivals = [
            Arrival { uid: uid(0, 0), epoch: 2, clock: one.clone() },
            Arrival { uid: uid(0, 33), epoch: 4, clock: two },
        ];
        let all = joined(&arrivals);
        let known = [(0, 0), (0, 33), (0, 3), (2, 40), (0, 1), (1, 0)];
        assert_eq!(known.map(|(cta, thread)| all.get(uid(cta, thread))), [2, 4, 7, 9, 0, 0]);
        assert!(all.knows_of(2) && !all.knows_of(1));
        assert_eq!(one.get(uid(0, 0)), 0, "a shared block was written");
    }
}
