use super::*;
use proptest::prelude::*;

const DOTTED: &str = r#"{"@timestamp":"2026-11-21T06:27:39.123456Z","log.level":"error","message":"refused","service.name":"kanban-processor","correlation_id":"c-1","call_id":"k","trace.id":"t","span.id":"s","milestone":"CARD_MOVED","log.logger":"a::b","ecs.version":"8.17.0","error.message":"frozen","error.type":"Refused","error.stack_trace":"at a\nat b","fields":{"card_id":"KAN-7","from":"To Do","n":3}}"#;
const NESTED: &str = r#"{"@timestamp":"2026-11-21T06:27:39.123456Z","log":{"level":"error","logger":"a::b"},"message":"refused","service":{"name":"kanban-processor"},"correlation_id":"c-1","call_id":"k","trace":{"id":"t"},"span":{"id":"s"},"milestone":"CARD_MOVED","ecs":{"version":"8.17.0"},"error":{"message":"frozen","type":"Refused","stack_trace":"at a\nat b"},"fields":{"card_id":"KAN-7","from":"To Do","n":3}}"#;

#[test]
fn dotted_keys_and_nested_objects_read_the_same() {
    let line = Line::parse(DOTTED).unwrap();
    assert_eq!(line, Line::parse(NESTED).unwrap());
    assert_eq!(line.at.unwrap().to_string(), "2026-11-21T06:27:39.123456Z");
    assert_eq!(
        (line.service.as_str(), line.level),
        ("kanban-processor", Level::Error)
    );
    assert_eq!(line.milestone.as_deref(), Some("CARD_MOVED"));
    assert_eq!(line.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(line.cards, ["KAN-7"]);
    let error = line.error.clone().unwrap();
    assert_eq!(
        (error.message.as_deref(), error.kind.as_deref()),
        (Some("frozen"), Some("Refused"))
    );
    assert_eq!(error.stack.as_deref(), Some("at a\nat b"));
    let fields: Vec<_> = line
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        fields,
        [("card_id", "KAN-7"), ("from", "To Do"), ("n", "3")]
    );
}

#[test]
fn a_card_is_found_wherever_it_is_named() {
    for text in [
        r#"{"card_id":"KAN-7"}"#,
        r#"{"fields":{"card_id":"KAN-7"}}"#,
        r#"{"fields.card_id":"KAN-7"}"#,
        r#"{"fields":{"jira":{"issue":"KAN-7"}}}"#,
        r#"{"card":{"id":"KAN-7","title":"x"}}"#,
        r#"{"issue":{"key":"KAN-7"}}"#,
    ] {
        assert!(Line::parse(text).unwrap().names_card("KAN-7"), "{text}");
    }
    assert!(
        Line::parse(r#"{"fields":{"card_id":299}}"#)
            .unwrap()
            .names_card("299")
    );
    assert!(
        !Line::parse(r#"{"message":"KAN-7"}"#)
            .unwrap()
            .names_card("KAN-7")
    );
}

#[test]
fn a_level_is_read_from_names_and_numbers() {
    for (text, level) in [
        ("WARNING", Level::Warn),
        ("fatal", Level::Error),
        ("50", Level::Error),
        ("30", Level::Info),
        ("10", Level::Trace),
        ("odd", Level::Info),
    ] {
        assert_eq!(Level::parse(text), level, "{text}");
    }
}

#[test]
fn a_time_is_read_as_text_and_as_a_number_in_any_unit() {
    for text in [
        r#"{"@timestamp":"2026-11-21T07:27:39+01:00"}"#,
        r#"{"ts":1795242459}"#,
        r#"{"timestamp":1795242459000}"#,
        r#"{"time":1795242459000000}"#,
        r#"{"time":1795242459000000000}"#,
        r#"2026-11-21T06:27:39Z stdout F {"message":"x"}"#,
    ] {
        assert_eq!(
            Line::parse(text).unwrap().at.unwrap().to_string(),
            "2026-11-21T06:27:39Z",
            "{text}"
        );
    }
    assert_eq!(
        Line::parse(r#"{"@timestamp":"yesterday"}"#).unwrap().at,
        None
    );
    assert_eq!(Line::parse(r#"{"ts":1e300}"#).unwrap().at, None);
}

#[test]
fn where_a_line_was_collected_is_no_field() {
    let text = r#"{"message":"m","host":{"name":"n"},"kubernetes":{"pod":"p"},"agent.id":"x","status":200}"#;
    assert_eq!(
        Line::parse(text).unwrap().fields,
        [("status".to_owned(), "200".to_owned())]
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Line::parse(&String::from_utf8_lossy(&bytes));
        let _ = wrapping::holds_object(&bytes);
    }

    #[test]
    fn a_log_line_of_any_values_is_read_without_panic(
        key in prop::sample::select(vec!["@timestamp", "ts", "log", "error", "fields", "service", "message", "correlation_id", "card", "_source"]),
        value in prop_oneof![any::<f64>().prop_map(|n| n.to_string()), "[\\[\\]{}\":,a-z0-9 ]{0,40}", "\\PC{0,20}".prop_map(|s| format!("{s:?}"))],
    ) {
        let _ = Line::parse(&format!("{{{key:?}:{value}}}"));
    }
}
