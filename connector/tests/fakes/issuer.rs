//! Who issues credentials: STS, and the agent of Pod Identity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::json;
use throughline::Body;
use tokio::net::TcpListener;

use super::{read, reply};

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The roles that can be assumed, each with the external id that it asks for.
    pub(crate) roles: BTreeMap<String, Option<String>>,
    /// Whoever signs with these keys is told that they have expired.
    pub(crate) expired: BTreeSet<String>,
    /// What has been asked for, each with its parameters; for the agent, its token.
    pub(crate) asked: Vec<BTreeMap<String, String>>,
    /// The ids of the access keys issued, in order.
    pub(crate) issued: Vec<String>,
    /// How long they live.
    pub(crate) lifetime: Duration,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Issuer(Arc<Mutex<State>>);

impl Issuer {
    /// Issues keys that live for an hour.
    pub(crate) async fn start() -> (Self, String) {
        let issuer = Self::default();
        issuer.state().lifetime = Duration::from_secs(3600);
        let this = issuer.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = super::serve(listener, move |request| this.clone().answer(request)).await;
        (issuer, format!("http://{address}"))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let authorization = head.headers.get("authorization");
        let authorization = authorization
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        let form = read(body).await;
        let mut asked: BTreeMap<String, String> =
            url::form_urlencoded::parse(&form).into_owned().collect();
        if head.uri.path() == "/agent" {
            asked.insert("token".into(), authorization);
            return self.agent(asked);
        }
        self.sts(asked, &authorization)
    }

    fn sts(&self, asked: BTreeMap<String, String>, authorization: &str) -> Response<Body> {
        let action = asked["Action"].clone();
        let mut state = self.state();
        let wanted = state.roles.get(&asked["RoleArn"]).cloned();
        let signer = authorization
            .split("Credential=")
            .nth(1)
            .unwrap_or_default();
        let signer = signer.split('/').next().unwrap().to_owned();
        let given = asked.get("ExternalId").cloned();
        state.asked.push(asked);
        if state.expired.contains(&signer) {
            return refuse("ExpiredToken", "the token has expired");
        }
        if wanted.is_none_or(|wanted| wanted.is_some() && wanted != given) {
            return refuse("AccessDenied", "not authorized to perform: sts:AssumeRole");
        }
        let (key, end) = state.issue();
        reply(
            200,
            format!(
                "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
                 <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>{end}</Expiration></Credentials>\
                 </{action}Result></{action}Response>"
            ),
        )
    }

    fn agent(&self, asked: BTreeMap<String, String>) -> Response<Body> {
        let mut state = self.state();
        state.asked.push(asked);
        let (key, end) = state.issue();
        let keys =
            json!({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": end});
        reply(200, keys.to_string())
    }
}

impl State {
    fn issue(&mut self) -> (String, String) {
        let key = format!("ASIA{}", self.issued.len() + 1);
        self.issued.push(key.clone());
        let end = DateTime::from(SystemTime::now() + self.lifetime);
        (key, end.fmt(Format::DateTime).unwrap())
    }
}

fn refuse(code: &str, message: &str) -> Response<Body> {
    reply(
        403,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}
