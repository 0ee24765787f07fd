//! A caller: one request over a connection of its own, one answer or none.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

/// Makes a call. An error is a connection that ended without a whole answer.
pub(crate) async fn call(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Answer, hyper::Error> {
    let uri: http::Uri = url.parse().unwrap();
    let authority = uri.authority().unwrap().to_string();
    let stream = TcpStream::connect(&authority).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(uri.path_and_query().unwrap().as_str());
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request = request.header("host", authority);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let exchange = async {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

pub(crate) async fn get(url: &str) -> Answer {
    call(Method::GET, url, &[], "").await.unwrap()
}

pub(crate) async fn post(url: &str, body: impl Into<Bytes>) -> Answer {
    call(Method::POST, url, &[], body).await.unwrap()
}

pub(crate) async fn post_json(url: &str, body: Value) -> Answer {
    let json = [("content-type", "application/json")];
    call(Method::POST, url, &json, body.to_string())
        .await
        .unwrap()
}

pub(crate) async fn put_json(url: &str, body: Value) -> Answer {
    call(Method::PUT, url, &[], body.to_string()).await.unwrap()
}

pub(crate) async fn delete(url: &str) -> Answer {
    call(Method::DELETE, url, &[], "").await.unwrap()
}
