//! The order of a story's lines: by time, ties by the way, then by place in the file.
//!
//! Clocks of two machines differ by some milliseconds, which is longer than many a step takes. So
//! where steps that followed each other come out the wrong way round in time, the service that
//! seems too early is taken to have a clock that is behind, by the least that sets the order
//! right, and all of its lines move with it: the order inside a service is never touched. If more
//! than `skew` were needed, or no set of clocks could explain it, time is believed as it is.
//! Only the order is mended: the times that are shown stay those of the clocks.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::attempt::attempts;
use crate::line::Line;
use crate::way::{Role, Way};

/// A service whose clock is behind the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The service.
    pub service: String,
    /// By how much at least.
    pub by: SignedDuration,
}

/// Sorts the lines; says which clocks had to be allowed for.
pub(crate) fn order(mut lines: Vec<Line>, way: &Way) -> (Vec<Line>, Vec<Behind>) {
    sort(&mut lines, way, &BTreeMap::new());
    let behind = clocks(&lines, way);
    if !behind.is_empty() {
        sort(&mut lines, way, &behind);
    }
    let behind = behind.into_iter().map(|(service, by)| Behind {
        service,
        by: SignedDuration::from_nanos_i128(by),
    });
    (lines, behind.collect())
}

type Nanos = i128;

fn sort(lines: &mut Vec<Line>, way: &Way, behind: &BTreeMap<String, Nanos>) {
    let time = |line: &Line| {
        (
            line.at.is_none(),
            line.at
                .map(|at| at.as_nanosecond() + behind.get(&line.service).unwrap_or(&0)),
        )
    };
    lines.sort_by_key(time);
    // At the same instant, a line that is no step stays behind its service's latest step.
    let mut latest = BTreeMap::<&str, usize>::new();
    let ranks: Vec<usize> = lines
        .iter()
        .map(|line| {
            if let Role::Step(step) = way.role(line) {
                latest.insert(&line.service, step);
            }
            latest
                .get(line.service.as_str())
                .copied()
                .unwrap_or_default()
        })
        .collect();
    let mut ranked: Vec<_> = ranks.into_iter().zip(std::mem::take(lines)).collect();
    ranked.sort_by_key(|(rank, line)| (time(line), *rank));
    lines.extend(ranked.into_iter().map(|(_, line)| line));
}

/// By how much each service's clock must be behind for the steps to be in order; empty when they
/// are, or when no clocks within `way.skew` explain it.
fn clocks(lines: &[Line], way: &Way) -> BTreeMap<String, Nanos> {
    let after = constraints(lines, way);
    let mut behind = BTreeMap::<&str, Nanos>::new();
    // Each round carries an offset over one more service, as in Bellman and Ford's shortest paths.
    for _ in 0..=after.len() {
        let mut changed = false;
        for (&(earlier, later), &least) in &after {
            let needed = behind.get(earlier).unwrap_or(&0) + least;
            if needed > *behind.get(later).unwrap_or(&0) {
                behind.insert(later, needed);
                changed = true;
            }
        }
        if behind.values().any(|by| *by > way.skew.as_nanos()) {
            return BTreeMap::new();
        }
        if !changed {
            return behind
                .into_iter()
                .map(|(service, by)| (service.to_owned(), by))
                .collect();
        }
    }
    BTreeMap::new()
}

/// For two services, of which one does a step and the other the next: how much later, at least,
/// the second one's clock must be read.
fn constraints<'a>(lines: &'a [Line], way: &Way) -> BTreeMap<(&'a str, &'a str), Nanos> {
    let mut steps = BTreeMap::<(usize, usize), &Line>::new();
    for (line, attempt) in lines.iter().zip(attempts(lines, way)) {
        if let (Role::Step(step), Some(_)) = (way.role(line), line.at) {
            steps.entry((attempt, step)).or_insert(line);
        }
    }
    let steps: Vec<_> = steps.into_iter().collect();
    let mut after = BTreeMap::new();
    for pair in steps.windows(2) {
        let [((one, _), earlier), ((other, _), later)] = pair else {
            continue;
        };
        let (Some(from), Some(to)) = (earlier.at, later.at) else {
            continue;
        };
        if one == other && earlier.service != later.service {
            let least = from.as_nanosecond() - to.as_nanosecond();
            let known = after
                .entry((earlier.service.as_str(), later.service.as_str()))
                .or_insert(least);
            *known = least.max(*known);
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ms: i64, service: &str, milestone: &str) -> Line {
        let at = jiff::Timestamp::from_millisecond(1_795_242_459_000 + ms).unwrap();
        Line::parse(&format!(
            r#"{{"@timestamp":"{at}","service.name":"{service}","milestone":"{milestone}"}}"#
        ))
        .unwrap()
    }

    fn ordered(lines: Vec<Line>) -> (Vec<String>, Vec<(String, i64)>) {
        let (lines, behind) = order(lines, &Way::kanban());
        let names = lines
            .into_iter()
            .map(|line| line.milestone.unwrap())
            .collect();
        (
            names,
            behind
                .into_iter()
                .map(|b| (b.service, b.by.as_millis() as i64))
                .collect(),
        )
    }

    #[test]
    fn a_clock_a_few_ms_behind_does_not_turn_the_way_around() {
        let (names, behind) = ordered(vec![
            line(10, "sqs-connector", "FUNCTION_INVOKED"),
            line(7, "kanban-processor", "CARD_RECEIVED"),
            line(8, "kanban-processor", "SOMETHING_ELSE"),
            line(9, "kanban-processor", "CARD_VERIFIED"),
            line(20, "kanban-processor", "DEPLOYMENT_STARTED"),
            line(18, "sqs-connector", "MESSAGE_DELETED"),
        ]);
        // 3 ms for the function would leave MESSAGE_DELETED 5 ms early: no clocks explain both.
        assert_eq!(names[0], "CARD_RECEIVED");
        assert_eq!(behind, []);

        let (names, behind) = ordered(vec![
            line(10, "sqs-connector", "FUNCTION_INVOKED"),
            line(7, "kanban-processor", "CARD_RECEIVED"),
            line(8, "kanban-processor", "SOMETHING_ELSE"),
            line(9, "kanban-processor", "CARD_VERIFIED"),
            line(30, "sqs-connector", "MESSAGE_DELETED"),
        ]);
        assert_eq!(
            names,
            [
                "FUNCTION_INVOKED",
                "CARD_RECEIVED",
                "SOMETHING_ELSE",
                "CARD_VERIFIED",
                "MESSAGE_DELETED"
            ]
        );
        assert_eq!(behind, [("kanban-processor".to_owned(), 3)]);
    }

    #[test]
    fn more_than_the_allowed_skew_is_believed() {
        let (names, behind) = ordered(vec![
            line(90, "sqs-connector", "FUNCTION_INVOKED"),
            line(7, "kanban-processor", "CARD_RECEIVED"),
        ]);
        assert_eq!((names[0].as_str(), behind.len()), ("CARD_RECEIVED", 0));
    }

    #[test]
    fn ties_are_ordered_by_the_way() {
        let (names, _) = ordered(vec![
            line(0, "kanban-processor", "CARD_RECEIVED"),
            line(0, "sqs-connector", "FUNCTION_INVOKED"),
            line(0, "ingress", "WEBHOOK_RECEIVED"),
            line(0, "sqs-connector", "MESSAGE_RECEIVED"),
        ]);
        assert_eq!(
            names,
            [
                "WEBHOOK_RECEIVED",
                "MESSAGE_RECEIVED",
                "FUNCTION_INVOKED",
                "CARD_RECEIVED"
            ]
        );
    }
}
