use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use http::Response;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600;

type Answer = (u16, Vec<(&'static str, String)>, String);

/// An SQS that answers as it is told, and the headers and bodies it was asked with.
#[derive(Default)]
struct Sqs {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(HeaderMap, Value)>>,
}

/// Credentials with a new key each time.
#[derive(Debug, Default)]
struct Keys(AtomicI64);

impl ProvideCredentials for Keys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = format!("KEY{}", self.0.fetch_add(1, Ordering::Relaxed));
        let token = Some("the-token".to_owned());
        future::ProvideCredentials::ready(Ok(Credentials::new(key, "secret", token, None, "test")))
    }
}

impl Sqs {
    fn asked(&self, n: usize, name: &str) -> String {
        let asked = self.asked.lock().unwrap();
        asked[n]
            .0
            .get(name)
            .map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap();
        self.asked.lock().unwrap().push((head.headers, body));
        let (status, headers, body) = self.answers.lock().unwrap().pop_front().unwrap();
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::from(body)).unwrap())
    }
}

/// A caller of an SQS with these answers, its clock at [`NOW`]. The tasks serve until dropped.
async fn world(answers: impl IntoIterator<Item = Answer>) -> (Arc<Sqs>, Arc<Caller>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sqs = Arc::new(Sqs {
        answers: Mutex::new(answers.into_iter().collect()),
        ..Sqs::default()
    });
    let mut tasks = JoinSet::new();
    let serving = sqs.clone();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let sqs = serving.clone();
            connections.spawn(async move {
                let service = service_fn(|request| sqs.answer(request));
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .build();
    let wall_clock = WallClock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
    let provider = SharedCredentialsProvider::new(Keys::default());
    let keeper = Keeper::of(provider, wall_clock.clone());
    tasks.spawn(keeper.clone().renew());
    let caller = Caller::new(Http::new(), &config, keeper, wall_clock).await;
    (sqs, caller, tasks)
}

fn good() -> Answer {
    (200, vec![], r#"{"Answer":1}"#.into())
}

fn refusal(code: &str, message: &str, headers: Vec<(&'static str, String)>) -> Answer {
    (
        403,
        headers,
        json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": message}).to_string(),
    )
}

async fn call(caller: &Caller) -> Result<Value, QueueError> {
    caller
        .call("ReceiveMessage", &json!({"QueueUrl": "http://q"}))
        .await
}

#[tokio::test]
async fn a_call_is_signed_as_sqs_wants_it() {
    let (sqs, caller, _tasks) = world([good()]).await;
    assert_eq!(call(&caller).await.unwrap(), json!({"Answer": 1}));
    assert_eq!(sqs.asked(0, "x-amz-target"), "AmazonSQS.ReceiveMessage");
    assert_eq!(sqs.asked(0, "content-type"), "application/x-amz-json-1.0");
    assert_eq!(sqs.asked(0, "x-amz-date"), "20260101T000000Z");
    assert_eq!(sqs.asked(0, "x-amz-security-token"), "the-token");
    assert!(sqs.asked(0, "user-agent").starts_with("aws-sdk-rust/"));
    let authorization = sqs.asked(0, "authorization");
    let start = "AWS4-HMAC-SHA256 Credential=KEY0/20260101/eu-west-1/sqs/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=";
    assert!(authorization.starts_with(start), "{authorization}");
    assert_eq!(
        sqs.asked.lock().unwrap()[0].1,
        json!({"QueueUrl": "http://q"})
    );
}

#[tokio::test]
async fn credentials_that_sqs_refuses_are_replaced() {
    for code in [
        "ExpiredToken",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ] {
        let (sqs, caller, _tasks) =
            world([good(), refusal(code, "no", vec![]), good(), good()]).await;
        call(&caller).await.unwrap();
        assert_eq!(
            call(&caller).await.unwrap_err().kind,
            QueueErrorKind::Refused
        );
        // Renewed in the background: whoever shares them is not held up.
        while caller.keeper.generation() < 2 {
            tokio::task::yield_now().await;
        }
        call(&caller).await.unwrap();
        call(&caller).await.unwrap();
        let keys: Vec<String> = (0..4)
            .map(|n| sqs.asked(n, "authorization")[28..32].to_owned())
            .collect();
        assert_eq!(keys, ["KEY0", "KEY0", "KEY1", "KEY1"], "{code}");
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_signs_with_the_time_of_sqs_from_the_next_call_on() {
    let date = vec![("date", "Thu, 01 Jan 2026 01:00:00 GMT".to_owned())];
    let skewed = refusal(
        "SignatureDoesNotMatch",
        "Signature expired: it is earlier than it should be",
        date,
    );
    let (sqs, caller, _tasks) = world([skewed, good()]).await;
    assert_eq!(
        call(&caller).await.unwrap_err().kind,
        QueueErrorKind::Denied
    );
    call(&caller).await.unwrap();
    assert_eq!(sqs.asked(0, "x-amz-date"), "20260101T000000Z");
    assert_eq!(sqs.asked(1, "x-amz-date"), "20260101T010000Z");
    assert!(
        sqs.asked(1, "authorization").contains("KEY0"),
        "the credentials are not to blame"
    );
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failure_and_no_panic() {
    let (_sqs, caller, _tasks) = world([
        (200, vec![], "<html>".into()),
        (502, vec![], "<html>".into()),
    ])
    .await;
    let nonsense = call(&caller).await.unwrap_err();
    assert_eq!(nonsense.kind, QueueErrorKind::Failed);
    assert!(nonsense.reason.contains("not understood"), "{nonsense}");
    let bad_gateway = call(&caller).await.unwrap_err();
    assert_eq!(bad_gateway.kind, QueueErrorKind::Failed);
    assert!(bad_gateway.reason.contains("status 502"), "{bad_gateway}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let (_sqs, caller, tasks) = world([]).await;
    drop(tasks);
    tokio::task::yield_now().await;
    assert_eq!(
        call(&caller).await.unwrap_err().kind,
        QueueErrorKind::Unreachable
    );
}

#[test]
fn the_difference_of_the_clocks_has_a_direction() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let headers = |date: &'static str| {
        HeaderMap::from_iter([(http::header::DATE, HeaderValue::from_static(date))])
    };
    assert_eq!(
        ahead(&headers("Thu, 01 Jan 2026 00:10:00 GMT"), now),
        Some(600)
    );
    assert_eq!(
        ahead(&headers("Wed, 31 Dec 2025 23:50:00 GMT"), now),
        Some(-600)
    );
    assert_eq!(ahead(&headers("yesterday"), now), None);
    assert_eq!(ahead(&HeaderMap::new(), now), None);
}
