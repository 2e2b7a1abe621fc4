//! Whether a run may still be stopped: once its commit has begun it may not, once it was stopped it may not commit.

use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

const OPEN: u8 = 0;
const COMMITTING: u8 = 1;
const STOPPED: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct Gate(AtomicU8);

impl Gate {
    fn go(&self, to: u8) -> bool {
        self.0.compare_exchange(OPEN, to, SeqCst, SeqCst).is_ok()
    }

    /// True: the commit may begin, and nobody can stop it. False: the run was stopped.
    pub(super) fn commit(&self) -> bool {
        self.go(COMMITTING)
    }

    /// True: the run is stopped, and nobody can commit it. False: it is committing.
    pub(super) fn stop(&self) -> bool {
        self.go(STOPPED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_first_has_it() {
        let gate = Gate::default();
        assert!(gate.commit());
        assert!(!gate.stop());
        let gate = Gate::default();
        assert!(gate.stop());
        assert!(!gate.commit());
    }
}
