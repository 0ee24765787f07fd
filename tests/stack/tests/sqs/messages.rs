//! Sending, receiving, deleting and giving back, one message at a time.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue as Value, MessageSystemAttributeName as System,
    MessageSystemAttributeNameForSends as SystemForSends, MessageSystemAttributeValue,
    QueueAttributeName,
};

use crate::server::{Server, body, code, handle};

fn value(data_type: &str, text: &str) -> Value {
    let value = Value::builder().data_type(data_type).string_value(text);
    value.build().unwrap()
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_with_its_digests() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let text = "tab\t quote\" back\\slash \r\n ünï 漢 🦀";
    let sent = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body(text);
    let sent = sent.send().await.unwrap();
    let received = server.receive_one(&url).await;
    assert_eq!(body(&received), text);
    assert_eq!(received.message_id, sent.message_id);
    assert_eq!(received.md5_of_body, sent.md5_of_message_body);
    assert!(received.attributes.is_none() && received.message_attributes.is_none());
    server.delete(&url, &received).await;
    assert_eq!(server.sqs.counts("q").unwrap().all(), 0);
}

#[tokio::test]
async fn message_attributes_of_every_type_come_back_when_asked_for() {
    let server = Server::start().await;
    let url = server.queue("q", &[("VisibilityTimeout", "0")]);
    let binary = Value::builder()
        .data_type("Binary.raw")
        .binary_value(Blob::new([0, 255, 7]));
    let sent = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body("msg")
        .message_attributes("Foo", value("String", "Bar"))
        .message_attributes("Foo.n", value("Number.int", "42"))
        .message_attributes("bytes", binary.build().unwrap())
        .send()
        .await
        .unwrap();
    let receive = async |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let receive = server.client.receive_message().queue_url(&url);
        let received = receive
            .set_message_attribute_names(Some(names))
            .send()
            .await
            .unwrap();
        received.messages.unwrap().remove(0)
    };
    let all = receive(&["All"]).await;
    assert_eq!(
        all.md5_of_message_attributes,
        sent.md5_of_message_attributes
    );
    let attributes = all.message_attributes.unwrap();
    assert_eq!(attributes["Foo"], value("String", "Bar"));
    assert_eq!(attributes["Foo.n"], value("Number.int", "42"));
    assert_eq!(
        attributes["bytes"].binary_value.as_ref().unwrap().as_ref(),
        [0, 255, 7]
    );
    let one = receive(&["Foo", "none"]).await;
    // What Amazon SQS answers for this attribute alone.
    assert_eq!(
        one.md5_of_message_attributes.as_deref(),
        Some("ae7155c6026991b6d54b11589678bf9c")
    );
    assert_eq!(
        receive(&["Foo.*"]).await.message_attributes.unwrap().len(),
        2
    );
    assert_eq!(receive(&[".*"]).await.message_attributes.unwrap().len(), 3);
    assert!(receive(&[]).await.md5_of_message_attributes.is_none());
}

#[tokio::test]
async fn system_attributes_come_back_when_asked_for_by_either_member() {
    let server = Server::start().await;
    let url = server.queue("q", &[("VisibilityTimeout", "0")]);
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let header = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(trace);
    let send = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body("msg");
    let header = header.build().unwrap();
    let send = send.message_system_attributes(SystemForSends::AwsTraceHeader, header);
    let sent = send.send().await.unwrap();
    assert!(sent.md5_of_message_system_attributes.is_some());
    let receive = server.client.receive_message().queue_url(&url);
    let all = receive
        .message_system_attribute_names(System::All)
        .send()
        .await
        .unwrap();
    let all = all.messages.unwrap().remove(0).attributes.unwrap();
    assert_eq!(all[&System::AwsTraceHeader], trace);
    assert_eq!(all[&System::ApproximateReceiveCount], "1");
    assert!(all.contains_key(&System::SenderId) && all.contains_key(&System::SentTimestamp));
    assert!(!all.contains_key(&System::MessageGroupId));
    let first = &all[&System::ApproximateFirstReceiveTimestamp];
    #[expect(deprecated, reason = "older clients still ask this way")]
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::from("ApproximateFirstReceiveTimestamp"));
    let one = receive
        .send()
        .await
        .unwrap()
        .messages
        .unwrap()
        .remove(0)
        .attributes
        .unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(&one[&System::ApproximateFirstReceiveTimestamp], first);
}

#[tokio::test]
async fn bad_messages_are_refused() {
    let server = Server::start().await;
    let url = server.queue("q", &[("MaximumMessageSize", "1024")]);
    let send = |body: &str| {
        server
            .client
            .send_message()
            .queue_url(&url)
            .message_body(body)
    };
    assert_eq!(code(send("").send().await), "MissingParameter");
    assert_eq!(code(send("\u{1}").send().await), "InvalidMessageContents");
    assert_eq!(
        code(send("\u{ffff}").send().await),
        "InvalidMessageContents"
    );
    send(&"x".repeat(1024)).send().await.unwrap();
    assert_eq!(
        code(send(&"x".repeat(1025)).send().await),
        "InvalidParameterValue"
    );
    let attribute = send(&"x".repeat(1020)).message_attributes("a", value("String", "v"));
    assert_eq!(code(attribute.send().await), "InvalidParameterValue");
    assert_eq!(
        code(send("x").delay_seconds(901).send().await),
        "InvalidParameterValue"
    );
    let deduplicated = send("x").message_deduplication_id("d");
    assert_eq!(code(deduplicated.send().await), "InvalidParameterValue");
    let bad = send("x").message_attributes("a", value("Colour", "red"));
    assert_eq!(code(bad.send().await), "InvalidParameterValue");
    assert_eq!(server.sqs.totals("q").unwrap().sent, 1);
}

#[tokio::test]
async fn a_mebibyte_fits_and_no_byte_more() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    // Four bytes for each character, so that bytes and not characters are counted.
    let whole = "🦀".repeat(262_144);
    server.send(&url, &whole).await;
    assert_eq!(body(&server.receive_one(&url).await), whole);
    let more = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body(whole + "x");
    assert_eq!(code(more.send().await), "InvalidParameterValue");
}

#[tokio::test]
async fn receives_ask_for_one_to_ten_messages_within_the_limits() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let receive = || server.client.receive_message().queue_url(&url);
    for refused in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().wait_time_seconds(21),
        receive().wait_time_seconds(-1),
        receive().visibility_timeout(43_201),
    ] {
        assert_eq!(code(refused.send().await), "InvalidParameterValue");
    }
    let unknown = receive()
        .message_system_attribute_names("Colour".into())
        .send()
        .await;
    assert_eq!(code(unknown), "InvalidAttributeName");
    let empty = receive().send().await.unwrap();
    assert!(empty.messages.is_none());
}

#[tokio::test]
async fn the_timeout_of_a_receive_outranks_the_queues_and_can_be_changed() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.send(&url, "a").await;
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .visibility_timeout(0);
    receive.send().await.unwrap();
    let message = server.receive_one(&url).await;
    let change = |handle: &str, seconds| {
        let change = server.client.change_message_visibility().queue_url(&url);
        change
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    assert_eq!(
        code(change(handle(&message), 43_201).await),
        "InvalidParameterValue"
    );
    change(handle(&message), 43_000).await.unwrap();
    change(handle(&message), 0).await.unwrap();
    let error = change(handle(&message), 5).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_message_not_inflight());
    assert_eq!(code(change("garbage", 5).await), "ReceiptHandleIsInvalid");
    let again = server.receive_one(&url).await;
    server.delete(&url, &message).await;
    assert_eq!(
        server.sqs.counts("q").unwrap().in_flight,
        1,
        "a stale handle deletes nothing"
    );
    server.delete(&url, &again).await;
    server.delete(&url, &again).await;
    assert_eq!(server.sqs.counts("q").unwrap().all(), 0);
    let other = server.queue("other", &[]);
    let delete = server.client.delete_message().queue_url(&other);
    let refused = delete.receipt_handle(handle(&again)).send().await;
    assert_eq!(code(refused), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn at_the_in_flight_limit_a_short_poll_is_refused_and_a_long_one_waits() {
    let options = stack::sqs::SqsOptions {
        in_flight_limit: 1,
        ..Default::default()
    };
    let server = Server::with(options).await;
    let url = server.queue("q", &[]);
    server.send(&url, "a").await;
    server.send(&url, "b").await;
    let first = server.receive_one(&url).await;
    let receive = server.client.receive_message().queue_url(&url);
    let error = receive.send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_over_limit());
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(1);
    assert!(receive.clone().send().await.unwrap().messages.is_none());
    let (second, ()) = tokio::join!(receive.wait_time_seconds(10).send(), async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        server.delete(&url, &first).await;
    });
    assert_eq!(body(&second.unwrap().messages.unwrap()[0]), "b");
}
