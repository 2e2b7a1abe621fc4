//! What a sync means, what a plan is, how one is chosen, linted and shown. Pure: no I/O, no clock, no randomness.

pub mod catalog;
pub mod compared;
pub mod decision;
mod digest;
pub mod drift;
pub mod figures;
pub mod lint;
pub mod name;
pub mod observation;
pub mod plan;
pub mod planner;
pub mod quarantine;
pub mod render;
pub mod report;
pub mod resolve;
pub mod spec;
pub mod spent;
pub mod sweep;

#[cfg(test)]
mod drift_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_incremental;
#[cfg(test)]
mod testing_strategies;
