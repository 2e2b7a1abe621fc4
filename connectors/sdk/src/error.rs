//! Errors of the contract, built in one place.

use crate::types::{Category, Error, Scope};
use std::fmt;

impl Error {
    /// An error of the whole run that no retry mends.
    pub fn new(category: Category, message: impl Into<String>) -> Self {
        let (code, subject, advice) = (None, None, None);
        Self { category, scope: Scope::Run, retryable: false, code, subject, message: message.into(), advice }
    }

    /// Names the object concerned.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Says what the user can do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says what is lost.
    #[must_use]
    pub fn within(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }
}

/// A connector's own defect.
pub fn fault(what: impl fmt::Display) -> Error {
    Error::new(Category::Internal, what.to_string())
}
