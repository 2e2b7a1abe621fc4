//! Holds a guest to its share of memory. Growing beyond it stops the guest: the host says why, not an allocator inside.

use super::call::Stop;
use crate::limits::{INSTANCES_MAX, TABLE_ELEMENTS_MAX};
use wasmtime::ResourceLimiter;

/// What a guest may take.
pub(super) struct Share {
    pub(super) bytes_max: usize,
}

impl ResourceLimiter for Share {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired <= self.bytes_max { Ok(true) } else { Err(Stop::Memory { bytes_max: self.bytes_max }.into()) }
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
