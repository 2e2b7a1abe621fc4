//! Which text form a type has, decided once per column, and the text of a value in binary form. A type that is not listed
//! has none here: its columns travel by COPY only.

use super::{geometry, nested, network, number, search, time};
use crate::{
    copy::{ValueFault, wire::Wire},
    types::{Kind, PgType},
};

/// The text form of a type.
#[derive(Debug)]
pub(super) enum Codec {
    Boolean,
    Int2,
    Int4,
    Int8,
    /// oid, xid, cid.
    Unsigned4,
    Unsigned8,
    Float4,
    Float8,
    Numeric,
    Money,
    Text,
    /// A version byte, then text: jsonb and jsonpath.
    Versioned,
    Char,
    Bytea,
    Uuid,
    Date,
    Time,
    Timetz,
    Timestamp,
    Timestamptz,
    Interval,
    Inet,
    Macaddr,
    Bits,
    Lsn,
    Snapshot,
    Tid,
    Point,
    Lseg,
    Box,
    Path,
    Polygon,
    Line,
    Circle,
    Tsvector,
    Tsquery,
    Hstore,
    /// int2vector, oidvector: an array whose text has spaces.
    Vector(Box<Codec>),
    Array(Box<Codec>, u8),
    Composite(Vec<Codec>),
    Range(Box<Codec>),
    Multirange(Box<Codec>),
}

impl Codec {
    /// The text form of a type; none: it has no known one.
    pub(super) fn of(ty: &PgType) -> Option<Self> {
        if let Some(name) = ty.builtin_name() {
            return builtin(name);
        }
        Some(match &ty.kind {
            Kind::Base => match ty.extension_name()? {
                "citext" => Self::Text,
                "hstore" => Self::Hstore,
                _ => return None,
            },
            Kind::Domain(base) => Self::of(base)?,
            Kind::Enum(_) => Self::Text,
            Kind::Array { element, delimiter } => {
                Self::Array(Box::new(Self::of(element)?), u8::try_from(*delimiter).ok()?)
            }
            Kind::Composite(fields) => {
                Self::Composite(fields.iter().map(|field| Self::of(&field.ty)).collect::<Option<_>>()?)
            }
            Kind::Range(bound) => Self::Range(Box::new(Self::of(bound)?)),
            Kind::Multirange(range) => Self::Multirange(Box::new(Self::of(range)?)),
            Kind::Unsupported(_) => return None,
        })
    }

    /// Appends the text of a value in binary form.
    pub(super) fn write(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), ValueFault> {
        let mut wire = Wire::new(value);
        self.read(&mut wire, out)?;
        Ok(wire.end()?)
    }

    fn read(&self, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
        match self {
            Self::Boolean => out.push(if wire.u8()? == 0 { b'f' } else { b't' }),
            Self::Int2 => number::integer(wire.i16()?, out),
            Self::Int4 => number::integer(wire.i32()?, out),
            Self::Int8 => number::integer(wire.i64()?, out),
            Self::Unsigned4 => number::integer(wire.u32()?, out),
            Self::Unsigned8 => number::integer(wire.u64()?, out),
            Self::Float4 => number::float4(f32::from_bits(wire.u32()?), out)?,
            Self::Float8 => number::float8(f64::from_bits(wire.u64()?), out)?,
            Self::Numeric => number::numeric(wire, out)?,
            Self::Money => number::money(wire.i64()?, out),
            Self::Text => text(wire.take_rest(), out)?,
            Self::Versioned => match wire.u8()? {
                1 => text(wire.take_rest(), out)?,
                _ => return Err(crate::copy::Malformed.into()),
            },
            Self::Char => char(wire.u8()?, out)?,
            Self::Bytea => {
                out.extend_from_slice(b"\\x");
                number::hex(wire.take_rest(), out);
            }
            Self::Uuid => number::uuid(wire.take(16)?, out),
            Self::Date => time::date(wire.i32()?, out),
            Self::Time => time::time(wire.i64()?, out)?,
            Self::Timetz => time::timetz(wire.i64()?, wire.i32()?, out)?,
            Self::Timestamp => time::timestamp(wire.i64()?, b"", out),
            Self::Timestamptz => time::timestamp(wire.i64()?, time::UTC, out),
            Self::Interval => time::interval(wire.i64()?, wire.i32()?, wire.i32()?, out),
            Self::Inet => network::inet(wire, out)?,
            Self::Macaddr => network::macaddr(wire.take_rest(), out)?,
            Self::Bits => number::bits(wire, out)?,
            Self::Lsn => number::lsn(wire.u64()?, out),
            Self::Snapshot => number::snapshot(wire, out)?,
            Self::Tid => number::tid(wire.u32()?, wire.u16()?, out),
            Self::Point => geometry::point(wire, out)?,
            Self::Lseg | Self::Box => geometry::points(wire, 2, out)?,
            Self::Path => geometry::path(wire, out)?,
            Self::Polygon => geometry::polygon(wire, out)?,
            Self::Line => geometry::line(wire, out)?,
            Self::Circle => geometry::circle(wire, out)?,
            Self::Tsvector => search::tsvector(wire, out)?,
            Self::Tsquery => search::tsquery(wire, out)?,
            Self::Hstore => nested::hstore(wire, out)?,
            Self::Vector(element) => nested::vector(element, wire, out)?,
            Self::Array(element, delimiter) => nested::array(element, *delimiter, wire, out)?,
            Self::Composite(fields) => nested::composite(fields, wire, out)?,
            Self::Range(bound) => nested::range(bound, wire, out)?,
            Self::Multirange(range) => nested::multirange(range, wire, out)?,
        }
        Ok(())
    }

    /// Its text never holds a quote or a backslash.
    pub(super) const fn is_plain(&self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::Versioned
                | Self::Char
                | Self::Bytea
                | Self::Tsvector
                | Self::Tsquery
                | Self::Hstore
                | Self::Array(..)
                | Self::Composite(_)
                | Self::Range(_)
                | Self::Multirange(_)
        )
    }
}

fn builtin(name: &str) -> Option<Codec> {
    Some(match name {
        "bool" => Codec::Boolean,
        "int2" => Codec::Int2,
        "int4" => Codec::Int4,
        "int8" => Codec::Int8,
        "oid" | "xid" | "cid" => Codec::Unsigned4,
        "xid8" => Codec::Unsigned8,
        "float4" => Codec::Float4,
        "float8" => Codec::Float8,
        "numeric" => Codec::Numeric,
        "money" => Codec::Money,
        "text" | "varchar" | "bpchar" | "name" | "json" | "xml" | "refcursor" => Codec::Text,
        "jsonb" | "jsonpath" => Codec::Versioned,
        "char" => Codec::Char,
        "bytea" => Codec::Bytea,
        "uuid" => Codec::Uuid,
        "date" => Codec::Date,
        "time" => Codec::Time,
        "timetz" => Codec::Timetz,
        "timestamp" => Codec::Timestamp,
        "timestamptz" => Codec::Timestamptz,
        "interval" => Codec::Interval,
        "inet" | "cidr" => Codec::Inet,
        "macaddr" | "macaddr8" => Codec::Macaddr,
        "bit" | "varbit" => Codec::Bits,
        "pg_lsn" => Codec::Lsn,
        "pg_snapshot" | "txid_snapshot" => Codec::Snapshot,
        "tid" => Codec::Tid,
        "point" => Codec::Point,
        "lseg" => Codec::Lseg,
        "box" => Codec::Box,
        "path" => Codec::Path,
        "polygon" => Codec::Polygon,
        "line" => Codec::Line,
        "circle" => Codec::Circle,
        "tsvector" => Codec::Tsvector,
        "tsquery" => Codec::Tsquery,
        "int2vector" => Codec::Vector(Box::new(Codec::Int2)),
        "oidvector" => Codec::Vector(Box::new(Codec::Unsigned4)),
        _ => return None,
    })
}

/// Text of a binary form, which nobody has checked yet.
pub(super) fn text(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ValueFault> {
    if memchr::memchr(0, bytes).is_some() {
        return Err(ValueFault::Nul);
    }
    std::str::from_utf8(bytes).map_err(|_| ValueFault::Utf8)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Zero is the empty text. Bytes above 127 have a text form only since version 16, and another meaning before.
fn char(byte: u8, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    match byte {
        0 => {}
        1..=127 => out.push(byte),
        _ => return Err(ValueFault::Utf8),
    }
    Ok(())
}
