//! The roles that STS does not let us assume: known before the start, and a mistake in the configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use crate::aws::{Accounts, Credentials};
use crate::config::{Config, Problems};
use crate::http::Http;

/// How long STS may take at the start; what has not been refused by then is no mistake.
const PATIENCE: Duration = Duration::from_secs(5);

/// Every role that STS says may not be assumed, by the name of its first queue. An STS that is not
/// reached, or says anything else, refuses nothing: that may be over soon, and stops no other queue.
pub async fn denied(config: &Config, http: &Http, credentials: &Credentials) -> Problems {
    let mut accounts = Accounts::beside(http, credentials, config);
    let (mut seen, mut asked) = (BTreeSet::new(), Vec::new());
    for queue in &config.queues {
        if let Some(role) = &queue.role
            && seen.insert(role.clone())
        {
            asked.push((queue.url.name(), role, accounts.keeper(queue)));
        }
    }
    let answers = asked.iter().map(|(_, _, keeper)| async {
        let identity = tokio::time::timeout(PATIENCE, keeper.identity()).await;
        identity.ok()?.err()
    });
    let answers = join_all(answers).await;
    let mut problems = Problems::default();
    for ((queue, role, _), refusal) in asked.iter().zip(answers) {
        if let Some(reason) = refusal.map(|error| error.to_string())
            && reason.contains("AccessDenied")
        {
            problems.push(
                format!("role_arn of queue {queue}"),
                role.arn.clone(),
                reason,
            );
        }
    }
    problems
}
