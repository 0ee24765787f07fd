//! What a function answers, or does not.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "Functions";
    a_500_is_tried_again:
        "500 twice for each of 5 messages",
        "tried again after the backoff, done once";
    a_504_is_tried_again:
        "504 twice for each of 5 messages",
        "tried again after the backoff, done once";
    a_408_and_a_redirect_are_tried_again:
        "408, then 302",
        "neither is success nor rejection: tried again";
    a_400_is_set_aside_with_the_reason:
        "400 for one of 5 messages",
        "in the dead-letter queue at once, with the reason; the others are done";
    a_400_is_retried_where_that_is_asked_for:
        "on_rejection=retry, 400 for one message, maxReceiveCount 3",
        "SQS's redrive policy takes it after 3 receives";
    a_429_pauses_the_queue_for_as_long_as_it_asks:
        "429 with Retry-After: 2, once",
        "no call for 2 s; no receive is burnt";
    a_429_with_a_date_that_has_passed_is_probed_after_the_usual_pause:
        "429 with Retry-After: a date that has passed, as of a clock that is an hour behind",
        "probed after the usual pause";
    a_503_pauses_the_queue:
        "503 for 4 s, maxReceiveCount 3",
        "paused and probed; no receive is burnt";
    a_function_that_never_answers_holds_back_nobody_else:
        "one message on which the function hangs, 10 others, maxReceiveCount 3",
        "the others are done at once; it ends in the dead-letter queue";
    two_functions_of_which_one_fails_are_settled_apart:
        "the second of two functions fails twice for each of 5 messages",
        "only the second is called again";
    two_functions_of_which_one_rejects_do_not_lose_the_others_work:
        "the second of two functions answers 400",
        "set aside once the first has succeeded";
    a_slow_function_does_not_hold_back_a_fast_one:
        "the first of two functions takes 1.5 s, the second none",
        "the second has all messages before the first is through";
    a_function_that_outlasts_the_visibility_is_not_called_twice:
        "calls of 5 s with leases of 2 s",
        "leases are extended until the delete; each is called once";
    an_answer_of_ten_megabytes_does_no_harm:
        "200 with a body of 10 MB",
        "read to its end, done once";
}

async fn tried_again(replies: &'static [u16]) -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    field
        .function()
        .answers(|call| match replies.get(call.attempt - 1) {
            Some(status) => Reply::status(*status),
            None => Reply::ok(),
        });
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == replies.len() + 1, "{tally:?}");
    Ok(format!(
        "{}; {} calls each",
        tally.all_done_once()?.says(),
        tally.most_calls
    ))
}

async fn a_500_is_tried_again() -> anyhow::Result<String> {
    tried_again(&[500, 500]).await
}

async fn a_504_is_tried_again() -> anyhow::Result<String> {
    tried_again(&[504, 504]).await
}

async fn a_408_and_a_redirect_are_tried_again() -> anyhow::Result<String> {
    tried_again(&[408, 302]).await
}

async fn a_400_is_set_aside_with_the_reason() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .function()
        .answers(|call| Reply::status(if call.message == "m3" { 400 } else { 200 }));
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(
        tally.dead == 1 && tally.done == [4] && tally.most_calls == 1,
        "{tally:?}"
    );
    let queues = field.way.control.queues().await?;
    let dead = &queues["queues"][field.dlq()]["messages"][0];
    ensure!(
        dead["body"] == "m3" && dead["attributes"]["throughline_status"] == "400",
        "{dead}"
    );
    Ok(format!(
        "{}; 1 call each, throughline_status 400",
        tally.says()
    ))
}

async fn a_400_is_retried_where_that_is_asked_for() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().set("on_rejection", "retry")).await?;
    field.function().answers(|_| Reply::status(400));
    field.send(1).await?;
    let tally = field.tally().await?;
    ensure!(tally.dead == 1 && tally.most_calls == 3, "{tally:?}");
    Ok(format!("{}; 3 calls", tally.says()))
}

async fn a_429_pauses_the_queue_for_as_long_as_it_asks() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.function().answers(|call| match call.number {
        1 => Reply::status(429).header("retry-after", "2"),
        _ => Reply::ok(),
    });
    field.send(1).await?;
    field
        .until("the first call came", |field| field.function().calls() == 1)
        .await?;
    let refused = Instant::now();
    field.send(9).await?;
    field
        .until("there is a second", |field| field.function().calls() >= 2)
        .await?;
    let pause = refused.elapsed();
    ensure!(pause > Duration::from_millis(1500), "{pause:?}");
    let tally = field.tally().await?;
    let received = field.number("orders", "totals", "received").await?;
    ensure!(received == 10, "{received} receives");
    Ok(format!("{}; 10 receives", tally.all_done_once()?.says()))
}

async fn a_429_with_a_date_that_has_passed_is_probed_after_the_usual_pause()
-> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.function().answers(|call| match call.number {
        1 => Reply::status(429).header("retry-after", "Fri, 21 Nov 2025 12:00:00 GMT"),
        _ => Reply::ok(),
    });
    field.send(5).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_503_pauses_the_queue() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.function().answers(|_| Reply::status(503));
    field.send(10).await?;
    sleep(Duration::from_secs(4)).await;
    field.function().answers(|_| Reply::ok());
    let tally = field.tally().await?;
    let received = field.number("orders", "totals", "received").await?;
    ensure!(received <= 20, "{received} receives");
    Ok(format!(
        "{}; at most 2 receives each",
        tally.all_done_once()?.says()
    ))
}

async fn a_function_that_never_answers_holds_back_nobody_else() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.function().answers(|call| {
        Reply::ok().after(Duration::from_secs(if call.message == "m1" {
            600
        } else {
            0
        }))
    });
    field.send(11).await?;
    field
        .until("the others are done", |field| {
            field.function().successes() == 10
        })
        .await?;
    ensure!(field.dead().await? == 0, "they did not wait for it");
    let mut more = 0;
    while field.in_queue().await? > 0 && more < 200 {
        // Others go on going through, so that nobody takes it for an outage.
        more += 1;
        field.send(1).await?;
        sleep(Duration::from_millis(200)).await;
    }
    let tally = field.tally().await?;
    ensure!(tally.dead == 1 && tally.done == [10 + more], "{tally:?}");
    Ok("all others done before it; 1 dead-lettered, 0 left".to_owned())
}

async fn two_functions_of_which_one_fails_are_settled_apart() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().functions(2).receives(10)).await?;
    field.functions[1].answers(|call| Reply::status(if call.attempt <= 2 { 500 } else { 200 }));
    field.send(5).await?;
    let tally = field.tally().await?;
    let calls = [field.functions[0].calls(), field.functions[1].calls()];
    ensure!(calls == [5, 15], "{calls:?}");
    Ok(format!("{}; 5 and 15 calls", tally.all_done_once()?.says()))
}

async fn two_functions_of_which_one_rejects_do_not_lose_the_others_work() -> anyhow::Result<String>
{
    let mut field = Field::new(Layout::default().functions(2).receives(10)).await?;
    field.functions[0].answers(|call| Reply::status(if call.attempt == 1 { 500 } else { 200 }));
    field.functions[1].answers(|_| Reply::status(400));
    field.send(1).await?;
    let tally = field.tally().await?;
    ensure!(tally.done == [1, 0] && tally.dead == 1, "{tally:?}");
    Ok(tally.says())
}

async fn a_slow_function_does_not_hold_back_a_fast_one() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().functions(2)).await?;
    field.functions[0].answers(|_| Reply::ok().after(Duration::from_millis(1500)));
    field.send(10).await?;
    field
        .until("the fast one has all", |field| {
            field.functions[1].successes() == 10
        })
        .await?;
    ensure!(
        field.functions[0].successes() < 10,
        "the slow one is not through"
    );
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_function_that_outlasts_the_visibility_is_not_called_twice() -> anyhow::Result<String> {
    let layout = Layout::default()
        .set("short_visibility", "true")
        .set("upstream_timeout", "30s");
    let mut field = Field::new(layout).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_secs(5)));
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 1, "{tally:?}");
    Ok(format!("{}; 1 call each", tally.all_done_once()?.says()))
}

async fn an_answer_of_ten_megabytes_does_no_harm() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .function()
        .answers(|_| Reply::ok().body("x".repeat(10_000_000)));
    field.send(3).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}
