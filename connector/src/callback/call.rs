//! One asynchronous call: into the gateway's queue, and then the wait for its callback.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use throughline::Context;
use tokio::time::{Instant, sleep_until};

use super::told::{Terms, told};
use super::waiting::{Callback, Callbacks, Whose};
use crate::gateway::{Call, MakeHeaders, put};
use crate::indirect::Indirect;
use crate::lane::Lane;
use crate::verdict::{Answer, Outcome};

/// The header that tells the gateway where to post the outcome.
const CALLBACK_URL: HeaderName = HeaderName::from_static("x-callback-url");

/// Makes the call and waits up to `most` for its callback. Cancel-safe: a callback that comes after
/// that settles nothing.
pub(crate) async fn call(
    lane: &Lane,
    callbacks: &Callbacks,
    most: Duration,
    whose: Whose,
    context: &Context,
    headers: MakeHeaders<'_>,
    body: Bytes,
) -> Call {
    let (started, function) = (Instant::now(), whose.function.clone());
    let mut expected = callbacks.expect(context.call_id().unwrap_or_default(), whose);
    let url = expected.url();
    let with_url = || {
        let mut headers = headers();
        put(&mut headers, CALLBACK_URL, &url);
        headers
    };
    let gateway = &lane.shared.gateway;
    let now = lane.shared.wall_clock.now();
    let terms = Terms {
        sent_id: context.correlation_id().as_str().to_owned(),
        late: gateway.timeout().mul_f64(0.9),
    };
    let callback = tokio::select! {
        biased;
        // It may come before the gateway's own answer does.
        callback = expected.told() => callback,
        queued = gateway.enqueue(&function, &with_url, body, now) => match queued {
            Err(call) => return call,
            Ok(()) => tokio::select! {
                biased;
                callback = expected.told() => callback,
                () = sleep_until(started + most) => return missing(started, most),
            },
        },
    };
    let Callback { headers, body } = callback;
    let now = lane.shared.wall_clock.now();
    match told(&headers, body.is_empty(), &terms, now) {
        Some((outcome, took)) => Call {
            outcome,
            error: None,
            body,
            // The time in the gateway's queue says nothing of the function.
            took: took.unwrap_or_else(|| started.elapsed()),
        },
        // The listener refuses those; nobody tells then.
        None => missing(started, most),
    }
}

/// What a late callback has told already.
pub(crate) fn succeeded() -> Call {
    let answer = Answer {
        status: 200,
        by_function: true,
        ..Answer::default()
    };
    Call {
        outcome: Outcome::Answered(answer),
        error: None,
        body: Bytes::new(),
        took: Duration::ZERO,
    }
}

fn missing(started: Instant, most: Duration) -> Call {
    Call {
        outcome: Outcome::Indirect(Indirect::NoCallback),
        error: Some(format!(
            "the gateway took the call, and no callback came within {most:?}"
        )),
        body: Bytes::new(),
        took: started.elapsed(),
    }
}
