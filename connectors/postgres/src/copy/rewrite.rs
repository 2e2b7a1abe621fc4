//! OIDs inside binary forms: arrays name the type of their elements, composites the types of their fields, by OIDs of the
//! source. They are replaced in place by the target's; no length changes.

use super::wire::{Malformed, Wire};

/// What must be replaced in a binary form, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rewrite {
    /// Nothing.
    #[default]
    Keep,
    /// The element's type, and inside each element.
    Array {
        /// At the source.
        from: u32,
        /// At the target.
        to: u32,
        /// Inside each element.
        element: Box<Rewrite>,
    },
    /// Each field's type at the source and at the target, and inside the field.
    Composite(Vec<(u32, u32, Rewrite)>),
    /// Inside both bounds.
    Range(Box<Rewrite>),
    /// Inside each range.
    Multirange(Box<Rewrite>),
}

impl Rewrite {
    /// Of an array: [`Rewrite::Keep`] where nothing differs.
    pub fn array(from: u32, to: u32, element: Self) -> Self {
        if from == to && element == Self::Keep {
            Self::Keep
        } else {
            Self::Array { from, to, element: Box::new(element) }
        }
    }

    /// Of a composite: [`Rewrite::Keep`] where nothing differs.
    pub fn composite(fields: Vec<(u32, u32, Self)>) -> Self {
        let same = fields.iter().all(|(from, to, inner)| from == to && *inner == Self::Keep);
        if same { Self::Keep } else { Self::Composite(fields) }
    }

    /// Of a range.
    pub fn range(bound: Self) -> Self {
        if bound == Self::Keep { Self::Keep } else { Self::Range(Box::new(bound)) }
    }

    /// Of a multirange.
    pub fn multirange(range: Self) -> Self {
        if range == Self::Keep { Self::Keep } else { Self::Multirange(Box::new(range)) }
    }

    /// Replaces the OIDs in one value. A value that does not have the form of its type is an error, and may be changed in
    /// part by then.
    pub fn apply(&self, value: &mut [u8]) -> Result<(), Malformed> {
        match self {
            Self::Keep => Ok(()),
            Self::Array { from, to, element } => array(value, *from, *to, element),
            Self::Composite(fields) => composite(value, fields),
            Self::Range(bound) => range(value, bound),
            Self::Multirange(inner) => multirange(value, inner),
        }
    }
}

/// PostgreSQL source, arrayfuncs.c, array_send: dimensions, flags, the element's type, then length and lower bound of each
/// dimension, then the elements.
fn array(value: &mut [u8], from: u32, to: u32, element: &Rewrite) -> Result<(), Malformed> {
    /// Dimensions, flags and type; then two numbers for each dimension.
    const HEADER_BYTES: usize = 12;
    const DIMENSION_BYTES: usize = 8;
    let dimensions = usize::try_from(Wire::new(value).i32()?).map_err(|_| Malformed)?;
    replace_oid(value, 8, from, to)?;
    if *element == Rewrite::Keep {
        return Ok(());
    }
    let mut at = dimensions.checked_mul(DIMENSION_BYTES).and_then(|n| n.checked_add(HEADER_BYTES)).ok_or(Malformed)?;
    while at < value.len() {
        at = cell(value, at, element)?;
    }
    Ok(())
}

/// PostgreSQL source, rowtypes.c, record_send: the number of fields, then type, length and value of each.
fn composite(value: &mut [u8], fields: &[(u32, u32, Rewrite)]) -> Result<(), Malformed> {
    if usize::try_from(Wire::new(value).i32()?) != Ok(fields.len()) {
        return Err(Malformed);
    }
    let mut at = 4;
    for (from, to, inner) in fields {
        replace_oid(value, at, *from, *to)?;
        at = cell(value, at + 4, inner)?;
    }
    Ok(())
}

/// PostgreSQL source, rangetypes.c, range_send: flags, then the bounds that are there.
fn range(value: &mut [u8], bound: &Rewrite) -> Result<(), Malformed> {
    let bounds = super::wire::range_bounds(*value.first().ok_or(Malformed)?);
    let mut at = 1;
    for _ in 0..bounds {
        at = cell(value, at, bound)?;
    }
    Ok(())
}

/// PostgreSQL source, multirangetypes.c, multirange_send: the number of ranges, then each.
fn multirange(value: &mut [u8], inner: &Rewrite) -> Result<(), Malformed> {
    let count = Wire::new(value).i32()?;
    let mut at = 4;
    for _ in 0..count {
        at = cell(value, at, inner)?;
    }
    Ok(())
}

/// A length and a value at a place; returns the place after it.
fn cell(value: &mut [u8], at: usize, inner: &Rewrite) -> Result<usize, Malformed> {
    let length = Wire::new(value.get(at..).ok_or(Malformed)?).i32()?;
    let start = at + 4;
    let Ok(length) = usize::try_from(length) else {
        return if length == -1 { Ok(start) } else { Err(Malformed) };
    };
    let end = start.checked_add(length).ok_or(Malformed)?;
    inner.apply(value.get_mut(start..end).ok_or(Malformed)?)?;
    Ok(end)
}

fn replace_oid(value: &mut [u8], at: usize, from: u32, to: u32) -> Result<(), Malformed> {
    let place = value.get_mut(at..at + 4).ok_or(Malformed)?;
    if *place != from.to_be_bytes() {
        return Err(Malformed);
    }
    place.copy_from_slice(&to.to_be_bytes());
    Ok(())
}
