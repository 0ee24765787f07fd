//! The commands beside running: `check`, `peek` and `redrive`.
//!
//! Each does one thing and ends. None of them needs the connector to run, and none stops one.

use std::io::Write;
use std::process::ExitCode;

use tokio::task::JoinSet;

use crate::aws::{Accounts, Credentials};
use crate::config::{Config, QueueConfig};
use crate::http::Http;
use crate::metrics::Metrics;
use crate::queue::Queue;

pub mod check;
pub mod dead_letters;

/// What is to be done instead of running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Check that all is there that the connector needs.
    Check {
        /// As JSON instead of a table.
        json: bool,
    },
    /// Show what is in the dead-letter queue.
    Peek(dead_letters::Peek),
    /// Move messages from the dead-letter queue back.
    Redrive(dead_letters::Redrive),
}

/// Something was found that must be mended first, or did not work.
const FAILURE: u8 = 1;

/// Does it, says on `out` what came of it, and gives the exit code: 0 when all is well, else 1.
///
/// # Errors
/// When it could not be done, or nobody reads what it says.
pub async fn perform(
    task: Task,
    config: Config,
    http: Http,
    credentials: Credentials,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut accounts = Accounts::beside(&http, &credentials, &config);
    let mut renewing = JoinSet::new();
    let well = match task {
        Task::Check { json } => {
            let findings = check::everything(&config, &http, &credentials).await;
            let text = if json {
                check::json(&findings)
            } else {
                check::table(&findings)
            };
            out.write_all(text.as_bytes())?;
            check::is_well(&findings)
        }
        Task::Peek(peek) => {
            let queue = chosen(&config, peek.queue.as_deref())?;
            let calls = open(&mut accounts, queue, &mut renewing).await;
            dead_letters::peek(&calls, &peek, out).await?;
            true
        }
        Task::Redrive(redrive) => {
            let queue = chosen(&config, redrive.queue.as_deref())?;
            let calls = open(&mut accounts, queue, &mut renewing).await;
            dead_letters::redrive(&calls, &redrive, out).await?
        }
    };
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    })
}

/// A queue with the account it is worked with. What keeps its credentials goes on as long as
/// `renewing` is there: moving many messages may take longer than they live.
async fn open(accounts: &mut Accounts, queue: &QueueConfig, renewing: &mut JoinSet<()>) -> Queue {
    let account = accounts.of(queue).await;
    for keeper in accounts.keepers() {
        renewing.spawn(keeper.renew());
    }
    Queue::new(account, queue.url.as_str(), Metrics::default())
}

/// The configured queue with this name or URL; the only one where none is named.
fn chosen<'a>(config: &'a Config, named: Option<&str>) -> anyhow::Result<&'a QueueConfig> {
    let names = || {
        let names: Vec<&str> = config.queues.iter().map(|q| q.url.name()).collect();
        names.join(", ")
    };
    match (named, config.queues.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => anyhow::bail!(
            "several queues are configured; name one with --queue: {}",
            names()
        ),
        (Some(named), queues) => queues
            .iter()
            .find(|queue| queue.url.name() == named || queue.url.as_str() == named)
            .ok_or_else(|| {
                anyhow::anyhow!(
                    "--queue = {named:?}: not one of the configured queues: {}",
                    names()
                )
            }),
    }
}
