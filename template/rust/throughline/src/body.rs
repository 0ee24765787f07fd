//! What an answer carries: bytes that are there already, or bytes that come while they are sent.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How many pieces of a body wait for a slow caller before its sender waits too.
const WAITING: usize = 8;

/// What an answer carries: bytes that are there already, or a stream of them.
///
/// ```
/// use throughline::{Body, Request};
///
/// async fn tea(_: Request) -> Body {
///     "two cups".into()
/// }
/// ```
pub struct Body(Kind);

enum Kind {
    Full(Full<Bytes>),
    Stream(BoxBody<Bytes, BoxError>),
}

impl Body {
    /// No bytes at all.
    ///
    /// ```
    /// use hyper::body::Body as _;
    ///
    /// assert!(throughline::Body::empty().is_end_stream());
    /// ```
    pub fn empty() -> Self {
        Bytes::new().into()
    }

    /// Bytes that come while they are sent. They are sent in chunks, whatever length they say.
    ///
    /// ```
    /// use throughline::{Body, BodyStream, Request};
    ///
    /// // What arrives goes out again, piece by piece.
    /// async fn echo(_: Request, body: BodyStream) -> Body {
    ///     Body::stream(body)
    /// }
    /// ```
    pub fn stream<B>(body: B) -> Self
    where
        B: hyper::body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Stream(body.map_err(Into::into).boxed()))
    }

    /// A body that a task writes piece by piece, while they are sent.
    ///
    /// ```
    /// use throughline::{Body, Request};
    ///
    /// async fn count(_: Request) -> Body {
    ///     let (mut pieces, body) = Body::channel();
    ///     throughline::spawn(async move {
    ///         for n in 0..3 {
    ///             // The caller may have left: then there is nobody to count for.
    ///             if pieces.send(format!("{n}\n")).await.is_err() {
    ///                 return;
    ///             }
    ///         }
    ///         pieces.finish();
    ///     });
    ///     body
    /// }
    /// ```
    pub fn channel() -> (BodySender, Self) {
        let (sender, pieces) = mpsc::channel(WAITING);
        let body = Pieces {
            pieces,
            ended: false,
        };
        (BodySender(sender), Self::stream(body))
    }

    #[cfg(feature = "function")]
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Stream(_))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Kind::Full(Full::new(bytes.into())))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Full(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Kind::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(body) => body.is_end_stream(),
            Kind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(body) => body.size_hint(),
            // Chunks, always: see `refused_head`.
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

/// Writes a body that is being sent. Made by [`Body::channel`].
///
/// Dropped before [`finish`](Self::finish), as where its task panics, it breaks the answer off: the
/// caller sees that something is missing.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use http_body_util::BodyExt as _;
/// use throughline::Body;
///
/// let (mut pieces, body) = Body::channel();
/// throughline::spawn(async move {
///     if pieces.send("one ").await.is_ok() && pieces.send("two").await.is_ok() {
///         pieces.finish();
///     }
/// });
/// assert_eq!(body.collect().await.unwrap().to_bytes(), "one two");
/// # }
/// ```
#[derive(Debug)]
pub struct BodySender(mpsc::Sender<Option<Bytes>>);

/// The caller has left, or its time was over: nobody reads the body any more.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use throughline::{Body, NobodyReads};
///
/// let (mut pieces, body) = Body::channel();
/// drop(body); // as where the caller leaves
/// assert_eq!(pieces.send("one").await, Err(NobodyReads));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads the answer any more: the caller left, or its time was over")]
pub struct NobodyReads;

impl BodySender {
    /// Sends a piece; waits while the caller is behind. Cancel-safe: what is dropped while it waits
    /// was not sent.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut pieces, _body) = throughline::Body::channel();
    /// pieces.send("a text").await?;
    /// pieces.send(vec![0xff, 0xfe]).await?;
    /// # Ok::<(), throughline::NobodyReads>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// When nobody reads any more.
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> Result<(), NobodyReads> {
        let sent = self.0.send(Some(piece.into())).await;
        sent.map_err(|_| NobodyReads)
    }

    /// Says that the body is whole.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use http_body_util::BodyExt as _;
    /// use throughline::Body;
    ///
    /// let (pieces, body) = Body::channel();
    /// pieces.finish();
    /// assert!(body.collect().await.unwrap().to_bytes().is_empty());
    ///
    /// let (pieces, body) = Body::channel();
    /// drop(pieces);
    /// assert!(body.collect().await.is_err(), "it was broken off");
    /// # }
    /// ```
    pub fn finish(self) {
        // Its place in the queue may have to be waited for, which nobody needs to see.
        let Err(mpsc::error::TrySendError::Full(end)) = self.0.try_send(None) else {
            return;
        };
        crate::spawn(async move { self.0.send(end).await });
    }
}

struct Pieces {
    pieces: mpsc::Receiver<Option<Bytes>>,
    ended: bool,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match ready!(self.pieces.poll_recv(cx)) {
            Some(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            whole => {
                self.ended = true;
                let unfinished = "the answer's body was dropped before it was finished";
                Poll::Ready(whole.is_none().then(|| Err(unfinished.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
