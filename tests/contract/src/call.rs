//! An HTTP call, byte by byte, with nothing between the suite and the function.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

/// Sends a request that closes its connection behind it, and gives the connection.
///
/// # Errors
/// When nobody accepts it.
pub(crate) fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<TcpStream> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: f\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    raw(address, format!("{head}{body}").as_bytes())
}

/// Sends these bytes, and gives the connection.
///
/// # Errors
/// When nobody accepts it.
pub(crate) fn raw(address: &str, bytes: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // Who refuses a body may answer before all of it was sent.
    let _ = stream.write_all(bytes);
    Ok(stream)
}

/// Reads the one answer of a connection.
///
/// # Errors
/// When there is none.
pub(crate) fn answer(mut stream: TcpStream) -> anyhow::Result<Answer> {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    ensure!(
        !text.is_empty(),
        "the connection ended without an answer: {ended:?}"
    );
    let (head, body) = text
        .split_once("\r\n\r\n")
        .with_context(|| format!("no answer: {text:?}"))?;
    let mut head = head.split("\r\n");
    let status = head
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .context("no status")?;
    let mut answer = Answer {
        status: status.parse()?,
        headers: head
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = unchunked(body)?;
    }
    Ok(answer)
}

/// The body that was sent in chunks; all that the suite sends is ASCII.
fn unchunked(mut text: &str) -> anyhow::Result<String> {
    let mut body = String::new();
    loop {
        let (length, rest) = text
            .split_once("\r\n")
            .context("a chunk without a length")?;
        let length = usize::from_str_radix(length, 16).context("a chunk's length")?;
        if length == 0 {
            return Ok(body);
        }
        body.push_str(rest.get(..length).context("a chunk that is not whole")?);
        text = rest.get(length + 2..).context("a chunk without an end")?;
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}
