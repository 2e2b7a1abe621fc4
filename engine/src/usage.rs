//! What the process has used, as the operating system counts it.

use crate::receipt::CpuSecs;
use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};

/// Processor time of the process so far; zero where the system does not say.
pub(crate) fn cpu() -> CpuSecs {
    let secs = |time: TimeVal| {
        #[allow(clippy::cast_precision_loss)] // microseconds of a process stay far below 2^52
        let micros = time.tv_usec() as f64;
        #[allow(clippy::cast_precision_loss)]
        let whole = time.tv_sec() as f64;
        whole + micros / 1e6
    };
    usage().map_or_else(CpuSecs::default, |usage| CpuSecs {
        user: secs(usage.user_time()),
        system: secs(usage.system_time()),
    })
}

impl CpuSecs {
    /// What was used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { user: self.user - earlier.user, system: self.system - earlier.system }
    }
}

/// The most memory that the process ever had in RAM, in bytes; zero where the system does not say.
pub(crate) fn peak_memory_bytes() -> u64 {
    high_water_mark().or_else(|| usage().map(|usage| resident(&usage))).unwrap_or(0)
}

fn usage() -> Option<Usage> {
    getrusage(UsageWho::RUSAGE_SELF).ok()
}

/// Linux says it exactly in /proc; `ru_maxrss` there counts the parent's memory from before `exec` as well.
fn high_water_mark() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// `ru_maxrss` is in bytes on Apple's systems and in KiB elsewhere (getrusage(2)).
fn resident(usage: &Usage) -> u64 {
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_something() {
        let before = cpu();
        let held = vec![1_u8; 32 << 20];
        assert!(std::hint::black_box(&held).iter().map(|byte| u64::from(*byte)).sum::<u64>() == 32 << 20);
        assert!(peak_memory_bytes() > 32 << 20);
        assert!(cpu().since(before).user >= 0.0);
    }
}
