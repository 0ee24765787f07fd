//! Gives an id to the answers that hyper makes of its own accord, to a head that it can't read.
//!
//! hyper answers such a head with a bare 400, 414 or 431 before any service is asked. This sees its
//! bytes on their way out and sends in their place an answer with an `X-Correlation-ID` and the
//! reason, under which the log has a line.
//!
//! What tells hyper's answer from a service's: a head with a status of the 400s, nothing behind it,
//! and no `x-correlation-id`. Bytes of a body are never taken for one, since a write begins with a
//! body only where the write before it was torn, or where the client speaks HTTP/1.0; both are left
//! alone. (A stream is sent in chunks, each of which begins with its length.)

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::{Context, CorrelationId};

/// A connection whose service puts `x-correlation-id` on each of its answers.
pub(crate) struct RefusedHead<T> {
    connection: T,
    /// Our own answer, as far as it is not written yet.
    own: Vec<u8>,
    /// The next bytes may be the rest of something.
    torn: bool,
    old: bool,
}

impl<T> RefusedHead<T> {
    pub(crate) fn new(connection: T) -> Self {
        Self {
            connection,
            own: Vec::new(),
            torn: false,
            old: false,
        }
    }

    /// Whether these bytes are hyper's own answer; if so, ours is to be sent.
    fn replaces(&mut self, bytes: &[u8]) -> bool {
        if self.torn || self.old || !bytes.starts_with(b"HTTP/1.") {
            return false;
        }
        self.old = bytes.starts_with(b"HTTP/1.0");
        let answer = bytes.starts_with(b"HTTP/1.1 4").then(|| answer(bytes));
        if let Some(answer) = answer.flatten() {
            self.own = answer;
        }
        !self.own.is_empty()
    }
}

impl<T: Write + Unpin> RefusedHead<T> {
    fn poll_own(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let written = ready!(Pin::new(&mut self.connection).poll_write(cx, &self.own))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// Our answer in place of hyper's, where these bytes are hyper's.
fn answer(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?;
    let mut empty = false;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        match name {
            "content-length" => empty = value == "0",
            "date" | "connection" => {}
            _ => return None,
        }
    }
    let reason = match status.split(' ').nth(1)? {
        "431" => "the request has too many headers, or too long ones",
        "414" => "the request's path is too long",
        _ => "the request's head is not HTTP",
    };
    empty.then(|| told(status, reason))
}

fn told(status: &str, reason: &str) -> Vec<u8> {
    let context = Context::new(CorrelationId::mint());
    let id = context.correlation_id().clone();
    context.sync_scope(|| tracing::warn!("refused before it was a request: {reason}"));
    let body = serde_json::json!({ "error": reason, "correlation_id": id }).to_string();
    let length = body.len();
    format!(
        "{status}\r\ncontent-type: application/json\r\nx-correlation-id: {id}\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl<T: Read + Unpin> Read for RefusedHead<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl<T: Write + Unpin> Write for RefusedHead<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(cx))?;
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(Pin::new(&mut self.connection).poll_write(cx, bytes))?;
        self.torn = written < bytes.len();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(cx))?;
        let length = parts.iter().map(|part| part.len()).sum();
        if let Some(first) = parts.first()
            && first.len() == length
            && self.replaces(first)
        {
            return Poll::Ready(Ok(length));
        }
        self.old |= parts
            .first()
            .is_some_and(|part| part.starts_with(b"HTTP/1.0"));
        let written = ready!(Pin::new(&mut self.connection).poll_write_vectored(cx, parts))?;
        self.torn = written < length;
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(cx))?;
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(cx))?;
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hypers_own_answer_is_taken_for_one() {
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: Sat\r\n\r\n";
        let told = String::from_utf8(answer(own.as_bytes()).unwrap()).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let id = body["correlation_id"].as_str().unwrap();
        assert!(head.contains(&format!("x-correlation-id: {id}\r\n")));

        for other in [
            "HTTP/1.1 404 Not Found\r\nx-correlation-id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\nhi",
            "HTTP/1.1 404",
        ] {
            assert!(answer(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn what_follows_a_torn_write_or_an_old_request_is_left_alone() {
        let own = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let mut torn = RefusedHead::new(());
        torn.torn = true;
        assert!(!torn.replaces(own));
        let mut old = RefusedHead::new(());
        assert!(!old.replaces(b"HTTP/1.0 200 OK\r\n\r\n"));
        assert!(!old.replaces(own));
        assert!(RefusedHead::new(()).replaces(own));
    }
}
