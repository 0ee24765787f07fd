//! A function's own configuration: a type, read from the environment and from secrets.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::{Problem, SecretError};

use self::reader::{Fault, Reader, Source};

mod reader;

/// Reads the process' environment as `T`: each field is the variable of its name, else the secret
/// of its name, written with `-` for `_`.
///
/// Numbers, booleans, texts, enums by the name of their variant, lists with commas between their
/// items; `Option` and `#[serde(default)]` for what may be missing; [`Secret`](crate::Secret) for
/// what must not be shown. A variable that is set to nothing counts as missing.
///
/// ```no_run
/// use throughline::{Json, Secret};
///
/// #[derive(Clone, serde::Deserialize)]
/// struct Config {
///     shop_url: String,
///     #[serde(default)]
///     dry_run: bool,
///     graphql_token: Option<Secret>, // the secret graphql-token
/// }
///
/// fn main() -> std::process::ExitCode {
///     throughline::run_with(|_| {
///         let config = throughline::config::<Config>()?;
///         Ok(move |order: String| {
///             let config = config.clone();
///             async move { Json(format!("{order} at {}", config.shop_url)) }
///         })
///     })
/// }
/// ```
///
/// # Errors
/// Every problem at once; [`run_with`](crate::run_with) lists them with all others and ends the
/// process with 64.
pub fn config<T: DeserializeOwned>() -> Result<T, Vec<Problem>> {
    config_from(&|name| std::env::var(name).ok())
}

/// [`config`], its variables found through `env`, as [`run_with`](crate::run_with) hands it out.
///
/// ```
/// #[derive(Debug, PartialEq, serde::Deserialize)]
/// struct Config { port: u16, hosts: Vec<String> }
///
/// let env = |name: &str| match name {
///     "port" => Some("eighty".to_owned()),
///     _ => None,
/// };
/// let problems = throughline::config_from::<Config>(&env).unwrap_err();
/// let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
/// assert_eq!(told, [
///     "hosts: it is not set; set the variable hosts, or give the function the secret hosts",
///     r#"port = "eighty": it takes a number from 0 to 65535"#,
/// ]);
/// ```
///
/// # Errors
/// Every problem at once.
pub fn config_from<T: DeserializeOwned>(
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<T, Vec<Problem>> {
    // A type stops at its first fault. So each fault is written down, its field given a value that
    // will do, and the type read again: until it is content, or nothing will do.
    let mut problems = BTreeMap::<&'static str, Problem>::new();
    let mut stand_ins = BTreeMap::new();
    loop {
        let read = T::deserialize(Reader {
            find: &|name| find(env, name),
            stand_ins: &stand_ins,
        });
        let fault = match read {
            Ok(config) if problems.is_empty() => return Ok(config),
            Ok(_) => break,
            Err(fault) => fault,
        };
        let Fault::Field { name, problem } = fault else {
            let problem = Problem::without_value("configuration", fault.to_string());
            problems.entry("").or_insert(problem);
            break;
        };
        problems.entry(name).or_insert(problem);
        let next = stand_ins.get(name).map_or(0, |tried| tried + 1);
        if next >= reader::STAND_INS.len() {
            break;
        }
        stand_ins.insert(name, next);
    }
    Err(problems.into_values().collect())
}

fn find(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<Source> {
    if let Some(text) = env(name).filter(|text| !text.trim().is_empty()) {
        return Some(Source::Variable(text));
    }
    let secret = name.replace('_', "-");
    match crate::secret(&secret) {
        Ok(secret) => Some(Source::Secret(secret)),
        Err(SecretError::Missing { .. } | SecretError::Name(_)) => None,
        Err(error) => Some(Source::Unreadable(crate::telemetry::chain(&error))),
    }
}

#[cfg(test)]
mod tests;
