//! Compression of frames between the ends, where the sync file asks for it. Contexts and buffers are made once per run.

use crate::EngineError;
use rapidbyte_plans::spec::Compression;

/// Zstandard's level: the next ones cost more time than a frame's way through memory ever saves.
const ZSTD_LEVEL: i32 = 1;

/// A frame on its way.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    /// What it was before it was compressed; none: it is as it was.
    pub(super) unpacked_bytes: Option<usize>,
}

/// Makes frames small.
pub(super) enum Packer {
    None,
    Lz4,
    Zstd(zstd::bulk::Compressor<'static>),
}

/// Makes them what they were.
pub(super) enum Unpacker {
    None,
    Lz4,
    Zstd(zstd::bulk::Decompressor<'static>),
}

fn defect(error: impl std::fmt::Display) -> EngineError {
    EngineError::Defect(format!("a frame cannot be compressed or decompressed: {error}"))
}

impl Packer {
    pub(super) fn new(way: Compression) -> Result<Self, EngineError> {
        Ok(match way {
            Compression::None => Self::None,
            Compression::Lz4 => Self::Lz4,
            Compression::Zstd => Self::Zstd(zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(defect)?),
        })
    }

    /// Packs a frame into a buffer that has been used before.
    pub(super) fn pack(&mut self, frame: Vec<u8>, mut room: Vec<u8>) -> Result<Packed, EngineError> {
        let bound = match self {
            Self::None => return Ok(Packed { bytes: frame, unpacked_bytes: None }),
            Self::Lz4 => lz4_flex::block::get_maximum_output_size(frame.len()),
            Self::Zstd(_) => zstd::zstd_safe::compress_bound(frame.len()),
        };
        room.resize(room.len().max(bound), 0);
        let length = match self {
            Self::Zstd(context) => context.compress_to_buffer(&frame, &mut room[..]).map_err(defect)?,
            Self::None | Self::Lz4 => lz4_flex::block::compress_into(&frame, &mut room).map_err(defect)?,
        };
        room.truncate(length);
        Ok(Packed { bytes: room, unpacked_bytes: Some(frame.len()) })
    }
}

impl Unpacker {
    pub(super) fn new(way: Compression) -> Result<Self, EngineError> {
        Ok(match way {
            Compression::None => Self::None,
            Compression::Lz4 => Self::Lz4,
            Compression::Zstd => Self::Zstd(zstd::bulk::Decompressor::new().map_err(defect)?),
        })
    }

    /// The frame, in a buffer that has been used before; the packed bytes' buffer comes back.
    pub(super) fn unpack(
        &mut self,
        packed: Packed,
        mut room: Vec<u8>,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), EngineError> {
        let Some(length) = packed.unpacked_bytes else { return Ok((packed.bytes, None)) };
        room.resize(length, 0);
        let found = match self {
            Self::Zstd(context) => context.decompress_to_buffer(&packed.bytes, &mut room[..]).map_err(defect)?,
            Self::None | Self::Lz4 => lz4_flex::block::decompress_into(&packed.bytes, &mut room).map_err(defect)?,
        };
        if found != length {
            return Err(defect("its length is wrong"));
        }
        Ok((room, Some(packed.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A new context of zstd per call, a fresh buffer for each decompressed batch: the contexts are the packer's and the
    /// unpacker's, which are made once, and the buffers that came back are where the next frame lies.
    #[test]
    fn what_is_warm_is_used_again() {
        for way in [Compression::Lz4, Compression::Zstd] {
            let (mut packer, mut unpacker) = (Packer::new(way).unwrap(), Unpacker::new(way).unwrap());
            let (mut packing, mut unpacking) = (Vec::new(), Vec::new());
            let mut places = Vec::new();
            for rows in [10_000, 9_000, 1, 10_000] {
                let small = packer.pack(vec![7; rows], packing).unwrap();
                let small_at = small.bytes.as_ptr();
                let (found, spare) = unpacker.unpack(small, unpacking).unwrap();
                places.push((small_at, found.as_ptr()));
                (unpacking, packing) = (found, spare.unwrap());
            }
            assert!(places.iter().all(|place| *place == places[0]), "{way:?}");
        }
    }

    proptest! {
        /// P1: every frame comes out as it went in, through buffers of any former use.
        #[test]
        fn p1_frames_come_out_as_they_went_in(
            frames in proptest::collection::vec(proptest::collection::vec(0_u8..4, 0..3000), 1..6),
            way in prop::sample::select(vec![Compression::None, Compression::Lz4, Compression::Zstd]),
        ) {
            let (mut packer, mut unpacker) = (Packer::new(way).unwrap(), Unpacker::new(way).unwrap());
            let (mut packing, mut unpacking) = (Vec::new(), Vec::new());
            for frame in frames {
                let packed = packer.pack(frame.clone(), packing).unwrap();
                let (found, spare) = unpacker.unpack(packed, unpacking).unwrap();
                prop_assert_eq!(&found, &frame);
                unpacking = found;
                packing = spare.unwrap_or_default();
            }
        }
    }
}
