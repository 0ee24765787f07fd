//! A limit for what is nearly always there at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The limit came first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late;

/// Waits for a future, for at most so long.
///
/// As `tokio::time::timeout`, but for a future that is ready when it is polled for the second time no
/// timer is set: hyper hands out a body only once it was asked for, and then mostly has it.
pub(super) async fn patiently<F: Future>(most: Duration, future: F) -> Result<F::Output, Late> {
    let mut future = pin!(future);
    // A limit beyond all time is none.
    let until = Instant::now().checked_add(most);
    let mut asked = false;
    let soon = poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if asked => Poll::Ready(None),
        Poll::Pending => {
            asked = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    if let Some(output) = soon.await {
        return Ok(output);
    }
    let Some(until) = until else {
        return Ok(future.await);
    };
    tokio::select! {
        biased;
        output = &mut future => Ok(output),
        () = sleep_until(until) => Err(Late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_time_is_taken_and_what_does_not_is_late() {
        let second = Duration::from_secs(1);
        let after = |time: Duration| async move {
            tokio::time::sleep(time).await;
            7
        };
        assert_eq!(patiently(second, async { 7 }).await, Ok(7));
        assert_eq!(patiently(second, after(second / 2)).await, Ok(7));
        assert_eq!(patiently(Duration::MAX, after(second)).await, Ok(7));
        let started = Instant::now();
        assert_eq!(patiently(second, after(2 * second)).await, Err(Late));
        assert_eq!(started.elapsed(), second);
    }
}
