//! A request's body as it arrives.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use hyper::body::{Body as _, Frame, Incoming};
use tokio::time::{Instant, Sleep};

use crate::Error;
use crate::body::BoxError;

/// A request's body, read piece by piece as it arrives: the second argument of a handler that takes
/// one.
///
/// A piece may take `read_timeout` to arrive. The whole may be as large as it likes, unless
/// `max_body_bytes` is set. Nothing is kept: a handler that reads slowly makes its caller wait.
///
/// It is a body itself, so that it can be handed on as it comes:
///
/// ```
/// use throughline::{Body, BodyStream, Request};
///
/// async fn echo(_: Request, body: BodyStream) -> Body {
///     Body::stream(body)
/// }
/// ```
pub struct BodyStream {
    from: Source,
    limit: Option<usize>,
    seen: usize,
    patience: Duration,
    late: Option<Pin<Box<Sleep>>>,
}

enum Source {
    Wire(Incoming),
    Here(Full<Bytes>),
}

/// Why a request's body, or the rest of it, can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("the body has more than {0} bytes; max_body_bytes raises the limit")]
    TooLong(usize),
    #[error("the body did not arrive within {0:?}, the read_timeout")]
    Late(Duration),
    #[error("the body did not arrive whole")]
    Broken(#[source] BoxError),
}

impl Unread {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl BodyStream {
    pub(crate) fn new(body: Incoming, limit: Option<usize>, patience: Duration) -> Self {
        Self::from(Source::Wire(body), limit, patience)
    }

    /// A body that is there already, as a test has it.
    pub(crate) fn whole(body: Bytes) -> Self {
        Self::from(Source::Here(Full::new(body)), None, Duration::MAX)
    }

    fn from(from: Source, limit: Option<usize>, patience: Duration) -> Self {
        Self {
            from,
            limit,
            seen: 0,
            patience,
            late: None,
        }
    }

    /// The next piece; `None` once the body is whole. Cancel-safe: a piece is not lost.
    ///
    /// ```
    /// use throughline::{BodyStream, Error, Request};
    ///
    /// async fn lines(_: Request, mut body: BodyStream) -> Result<String, Error> {
    ///     let mut lines = 0;
    ///     while let Some(piece) = body.chunk().await? {
    ///         lines += piece.iter().filter(|byte| **byte == b'\n').count();
    ///     }
    ///     Ok(lines.to_string())
    /// }
    /// ```
    ///
    /// # Errors
    /// 413 over the limit, 408 where nothing came within `read_timeout`, 400 where the caller broke
    /// off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match poll_fn(|cx| self.poll_piece(cx)).await {
                None => return Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    // Trailers: nobody asks for them.
                    Err(_) => continue,
                },
                Some(Err(unread)) => {
                    let status = unread.status().as_u16();
                    return Err(Error::rejected(status, unread.to_string()));
                }
            }
        }
    }

    fn poll_wire(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        let polled = match &mut self.from {
            Source::Wire(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Source::Here(body) => (Pin::new(body).poll_frame(cx)).map_err(|never| match never {}),
        };
        if polled.is_ready() {
            self.late = None;
            return polled.map_err(Unread::Broken);
        }
        // A limit beyond all time is none.
        if let Some(until) = Instant::now().checked_add(self.patience) {
            let late = self
                .late
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
            ready!(late.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Unread::Late(self.patience))));
        }
        Poll::Pending
    }

    fn poll_piece(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        let frame = ready!(self.poll_wire(cx));
        if let Some(Ok(frame)) = &frame {
            self.seen = (self.seen).saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if let Some(limit) = self.limit.filter(|limit| self.seen > *limit) {
                return Poll::Ready(Some(Err(Unread::TooLong(limit))));
            }
        }
        Poll::Ready(frame)
    }
}

impl hyper::body::Body for BodyStream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_piece(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            Source::Wire(body) => body.is_end_stream(),
            Source::Here(body) => body.is_end_stream(),
        }
    }
}

impl std::fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (f.debug_struct("BodyStream"))
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
