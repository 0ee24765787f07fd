//! An account under a clock that is moved by hand.

mod dead_letters;
mod directory;
mod fifo;
mod visibility;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::{Account, Outcome, Rules, Wish};
use super::message::{Content, Draft, Millis, Received};
use super::refusal::Code;
use super::seed::Seed;

const HOUR: Millis = 3_600_000;

/// An account with a clock that is moved by hand.
struct Bench {
    account: Account,
    now: Millis,
}

impl Bench {
    fn new(queues: &[(&str, &[(&str, &str)])]) -> Self {
        Self::limited(queues, 120_000)
    }

    fn limited(queues: &[(&str, &[(&str, &str)])], in_flight_limit: usize) -> Self {
        let rules = Rules {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            in_flight_limit,
            cooldowns: true,
        };
        let mut bench = Self {
            account: Account::new(rules, Seed::new(1)),
            now: 1_000_000,
        };
        for (name, attributes) in queues {
            bench.create(name, attributes).unwrap();
        }
        bench
    }

    fn create(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), Code> {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let created = self.account.create(name, &attributes.collect(), self.now);
        created.map_err(|refusal| refusal.code)
    }

    fn send(&mut self, queue: &str, body: &str) -> Arc<str> {
        self.send_with(queue, body, None, None)
    }

    /// `group/body`, deduplicated by the whole.
    fn send_fifo(&mut self, queue: &str, body: &str) -> Arc<str> {
        let group = body.split('/').next().unwrap();
        self.send_with(queue, body, Some(group), Some(body))
    }

    fn send_with(
        &mut self,
        queue: &str,
        body: &str,
        group: Option<&str>,
        deduplication: Option<&str>,
    ) -> Arc<str> {
        let draft = Draft {
            content: Arc::new(Content {
                body: Arc::from(body),
                body_md5: String::new(),
                attributes: BTreeMap::new(),
                attributes_md5: None,
                trace_header: None,
            }),
            group: group.map(Arc::from),
            deduplication_id: deduplication.map(Arc::from),
            delay: None,
        };
        self.account.send(queue, draft, self.now).unwrap().id
    }

    fn receive(&mut self, queue: &str, most: usize) -> Vec<Received> {
        let wish = Wish {
            most,
            visibility: None,
            leave_visible: false,
        };
        match self.account.receive(queue, wish, self.now).unwrap() {
            Outcome::Got(received) => received,
            Outcome::Nothing => Vec::new(),
            Outcome::OverLimit => panic!("over the limit"),
        }
    }

    fn bodies(&mut self, queue: &str, most: usize) -> Vec<String> {
        let received = self.receive(queue, most);
        received
            .iter()
            .map(|received| received.message.content.body.to_string())
            .collect()
    }

    fn delete(&mut self, queue: &str, handle: &str) -> Result<(), Code> {
        self.account
            .delete(queue, handle, self.now)
            .map_err(|refusal| refusal.code)
    }

    fn change(&mut self, queue: &str, handle: &str, seconds: u64) -> Result<(), Code> {
        let changed = self
            .account
            .change_visibility(queue, handle, seconds * 1000, self.now);
        changed.map_err(|refusal| refusal.code)
    }

    fn counts(&mut self, queue: &str) -> (usize, usize, usize) {
        let counts = self.account.queue(queue, self.now).unwrap().counts();
        (counts.visible, counts.in_flight, counts.delayed)
    }
}

const FIFO: &[(&str, &str)] = &[("FifoQueue", "true")];
const REDRIVE: (&str, &str) = (
    "RedrivePolicy",
    r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}"#,
);
