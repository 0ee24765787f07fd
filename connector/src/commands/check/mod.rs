//! `sqs-connector check`: is all there that the connector needs? Nothing is received, sent,
//! deleted or changed by it, but for one receive where a queue says that it is empty.

mod facts;
mod findings;
mod show;

pub use facts::{Facts, GatewayFacts, QueueFacts, Tried};
pub use findings::{Finding, Mark, findings, is_well, of_attributes};
pub use show::{json, table};

use crate::aws::{self, Credentials};
use crate::config::Config;
use crate::http::Http;
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::wall_clock::WallClock;

/// Asks all there is to ask, and judges the answers.
pub async fn everything(config: &Config, http: &Http, credentials: &Credentials) -> Vec<Finding> {
    let mut accounts = Vec::new();
    for queue in &config.queues {
        accounts.push(aws::account(http, &WallClock::default(), queue, credentials).await);
    }
    let facts = facts::gather(config, http, accounts).await;
    findings(config, &facts)
}

/// Says in log lines what the queues' own attributes tell of trouble to come. Stops nothing: what is
/// missing now may be there later.
pub async fn at_start(config: Config, http: Http, credentials: Credentials) {
    for queue in &config.queues {
        let account = aws::account(&http, &WallClock::default(), queue, &credentials).await;
        let calls = Queue::new(account, queue.url.as_str(), Metrics::default());
        // A queue that does not answer is told by the one that waits for it.
        let Ok(known) = calls.attributes().await else {
            continue;
        };
        for finding in of_attributes(queue, &known) {
            if matches!(finding.result, Mark::Warning | Mark::Failed) {
                tracing::warn!(
                    queue = finding.subject,
                    check = finding.check,
                    remedy = finding.remedy,
                    "{}",
                    finding.says
                );
            }
        }
    }
}
