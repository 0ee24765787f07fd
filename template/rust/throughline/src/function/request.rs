//! What a handler is given.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;

use crate::{Delivery, Error};

/// One request: its head, and the whole of its body.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path: what the gateway was asked for after the function's name.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header's value, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as it came, byte for byte.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the body delivers: an envelope's inside, or the body itself.
    ///
    /// # Errors
    /// 400 when the body says that it is an envelope and is not.
    pub fn delivery(&self) -> Result<Delivery, Error> {
        Delivery::read(&self.body).map_err(|error| Error::rejected(400, error.to_string()))
    }

    /// Reads what the body delivers as JSON.
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
