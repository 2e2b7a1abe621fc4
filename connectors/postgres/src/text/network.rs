//! The text of network addresses.

use super::number::{hex, integer};
use crate::copy::{Malformed, ValueFault, wire::Wire};
use std::{io::Write as _, net::Ipv6Addr};

/// PostgreSQL source, network.c, network_send: family, bits, whether it is a network, how many bytes, the address.
pub(super) fn inet(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    const V4: u8 = 2;
    const V6: u8 = 3;
    let (family, bits, _is_network, count) = (wire.u8()?, wire.u8()?, wire.u8()?, wire.u8()?);
    let address = wire.take(usize::from(count))?;
    // Writing to a Vec cannot fail.
    let _ = match (family, address) {
        (V4, [a, b, c, d]) => write!(out, "{a}.{b}.{c}.{d}"),
        (V6, address) => {
            let address: [u8; 16] = address.try_into().map_err(|_| Malformed)?;
            write!(out, "{}", Ipv6Addr::from(address))
        }
        _ => return Err(Malformed.into()),
    };
    out.push(b'/');
    integer(bits, out);
    Ok(())
}

/// Six bytes, or eight.
pub(super) fn macaddr(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ValueFault> {
    if !matches!(bytes.len(), 6 | 8) {
        return Err(Malformed.into());
    }
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push(b':');
        }
        hex(&[*byte], out);
    }
    Ok(())
}
