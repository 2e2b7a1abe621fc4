//! How a column's values come to have one text at both ends, so that equal values have equal checksums, and in what order a
//! key is walked. Pure; the statements are made in `prepare`.

use crate::types::{Kind, PgType, numeric_bounds};

/// How the values of one column are compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What the source casts them to, so that they read as they do at the destination; none: they do already.
    pub cast: Option<String>,
    /// The type of a bound, where both servers keep the values in one order, and say it alike; none: they are put in the
    /// order of their text.
    pub bounds: Option<&'static str>,
    /// Why they have no text that is the same at both ends.
    pub obstacle: Option<String>,
}

/// Types of pg_catalog whose order is that of their values at every server, with the word for a bound. Not so: text, which
/// has collations; floats and intervals, of which two texts can be equal; labels, which each server puts in its own order.
const BY_VALUE: [(&str, &str); 11] = [
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("numeric", "numeric"),
    ("oid", "oid"),
    ("uuid", "uuid"),
    ("date", "date"),
    ("time", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("bytea", "bytea"),
];

/// How a column of this type is compared with the target's. The types are a pair that [`crate::pair`] lets meet.
pub fn comparison(source: &PgType, target: &PgType) -> Comparison {
    let bounds = by_value(source.base(), target.base());
    match cast(source.base(), target.base()) {
        Ok(cast) => Comparison { cast, bounds, obstacle: None },
        Err(obstacle) => Comparison { cast: None, bounds, obstacle: Some(obstacle) },
    }
}

/// The word for a bound, if it is one.
pub fn bound(word: &str) -> Option<&'static str> {
    BY_VALUE.iter().map(|(_, bound)| *bound).find(|bound| *bound == word)
}

fn by_value(source: &PgType, target: &PgType) -> Option<&'static str> {
    let (from, to) = (source.builtin_name()?, target.builtin_name()?);
    let whole = |name| ["int2", "int4", "int8"].contains(&name);
    if from != to && !(whole(from) && (whole(to) || to == "numeric")) {
        return None;
    }
    BY_VALUE.iter().find(|(name, _)| *name == to).map(|(_, bound)| *bound)
}

/// Most types that may meet have the same text: what is text stays it, a wider integer says the same digits. Where the type
/// at the destination makes another text of the same value, the source makes that text as well.
fn cast(source: &PgType, target: &PgType) -> Result<Option<String>, String> {
    match (&source.kind, &target.kind) {
        (Kind::Array { element: from, .. }, Kind::Array { element: to, .. }) => {
            Ok(cast(from.base(), to.base())?.map(|cast| format!("{cast}[]")))
        }
        (Kind::Base, Kind::Base) => Ok(is_shown_otherwise(source, target).then(|| target.sql())),
        _ if source.parts().len() == target.parts().len() => {
            let changed = |(from, to): (&PgType, &PgType)| !matches!(cast(from.base(), to.base()), Ok(None));
            if source.parts().into_iter().zip(target.parts()).any(changed) {
                return Err(format!("inside {} values read otherwise at the destination", source.sql()));
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn is_shown_otherwise(source: &PgType, target: &PgType) -> bool {
    let (Some(from), Some(to)) = (source.builtin_name(), target.builtin_name()) else { return false };
    match (from, to) {
        ("float4", "float8") => true,
        // Every value of such a column has the scale of the column.
        (_, "numeric") => {
            let scale = |typmod| numeric_bounds(typmod).map(|(_, scale)| scale.max(0));
            let from = if from == "numeric" { scale(source.typmod) } else { Some(0) };
            scale(target.typmod).is_some_and(|scale| from != Some(scale))
        }
        ("bpchar", "bpchar") => target.typmod >= 0 && source.typmod != target.typmod,
        _ => false,
    }
}
