//! A server in the place of Elasticsearch: what it is asked, and what is made of its answers. The
//! real OpenSearch is asked by the chart's checks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use super::command::{command, milestones, ran, read, story};

/// Answers one request after the other, and tells what they were.
fn server(answers: Vec<(u16, String)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (said, asked) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let start = head.len();
                reader.read_line(&mut head).unwrap();
                if let Some(value) = head[start..]
                    .to_ascii_lowercase()
                    .strip_prefix("content-length:")
                {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut sent = vec![0; length];
            reader.read_exact(&mut sent).unwrap();
            said.send(head + &String::from_utf8(sent).unwrap()).unwrap();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            reader
                .get_mut()
                .write_all((head + &body).as_bytes())
                .unwrap();
        }
    });
    (url, asked)
}

/// A page of hits.
fn page(lines: &str) -> (u16, String) {
    let hits: Vec<String> = lines
        .lines()
        .map(|line| format!("{{\"_source\":{line}}}"))
        .collect();
    let hits = hits.join(",");
    (
        200,
        format!(
            "{{\"_scroll_id\":\"s-1\",\"_shards\":{{\"total\":1}},\"hits\":{{\"hits\":[{hits}]}}}}"
        ),
    )
}

#[test]
fn the_story_is_read_out_of_the_server_and_who_asks_is_said_in_the_header_alone() {
    let id = "0198c1f0-1111-7c3b-9d4e-5f60718293a4";
    let (url, asked) = server(vec![page(&read("whole.ndjson"))]);
    let mut told = command(&[id, "--json", "--elasticsearch", &url]);
    let told = ran(told
        .env("ELASTICSEARCH_API_KEY", "c2VjcmV0")
        .output()
        .unwrap());
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(milestones(&told.out).contains(&"DEPLOYMENT_STARTED".to_owned()));
    let asked = asked.recv().unwrap();
    assert!(
        asked.starts_with("POST /logs-throughline-*/_search?scroll=1m"),
        "{asked}"
    );
    assert!(asked.contains("authorization: ApiKey c2VjcmV0"), "{asked}");
    assert!(asked.contains(id));
    assert!(!told.out.contains("c2VjcmV0") && !told.err.contains("c2VjcmV0"));
}

#[test]
fn a_card_is_asked_for_by_the_ids_of_the_lines_that_name_it() {
    let whole = read("whole.ndjson");
    let naming: Vec<&str> = whole
        .lines()
        .filter(|line| line.contains("KAN-3\""))
        .collect();
    let (url, asked) = server(vec![page(""), page(&naming.join("\n")), page(&whole)]);
    let told = story(&["KAN-3", "--elasticsearch", &url]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("WEBHOOK_RECEIVED"), "{}", told.out);
    let last = asked.into_iter().nth(2).unwrap();
    assert!(
        last.contains("0198c1f0-1111-7c3b-9d4e-5f60718293a4"),
        "{last}"
    );
}

#[test]
fn pages_are_read_to_the_last() {
    let line = |n: usize| {
        format!(
            "{{\"correlation_id\":\"c-1\",\"@timestamp\":\"2026-11-21T06:00:00Z\",\"message\":\"line {n}\"}}"
        )
    };
    let first: Vec<String> = (0..1000).map(line).collect();
    let (url, asked) = server(vec![page(&first.join("\n")), page(&line(1000))]);
    let told = story(&["c-1", "--elasticsearch", &url]);
    assert!(told.out.contains("1,001 lines"), "{}", told.out);
    let second = asked.into_iter().nth(1).unwrap();
    assert!(
        second.starts_with("POST /_search/scroll ") && second.contains("s-1"),
        "{second}"
    );
}

#[test]
fn what_the_server_says_instead_of_lines_is_told_with_what_to_do() {
    let no_shards = "{\"_shards\":{\"total\":0},\"hits\":{\"hits\":[]}}";
    for (answer, said) in [
        ((401, "{}"), "set ELASTICSEARCH_API_KEY"),
        (
            (404, "{\"error\":{\"type\":\"index_not_found_exception\"}}"),
            "has no index that fits --index",
        ),
        (
            (200, no_shards),
            "has no index that fits --index = \"logs-throughline-*\"",
        ),
        ((200, "<html>a proxy</html>"), "answers 200 OK: <html>"),
        ((503, "not now"), "answers 503 Service Unavailable: not now"),
    ] {
        let (url, _asked) = server(vec![(answer.0, answer.1.to_owned())]);
        let told = story(&["KAN-7", "--elasticsearch", &url]);
        assert_eq!(told.code, 64, "{}", told.err);
        assert!(told.err.contains(said), "{}", told.err);
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_reason_and_without_the_password() {
    let told = story(&["KAN-7", "--elasticsearch", "http://me:secret@127.0.0.1:9"]);
    assert_eq!(told.code, 64);
    assert!(
        told.err.contains("http://127.0.0.1:9/ is not reached"),
        "{}",
        told.err
    );
    assert!(
        told.err.contains("refused") && !told.err.contains("secret"),
        "{}",
        told.err
    );
}
