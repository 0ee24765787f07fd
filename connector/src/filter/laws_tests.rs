//! Laws that hold for all patterns and messages, and a reference that does it the naive way.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Filter;
use crate::message::Message;

fn lets(pattern: &Value, body: &Value) -> bool {
    let filter = Filter::parse(&json!({"body": pattern}));
    filter
        .unwrap_or_else(|faults| panic!("{pattern}: {faults:?}"))
        .matches(&Message::with_body(body.to_string()))
}

/// The same by trying everything on whole values. Numbers here are small.
mod naive {
    use super::*;

    pub(super) fn pattern(
        pattern: &Map<String, Value>,
        object: Option<&Map<String, Value>>,
    ) -> bool {
        pattern.iter().all(|(name, test)| {
            if name == "$or" {
                let mut alternatives = test.as_array().unwrap().iter();
                return alternatives
                    .any(|it| super::naive::pattern(it.as_object().unwrap(), object));
            }
            let value = object.and_then(|object| object.get(name));
            match test {
                Value::Array(rules) => {
                    let leaves: Vec<&Value> = value.map(leaves).unwrap_or_default();
                    rules.iter().any(|rule| {
                        if leaves.is_empty() {
                            *rule == json!({"exists": false})
                        } else {
                            leaves.iter().any(|leaf| matches(rule, leaf))
                        }
                    })
                }
                Value::Object(inside) => {
                    let objects: Vec<&Map<String, Value>> = value.map(objects).unwrap_or_default();
                    if objects.is_empty() {
                        super::naive::pattern(inside, None)
                    } else {
                        objects
                            .iter()
                            .any(|object| super::naive::pattern(inside, Some(object)))
                    }
                }
                other => unreachable!("{other} is in no pattern"),
            }
        })
    }

    fn leaves(value: &Value) -> Vec<&Value> {
        match value {
            Value::Array(list) => list.iter().flat_map(leaves).collect(),
            Value::Object(_) => Vec::new(),
            leaf => vec![leaf],
        }
    }

    fn objects(value: &Value) -> Vec<&Map<String, Value>> {
        match value {
            Value::Array(list) => list.iter().flat_map(objects).collect(),
            Value::Object(object) => vec![object],
            _ => Vec::new(),
        }
    }

    fn matches(rule: &Value, leaf: &Value) -> bool {
        let Value::Object(operator) = rule else {
            return match (rule.as_f64(), leaf.as_f64()) {
                (Some(one), Some(two)) => one == two,
                _ => rule == leaf,
            };
        };
        let (operator, operand) = operator.iter().next().unwrap();
        let text = leaf.as_str();
        let of = |operand: &Value| operand.as_str().unwrap().to_owned();
        match operator.as_str() {
            "prefix" => text.is_some_and(|text| text.starts_with(&of(operand))),
            "suffix" => text.is_some_and(|text| text.ends_with(&of(operand))),
            "equals-ignore-case" => {
                text.is_some_and(|text| text.to_lowercase() == of(operand).to_lowercase())
            }
            "exists" => operand == true,
            "anything-but" => match operand {
                Value::Array(list) => !list.iter().any(|value| matches(value, leaf)),
                one => !matches(one, leaf),
            },
            "numeric" => leaf.as_f64().is_some_and(|number| {
                operand.as_array().unwrap().chunks(2).all(|pair| {
                    let bound = pair[1].as_f64().unwrap();
                    match pair[0].as_str().unwrap() {
                        "=" => number == bound,
                        "<" => number < bound,
                        "<=" => number <= bound,
                        ">" => number > bound,
                        _ => number >= bound,
                    }
                })
            }),
            other => unreachable!("{other} is not drawn"),
        }
    }
}

/// Few values, so that patterns and bodies meet.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2..3_i64).prop_map(Value::from),
        (-4..5_i64).prop_map(|n| json!(n as f64 / 2.0)),
        "[abA]{0,3}".prop_map(Value::String),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[fgh]"
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::btree_map(name(), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(name(), value(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn rule() -> impl Strategy<Value = Value> {
    let shape = || {
        (
            prop_oneof![Just("prefix"), Just("suffix"), Just("equals-ignore-case")],
            "[abA]{0,2}",
        )
            .prop_map(|(operator, text)| json!({operator: text}))
    };
    let sign = prop_oneof![Just("="), Just("<"), Just("<="), Just(">"), Just(">=")];
    prop_oneof![
        leaf(),
        shape(),
        (sign, -2..3_i64).prop_map(|(sign, bound)| json!({"numeric": [sign, bound]})),
        (-2..1_i64, 1..4_i64)
            .prop_map(|(low, more)| json!({"numeric": [">", low, "<=", low + more]})),
        any::<bool>().prop_map(|exists| json!({"exists": exists})),
        leaf().prop_map(|value| json!({"anything-but": value})),
        proptest::collection::vec(leaf(), 1..3).prop_map(|list| json!({"anything-but": list})),
        shape().prop_map(|shape| json!({"anything-but": shape})),
    ]
}

fn pattern() -> impl Strategy<Value = Value> {
    let rules = proptest::collection::vec(rule(), 1..3)
        .prop_map(Value::Array)
        .boxed();
    let fields = |test: BoxedStrategy<Value>| {
        proptest::collection::btree_map(name(), test, 1..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    };
    fields(rules.clone()).prop_recursive(3, 12, 2, move |inner| {
        let either = proptest::collection::vec(inner.clone(), 2..3);
        let tests = prop_oneof![rules.clone(), inner].boxed();
        (fields(tests), proptest::option::of(either)).prop_map(|(mut pattern, either)| {
            if let Some(either) = either {
                pattern["$or"] = either.into();
            }
            pattern
        })
    })
}

proptest! {
    #[test]
    fn it_matches_what_the_naive_reference_matches(pattern in pattern(), body in object()) {
        let expected = naive::pattern(pattern.as_object().unwrap(), body.as_object());
        prop_assert_eq!(lets(&pattern, &body), expected);
    }

    #[test]
    fn anything_but_is_the_negation_of_exact_where_a_value_is(exact in leaf(), value in leaf()) {
        let body = json!({"f": value});
        let but = lets(&json!({"f": [{"anything-but": exact}]}), &body);
        prop_assert_ne!(but, lets(&json!({"f": [exact]}), &body));
        let of_nothing = lets(&json!({"g": [{"anything-but": exact}]}), &body);
        prop_assert!(!of_nothing);
    }

    #[test]
    fn exact_implies_prefix_suffix_case_and_wildcard(text in ".{0,8}", cut in 0..9_usize) {
        let body = json!({"f": text});
        let part: String = text.chars().take(cut).collect();
        let rest: String = text.chars().skip(cut).collect();
        let escaped = part.replace('\\', "\\\\").replace('*', "\\*");
        for rule in [
            json!(text), json!({"prefix": part}), json!({"suffix": rest}),
            json!({"equals-ignore-case": text}), json!({"wildcard": format!("{escaped}*")}),
        ] {
            let told = rule.to_string();
            let matched = lets(&json!({"f": [rule]}), &body);
            prop_assert!(matched, "{}", told);
        }
    }

    #[test]
    fn or_is_the_union_and_so_are_several_patterns(one in pattern(), two in pattern(), body in object()) {
        let union = lets(&one, &body) || lets(&two, &body);
        prop_assert_eq!(lets(&json!({"$or": [one, two]}), &body), union);
        let several = Filter::parse(&json!([{"body": one}, {"body": two}])).unwrap();
        prop_assert_eq!(several.matches(&Message::with_body(body.to_string())), union);
    }

    #[test]
    fn there_is_a_value_or_there_is_none(body in object()) {
        let asks = |exists: bool| lets(&json!({"f": [{"exists": exists}]}), &body);
        prop_assert_ne!(asks(true), asks(false));
    }

    #[test]
    fn a_filter_reads_as_it_is_written(patterns in proptest::collection::vec(pattern(), 1..3)) {
        let given: Vec<Value> = patterns.iter().map(|it| json!({"body": it})).collect();
        let filter = Filter::parse(&Value::Array(given)).unwrap();
        let again = Filter::parse(&serde_json::from_str(&filter.to_string()).unwrap()).unwrap();
        prop_assert_eq!(filter, again);
    }

    #[test]
    fn any_json_is_parsed_without_a_panic_and_a_fault_says_something(mut json in value(), name in "body|messageAttributes|attributes|Filters|\\$or") {
        for _ in 0..2 {
            if let Err(faults) = Filter::parse(&json) {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| !fault.reason.is_empty()));
            }
            json = json!({name.clone(): json});
        }
    }

    #[test]
    fn any_body_is_matched_without_a_panic(pattern in pattern(), body in any::<Vec<u8>>()) {
        let filter = Filter::parse(&json!([{"body": pattern}, {"body": ["a"]}])).unwrap();
        filter.matches(&Message::with_body(body));
    }
}
