//! One row in COPY binary that is being written at the end of a buffer. The room is taken once; stores follow.

use super::encode::ValueFault;

pub(super) struct Row<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
}

impl<'a> Row<'a> {
    /// Takes room for a row of at most `bytes_max`.
    #[inline]
    pub(super) fn new(out: &'a mut Vec<u8>, bytes_max: usize) -> Self {
        let at = out.len();
        out.resize(at + bytes_max, 0);
        Self { out, at }
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    /// A value of a fixed length with its length before it.
    #[inline]
    pub(super) fn cell<const N: usize>(&mut self, value: [u8; N]) {
        // N is at most 16.
        self.put(u32::try_from(N).unwrap_or(u32::MAX).to_be_bytes());
        self.put(value);
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
        self.out[self.at..self.at + value.len()].copy_from_slice(value);
        self.at += value.len();
    }

    /// The last bytes written.
    #[inline]
    pub(super) fn last(&mut self, count: usize) -> &mut [u8] {
        &mut self.out[self.at - count..self.at]
    }

    /// Gives back what was not needed.
    #[inline]
    pub(super) fn finish(self) {
        self.out.truncate(self.at);
    }
}
