//! Builds this very crate for wasm32-wasip2 where it is compiled for the host, so that it can hand its component out.
#![allow(clippy::print_stdout)] // a build script talks to cargo by stdout

fn main() {
    if !rapidbyte_guest_build::is_guest() {
        let guests = rapidbyte_guest_build::build(&["rapidbyte-testing"]);
        for guest in guests {
            println!("cargo::rustc-env=RAPIDBYTE_TESTING_WASM={}", guest.path.display());
        }
    }
}
