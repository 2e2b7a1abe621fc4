//! What is said when Rapidbyte itself is broken. Never the panic's text: it can hold values of cells or secrets.

use std::io::Write;

/// From now on a panic says where it was and ends the process with [`crate::failure::DEFECT`].
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let mut stderr = std::io::stderr().lock();
        // A panic has no better place to go when stderr is gone.
        let _ = match panic.location() {
            Some(place) => writeln!(stderr, "error: a defect in Rapidbyte, at {}:{}", place.file(), place.line()),
            None => writeln!(stderr, "error: a defect in Rapidbyte"),
        };
        let _ = writeln!(stderr, "help: please report it with this line; what was not committed was rolled back");
        std::process::exit(crate::failure::DEFECT.into());
    }));
}
