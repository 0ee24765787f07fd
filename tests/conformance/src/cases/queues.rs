//! Making, finding, changing, purging and deleting queues.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(a_queue_is_found_by_its_name: "GetQueueUrl",
        "the URL of the queue with this name"),
    case!(a_missing_queue_is_not_found: "GetQueueUrl",
        "QueueDoesNotExist"),
    case!(making_the_same_queue_again_gives_its_url: "CreateQueue",
        "a queue that is there with these attributes is no error: its URL is the answer"),
    case!(making_a_queue_with_other_attributes_is_refused: "CreateQueue",
        "QueueNameExists: a queue of this name has another value for an attribute"),
    case!(a_bad_name_is_refused: "CreateQueue",
        "up to 80 alphanumeric characters, hyphens and underscores"),
    case!(an_unknown_attribute_is_refused: "CreateQueue",
        "InvalidAttributeName: the attribute does not exist")
        .elasticmq("takes it", "was not refused")
        .moto("takes it", "was not refused"),
    case!(queues_are_listed_by_prefix: "ListQueues",
        "QueueNamePrefix limits the list to names that start so"),
    case!(a_list_comes_in_pages: "ListQueues",
        "MaxResults limits the page, NextToken is the way to the next")
        .elasticmq("ignores MaxResults", "next_token: None"),
    case!(an_attribute_that_is_set_is_told: "SetQueueAttributes",
        "the new value replaces the old one"),
    case!(all_attributes_are_told: "GetQueueAttributes",
        "All gives every attribute; QueueArn, CreatedTimestamp and LastModifiedTimestamp in seconds among them")
        .moto("tells fractions of seconds", "CreatedTimestamp is"),
    case!(a_purged_queue_is_empty: "PurgeQueue",
        "available messages and those in flight are deleted"),
    case!(a_second_purge_within_a_minute_is_refused: "PurgeQueue",
        "PurgeQueueInProgress: the queue was purged within the last 60 seconds")
        .elasticmq("takes it", "was not refused"),
    case!(a_deleted_queue_is_gone: "DeleteQueue",
        "the queue and its messages are deleted"),
    case!(a_deleted_name_rests_for_a_minute: "CreateQueue",
        "QueueDeletedRecently: wait 60 seconds before making a queue of a deleted one's name")
        .elasticmq("takes it", "was not refused")
        .moto("takes it", "was not refused"),
    case!(every_action_on_a_missing_queue_is_refused: "SendMessage",
        "QueueDoesNotExist: the queue does not exist, or its URL is wrong"),
];

async fn a_queue_is_found_by_its_name(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let found = b.sqs.get_queue_url().queue_name(&queue.name).send().await?;
    ensure!(found.queue_url() == Some(&queue.url), "{found:?}");
    Ok(())
}

async fn a_missing_queue_is_not_found(b: Bench) -> Outcome {
    let found = b.sqs.get_queue_url().queue_name(Bench::name());
    refused(found.send().await, "QueueDoesNotExist")
}

async fn making_the_same_queue_again_gives_its_url(b: Bench) -> Outcome {
    let attributes = [(Attribute::DelaySeconds, "5")];
    let queue = b.queue(&attributes).await?;
    let again = b.create(&queue.name, &attributes).await?;
    ensure!(again.queue_url() == Some(&queue.url), "{again:?}");
    Ok(())
}

async fn making_a_queue_with_other_attributes_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::DelaySeconds, "5")]).await?;
    let again = b.create(&queue.name, &[(Attribute::DelaySeconds, "6")]);
    refused(again.await, "QueueNameExists")
}

async fn a_bad_name_is_refused(b: Bench) -> Outcome {
    for bad in ["a.b", "a b", &"x".repeat(81)] {
        let made = b.create(bad, &[]).await;
        ensure!(made.is_err(), "{bad:?} was not refused");
    }
    Ok(())
}

async fn an_unknown_attribute_is_refused(b: Bench) -> Outcome {
    let colour = [(Attribute::from("Colour"), "red")];
    let made = b.create(&Bench::name(), &colour).await;
    refused(made, "InvalidAttributeName")
}

async fn queues_are_listed_by_prefix(b: Bench) -> Outcome {
    let name = Bench::name();
    let one = b.named(format!("{name}-1"), &[]).await?;
    let two = b.named(format!("{name}-2"), &[]).await?;
    let list = b.sqs.list_queues().queue_name_prefix(&name);
    let listed = list.send().await?;
    let mut urls = listed.queue_urls.unwrap_or_default();
    urls.sort();
    ensure!(urls == [one.url, two.url], "{urls:?}");
    Ok(())
}

async fn a_list_comes_in_pages(b: Bench) -> Outcome {
    let name = Bench::name();
    for n in 0..3 {
        b.named(format!("{name}-{n}"), &[]).await?;
    }
    let page = || b.sqs.list_queues().queue_name_prefix(&name).max_results(2);
    let first = page().send().await?;
    ensure!(first.queue_urls().len() == 2, "{first:?}");
    let token = first.next_token().context("no NextToken")?;
    let second = page().next_token(token).send().await?;
    ensure!(second.queue_urls().len() == 1, "{second:?}");
    ensure!(second.next_token().is_none(), "{second:?}");
    Ok(())
}

async fn an_attribute_that_is_set_is_told(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.set(Attribute::VisibilityTimeout, "77").await?;
    let told = queue.attribute(Attribute::VisibilityTimeout).await?;
    ensure!(told == "77", "{told}");
    Ok(())
}

async fn all_attributes_are_told(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let get = b.sqs.get_queue_attributes().queue_url(&queue.url);
    let got = get.attribute_names(Attribute::All).send().await?;
    let got = got.attributes.unwrap_or_default();
    let arn = got.get(&Attribute::QueueArn).cloned().unwrap_or_default();
    ensure!(arn.ends_with(&format!(":{}", queue.name)), "{arn:?}");
    for name in [
        Attribute::CreatedTimestamp,
        Attribute::LastModifiedTimestamp,
    ] {
        let at = got.get(&name).cloned().unwrap_or_default();
        let seconds: Result<u64, _> = at.parse();
        ensure!(
            seconds.is_ok_and(|at| (1_700_000_000..10_000_000_000).contains(&at)),
            "{name} is {at:?}"
        );
    }
    Ok(())
}

async fn a_purged_queue_is_empty(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("in flight").await?;
    let flying = queue.take_one().await?;
    queue.send("available").await?;
    b.sqs.purge_queue().queue_url(&queue.url).send().await?;
    queue.is_empty("after the purge").await?;
    // Whether or not its handle is still known, the message must not come back.
    let _ = queue.changing(&flying, 0).send().await;
    queue.is_empty("after the purge").await
}

async fn a_second_purge_within_a_minute_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let purge = || b.sqs.purge_queue().queue_url(&queue.url).send();
    purge().await?;
    refused(purge().await, "PurgeQueueInProgress")
}

async fn a_deleted_queue_is_gone(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    b.sqs.delete_queue().queue_url(&queue.url).send().await?;
    refused(queue.sending("x").send().await, "QueueDoesNotExist")
}

async fn a_deleted_name_rests_for_a_minute(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    b.sqs.delete_queue().queue_url(&queue.url).send().await?;
    refused(b.create(&queue.name, &[]).await, "QueueDeletedRecently")
}

async fn every_action_on_a_missing_queue_is_refused(b: Bench) -> Outcome {
    const MISSING: &str = "QueueDoesNotExist";
    let queue = b.queue(&[]).await?;
    let url = &queue.url.replace(&queue.name, "nowhere");
    let sqs = &b.sqs;
    let send = sqs.send_message().queue_url(url).message_body("x");
    refused(send.send().await, MISSING).context("SendMessage")?;
    let receive = sqs.receive_message().queue_url(url);
    refused(receive.send().await, MISSING).context("ReceiveMessage")?;
    let delete = sqs.delete_message().queue_url(url).receipt_handle("h");
    refused(delete.send().await, MISSING).context("DeleteMessage")?;
    let change = sqs.change_message_visibility().queue_url(url);
    let change = change.receipt_handle("h").visibility_timeout(0);
    refused(change.send().await, MISSING).context("ChangeMessageVisibility")?;
    let get = sqs.get_queue_attributes().queue_url(url);
    refused(get.send().await, MISSING).context("GetQueueAttributes")?;
    let purge = sqs.purge_queue().queue_url(url);
    refused(purge.send().await, MISSING).context("PurgeQueue")
}
