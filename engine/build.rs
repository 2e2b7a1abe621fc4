//! Builds the built-in connectors for wasm32-wasip2 and tells the crate where they lie; see connectors/build.
#![allow(clippy::print_stdout)] // a build script talks to cargo by stdout

fn main() {
    let packages = ["rapidbyte-source-postgres", "rapidbyte-dest-postgres"];
    for (guest, name) in rapidbyte_guest_build::build(&packages).iter().zip(["SOURCE_POSTGRES", "DEST_POSTGRES"]) {
        println!("cargo::rustc-env=RAPIDBYTE_{name}_WASM={}", guest.path.display());
        println!("cargo::rustc-env=RAPIDBYTE_{name}_SHA256={}", guest.sha256);
    }
}
