//! Up to where each incremental stream is in the destination once a run has committed.

use crate::{
    StreamReceipt,
    host::{NewCheckpoint, Position},
    receipt::Cursor,
};
use rapidbyte_plans::plan::StreamPlan;

/// What the destination is to remember. A stream without a row beyond its checkpoint keeps the value that it had.
pub(super) fn moved(
    streams: &[StreamPlan],
    after: &[Option<Position>],
    now: &[Option<Position>],
) -> Vec<NewCheckpoint> {
    let moved = |((stream, after), now): ((&StreamPlan, &Option<Position>), &Option<Position>)| {
        let (window, now) = (stream.read.window.as_ref()?, now.as_ref()?);
        let before = after.as_ref().and_then(|after| after.value.clone());
        let position = Position { value: now.value.clone().or(before), version: now.version.clone() };
        let (stream, target) = (stream.stream.clone(), stream.write.target.clone());
        Some(NewCheckpoint { stream, target, window: window.clone(), position })
    };
    streams.iter().zip(after).zip(now).filter_map(moved).collect()
}

/// Says in the receipts from where to where each stream has come.
pub(super) fn tell(receipts: &mut [StreamReceipt], after: &[Option<Position>], moved: &[NewCheckpoint]) {
    for (receipt, after) in receipts.iter_mut().zip(after) {
        receipt.cursor = moved.iter().find(|moved| moved.stream == receipt.stream).map(|moved| Cursor {
            column: moved.window.cursor.clone(),
            from: after.as_ref().and_then(|after| after.value.clone()),
            to: moved.position.value.clone(),
        });
    }
}
