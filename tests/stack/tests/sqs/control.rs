//! The control calls over HTTP.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::server::{Server, code};

async fn control(server: &Server) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.sqs.control_router();
    throughline::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn call(method: Method, address: SocketAddr, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn faults_are_added_listed_and_cleared() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let address = control(&server).await;
    let fault = r#"{"action":"SendMessage","queue":"q","times":2,"effect":{"throttle":{}}}"#;
    let (status, added) = call(Method::POST, address, "/sqs/faults", fault).await;
    assert_eq!((status, added), (StatusCode::CREATED, json!({"id": 1})));
    let send = || {
        server
            .client
            .send_message()
            .queue_url(&url)
            .message_body("a")
            .send()
    };
    assert_eq!(code(send().await), "RequestThrottled");
    let (_, list) = call(Method::GET, address, "/sqs/faults", "").await;
    assert_eq!(
        list,
        json!([{
            "id": 1, "action": "SendMessage", "queue": "q", "times": 2, "after": 0,
            "effect": {"throttle": {}}, "matched": 1, "fired": 1,
        }])
    );
    let (status, _) = call(Method::DELETE, address, "/sqs/faults", "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    send().await.unwrap();
}

#[tokio::test]
async fn a_fault_that_is_not_understood_is_refused_with_the_reason() {
    let server = Server::start().await;
    let address = control(&server).await;
    for (fault, reason) in [
        ("{", "the body"),
        (r#"{"action":"*","effect":{"explode":{}}}"#, "explode"),
        (
            r#"{"action":"*","oops":1,"effect":{"drop":{}}}"#,
            "unknown field `oops`",
        ),
        (
            r#"{"action":"*","probability":7,"effect":{"drop":{}}}"#,
            "from 0 to 1",
        ),
    ] {
        let (status, answer) = call(Method::POST, address, "/sqs/faults", fault).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(
            answer["error"].as_str().unwrap().contains(reason),
            "{answer}"
        );
    }
    assert!(server.sqs.faults().list().is_empty());
}

#[tokio::test]
async fn queues_are_seen_from_aside() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.send(&url, "first").await;
    server.receive_one(&url).await;
    server.send(&url, "second").await;
    let address = control(&server).await;
    let (_, seen) = call(Method::GET, address, "/sqs/queues", "").await;
    assert_eq!(
        seen["requests"],
        json!({"ReceiveMessage": 1, "SendMessage": 2})
    );
    let queue = &seen["queues"]["q"];
    assert_eq!(
        queue["counts"],
        json!({"visible": 1, "in_flight": 1, "delayed": 0})
    );
    assert_eq!(queue["totals"]["sent"], 2);
    assert_eq!(
        queue["totals"]["requests"],
        json!({"ReceiveMessage": 1, "SendMessage": 2})
    );
    let messages = queue["messages"].as_array().unwrap();
    assert_eq!(messages[0]["body"], "first");
    assert_eq!(
        (&messages[0]["standing"], &messages[0]["receive_count"]),
        (&json!("in_flight"), &json!(1))
    );
    assert_eq!(
        (&messages[1]["body"], &messages[1]["standing"]),
        (&json!("second"), &json!("visible"))
    );
}
