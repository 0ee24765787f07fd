//! An HTTP call, byte by byte: what is sent is exactly what the test says.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

/// A request that is being put together.
pub(crate) struct Call {
    head: String,
    body: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

pub(crate) fn get(path: &str) -> Call {
    Call {
        head: format!("GET {path} HTTP/1.1\r\nHost: f\r\nConnection: close\r\n"),
        body: Vec::new(),
    }
}

pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Call {
    Call {
        head: format!("POST {path} HTTP/1.1\r\nHost: f\r\nConnection: close\r\n"),
        body: body.into(),
    }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        let rest = self.head.split_once(' ').expect("a request line").1;
        self.head = format!("{method} {rest}");
        self
    }

    pub(crate) fn id(self, id: &str) -> Self {
        self.header("X-Correlation-ID", id)
    }

    /// Sends it and gives the connection, the answer not read.
    pub(crate) async fn sent_to(self, port: u16) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("the function accepts connections");
        let head = format!("{}Content-Length: {}\r\n\r\n", self.head, self.body.len());
        // One that refuses a body may answer before it has read all of it.
        let _ = stream
            .write_all(&[head.as_bytes(), &self.body].concat())
            .await;
        stream
    }

    /// Sends it and reads the answer.
    pub(crate) async fn to(self, port: u16) -> Answer {
        answer(self.sent_to(port).await).await
    }
}

/// Reads the answer to the one call of a connection.
pub(crate) async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let ended = tokio::time::timeout(PATIENCE, read).await;
    let text = String::from_utf8(bytes).expect("the answer is text");
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer but {text:?}: {ended:?}"));
    let mut head = head.split("\r\n");
    let status = head.next().and_then(|line| line.split(' ').nth(1));
    Answer {
        status: status
            .and_then(|code| code.parse().ok())
            .expect("a status line"),
        headers: head
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The id that the answer carries.
    pub(crate) fn id(&self) -> &str {
        self.header("x-correlation-id")
            .unwrap_or_else(|| panic!("an answer without an id: {self:?}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}
