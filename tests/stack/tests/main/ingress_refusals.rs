//! The ingress: what it does not take, and what it says then.

use http::Method;
use serde_json::json;
use throughline::CorrelationId;

use crate::caller::{call, get};
use crate::ingress::{JSON, envelope, is_empty, send, sqs};
use crate::start;

#[tokio::test]
async fn other_content_types_are_a_415_and_never_reach_the_queue() {
    let stack = start().await;
    for refused in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json2",
    ] {
        let answer = send(&stack, &[("content-type", refused)], "Action=SendMessage").await;
        assert_eq!(answer.status, 415, "{refused}");
        let id = answer.header("x-correlation-id").unwrap();
        assert!(CorrelationId::parse(id).is_ok());
        assert_eq!(answer.json()["correlation_id"], id);
    }
    assert!(is_empty(&stack).await);
    for taken in [
        "Application/JSON",
        "application/x-www-form-urlencoded; charset=utf-8",
    ] {
        assert_eq!(
            send(&stack, &[("content-type", taken)], "{}").await.status,
            200
        );
        envelope(&stack).await;
    }
    assert_eq!(
        send(&stack, &[], "{}").await.status,
        200,
        "without one it is JSON"
    );
}

#[tokio::test]
async fn trello_may_ask_with_head_and_other_methods_and_paths_are_not_there() {
    let stack = start().await;
    let url = format!("{}/hooks/trello", stack.urls().ingress);
    let head = call(Method::HEAD, &url, &[], "").await.unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    for url in [&url, &format!("{}/elsewhere", stack.urls().ingress)] {
        let answer = get(url).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["message"], "Missing Authentication Token");
    }
    assert!(is_empty(&stack).await);
}

#[tokio::test]
async fn what_is_too_large_is_a_413_and_what_just_fits_is_taken() {
    let stack = start().await;
    let over_10_mb = vec![b'x'; 10 * 1024 * 1024 + 1];
    let answer = send(&stack, &[JSON], over_10_mb).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("Request Too Long"));
    let over_a_message = vec![b'x'; 1024 * 1024];
    let answer = send(&stack, &[JSON], over_a_message).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("the queue takes 1048576"),
        "{}",
        answer.text()
    );
    assert!(is_empty(&stack).await);
    let fits: Vec<u8> = (b' '..=b'~').cycle().take(780_000).collect();
    assert_eq!(send(&stack, &[JSON], fits.clone()).await.status, 200);
    assert_eq!(envelope(&stack).await.body, fits);
}

#[tokio::test]
async fn when_the_queue_refuses_the_sender_is_told_to_try_again() {
    let stack = start().await;
    sqs(&stack, "DeleteQueue", json!({})).await;
    let answer = send(&stack, &[JSON], "{}").await;
    assert_eq!(answer.status, 500);
    let id = answer.header("x-correlation-id").unwrap();
    assert_eq!(
        answer.json(),
        json!({"message": "Internal server error", "correlation_id": id})
    );
}
