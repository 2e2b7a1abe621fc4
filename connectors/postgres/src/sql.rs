//! The one place where SQL text is put together. Text of this crate enters by [`Sql::raw`], which takes nothing that was
//! made at run time; names and values enter by their own doors; the user's own SQL and what a plan
//! carried by doors that say so.

use crate::{
    ident::{Ident, QualifiedName},
    literal,
};
use std::fmt::Write as _;

/// A statement that is being built.
#[derive(Debug, Default)]
pub struct Sql(String);

impl Sql {
    /// An empty statement.
    pub fn new() -> Self {
        Self::default()
    }

    /// SQL of this crate.
    #[must_use]
    pub fn raw(mut self, sql: &'static str) -> Self {
        self.0.push_str(sql);
        self
    }

    /// A quoted identifier.
    #[must_use]
    pub fn ident(mut self, name: &Ident) -> Self {
        name.quote_into(&mut self.0);
        self
    }

    /// A quoted name with its schema.
    #[must_use]
    pub fn name(mut self, name: &QualifiedName) -> Self {
        name.quote_into(&mut self.0);
        self
    }

    /// A text literal.
    pub fn literal(mut self, text: &str) -> Result<Self, literal::NulError> {
        self.0.push_str(&literal::quoted(text)?);
        Ok(self)
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{number}");
        self
    }

    /// What another builder of this crate made.
    #[must_use]
    pub fn part(mut self, part: &Self) -> Self {
        self.0.push_str(&part.0);
        self
    }

    /// The user's own SQL, as the sync file has it: it runs with the user's own rights and nothing more.
    #[must_use]
    pub fn of_the_user(mut self, sql: &str) -> Self {
        self.0.push_str(sql);
        self
    }

    /// What an earlier step of this crate made, or read from the catalogue of the server that runs it, and a plan carried: the
    /// text of a type, the definition of an index, a whole statement.
    #[must_use]
    pub fn of_the_plan(mut self, sql: &str) -> Self {
        self.0.push_str(sql);
        self
    }

    /// Each item, with a separator between.
    #[must_use]
    pub fn join<T>(
        mut self,
        separator: &'static str,
        items: impl IntoIterator<Item = T>,
        f: impl Fn(Self, T) -> Self,
    ) -> Self {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self = self.raw(separator);
            }
            self = f(self, item);
        }
        self
    }

    /// Names in a row: `"a", "b"`.
    #[must_use]
    pub fn idents<'a>(self, names: impl IntoIterator<Item = &'a Ident>) -> Self {
        self.join(", ", names, Self::ident)
    }

    /// The text.
    pub fn done(self) -> String {
        self.0
    }
}
