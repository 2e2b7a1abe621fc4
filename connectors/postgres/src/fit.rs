//! What becomes of a column at the destination: the type it meets or gets there, the verdict, and the statements that make
//! missing types. Types are made from our own model of them, never from text of the source's catalog.

use crate::{
    compare::{Comparison, comparison},
    decision::{Effect, Phase, Statement},
    ident::{Ident, QualifiedName},
    literal::NulError,
    pair::{Refusal, pair},
    sql::Sql,
    text,
    types::{
        Field, Kind, PgType,
        arrow::{REFUSED, type_of},
        catalog::Types,
    },
};
use arrow_schema::Schema;
use std::collections::{BTreeMap, BTreeSet};

/// What the destination has of the types and schemas that were [`wanted`].
#[derive(Debug, Default)]
pub struct TargetCatalog {
    /// Types that are there.
    pub types: Types,
    /// Schemas that are there, and whether we may create in each; the empty name: whether we may create schemas.
    pub schemas: BTreeMap<String, bool>,
}

/// What to ask the destination's catalog for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Schema and name: for [`crate::types::catalog::named_types_query`].
    pub types: Vec<(String, String)>,
    /// Extensions: for the same.
    pub extensions: Vec<String>,
    /// Schemas: for [`crate::types::schemas::query`].
    pub schemas: Vec<String>,
}

/// The verdict on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Bit for bit, same type.
    Exact,
    /// Every value keeps its meaning in a wider type.
    Widened,
    /// Some value could change: it is not moved.
    Refused,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The column.
    pub column: String,
    /// The type in SQL that it has, or is to be created with.
    pub target: String,
    /// The verdict.
    pub label: Label,
    /// Why it is widened or refused, and what to do about it.
    pub note: Option<String>,
    /// It can travel as a literal of an INSERT.
    pub literal: bool,
    /// Its values are arrays or rows: `unnest` takes an array of them further apart than into its elements.
    pub nested: bool,
    /// Statements that make missing types first, in their order. Columns that share a type have the same statements.
    pub types: Vec<Statement>,
    /// Where it is refused: the type in SQL that the existing column can be altered to, losing nothing.
    pub alter: Option<String>,
    /// How its values are compared with those of the target.
    pub compared: Comparison,
}

/// The types of users and extensions in a stream's schema, their extensions and schemas.
pub fn wanted(schema: &Schema) -> Wanted {
    let (mut types, mut extensions, mut schemas) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let trees: Vec<PgType> = schema.fields().iter().filter_map(|field| type_of(field).ok()).collect();
    let mut left: Vec<&PgType> = trees.iter().collect();
    while let Some(ty) = left.pop() {
        left.extend(ty.parts());
        if !ty.is_builtin() {
            types.insert((ty.schema.clone(), ty.name.clone()));
            extensions.extend(ty.extension.clone());
            schemas.insert(ty.schema.clone());
        }
    }
    Wanted {
        types: types.into_iter().collect(),
        extensions: extensions.into_iter().collect(),
        schemas: schemas.into_iter().collect(),
    }
}

/// Judges one column. `existing` is the type of the target's column, where there is one.
pub fn fit(field: &arrow_schema::Field, existing: Option<&PgType>, there: &TargetCatalog) -> Fit {
    let mut fit = match judge(field, existing, there) {
        Ok(fit) => return fit,
        Err(Refusal { reason, advice }) => Fit {
            column: field.name().clone(),
            target: existing.map(PgType::sql).unwrap_or_default(),
            label: Label::Refused,
            note: Some(advice.map_or(reason.clone(), |advice| format!("{reason}; {advice}"))),
            literal: false,
            nested: false,
            types: Vec::new(),
            alter: None,
            compared: Comparison::default(),
        },
    };
    if let Some((target, literal, types)) = existing.and_then(|existing| altered(field, existing, there)) {
        fit = Fit { alter: Some(target.sql()), literal, nested: is_nested(&target), types, ..fit };
    }
    fit
}

/// The verdict where a refused column can be altered: what a new column of the stream would be takes all that is there.
fn altered(
    field: &arrow_schema::Field,
    existing: &PgType,
    there: &TargetCatalog,
) -> Option<(PgType, bool, Vec<Statement>)> {
    let source = type_of(field).ok()?;
    let mut making = Making { there, statements: Vec::new() };
    let target = making.target(&source).ok()?;
    pair(&source, &target).ok()?;
    pair(existing, &target).ok()?;
    Some((target, text::is_literal(&source), making.statements))
}

fn judge(field: &arrow_schema::Field, existing: Option<&PgType>, there: &TargetCatalog) -> Result<Fit, Refusal> {
    if let Some(reason) = field.metadata().get(REFUSED) {
        return Err(Refusal::new(reason).advice("leave the column out"));
    }
    let source = type_of(field).map_err(|error| Refusal::new(error.to_string()))?;
    let mut making = Making { there, statements: Vec::new() };
    let target = match existing {
        Some(existing) => existing.clone(),
        None => making.target(&source)?,
    };
    let widened = pair(&source, &target)?.widened;
    Ok(Fit {
        column: field.name().clone(),
        target: target.sql(),
        label: if widened.is_some() { Label::Widened } else { Label::Exact },
        note: widened,
        literal: text::is_literal(&source),
        nested: is_nested(&target),
        types: making.statements,
        alter: None,
        compared: comparison(&source, &target),
    })
}

fn is_nested(ty: &PgType) -> bool {
    matches!(ty.base().kind, Kind::Array { .. } | Kind::Composite(_))
}

/// The making of one column's type.
struct Making<'a> {
    there: &'a TargetCatalog,
    statements: Vec<Statement>,
}

impl Making<'_> {
    /// The type that a new column gets. What is made only later has OID 0 here.
    fn target(&mut self, source: &PgType) -> Result<PgType, Refusal> {
        match &source.kind {
            Kind::Array { element, delimiter } => {
                let element = Box::new(self.target(element)?);
                Ok(PgType { kind: Kind::Array { element, delimiter: *delimiter }, ..source.clone() })
            }
            _ if source.is_builtin() => Ok(source.clone()),
            Kind::Domain(base) => self.domain(source, base),
            Kind::Enum(labels) => match self.find(source)? {
                Some(found) => Ok(found),
                None => self.create(source, &source.kind, |sql| enum_body(sql, labels)),
            },
            Kind::Composite(fields) => match self.find(source)? {
                Some(found) => Ok(found),
                None => self.composite(source, fields),
            },
            Kind::Base | Kind::Range(_) | Kind::Multirange(_) => self.find(source)?.ok_or_else(|| missing(source)),
            Kind::Unsupported(reason) => Err(Refusal::new(reason)),
        }
    }

    /// The destination's type of the same name, with the source's modifier.
    fn find(&self, source: &PgType) -> Result<Option<PgType>, Refusal> {
        let types = &self.there.types;
        let found = match &source.extension {
            Some(extension) => types.of_extension(extension, &source.name),
            None => types.named(&source.schema, &source.name),
        };
        let found = found.map_err(|error| Refusal::new(error.to_string()))?;
        Ok(found.map(|found| PgType { typmod: source.typmod, modifier: source.modifier.clone(), ..found }))
    }

    /// A domain is not made: its constraints are the source's own code. Without it the column gets the base type.
    fn domain(&mut self, source: &PgType, base: &PgType) -> Result<PgType, Refusal> {
        match self.find(source)? {
            Some(found) if pair(source, &found).is_ok() => Ok(found),
            _ => self.target(base),
        }
    }

    fn composite(&mut self, source: &PgType, fields: &[Field]) -> Result<PgType, Refusal> {
        let fields = fields
            .iter()
            .map(|field| Ok(Field { name: field.name.clone(), ty: self.target(&field.ty)? }))
            .collect::<Result<Vec<_>, Refusal>>()?;
        let kind = Kind::Composite(fields.clone());
        self.create(source, &kind, |sql| composite_body(sql, &fields))
    }

    fn create(
        &mut self,
        source: &PgType,
        kind: &Kind,
        body: impl FnOnce(Sql) -> Result<Sql, NulError>,
    ) -> Result<PgType, Refusal> {
        let name = QualifiedName::new(&source.schema, &source.name);
        let name = name.map_err(|error| Refusal::new(format!("the type's name is impossible: {error}")))?;
        self.may_create(source)?;
        if let Some(schema) = name.schema.as_ref().filter(|schema| !self.there.schemas.contains_key(schema.as_str())) {
            self.push("schema of a type", Sql::new().raw("CREATE SCHEMA IF NOT EXISTS ").ident(schema));
        }
        let sql = body(Sql::new().raw("CREATE TYPE ").name(&name).raw(" AS "));
        let sql = sql.map_err(|error| Refusal::new(format!("the type {} cannot be made: {error}", source.sql())))?;
        self.push("type of a column", sql);
        Ok(PgType { oid: 0, kind: kind.clone(), ..source.clone() })
    }

    fn may_create(&self, source: &PgType) -> Result<(), Refusal> {
        let schemas = &self.there.schemas;
        match schemas.get(&source.schema).or_else(|| schemas.get("")) {
            Some(false) => {
                let reason = format!("the destination has no type {}, and this role may not make it", source.sql());
                Err(Refusal::new(reason).advice("create the type there first, or grant CREATE on its schema"))
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, purpose: &str, sql: Sql) {
        let (phase, effect, sql) = (Phase::Setup, Effect::Create, sql.done());
        if self.statements.iter().all(|statement| statement.sql != sql) {
            self.statements.push(Statement { phase, effect, sql, purpose: purpose.to_owned() });
        }
    }
}

fn enum_body(sql: Sql, labels: &[String]) -> Result<Sql, NulError> {
    let mut sql = sql.raw("ENUM (");
    for (at, label) in labels.iter().enumerate() {
        sql = if at == 0 { sql } else { sql.raw(", ") }.literal(label)?;
    }
    Ok(sql.raw(")"))
}

fn composite_body(sql: Sql, fields: &[Field]) -> Result<Sql, NulError> {
    let mut sql = sql.raw("(");
    for (at, field) in fields.iter().enumerate() {
        // A field's name obeys the rules of a column's: a catalog that says otherwise has one that no server stores.
        let name = Ident::new(field.name.clone()).map_err(|_| NulError)?;
        sql = if at == 0 { sql } else { sql.raw(", ") }.ident(&name).raw(" ").of_the_plan(&field.ty.sql());
    }
    Ok(sql.raw(")"))
}

fn missing(source: &PgType) -> Refusal {
    let refusal = Refusal::new(format!("the destination has no type {}", source.sql()));
    match source.extension.as_ref().map(|extension| Ident::new(extension.clone())) {
        Some(Ok(extension)) => refusal.advice(format!("CREATE EXTENSION {} there first", extension.quoted())),
        _ => refusal.advice("create the type there first, or leave the column out"),
    }
}
