//! The order of a message group, whatever fails.

use std::time::Duration;

use harness::{Options, Recorder, Reply, Way};

use super::say_not_applicable;

async fn recording(replies: &[u16]) -> anyhow::Result<(Way, Recorder)> {
    let mut way = Way::start_stack(Options {
        fifo: true,
        ..Options::default()
    })
    .await?;
    let recorder = Recorder::start().await?;
    recorder.then(replies.iter().copied().map(Reply::status));
    way.control
        .register("recorder", &recorder.url, &way.topic())
        .await?;
    way.start_connector().await?;
    Ok((way, recorder))
}

#[tokio::test]
async fn a_group_is_delivered_in_order_even_when_its_first_message_fails() -> anyhow::Result<()> {
    let (way, recorder) = recording(&[500]).await?;
    if way.other_sqs() == Some("moto") {
        // See docs/conformance.md.
        say_not_applicable(
            "moto",
            "order within a group (it gives a poll that is open the next message)",
        );
        drop(recorder);
        return way.stop().await;
    }
    for body in ["1", "2", "3", "4"] {
        way.send_to_group("card-7", body).await?;
    }
    let calls = recorder.wait_for_calls(5).await?;
    let bodies: Vec<_> = calls.iter().map(|call| call.body.as_ref()).collect();
    assert_eq!(bodies, [b"1", b"1", b"2", b"3", b"4"]);
    assert_eq!(calls[1].header("x-sqs-receive-count"), "2");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(recorder.calls().len(), 5, "nothing is delivered twice");
    drop(recorder);
    way.stop().await
}

#[tokio::test]
async fn a_group_that_waits_does_not_hold_another() -> anyhow::Result<()> {
    let (way, recorder) = recording(&[]).await?;
    recorder.then([Reply {
        status: 200,
        after: Duration::from_secs(4),
    }]);
    way.send_to_group("slow", "slow 1").await?;
    recorder.wait_for_calls(1).await?;
    way.send_to_group("slow", "slow 2").await?;
    way.send_to_group("quick", "quick").await?;
    let calls = recorder.wait_for_calls(3).await?;
    let bodies: Vec<_> = calls.iter().map(|call| call.body.as_ref()).collect();
    assert_eq!(bodies, [b"slow 1".as_slice(), b"quick", b"slow 2"]);
    drop(recorder);
    way.stop().await
}
