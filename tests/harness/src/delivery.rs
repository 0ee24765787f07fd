//! Recorded deliveries, and how a sender would send them again.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::digest::KeyInit;
use http::Method;
use serde::Deserialize;
use sha1::Sha1;
use sha2::Sha256;

use crate::binaries::root;
use crate::http::{Answer, exchange};

/// A delivery as it was recorded: what was sent, and how it was signed.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// Its name: the file's.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// The path at the ingress.
    pub path: String,
    /// The headers as sent.
    pub headers: BTreeMap<String, String>,
    /// The raw body.
    #[serde(default)]
    pub body: String,
    /// What it was signed with.
    pub secret: Option<String>,
    /// Trello signs the URL it calls, too.
    pub callback_url: Option<String>,
    /// How the signature was made; `None` where it is unsigned.
    pub signature: Option<Signature>,
    /// When it was received.
    pub received_at_ms: u64,
    /// What is to be read out of it.
    pub expect: serde_json::Value,
}

/// How a signature header is made.
#[derive(Clone, Debug, Deserialize)]
pub struct Signature {
    /// The header's name.
    pub header: String,
    /// `sha1` or `sha256`.
    pub algorithm: String,
    /// `hex` or `base64`.
    pub encoding: String,
    /// What stands before the signature.
    pub prefix: String,
    /// `body`, or `body+callback_url`.
    pub over: String,
}

/// A delivery that the ingress took.
#[derive(Debug)]
pub struct Sent {
    /// The id that it minted.
    pub correlation_id: String,
    /// All of its answer.
    pub answer: Answer,
}

/// Reads the recorded delivery `system/name`.
///
/// # Errors
/// When there is none, or it can't be read.
pub fn recorded(path: &str) -> anyhow::Result<Recorded> {
    let folder = root().join("functions/kanban-processor/tests/deliveries");
    let path = folder.join(Path::new(path)).with_extension("json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

impl Recorded {
    /// The same delivery about something else: every `from` in the body is replaced, and it is
    /// signed anew, as its sender would have.
    ///
    /// # Errors
    /// When the body has no such text, or it can't be signed.
    pub fn with(mut self, from: &str, to: &str) -> anyhow::Result<Self> {
        if !self.body.contains(from) {
            bail!("{} has no {from:?} in its body", self.name);
        }
        self.body = self.body.replace(from, to);
        self.sign()?;
        Ok(self)
    }

    /// Signs with another secret than the receiver has.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn with_secret(mut self, secret: &str) -> anyhow::Result<Self> {
        self.secret = Some(secret.to_owned());
        self.sign()?;
        Ok(self)
    }

    fn sign(&mut self) -> anyhow::Result<()> {
        let (Some(signature), Some(secret)) = (&self.signature, &self.secret) else {
            return Ok(());
        };
        let mut signed = self.body.clone();
        if signature.over == "body+callback_url" {
            signed.push_str(self.callback_url.as_deref().unwrap_or_default());
        }
        let code = match signature.algorithm.as_str() {
            "sha1" => code::<Hmac<Sha1>>(secret, &signed)?,
            "sha256" => code::<Hmac<Sha256>>(secret, &signed)?,
            other => bail!("{}: the algorithm {other:?}", self.name),
        };
        let text = match signature.encoding.as_str() {
            "hex" => code.iter().map(|byte| format!("{byte:02x}")).collect(),
            "base64" => STANDARD.encode(code),
            other => bail!("{}: the encoding {other:?}", self.name),
        };
        let value = format!("{}{text}", signature.prefix);
        self.headers.insert(signature.header.clone(), value);
        Ok(())
    }

    /// Sends it to the ingress.
    ///
    /// # Errors
    /// When the ingress does not take it.
    pub async fn send(&self, ingress: &str) -> anyhow::Result<Sent> {
        let answer = self.post(ingress).await?;
        let id = answer.json()["correlation_id"].as_str().map(str::to_owned);
        match (answer.status, id) {
            (200, Some(correlation_id)) => Ok(Sent {
                correlation_id,
                answer,
            }),
            (status, _) => bail!("the ingress answered {status} to {}", self.name),
        }
    }

    /// Sends it, whatever the answer.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post(&self, ingress: &str) -> anyhow::Result<Answer> {
        let url = format!("{ingress}{}", self.path);
        let method = Method::from_bytes(self.method.as_bytes())?;
        exchange(method, &url, &self.headers, self.body.clone()).await
    }
}

fn code<M: hmac::Mac + KeyInit>(secret: &str, text: &str) -> anyhow::Result<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes())?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_signed_anew_without_a_change_has_the_signature_it_came_with() {
        for path in [
            "jira/moved",
            "trello/moved",
            "github/moved",
            "linear/moved",
            "asana/moved",
        ] {
            let original = recorded(path).unwrap();
            let mut again = original.clone();
            let header = &original.signature.as_ref().unwrap().header;
            again.headers.remove(header);
            again.sign().unwrap();
            assert_eq!(again.headers, original.headers, "{path}");
        }
    }

    #[test]
    fn what_is_not_in_the_body_can_not_be_replaced_in_silence() {
        let error = recorded("jira/moved")
            .unwrap()
            .with("no such card", "x")
            .unwrap_err();
        assert!(error.to_string().contains("no such card"));
    }
}
