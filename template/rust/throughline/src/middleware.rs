//! A middleware for a reqwest client of the author's own.

use std::future::Future;
use std::pin::Pin;

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::stamp;

/// Puts the ids of the current context on every request of a `reqwest_middleware` client, and
/// shortens its timeout to what is left of the deadline.
///
/// [`http()`](crate::http()) does so by itself; this is for a client with settings of its own.
///
/// ```
/// use reqwest_middleware::ClientBuilder;
/// use throughline::Propagate;
///
/// // Sets up the TLS of the process, which every reqwest client needs.
/// let _ = throughline::http();
/// let client = ClientBuilder::new(reqwest::Client::new()).with(Propagate).build();
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Propagate;

impl Middleware for Propagate {
    fn handle<'a, 'b, 'c, 'd, 'made>(
        &'a self,
        mut request: Request,
        extensions: &'b mut Extensions,
        next: Next<'c>,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'made>>
    where
        'a: 'made,
        'b: 'made,
        'c: 'made,
        Self: 'made,
    {
        let context = crate::context();
        stamp(&context, request.headers_mut());
        if let Some(left) = context.time_left() {
            let most = request.timeout().map_or(left, |asked| left.min(*asked));
            *request.timeout_mut() = Some(most);
        }
        Box::pin(next.run(request, extensions))
    }
}
