//! Signed calls on the hot path: a request, a signature, an answer, and nothing in between.
//!
//! The SDK's machinery costs four times what the call itself does, and the engine brings all of it
//! anyway: retries, timeouts, batching. Its types, credentials, endpoints and signing stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use super::route::Route;
use super::{QueueError, QueueErrorKind};
use crate::aws::Keeper;
use crate::gateway::chain;
use crate::http::Http;
use crate::wall_clock::WallClock;

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Makes calls to one endpoint, signed by one account.
#[derive(Debug)]
pub(super) struct Caller {
    http: Http,
    route: Result<Route, String>,
    keeper: Keeper,
    wall_clock: WallClock,
    /// By how many seconds SQS's clock is ahead of ours, as far as it complained.
    ahead: AtomicI64,
}

impl Caller {
    /// A caller that does as a client of this configuration would.
    pub(super) async fn new(
        http: Http,
        config: &SdkConfig,
        keeper: Keeper,
        wall_clock: WallClock,
    ) -> Arc<Self> {
        Arc::new(Self {
            http,
            route: Route::of(config).await,
            keeper,
            wall_clock,
            ahead: AtomicI64::new(0),
        })
    }

    /// One call. Cancel-safe as far as a call can be: SQS may have taken it.
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        action: &'static str,
        request: &impl Serialize,
    ) -> Result<A, QueueError> {
        let failed = |kind, reason| QueueError {
            action,
            kind,
            reason,
        };
        let route = (self.route.as_ref())
            .map_err(|reason| failed(QueueErrorKind::Denied, reason.clone()))?;
        let (identity, generation) = (self.keeper.identity().await)
            .map_err(|error| failed(QueueErrorKind::NoCredentials, error.to_string()))?;
        let body = serde_json::to_vec(request)
            .map_err(|error| failed(QueueErrorKind::Failed, error.to_string()))?;
        let body = Bytes::from(body);
        let request = || signed(route, action, body.clone(), &identity, self.now());
        let unreachable = |reason| failed(QueueErrorKind::Unreachable, reason);
        let first = request().map_err(|reason| failed(QueueErrorKind::Denied, reason))?;
        let sent = self.http.send_or_again(first, || request().ok());
        let answer = sent.await.map_err(|error| unreachable(chain(&error)))?;
        let (head, body) = answer.into_parts();
        let body = (body.collect().await)
            .map_err(|error| unreachable(chain(&error)))?
            .to_bytes();
        if head.status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| {
                failed(
                    QueueErrorKind::Failed,
                    format!("its answer is not understood: {error}"),
                )
            });
        }
        Err(self.refused(action, &head.headers, head.status, &body, generation))
    }

    /// Learns from a refusal what the next call needs: SQS's time, or new credentials.
    fn refused(
        &self,
        action: &'static str,
        headers: &HeaderMap,
        status: StatusCode,
        body: &Bytes,
        generation: u64,
    ) -> QueueError {
        let refusal = Refusal::read(status.as_u16(), headers, body);
        if refusal.is_about_time() {
            if let Some(ahead) = ahead(headers, self.wall_clock.now()) {
                self.ahead.store(ahead, Ordering::Relaxed);
                tracing::warn!(
                    seconds = ahead,
                    "SQS's clock is ahead of this machine's by so much; calls are signed with its time"
                );
            }
        } else if refusal.is_about_credentials() {
            self.keeper.refused(generation);
        }
        refusal.into_error(action)
    }

    fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let now = self.wall_clock.now();
        let then = if ahead < 0 {
            now.checked_sub(by)
        } else {
            now.checked_add(by)
        };
        then.unwrap_or(now)
    }
}

/// The whole request of a call, ready to go out.
fn signed(
    route: &Route,
    action: &str,
    body: Bytes,
    identity: &Identity,
    time: SystemTime,
) -> Result<Request<SdkBody>, String> {
    let target = format!("AmazonSQS.{action}");
    let instructions = {
        let params = SigningParams::builder()
            .identity(identity)
            .region(&route.region)
            .name(&route.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| chain(&error))?
            .into();
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", &*target),
        ];
        let signable = SignableRequest::new(
            "POST",
            route.uri.to_string(),
            headers.into_iter(),
            SignableBody::Bytes(&body),
        );
        let signable = signable.map_err(|error| chain(&error))?;
        sign(signable, &params)
            .map_err(|error| chain(&error))?
            .into_parts()
            .0
    };
    let mut request = Request::new(SdkBody::from(body));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = route.uri.clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(USER_AGENT, route.user_agent.clone());
    let target = HeaderValue::try_from(target).map_err(|error| error.to_string())?;
    headers.insert(HeaderName::from_static("x-amz-target"), target);
    for header in instructions.into_parts().0 {
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| error.to_string())?;
        value.set_sensitive(header.sensitive());
        headers.insert(HeaderName::from_static(header.name()), value);
    }
    Ok(request)
}

/// By how many seconds the sender of this answer is ahead of `now`.
fn ahead(headers: &HeaderMap, now: SystemTime) -> Option<i64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let (sign, by) = match theirs.duration_since(now) {
        Ok(by) => (1, by),
        Err(behind) => (-1, behind.duration()),
    };
    i64::try_from(by.as_secs()).ok().map(|by| sign * by)
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
