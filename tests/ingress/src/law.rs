//! The law: the template's call to SQS holds the envelope that the stack's ingress made of the same
//! delivery, byte for byte, and nothing that the sender put there.

use anyhow::{Context as _, ensure};
use harness::exchange;
use http::Method;
use stack::Stack;
use throughline::Envelope;
use url::form_urlencoded;

use crate::delivery::Delivery;
use crate::queue::{Message, Queue};
use crate::velocity::{Input, Rendered, Template, Velocity};

/// The parameters of a call with a trace, in order, as form fields.
const PARAMETERS: [&str; 6] = [
    "Action",
    "Version",
    "MessageSystemAttribute.1.Name",
    "MessageSystemAttribute.1.Value.DataType",
    "MessageSystemAttribute.1.Value.StringValue",
    "MessageBody",
];

/// Both ingresses, and a real SQS server where one is given.
pub struct Both {
    /// The stack, whose ingress is one of the two.
    pub stack: Stack,
    /// The other.
    pub velocity: Velocity,
    /// A queue of a real server, which the rendered call goes to as well.
    pub real: Option<Queue>,
}

impl Both {
    /// Sends a delivery through both.
    ///
    /// # Errors
    /// When they differ, with what differs.
    pub async fn agree(&mut self, delivery: &Delivery) -> anyhow::Result<()> {
        let ours = self.through_the_stack(delivery).await?;
        let envelope = Envelope::parse(ours.body.as_bytes())?;
        let trace = ours
            .trace
            .clone()
            .context("the stack's message has no trace")?;
        let mut headers = delivery.headers.clone();
        headers.insert("X-Amzn-Trace-Id".into(), trace);
        // What API Gateway makes of bytes that are not UTF-8 is not documented; this is one reading,
        // the stack's too: a U+FFFD for each broken sequence.
        let text = String::from_utf8_lossy(&delivery.body);
        let input = Input {
            extended_request_id: envelope.correlation_id.as_str(),
            request_id: &envelope.request_id,
            request_time_epoch: envelope.received_at_ms,
            xray_trace_id: None,
            source: &delivery.source,
            headers,
            body: Some(text.as_bytes()),
        };
        let rendered = self.velocity.render(Template::Envelope, &input).await?;
        let theirs = message_of(&rendered)?;
        ensure!(theirs == ours, "template: {theirs:?}\nstack:    {ours:?}");
        if let Some(queue) = &self.real {
            let answer = queue.post(&rendered.text).await?;
            let text = String::from_utf8_lossy(&answer.body);
            ensure!(answer.status == 200, "refused: {} {text}", answer.status);
            let received = queue.take().await?;
            ensure!(
                received == ours,
                "received: {received:?}\nsent:     {ours:?}"
            );
        }
        Ok(())
    }

    async fn through_the_stack(&self, delivery: &Delivery) -> anyhow::Result<Message> {
        let source: String = form_urlencoded::byte_serialize(delivery.source.as_bytes()).collect();
        let source = source.replace('+', "%20");
        let url = format!("{}/hooks/{source}", self.stack.urls().ingress);
        let body = delivery.body.clone();
        let answer = exchange(Method::POST, &url, &delivery.headers, body).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 200, "the stack: {} {text}", answer.status);
        let queue = format!("{}/000000000000/kanban-events", self.stack.urls().sqs);
        Queue::at(&queue)?.take().await
    }
}

/// The message in a rendered call.
///
/// # Errors
/// When the call has other parameters than it should.
pub fn message_of(rendered: &Rendered) -> anyhow::Result<Message> {
    let form: Vec<_> = form_urlencoded::parse(rendered.text.as_bytes())
        .into_owned()
        .collect();
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    let plain = [PARAMETERS[0], PARAMETERS[1], PARAMETERS[5]];
    ensure!(
        names == PARAMETERS || names == plain,
        "the call has the parameters {names:?}"
    );
    let value = |name: &str| {
        let found = form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    ensure!(value("Action").as_deref() == Some("SendMessage"));
    ensure!(value(PARAMETERS[2]).is_none_or(|name| name == "AWSTraceHeader"));
    Ok(Message {
        body: value("MessageBody").context("a call without a message")?,
        trace: value(PARAMETERS[4]),
    })
}
