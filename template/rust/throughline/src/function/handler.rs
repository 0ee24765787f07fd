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
pub trait Handler<Via>: Clone + Send + Sync + 'static {
    /// Whether it reads the body itself, as it arrives.
    #[doc(hidden)]
    const READS_STREAM: bool = false;

    /// Handles one request, whose body is there.
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
pub struct ViaRequest;

/// A handler of a request and the stream that its body is.
pub struct ViaStream;

/// A handler of the JSON that the body delivers.
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
