//! `check`, `peek` and `redrive`, as on-call uses them.

use harness::{Fate, Options, Way, recorded};
use serde_json::Value;

use super::{PATIENCE, all_deployed_once, card, not_applicable, stack_flags, story};

#[tokio::test]
async fn a_check_of_a_way_that_works_exits_with_0_and_of_a_broken_one_says_what_to_do()
-> anyhow::Result<()> {
    let mut way = Way::start_stack(Options::default()).await?;
    let (code, text) = way.connector_command(&["check"]).await?;
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains(&format!("✗ {}  functions", way.topic())),
        "{text}"
    );
    assert!(text.contains(&format!("topic: {}", way.topic())), "{text}");

    way.start_function().await?;
    let (code, text) = way.connector_command(&["check"]).await?;
    assert_eq!(code, 0, "{text}");
    assert!(
        !text.contains('✗') && text.contains("kanban-processor"),
        "{text}"
    );

    let (code, text) = way.connector_command(&["check", "--json"]).await?;
    let read: Value = serde_json::from_str(&text)?;
    assert_eq!((code, &read["ok"]), (0, &Value::Bool(true)), "{text}");

    let nowhere = [
        "check",
        "--gateway-url=http://127.0.0.1:9",
        "--region=eu-west-1",
    ];
    let (code, text) = way.connector_command(&nowhere).await?;
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("✗ gateway") && text.contains("check gateway_url"),
        "{text}"
    );
    way.stop().await
}

#[tokio::test]
async fn a_dead_letter_is_found_by_its_correlation_id_and_sent_back_when_the_reason_is_gone()
-> anyhow::Result<()> {
    let mut way = Way::start(stack_flags(["--max-receive-count", "1"])).await?;
    if not_applicable(&way, "a redrive by the server's own move tasks") {
        return way.stop().await;
    }
    way.control
        .backend(
            serde_json::json!({"card": "early", "times": 1, "effect": {"errors": ["not yet"]}}),
        )
        .await?;
    let forged = recorded("github/moved")?.with_secret("not the secret")?;
    let forged = forged.send(&way.urls.ingress).await?.correlation_id;
    let early = card("early")?.send(&way.urls.ingress).await?.correlation_id;
    let ids = [forged.clone(), early.clone()];
    let fates = way.settled(&ids, PATIENCE).await?;
    assert_eq!(fates[&forged], Fate::Rejected, "{}", story(&way, &forged));
    assert_eq!(fates[&early], Fate::DeadLettered, "{}", story(&way, &early));

    let (code, text) = way.connector_command(&["peek"]).await?;
    assert_eq!(code, 0, "{text}");
    for part in [
        &*forged,
        &*early,
        "rejected with status 400",
        "2 of about 2 messages",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }

    let dry = ["redrive", "--id", &early];
    let (code, text) = way.connector_command(&dry).await?;
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("would send 1 message from kanban-events-dlq"),
        "{text}"
    );
    assert!(!text.contains(&forged), "{text}");
    let (_, text) = way.connector_command(&["peek"]).await?;
    assert!(
        text.contains("2 of about 2 messages"),
        "nothing has moved: {text}"
    );

    let (code, text) = way
        .connector_command(&["redrive", "--execute", "--id", &early])
        .await?;
    assert_eq!(code, 0, "{text}");
    all_deployed_once(&way, &["early".to_owned()], std::slice::from_ref(&early)).await?;
    let (_, text) = way.connector_command(&["peek", "--json"]).await?;
    let lines: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 1, "{text}");
    assert_eq!(lines[0]["correlation_id"], *forged);

    // The rest by SQS itself; what is still refused comes back, with a reason that is fresh.
    way.stop_connector().await?;
    let (code, text) = way
        .connector_command(&["redrive", "--all", "--execute"])
        .await?;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("SQS moved 1"), "{text}");
    let (_, text) = way.connector_command(&["peek"]).await?;
    assert!(text.contains("0 of about 0 messages"), "{text}");
    let (code, text) = way
        .connector_command(&["redrive", "--id", "nobody", "--execute"])
        .await?;
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("not found in kanban-events-dlq: nobody"),
        "{text}"
    );
    way.stop().await
}
