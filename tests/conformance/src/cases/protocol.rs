//! How refusals look on the wire.

use anyhow::ensure;
use serde_json::json;

use crate::bench::{Bench, Raw};
use crate::case::{Case, Outcome, case};

pub(super) const CASES: &[Case] = &[
    case!(a_refusal_has_its_type_in_the_body: "Making query API requests using AWS JSON protocol",
        "HTTP 400; __type is the error's name behind its namespace"),
    case!(a_refusal_has_the_older_code_in_a_header: "Making query API requests using AWS JSON protocol",
        "x-amzn-query-error has the code of the query protocol and who is at fault")
        .elasticmq("has the type there", "com.amazonaws.sqs#QueueDoesNotExist"),
    case!(an_answer_has_the_id_of_its_request: "Common response headers",
        "x-amzn-RequestId names the request")
        .elasticmq("has none", "there is no x-amzn-RequestId"),
    case!(an_unknown_action_is_refused: "Common error types",
        "an action that there is not is refused with HTTP 400")
        .moto("answers 500", "the status is 500"),
    case!(what_is_no_json_is_refused: "Common error types",
        "a body that can't be read is refused with HTTP 400")
        .moto("takes it for an empty request", "the status is 200"),
    case!(a_value_of_the_wrong_type_is_refused: "Common error types",
        "a value of another type than documented is refused with HTTP 400")
        .elasticmq("answers 500", "the status is 500")
        .moto("answers 500", "the status is 500"),
    case!(a_missing_parameter_is_refused: "Common error types",
        "a required parameter that is missing is refused with HTTP 400")
        .elasticmq("answers 500", "the status is 500")
        .moto("answers 500", "the status is 500"),
];

async fn of_a_missing_queue(b: &Bench) -> anyhow::Result<Raw> {
    let queue = b.queue(&[]).await?;
    let url = queue.url.replace(&queue.name, "nowhere");
    let request = json!({"QueueUrl": url, "MessageBody": "x"});
    b.post("SendMessage", &request.to_string()).await
}

async fn a_refusal_has_its_type_in_the_body(b: Bench) -> Outcome {
    let answer = of_a_missing_queue(&b).await?;
    ensure!(answer.status == 400, "the status is {}", answer.status);
    let kind = answer.json["__type"].as_str().unwrap_or_default();
    ensure!(
        kind == "com.amazonaws.sqs#QueueDoesNotExist",
        "the type is {kind:?}"
    );
    Ok(())
}

async fn a_refusal_has_the_older_code_in_a_header(b: Bench) -> Outcome {
    let answer = of_a_missing_queue(&b).await?;
    let code = answer.header("x-amzn-query-error");
    ensure!(
        code == "AWS.SimpleQueueService.NonExistentQueue;Sender",
        "the header is {code:?}"
    );
    Ok(())
}

async fn an_answer_has_the_id_of_its_request(b: Bench) -> Outcome {
    let answer = b.post("ListQueues", "{}").await?;
    let id = answer.header("x-amzn-requestid");
    ensure!(!id.is_empty(), "there is no x-amzn-RequestId");
    Ok(())
}

fn is_bad_request(answer: &Raw) -> Outcome {
    let Raw { status, json, .. } = answer;
    ensure!(*status == 400, "the status is {status}: {json}");
    Ok(())
}

async fn an_unknown_action_is_refused(b: Bench) -> Outcome {
    is_bad_request(&b.post("PaintQueue", "{}").await?)
}

async fn what_is_no_json_is_refused(b: Bench) -> Outcome {
    is_bad_request(&b.post("ListQueues", "{\"QueueNamePrefix\":").await?)
}

async fn a_value_of_the_wrong_type_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let request = json!({"QueueUrl": queue.url, "MaxNumberOfMessages": {}});
    is_bad_request(&b.post("ReceiveMessage", &request.to_string()).await?)
}

async fn a_missing_parameter_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let request = json!({"QueueUrl": queue.url});
    is_bad_request(&b.post("SendMessage", &request.to_string()).await?)
}
