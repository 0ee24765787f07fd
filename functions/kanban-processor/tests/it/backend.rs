//! A fake GraphQL backend on a real socket: answers as it is told to, and keeps what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// The answer to a mutation that is granted.
pub(crate) const STARTED: &str =
    r#"{"data":{"startDeployment":{"success":true,"deploymentId":"d-1","message":null}}}"#;

/// What the backend was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

pub(crate) struct Backend {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Backend {
    /// Answers the first request with the first of `answers`, and so on; the last one again and
    /// again. An answer with status 0 is a connection closed without a word.
    pub(crate) fn answering(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/graphql", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<_> = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                let n = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request);
                    seen.len()
                };
                let (status, body) = answers.get(n - 1).or(answers.last()).unwrap();
                if *status != 0 {
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status} As Told\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    stream.write_all((head + body).as_bytes()).unwrap();
                }
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("POST /graphql "), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Asked {
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    }
}
