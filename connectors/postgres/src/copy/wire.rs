//! Reading PostgreSQL's binary forms: big-endian numbers and counted bytes, never past the end.

/// Bytes that do not have the form of their type. What they were is not told: they are a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value does not have the binary form of its type")]
pub struct Malformed;

/// What is left of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<'a>(&'a [u8]);

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {$(
        #[inline]
        pub(crate) fn $name(&mut self) -> Result<$type, Malformed> {
            let (bytes, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
            self.0 = rest;
            Ok(<$type>::from_be_bytes(*bytes))
        }
    )*};
}

impl<'a> Wire<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    numbers!(u8: u8, i16: i16, u16: u16, i32: i32, u32: u32, i64: i64, u64: u64);

    /// The next `count` bytes.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A length and so many bytes; none for length -1, which is NULL.
    #[inline]
    pub(crate) fn cell(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| Malformed)?).map(Some),
        }
    }

    /// The same, but NULL is not taken.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        let mut ahead = *self;
        let value = ahead.cell()?;
        if value.is_some() {
            *self = ahead;
        }
        Ok(value)
    }

    /// A value of just this length, with its length before it; where anything else comes, nothing is taken.
    #[inline]
    pub(crate) fn cell_of<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (value, rest) = rest.split_first_chunk()?;
        if usize::try_from(u32::from_be_bytes(*length)) != Ok(N) {
            return None;
        }
        self.0 = rest;
        Some(*value)
    }

    /// Bytes up to a zero byte, which is taken too.
    pub(crate) fn c_string(&mut self) -> Result<&'a [u8], Malformed> {
        let end = memchr::memchr(0, self.0).ok_or(Malformed)?;
        let text = self.take(end)?;
        self.0 = &self.0[1..];
        Ok(text)
    }

    /// All that is left, which is then taken.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// Flags of a range's binary form (PostgreSQL source, utils/rangetypes.h).
pub(crate) mod range_flag {
    pub(crate) const EMPTY: u8 = 0x01;
    pub(crate) const LOWER_INCLUSIVE: u8 = 0x02;
    pub(crate) const UPPER_INCLUSIVE: u8 = 0x04;
    pub(crate) const LOWER_INFINITE: u8 = 0x08;
    pub(crate) const UPPER_INFINITE: u8 = 0x10;
}

/// How many bounds follow a range's flags.
pub(crate) const fn range_bounds(flags: u8) -> u8 {
    if flags & range_flag::EMPTY != 0 {
        return 0;
    }
    (flags & range_flag::LOWER_INFINITE == 0) as u8 + (flags & range_flag::UPPER_INFINITE == 0) as u8
}
