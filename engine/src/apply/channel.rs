//! The way of frames from the source's pump to the destination's, bounded in bytes: a frame waits at the source until
//! what lies between has room for it. A frame larger than the bound passes alone.

use super::{codec::Packed, lanes::Part};
use crate::{host::Checksum, limits::CHANNEL_SLOTS};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// What travels.
#[derive(Debug)]
pub(super) enum Item {
    /// Rows of the stream at work. Its bytes are taken while it lies in the channel and while it is being written.
    Batch { rows: u32, frame: Packed, room: OwnedSemaphorePermit },
    /// The stream at work, or its part, has no more rows.
    End(Read),
    /// Rows of one part of a stream follow.
    Part(Part),
    /// There are no more parts.
    NoParts,
}

/// What a source gave of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Read {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) batches: u64,
    /// Where the plan has one.
    pub(super) checksum: Option<Checksum>,
}

/// The other end is gone: it knows why.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) struct Sender {
    items: mpsc::Sender<Item>,
    room: Arc<Semaphore>,
    bytes_max: u32,
    /// Buffers that the receiver has done with.
    spare: mpsc::Receiver<Vec<u8>>,
}

pub(super) struct Receiver {
    items: mpsc::Receiver<Item>,
    spare: mpsc::Sender<Vec<u8>>,
}

/// A channel for so many bytes of frames.
pub(super) fn bounded(bytes_max: u64) -> (Sender, Receiver) {
    let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX).max(1);
    let room = Arc::new(Semaphore::new(usize::try_from(bytes_max).unwrap_or(Semaphore::MAX_PERMITS)));
    let (items, received) = mpsc::channel(CHANNEL_SLOTS);
    // Two buffers come back at most: one at each end is all that is in use at a time.
    let (spare, returned) = mpsc::channel(2);
    (Sender { items, room, bytes_max, spare: returned }, Receiver { items: received, spare })
}

impl Sender {
    /// Waits for room, then sends.
    pub(super) async fn send(&mut self, rows: u32, frame: Packed) -> Result<(), Gone> {
        let bytes = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX).min(self.bytes_max);
        let room = self.room.clone().acquire_many_owned(bytes).await.map_err(|_| Gone)?;
        self.items.send(Item::Batch { rows, frame, room }).await.map_err(|_| Gone)
    }

    pub(super) async fn end(&mut self, read: Read) -> Result<(), Gone> {
        self.tell(Item::End(read)).await
    }

    /// What is no rows.
    pub(super) async fn tell(&mut self, item: Item) -> Result<(), Gone> {
        self.items.send(item).await.map_err(|_| Gone)
    }

    /// A buffer that has been used before, or a new one.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_default()
    }
}

impl Receiver {
    /// The next item; none: the source is gone.
    pub(super) async fn receive(&mut self) -> Option<Item> {
        self.items.recv().await
    }

    /// Gives a buffer back; one too many is let go.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        let _ = self.spare.try_send(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    fn packed(length: usize) -> Packed {
        Packed { bytes: vec![0; length], unpacked_bytes: None }
    }

    async fn is_waiting(future: impl Future) -> bool {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn bytes_are_the_bound() {
        let (mut sender, mut receiver) = bounded(100);
        sender.send(1, packed(60)).await.unwrap();
        assert!(is_waiting(sender.send(1, packed(41))).await);
        sender.send(1, packed(40)).await.unwrap();
        let first = receiver.receive().await;
        assert!(is_waiting(sender.send(1, packed(60))).await, "it is still being written");
        drop(first);
        sender.send(1, packed(60)).await.unwrap();
    }

    #[tokio::test]
    async fn a_frame_above_the_bound_passes_alone() {
        let (mut sender, mut receiver) = bounded(100);
        sender.send(1, packed(1000)).await.unwrap();
        assert!(is_waiting(sender.send(1, packed(1))).await);
        drop(receiver.receive().await);
        sender.send(1, packed(1)).await.unwrap();
    }

    #[tokio::test]
    async fn each_end_notices_that_the_other_is_gone() {
        let (mut sender, receiver) = bounded(100);
        drop(receiver);
        assert!(sender.send(1, packed(1)).await.is_err());
        let (sender, mut receiver) = bounded(100);
        drop(sender);
        assert!(receiver.receive().await.is_none());
    }
}
