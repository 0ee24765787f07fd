//! Over HTTP: a request in, an answer or none out.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Incoming};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time;

use super::Sqs;
use super::action::Action;
use super::actions::{self, Asked};
use super::faults::{Ending, Plan};
use super::model::refusal::{Code, Refusal};
use crate::listen::{self, BoxError, Cut};

/// A whole batch of 1 MiB, with every character escaped in JSON.
const MOST_BYTES: usize = 8 * 1024 * 1024;
const PROTOCOL: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Serves the queues on this listener until `shutdown` is done, then lets requests that are being
/// answered finish for a moment and cuts the rest.
pub async fn serve(listener: TcpListener, sqs: Arc<Sqs>, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(());
    let (_up, never_down) = watch::channel(false);
    let answer = move |request, peer| Arc::clone(&sqs).answer(request, peer);
    let stopping = async {
        shutdown.await;
        drop(stop);
    };
    tokio::join!(
        stopping,
        listen::serve(listener, answer, never_down, stopped)
    );
}

impl Sqs {
    /// Answers a request, or closes its connection where a fault says so.
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        _peer: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, Cut> {
        self.exchange(request).await.ok_or(Cut)
    }

    /// Answers a request that came by another way than a listener, such as a stream in memory;
    /// `None` where a fault says that its connection is closed.
    pub async fn exchange<B>(&self, request: Request<B>) -> Option<Response<Full<Bytes>>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        match self.perform(request).await {
            Ok(body) => Some(self.respond(StatusCode::OK, None, body)),
            Err(Failure::Cut) => None,
            Err(Failure::Refused(refusal)) => Some(self.refuse(
                StatusCode::BAD_REQUEST,
                &refusal.code.type_name(),
                refusal.code.query_code(),
                &refusal.message,
            )),
            Err(Failure::Answered {
                status,
                code,
                message,
            }) => {
                let known = Code::named(&code);
                let type_name = known.map_or_else(
                    || format!("com.amazon.coral.service#{code}"),
                    Code::type_name,
                );
                let query: &str = match known {
                    Some(known) => known.query_code(),
                    None => &code,
                };
                let status =
                    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(self.refuse(status, &type_name, query, &message))
            }
        }
    }

    async fn perform<B>(&self, request: Request<B>) -> Result<Vec<u8>, Failure>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let action = action(&request)?;
        self.count(action);
        let authority = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or("localhost")
            .to_owned();
        let body = Limited::new(request.into_body(), MOST_BYTES)
            .collect()
            .await
            .map_err(|error| {
                Refusal::new(
                    Code::Serialization,
                    format!("the body can't be read: {error}"),
                )
            })?
            .to_bytes();
        let mut asked = Asked {
            sqs: self,
            action,
            body: &body,
            authority: &authority,
            plan: Plan::default(),
        };
        if self.faults().are_none() {
            return Ok(actions::carry_out(&asked).await?);
        }
        asked.plan = self.faults().plan(action, asked.queue().as_deref());
        pause(asked.plan.before).await;
        match asked.plan.ending.take() {
            Some(Ending::Answer {
                status,
                code,
                message,
            }) => Err(Failure::Answered {
                status,
                code,
                message,
            }),
            Some(Ending::Cut { done, after }) => {
                if done {
                    // Whatever it came to, nobody hears of it.
                    let _ = actions::carry_out(&asked).await;
                }
                pause(after).await;
                Err(Failure::Cut)
            }
            None => {
                let done = actions::carry_out(&asked).await;
                pause(asked.plan.afterwards).await;
                Ok(done?)
            }
        }
    }

    fn refuse(
        &self,
        status: StatusCode,
        type_name: &str,
        query: &str,
        message: &str,
    ) -> Response<Full<Bytes>> {
        let body = serde_json::json!({"__type": type_name, "message": message}).to_string();
        let fault = if status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let header = HeaderValue::from_str(&format!("{query};{fault}")).ok();
        self.respond(status, header, body.into_bytes())
    }

    fn respond(
        &self,
        status: StatusCode,
        query_error: Option<HeaderValue>,
        body: Vec<u8>,
    ) -> Response<Full<Bytes>> {
        let id = self
            .request_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .uuid();
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROTOCOL);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert("x-amzn-requestid", id);
        }
        if let Some(query_error) = query_error {
            headers.insert("x-amzn-query-error", query_error);
        }
        response
    }
}

/// Why there is no good answer.
enum Failure {
    Refused(Refusal),
    /// A fault answers.
    Answered {
        status: u16,
        code: String,
        message: String,
    },
    /// A fault closes the connection.
    Cut,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        time::sleep(time).await;
    }
}

fn action<B>(request: &Request<B>) -> Result<Action, Refusal> {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let name = target.and_then(|target| target.strip_prefix("AmazonSQS."));
    let (Some(name), &Method::POST) = (name, request.method()) else {
        return Err(Refusal::new(
            Code::UnknownOperation,
            "This server speaks the JSON protocol of SQS: POST with X-Amz-Target: AmazonSQS.<Action>.",
        ));
    };
    Action::named(name).map_err(|known| {
        if known {
            Refusal::new(
                Code::UnsupportedOperation,
                format!("This server does not have the action {name}."),
            )
        } else {
            Refusal::new(
                Code::UnknownOperation,
                format!("There is no action {name:?}."),
            )
        }
    })
}
