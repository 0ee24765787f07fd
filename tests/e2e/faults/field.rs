//! Where a fault is injected: the stack and the connector as processes, functions in the test.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::{Options, Process, Spec, Way, exchange};
use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::function::Function;

/// Long enough for a loaded machine; nothing waits this long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How a field is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The queue, which is the functions' topic.
    pub(crate) queue: &'static str,
    pub(crate) max_receive_count: u32,
    pub(crate) functions: usize,
    pub(crate) stack: Vec<String>,
    pub(crate) connector: BTreeMap<String, String>,
}

impl Default for Layout {
    fn default() -> Self {
        let connector = [
            ("visibility_timeout", "2s"),
            ("upstream_timeout", "2s"),
            ("backoff_min", "100ms"),
            ("backoff_max", "1s"),
            ("probe_min", "100ms"),
            ("probe_max", "1s"),
            ("rebuild_interval", "200ms"),
            ("drain_timeout", "8s"),
        ];
        Self {
            queue: "orders",
            max_receive_count: 3,
            functions: 1,
            stack: Vec::new(),
            connector: connector
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }
}

impl Layout {
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.connector.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn receives(mut self, count: u32) -> Self {
        self.max_receive_count = count;
        self
    }

    pub(crate) fn functions(mut self, count: usize) -> Self {
        self.functions = count;
        self
    }

    pub(crate) fn fifo(mut self) -> Self {
        self.queue = "orders.fifo";
        self
    }
}

/// A laid-out field; dropping it ends all its processes.
pub(crate) struct Field {
    pub(crate) way: Way,
    pub(crate) functions: Vec<Function>,
    pub(crate) layout: Layout,
    past: Vec<harness::Line>,
    sent: usize,
}

impl Field {
    /// The stack, the functions, and no connector yet.
    pub(crate) async fn quiet(layout: Layout) -> anyhow::Result<Self> {
        let mut stack = vec![
            "--queue".to_owned(),
            layout.queue.to_owned(),
            "--max-receive-count".to_owned(),
            layout.max_receive_count.to_string(),
            "--visibility-timeout".to_owned(),
            "2s".to_owned(),
        ];
        stack.extend(layout.stack.clone());
        let way = Way::start_stack(Options {
            stack,
            connector: layout.connector.clone(),
            ..Options::default()
        })
        .await?;
        let mut field = Self {
            way,
            functions: Vec::new(),
            layout,
            past: Vec::new(),
            sent: 0,
        };
        for n in 0..field.layout.functions {
            let function = Function::start().await?;
            field.subscribe(n, &function.url).await?;
            field.functions.push(function);
        }
        Ok(field)
    }

    /// All of it.
    pub(crate) async fn new(layout: Layout) -> anyhow::Result<Self> {
        let mut field = Self::quiet(layout).await?;
        field.start().await?;
        Ok(field)
    }

    pub(crate) async fn subscribe(&self, n: usize, url: &str) -> anyhow::Result<()> {
        let control = &self.way.control;
        control.register(&name(n), url, self.layout.queue).await
    }

    pub(crate) async fn unsubscribe(&self, n: usize) -> anyhow::Result<()> {
        let path = format!("/functions/{}", name(n));
        self.way
            .control
            .call(Method::DELETE, &path, Value::Null)
            .await
            .map(drop)
    }

    /// The only function.
    pub(crate) fn function(&self) -> &Function {
        &self.functions[0]
    }

    /// How the connector of this field is started.
    pub(crate) fn spec(&self) -> Spec {
        let mut spec = self.way.connector_spec();
        let url = format!("{}/000000000000/{}", self.way.urls.sqs, self.layout.queue);
        for arg in &mut spec.args {
            if arg.to_string_lossy().starts_with("http") {
                *arg = url.clone().into();
            }
        }
        spec
    }

    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        self.way.connector = Some(self.another().await?);
        Ok(())
    }

    /// Starts the connector in a way of its own.
    pub(crate) async fn start_with(&mut self, spec: &Spec) -> anyhow::Result<()> {
        self.way.connector = Some(Self::up(spec).await?);
        Ok(())
    }

    /// One more connector of the same kind.
    pub(crate) async fn another(&self) -> anyhow::Result<Process> {
        Self::up(&self.spec()).await
    }

    async fn up(spec: &Spec) -> anyhow::Result<Process> {
        let connector = Process::start(spec)?;
        connector
            .wait_for("that its admin listens", PATIENCE, |line| {
                line.says("admin is listening")
            })
            .await?;
        Ok(connector)
    }

    pub(crate) fn connector(&self) -> &Process {
        self.way.connector.as_ref().expect("the connector runs")
    }

    /// SIGTERM; gives the exit code and how long it took.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<(Option<i32>, Duration)> {
        let mut connector = self.way.connector.take().context("the connector runs")?;
        let asked = Instant::now();
        let status = connector.stop(PATIENCE).await?;
        self.past.extend(connector.lines());
        Ok((status.code(), asked.elapsed()))
    }

    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        let mut connector = self.way.connector.take().context("the connector runs")?;
        connector.kill().await?;
        self.past.extend(connector.lines());
        Ok(())
    }

    /// What all connectors of this field have said.
    pub(crate) fn lines(&self) -> Vec<harness::Line> {
        let now = self
            .way
            .connector
            .as_ref()
            .map(Process::lines)
            .unwrap_or_default();
        self.past.iter().cloned().chain(now).collect()
    }

    /// Calls an action of SQS.
    pub(crate) async fn sqs(&self, action: &str, mut body: Value) -> anyhow::Result<Value> {
        if body.get("QueueUrl").is_none() {
            body["QueueUrl"] = json!(format!(
                "{}/000000000000/{}",
                self.way.urls.sqs, self.layout.queue
            ));
        }
        let headers = BTreeMap::from([
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.0".to_owned(),
            ),
            ("x-amz-target".to_owned(), format!("AmazonSQS.{action}")),
        ]);
        let answer = exchange(
            Method::POST,
            &self.way.urls.sqs,
            &headers,
            serde_json::to_vec(&body)?,
        )
        .await?;
        ensure!(
            answer.status == 200,
            "{action}: {} {:?}",
            answer.status,
            answer.body
        );
        Ok(answer.json())
    }

    /// Sends so many messages, `m1` and on; in a FIFO queue to three groups in turn.
    pub(crate) async fn send(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            self.sent += 1;
            let n = self.sent;
            let mut message = json!({"MessageBody": format!("m{n}")});
            if self.layout.queue.ends_with(".fifo") {
                message["MessageGroupId"] = json!(format!("g{}", n % 3));
                message["MessageDeduplicationId"] = json!(format!("d{n}"));
            }
            self.sqs("SendMessage", message).await?;
        }
        Ok(())
    }

    /// Sends one message with this body and these attributes.
    pub(crate) async fn send_as(&mut self, body: &str, attributes: Value) -> anyhow::Result<()> {
        self.sent += 1;
        let message = json!({"MessageBody": body, "MessageAttributes": attributes});
        self.sqs("SendMessage", message).await.map(drop)
    }

    /// The most calls that the gateway had open at once to the first function.
    pub(crate) async fn most_at_once(&self) -> anyhow::Result<u64> {
        let seen = self
            .way
            .control
            .call(Method::GET, "/functions", Value::Null)
            .await?;
        seen[0]["max_concurrent"]
            .as_u64()
            .with_context(|| format!("max_concurrent in {seen}"))
    }

    pub(crate) async fn sqs_fault(&self, fault: Value) -> anyhow::Result<()> {
        self.way.control.sqs_fault(fault).await
    }

    pub(crate) async fn sqs_is_well(&self) -> anyhow::Result<()> {
        self.off("/sqs/faults").await
    }

    pub(crate) async fn gateway_fault(&self, fault: Value) -> anyhow::Result<()> {
        self.way.control.gateway_fault(fault).await
    }

    pub(crate) async fn gateway_is_well(&self) -> anyhow::Result<()> {
        self.off("/gateway/faults").await
    }

    async fn off(&self, path: &str) -> anyhow::Result<()> {
        self.way
            .control
            .call(Method::DELETE, path, Value::Null)
            .await
            .map(drop)
    }

    /// A number of the queue: of `counts` or `totals`.
    pub(crate) async fn number(&self, queue: &str, of: &str, name: &str) -> anyhow::Result<u64> {
        let all = self.way.control.queues().await?;
        let number = &all["queues"][queue][of][name];
        number
            .as_u64()
            .with_context(|| format!("{queue}.{of}.{name} in {all}"))
    }

    pub(crate) fn dlq(&self) -> String {
        match self.layout.queue.strip_suffix(".fifo") {
            Some(name) => format!("{name}-dlq.fifo"),
            None => format!("{}-dlq", self.layout.queue),
        }
    }

    /// How many messages are in the queue, wherever they stand.
    pub(crate) async fn in_queue(&self) -> anyhow::Result<usize> {
        self.in_one(self.layout.queue).await
    }

    pub(crate) async fn dead(&self) -> anyhow::Result<usize> {
        self.in_one(&self.dlq()).await
    }

    async fn in_one(&self, queue: &str) -> anyhow::Result<usize> {
        let all = self.way.control.queues().await?;
        let messages = all["queues"][queue]["messages"].as_array();
        messages
            .map(Vec::len)
            .with_context(|| format!("{queue} in {all}"))
    }

    /// Waits until the queue is empty.
    pub(crate) async fn emptied(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = self.in_queue().await?;
            if left == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "{left} messages are still in the queue:\n{}",
                self.tail()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it is true.
    pub(crate) async fn until(
        &self,
        what: &str,
        is_true: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !is_true(self) {
            ensure!(
                Instant::now() < until,
                "waited in vain until {what}:\n{}",
                self.tail()
            );
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// What a failed row shows.
    pub(crate) fn tail(&self) -> String {
        let lines = self.lines();
        let from = lines.len().saturating_sub(60);
        lines[from..]
            .iter()
            .map(|line| format!("{}\n", line.text))
            .collect()
    }

    /// Waits until the queue is empty, and gives what is counted then.
    pub(crate) async fn tally(&self) -> anyhow::Result<Tally> {
        self.emptied().await?;
        let mut tally = Tally {
            sent: self.sent,
            dead: self.dead().await?,
            ..Tally::default()
        };
        for function in &self.functions {
            let log = function.log();
            tally.done.push(
                log.messages
                    .values()
                    .filter(|seen| seen.successes > 0)
                    .count(),
            );
            for seen in log.messages.values() {
                tally.most_successes = tally.most_successes.max(seen.successes);
                tally.most_calls = tally.most_calls.max(seen.calls);
                tally.at_once = tally.at_once.max(seen.at_once);
                ensure!(
                    seen.keys.len() == 1,
                    "one Idempotency-Key a message: {:?}",
                    seen.keys
                );
            }
        }
        Ok(tally)
    }
}

fn name(n: usize) -> String {
    format!("worker-{n}")
}

/// What came of all messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    /// How many messages each function succeeded with.
    pub(crate) done: Vec<usize>,
    pub(crate) dead: usize,
    /// The most successes and calls that a function had with one message.
    pub(crate) most_successes: usize,
    pub(crate) most_calls: usize,
    /// The most calls with one message at once.
    pub(crate) at_once: usize,
}

impl Tally {
    /// Every message reached every function, none was dead-lettered, none ran beside itself.
    pub(crate) fn all_done(&self) -> anyhow::Result<&Self> {
        ensure!(
            self.done.iter().all(|done| *done == self.sent),
            "all of {} done: {self:?}",
            self.sent
        );
        ensure!(self.dead == 0, "none dead-lettered: {self:?}");
        self.none_beside_itself()
    }

    pub(crate) fn none_beside_itself(&self) -> anyhow::Result<&Self> {
        ensure!(self.at_once <= 1, "none beside itself: {self:?}");
        Ok(self)
    }

    /// As [`all_done`](Self::all_done), and each succeeded exactly once.
    pub(crate) fn all_done_once(&self) -> anyhow::Result<&Self> {
        self.all_done()?;
        ensure!(self.most_successes == 1, "each once: {self:?}");
        Ok(self)
    }

    /// For the matrix.
    pub(crate) fn says(&self) -> String {
        let done = self
            .done
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" and ");
        format!(
            "{} sent, {done} done, {} dead-lettered, 0 left",
            self.sent, self.dead
        )
    }
}
