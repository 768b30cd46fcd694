//! A flag that stops a run, and wakes whoever waits.

use tokio::sync::watch;

/// Stops a run: calls in flight are dropped, later ones are not made. Clones are the same flag.
#[derive(Clone, Debug)]
pub struct Interrupt {
    flag: watch::Sender<bool>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Interrupt { flag: watch::Sender::new(false) }
    }
}

impl Interrupt {
    /// Raises the flag, for good.
    pub fn trigger(&self) {
        self.flag.send_replace(true);
    }

    pub fn is_triggered(&self) -> bool {
        *self.flag.borrow()
    }

    /// Waits until the flag is raised.
    pub async fn triggered(&self) {
        let mut flag = self.flag.subscribe();
        // The sender lives as long as `self`, so that the wait cannot end early.
        let _ = flag.wait_for(|raised| *raised).await;
    }
}
