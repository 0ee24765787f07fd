//! What a configuration takes, and how it says what it does not.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::Secret;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Careful,
    Bold,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Config {
    shop_url: String,
    port: u16,
    mode: Mode,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    hosts: Vec<String>,
    share: Option<f64>,
    graphql_token: Option<Secret>,
}

fn read<T: DeserializeOwned>(
    env: &[(&str, &str)],
    secrets: &[(&str, &str)],
) -> Result<T, Vec<String>> {
    let secrets: BTreeMap<_, _> = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let _given = crate::secret::give(secrets);
    let find = |name: &str| {
        let (_, value) = env.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    };
    config_from(&find).map_err(|list| list.iter().map(ToString::to_string).collect())
}

#[test]
fn fields_are_variables_and_secrets() {
    let env = [
        ("shop_url", " http://shop/ "),
        ("port", "8080"),
        ("mode", "bold"),
        ("dry_run", "true"),
        ("hosts", "a, b ,,c"),
        ("share", "0.5"),
    ];
    let config: Config = read(&env, &[("graphql-token", "s3cret")]).unwrap();
    assert_eq!(
        config,
        Config {
            shop_url: "http://shop/".into(),
            port: 8080,
            mode: Mode::Bold,
            dry_run: true,
            hosts: vec!["a".into(), "b".into(), "c".into()],
            share: Some(0.5),
            graphql_token: Some(Secret::new("s3cret")),
        }
    );
}

#[test]
fn what_may_be_missing_may_be_missing_or_empty() {
    let env = [
        ("shop_url", "x"),
        ("port", "1"),
        ("mode", "careful"),
        ("share", ""),
    ];
    let config: Config = read(&env, &[]).unwrap();
    assert!(!config.dry_run && config.hosts.is_empty());
    assert_eq!((config.share, config.graphql_token), (None, None));
}

#[test]
fn every_problem_is_listed_at_once() {
    let env = [("port", "99999"), ("dry_run", "maybe"), ("share", "half")];
    let problems = read::<Config>(&env, &[]).unwrap_err();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    for start in [
        r#"port = "99999": it takes a number from 0 to 65535"#,
        r#"dry_run = "maybe": it takes true or false"#,
        r#"share = "half": it takes a number"#,
        "shop_url: it is not set; set the variable shop_url",
        "mode: it is not set",
    ] {
        let told = problems.iter().any(|problem| problem.starts_with(start));
        assert!(told, "{start}: {problems:#?}");
    }
}

#[test]
fn an_enum_says_what_it_takes() {
    let env = [("shop_url", "x"), ("port", "1"), ("mode", "reckless")];
    let problems = read::<Config>(&env, &[]).unwrap_err();
    assert_eq!(problems, [r#"mode = "reckless": it takes careful or bold"#]);
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "what matters is that it is not read")]
struct Keys {
    pin: u16,
    token: Secret,
    key: Secret,
}

#[test]
fn a_secret_is_never_shown_whatever_is_wrong() {
    let secrets = [("pin", "hunter2"), ("token", "t0ken")];
    let problems = read::<Keys>(&[], &secrets).unwrap_err();
    assert_eq!(
        problems,
        [
            "key: it is not set; set the variable key, or give the function the secret key",
            "pin: it takes a number from 0 to 65535",
        ]
    );
}

#[test]
fn a_type_that_is_no_struct_is_a_problem_and_no_panic() {
    let problems = read::<u16>(&[], &[]).unwrap_err();
    assert!(problems[0].contains("only a struct"), "{problems:?}");
}
