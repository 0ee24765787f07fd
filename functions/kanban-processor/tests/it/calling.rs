//! Calling the handler with a configuration made up for the test.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use kanban_processor::{Config, handle};
use throughline::Request;
use throughline::testing::{Answer, Call};

/// A configuration with these secrets and nothing else out of the ordinary.
pub(crate) fn config(url: &str, statuses: &str, secrets: &[(&str, &str)]) -> Arc<Config> {
    let env = |name: &str| match name {
        "graphql_url" => Some(url.to_owned()),
        "deploy_statuses" => Some(statuses.to_owned()),
        "trello_callback_url" => Some("https://hooks.example.com/hooks/trello".to_owned()),
        _ => None,
    };
    let file = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = secrets.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, secret)| secret.as_bytes().to_vec())
            .ok_or_else(|| Error::from(ErrorKind::NotFound))
    };
    Arc::new(Config::read(&env, &file).unwrap())
}

/// Calls the handler as the server would.
pub(crate) async fn send(config: Arc<Config>, call: Call) -> Answer {
    call.correlation_id("kan-7:1")
        .to(move |request: Request| handle(Arc::clone(&config), request))
        .await
}
