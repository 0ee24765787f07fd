//! What SQS and the gateway answer when asked.

use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use futures_util::future::join_all;
use http::StatusCode;

use crate::config::{Config, QueueConfig};
use crate::discovery::Discovery;
use crate::gateway::chain;
use crate::http::Http;
use crate::metrics::Metrics;
use crate::queue::{Account, Attributes, Queue, QueueError};
use crate::random::Random;

/// All that was answered.
#[derive(Debug)]
pub struct Facts {
    /// In the order of the configuration.
    pub queues: Vec<QueueFacts>,
    /// The gateway.
    pub gateway: GatewayFacts,
    /// Whether the gateway takes asynchronous calls; `None` where no queue makes any.
    pub asynchronous: Option<AsyncFacts>,
}

/// What the gateway says of `/async-function`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsyncFacts {
    /// It is there.
    Taken,
    /// 404: the gateway has no queue.
    NoQueue,
    /// Nothing that tells, and why.
    Unknown(String),
}

/// What came of trying something.
#[derive(Clone, Debug)]
pub enum Tried {
    /// It is permitted.
    Permitted,
    /// It is not, or there was no answer.
    Refused(QueueError),
    /// It was not tried, and why.
    Not(&'static str),
}

/// What is known of a queue.
#[derive(Debug)]
pub struct QueueFacts {
    /// What it says of itself.
    pub attributes: Result<Attributes, QueueError>,
    /// Whether we may receive.
    pub receive: Tried,
    /// Whether we may delete.
    pub delete: Tried,
    /// Whether we may extend.
    pub change_visibility: Tried,
    /// Its dead-letter queue, where it has one: what that says of itself, and whether we may send.
    pub dead_letters: Option<(Result<Attributes, QueueError>, Tried)>,
}

/// What is known of the gateway.
#[derive(Debug)]
pub enum GatewayFacts {
    /// Which functions subscribed, for each queue in the order of the configuration.
    Subscribed(Vec<Vec<String>>),
    /// It gave no list, and why.
    Silent(String),
}

const NO_ANSWER: Tried = Tried::Not("the queue did not answer");
/// Long enough for any answer of a queue that does not wait.
const NO_WAIT: Duration = Duration::ZERO;
/// How long the gateway may take to say whether it has a queue.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn gather(config: &Config, http: &Http, accounts: Vec<Account>) -> Facts {
    let asked = config
        .queues
        .iter()
        .zip(accounts)
        .map(|(queue, account)| ask(queue, account));
    let (queues, gateway, asynchronous) = tokio::join!(
        join_all(asked),
        ask_gateway(config, http),
        ask_for_queue(config, http)
    );
    Facts {
        queues,
        gateway,
        asynchronous,
    }
}

/// Asks whether there is a way for asynchronous calls, without making one: the gateway routes POST only,
/// so that a GET is refused with 405 where the way is there, and with 404 where it is not.
async fn ask_for_queue(config: &Config, http: &Http) -> Option<AsyncFacts> {
    config.callback.as_ref()?;
    let base = config.gateway.url.as_str().trim_end_matches('/');
    let request = http::Request::get(format!("{base}/async-function/throughline-check"));
    let sent = async {
        let request = request
            .body(SdkBody::empty())
            .map_err(|error| error.to_string())?;
        let answer = http.send(request).await.map_err(|error| chain(&error))?;
        Ok(answer.status())
    };
    Some(match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(StatusCode::METHOD_NOT_ALLOWED)) => AsyncFacts::Taken,
        Ok(Ok(StatusCode::NOT_FOUND)) => AsyncFacts::NoQueue,
        Ok(Ok(status)) => AsyncFacts::Unknown(format!("status {}", status.as_u16())),
        Ok(Err(reason)) => AsyncFacts::Unknown(reason),
        Err(_) => AsyncFacts::Unknown(format!("no answer within {PATIENCE:?}")),
    })
}

async fn ask(config: &QueueConfig, account: Account) -> QueueFacts {
    let queue = Queue::new(account, config.url.as_str(), Metrics::default());
    let attributes = queue.attributes().await;
    // A server that does not answer is not asked three times more.
    let gone = attributes.as_ref().is_err_and(|error| {
        use crate::queue::QueueErrorKind::{NotFound, Unreachable};
        matches!(error.kind, NotFound | Unreachable)
    });
    if gone {
        return QueueFacts {
            attributes,
            receive: NO_ANSWER,
            delete: NO_ANSWER,
            change_visibility: NO_ANSWER,
            dead_letters: None,
        };
    }
    let (delete, change_visibility) =
        tokio::join!(queue.may_delete(), queue.may_change_visibility());
    let receive = match &attributes {
        Ok(known) if known.visible == 0 => {
            tried((queue.receive(1, NO_WAIT, Duration::ZERO).await).map(|_| ()))
        }
        Ok(_) => Tried::Not("there are messages, and each receive is counted against them"),
        Err(_) => Tried::Not(
            "it is not known whether there are messages, and each receive is counted against them",
        ),
    };
    let policy = attributes
        .as_ref()
        .ok()
        .and_then(|known| known.redrive.clone());
    let dead_letters = match policy {
        None => None,
        Some(policy) => Some(match queue.dead_letter_queue(&policy.target).await {
            Ok(dlq) => {
                let (attributes, sending) = tokio::join!(dlq.attributes(), dlq.may_send());
                (attributes, tried(sending))
            }
            Err(error) => (Err(error), Tried::Not("its URL is not known")),
        }),
    };
    QueueFacts {
        attributes,
        receive,
        delete: tried(delete),
        change_visibility: tried(change_visibility),
        dead_letters,
    }
}

fn tried(result: Result<(), QueueError>) -> Tried {
    match result {
        Ok(()) => Tried::Permitted,
        Err(error) => Tried::Refused(error),
    }
}

async fn ask_gateway(config: &Config, http: &Http) -> GatewayFacts {
    let discovery = Discovery {
        http: http.clone(),
        url: config.gateway.url.clone(),
        secrets: config.gateway.secrets.clone(),
        interval: config.gateway.rebuild_interval,
        random: Random::from_entropy(),
        metrics: Metrics::default(),
    };
    match discovery.ask().await {
        Ok(map) => GatewayFacts::Subscribed(
            (config.queues.iter())
                .map(|queue| map.functions(&queue.topic).map(str::to_owned).collect())
                .collect(),
        ),
        Err(error) => GatewayFacts::Silent(error.to_string()),
    }
}
