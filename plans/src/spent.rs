//! A plan is single use: whether it still may be applied, after what the destination remembers. Pure; when a plan expires is
//! the caller's business, who has a clock.

use crate::{drift::Difference, observation::PastRun};

/// Why a plan may not be applied any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spent {
    /// By this run it was.
    Applied(PastRun),
    /// This run of the same sync was committed after the plan was made.
    Superseded(PastRun),
    /// The records say less than when the plan was made.
    Forgotten(Difference),
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Applied(by) => write!(f, "the plan was applied by run {} at {}", by.run, by.finished_at),
            Self::Superseded(by) => {
                write!(f, "the plan is superseded: run {} of this sync was committed at {}", by.run, by.finished_at)
            }
            Self::Forgotten(_) => f.write_str("the destination has lost its records of this sync"),
        }
    }
}

/// `planned` is the newest committed run that the plan saw, `now` the one that there is, `digest` the plan's. None: the plan
/// may be applied.
pub fn spent(planned: Option<&PastRun>, now: Option<&PastRun>, digest: &str) -> Option<Spent> {
    match (planned, now) {
        (planned, now) if planned == now => None,
        (_, Some(by)) if by.plan == digest => Some(Spent::Applied(by.clone())),
        (_, Some(by)) => Some(Spent::Superseded(by.clone())),
        (planned, None) => Some(Spent::Forgotten(Difference {
            stream: None,
            what: "last run".to_owned(),
            planned: planned.map(|run| run.run.clone()),
            now: None,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, plan: &str) -> PastRun {
        PastRun { run: name.to_owned(), plan: plan.to_owned(), finished_at: "2026-11-22T10:00:00Z".to_owned() }
    }

    #[test]
    fn a_plan_is_used_once() {
        let (before, own, other) = (run("r1", "sha256:0"), run("r2", "sha256:own"), run("r2", "sha256:other"));
        let told = |planned, now| spent(planned, now, "sha256:own");
        assert_eq!((told(None, None), told(Some(&before), Some(&before))), (None, None));
        for planned in [None, Some(&before)] {
            assert!(matches!(told(planned, Some(&own)), Some(Spent::Applied(_))));
            assert!(matches!(told(planned, Some(&other)), Some(Spent::Superseded(_))));
        }
        assert!(matches!(told(Some(&before), None), Some(Spent::Forgotten(_))));
    }
}
