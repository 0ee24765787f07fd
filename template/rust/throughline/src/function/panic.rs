//! A panic in a handler becomes an answer.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use http::StatusCode;

use super::response::{Response, refusal};

/// Runs a handler's future; a panic in it becomes an answer. The panic hook has logged it by then.
pub(super) async fn catch_panic(call: impl Future<Output = Response>) -> Response {
    let mut call = pin!(call);
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the function panicked; its log has the reason under this id",
            )),
        },
    )
    .await
}
