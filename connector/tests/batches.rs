//! Mode batch: several messages in one call, and what each of them comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::fakes::gateway::{Answer, Call};
use crate::world::{QUEUE, World, until};

/// A batch waits long enough for all that a test has sent.
const FLAGS: [&str; 2] = ["--mode=batch", "--batch-window=300ms"];

fn has(call: &Call, body: &str) -> bool {
    call.bodies().iter().any(|other| other == body)
}

#[tokio::test]
async fn messages_go_in_one_call_in_lambdas_form_and_only_what_is_named_failed_comes_again() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |call, _| call.failing("poison"));
    let attribute = json!({"colour": {"DataType": "String", "StringValue": "red"}});
    let painted = world.sqs.send_with(QUEUE, "painted", attribute, None);
    for body in ["good", "poison", "also good"] {
        world.sqs.send(QUEUE, body);
    }
    let connector = world.start(&FLAGS).await;
    until("the poison is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    assert_eq!(world.sqs.state().deleted.len(), 3);
    let calls = world.gateway.calls("f");
    let bodies: Vec<_> = calls.iter().map(Call::bodies).collect();
    assert_eq!(bodies[0].len(), 4);
    assert_eq!(bodies[1..], [["poison"], ["poison"]]);
    assert_eq!(calls[0].header("content-type"), "application/json");
    assert_eq!(calls[0].header("x-topic"), QUEUE);
    let records = calls[0].records();
    let record = (records.iter()).find(|record| record["messageId"] == *painted);
    let record = record.expect("it is in the batch");
    assert_eq!(record["messageAttributes"]["colour"]["stringValue"], "red");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["eventSource"], "aws:sqs");
    let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    assert_eq!(record["eventSourceARN"], arn);
    let said = &record["messageAttributes"]["correlation_id"]["stringValue"];
    assert_eq!(*said, *painted, "each record says its own id");
    let poison = &calls[1].records()[0]["messageId"];
    let ids: Vec<_> = calls
        .iter()
        .map(|call| call.header("x-correlation-id"))
        .collect();
    assert!(records.iter().all(|record| record["messageId"] != ids[0]));
    assert_eq!(*poison, ids[1], "a batch of one has the id of its message");
    let (_, metrics) = connector.get("/metrics").await;
    assert!(
        metrics.contains(r#"batch_messages_count{queue="orders"} 3"#),
        "{metrics}"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_message_that_fails_every_batch_takes_none_along_to_the_dead_letter_queue() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |call, _| {
        let status = if has(call, "poison") { 500 } else { 200 };
        Answer::of_function(status).saying("")
    });
    for n in 0..9 {
        let body = if n == 4 {
            "poison".to_owned()
        } else {
            format!("m{n}")
        };
        world.sqs.send(QUEUE, &body);
    }
    let connector = world.start(&FLAGS).await;
    until("all are gone from the queue", || {
        let dead = world.sqs.in_queue("orders-dlq").len();
        world.sqs.state().deleted.len() + dead == 9
    })
    .await;
    let dead = world.sqs.in_queue("orders-dlq");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, "poison");
    connector.stop().await;
}

#[tokio::test]
async fn a_message_that_is_rejected_in_a_batch_is_set_aside_at_once_and_alone() {
    let world = World::with_max_receive_count(9).await;
    world.gateway.function("f", QUEUE, |call, _| {
        let failure = |record: &serde_json::Value| match record["body"].as_str() {
            Some("never") => {
                Some(json!({"itemIdentifier": record["messageId"], "statusCode": 422}))
            }
            Some("not yet") => {
                Some(json!({"itemIdentifier": record["messageId"], "statusCode": 500}))
            }
            _ => None,
        };
        let failures: Vec<_> = call.records().iter().filter_map(failure).collect();
        Answer::of_function(200).saying(json!({ "batchItemFailures": failures }).to_string())
    });
    for body in ["good", "never", "not yet"] {
        world.sqs.send(QUEUE, body);
    }
    let connector = world.start(&FLAGS).await;
    until("one is set aside, and another tried again", || {
        let bodies: Vec<_> = world.gateway.calls("f").iter().map(Call::bodies).collect();
        let again = bodies.iter().flatten().filter(|body| *body == "not yet");
        world.sqs.in_queue("orders-dlq").len() == 1 && again.count() > 1
    })
    .await;
    let calls: Vec<_> = world.gateway.calls("f").iter().map(Call::bodies).collect();
    let of_the_rejected = calls.iter().flatten().filter(|body| *body == "never");
    assert_eq!(of_the_rejected.count(), 1, "{calls:?}");
    assert_eq!(calls[0].len(), 3, "{calls:?}");
    assert_eq!(world.sqs.in_queue("orders-dlq")[0].body, "never");
    connector.stop().await;
}

#[tokio::test]
async fn an_answer_that_names_no_failures_deletes_nothing() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, before| match before {
            0 => Answer::of_function(200).saying("OK"),
            1 => {
                Answer::of_function(200).saying(r#"{"batchItemFailures":[{"itemIdentifier":"m"}]}"#)
            }
            _ => Answer::of_function(200).saying("{}"),
        });
    let id = world.sqs.send(QUEUE, "{}");
    let connector = world.start(&FLAGS).await;
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 3);
    connector.stop().await;
}

#[tokio::test]
async fn each_function_gets_the_batch_of_what_it_has_not_succeeded_with() {
    let world = World::with_max_receive_count(9).await;
    (world.gateway).function("steady", QUEUE, |_, _| Answer::of_function(200).saying(""));
    world.gateway.function("shaky", QUEUE, |call, before| {
        call.failing(if before == 0 { "b" } else { "" })
    });
    for body in ["a", "b", "c"] {
        world.sqs.send(QUEUE, body);
    }
    let connector = world.start(&FLAGS).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 3).await;
    assert_eq!(world.gateway.calls("steady").len(), 1);
    let shaky: Vec<_> = world
        .gateway
        .calls("shaky")
        .iter()
        .map(Call::bodies)
        .collect();
    assert_eq!(
        (shaky[0].len(), &shaky[1..]),
        (3, &[vec!["b".to_owned()]][..])
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_batch_has_one_message_of_a_group_at_most_and_each_group_stays_in_order() {
    let world = World::with_max_receive_count(9).await;
    world.gateway.function("f", "orders.fifo", |call, before| {
        call.failing(if before == 1 { "b1" } else { "" })
    });
    for n in 0..3 {
        for group in ["a", "b", "c"] {
            let body = format!("{group}{n}");
            (world.sqs).send_with("orders.fifo", &body, json!({}), Some(group));
        }
    }
    let queue = format!("--queue-url={}", world.queue_url("orders.fifo"));
    let connector = world
        .start(&["--mode=batch", "--batch-window=100ms", &queue])
        .await;
    until("all are deleted", || world.sqs.state().deleted.len() == 9).await;
    let mut groups: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for call in world.gateway.calls("f") {
        let mut seen = Vec::new();
        for body in call.bodies() {
            let group = body.chars().next().unwrap();
            assert!(!seen.contains(&group), "{:?}", call.bodies());
            seen.push(group);
            groups.entry(group).or_default().push(body);
        }
    }
    assert_eq!(groups[&'a'], ["a0", "a1", "a2"]);
    let b = &groups[&'b'];
    assert!(b.is_sorted() && b.len() <= 4, "{b:?}");
    connector.stop().await;
}

#[tokio::test]
async fn a_batch_that_still_gathers_at_the_stop_is_given_back_at_once() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200).saying(""));
    for _ in 0..3 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--mode=batch", "--batch-window=60s"]).await;
    until("all are held", || world.sqs.visible(QUEUE) == 0).await;
    // The next batch waits for more, and for the window; nothing is lost by the wait.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (left, took) = connector.stop().await;
    assert_eq!((left, world.sqs.visible(QUEUE)), (0, 3));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(world.gateway.calls("f").len(), 0);
}

#[tokio::test]
async fn a_function_with_too_much_to_do_pauses_the_queue_and_burns_no_receives() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, before| {
        Answer::of_function(if before < 3 { 503 } else { 200 }).saying("")
    });
    for _ in 0..4 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&FLAGS).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 4).await;
    let calls = world.gateway.calls("f");
    for call in &calls {
        for record in call.records() {
            assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
        }
    }
    let sizes: Vec<_> = calls.iter().map(|call| call.records().len()).collect();
    assert_eq!(
        sizes[..4],
        [4, 1, 1, 1],
        "one message probes, at once and alone"
    );
    connector.stop().await;
}

#[tokio::test]
async fn no_payload_is_larger_than_it_may_be() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200).saying(""));
    for n in 0..8 {
        let body = "x".repeat(if n == 3 { 9000 } else { 800 });
        world.sqs.send(QUEUE, &body);
    }
    let connector = world
        .start(&["--batch-bytes=4096", "--mode=batch", "--batch-window=300ms"])
        .await;
    until("all are deleted", || world.sqs.state().deleted.len() == 8).await;
    let calls = world.gateway.calls("f");
    assert!(calls.len() < 8, "{}", calls.len());
    for call in &calls {
        assert!(
            call.body.len() <= 4096 || call.records().len() == 1,
            "{}",
            call.body.len()
        );
    }
    connector.stop().await;
}
