//! What each rule matches, and what a faulty pattern is told.

use serde_json::{Value, json};

use super::*;
use crate::message::Attribute;

fn filter(pattern: &Value) -> Filter {
    Filter::parse(pattern).unwrap_or_else(|faults| panic!("{pattern}: {faults:?}"))
}

/// Whether a pattern of a body lets this body through.
fn body(pattern: &Value, body: &str) -> bool {
    filter(&json!({"body": pattern})).matches(&Message::with_body(body.to_owned()))
}

/// Whether these rules let this value of a field through.
fn field(rules: Value, value: Value) -> bool {
    let of = |it| Value::Object([("f".to_owned(), it)].into_iter().collect());
    body(&of(rules), &of(value).to_string())
}

fn faults(pattern: &Value) -> Vec<String> {
    let faults = Filter::parse(pattern).unwrap_err();
    (faults.iter())
        .map(|fault| format!("{} = {}: {}", fault.path, fault.value, fault.reason))
        .collect()
}

#[test]
fn values_are_matched_exactly_and_by_type() {
    for value in [json!("a"), json!(""), json!(7), json!(true), json!(null)] {
        assert!(field(json!([value]), value.clone()));
        assert!(field(json!(["other", value]), value.clone()));
        assert!(!field(json!(["other"]), value.clone()));
        assert!(!field(json!([value.to_string()]), json!(true)));
    }
    assert!(!field(json!(["7"]), json!(7)));
    assert!(!field(json!([7]), json!("7")));
    assert!(!field(json!([""]), json!(null)));
    assert!(!body(&json!({"f": [null]}), "{}"));
}

#[test]
fn numbers_are_compared_by_value_and_exactly() {
    assert!(body(&json!({"f": [300]}), r#"{"f":3.0e2}"#));
    assert!(body(
        &json!({"f": [{"numeric": ["=", 0.1]}]}),
        r#"{"f":1e-1}"#
    ));
    assert!(!body(
        &json!({"f": [9007199254740993_u64]}),
        r#"{"f":9007199254740992}"#
    ));
    let range = json!([{"numeric": [">", 0, "<=", 5]}]);
    for (value, inside) in [
        (json!(0), false),
        (json!(0.0001), true),
        (json!(5), true),
        (json!(5.1), false),
        (json!("3"), false),
        (json!(null), false),
        (json!(-1), false),
    ] {
        assert_eq!(field(range.clone(), value.clone()), inside, "{value}");
    }
    for (sign, less, equal, more) in [
        ("<", true, false, false),
        ("<=", true, true, false),
        ("=", false, true, false),
        (">=", false, true, true),
        (">", false, false, true),
    ] {
        let rules = json!([{"numeric": [sign, 2]}]);
        let got = [1, 2, 3].map(|value| field(rules.clone(), json!(value)));
        assert_eq!(got, [less, equal, more], "{sign}");
    }
}

#[test]
fn a_number_that_would_be_rounded_is_refused_in_a_pattern() {
    for rounded in ["118446744073709551617", "0.12345678901234567", "1e400"] {
        let pattern = format!(r#"{{"body": {{"f": [{{"numeric": ["=", {rounded}]}}, 1]}}}}"#);
        let Ok(pattern) = serde_json::from_str(&pattern) else {
            continue;
        };
        let told = faults(&pattern);
        assert!(
            told.len() == 1 && told[0].contains("at most 15 digits"),
            "{told:?}"
        );
    }
    for exact in [
        "18446744073709551615",
        "-9223372036854775808",
        "0.123456789012345",
        "1e300",
    ] {
        let pattern = format!(r#"{{"f": [{exact}]}}"#);
        let body = format!(r#"{{"f": {exact}}}"#);
        assert!(
            self::body(&serde_json::from_str(&pattern).unwrap(), &body),
            "{exact}"
        );
    }
}

#[test]
fn text_is_matched_by_its_ends_its_case_and_by_wildcards() {
    assert!(field(json!([{"prefix": "eu-"}]), json!("eu-west-1")));
    assert!(!field(json!([{"prefix": "eu-"}]), json!("us-east-1")));
    assert!(field(json!([{"suffix": ".png"}]), json!("a.png")));
    assert!(!field(json!([{"suffix": ".png"}]), json!("a.PNG")));
    assert!(field(
        json!([{"suffix": {"equals-ignore-case": ".png"}}]),
        json!("a.PNG")
    ));
    assert!(field(
        json!([{"prefix": {"equals-ignore-case": "EU-"}}]),
        json!("eu-west-1")
    ));
    assert!(field(
        json!([{"equals-ignore-case": "ÄPFEL"}]),
        json!("äpfel")
    ));
    assert!(field(
        json!([{"wildcard": "*/lib/*.so"}]),
        json!("/usr/lib/x.so")
    ));
    assert!(!field(
        json!([{"wildcard": "*/lib/*.so"}]),
        json!("/usr/lib/x.a")
    ));
    assert!(
        !field(json!([{"prefix": "1"}]), json!(12)),
        "a number is no text"
    );
}

#[test]
fn anything_but_matches_what_is_there_and_is_none_of_it() {
    assert!(field(json!([{"anything-but": "a"}]), json!("b")));
    assert!(!field(json!([{"anything-but": "a"}]), json!("a")));
    assert!(!field(json!([{"anything-but": ["a", "b"]}]), json!("b")));
    assert!(!field(json!([{"anything-but": [100, 200]}]), json!(200.0)));
    assert!(field(json!([{"anything-but": "5"}]), json!(5)));
    assert!(!field(
        json!([{"anything-but": {"prefix": "x"}}]),
        json!("xy")
    ));
    assert!(field(
        json!([{"anything-but": {"prefix": "x"}}]),
        json!("yx")
    ));
    assert!(!field(
        json!([{"anything-but": {"suffix": ["x", "y"]}}]),
        json!("ay")
    ));
    assert!(!field(
        json!([{"anything-but": {"equals-ignore-case": "a"}}]),
        json!("A")
    ));
    assert!(!field(
        json!([{"anything-but": {"wildcard": "*a*"}}]),
        json!("bab")
    ));
    assert!(
        !body(&json!({"f": [{"anything-but": "a"}]}), "{}"),
        "nothing is there"
    );
}

#[test]
fn exists_asks_for_values_and_an_object_is_none() {
    let (is, is_not) = (json!([{"exists": true}]), json!([{"exists": false}]));
    for value in [json!("a"), json!(null), json!(["a"]), json!(false)] {
        assert!(field(is.clone(), value.clone()) && !field(is_not.clone(), value));
    }
    for value in [json!({"inner": 1}), json!([]), json!([{"a": 1}])] {
        assert!(!field(is.clone(), value.clone()) && field(is_not.clone(), value));
    }
    assert!(body(&json!({"a": {"b": is_not}}), "{}"));
    assert!(body(&json!({"a": {"b": is_not}}), r#"{"a":7}"#));
    assert!(body(&json!({"a": [{"exists": false}, "x"]}), "{}"));
    assert!(body(
        &json!({"a": [{"exists": false}, "x"]}),
        r#"{"a":"x"}"#
    ));
}

#[test]
fn one_element_of_a_list_is_enough_and_an_object_in_it_matches_as_a_whole() {
    assert!(field(json!(["b"]), json!(["a", "b"])));
    assert!(field(json!(["b"]), json!([["a"], [["b"]]])));
    let items = r#"{"items":[{"sku":"a","n":1},{"sku":"b","n":5}]}"#;
    assert!(body(&json!({"items": {"sku": ["b"], "n": [5]}}), items));
    assert!(!body(&json!({"items": {"sku": ["a"], "n": [5]}}), items));
    assert!(body(&json!({"sku": ["b"]}), r#"[{"sku":"a"},{"sku":"b"}]"#));
}

#[test]
fn fields_are_all_asked_for_and_of_or_one_is_enough() {
    let both = json!({"a": [1], "b": [2]});
    assert!(body(&both, r#"{"b":2,"a":1,"c":3}"#) && !body(&both, r#"{"a":1}"#));
    let either = json!({"z": [0], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]});
    assert!(body(&either, r#"{"z":0,"a":1}"#) && body(&either, r#"{"z":0,"b":2,"c":3}"#));
    assert!(!body(&either, r#"{"z":0,"b":2}"#) && !body(&either, r#"{"a":1}"#));
    let patterns = filter(&json!([{"body": {"a": [1]}}, {"body": {"b": [2]}}]));
    assert!(patterns.matches(&Message::with_body(r#"{"b":2}"#)));
    assert!(!patterns.matches(&Message::with_body(r#"{"b":1}"#)));
}

#[test]
fn bodies_of_json_and_of_text_are_told_apart_as_in_lambda() {
    let fields = json!({"error": [{"exists": false}]});
    assert!(body(&fields, " {}"));
    for text in ["plain", "", "7", "\"{}\"", "{broken", "[1"] {
        assert!(!body(&fields, text), "{text}");
    }
    let text = json!([{"prefix": "order:"}, {"suffix": "}"}, {"suffix": "]"}, "7"]);
    assert!(body(&text, "order:7") && body(&text, "7") && body(&text, "{broken}"));
    assert!(!body(&text, "{}") && !body(&text, "[7]"));
    let bytes = Message::with_body(vec![0xff, 0xfe]);
    assert!(!filter(&json!({"body": [{"anything-but": "a"}]})).matches(&bytes));
    let no_body = json!({"messageId": [{"exists": true}]});
    assert!(filter(&no_body).matches(&bytes));
}

fn with_attributes() -> Message {
    let mut message = Message::with_body("");
    let of = |data_type: &str, value: &str| Attribute {
        data_type: data_type.into(),
        ..Attribute::text(value)
    };
    message.attributes = [
        ("kind".to_owned(), Attribute::text("order")),
        ("price".to_owned(), of("Number.float", "12.50")),
        ("tags".to_owned(), of("String.Array", r#"["a","b"]"#)),
        (
            "blob".to_owned(),
            Attribute {
                data_type: "Binary".into(),
                value: crate::message::Value::Binary(vec![0, 255].into()),
            },
        ),
    ]
    .into();
    message.receive_count = 3;
    message.group = Some("g-1".into());
    message
}

#[test]
fn attributes_are_matched_in_lambdas_form_and_by_their_value() {
    let message = with_attributes();
    let lets = |pattern: Value| filter(&json!({"messageAttributes": pattern})).matches(&message);
    assert!(lets(
        json!({"kind": {"stringValue": ["order"], "dataType": ["String"]}})
    ));
    assert!(lets(json!({"blob": {"binaryValue": ["AP8="]}})));
    assert!(!lets(json!({"kind": {"binaryValue": [{"exists": true}]}})));
    assert!(lets(json!({"price": {"stringValue": ["12.50"]}})));
    assert!(
        !lets(json!({"price": {"stringValue": [{"numeric": [">", 5]}]}})),
        "as in Lambda, text"
    );
    assert!(lets(json!({"kind": ["order"]})) && !lets(json!({"kind": ["refund"]})));
    assert!(lets(json!({"price": [{"numeric": [">", 5]}]})) && lets(json!({"price": [12.5]})));
    assert!(lets(json!({"tags": ["b"]})) && !lets(json!({"tags": ["c"]})));
    assert!(lets(json!({"blob": ["AP8="]})));
    assert!(lets(json!({"none": [{"exists": false}]})) && !lets(json!({"Kind": ["order"]})));
    assert!(lets(
        json!({"$or": [{"kind": ["refund"]}, {"price": [{"exists": true}]}]})
    ));
}

#[test]
fn what_sqs_says_of_a_message_is_matched_as_text_and_as_number() {
    let message = with_attributes();
    let lets = |pattern: Value| filter(&json!({"attributes": pattern})).matches(&message);
    assert!(lets(json!({"ApproximateReceiveCount": ["3"]})));
    assert!(lets(
        json!({"ApproximateReceiveCount": [{"numeric": ["<", 5]}]})
    ));
    assert!(lets(json!({"MessageGroupId": [{"prefix": "g-"}]})));
    assert!(lets(json!({"SequenceNumber": [{"exists": false}]})));
}

#[test]
fn the_filters_of_a_lambda_function_can_be_copied() {
    let copied = filter(
        &json!({"Filters": [{"Pattern": "{\"body\":{\"a\":[1]}}"}, {"Pattern": {"body": {"b": [2]}}}]}),
    );
    assert!(copied.matches(&Message::with_body(r#"{"a":1}"#)));
    assert!(copied.matches(&Message::with_body(r#"{"b":2}"#)));
    assert!(!copied.matches(&Message::with_body(r#"{"b":1}"#)));
    assert_eq!(
        copied.to_string(),
        r#"[{"body":{"a":[1]}},{"body":{"b":[2]}}]"#
    );
}

#[test]
fn every_fault_is_told_with_its_place() {
    let faulty = json!([
        {"body": {"price": [{"numeric": [">"]}], "kind": "order", "empty": [], "none": {}}},
        {"Body": {"a": [1]}, "detail": {}},
        {"messageAttributes": {"kind": {"StringValue": ["a"]}}, "attributes": {"SentTime": ["1"]}},
        7,
    ]);
    assert_eq!(
        faults(&faulty),
        [
            "[0].body.empty = []: an empty list matches nothing",
            "[0].body.kind = order: values stand in a list: [\"order\"]",
            "[0].body.none = {}: a pattern without fields says nothing",
            "[0].body.price.numeric = [\">\"]: give signs and numbers in turn, such as [\">\", 0, \"<=\", 5]; the signs are = < <= > >=",
            "[1].Body = {\"a\":[1]}: no such field; did you mean body?",
            "[1].detail = {}: no such field; there are body, messageAttributes, attributes, messageId, and the fields of a JSON message stand under body",
            "[2].attributes.SentTime = [\"1\"]: no such field; there are ApproximateReceiveCount, SentTimestamp, ApproximateFirstReceiveTimestamp, SenderId, MessageGroupId, MessageDeduplicationId, SequenceNumber, AWSTraceHeader, DeadLetterQueueSourceArn",
            "[2].messageAttributes.kind.StringValue = [\"a\"]: no such field; did you mean stringValue?",
            "[3] = 7: a pattern is a map of fields",
        ]
    );
}

#[test]
fn what_can_never_match_or_is_unclear_is_refused() {
    for (rules, reason) in [
        (json!([{"numeric": [">", 5, "<", 3]}]), "no number is so"),
        (json!([{"numeric": [">=", 5, "<", 5]}]), "no number is so"),
        (json!([{"numeric": [">", 5, ">", 3]}]), "one from below"),
        (json!([{"numeric": ["=", 5, "<", 9]}]), "one from below"),
        (
            json!([{"numeric": [">", "5"]}]),
            "signs and numbers in turn",
        ),
        (
            json!([{"numeric": [">", 1, "<", 9, "<", 5]}]),
            "one comparison, or two",
        ),
        (json!([{"numeric": 5}]), "signs and numbers in turn"),
        (json!([{"prefix": 5}]), "give a text"),
        (
            json!([{"prefix": {"equals-ignore-case": 5}}]),
            "give a text",
        ),
        (json!([{"wildcard": "a**b"}]), "one * is enough"),
        (json!([{"exists": "yes"}]), "true or false"),
        (json!([{"anything-but": []}]), "give a value"),
        (json!([{"anything-but": [["a"]]}]), "give a value"),
        (
            json!([{"anything-but": {"numeric": ["=", 1]}}]),
            "no such rule",
        ),
        (
            json!([{"cidr": "10.0.0.0/8"}]),
            "no such rule; there are prefix",
        ),
        (json!([{"prefix": "a", "suffix": "b"}]), "a map of one of"),
        (json!([["a"]]), "a rule is a value"),
    ] {
        let told = faults(&json!({"body": {"f": rules}}));
        assert!(
            told.len() == 1 && told[0].contains(reason),
            "{rules}: {told:?}"
        );
    }
    for (pattern, reason) in [
        (json!({}), "says nothing"),
        (json!([]), "at least one pattern"),
        (json!("text"), "a map of fields"),
        (json!({"body": {"$or": [{"a": [1]}]}}), "at least two"),
        (json!({"body": {"$or": {"a": [1]}}}), "at least two"),
        (json!({"attributes": ["a"]}), "a map of attributes"),
        (json!({"messageId": {"a": [1]}}), "no fields"),
        (
            json!({"messageAttributes": {"a": {"dataType": {"b": [1]}}}}),
            "no fields",
        ),
        (json!({"Filters": "x"}), "Filters is a list"),
        (json!({"Filters": [{"Pattern": "{"}]}), "is not JSON"),
        (json!({"Filters": [{}]}), "has a Pattern"),
    ] {
        let told = faults(&pattern);
        assert!(told[0].contains(reason), "{pattern}: {told:?}");
    }
}

#[test]
fn hostile_bodies_are_judged_in_no_time() {
    let deep = format!(r#"{{"f":{}1{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    assert!(
        !body(&json!({"f": [1]}), &deep),
        "nobody nests lists this deep"
    );
    let objects = format!("{}1{}", r#"{"f":"#.repeat(150_000), "}".repeat(150_000));
    assert!(!body(&json!({"f": {"f": [1]}}), &objects));
    let stars = json!({"f": [{"wildcard": "*a*a*a*a*a*a*b"}]});
    assert!(!body(
        &stars,
        &json!({"f": "a".repeat(1 << 20)}).to_string()
    ));
    let digits = format!(r#"{{"f":{}}}"#, "9".repeat(1 << 20));
    assert!(body(&json!({"f": [{"numeric": [">", 5]}]}), &digits));
    // Half a surrogate pair is JSON, and no text.
    assert!(body(&json!({"f": [1]}), r#"{"\ud800":"\udfff","f":1}"#));
    assert!(
        body(&json!({"f": [2]}), r#"{"f":1,"f":2}"#),
        "the last of two fields counts"
    );
}
