//! The rules in the list of a field.

use serde_json::Value;

use super::super::glob::Glob;
use super::super::rule::{Comparison, Rule, Shape};
use super::{Decimal, Faults, Literal};

const OPERATORS: &str =
    "prefix, suffix, equals-ignore-case, wildcard, numeric, anything-but and exists";

/// So many digits of a fraction are kept as they are written.
const EXACT: usize = 15;

pub(super) fn rules(faults: &mut Faults, path: &str, list: &[Value]) -> Vec<Rule> {
    (list.iter())
        .filter_map(|value| rule(faults, path, value))
        .collect()
}

/// A value as it stands.
pub(super) fn literal(value: &Value) -> Option<Literal> {
    Some(match value {
        Value::Null => Literal::Null,
        Value::Bool(flag) => Literal::Bool(*flag),
        Value::Number(number) => Literal::Number(Decimal::parse(&number.to_string())?),
        Value::String(text) => Literal::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Whether it holds a number that was rounded when it was read: then it is not known what was meant.
fn is_rounded(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_f64()
                && Decimal::parse(&number.to_string()).is_none_or(|it| it.digits() > EXACT)
        }
        Value::Array(list) => list.iter().any(is_rounded),
        Value::Object(map) => map.values().any(is_rounded),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn rule(faults: &mut Faults, path: &str, value: &Value) -> Option<Rule> {
    if is_rounded(value) {
        let reason = "a number has at most 15 digits, or is whole and fits into 64 bits";
        faults.add(path, value, reason);
        return None;
    }
    if let Some(literal) = literal(value) {
        return Some(Rule::Is(literal));
    }
    let Some((operator, operand)) = single(value) else {
        let reason = format!("a rule is a value, or a map of one of {OPERATORS}");
        faults.add(path, value, reason);
        return None;
    };
    let path = format!("{path}.{operator}");
    match operator {
        "numeric" => numeric(faults, &path, operand).map(Rule::Numeric),
        "anything-but" => anything_but(faults, &path, operand).map(Rule::AnythingBut),
        "exists" => match operand {
            Value::Bool(exists) => Some(Rule::Exists(*exists)),
            _ => {
                faults.add(&path, operand, "give true or false");
                None
            }
        },
        _ => shape(faults, &path, operator, operand).map(Rule::Text),
    }
}

/// The key and the value of a map that has one.
fn single(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.iter().next().map(|(key, value)| (key.as_str(), value))
}

fn shape(faults: &mut Faults, path: &str, operator: &str, operand: &Value) -> Option<Shape> {
    let any_case = single(operand)
        .filter(|(inner, _)| *inner == "equals-ignore-case")
        .and_then(|(_, text)| text.as_str());
    let read = match (operator, operand.as_str(), any_case) {
        ("prefix", Some(text), _) => Ok(Shape::Prefix(text.into())),
        ("suffix", Some(text), _) => Ok(Shape::Suffix(text.into())),
        ("prefix", None, Some(text)) => Ok(Shape::PrefixAnyCase(text.to_lowercase())),
        ("suffix", None, Some(text)) => Ok(Shape::SuffixAnyCase(text.to_lowercase())),
        ("equals-ignore-case", Some(text), _) => Ok(Shape::EqualsAnyCase(text.to_lowercase())),
        ("wildcard", Some(text), _) => Glob::parse(text).map(Shape::Wildcard),
        ("prefix" | "suffix" | "equals-ignore-case" | "wildcard", ..) => Err("give a text"),
        _ => {
            faults.add(
                path,
                operand,
                format!("no such rule; there are {OPERATORS}"),
            );
            return None;
        }
    };
    read.map_err(|reason| faults.add(path, operand, reason))
        .ok()
}

/// One value, several, or what a text looks like.
fn anything_but(faults: &mut Faults, path: &str, operand: &Value) -> Option<Vec<Rule>> {
    if let Some((operator, operand)) = single(operand) {
        let path = format!("{path}.{operator}");
        let operands = match operand {
            Value::Array(list) if !list.is_empty() => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        return (operands.iter())
            .map(|operand| shape(faults, &path, operator, operand).map(Rule::Text))
            .collect();
    }
    let values = match operand {
        Value::Array(list) if !list.is_empty() => list.iter().map(literal).collect(),
        one => literal(one).map(|literal| vec![literal]),
    };
    let Some(values) = values else {
        let reason = "give a value, a list of values, or one of prefix, suffix, equals-ignore-case, wildcard";
        faults.add(path, operand, reason);
        return None;
    };
    Some(values.into_iter().map(Rule::Is).collect())
}

/// Signs and numbers in turn.
fn numeric(faults: &mut Faults, path: &str, operand: &Value) -> Option<Vec<(Comparison, Decimal)>> {
    let mut bounds = Vec::new();
    let pairs = operand.as_array().map_or(&[][..], Vec::as_slice).chunks(2);
    for pair in pairs {
        let read = match pair {
            [Value::String(sign), Value::Number(number)] => {
                Comparison::parse(sign).zip(Decimal::parse(&number.to_string()))
            }
            _ => None,
        };
        let Some(bound) = read else {
            bounds.clear();
            break;
        };
        bounds.push(bound);
    }
    let reason = match bounds.as_slice() {
        [] => {
            "give signs and numbers in turn, such as [\">\", 0, \"<=\", 5]; the signs are = < <= > >="
        }
        [_] => return Some(bounds),
        [(a, _), (b, _)] if a.is_upper() == b.is_upper() || *a == Comparison::Equal => {
            "two comparisons are one from below, > or >=, and one from above, < or <="
        }
        [(_, _), (Comparison::Equal, _)] => {
            "two comparisons are one from below, > or >=, and one from above, < or <="
        }
        [one, two] if !(one.0.holds(&two.1, &one.1) && two.0.holds(&one.1, &two.1)) => {
            "no number is so"
        }
        [_, _] => return Some(bounds),
        _ => "give one comparison, or two for a range",
    };
    faults.add(path, operand, reason);
    None
}
