//! The tokio runtime, built when a command first needs it, and the two signals that end a command.

use crate::failure::{Failure, defect};
use rapidbyte_engine::CancelToken;
use std::{future::Future, thread};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Source and destination run side by side, so two; more than four only wait for PostgreSQL.
const WORKERS_MIN: usize = 2;
const WORKERS_MAX: usize = 4;

/// The threads of one command. Dropping it waits for nothing: whatever still runs then was given up.
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(crate) fn new() -> Result<Self, Failure> {
        let cores = thread::available_parallelism().map_or(WORKERS_MIN, usize::from);
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores.clamp(WORKERS_MIN, WORKERS_MAX))
            .enable_all()
            .build();
        built.map(|runtime| Self(Some(runtime))).map_err(|error| defect(format!("cannot start threads: {error}")))
    }

    /// Runs `task` to its end. A signal drops it, which closes its connections, and fails as cancelled.
    pub(crate) fn run<T>(&self, task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.block_on(async {
            let mut signals = Signals::listen()?;
            tokio::select! {
                result = task => result,
                name = signals.next() => Err(Failure::cancelled(name)),
            }
        })
    }

    /// Runs a function that blocks. A signal gives it up and fails as cancelled.
    pub(crate) fn run_blocking<T, F>(&self, task: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Failure> + Send + 'static,
    {
        self.run(async {
            let ended = tokio::task::spawn_blocking(task).await;
            ended.map_err(|_| defect("a thread ended before its work"))?
        })
    }

    /// Runs `task` to its end. The first signal calls `notice`, cancels `token` and waits for `task` to stop in order;
    /// the second gives it up, and the servers roll back.
    pub(crate) fn run_until_cancelled<T>(
        &self,
        token: &CancelToken,
        notice: impl FnOnce(&'static str),
        task: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.block_on(async {
            let mut signals = Signals::listen()?;
            tokio::pin!(task);
            let name = tokio::select! {
                result = &mut task => return result,
                name = signals.next() => name,
            };
            notice(name);
            token.cancel();
            tokio::select! {
                result = &mut task => result,
                name = signals.next() => Err(Failure::stopped(name)),
            }
        })
    }

    /// Waits for a signal, however long.
    pub(crate) fn wait_for_signal(&self) -> Result<(), Failure> {
        self.block_on(async {
            Signals::listen()?.next().await;
            Ok(())
        })
    }

    fn block_on<T>(&self, task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match &self.0 {
            Some(runtime) => runtime.block_on(task),
            None => Err(defect("the runtime has ended")),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| defect(format!("cannot listen for signals: {error}")));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// The next signal's name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
