//! Rows in COPY binary that are being written where room for them has been taken: stores alone.

use super::{encode::ValueFault, short};

pub(super) struct Row<'a> {
    room: &'a mut [u8],
    at: usize,
}

/// The length before a value.
const LENGTH_BYTES: usize = size_of::<i32>();

impl<'a> Row<'a> {
    /// Into room that has been taken for all that will be put.
    #[inline]
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Self { room, at: 0 }
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.room[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    /// A value of a fixed length with its length before it.
    #[inline]
    pub(super) fn cell<const N: usize>(&mut self, value: [u8; N]) {
        let place = &mut self.room[self.at..self.at + LENGTH_BYTES + N];
        // N is at most 16.
        place[..LENGTH_BYTES].copy_from_slice(&u32::try_from(N).unwrap_or(u32::MAX).to_be_bytes());
        place[LENGTH_BYTES..].copy_from_slice(&value);
        self.at += LENGTH_BYTES + N;
    }

    /// A value of any length with its length before it.
    #[inline]
    pub(super) fn bytes(&mut self, value: &[u8]) -> Result<(), ValueFault> {
        let length = i32::try_from(value.len()).map_err(|_| ValueFault::TooLarge)?;
        self.put(length.to_be_bytes());
        self.append(value);
        Ok(())
    }

    /// The same with a version byte before the value.
    #[inline]
    pub(super) fn versioned(&mut self, version: u8, value: &[u8]) -> Result<(), ValueFault> {
        let length = i32::try_from(value.len() + 1).map_err(|_| ValueFault::TooLarge)?;
        self.put(length.to_be_bytes());
        self.put([version]);
        self.append(value);
        Ok(())
    }

    #[inline]
    fn append(&mut self, value: &[u8]) {
        short::copy(&mut self.room[self.at..self.at + value.len()], value);
        self.at += value.len();
    }

    /// The last bytes written.
    #[inline]
    pub(super) fn last(&mut self, count: usize) -> &mut [u8] {
        &mut self.room[self.at - count..self.at]
    }

    /// How many bytes have been written.
    #[inline]
    pub(super) const fn written(&self) -> usize {
        self.at
    }
}
