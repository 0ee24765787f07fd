//! What a handler calls: a server that keeps what it was sent and answers as it was told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Body;

/// A server on a free port of this machine, which ends when it is dropped.
///
/// ```
/// use throughline::testing::Backend;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let stock = Backend::start(|call| (200, format!("reserved {}", call.path))).await;
/// let answer = throughline::http().post(format!("{}/tea", stock.url())).send().await.unwrap();
/// assert_eq!(answer.text().await.unwrap(), "reserved /tea");
/// assert_eq!(stock.calls()[0].method, "POST");
/// # }
/// ```
pub struct Backend {
    url: String,
    calls: Arc<Mutex<Vec<Received>>>,
    serving: AbortHandle,
}

/// One request that arrived.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use throughline::testing::Backend;
///
/// let echo = Backend::start(|call| (200, call.json::<u32>().to_string())).await;
/// let sent = throughline::http().post(echo.url()).header("x-shop", "7").json(&42).send().await;
/// assert_eq!(sent.unwrap().text().await.unwrap(), "42");
/// assert_eq!(echo.calls()[0].header("x-shop"), Some("7"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path, without a query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Received {
    /// A header's value, where it is there and is text.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let stock = Backend::start(|call| (200, call.header("x-shop").unwrap_or("none").to_owned())).await;
    /// let asked = throughline::http().get(stock.url()).header("x-shop", "7").send().await.unwrap();
    /// assert_eq!(asked.text().await.unwrap(), "7");
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, read as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let stock = Backend::start(|_| (200, String::new())).await;
    /// throughline::http().post(stock.url()).json(&["tea"]).send().await.unwrap();
    /// assert_eq!(stock.calls()[0].json::<Vec<String>>(), ["tea"]);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it is not that.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| {
            panic!("the call is not the JSON asked for: {error}: {}", self.body)
        })
    }
}

impl Backend {
    /// Answers every request with the status and body that `reply` makes of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let stock = Backend::start(|call| match call.path.as_str() {
    ///     "/tea" => (200, "7".to_owned()),
    ///     _ => (404, String::new()),
    /// })
    /// .await;
    /// let answer = throughline::http().get(format!("{}/milk", stock.url())).send().await.unwrap();
    /// assert_eq!(answer.status(), 404);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When no port can be had, or `reply` gives what is no status.
    pub async fn start(
        reply: impl Fn(&Received) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(move |call| {
            let (status, text) = reply(call);
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response
        })
        .await
    }

    /// [`Backend::start`], headers and all.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let busy = Backend::start_with(|_| {
    ///     let response = http::Response::builder().status(503).header("retry-after", "1");
    ///     response.body("come back later".into()).unwrap()
    /// });
    /// let answer = throughline::http().get(busy.await.url()).send().await.unwrap();
    /// assert_eq!(answer.headers()["retry-after"], "1");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start_with(
        reply: impl Fn(&Received) -> Response<Body> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let calls = Arc::<Mutex<Vec<Received>>>::default();
        let kept = Arc::clone(&calls);
        let service = move |request: Request<Incoming>| {
            let (kept, reply) = (Arc::clone(&kept), reply.clone());
            async move {
                let call = receive(request).await;
                let response = reply(&call);
                lock(&kept).push(call);
                response
            }
        };
        let forever = std::future::pending();
        let serving =
            crate::spawn(
                async move { crate::serve(listener, service, forever, Duration::ZERO).await },
            );
        Self {
            url: format!("http://{address}"),
            calls,
            serving: serving.abort_handle(),
        }
    }

    /// Where it is: `http://127.0.0.1:<port>`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let stock = Backend::start(|_| (200, String::new())).await;
    /// assert!(stock.url().starts_with("http://127.0.0.1:"));
    /// # }
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived, in order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::Backend;
    ///
    /// let stock = Backend::start(|_| (200, String::new())).await;
    /// throughline::http().post(stock.url()).body("tea").send().await.unwrap();
    /// assert_eq!(stock.calls().len(), 1);
    /// assert_eq!(stock.calls()[0].body, "tea");
    /// # }
    /// ```
    pub fn calls(&self) -> Vec<Received> {
        lock(&self.calls).clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(request: Request<Incoming>) -> Received {
    let (head, body) = request.into_parts();
    // A caller that left in the middle is no reason for the test's server to fail.
    let body = body.collect().await.map(|body| body.to_bytes());
    Received {
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
    }
}

fn lock(calls: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
