//! The context as an extractor of axum.

use std::convert::Infallible;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use crate::{Context, CorrelationId, arrival};

/// The context of the request: what [`CorrelationLayer`](crate::layer::CorrelationLayer) made, else
/// the one that is current, else one made from the request's headers.
///
/// With the layer the whole handler runs inside it; without, only the handler that asks knows it.
///
/// ```
/// # async fn example() {
/// use axum_core::extract::FromRequestParts as _;
/// use throughline::Context;
///
/// // In axum: async fn stock(context: Context) -> String { … }
/// let request = http::Request::builder().header("X-Correlation-ID", "kan-7").body(()).unwrap();
/// let (mut parts, ()) = request.into_parts();
/// let context = Context::from_request_parts(&mut parts, &()).await.unwrap();
/// assert_eq!(context.correlation_id().as_str(), "kan-7");
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example());
/// ```
impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let made = parts.extensions.get::<Self>().cloned();
        Ok(made.or_else(crate::current).unwrap_or_else(|| {
            let (id, _) = crate::layer::id_of(&parts.headers);
            arrival::context_of(id.unwrap_or_else(CorrelationId::mint), &parts.headers)
        }))
    }
}
