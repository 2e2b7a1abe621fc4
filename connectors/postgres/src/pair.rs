//! Which PostgreSQL type may take the values of which other, and by what step of their binary form. Both the verdict
//! that a plan shows and the encoder that acts on it come from here; a pair that is not listed is refused.

use crate::{
    copy::Rewrite,
    types::{Kind, PgType, numeric_bounds},
};

/// Why no value of a column is moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What does not fit.
    pub reason: String,
    /// What the user can do.
    pub advice: Option<String>,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), advice: None }
    }

    pub(crate) fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// How the binary form of a value becomes the target's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The same bytes, but for OIDs of types.
    Bytes(Rewrite),
    /// A smallint or integer with more bytes.
    Integer,
    /// An integer of any width as numeric.
    Numeric,
    /// real as double precision.
    Double,
}

/// A pair of types that may meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// What is done to each value.
    pub step: Step,
    /// In what way the target's type is wider; none: it is the same type.
    pub widened: Option<String>,
}

/// May `target` take every value of `source`, and how?
pub fn pair(source: &PgType, target: &PgType) -> Result<Pairing, Refusal> {
    if let Some(reason) = source.refusal() {
        return Err(Refusal::new(reason));
    }
    if let Some(reason) = takes_nothing(target) {
        return Err(Refusal::new(reason));
    }
    if let Some(step) = conversion(source.base(), target.base()) {
        return Ok(Pairing { step, widened: Some(format!("{} as {}", source.sql(), target.sql())) });
    }
    let (rewrite, widened) = same_bytes(source, target)?;
    Ok(Pairing { step: Step::Bytes(rewrite), widened })
}

/// Why a type cannot receive binary form.
fn takes_nothing(target: &PgType) -> Option<String> {
    match &target.kind {
        Kind::Unsupported(reason) => Some(reason.clone()),
        _ if !target.has_recv => Some(format!("the type {} takes no binary form (no receive function)", target.sql())),
        _ => target.parts().into_iter().find_map(takes_nothing),
    }
}

/// Pairs whose binary forms differ while each value keeps its meaning.
fn conversion(source: &PgType, target: &PgType) -> Option<Step> {
    match (source.builtin_name()?, target.builtin_name()?) {
        ("int2", "int4" | "int8") | ("int4", "int8") => Some(Step::Integer),
        (int @ ("int2" | "int4" | "int8"), "numeric") => holds(int, target.typmod).then_some(Step::Numeric),
        ("float4", "float8") => Some(Step::Double),
        _ => None,
    }
}

/// A numeric of this modifier holds every integer of this type.
fn holds(integer: &str, typmod: i32) -> bool {
    let digits = match integer {
        "int2" => 5,
        "int4" => 10,
        _ => 19,
    };
    numeric_bounds(typmod).is_none_or(|(precision, scale)| scale >= 0 && precision - scale >= digits)
}

type Same = (Rewrite, Option<String>);

/// Pairs whose binary forms are the same but for OIDs.
fn same_bytes(source: &PgType, target: &PgType) -> Result<Same, Refusal> {
    let (rewrite, widened) = same_base_bytes(source.base(), target.base(), || unlike(source, target))?;
    let lost_domain = matches!(source.kind, Kind::Domain(_)) && !same_name(source, target);
    let widened = widened.or_else(|| {
        lost_domain.then(|| format!("as {}, without the constraints of the domain {}", target.sql(), source.sql()))
    });
    Ok((rewrite, widened))
}

fn same_base_bytes(source: &PgType, target: &PgType, unlike: impl Fn() -> Refusal) -> Result<Same, Refusal> {
    match (&source.kind, &target.kind) {
        (Kind::Base, Kind::Base) => match same_base(source, target) {
            Base::Same => Ok((Rewrite::Keep, None)),
            Base::Wider(note) => Ok((Rewrite::Keep, Some(note))),
            Base::Other => Err(unlike()),
        },
        (Kind::Enum(_), Kind::Base) if is_unbounded_text(target) => {
            Ok((Rewrite::Keep, Some(format!("the labels of {} as {}", source.sql(), target.sql()))))
        }
        (Kind::Enum(source_labels), Kind::Enum(labels)) => {
            let widened = labels_fit(source_labels, labels).map_err(|label| missing_label(target, label))?;
            Ok((Rewrite::Keep, widened.then(|| format!("{} has more labels", target.sql()))))
        }
        (Kind::Array { element: from, .. }, Kind::Array { element: to, .. }) => {
            let (element, widened) = same_bytes(from, to)?;
            Ok((Rewrite::array(from.oid, to.oid, element), widened))
        }
        (Kind::Composite(from), Kind::Composite(to)) => same_fields(source, from, target, to),
        (Kind::Range(from), Kind::Range(to)) if same_name(source, target) => {
            let (bound, widened) = same_bytes(from, to)?;
            Ok((Rewrite::range(bound), widened))
        }
        (Kind::Multirange(from), Kind::Multirange(to)) if same_name(source, target) => {
            let (range, widened) = same_bytes(from, to)?;
            Ok((Rewrite::multirange(range), widened))
        }
        _ => Err(unlike()),
    }
}

fn same_fields(
    source: &PgType,
    from: &[crate::types::Field],
    target: &PgType,
    to: &[crate::types::Field],
) -> Result<Same, Refusal> {
    if from.len() != to.len() || from.iter().zip(to).any(|(from, to)| from.name != to.name) {
        return Err(Refusal::new(format!("{} and {} do not have the same fields", source.sql(), target.sql())));
    }
    let mut widened = None;
    let mut fields = Vec::with_capacity(from.len());
    for (from, to) in from.iter().zip(to) {
        let (field, note) = same_bytes(&from.ty, &to.ty)?;
        widened = widened.or(note);
        fields.push((from.ty.oid, to.ty.oid, field));
    }
    Ok((Rewrite::composite(fields), widened))
}

fn unlike(source: &PgType, target: &PgType) -> Refusal {
    Refusal::new(format!("not every value of {} keeps its meaning as {}", source.sql(), target.sql()))
        .advice("change the column's type at the destination, or leave the column out")
}

fn missing_label(target: &PgType, label: Option<&str>) -> Refusal {
    match label {
        Some(label) => Refusal::new(format!("the enum {} has no label {label:?}", target.sql()))
            .advice(format!("ALTER TYPE {} ADD VALUE the label", target.sql())),
        None => Refusal::new(format!("the enum {} has the labels in another order", target.sql())),
    }
}

/// True where the target has more; the error is a label that it lacks, or none where only the order differs.
fn labels_fit<'a>(source: &'a [String], target: &[String]) -> Result<bool, Option<&'a str>> {
    if let Some(label) = source.iter().find(|label| !target.contains(label)) {
        return Err(Some(label));
    }
    let mut rest = target.iter();
    if source.iter().all(|label| rest.any(|other| other == label)) {
        return Ok(source.len() < target.len());
    }
    Err(None)
}

/// The same type by its name: with its schema, or with its extension, which may live in another schema.
pub(crate) fn same_name(source: &PgType, target: &PgType) -> bool {
    source.name == target.name
        && source.extension == target.extension
        && (source.extension.is_some() || source.schema == target.schema)
}

/// How two base types of the same binary form stand to each other.
enum Base {
    Same,
    Wider(String),
    Other,
}

fn same_base(source: &PgType, target: &PgType) -> Base {
    if source.extension_name() == Some("citext") && is_unbounded_text(target) {
        return Base::Wider(format!("citext as {}, which minds case", target.sql()));
    }
    let wider_if = |is_wider: bool| {
        if is_wider { Base::Wider(format!("{} as {}", source.sql(), target.sql())) } else { Base::Other }
    };
    match (source.builtin_name(), target.builtin_name()) {
        // XML output normalises the declaration: PostgreSQL source, xml.c, xml_out_internal.
        (Some("xml"), Some("xml")) => {
            Base::Wider("an XML declaration is normalised, as PostgreSQL's output does".into())
        }
        (Some(from), Some(to)) if from == to && source.typmod == target.typmod => Base::Same,
        (Some(from), Some(to)) if from == to => wider_if(grows(from, source.typmod, target.typmod)),
        (Some(from), Some(to)) => wider_if(becomes(from, source.typmod, to, target.typmod)),
        (None, None) if !same_name(source, target) => Base::Other,
        (None, None) if source.modifier == target.modifier => Base::Same,
        (None, None) => wider_if(target.modifier.is_none()),
        _ => Base::Other,
    }
}

fn is_unbounded_text(ty: &PgType) -> bool {
    matches!(ty.builtin_name(), Some("text" | "varchar")) && ty.typmod < 0
}

/// The same type with another modifier takes every value.
fn grows(name: &str, from: i32, to: i32) -> bool {
    match name {
        _ if to < 0 => true,
        // Modifiers of length and of fractional digits both grow with what they allow; none at the source is the most.
        "varchar" | "bpchar" | "varbit" | "time" | "timetz" | "timestamp" | "timestamptz" => from >= 0 && from <= to,
        "numeric" => match (numeric_bounds(from), numeric_bounds(to)) {
            (Some((p, s)), Some((wider_p, wider_s))) => wider_s >= s && wider_p - wider_s >= p - s,
            (_, to) => to.is_none(),
        },
        _ => false,
    }
}

/// Another type of the same binary form takes every value.
fn becomes(from: &str, from_typmod: i32, to: &str, to_typmod: i32) -> bool {
    /// A name has at most 63 bytes, so at most 63 characters; a modifier counts four more.
    const NAME_TYPMOD: i32 = 63 + 4;
    match (from, to) {
        ("text" | "varchar" | "bpchar" | "name" | "json", "text" | "varchar") if to_typmod < 0 => true,
        ("bpchar", "varchar") => from_typmod >= 0 && from_typmod <= to_typmod,
        ("name", "varchar") => to_typmod >= NAME_TYPMOD,
        ("bit", "varbit") => to_typmod < 0 || (from_typmod >= 0 && from_typmod <= to_typmod),
        _ => false,
    }
}

/// A refusal with the column that it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?}: {refusal}")]
pub struct ColumnRefusal {
    /// The column.
    pub column: String,
    /// Why.
    pub refusal: Refusal,
}
