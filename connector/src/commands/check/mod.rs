//! `sqs-connector check`: is all there that the connector needs? Nothing is received, sent,
//! deleted or changed by it, but for one receive where a queue says that it is empty.

use std::sync::Arc;

mod callbacks;
mod facts;
mod findings;
mod roles;
mod show;

pub use facts::{AsyncFacts, Facts, GatewayFacts, QueueFacts, Tried};
pub use findings::{Finding, Mark, findings, is_well, of_attributes};
pub use roles::denied;
pub use show::{json, table};

use crate::aws::{Accounts, Credentials};
use crate::config::Config;
use crate::http::Http;
use crate::lane::Lane;

/// Asks all there is to ask, and judges the answers.
pub async fn everything(config: &Config, http: &Http, credentials: &Credentials) -> Vec<Finding> {
    let mut accounts = Accounts::beside(http, credentials, config);
    let mut opened = Vec::new();
    for queue in &config.queues {
        opened.push(accounts.of(queue).await);
    }
    let facts = facts::gather(config, http, opened).await;
    findings(config, &facts)
}

/// Says in log lines what a queue's own attributes tell of trouble to come. Stops nothing: what is
/// missing now may be there later.
pub(crate) async fn at_start(lane: Arc<Lane>) {
    // A queue that does not answer is told by the one that waits for it.
    let Ok(known) = lane.queue.attributes().await else {
        return;
    };
    for finding in of_attributes(&lane.config, &known) {
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
