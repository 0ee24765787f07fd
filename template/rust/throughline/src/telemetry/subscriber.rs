//! Turns tracing's events into log lines.

use std::fmt;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::line::{Parts, Value};
use super::redact::Redact;

/// Where finished lines go.
pub(crate) type Sink = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// The layer that renders each event as one line: JSON, unless it is made for a terminal.
///
/// The id is stamped from the ambient context when the line is made, not from a span's fields: a
/// filter that switches spans off, or another library's event, does not lose it. The names and
/// fields of the spans that are there, whoever opened them, go along among the line's fields.
pub(crate) struct JsonLines {
    service: String,
    sink: Sink,
    redact: Redact,
    form: Form,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Pretty { colours: bool },
}

/// What a span said of itself, kept with it.
struct Said(Vec<(&'static str, Value)>);

impl JsonLines {
    pub(crate) fn new(service: &str, sink: Sink) -> Self {
        Self {
            service: service.to_owned(),
            sink,
            redact: Redact::default(),
            form: Form::Json,
        }
    }

    pub(super) fn redact(self, redact: Redact) -> Self {
        Self { redact, ..self }
    }

    pub(super) fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let mut said = Parts::new(&self.redact);
        attributes.record(&mut Plain(&mut said));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Said(said.fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(said) = span.extensions_mut().get_mut::<Said>()
        {
            let mut more = Parts::new(&self.redact);
            more.fields = std::mem::take(&mut said.0);
            values.record(&mut Plain(&mut more));
            said.0 = more.fields;
        }
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let mut parts = Parts::new(&self.redact);
        event.record(&mut parts);
        add_spans(&mut parts, event, &context);
        let (time, metadata) = (jiff::Timestamp::now(), event.metadata());
        let line = crate::context::with_current(|context| match self.form {
            Form::Json => parts.render(time, metadata, &self.service, context),
            Form::Pretty { colours } => parts.render_pretty(time, metadata, context, colours),
        });
        (self.sink)(*metadata.level(), &line);
    }
}

/// The spans around an event: their path as the field `span`, and their fields.
fn add_spans<S: Subscriber + for<'a> LookupSpan<'a>>(
    parts: &mut Parts<'_>,
    event: &Event<'_>,
    context: &LayerContext<'_, S>,
) {
    let Some(scope) = context.event_scope(event) else {
        return;
    };
    let mut path = Vec::new();
    for span in scope {
        // The SDK's own are for a collector; the line has their ids.
        if span.metadata().target() == super::SPANS {
            continue;
        }
        path.push(span.name());
        if let Some(said) = span.extensions().get::<Said>() {
            for (name, value) in &said.0 {
                parts.put_outer(name, value);
            }
        }
    }
    if !path.is_empty() {
        path.reverse();
        parts.put_outer("span", &Value::Text(path.join(":")));
    }
}

/// Takes a span's fields for what they are: none of them is the line's message or error.
struct Plain<'a, 'b>(&'a mut Parts<'b>);

impl Visit for Plain<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .put_field(field.name(), Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0
            .put_field(field.name(), Value::Text(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0
            .put_field(field.name(), Value::Json(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0
            .put_field(field.name(), Value::Json(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0
            .put_field(field.name(), Value::Json(value.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::object::MAX_LINE;
    use super::*;
    use crate::{Context, CorrelationId, milestone};
    use proptest::prelude::*;
    use serde_json::Value;
    use std::sync::Mutex;
    use tracing_subscriber::filter::EnvFilter;
    use tracing_subscriber::layer::SubscriberExt as _;

    fn lines(filter: &str, work: impl FnOnce()) -> Vec<String> {
        lines_of(filter, |layer| layer, work)
    }

    fn lines_of(
        filter: &str,
        set: impl FnOnce(JsonLines) -> JsonLines,
        work: impl FnOnce(),
    ) -> Vec<String> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let sink: Sink = {
            let kept = Arc::clone(&kept);
            Arc::new(move |_, line: &str| kept.lock().unwrap().push(line.to_owned()))
        };
        let subscriber = tracing_subscriber::registry()
            .with(EnvFilter::new(filter))
            .with(set(JsonLines::new("charge-card", sink)));
        tracing::subscriber::with_default(subscriber, work);
        kept.lock().unwrap().clone()
    }

    fn one(work: impl FnOnce()) -> Value {
        let lines = lines("trace", work);
        assert_eq!(lines.len(), 1, "{lines:?}");
        serde_json::from_str(&lines[0]).unwrap()
    }

    fn context() -> Context {
        Context::new(CorrelationId::parse("kan-7").unwrap()).with_call_id("call-1")
    }

    #[test]
    fn a_line_has_the_schemas_names_and_the_requests_ids() {
        let line = one(|| {
            context().sync_scope(|| tracing::warn!(card_id = "KAN-7", attempt = 2, "slow: {}", 3));
        });
        assert_eq!(line["log.level"], "warn");
        assert_eq!(line["message"], "slow: 3");
        assert_eq!(line["service.name"], "charge-card");
        assert_eq!(line["correlation_id"], "kan-7");
        assert_eq!(line["call_id"], "call-1");
        assert_eq!(line["trace.id"].as_str().unwrap().len(), 32);
        assert_eq!(line["fields"]["card_id"], "KAN-7");
        assert_eq!(line["fields"]["attempt"], 2);
        let time = line["@timestamp"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'));
    }

    #[test]
    fn at_warn_with_every_span_off_the_id_is_still_there() {
        let lines = lines("warn", || {
            context().sync_scope(|| {
                let span = tracing::info_span!("request", correlation_id = "gone");
                let _entered = span.enter();
                tracing::info!("not written");
                tracing::error!(target: "another_library", "broken");
            });
        });
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(line["correlation_id"], "kan-7");
        assert_eq!(line["log.logger"], "another_library");
    }

    #[test]
    fn outside_a_request_there_is_no_id_to_claim() {
        let line = one(|| tracing::info!("started"));
        assert!(line.get("correlation_id").is_none());
    }

    #[test]
    fn an_authors_fields_never_clash_with_the_lines_own_keys() {
        let lines = lines("info", || {
            tracing::info!(
                level = "x",
                timestamp = 1,
                target = "t",
                service.name = "mine",
                correlation_id = "mine",
                "unique"
            );
        });
        let keys = lines[0].matches("\"correlation_id\":").count();
        assert_eq!(keys, 1);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["service.name"], "charge-card");
        assert_eq!(line["fields"]["correlation_id"], "mine");
        assert_eq!(line["fields"]["service.name"], "mine");
    }

    #[test]
    fn a_milestone_is_a_field_of_its_own_and_its_name_the_message_where_there_is_none() {
        let bare = one(|| milestone!("CARD_RECEIVED"));
        assert_eq!(bare["milestone"], "CARD_RECEIVED");
        assert_eq!(bare["message"], "CARD_RECEIVED");
        let told = one(|| milestone!("CARD_MOVED", to = "Done", "moved to {}", "Done"));
        assert_eq!(told["milestone"], "CARD_MOVED");
        assert_eq!(told["message"], "moved to Done");
        assert_eq!(told["fields"]["to"], "Done");
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("the deployment did not start")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("connection refused"));
        let line = one(|| {
            tracing::error!(error = &error as &dyn std::error::Error, "failed");
        });
        assert_eq!(
            line["error.message"],
            "the deployment did not start: connection refused"
        );
        assert!(line.get("fields").is_none());
    }

    #[test]
    fn a_process_that_plays_several_services_names_the_one_that_logs() {
        let line = one(|| {
            context()
                .with_service("ingress")
                .sync_scope(|| tracing::info!("in"));
        });
        assert_eq!(line["service.name"], "ingress");
    }

    #[test]
    fn a_huge_event_is_cut_marked_and_still_json() {
        let huge = "ü\"\n".repeat(20_000);
        let lines = lines("info", || {
            tracing::error!(
                a = %huge, b = 7, c = %huge, error = %huge, error.stack_trace = %huge, "{huge}"
            );
        });
        assert!(lines[0].len() <= MAX_LINE, "{}", lines[0].len());
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["log.cut"], true);
        assert!(line["message"].as_str().unwrap().ends_with("…[cut]"));
    }

    #[test]
    fn spans_of_any_library_go_along_and_what_is_nearest_wins() {
        let line = one(|| {
            let outer =
                tracing::info_span!(target: "a_library", "invoke", attempt = 1, region = "eu");
            let _outer = outer.entered();
            let inner = tracing::info_span!("try", attempt = 2, message = "not the line's");
            let inner = inner.entered();
            inner.record("attempt", 3);
            tracing::info!(region = "us", "asked");
        });
        assert_eq!(line["message"], "asked");
        assert_eq!(line["fields"]["span"], "invoke:try");
        assert_eq!(line["fields"]["attempt"], 3);
        assert_eq!(line["fields"]["region"], "us");
    }

    #[test]
    fn a_field_to_redact_is_printed_nowhere() {
        let redact = Redact::new(&["password".into(), "error".into(), "iban".into()]);
        let set = |form| move |layer: JsonLines| layer.redact(redact.clone()).form(form);
        for form in [Form::Json, Form::Pretty { colours: false }] {
            let text = lines_of("info", set.clone()(form), || {
                let _span = tracing::info_span!("login", user.password = "hunter2").entered();
                tracing::info!(
                    Password = "hunter2",
                    iban = 42,
                    error = "hunter2",
                    "logged in"
                );
            })
            .concat();
            assert!(
                !text.contains("hunter2") && !text.contains("42\""),
                "{text}"
            );
            assert!(
                text.contains("[redacted]") && text.contains("logged in"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_for_a_terminal_tells_the_same_and_steers_nothing() {
        let pretty = |work: fn()| {
            let form = Form::Pretty { colours: false };
            lines_of("info", |layer| layer.form(form), work).concat()
        };
        let line = pretty(|| {
            context().sync_scope(|| {
                tracing::warn!(
                    card_id = "KAN-7",
                    error = "late",
                    "slow \x1b[2Jscreen\n{}",
                    3
                );
            });
        });
        assert!(line.contains(" WARN  slow \\u{1b}[2Jscreen\\n3"), "{line}");
        assert!(
            line.contains("card_id=KAN-7") && line.contains("error=late"),
            "{line}"
        );
        assert!(line.contains("[kan-7]") && line.ends_with('\n'), "{line}");
        let huge = pretty(|| tracing::error!("{}", "ü".repeat(MAX_LINE)));
        assert!(
            huge.len() <= MAX_LINE && huge.ends_with("…[cut]\n"),
            "{}",
            huge.len()
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_one_valid_line(message in any::<String>(), value in any::<String>()) {
            let lines = lines("info", || tracing::info!(value = value.as_str(), "{}", message));
            prop_assert_eq!(lines[0].matches('\n').count(), 1);
            let line: Value = serde_json::from_str(&lines[0]).unwrap();
            prop_assert_eq!(line["fields"]["value"].as_str(), Some(value.as_str()));
            prop_assert_eq!(line["message"].as_str(), Some(message.as_str()));
        }

        #[test]
        fn no_length_breaks_a_line(lengths in proptest::collection::vec(0usize..20_000, 4)) {
            let text: Vec<String> = lengths.iter().map(|n| "\u{1}x".repeat(*n / 2)).collect();
            let lines = lines("info", || {
                tracing::info!(a = %text[0], b = %text[1], error = %text[2], n = 1u64, "{}", text[3]);
            });
            prop_assert!(lines[0].len() <= MAX_LINE);
            prop_assert!(serde_json::from_str::<Value>(&lines[0]).is_ok());
        }
    }
}
