//! What can be a handler.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::body_stream::BodyStream;
use super::request::Request;
use super::response::{IntoResponse, Response};

/// An async function of a [`Request`], of any type that can be read from JSON, or of a [`Request`]
/// and its [`BodyStream`], which gives back anything that becomes a response.
///
/// `Via` is how the compiler tells them apart; nobody writes it out.
///
/// ```
/// use throughline::{BodyStream, Handler, Json, Request};
///
/// fn takes<H: Handler<Via>, Via>(_: H) {}
///
/// takes(|request: Request| async move { request.path().to_owned() });
/// takes(|numbers: Vec<u32>| async move { Json(numbers.len()) });
/// takes(|_: Request, _: BodyStream| async { "read piece by piece" });
/// ```
pub trait Handler<Via>: Clone + Send + Sync + 'static {
    /// Whether it reads the body itself, as it arrives.
    #[doc(hidden)]
    const READS_STREAM: bool = false;

    /// Handles one request, whose body is there.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Handler, Request};
    ///
    /// async fn status_of<H: Handler<Via>, Via>(handler: H) -> u16 {
    ///     handler.call(Request::default()).await.status().as_u16()
    /// }
    /// assert_eq!(status_of(|_: Request| async { "seen" }).await, 200);
    /// # }
    /// ```
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Handles one request, whose body may still be on its way.
    #[doc(hidden)]
    fn call_with_body(
        &self,
        request: Request,
        body: BodyStream,
    ) -> impl Future<Output = Response> + Send {
        drop(body);
        self.call(request)
    }
}

/// A handler of the whole request.
///
/// ```
/// use throughline::{Handler, Request};
///
/// // The compiler finds it; a function that takes any handler leaves it open.
/// fn takes<H: Handler<Via>, Via>(_: H) {}
///
/// takes(|_: Request| async { "seen" });
/// ```
pub struct ViaRequest;

/// A handler of a request and the stream that its body is.
///
/// ```
/// use throughline::{BodyStream, Handler, Request};
///
/// // The compiler finds it; a function that takes any handler leaves it open.
/// fn takes<H: Handler<Via>, Via>(_: H) {}
///
/// takes(|_: Request, _: BodyStream| async { "seen" });
/// ```
pub struct ViaStream;

/// A handler of the JSON that the body delivers.
///
/// ```
/// use throughline::{Handler, Json};
///
/// // The compiler finds it; a function that takes any handler leaves it open.
/// fn takes<H: Handler<Via>, Via>(_: H) {}
///
/// takes(|n: u32| async move { Json(n) });
/// ```
pub struct ViaJson<T>(std::marker::PhantomData<T>);

impl<F, Fut, R> Handler<ViaRequest> for F
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
{
    async fn call(&self, request: Request) -> Response {
        self(request).await.into_response()
    }
}

impl<F, Fut, R> Handler<ViaStream> for F
where
    F: Fn(Request, BodyStream) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
{
    const READS_STREAM: bool = true;

    async fn call(&self, mut request: Request) -> Response {
        let body = BodyStream::whole(std::mem::take(&mut request.body));
        self(request, body).await.into_response()
    }

    async fn call_with_body(&self, request: Request, body: BodyStream) -> Response {
        self(request, body).await.into_response()
    }
}

impl<F, T, Fut, R> Handler<ViaJson<T>> for F
where
    F: Fn(T) -> Fut + Clone + Send + Sync + 'static,
    T: DeserializeOwned + Send,
    Fut: Future<Output = R> + Send,
    R: IntoResponse,
{
    async fn call(&self, request: Request) -> Response {
        match request.json() {
            Ok(value) => self(value).await.into_response(),
            Err(error) => error.into_response(),
        }
    }
}
