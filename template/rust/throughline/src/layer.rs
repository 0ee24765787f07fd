//! Tower layers that let any Rust service continue the chain: inwards, and outwards.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Context, CorrelationId, arrival, header, stamp};

/// Takes the id that a request came with, runs the service inside the context it makes, and
/// answers with the id.
///
/// An id that is missing or invalid is replaced by a new one. A warning says so, and the handler
/// can tell from [`Arrival`], which lies in the request's extensions beside the [`Context`]. How a
/// request was answered is a line at the level debug.
///
/// ```
/// use tower_layer::Layer as _;
/// # use throughline::layer::CorrelationLayer;
/// # let service = ();
/// // With axum: Router::new().route(…).layer(CorrelationLayer::new("stock"))
/// let service = CorrelationLayer::new("stock").layer(service);
/// ```
#[derive(Clone, Debug)]
pub struct CorrelationLayer {
    service: String,
}

/// How a request arrived.
///
/// ```
/// use throughline::layer::Arrival;
///
/// let told = |arrival: &Arrival| match arrival {
///     Arrival::WithId => "continues a story".to_owned(),
///     Arrival::WithoutId => "begins one".to_owned(),
///     Arrival::WithInvalidId { reason } => format!("begins one: {reason}"),
/// };
/// assert_eq!(told(&Arrival::WithoutId), "begins one");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It carried a valid id.
    WithId,
    /// It carried none.
    WithoutId,
    /// It carried one that was refused and replaced.
    WithInvalidId {
        /// What is wrong with it. The id itself is not in it, and it may be logged.
        reason: String,
    },
}

/// The id that the headers carry, and how it arrived.
pub(crate) fn id_of(headers: &HeaderMap) -> (Option<CorrelationId>, Arrival) {
    let Some(given) = headers.get(header::CORRELATION_ID) else {
        return (None, Arrival::WithoutId);
    };
    let parsed = match given.to_str() {
        Ok(text) => CorrelationId::parse(text).map_err(|error| error.to_string()),
        Err(_) => Err("it is not text".to_owned()),
    };
    match parsed {
        Ok(id) => (Some(id), Arrival::WithId),
        Err(reason) => (None, Arrival::WithInvalidId { reason }),
    }
}

impl CorrelationLayer {
    /// A layer for the service of this name, which its log lines will carry.
    ///
    /// ```
    /// let layer = throughline::layer::CorrelationLayer::new("stock");
    /// # let _ = layer;
    /// ```
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
///
/// ```
/// use tower_layer::Layer as _;
/// use throughline::layer::{Correlated, CorrelationLayer};
/// # struct Stock;
/// let service: Correlated<Stock> = CorrelationLayer::new("stock").layer(Stock);
/// ```
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
        let context = context.with_service(&self.service);
        context.clone().sync_scope(|| tell(&arrival));
        request.extensions_mut().insert(arrival);
        request.extensions_mut().insert(context.clone());
        let echoed = echo(context.correlation_id());
        // The service that was made ready is the one to call; its clone takes its place.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let started = tokio::time::Instant::now();
        Box::pin(context.scope(async move {
            let mut response = inner.call(request).await?;
            tracing::debug!(
                http.response.status_code = response.status().as_u16(),
                duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                "answered"
            );
            response
                .headers_mut()
                .insert(header::CORRELATION_ID, echoed);
            Ok(response)
        }))
    }
}

fn arrive(headers: &HeaderMap) -> (Context, Arrival) {
    let (id, arrival) = id_of(headers);
    let id = id.unwrap_or_else(CorrelationId::mint);
    (arrival::context_of(id, headers), arrival)
}

fn echo(id: &CorrelationId) -> HeaderValue {
    HeaderValue::from_str(id.as_str()).expect("an id has no character that a header can't carry")
}

/// Says where the chain was broken, since whoever broke it can't know.
fn tell(arrival: &Arrival) {
    match arrival {
        Arrival::WithId => {}
        Arrival::WithoutId => {
            tracing::warn!("a request came without X-Correlation-ID, so its story ends before here")
        }
        Arrival::WithInvalidId { reason } => tracing::warn!(
            "a request came with an X-Correlation-ID that is no id; it was replaced: {reason}"
        ),
    }
}

/// Hands the context on from a client that is a tower service, such as hyper's: puts the ids on
/// each request that goes out.
///
/// ```
/// use tower_layer::Layer as _;
/// # use throughline::layer::OutboundLayer;
/// # let client = ();
/// let client = OutboundLayer.layer(client);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OutboundLayer;

impl<S> Layer<S> for OutboundLayer {
    type Service = Outbound<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Outbound { inner }
    }
}

/// A client whose every request carries the ids of the context it is made in.
///
/// ```
/// use tower_layer::Layer as _;
/// use throughline::layer::{Outbound, OutboundLayer};
/// # struct Client;
/// let client: Outbound<Client> = OutboundLayer.layer(Client);
/// ```
#[derive(Clone, Debug)]
pub struct Outbound<S> {
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Outbound<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        stamp(&crate::context(), request.headers_mut());
        self.inner.call(request)
    }
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
            let arrival = request.extensions().get::<Arrival>().unwrap().clone();
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
        for (given, invalid) in [
            (None, false),
            (Some(&b"two words"[..]), true),
            (Some(&b"\xff"[..]), true),
        ] {
            let (id, arrival, echoed) = call(given).await;
            assert_eq!(matches!(arrival, Arrival::WithInvalidId { .. }), invalid);
            assert_eq!(arrival == Arrival::WithoutId, !invalid);
            assert_eq!(id, echoed);
            assert!(CorrelationId::parse(&id).is_ok());
        }
    }

    /// Gives back the headers it is called with.
    struct Sent;

    impl Service<Request<()>> for Sent {
        type Response = HeaderMap;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<HeaderMap, Self::Error>>;

        fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            std::future::ready(Ok(request.headers().clone()))
        }
    }

    #[tokio::test]
    async fn a_client_under_the_outbound_layer_carries_the_ids_of_its_context() {
        let context = Context::new(CorrelationId::parse("kan-7").unwrap());
        let trace = context.trace().to_string();
        let call = async { OutboundLayer.layer(Sent).call(Request::new(())).await };
        let headers = context.scope(call).await.unwrap();
        assert_eq!(headers[header::CORRELATION_ID], "kan-7");
        assert_eq!(headers[header::TRACEPARENT], trace);
    }

    #[test]
    fn an_id_that_is_refused_is_not_repeated_in_the_reason() {
        let (id, arrival) = id_of(&HeaderMap::from_iter([(
            http::HeaderName::from_static(header::CORRELATION_ID),
            HeaderValue::from_static("two words"),
        )]));
        assert_eq!(id, None);
        let Arrival::WithInvalidId { reason } = arrival else {
            panic!("{arrival:?}");
        };
        assert!(!reason.contains("two words"), "{reason}");
    }
}
