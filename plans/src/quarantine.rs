//! The table that takes the refused rows of a target. Owns its name.

use crate::{
    name::ObjectName,
    spec::{OnRowError, Spec},
};

/// What the name of a target gets for that of its table of refused rows.
const SUFFIX: &str = "__rejected";

/// The table for refused rows of this target; none: the sync file wants none.
pub fn quarantine_of(spec: &Spec, target: &ObjectName) -> Option<ObjectName> {
    matches!(spec.on_row_error, OnRowError::Quarantine(_))
        .then(|| ObjectName::new(&target.namespace, format!("{}{SUFFIX}", target.name)))
}
