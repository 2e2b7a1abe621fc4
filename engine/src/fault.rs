//! Named points at which the tests end the process, to see what is left behind. They stand where every call of a guest and
//! every byte on a connection passes, so that none is forgotten. Without the feature `faults`, which only tests have, none
//! of it is compiled in. It ends the process as a crash would and does nothing else.

use crate::EngineError;
use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering::SeqCst},
};

/// The variable that tests name a point by: `POINT:abort` or `POINT:abort:N`, where N is the visit that counts. None in a
/// build without fault points.
pub const FAULT_VARIABLE: Option<&str> = if cfg!(feature = "faults") { Some("RAPIDBYTE_FAULT") } else { None };

/// The point that was named.
#[derive(Debug)]
struct Armed {
    point: String,
    /// Visits that are still let pass, and the one that is not.
    left: AtomicU64,
}

/// A process has one: what it ends is the process.
static ARMED: OnceLock<Armed> = OnceLock::new();

/// Takes what the variable says.
pub(crate) fn arm(fault: &str) -> Result<(), EngineError> {
    let armed = parse(fault).filter(|_| cfg!(feature = "faults"));
    let armed = armed.ok_or_else(|| EngineError::Defect("there is no such fault point in this build".to_owned()))?;
    // A second engine of the process is told the same.
    ARMED.get_or_init(|| armed);
    Ok(())
}

fn parse(fault: &str) -> Option<Armed> {
    let mut words = fault.split(':');
    let (point, abort, visit) = (words.next()?, words.next()?, words.next().unwrap_or("1"));
    let visit = visit.parse().ok().filter(|visit| *visit > 0)?;
    let whole = !point.is_empty() && abort == "abort" && words.next().is_none();
    whole.then(|| Armed { point: point.to_owned(), left: AtomicU64::new(visit) })
}

/// Passes a point; its name is the parts with points between.
pub(crate) fn point(parts: &[&str]) {
    if !cfg!(feature = "faults") {
        return;
    }
    let Some(armed) = ARMED.get() else { return };
    if armed.point.split('.').eq(parts.iter().flat_map(|part| part.split('.'))) && armed.left.fetch_sub(1, SeqCst) == 1
    {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_named_with_its_visit() {
        let armed = parse("destination.writer.write.before:abort:3").unwrap();
        assert_eq!((armed.point.as_str(), armed.left.into_inner()), ("destination.writer.write.before", 3));
        assert_eq!(parse("a:abort").unwrap().left.into_inner(), 1);
        for wrong in ["", "a", "a:sleep", "a:abort:0", "a:abort:1:2", ":abort"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
