//! The commit, and what to do when its answer is lost: the destination's own record settles it.

use super::{
    attempt::{Broken, Task},
    source::farewell,
};
use crate::{
    Category, EngineError, Event,
    engine::Open,
    host::{DestinationGuest, NewCheckpoint},
};
use std::time::Duration;

/// What is committed.
pub(super) struct Commit<'a> {
    pub(super) run: &'a str,
    pub(super) checkpoints: &'a [NewCheckpoint],
    /// JSON.
    pub(super) receipt: &'a str,
}

/// How often the destination is asked, and the pause before each time: a server that restarts needs some seconds, and one
/// whose client vanished in its commit needs a moment to end it.
const ASKED_MAX: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// A record that is not there so often, a pause between, will not come.
const ABSENT_MAX: u32 = 3;

/// Commits; the guest comes back if its session outlived that.
///
/// # Errors
/// A refusal of the server: nothing was committed. [`EngineError::OutcomeUnknown`] where nobody could be asked.
pub(super) async fn run(
    mut guest: DestinationGuest,
    task: &Task,
    commit: &Commit<'_>,
) -> Result<Option<DestinationGuest>, Broken> {
    match guest.commit(commit.checkpoints, commit.receipt).await {
        Ok(()) => Ok(Some(guest)),
        Err(error) if is_settled(&error) => Err(Broken::Failed(error)),
        Err(error) => {
            drop(guest);
            (task.around.events)(Event::AskingOutcome);
            if ask(task, commit.run).await? { Ok(None) } else { Err(Broken::Failed(error)) }
        }
    }
}

/// The server itself has refused: there is nothing to ask.
fn is_settled(error: &EngineError) -> bool {
    use Category as C;
    error.connector().is_some_and(|error| match error.category {
        C::Network | C::Tls | C::Timeout | C::Protocol | C::Internal | C::Cancelled => false,
        C::Config
        | C::Authentication
        | C::Permission
        | C::NotFound
        | C::Schema
        | C::Data
        | C::Resource
        | C::Conflict
        | C::Busy
        | C::Unsupported => true,
    })
}

/// Did the run commit? Asked on new sessions until somebody says.
async fn ask(task: &Task, run: &str) -> Result<bool, EngineError> {
    let (mut absent, mut failure) = (0, None);
    for _ in 0..ASKED_MAX {
        match outcome(task, run).await {
            Ok(true) => return Ok(true),
            Ok(false) => absent += 1,
            Err(error) => failure = Some(error),
        }
        if absent == ABSENT_MAX {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let source =
        failure.unwrap_or_else(|| EngineError::Defect("the destination was not asked often enough".to_owned()));
    Err(EngineError::OutcomeUnknown { run: run.to_owned(), source: Box::new(source) })
}

async fn outcome(task: &Task, run: &str) -> Result<bool, EngineError> {
    let Open { mut guest, .. } = task.engine.open::<DestinationGuest>(&task.end, &task.around).await?;
    let committed = guest.outcome(run).await?;
    farewell(guest, &task.around).await;
    Ok(committed)
}
