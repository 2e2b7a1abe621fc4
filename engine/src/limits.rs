//! What guests may use: time, memory, words. Every number that bounds a guest stands here with its reason; whoever
//! enforces one takes it from here.

use rapidbyte_plans::spec::Limits;
use std::time::Duration;

/// How long guests may take. Rows wait for nobody's deadline but the sync file's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestLimits {
    /// Computing without reading or writing: a batch takes milliseconds, so this long is a loop without end.
    pub compute: Duration,
    /// Computing in one call, reads and writes between: also catches a loop that calls the host.
    pub call_compute: Duration,
    /// Opening a session: connecting, TLS, and the server's greeting.
    pub open: Duration,
    /// An answer about catalogues, outside of rows.
    pub answer: Duration,
}

impl Default for GuestLimits {
    fn default() -> Self {
        Self {
            compute: Duration::from_secs(10),
            call_compute: Duration::from_mins(1),
            // Ten seconds for each of up to three addresses of a name.
            open: Duration::from_secs(30),
            // Catalogues of 100,000 tables answer in seconds; a server under load needs more.
            answer: Duration::from_mins(2),
        }
    }
}

/// How often the epoch moves: guests are stopped at most so much later than their deadline, and yield so often.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Waiting for one address to answer.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// Of one guest. Rust's std and one client have some hundred functions in their tables; 16 bytes of host memory each.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;

/// Core instances, memories and tables of one component: its own module and a handful of adapters.
pub(crate) const INSTANCES_MAX: usize = 64;

/// Connections that a guest holds at once: one to work on, one to ask about it, and as many again in reserve.
pub(crate) const CONNECTIONS_MAX: usize = 4;

/// One read of a connection: above this the cost of a call has vanished and the buffer leaves the caches.
pub(crate) const READ_BYTES_MAX: usize = 1 << 20;

/// What may be sent before TLS where TLS is demanded: the SSLRequest of PostgreSQL has 8 bytes and holds no secret.
pub(crate) const PLAIN_BYTES_MAX: usize = 8;

/// What is sent on abort, as the contract says: PostgreSQL's CancelRequest has 16 bytes in protocol 3.0.
pub(crate) const ON_ABORT_BYTES_MAX: usize = 64;

/// Sending what a connection left for its abort: the cancelled caller waits for it.
pub(crate) const ABORT: Duration = Duration::from_secs(1);

/// A log message, as the contract says.
pub(crate) const LOG_BYTES_MAX: usize = 4096;

/// Log messages in a second, as the contract says.
pub(crate) const LOGS_PER_SEC_MAX: u32 = 200;

/// Names of metrics, as the contract says, and the length of one.
pub(crate) const METRICS_MAX: usize = 64;

/// A name, a native type, a message of an error: the longest that is still read by somebody.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;

/// One statement: a SELECT over 1,600 columns with names of 63 bytes is 200 KiB.
pub(crate) const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// Entries of a list about one stream: PostgreSQL has 1,600 columns at most, a partitioned table thousands of children.
pub(crate) const LIST_MAX: usize = 10_000;

/// Streams of a source: the catalogues of very large installations.
pub(crate) const STREAMS_MAX: usize = 200_000;

/// A schema message: 1,600 columns with their metadata are about 1 MiB.
pub(crate) const SCHEMA_BYTES_MAX: usize = 8 << 20;

/// Slots of the channel: its bytes are its bound, this one only keeps the queue's own memory small.
pub(crate) const CHANNEL_SLOTS: usize = 64;

/// How one run's memory is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names)] // units stand last
pub(crate) struct Shares {
    /// Linear memory of each guest.
    pub(crate) guest_bytes_max: u64,
    /// And of all together.
    pub(crate) guests_bytes_max: u64,
    /// Frames between the guests.
    pub(crate) channel_bytes_max: u64,
    /// What one call of a guest may hand over.
    pub(crate) handover_bytes_max: usize,
}

impl Shares {
    /// Three eighths for a guest, twice as much for all, one for the channels; the last one is what the host itself holds while it moves
    /// frames and reads sockets.
    pub(crate) fn of(limits: &Limits) -> Self {
        let frame_bytes_max = frame_bytes_max(limits.batch_bytes, limits.row_bytes);
        Self {
            guest_bytes_max: limits.memory_bytes / 8 * 3,
            guests_bytes_max: limits.memory_bytes / 8 * 6,
            channel_bytes_max: limits.memory_bytes / 8,
            handover_bytes_max: usize::try_from(frame_bytes_max).unwrap_or(usize::MAX).max(SCHEMA_BYTES_MAX)
                + HANDOVER_SPARE,
        }
    }
}

/// Beside a frame or a schema a call hands over a few words.
const HANDOVER_SPARE: usize = 1 << 20;

/// The largest frame that a batch within its bounds can be: Arrow's form of a row is at most twice the server's (offsets,
/// validity, padding of small values), and a batch may exceed its bytes by one row.
pub(crate) fn frame_bytes_max(batch_bytes: u32, row_bytes: u32) -> u64 {
    2 * (u64::from(batch_bytes) + u64::from(row_bytes)) + (1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_inside_the_whole() {
        let limits = Limits::default();
        let shares = Shares::of(&limits);
        assert!(shares.guests_bytes_max + shares.channel_bytes_max < limits.memory_bytes);
    }
}
