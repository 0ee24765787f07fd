//! What can be a handler.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::request::Request;
use super::response::{IntoResponse, Response};

/// An async function of a [`Request`], or of any type that can be read from JSON, which gives
/// back anything that becomes a response.
///
/// `Via` is how the compiler tells the two apart; nobody writes it out.
pub trait Handler<Via>: Clone + Send + Sync + 'static {
    /// Handles one request.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// A handler of the whole request.
pub struct ViaRequest;

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
