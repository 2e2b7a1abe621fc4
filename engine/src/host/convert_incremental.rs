//! WIT types to and from the words of `plans`, for what incremental streams need, and where they stand.

use super::{
    bindings::{
        destination::exports::rapidbyte::connector::destination as wit_out,
        source::exports::rapidbyte::connector::source as wit,
    },
    convert::{Broken, Checked, option, text, wit_object_name},
};
use rapidbyte_plans::{
    decision::{Nulls, Overlap, Window},
    name::ObjectName,
    observation::{SeenCheckpoint, SourceCursor, Step},
};
use std::fmt;

/// Where an incremental stream stands. A value of a row: nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// The highest value of the cursor; none: no row has one.
    pub(crate) value: Option<String>,
    /// What was written after, in the source's own terms.
    pub(crate) version: String,
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position")
    }
}

/// What a destination remembers of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) seen: SeenCheckpoint,
    pub(crate) position: Position,
}

/// What it is to remember.
#[derive(Debug, Clone)]
pub(crate) struct NewCheckpoint {
    pub(crate) stream: String,
    pub(crate) target: ObjectName,
    pub(crate) window: Window,
    pub(crate) position: Position,
}

pub(super) fn wit_position(position: &Position) -> wit::Position {
    wit::Position { value: position.value.clone(), version: position.version.clone() }
}

pub(super) fn wit_known_position(known: &Checkpoint) -> wit::KnownPosition {
    let SeenCheckpoint { cursor, native, .. } = &known.seen;
    wit::KnownPosition { cursor: cursor.clone(), native: native.clone(), position: wit_position(&known.position) }
}

pub(super) fn position(position: wit::Position) -> Checked<Position> {
    Ok(Position { value: option(position.value, text)?, version: text(position.version)? })
}

pub(super) fn wit_window(window: &Window) -> wit::Window {
    wit::Window {
        cursor: window.cursor.clone(),
        native: window.native.clone(),
        resumes: window.resumes,
        inclusive: window.inclusive,
        overlap: window.overlap.map(|overlap| match overlap {
            Overlap::Secs(secs) => wit::Overlap::Secs(secs),
            Overlap::Number(number) => wit::Overlap::Number(number),
        }),
        late: window.late,
        nulls: match window.nulls {
            Nulls::Absent => wit::Nulls::Absent,
            Nulls::Refuse => wit::Nulls::Refuse,
            Nulls::Always => wit::Nulls::Always,
            Nulls::Never => wit::Nulls::Never,
        },
    }
}

pub(super) fn cursor(seen: wit::CursorObservation) -> Checked<SourceCursor> {
    Ok(SourceCursor {
        native: text(seen.native)?,
        step: match seen.step {
            wit::Step::None => Step::None,
            wit::Step::Number => Step::Number,
            wit::Step::Time => Step::Time,
        },
        nullable: seen.nullable,
        indexed: seen.indexed,
        versions: seen.versions,
        is_version: seen.is_version,
        refused: option(seen.refused, text)?,
        access: option(seen.access, text)?,
        access_late: option(seen.access_late, text)?,
    })
}

pub(super) fn checkpoint(known: wit_out::KnownCheckpoint) -> Checked<Checkpoint> {
    let seen = SeenCheckpoint {
        cursor: text(known.cursor)?,
        native: text(known.native)?,
        scope: text(known.scope)?,
        same_target: known.same_target,
        run: text(known.run)?,
    };
    let position = Position { value: option(known.value, text)?, version: text(known.version)? };
    if position.version.is_empty() {
        return Err(Broken("a checkpoint has no version".to_owned()));
    }
    Ok(Checkpoint { seen, position })
}

pub(super) fn wit_checkpoint(new: &NewCheckpoint) -> wit_out::Checkpoint {
    wit_out::Checkpoint {
        stream: new.stream.clone(),
        target: wit_object_name(&new.target),
        cursor: new.window.cursor.clone(),
        native: new.window.native.clone(),
        scope: new.window.scope.clone(),
        value: new.position.value.clone(),
        version: new.position.version.clone(),
    }
}
