//! The recorded deliveries of `tests/deliveries`, as the ingress would hand them on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kanban_processor::senders::Sender;
use kanban_processor::{Keyring, Secret};
use serde::Deserialize;
use throughline::{CorrelationId, Delivery, Envelope};

#[derive(Clone, Deserialize)]
pub(crate) struct Recorded {
    #[serde(skip)]
    pub(crate) file: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) secret: Option<String>,
    pub(crate) callback_url: Option<String>,
    pub(crate) signature: Option<Header>,
    pub(crate) auth: Option<Header>,
    pub(crate) received_at_ms: u64,
    pub(crate) expect: Expect,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Header {
    pub(crate) header: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) system: String,
    pub(crate) card_id: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) is_move: bool,
    pub(crate) moves: Vec<Move>,
    pub(crate) verified: Option<bool>,
    pub(crate) outcome: String,
    pub(crate) from_id: Option<String>,
    pub(crate) to_id: Option<String>,
    #[serde(default)]
    pub(crate) card_id_also: Vec<String>,
    #[serde(default)]
    pub(crate) lenient: Vec<String>,
    /// What would be said if the sender were one of ours. It is not.
    #[serde(rename = "if_supported")]
    _if_supported: Option<serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    pub(crate) card_id: String,
    pub(crate) from: Option<String>,
    pub(crate) to: String,
}

impl Recorded {
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deliveries");
        let mut all = Vec::new();
        for system in fs::read_dir(root).unwrap() {
            for file in fs::read_dir(system.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let mut one: Self = serde_json::from_slice(&fs::read(&path).unwrap())
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                one.file = path.display().to_string();
                all.push(one);
            }
        }
        assert!(all.len() >= 24, "only {} deliveries are there", all.len());
        all.sort_by(|one, other| one.file.cmp(&other.file));
        all
    }

    pub(crate) fn named(name: &str) -> Self {
        let all = Self::all();
        let found = all.into_iter().find(|one| one.file.ends_with(name));
        found.unwrap_or_else(|| panic!("no delivery {name}"))
    }

    /// The last part of the ingress' path.
    pub(crate) fn source(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// The message that the ingress makes of it.
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope {
            correlation_id: CorrelationId::parse("kan-7").unwrap(),
            request_id: "r-1".into(),
            source: self.source().into(),
            received_at_ms: self.received_at_ms,
            headers: self.headers.clone(),
            body: self.body.clone().into(),
        }
    }

    /// What the function reads out of that message.
    pub(crate) fn delivery(&self) -> Delivery {
        Delivery::read(&self.envelope().to_json().into()).unwrap()
    }

    /// The header that proves the sender, where one does.
    pub(crate) fn proof(&self) -> Option<&str> {
        let header = self.signature.as_ref().or(self.auth.as_ref())?;
        Some(&header.header)
    }

    /// A keyring that holds this delivery's secret alone.
    pub(crate) fn keyring(&self) -> Keyring {
        let sender = Sender::named(&self.expect.system);
        let secret = self.secret.as_deref().map(Secret::new);
        Keyring {
            secrets: sender.zip(secret).into_iter().collect(),
            trello_callback_url: self.callback_url.clone().unwrap_or_default(),
            generic_signature_header: self.proof().unwrap_or("X-Hub-Signature-256").into(),
            ..Keyring::default()
        }
    }
}
