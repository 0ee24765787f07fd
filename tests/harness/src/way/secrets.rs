//! The secrets of the parts, as files.

use anyhow::Context as _;
use tempfile::TempDir;

use crate::delivery::{Recorded, recorded};

/// What a cluster would mount as secrets: the gateway's, and the senders' as they were recorded.
pub(super) fn write_secrets(folder: &TempDir) -> anyhow::Result<()> {
    let mut secrets = vec![
        ("basic-auth-user".to_owned(), "admin".to_owned()),
        ("basic-auth-password".to_owned(), "local only".to_owned()),
    ];
    for (name, path) in [
        ("jira-webhook-secret", "jira/moved"),
        ("trello-webhook-secret", "trello/moved"),
        ("github-webhook-secret", "github/moved"),
        ("linear-webhook-secret", "linear/moved"),
        ("azure-devops-basic-auth", "azure_devops/moved"),
        ("asana-webhook-secret", "asana/moved"),
        ("generic-webhook-secret", "generic/signed"),
    ] {
        let Recorded { secret, .. } = recorded(path)?;
        secrets.push((name.to_owned(), secret.context("a recorded secret")?));
    }
    for (name, secret) in secrets {
        std::fs::write(folder.path().join(name), secret)?;
    }
    Ok(())
}
