//! Types that every server has under the same OID, made of nothing else: nobody asks for them. The list is not all of them,
//! but those that most columns have.

/// OID and name (PostgreSQL source, catalog/pg_type.dat).
pub(super) const KNOWN: [(u32, &str); 28] = [
    (16, "bool"),
    (17, "bytea"),
    (20, "int8"),
    (21, "int2"),
    (23, "int4"),
    (25, "text"),
    (26, "oid"),
    (114, "json"),
    (142, "xml"),
    (650, "cidr"),
    (700, "float4"),
    (701, "float8"),
    (790, "money"),
    (829, "macaddr"),
    (869, "inet"),
    (1042, "bpchar"),
    (1043, "varchar"),
    (1082, "date"),
    (1083, "time"),
    (1114, "timestamp"),
    (1184, "timestamptz"),
    (1186, "interval"),
    (1266, "timetz"),
    (1560, "bit"),
    (1562, "varbit"),
    (1700, "numeric"),
    (2950, "uuid"),
    (3802, "jsonb"),
];

/// Of these types, those that a server must be asked for.
pub fn unknown(oids: impl IntoIterator<Item = u32>) -> Vec<u32> {
    oids.into_iter().filter(|oid| !KNOWN.iter().any(|(known, _)| known == oid)).collect()
}
