//! A tower layer that lets any Rust service continue the chain.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Context, CorrelationId, TraceParent, header};

/// Takes the id that a request came with, runs the service inside the context it makes, and
/// answers with the id.
///
/// An id that is missing or invalid is replaced by a new one, and the handler can tell from
/// [`Arrival`], which lies in the request's extensions.
#[derive(Clone, Debug)]
pub struct CorrelationLayer {
    service: String,
}

/// How a request arrived, in its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It carried a valid id.
    WithId,
    /// It carried none.
    WithoutId,
    /// It carried one that was refused and replaced.
    WithInvalidId,
}

impl CorrelationLayer {
    /// A layer for the service of this name, which its log lines will carry.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
        }
    }
}

impl<S> Layer<S> for CorrelationLayer {
    type Service = Correlated<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Correlated {
            inner,
            service: self.service.clone(),
        }
    }
}

/// A service that runs inside the correlation context of its requests.
#[derive(Clone, Debug)]
pub struct Correlated<S> {
    inner: S,
    service: String,
}

impl<S, B, R> Service<Request<B>> for Correlated<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (context, arrival) = arrive(request.headers());
        request.extensions_mut().insert(arrival);
        let echoed = echo(context.correlation_id());
        // The service that was made ready is the one to call; its clone takes its place.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let context = context.with_service(&self.service);
        Box::pin(context.scope(async move {
            let mut response = inner.call(request).await?;
            response
                .headers_mut()
                .insert(header::CORRELATION_ID, echoed);
            Ok(response)
        }))
    }
}

fn arrive(headers: &HeaderMap) -> (Context, Arrival) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = headers.get(header::CORRELATION_ID);
    let parsed = text(header::CORRELATION_ID).and_then(|id| CorrelationId::parse(id).ok());
    let arrival = match (&parsed, given) {
        (Some(_), _) => Arrival::WithId,
        (None, Some(_)) => Arrival::WithInvalidId,
        (None, None) => Arrival::WithoutId,
    };
    let mut context = Context::new(parsed.unwrap_or_else(CorrelationId::mint));
    if let Some(trace) = text(header::TRACEPARENT).and_then(TraceParent::parse) {
        context = context.with_trace(trace.child());
    }
    if let Some(call_id) = text(header::CALL_ID).filter(|id| CorrelationId::parse(id).is_ok()) {
        context = context.with_call_id(call_id);
    }
    if let Some(key) = text(header::IDEMPOTENCY_KEY) {
        context = context.with_idempotency_key(key);
    }
    (context, arrival)
}

fn echo(id: &CorrelationId) -> HeaderValue {
    HeaderValue::from_str(id.as_str()).expect("an id has no character that a header can't carry")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with the id it sees around itself.
    #[derive(Clone)]
    struct Seen;

    impl Service<Request<()>> for Seen {
        type Response = Response<(String, Arrival)>;
        type Error = std::convert::Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

        fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            let arrival = *request.extensions().get::<Arrival>().unwrap();
            Box::pin(async move {
                let id = crate::current().unwrap().correlation_id().to_string();
                Ok(Response::new((id, arrival)))
            })
        }
    }

    async fn call(id: Option<&[u8]>) -> (String, Arrival, String) {
        let mut request = Request::new(());
        if let Some(id) = id {
            let value = HeaderValue::from_bytes(id).unwrap();
            request.headers_mut().insert(header::CORRELATION_ID, value);
        }
        let mut service = CorrelationLayer::new("stock").layer(Seen);
        let response = service.call(request).await.unwrap();
        let echoed = response.headers()[header::CORRELATION_ID]
            .to_str()
            .unwrap()
            .to_owned();
        let (id, arrival) = response.into_body();
        (id, arrival, echoed)
    }

    #[tokio::test]
    async fn the_id_that_came_is_the_one_inside_and_in_the_answer() {
        let (id, arrival, echoed) = call(Some(b"kan-7")).await;
        assert_eq!((id.as_str(), arrival), ("kan-7", Arrival::WithId));
        assert_eq!(echoed, "kan-7");
    }

    #[tokio::test]
    async fn an_id_that_is_missing_or_hostile_is_replaced_and_that_can_be_told() {
        for (given, expected) in [
            (None, Arrival::WithoutId),
            (Some(&b"two words"[..]), Arrival::WithInvalidId),
            (Some(&b"\xff"[..]), Arrival::WithInvalidId),
        ] {
            let (id, arrival, echoed) = call(given).await;
            assert_eq!(arrival, expected);
            assert_eq!(id, echoed);
            assert!(CorrelationId::parse(&id).is_ok());
        }
    }
}
