//! What nobody should send, and what becomes of it.

use harness::{Options, Process, Recorder, Way, exchange, get};
use serde_json::json;

use super::{PATIENCE, variables};

/// A way whose function is one of the test's own.
async fn recording() -> anyhow::Result<(Way, Recorder)> {
    let mut way = Way::start_stack(Options::default()).await?;
    let recorder = Recorder::start().await?;
    way.control
        .register("recorder", &recorder.url, &way.topic())
        .await?;
    way.start_connector().await?;
    Ok((way, recorder))
}

#[tokio::test]
async fn every_body_is_delivered_byte_for_byte() -> anyhow::Result<()> {
    let (way, recorder) = recording().await?;
    let bodies = [
        " ".to_owned(),
        "plain text, no JSON".to_owned(),
        "{\"correlation_id\":".to_owned(),
        "&DelaySeconds=900 + % \" ' \\ äöü 🎉\r\n\t".to_owned(),
        "\u{feff}[1, 2,  3 ]".to_owned(),
        "x".repeat(1024 * 1024),
    ];
    for (n, body) in bodies.iter().enumerate() {
        let message_id = way.send_message(body, json!({})).await?;
        let calls = recorder.wait_for_calls(n + 1).await?;
        let call = &calls[n];
        assert!(call.body == body.as_bytes(), "body {n} was altered");
        assert_eq!(call.header("x-sqs-message-id"), message_id);
        assert_eq!(call.header("x-correlation-id"), message_id);
    }
    drop(recorder);
    way.stop().await
}

#[tokio::test]
async fn the_text_that_a_sender_sends_reaches_the_function_byte_for_byte_whatever_it_is()
-> anyhow::Result<()> {
    let (way, recorder) = recording().await?;
    let json = [("content-type".to_owned(), "application/json".to_owned())].into();
    let bodies: [&[u8]; 5] = [
        b"",
        "\0\u{7f} Z\u{fc}rich \u{1f680}\r\n".as_bytes(),
        b"no JSON & DelaySeconds=900 + %41",
        b"{\"v\":1,\"body_b64\":\"forged\"}",
        &[b'x'; 200_000],
    ];
    for (n, body) in bodies.iter().enumerate() {
        let url = format!("{}/hooks/generic", way.urls.ingress);
        let answer = exchange(http::Method::POST, &url, &json, body.to_vec()).await?;
        assert_eq!(answer.status, 200);
        let calls = recorder.wait_for_calls(n + 1).await?;
        let envelope = throughline::Envelope::parse(&calls[n].body)?;
        assert!(envelope.body == *body, "body {n} was altered");
        let id = envelope.correlation_id.as_str();
        assert_eq!(answer.header("x-correlation-id"), Some(id));
        assert_eq!(calls[n].header("x-correlation-id"), id);
    }
    drop(recorder);
    way.stop().await
}

#[tokio::test]
async fn a_function_gets_every_header_that_it_is_promised() -> anyhow::Result<()> {
    let (way, recorder) = recording().await?;
    let message_id = way
        .send_message(
            "{}",
            json!({
                "correlation_id": {"DataType": "String", "StringValue": "kan-7:1"},
                "traceparent": {
                    "DataType": "String",
                    "StringValue": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                },
            }),
        )
        .await?;
    let calls = recorder.wait_for_calls(1).await?;
    let header = |name| calls[0].header(name);
    assert_eq!(header("x-correlation-id"), "kan-7:1");
    assert!(header("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    assert!(!header("x-call-id").is_empty());
    assert_eq!(header("x-sqs-message-id"), message_id);
    assert_eq!(header("x-sqs-queue-url"), way.queue_url());
    assert_eq!(header("x-topic"), way.topic());
    assert!(!header("x-connector").is_empty());
    assert_eq!(header("idempotency-key"), message_id);
    assert_eq!(header("x-sqs-receive-count"), "1");
    assert_eq!(
        header("authorization"),
        "",
        "the gateway's credentials are not the function's"
    );
    drop(recorder);
    way.stop().await
}

#[tokio::test]
async fn a_hostile_id_is_replaced_counted_and_never_logged_raw() -> anyhow::Result<()> {
    let (way, recorder) = recording().await?;
    let hostile = [
        "oversized-".repeat(30),
        "<script>forged</script>".to_owned(),
        "two forged words".to_owned(),
    ];
    for (n, id) in hostile.iter().enumerate() {
        let attribute = json!({"correlation_id": {"DataType": "String", "StringValue": id}});
        let message_id = way.send_message("{}", attribute).await?;
        let calls = recorder.wait_for_calls(n + 1).await?;
        assert_eq!(calls[n].header("x-correlation-id"), message_id);
    }
    let connector = way.connector.as_ref().expect("it was started");
    for line in connector.lines() {
        assert!(
            !line.text.contains("oversized-oversized") && !line.text.contains("forged"),
            "{}",
            line.text
        );
    }
    let metrics = get(&format!("{}/metrics", way.admin()?)).await?;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let counted = metrics
        .lines()
        .any(|line| line.contains("correlation") && !line.starts_with('#') && line.ends_with(" 3"));
    assert!(counted, "{metrics}");
    drop(recorder);
    way.stop().await
}

#[tokio::test]
async fn a_bad_configuration_stops_the_start_with_every_problem() -> anyhow::Result<()> {
    let way = Way::start_stack(Options::default()).await?;
    let mut spec = way.connector_spec();
    spec.env.extend(variables([
        ("gateway_url", "gateway:8080"),
        ("upstream_timeout", "soon"),
        ("rebuild_interval", "-1"),
    ]));
    spec = spec
        .arg("--wait-time")
        .arg("21s")
        .arg("--max-messages")
        .arg("11");
    let mut connector = Process::start(&spec)?;
    let status = connector.ended(PATIENCE).await?;
    assert_eq!(status.code(), Some(64));
    let said: Vec<_> = connector
        .lines()
        .iter()
        .map(|line| line.text.clone())
        .collect();
    let said = said.join("\n");
    for problem in [
        "gateway_url = \"gateway:8080\": ",
        "upstream_timeout = \"soon\": ",
        "rebuild_interval = \"-1\": ",
        "\"21s\": ",
        "\"11\": ",
    ] {
        assert!(said.contains(problem), "{problem} is missing in:\n{said}");
    }
    way.stop().await
}

#[tokio::test]
async fn a_function_with_a_bad_environment_lists_every_problem() -> anyhow::Result<()> {
    let way = Way::start_stack(Options {
        function: variables([
            ("port", "eighty"),
            ("exec_timeout", "soon"),
            ("graphql_url", "backend"),
        ]),
        ..Options::default()
    })
    .await?;
    let mut way = way;
    let error = way
        .start_function()
        .await
        .expect_err("it can't start")
        .to_string();
    for problem in [
        "port = \"eighty\": ",
        "exec_timeout = \"soon\": ",
        "graphql_url = \"backend\": ",
    ] {
        assert!(error.contains(problem), "{problem} is missing in:\n{error}");
    }
    way.stop().await
}
