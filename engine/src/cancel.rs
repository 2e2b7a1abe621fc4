//! The wish to stop, shared by whoever may utter it and whoever must obey. It stops nothing itself.

use tokio::sync::watch;

/// A switch that goes from "go on" to "stop", once. Clones are the same switch.
#[derive(Debug, Clone)]
pub struct CancelToken {
    stop: watch::Sender<bool>,
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl CancelToken {
    /// A switch that says "go on".
    pub fn new() -> Self {
        Self { stop: watch::Sender::new(false) }
    }

    /// Says "stop" to all clones, from any thread.
    pub fn cancel(&self) {
        self.stop.send_replace(true);
    }

    /// "Stop" was said.
    pub fn is_cancelled(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until "stop" is said.
    pub async fn cancelled(&self) {
        // The sender lives in `self`, so the only way to fail does not exist here.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_heard_by_clones_before_and_after() {
        let token = CancelToken::new();
        let early = tokio::spawn({
            let token = token.clone();
            async move { token.cancelled().await }
        });
        assert!(!token.is_cancelled());
        token.clone().cancel();
        early.await.unwrap();
        token.cancelled().await;
        assert!(token.is_cancelled());
    }
}
