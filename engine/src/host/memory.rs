//! Holds guests to their shares of memory: each to its own, and all of a run together to theirs. Growing beyond it stops the
//! guest: the host says why, not an allocator inside.

use super::call::Stop;
use crate::limits::{INSTANCES_MAX, TABLE_ELEMENTS_MAX};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use wasmtime::ResourceLimiter;

/// What the guests of one run may take together.
#[derive(Clone)]
pub(crate) struct Pool {
    left: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl Pool {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Self { left: Arc::new(AtomicUsize::new(bytes_max)), bytes_max }
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }
}

/// What one guest may take, and has taken.
pub(super) struct Share {
    bytes_max: usize,
    pool: Pool,
    taken: usize,
}

impl Share {
    pub(super) fn new(bytes_max: u64, pool: Pool) -> Self {
        Self { bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX), pool, taken: 0 }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.left.fetch_add(self.taken, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Share {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.taken.saturating_add(more) > self.bytes_max {
            return Err(Stop::Memory { bytes_max: self.bytes_max }.into());
        }
        if !self.pool.take(more) {
            return Err(Stop::Memory { bytes_max: self.pool.bytes_max }.into());
        }
        self.taken += more;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired <= TABLE_ELEMENTS_MAX { Ok(true) } else { Err(Stop::Memory { bytes_max: self.bytes_max }.into()) }
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_share_what_there_is_and_give_it_back() {
        let pool = Pool::new(100);
        let mut one = Share::new(80, pool.clone());
        let mut other = Share::new(80, pool.clone());
        assert!(one.memory_growing(0, 60, None).is_ok());
        assert!(one.memory_growing(60, 81, None).is_err(), "its own share");
        assert!(other.memory_growing(0, 41, None).is_err(), "what is left");
        assert!(other.memory_growing(0, 40, None).is_ok());
        drop(one);
        assert!(other.memory_growing(40, 80, None).is_ok());
    }
}
