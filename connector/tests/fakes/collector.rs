//! An OpenTelemetry collector that keeps the spans it is sent.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use throughline::Body;
use tokio::net::TcpListener;

use super::{read, reply};

#[derive(Clone, Debug, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    pub(crate) async fn start() -> (Self, String) {
        let collector = Self::default();
        let this = collector.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = super::serve(listener, move |request| this.clone().answer(request)).await;
        (collector, format!("http://{address}"))
    }

    /// The spans of this name so far.
    pub(crate) fn named(&self, name: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        assert_eq!(request.uri().path(), "/v1/traces");
        let sent = read(request.into_body()).await;
        let sent = ExportTraceServiceRequest::decode(sent).unwrap();
        for resource in sent.resource_spans {
            for scope in resource.scope_spans {
                self.0.lock().unwrap().extend(scope.spans);
            }
        }
        reply(200, "")
    }
}

/// A span's attribute as text.
pub(crate) fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|pair| pair.key == name);
    match found.and_then(|pair| pair.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name} is {other:?} in {span:?}"),
    }
}

pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
