//! Copying of values, most of which are short: a call of memcpy costs more than a few bytes do, and in a guest, where
//! `memory.copy` leaves the compiled code, several times more.

/// Longer values are worth the call.
const SHORT_BYTES_MAX: usize = 64;

/// Appends a value.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, value: &[u8]) {
    let start = out.len();
    let end = start + value.len();
    // Filled by a constant length, hence without a call; what is not needed is given back.
    match value.len() {
        0..4 => return value.iter().for_each(|byte| out.push(*byte)),
        4..=16 => out.extend_from_slice(&[0; 16]),
        17..=32 => out.extend_from_slice(&[0; 32]),
        33..=SHORT_BYTES_MAX => out.extend_from_slice(&[0; SHORT_BYTES_MAX]),
        _ => return out.extend_from_slice(value),
    }
    copy(&mut out[start..end], value);
    out.truncate(end);
}

/// Copies a value to a place of its length. Both ends are copied, in pieces of one length, which may meet in the middle.
#[inline]
pub(crate) fn copy(place: &mut [u8], value: &[u8]) {
    match value.len() {
        0..4 => place.iter_mut().zip(value).for_each(|(place, byte)| *place = *byte),
        4..8 => ends::<4>(place, value),
        8..16 => ends::<8>(place, value),
        16..=32 => ends::<16>(place, value),
        33..=SHORT_BYTES_MAX => ends::<32>(place, value),
        _ => place.copy_from_slice(value),
    }
}

/// The first and the last `N` bytes of a value that has from `N` to twice as many.
#[inline]
fn ends<const N: usize>(place: &mut [u8], value: &[u8]) {
    if let (Some(place), Some(value)) = (place.first_chunk_mut::<N>(), value.first_chunk::<N>()) {
        *place = *value;
    }
    if let (Some(place), Some(value)) = (place.last_chunk_mut::<N>(), value.last_chunk::<N>()) {
        *place = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P1: every length arrives as it is, behind what stood there.
    #[test]
    fn p1_every_length_is_copied() {
        let bytes: Vec<u8> = (0..200).collect();
        for length in 0..=bytes.len() {
            let value = &bytes[..length];
            let mut out = b"before".to_vec();
            append(&mut out, value);
            assert_eq!(out, [b"before", value].concat());
            let mut place = vec![0xff; length];
            copy(&mut place, value);
            assert_eq!(place, value);
        }
    }
}
