//! What the configuration takes, and how it says what it does not.

use super::*;

fn read(env: &[(&str, &str)], files: &[(&str, &[u8])]) -> Result<Config, Vec<String>> {
    let find = |name: &str| {
        let (_, value) = env.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    };
    let file = |path: &Path| {
        let (_, bytes) = files
            .iter()
            .find(|(known, _)| Path::new(SECRETS_DIR).join(known) == path)
            .ok_or(ErrorKind::NotFound)?;
        Ok(bytes.to_vec())
    };
    Config::read(&find, &file).map_err(|list| list.iter().map(ToString::to_string).collect())
}

const URL: (&str, &str) = ("graphql_url", "http://backend:4000/graphql");

fn moved_to(to: &str, to_id: Option<&str>) -> CardMoved {
    CardMoved {
        card_id: "KAN-7".into(),
        from: None,
        to: to.into(),
        source: Sender::Jira,
        from_id: None,
        to_id: to_id.map(str::to_owned),
        column: None,
    }
}

#[test]
fn a_url_is_all_that_must_be_set() {
    let config = read(&[URL], &[]).unwrap();
    assert!(
        config
            .deploy_statuses
            .reached_by(&moved_to("deploying ", None))
    );
    assert!(
        !config
            .deploy_statuses
            .reached_by(&moved_to("Deployed", None))
    );
    assert_eq!(
        config.keyring.generic_signature_header,
        "X-Hub-Signature-256"
    );
    assert!(config.keyring.secrets.is_empty());
}

#[test]
fn statuses_are_names_or_ids() {
    let config = read(
        &[URL, ("deploy_statuses", " Rollout, ÜBERGABE ,10001")],
        &[],
    )
    .unwrap();
    for (to, id) in [
        ("ROLLOUT", None),
        ("Übergabe", None),
        ("Done", Some("10001")),
    ] {
        assert!(config.deploy_statuses.reached_by(&moved_to(to, id)), "{to}");
    }
    assert!(
        !config
            .deploy_statuses
            .reached_by(&moved_to("Deploying", None))
    );
    assert_eq!(
        config.deploy_statuses.to_string(),
        "Rollout or ÜBERGABE or 10001"
    );
}

#[test]
fn secrets_lose_their_trailing_newline_and_are_never_printed() {
    let files: [(&str, &[u8]); 3] = [
        ("jira-webhook-secret", b"hunter2\r\n"),
        ("azure-devops-basic-auth", b"user: pass \n"),
        ("graphql-token", b"t0ken\n"),
    ];
    let config = read(&[URL], &files).unwrap();
    assert_eq!(
        config.keyring.secrets[&Sender::Jira],
        Secret::new("hunter2")
    );
    assert_eq!(
        config.keyring.secrets[&Sender::AzureDevops],
        Secret::new("user: pass ")
    );
    let printed = format!("{config:?}");
    for secret in ["hunter2", "user: pass", "t0ken"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn every_problem_is_listed_at_once_and_shows_no_secret() {
    let env = [
        ("graphql_url", "ftp://user:hunter2@backend"),
        ("deploy_statuses", " , "),
        ("allow_unsigned", "jira, gitlab, asana"),
        ("generic_signature_header", "X Signature"),
    ];
    let files: [(&str, &[u8]); 6] = [
        ("jira-webhook-secret", b"hunter2"),
        ("trello-webhook-secret", b"hunter2"),
        ("github-webhook-secret", b" \n"),
        ("linear-webhook-secret", b"\xff\xfe"),
        ("azure-devops-basic-auth", b"hunter2"),
        ("graphql-token", b"hunter2 \xc3\xa9"),
    ];
    let problems = read(&env, &files).unwrap_err();
    for start in [
        "graphql_url = \"ftp://…@backend\": it must begin with http:// or https://",
        "deploy_statuses = \" , \": it names no status",
        "allow_unsigned = \"jira\": jira has the secret jira-webhook-secret too",
        "allow_unsigned = \"gitlab\": it is no sender; known senders: jira,",
        "generic_signature_header = \"X Signature\": ",
        "trello_callback_url: it is not set",
        "github-webhook-secret: /var/openfaas/secrets/github-webhook-secret is empty",
        "linear-webhook-secret: /var/openfaas/secrets/linear-webhook-secret is not UTF-8",
        "azure-devops-basic-auth: it has no colon",
        "graphql-token: it has characters",
    ] {
        assert!(
            problems.iter().any(|line| line.starts_with(start)),
            "{start}: {problems:#?}"
        );
    }
    assert_eq!(problems.len(), 10, "{problems:#?}");
    assert!(!problems.concat().contains("hunter2"));
}

#[test]
fn a_missing_url_is_a_problem_with_a_remedy() {
    for env in [&[][..], &[("graphql_url", " ")]] {
        let problems = read(env, &[]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("graphql_url: it is not set; give the URL"));
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_a_problem() {
    let env = |name: &str| match name {
        "graphql_url" => Some(URL.1.to_owned()),
        "secrets_dir" => Some("/elsewhere".to_owned()),
        _ => None,
    };
    let file = |path: &Path| match path.to_str() {
        Some("/elsewhere/asana-webhook-secret") => Err(ErrorKind::PermissionDenied.into()),
        _ => Err(ErrorKind::NotFound.into()),
    };
    let problems = Config::read(&env, &file).unwrap_err();
    assert_eq!(problems.len(), 1);
    let start = "asana-webhook-secret: /elsewhere/asana-webhook-secret can't be read: ";
    assert!(problems[0].to_string().starts_with(start));
}
