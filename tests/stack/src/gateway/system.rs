//! `/system/…`: what is deployed, for those who have the credentials.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::answer;
use super::faults::{Route, Site};
use super::functions::{DEFAULT_NAMESPACE, Function};
use super::{Credentials, Gateway};
use crate::client::Body;
use crate::listen::Cut;

/// `GET /system/functions`: the functions of one namespace, as `FunctionStatus` of faas-provider
/// has them.
pub(super) async fn functions(
    gateway: &Gateway,
    headers: &HeaderMap,
    query: &str,
) -> Result<Response<Body>, Cut> {
    if let Some(early) = before(gateway, headers, Route::Functions).await {
        return early;
    }
    let namespace = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == "namespace" && !value.is_empty())
        .map_or(DEFAULT_NAMESPACE.into(), |(_, value)| value);
    let listed: Vec<Value> = gateway
        .registry
        .all()
        .iter()
        .filter(|function| function.registration.namespace == namespace)
        .map(|function| status(function))
        .collect();
    Ok(answer::json(
        StatusCode::OK,
        Value::from(listed).to_string(),
    ))
}

/// `GET /system/namespaces`: the namespaces that functions live in.
pub(super) async fn namespaces(
    gateway: &Gateway,
    headers: &HeaderMap,
) -> Result<Response<Body>, Cut> {
    if let Some(early) = before(gateway, headers, Route::Namespaces).await {
        return early;
    }
    let mut names = vec![DEFAULT_NAMESPACE.to_owned()];
    for function in gateway.registry.all() {
        names.push(function.registration.namespace.clone());
    }
    names.sort();
    names.dedup();
    Ok(answer::json(StatusCode::OK, json!(names).to_string()))
}

/// What is answered before the question is looked at: credentials first, then faults.
async fn before(
    gateway: &Gateway,
    headers: &HeaderMap,
    route: Route,
) -> Option<Result<Response<Body>, Cut>> {
    if !is_let_in(gateway.options.credentials.as_ref(), headers) {
        return Some(Ok(answer::unauthorized()));
    }
    answer::faulty(&gateway.fault(Site::Route(route)).await)
}

/// Zero, and what is missing, is left out, as Go's `omitempty` does.
fn status(function: &Function) -> Value {
    let with = &function.registration;
    let mut status = Map::new();
    status.insert("name".into(), function.name.clone().into());
    status.insert(
        "image".into(),
        format!("local/{}:latest", function.name).into(),
    );
    status.insert("namespace".into(), with.namespace.clone().into());
    for (key, texts) in [("labels", &with.labels), ("annotations", &with.annotations)] {
        if let Some(texts) = texts {
            status.insert(key.into(), json!(texts));
        }
    }
    for (key, number) in [
        ("replicas", function.desired.load(Ordering::Relaxed)),
        ("availableReplicas", with.replicas),
        ("invocationCount", function.stats.invocations()),
    ] {
        if number > 0 {
            status.insert(key.into(), number.into());
        }
    }
    status.insert("createdAt".into(), function.created_at.clone().into());
    status.into()
}

fn is_let_in(wanted: Option<&Credentials>, headers: &HeaderMap) -> bool {
    let Some(wanted) = wanted else { return true };
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, token)| STANDARD.decode(token.trim()).ok());
    given.is_some_and(|given| given == format!("{}:{}", wanted.user, wanted.password).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_credentials_are_let_in() {
        let wanted = Credentials {
            user: "admin".into(),
            password: "pass:word".into(),
        };
        let is_let_in = |value: Option<String>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            super::is_let_in(Some(&wanted), &headers)
        };
        let basic = |pair: &str| Some(format!("Basic {}", STANDARD.encode(pair)));
        assert!(is_let_in(basic("admin:pass:word")));
        assert!(is_let_in(
            basic("admin:pass:word").map(|value| value.replace("Basic", "basic"))
        ));
        assert!(!is_let_in(basic("admin:pass")));
        assert!(!is_let_in(basic("root:pass:word")));
        assert!(!is_let_in(Some("Basic %%%".into())));
        assert!(!is_let_in(Some("Bearer x".into())));
        assert!(!is_let_in(None));
        assert!(super::is_let_in(None, &HeaderMap::new()));
        assert!(!format!("{wanted:?}").contains("pass"));
    }
}
