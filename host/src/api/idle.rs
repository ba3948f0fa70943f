//! How long a connection has had no call: the calls that are open on it are counted, from their heads to the last bytes
//! of their answers.

use std::time::Duration;

use axum::body::Body;
use http::Response;
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::timeout;

/// The open calls of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(watch::Sender<usize>);

/// One call, open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(watch::Sender<usize>);

impl Calls {
    pub(super) fn begin(&self) -> Open {
        self.0.send_modify(|open| *open += 1);
        Open(self.0.clone())
    }

    /// Ends once there has been no call for so long.
    pub(super) async fn none_for(&self, limit: Duration) {
        let mut open = self.0.subscribe();
        // The sender is here, so neither wait can fail. The second one sees a call that has ended again, too.
        while open.wait_for(|open| *open == 0).await.is_ok() {
            if timeout(limit, open.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Open {
    /// The call is open for as long as its answer is being sent.
    pub(super) fn until_sent(self, answer: Response<Body>) -> Response<Body> {
        answer.map(|body| {
            Body::new(body.inspect_frame(move |_| {
                let _open = &self;
            }))
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}
