//! How a stream and its target are compared after the fact: which columns, and by which key rows are told apart. Pure; who
//! reads them is the engine's business.

use crate::{
    decision::CheckedColumn,
    name::visible,
    observation::{FitLabel, StreamObservation},
    resolve::ResolvedStream,
};

/// What of both ends is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// All columns of the stream.
    pub columns: Vec<CheckedColumn>,
    /// What tells rows apart; empty: nothing.
    pub key: Vec<KeyColumn>,
}

/// One column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// The column, as it is shown.
    pub column: CheckedColumn,
    /// The type of its bounds, where both servers keep the values in one order.
    pub bounds: Option<String>,
}

/// The columns and the key of a stream: the one of the sync file, or the source's primary key where all of it is read. Where
/// the target is absent its columns are those that it would get.
///
/// # Errors
/// Why a column cannot be compared, each of them.
pub fn compared(stream: &ResolvedStream, seen: &StreamObservation) -> Result<Compared, Vec<String>> {
    let mut obstacles = Vec::new();
    let columns: Vec<KeyColumn> = seen
        .source
        .columns
        .iter()
        .filter_map(|column| of_column(seen, &column.name).map_err(|why| obstacles.push(why)).ok())
        .collect();
    let named = stream.wishes.key.as_ref().unwrap_or(&seen.source.key);
    let find = |name: &String| columns.iter().find(|key| key.column.name == *name).cloned();
    for name in stream.wishes.key.iter().flatten().filter(|name| find(name).is_none()) {
        obstacles.push(format!("`key` names {}, and the stream has no such column", visible(name)));
    }
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let key = named.iter().map(find).collect::<Option<Vec<_>>>().unwrap_or_default();
    Ok(Compared { columns: columns.into_iter().map(|key| key.column).collect(), key })
}

fn of_column(seen: &StreamObservation, name: &str) -> Result<KeyColumn, String> {
    let shown = visible(name);
    let target = &seen.target;
    if target.kind.is_some() && !target.columns.iter().any(|column| column.name == name) {
        return Err(format!("{} has no column {shown}", target.name));
    }
    let fit = target.fits.iter().find(|fit| fit.column == name);
    let fit = fit.ok_or_else(|| format!("the destination said nothing about column {shown}"))?;
    if fit.label == FitLabel::Refused {
        let why = fit.note.as_deref().map_or_else(String::new, |note| format!(": {}", visible(note)));
        return Err(format!("column {shown} does not fit the target's{why}"));
    }
    if let Some(why) = &fit.compared.obstacle {
        return Err(format!("column {shown}: {}", visible(why)));
    }
    let column = CheckedColumn { name: name.to_owned(), cast: fit.compared.cast.clone() };
    Ok(KeyColumn { column, bounds: fit.compared.bounds.clone() })
}
