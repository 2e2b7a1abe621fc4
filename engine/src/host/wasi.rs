//! What the standard library links of WASI: randomness is given, everything else refuses by name. The component says
//! which version it imports, so any version is answered.

use super::{call::Stop, guest::Guest};
use wasmtime::{
    Engine, Result, StoreContextMut,
    component::{
        Component, Linker, LinkerInstance, ResourceType,
        types::{ComponentInstance, ComponentItem},
    },
};

/// A hash map's seed and a nonce take 16 to 32 bytes.
const RANDOM_BYTES_MAX: u64 = 64 * 1024;

/// Defines every import of the component but the contract's.
pub(super) fn settle(linker: &mut Linker<Guest>, engine: &Engine, component: &Component) -> Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        if name.starts_with("rapidbyte:connector/") {
            continue;
        }
        match import.ty {
            ComponentItem::ComponentInstance(instance) => settle_instance(linker, engine, name, &instance)?,
            ComponentItem::ComponentFunc(_) => refuse(&mut linker.root(), "", name)?,
            // A type alone gives nothing; modules and components are nothing that a connector imports.
            _ => {}
        }
    }
    Ok(())
}

fn settle_instance(
    linker: &mut Linker<Guest>,
    engine: &Engine,
    interface: &str,
    instance: &ComponentInstance,
) -> Result<()> {
    let mut defined = linker.instance(interface)?;
    let random = interface.starts_with("wasi:random/");
    for (function, export) in instance.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(_) if random && give(&mut defined, function)? => {}
            ComponentItem::ComponentFunc(_) => refuse(&mut defined, interface, function)?,
            ComponentItem::Resource(_) => defined.resource(function, ResourceType::host::<()>(), |_, _| Ok(()))?,
            _ => {}
        }
    }
    Ok(())
}

/// A function that ends the guest and says what it reached for. Standard error is where Rust's own panic handler writes:
/// a guest that gets there has crashed.
fn refuse(linker: &mut LinkerInstance<'_, Guest>, interface: &str, function: &str) -> Result<()> {
    let name = if interface.is_empty() { function.to_owned() } else { format!("{interface}#{function}") };
    let panics = interface.starts_with("wasi:cli/stderr");
    linker.func_new(function, move |_, _, _, _| {
        Err(if panics { wasmtime::Error::msg("it panicked") } else { Stop::NotGranted(name.clone()).into() })
    })
}

/// Defines a function of wasi:random, 0.2 or 0.3; false: there is none of this name.
fn give(linker: &mut LinkerInstance<'_, Guest>, function: &str) -> Result<bool> {
    match function {
        "get-random-bytes" | "get-insecure-random-bytes" => linker.func_wrap(function, bytes)?,
        "get-random-u64" | "get-insecure-random-u64" => {
            linker.func_wrap(function, |_: StoreContextMut<'_, Guest>, (): ()| Ok((word()?,)))?;
        }
        "insecure-seed" | "get-insecure-seed" => {
            linker.func_wrap(function, |_: StoreContextMut<'_, Guest>, (): ()| Ok(((word()?, word()?),)))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn bytes(_: StoreContextMut<'_, Guest>, (length,): (u64,)) -> Result<(Vec<u8>,)> {
    if length > RANDOM_BYTES_MAX {
        return Err(Stop::Contract(format!("it asked for {length} random bytes at once")).into());
    }
    let mut bytes = vec![0; usize::try_from(length)?];
    getrandom::fill(&mut bytes).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
    Ok((bytes,))
}

fn word() -> Result<u64> {
    getrandom::u64().map_err(|error| wasmtime::Error::msg(error.to_string()))
}
