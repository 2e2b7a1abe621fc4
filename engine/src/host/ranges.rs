//! Parts that are ranges of a key: the bounds between them, which the source tells and gets back part by part. They are values of
//! rows: nothing prints them, and no plan holds them.

use super::{
    bindings::source::exports::rapidbyte::connector::source as wit,
    call::guarded,
    convert::{Checked, list, text},
    source::SourceGuest,
    world::ROWS,
};
use crate::EngineError;
use rapidbyte_plans::observation::RangeKey;
use std::fmt;

/// The bounds between parts, in the order of the key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bounds(Vec<String>);

/// The rows of one part.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Inclusive; none: from the first.
    from: Option<String>,
    /// Exclusive; none: to the last.
    up_to: Option<String>,
}

impl Bounds {
    /// Each part ends where the next one begins.
    pub(crate) fn interval(&self, part: u32) -> Interval {
        let part = usize::try_from(part).unwrap_or(usize::MAX);
        let from = part.checked_sub(1).and_then(|before| self.0.get(before));
        Interval { from: from.cloned(), up_to: self.0.get(part).cloned() }
    }
}

impl fmt::Debug for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bounds")
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interval")
    }
}

impl SourceGuest {
    /// The bounds between so many parts, as the snapshot has them.
    pub(crate) async fn bounds(&mut self, statement: &str, partitions: u32) -> Result<Bounds, EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let said = guarded!(self, "session.bounds", ROWS, |store| guest.call_bounds(store, session, statement))?;
        let bounds = self.cell.answer(said)?;
        let bounds = self.cell.checked(list(bounds, text))?;
        // One too few, and rows would be in no part.
        if u32::try_from(bounds.len() + 1) != Ok(partitions) {
            let what = format!("it said {} bounds between {partitions} parts", bounds.len());
            return Err(self.cell.guest().broke(what));
        }
        Ok(Bounds(bounds))
    }
}

pub(super) fn wit_interval(interval: &Interval) -> wit::KeyInterval {
    wit::KeyInterval { from: interval.from.clone(), up_to: interval.up_to.clone() }
}

pub(super) fn wit_range_key(key: &RangeKey) -> wit::RangeKey {
    wit::RangeKey { column: key.column.clone(), native: key.native.clone() }
}

pub(super) fn range_key(key: wit::RangeKey) -> Checked<RangeKey> {
    Ok(RangeKey { column: text(key.column)?, native: text(key.native)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_ends_where_the_next_begins_and_the_ends_are_open() {
        let bounds = Bounds(vec!["3".into(), "7".into()]);
        let of = |part| {
            let Interval { from, up_to } = bounds.interval(part);
            (from, up_to)
        };
        let value = |text: &str| Some(text.to_owned());
        assert_eq!([of(0), of(1), of(2)], [(None, value("3")), (value("3"), value("7")), (value("7"), None)]);
        assert_eq!(format!("{bounds:?} {:?}", bounds.interval(1)), "Bounds Interval");
    }
}
