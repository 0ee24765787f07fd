//! What goes over the wire, without an SDK in between.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server::Server;

/// Sends a request as it is and gives the whole answer, headers in lower case.
async fn raw(server: &Server, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

fn target(action: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.{action}\r\nContent-Type: application/x-amz-json-1.0"
    )
}

#[tokio::test]
async fn errors_name_the_shape_in_the_body_and_the_older_code_in_the_header() {
    let server = Server::start().await;
    let url = r#"{"QueueUrl":"http://x/000000000000/none"}"#;
    let (head, body) = raw(&server, &target("ReceiveMessage"), url).await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    assert!(
        head.contains("content-type: application/x-amz-json-1.0"),
        "{head}"
    );
    assert!(
        head.contains("x-amzn-query-error: aws.simplequeueservice.nonexistentqueue;sender"),
        "{head}"
    );
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert_eq!(
        body,
        r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#
    );
}

#[tokio::test]
async fn answers_are_json_without_empty_members() {
    let server = Server::start().await;
    server.queue("q", &[]);
    let url = r#"{"QueueUrl":"http://another-name/000000000000/q","WaitTimeSeconds":0}"#;
    let (head, body) = raw(&server, &target("ReceiveMessage"), url).await;
    assert!(
        head.starts_with("http/1.1 200") && head.contains("x-amzn-requestid: "),
        "{head}"
    );
    assert_eq!(body, "{}");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let server = Server::start().await;
    server.queue("q", &[]);
    for (head, body, kind) in [
        (target("Explode"), "{}", "UnknownOperationException"),
        (target("TagQueue"), "{}", "UnsupportedOperation"),
        ("GET / HTTP/1.1".to_owned(), "", "UnknownOperationException"),
        (
            "POST / HTTP/1.1".to_owned(),
            "Action=ListQueues",
            "UnknownOperationException",
        ),
        (target("ListQueues"), "not json", "SerializationException"),
        (
            target("ReceiveMessage"),
            r#"{"QueueUrl":7}"#,
            "SerializationException",
        ),
        (
            target("ReceiveMessage"),
            "{}",
            "MissingRequiredParameterException",
        ),
        (
            target("DeleteMessage"),
            r#"{"QueueUrl":"q"}"#,
            "MissingRequiredParameterException",
        ),
        (
            target("CreateQueue"),
            "{}",
            "MissingRequiredParameterException",
        ),
    ] {
        let (answer, said) = raw(&server, &head, body).await;
        assert!(answer.starts_with("http/1.1 400"), "{head}: {answer}");
        assert!(said.contains(kind), "{head}: {said}");
    }
}

#[tokio::test]
async fn a_stopped_server_closes_its_connections_and_ends() {
    let mut server = Server::start().await;
    let url = server.queue("q", &[]);
    server.send(&url, "a").await;
    server.stop();
    timeout(Duration::from_secs(5), &mut server.served)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
