//! Those who look at the destination while runs come and go: each look must see whole snapshots.

use crate::{
    cell::Cell,
    lab::{DESTINATION, Lab, RUNTIME, connect, is_gone, query},
    oracle::{books, words},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(60);

/// A reader; it looks until it is dropped.
pub(crate) struct Readers {
    ended: Arc<AtomicBool>,
    pub(crate) looks: Arc<AtomicU64>,
    wrong: Arc<Mutex<Vec<String>>>,
    task: Option<JoinHandle<()>>,
}

impl Readers {
    pub(crate) fn start(lab: &Lab, cell: Cell) -> Self {
        let (ended, looks, wrong) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::default());
        let task = look(lab.server.port(), books(cell), ended.clone(), looks.clone(), Arc::clone(&wrong));
        let task = Some(RUNTIME.spawn(task));
        Self { ended, looks, wrong, task }
    }

    /// What they saw that nobody should see, since they were last asked.
    pub(crate) fn wrong(&self) -> Vec<String> {
        std::mem::take(&mut *self.wrong.lock().unwrap())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        if let Some(task) = self.task.take() {
            let ended = RUNTIME.block_on(task);
            assert!(std::thread::panicking() || ended.is_ok(), "a reader failed: {ended:?}");
        }
    }
}

async fn look(port: u16, sql: String, ended: Arc<AtomicBool>, looks: Arc<AtomicU64>, wrong: Arc<Mutex<Vec<String>>>) {
    while !ended.load(SeqCst) {
        let Ok(client) = connect(port, DESTINATION).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while !ended.load(SeqCst) {
            let seen = match query(&client, &sql).await {
                Ok(rows) => words(&rows),
                Err(error) if is_gone(&client, &error) => break,
                Err(error) => vec![error.to_string(), format!("{error:?}")],
            };
            looks.fetch_add(1, SeqCst);
            wrong.lock().unwrap().extend(seen.into_iter().map(|what| format!("a reader saw: {what}")));
            tokio::time::sleep(PAUSE).await;
        }
    }
}
