//! The configuration: environment and secrets, validated, every problem at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use throughline::Problem;
use throughline::graphql::GraphQl;

use crate::card_moved::CardMoved;
use crate::keyring::Keyring;
use crate::senders::Sender;
use throughline::Secret;

/// Where OpenFaaS mounts a function's secrets.
const SECRETS_DIR: &str = "/var/openfaas/secrets";
const GRAPHQL_TOKEN: &str = "graphql-token";

/// What the function works with. No secret shows in its `Debug` form.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where deployments are started.
    pub backend: GraphQl,
    /// The statuses that start one.
    pub deploy_statuses: Statuses,
    /// What deliveries are verified with.
    pub keyring: Keyring,
}

/// Names or ids of statuses, compared without regard to case and to blanks around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<String>);

impl Statuses {
    /// Reads a list with commas. `None` where it names nothing.
    pub fn parse(list: &str) -> Option<Self> {
        let names: Vec<_> = list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        (!names.is_empty()).then_some(Self(names))
    }

    /// Whether a card has come to one of them, by name, id or column.
    pub fn reached_by(&self, moved: &CardMoved) -> bool {
        moved.places().any(|place| {
            let place = place.trim().to_lowercase();
            self.0.iter().any(|name| name.to_lowercase() == place)
        })
    }
}

/// As people would say it: `Deploying or Rollback`.
impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}

impl Config {
    /// Reads the environment through `env` and secret files through `file`.
    ///
    /// # Errors
    /// Everything that is wrong, all at once; a problem with a secret does not show it.
    pub fn read(
        env: &dyn Fn(&str) -> Option<String>,
        file: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Vec<Problem>> {
        let set = |name: &str| {
            env(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let mut problems = Problems::default();
        let mut secrets = SecretFiles {
            dir: set("secrets_dir").map_or_else(|| SECRETS_DIR.into(), PathBuf::from),
            file,
        };

        let token = secrets.read(GRAPHQL_TOKEN, &mut problems);
        let token = token.filter(|token| {
            let fits = token.expose().bytes().all(|byte| byte.is_ascii_graphic());
            if !fits {
                problems.hidden(GRAPHQL_TOKEN, "it has characters that no header can carry");
            }
            fits
        });
        let backend = problems.keep(backend(set("graphql_url"), token.as_ref()));
        let list = env("deploy_statuses").unwrap_or_else(|| "Deploying".to_owned());
        let deploy_statuses = problems.keep(Statuses::parse(&list).ok_or_else(|| {
            let reason = "it names no status; give names or ids, with commas between them";
            Problem::new("deploy_statuses", &list, reason)
        }));
        let keyring = keyring(&set, &mut secrets, &mut problems);

        match (backend, deploy_statuses) {
            (Some(backend), Some(deploy_statuses)) if problems.0.is_empty() => Ok(Self {
                backend,
                deploy_statuses,
                keyring,
            }),
            _ => Err(problems.0),
        }
    }
}

fn backend(url: Option<String>, token: Option<&Secret>) -> Result<GraphQl, Problem> {
    let url = url.ok_or_else(|| {
        let reason = "it is not set; give the URL of the GraphQL backend, such as http://backend:4000/graphql";
        Problem::without_value("graphql_url", reason)
    })?;
    let backend = GraphQl::new(&url).map_err(|e| Problem::new("graphql_url", &e.url, e.reason))?;
    Ok(match token {
        // By its name: a token that is rotated is then the new one from the next card on.
        Some(_) => backend.with_token_from_secret(GRAPHQL_TOKEN),
        None => backend,
    })
}

fn keyring(
    set: &dyn Fn(&str) -> Option<String>,
    files: &mut SecretFiles<'_>,
    problems: &mut Problems,
) -> Keyring {
    let secrets: BTreeMap<_, _> = Sender::ALL
        .into_iter()
        .filter_map(|sender| Some((sender, files.read(sender.secret_name(), problems)?)))
        .collect();
    let of_azure = secrets.get(&Sender::AzureDevops);
    if of_azure.is_some_and(|secret| !secret.expose().contains(':')) {
        let reason = "it has no colon; give user:password";
        problems.hidden(Sender::AzureDevops.secret_name(), reason);
    }

    let callback_url = set("trello_callback_url");
    match &callback_url {
        None if secrets.contains_key(&Sender::Trello) => problems.add(Problem::without_value(
            "trello_callback_url",
            "it is not set, and Trello signs it together with the body; give the URL that the webhook was made with",
        )),
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            problems.add(Problem::new("trello_callback_url", url, "it is no http or https URL"));
        }
        _ => {}
    }
    let header = set("generic_signature_header").unwrap_or_else(|| "X-Hub-Signature-256".into());
    if http::HeaderName::try_from(&header).is_err() {
        let reason = "it can't be the name of a header";
        problems.add(Problem::new("generic_signature_header", &header, reason));
    }
    Keyring {
        allow_unsigned: allow_unsigned(set("allow_unsigned"), &secrets, problems),
        secrets,
        trello_callback_url: callback_url.unwrap_or_default(),
        generic_signature_header: header,
    }
}

fn allow_unsigned(
    list: Option<String>,
    secrets: &BTreeMap<Sender, Secret>,
    problems: &mut Problems,
) -> BTreeSet<Sender> {
    let list = list.unwrap_or_default();
    let mut allowed = BTreeSet::new();
    for name in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match Sender::named(name) {
            Some(sender) if secrets.contains_key(&sender) => {
                let secret = sender.secret_name();
                let reason =
                    format!("{sender} has the secret {secret} too; take one of the two away");
                problems.add(Problem::new("allow_unsigned", name, reason));
            }
            Some(sender) => {
                allowed.insert(sender);
            }
            None => {
                let known = Sender::ALL.map(Sender::name).join(", ");
                let reason = format!("it is no sender; known senders: {known}");
                problems.add(Problem::new("allow_unsigned", name, reason));
            }
        }
    }
    allowed
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    fn hidden(&mut self, name: &str, reason: impl Into<String>) {
        self.add(Problem::without_value(name, reason));
    }

    fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }
}

struct SecretFiles<'a> {
    dir: PathBuf,
    file: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl SecretFiles<'_> {
    /// A secret that is not there is `None`; one that is there must be usable.
    fn read(&mut self, name: &str, problems: &mut Problems) -> Option<Secret> {
        let path = self.dir.join(name);
        let bytes = match (self.file)(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                problems.hidden(name, format!("{} can't be read: {error}", path.display()));
                return None;
            }
        };
        let Ok(text) = String::from_utf8(bytes) else {
            problems.hidden(name, format!("{} is not UTF-8 text", path.display()));
            return None;
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.trim().is_empty() {
            let reason = format!("{} is empty; fill it or take it away", path.display());
            problems.hidden(name, reason);
            return None;
        }
        Some(Secret::new(secret))
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
