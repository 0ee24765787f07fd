//! What a handler is given.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;

use crate::{Delivery, Error};

/// One request: its head, and the whole of its body.
///
/// ```
/// use throughline::{Error, Request};
///
/// async fn handle(request: Request) -> Result<String, Error> {
///     let shop = request.header("x-shop").ok_or_else(|| Error::rejected(400, "X-Shop is missing"))?;
///     Ok(format!("{} bytes for {shop}", request.body().len()))
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The HTTP method.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.method().to_string();
    /// assert_eq!(Call::body("").to(handler).await.body, "POST");
    /// # }
    /// ```
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path: what the gateway was asked for after the function's name.
    ///
    /// ```
    /// assert_eq!(throughline::Request::default().path(), "/");
    /// ```
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query, without its question mark.
    ///
    /// ```
    /// assert_eq!(throughline::Request::default().query(), None);
    /// ```
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// The headers.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.headers().len().to_string();
    /// assert_eq!(Call::body("").header("x-shop", "7").to(handler).await.body, "1");
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header's value, where it is there and is text.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.header("X-Shop").unwrap_or("none").to_owned();
    /// assert_eq!(Call::body("").header("x-shop", "7").to(handler).await.body, "7");
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as it came, byte for byte.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.body().clone();
    /// assert_eq!(Call::body("tea").to(handler).await.body, "tea");
    /// # }
    /// ```
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the body delivers: an envelope's inside, or the body itself.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Error, Request, testing::Call};
    ///
    /// let handler = async |request: Request| {
    ///     let delivery = request.delivery()?;
    ///     Ok::<_, Error>(format!("{:?} sent {} bytes", delivery.source, delivery.body.len()))
    /// };
    /// let answer = Call::delivery("jira", "{}").to(handler).await;
    /// assert_eq!(answer.body, r#"Some("jira") sent 2 bytes"#);
    /// # }
    /// ```
    ///
    /// # Errors
    /// 400 when the body says that it is an envelope and is not.
    pub fn delivery(&self) -> Result<Delivery, Error> {
        Delivery::read(&self.body).map_err(|error| Error::rejected(400, error.to_string()))
    }

    /// Reads what the body delivers as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Error, Request, testing::Call};
    ///
    /// let handler = async |request: Request| {
    ///     let numbers: Vec<u32> = request.json()?;
    ///     Ok::<_, Error>(numbers.len().to_string())
    /// };
    /// assert_eq!(Call::body("[1, 2]").to(handler).await.body, "2");
    /// assert_eq!(Call::body("[1, -2]").to(handler).await.status, 400);
    /// # }
    /// ```
    ///
    /// # Errors
    /// 400 with the field, line and column, when it is not what `T` wants.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let delivery = self.delivery()?;
        serde_json::from_slice(&delivery.body).map_err(|error| {
            Error::rejected(
                400,
                format!("the body is not what this function takes: {error}"),
            )
        })
    }
}
