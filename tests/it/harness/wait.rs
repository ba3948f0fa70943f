//! Waiting, with an end: for what nobody announces, such as the end of a process, and for what may never come.

use std::time::Duration;

use tokio::time::{interval, timeout};

/// Far longer than anything takes; only a test that fails gets there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `found` finds something.
pub(crate) async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let mut tick = interval(Duration::from_millis(2));
    let look = async {
        loop {
            if let Some(found) = found() {
                return found;
            }
            tick.tick().await;
        }
    };
    patiently(&format!("until {what}"), look).await
}

/// Waits for a future that would wait for ever if the host were at fault.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain {what}"))
}
