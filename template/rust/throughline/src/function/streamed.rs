//! A body that is sent while it is made: inside its request's context, until its deadline.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use hyper::body::Frame;
use tokio::time::{Instant, Sleep};

use crate::body::BoxError;
use crate::{Body, Context};

/// Keeps what belongs to the request, such as its place among those in flight, as long as the body
/// is being sent.
pub(super) struct Streamed<K> {
    body: Body,
    context: Context,
    ends: Option<Pin<Box<Sleep>>>,
    broken: bool,
    _kept: K,
}

impl<K> Streamed<K> {
    pub(super) fn new(body: Body, context: Context, deadline: Option<Instant>, kept: K) -> Self {
        Self {
            body,
            context,
            ends: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))),
            broken: false,
            _kept: kept,
        }
    }
}

impl<K: Send + Sync + Unpin> hyper::body::Body for Streamed<K> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.broken {
            return Poll::Ready(None);
        }
        this.context.clone().sync_scope(|| {
            let late = this
                .ends
                .as_mut()
                .is_some_and(|ends| ends.as_mut().poll(cx).is_ready());
            let polled = if late {
                Poll::Ready(Some(Err("its time was over".into())))
            } else {
                Pin::new(&mut this.body).poll_frame(cx)
            };
            if let Poll::Ready(Some(Err(error))) = &polled {
                this.broken = true;
                let error = crate::telemetry::chain(error.as_ref());
                tracing::error!(error, "the answer was broken off while it was sent");
            }
            polled
        })
    }

    fn is_end_stream(&self) -> bool {
        self.broken || self.body.is_end_stream()
    }
}
