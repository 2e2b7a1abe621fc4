//! What the lanes of a run share. A lane is a session at each end and the way between them; each takes the next part that
//! nobody has taken, and the run's own transaction waits for all of them.

use super::channel::Read;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A part of a stream: the stream's place in the plan, and the part's number.
pub(super) type Part = (usize, u32);

/// What was read of each part, whichever lane has read it.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<BTreeMap<Part, Read>>>);

impl Ledger {
    pub(super) fn record(&self, part: Part, read: Read) {
        locked(&self.0).insert(part, read);
    }

    pub(super) fn rows(&self) -> BTreeMap<Part, u64> {
        locked(&self.0).iter().map(|(part, read)| (*part, read.rows)).collect()
    }

    /// All that was read of a stream that has so many parts; none: some of them were not.
    pub(super) fn whole(&self, at: usize, parts: u32) -> Option<Read> {
        let read = locked(&self.0);
        let of = || read.range((at, 0)..=(at, u32::MAX)).map(|(_, read)| *read);
        let sum = |sum: Read, read: Read| Read {
            rows: sum.rows + read.rows,
            bytes: sum.bytes + read.bytes,
            batches: sum.batches + read.batches,
            checksum: None,
        };
        (u32::try_from(of().count()) == Ok(parts)).then(|| of().fold(Read::default(), sum))
    }
}

/// The parts that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Queue(Mutex<(VecDeque<Part>, BTreeSet<usize>)>);

impl Queue {
    pub(super) fn new(parts: impl Iterator<Item = Part>) -> Self {
        Self(Mutex::new((parts.collect(), BTreeSet::new())))
    }

    /// The next one, and whether it is the first that is taken of its stream.
    pub(super) fn take(&self) -> Option<(Part, bool)> {
        let (parts, begun) = &mut *locked(&self.0);
        parts.pop_front().map(|part| (part, begun.insert(part.0)))
    }
}

/// What a lane has used until it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent<P> {
    pub(super) phases: P,
    pub(super) computed: Duration,
    pub(super) at: Instant,
}

/// Nobody panics while they hold it; whoever did would leave a whole entry or none.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_taken_once_and_the_first_of_a_stream_is_told() {
        let queue = Queue::new([(0, 0), (0, 1), (2, 5)].into_iter());
        assert_eq!(queue.take(), Some(((0, 0), true)));
        assert_eq!(queue.take(), Some(((0, 1), false)));
        assert_eq!(queue.take(), Some(((2, 5), true)));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn a_stream_is_whole_with_its_last_part() {
        let ledger = Ledger::default();
        let read = |rows| Read { rows, bytes: 10 * rows, batches: 1, checksum: None };
        ledger.record((1, 0), read(3));
        ledger.record((1, 0), read(4));
        ledger.record((2, 0), read(50));
        assert_eq!(ledger.whole(1, 2), None);
        ledger.record((1, 1), read(5));
        assert_eq!(ledger.whole(1, 2), Some(Read { rows: 9, bytes: 90, batches: 2, checksum: None }));
        assert_eq!(ledger.rows().get(&(2, 0)), Some(&50));
    }
}
