//! Which attempt a line belongs to.
//!
//! An attempt begins where a step of the way comes that the attempt before has had already. A line
//! of a call that began in an earlier attempt stays in that one, so that a function which answers
//! late, while the message is already out again, does not blur the two.

use std::collections::{HashMap, HashSet};

use crate::line::Line;
use crate::way::{Role, Way};

/// The attempt of each of these ordered lines, from 1.
pub(crate) fn attempts(lines: &[Line], way: &Way) -> Vec<usize> {
    let mut seen = HashSet::new();
    let mut calls = HashMap::<&str, usize>::new();
    let mut current = 1;
    let mut of_line = Vec::with_capacity(lines.len());
    for line in lines {
        let call = line.call_id.as_deref();
        let began = call
            .and_then(|call| calls.get(call).copied())
            .unwrap_or(current);
        let attempt = match way.role(line) {
            Role::Step(step) => {
                let per = way.steps[step]
                    .per
                    .as_deref()
                    .and_then(|field| line.field(field));
                if seen.insert((began, step, per)) {
                    began
                } else {
                    if !seen.insert((current, step, per)) {
                        current += 1;
                        seen.insert((current, step, per));
                    }
                    current
                }
            }
            _ => began,
        };
        if let Some(call) = call {
            calls.insert(call, attempt);
        }
        of_line.push(attempt);
    }
    of_line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&str, &str, &str)]) -> Vec<usize> {
        let lines: Vec<_> = lines
            .iter()
            .map(|(service, milestone, call)| {
                let call = if call.is_empty() {
                    String::new()
                } else {
                    format!(r#","call_id":"{call}","fields":{{"function":"{call}"}}"#)
                };
                Line::parse(&format!(
                    r#"{{"service.name":"{service}","milestone":"{milestone}"{call}}}"#
                ))
                .unwrap()
            })
            .collect();
        attempts(&lines, &Way::kanban())
    }

    #[test]
    fn a_step_that_comes_again_begins_an_attempt() {
        let found = of(&[
            ("ingress", "WEBHOOK_RECEIVED", ""),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("kanban-processor", "CARD_RECEIVED", ""),
            ("sqs-connector", "MESSAGE_RETRIED", ""),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("kanban-processor", "CARD_RECEIVED", ""),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
        ]);
        assert_eq!(found, [1, 1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn two_functions_of_one_topic_are_one_attempt() {
        let found = of(&[
            ("sqs-connector", "FUNCTION_INVOKED", "kanban-processor"),
            ("sqs-connector", "FUNCTION_INVOKED", "billing-updater"),
            ("sqs-connector", "FUNCTION_INVOKED", "billing-updater"),
        ]);
        assert_eq!(found, [1, 1, 2]);
    }

    #[test]
    fn a_late_line_stays_in_the_attempt_of_its_call() {
        let found = of(&[
            ("kanban-processor", "CARD_RECEIVED", "a"),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("kanban-processor", "CARD_RECEIVED", "b"),
            ("kanban-processor", "CARD_VERIFIED", "a"),
            ("kanban-processor", "FAILED", "a"),
            ("kanban-processor", "CARD_VERIFIED", "b"),
        ]);
        assert_eq!(found, [1, 1, 2, 2, 1, 1, 2]);
    }

    #[test]
    fn a_call_id_that_stays_the_same_over_attempts_does_no_harm() {
        let found = of(&[
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("kanban-processor", "CARD_RECEIVED", "a"),
            ("sqs-connector", "MESSAGE_RECEIVED", ""),
            ("kanban-processor", "CARD_RECEIVED", "a"),
            ("kanban-processor", "CARD_VERIFIED", "a"),
        ]);
        assert_eq!(found, [1, 1, 2, 2, 2]);
    }
}
