//! Whether both ends can be worked with: everything that is known, never only the first thing that is wrong.

use crate::{
    Engine, EngineError, Side,
    host::{DestinationGuest, SourceGuest, Surroundings, World},
};
use rapidbyte_plans::spec::{EndSpec, Spec};
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Severity {
    Ok,
    Warning,
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub message: String,
    /// What the user can do.
    pub advice: Option<String>,
}

/// What was found at one end.
#[derive(Debug)]
pub struct EndFindings {
    /// Which end.
    pub side: Side,
    /// Its connector.
    pub connector: String,
    /// In the order in which it was looked at.
    pub findings: Vec<Finding>,
    /// What stopped the looking; none where all was seen. It is the last finding as well.
    pub error: Option<EngineError>,
}

impl Engine {
    /// Looks at both ends, source first.
    pub async fn check(&self, spec: &Spec) -> Vec<EndFindings> {
        let around = self.surroundings(&spec.limits);
        let (source, destination) = tokio::join!(
            self.check_end::<SourceGuest>(&spec.source, &around),
            self.check_end::<DestinationGuest>(&spec.destination, &around),
        );
        vec![source, destination]
    }

    async fn check_end<W: World>(&self, end: &EndSpec, around: &Surroundings) -> EndFindings {
        let mut findings = Vec::new();
        let error = self.look::<W>(end, around, &mut findings).await.err();
        findings.extend(error.as_ref().map(as_finding));
        EndFindings { side: W::SIDE, connector: end.connector.clone(), findings, error }
    }

    async fn look<W: World>(
        &self,
        end: &EndSpec,
        around: &Surroundings,
        findings: &mut Vec<Finding>,
    ) -> Result<(), EngineError> {
        let mut open = self.open::<W>(end, around).await?;
        let message = format!("{} as {}, TLS: {}", open.end.product, open.end.user, open.end.tls);
        findings.push(Finding { severity: Severity::Ok, subject: open.end.endpoint.clone(), message, advice: None });
        findings.extend(open.guest.check().await?);
        open.guest.close().await
    }
}

fn as_finding(error: &EngineError) -> Finding {
    let said = error.connector();
    Finding {
        severity: Severity::Failure,
        subject: said.and_then(|said| said.subject.clone()).unwrap_or_else(|| "the connector".to_owned()),
        message: said.map_or_else(|| error.to_string(), |said| said.message.clone()),
        advice: said.and_then(|said| said.advice.clone()),
    }
}
