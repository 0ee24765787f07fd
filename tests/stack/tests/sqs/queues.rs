//! Making, finding, changing, purging and deleting queues.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use crate::server::{Server, code};

#[tokio::test]
async fn a_queue_is_made_found_listed_and_deleted() {
    let server = Server::start().await;
    let client = &server.client;
    let made = client.create_queue().queue_name("a").send().await.unwrap();
    let url = made.queue_url.unwrap();
    assert_eq!(url, format!("http://{}/000000000000/a", server.address));
    let found = client.get_queue_url().queue_name("a").send().await.unwrap();
    assert_eq!(found.queue_url.as_deref(), Some(url.as_str()));
    let listed = client.list_queues().send().await.unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let gone = client.get_queue_url().queue_name("a").send().await;
    assert!(
        gone.as_ref()
            .unwrap_err()
            .as_service_error()
            .unwrap()
            .is_queue_does_not_exist()
    );
    assert_eq!(code(gone), "AWS.SimpleQueueService.NonExistentQueue");
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("x")
        .send()
        .await;
    assert_eq!(code(sent), "AWS.SimpleQueueService.NonExistentQueue");
    let again = client.create_queue().queue_name("a").send().await;
    assert_eq!(code(again), "AWS.SimpleQueueService.QueueDeletedRecently");
}

#[tokio::test]
async fn making_a_queue_again_succeeds_with_the_same_attributes_only() {
    let server = Server::start().await;
    let create = |seconds: &str| {
        let create = server.client.create_queue().queue_name("a");
        create.attributes(Name::DelaySeconds, seconds).send()
    };
    create("5").await.unwrap();
    create("5").await.unwrap();
    let error = create("6").await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_name_exists());
    assert_eq!(code(create("901").await), "InvalidAttributeValue");
    let create = server.client.create_queue().queue_name("b");
    let refused = create.attributes("Colour".into(), "red").send().await;
    assert_eq!(code(refused), "InvalidAttributeName");
    let refused = server.client.create_queue().queue_name("a.b").send().await;
    assert_eq!(code(refused), "InvalidParameterValue");
}

#[tokio::test]
async fn lists_go_by_prefix_and_page() {
    let server = Server::start().await;
    for name in ["b1", "a2", "a1", "a3"] {
        server.queue(name, &[]);
    }
    let mut token = None;
    let mut pages = Vec::new();
    loop {
        let list = server
            .client
            .list_queues()
            .queue_name_prefix("a")
            .max_results(2);
        let page = list.set_next_token(token.take()).send().await.unwrap();
        let names = page
            .queue_urls()
            .iter()
            .map(|url| url.rsplit('/').next().unwrap().to_owned());
        pages.push(names.collect::<Vec<_>>());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["a1", "a2"], vec!["a3"]]);
    let refused = server.client.list_queues().max_results(1001).send().await;
    assert_eq!(code(refused), "InvalidParameterValue");
}

#[tokio::test]
async fn attributes_are_read_and_set() {
    let server = Server::start().await;
    let url = server.queue("a", &[("VisibilityTimeout", "7")]);
    for body in ["1", "2", "3"] {
        server.send(&url, body).await;
    }
    let delayed = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body("4");
    delayed.delay_seconds(900).send().await.unwrap();
    server
        .client
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    let get = server.client.get_queue_attributes().queue_url(&url);
    let all = get
        .attribute_names(Name::All)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    for (name, value) in [
        (Name::QueueArn, "arn:aws:sqs:us-east-1:000000000000:a"),
        (Name::ApproximateNumberOfMessages, "2"),
        (Name::ApproximateNumberOfMessagesNotVisible, "1"),
        (Name::ApproximateNumberOfMessagesDelayed, "1"),
        (Name::VisibilityTimeout, "7"),
        (Name::MaximumMessageSize, "1048576"),
        (Name::MessageRetentionPeriod, "345600"),
        (Name::DelaySeconds, "0"),
        (Name::ReceiveMessageWaitTimeSeconds, "0"),
        (Name::SqsManagedSseEnabled, "true"),
    ] {
        assert_eq!(all.get(&name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!all.contains_key(&Name::RedrivePolicy) && !all.contains_key(&Name::FifoQueue));
    let set = |name: Name, value: &str| {
        let set = server.client.set_queue_attributes().queue_url(&url);
        set.attributes(name, value).send()
    };
    set(Name::VisibilityTimeout, "8").await.unwrap();
    let timeout = server.attribute(&url, Name::VisibilityTimeout).await;
    assert_eq!(timeout.as_deref(), Some("8"));
    assert_eq!(
        code(set(Name::VisibilityTimeout, "43201").await),
        "InvalidAttributeValue"
    );
    assert_eq!(
        code(set(Name::FifoQueue, "true").await),
        "InvalidAttributeName"
    );
    assert_eq!(
        code(set(Name::RedrivePolicy, "{}").await),
        "InvalidParameterValue"
    );
    let get = server.client.get_queue_attributes().queue_url(&url);
    let refused = get.attribute_names("Colour".into()).send().await;
    assert_eq!(code(refused), "InvalidAttributeName");
}

#[tokio::test]
async fn a_purge_takes_all_messages_wherever_they_stand() {
    let server = Server::start().await;
    let url = server.queue("a", &[]);
    server.send(&url, "1").await;
    server.receive_one(&url).await;
    server.send(&url, "2").await;
    server
        .client
        .purge_queue()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(server.sqs.counts("a").unwrap().all(), 0);
    assert_eq!(server.sqs.totals("a").unwrap().purged, 2);
    let again = server.client.purge_queue().queue_url(&url).send().await;
    assert_eq!(code(again), "AWS.SimpleQueueService.PurgeQueueInProgress");
}
