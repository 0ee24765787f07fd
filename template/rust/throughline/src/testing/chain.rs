//! The chain check: no call goes out without the id.

use super::{Answer, Backend};
use crate::header;

/// Fails the test unless every call that reached `backend` carried the id of the request that was
/// answered, and at least one did.
///
/// A client that knows nothing of the id is found by this, whatever library it is of:
///
/// ```should_panic
/// use throughline::testing::{Backend, Call, assert_chain};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let _ = throughline::http(); // sets up the TLS of the process, which every reqwest client needs
/// let stock = Backend::start(|_| (200, String::new())).await;
/// let url = stock.url().to_owned();
/// let forgetful = move |_: throughline::Request| {
///     let url = url.clone();
///     async move { reqwest::get(url).await.unwrap().status() }
/// };
/// let answer = Call::body("").to(forgetful).await;
/// assert_chain(&answer, &stock); // "GET / went out without X-Correlation-ID …"
/// # }
/// ```
///
/// # Panics
/// When a call went out without the id or with another, naming each; and when there was no call.
#[track_caller]
pub fn assert_chain(answer: &Answer, backend: &Backend) {
    let calls = backend.calls();
    assert!(
        !calls.is_empty(),
        "the chain ends in the handler: no call reached {}",
        backend.url()
    );
    let broken: Vec<_> = calls
        .iter()
        .filter_map(|call| {
            let (method, path) = (&call.method, &call.path);
            match call.header(header::CORRELATION_ID) {
                Some(id) if id == answer.correlation_id => None,
                Some(id) => Some(format!("{method} {path} went out with the id {id:?}")),
                None => Some(format!("{method} {path} went out without X-Correlation-ID")),
            }
        })
        .collect();
    assert!(
        broken.is_empty(),
        "the chain of {:?} is broken; make these calls with throughline::http(), or put the ids on them with throughline::stamp:\n  {}",
        answer.correlation_id,
        broken.join("\n  ")
    );
}
