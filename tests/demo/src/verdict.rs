//! What became of each delivery, and whether that is what was promised.

use harness::{Fate, Line, Way};
use serde::Serialize;

use crate::cases::{Case, Promise};

/// What became of one delivery.
pub(crate) struct Outcome<'a> {
    pub(crate) case: &'a Case,
    pub(crate) correlation_id: String,
    pub(crate) fate: Fate,
    /// What became of it, in words, as its log lines tell.
    pub(crate) told: String,
    pub(crate) as_promised: bool,
}

/// How many came to which end.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) sent: usize,
    pub(crate) succeeded: usize,
    pub(crate) rejected: usize,
    pub(crate) dead_lettered: usize,
    pub(crate) lost: usize,
    pub(crate) pending: usize,
    pub(crate) as_promised: usize,
}

impl<'a> Outcome<'a> {
    pub(crate) fn new(case: &'a Case, correlation_id: String, fate: Fate, way: &Way) -> Self {
        let lines = way.lines_of(&correlation_id);
        let started = milestone(&lines, "DEPLOYMENT_STARTED");
        let deployed = started.is_some() == (case.promise == Promise::Deployed);
        Self {
            told: tell(fate, &lines),
            as_promised: fate == case.promise.fate() && deployed,
            case,
            correlation_id,
            fate,
        }
    }
}

impl Totals {
    pub(crate) fn of(outcomes: &[Outcome<'_>]) -> Self {
        let mut totals = Self {
            sent: outcomes.len(),
            ..Self::default()
        };
        for outcome in outcomes {
            *match outcome.fate {
                Fate::Succeeded => &mut totals.succeeded,
                Fate::Rejected => &mut totals.rejected,
                Fate::DeadLettered => &mut totals.dead_lettered,
                Fate::Pending => &mut totals.pending,
                Fate::Lost => &mut totals.lost,
            } += 1;
            totals.as_promised += usize::from(outcome.as_promised);
        }
        totals
    }

    pub(crate) fn as_promised(&self) -> bool {
        self.as_promised == self.sent && self.lost == 0
    }
}

fn milestone<'a>(lines: &'a [Line], name: &str) -> Option<&'a Line> {
    lines.iter().find(|line| line.milestone() == Some(name))
}

fn tell(fate: Fate, lines: &[Line]) -> String {
    let retries = lines
        .iter()
        .filter(|line| line.milestone() == Some("MESSAGE_RETRIED"))
        .count();
    let after = match retries {
        0 => String::new(),
        1 => ", after 1 retry".to_owned(),
        n => format!(", after {n} retries"),
    };
    let message = |line: &Line| line.json["message"].as_str().unwrap_or_default().to_owned();
    match fate {
        Fate::Succeeded => match milestone(lines, "DEPLOYMENT_STARTED") {
            Some(line) => {
                let deployment = line.json["fields"]["deployment_id"].as_str().unwrap_or("?");
                format!("deployment {deployment} started{after}")
            }
            None => milestone(lines, "CARD_IGNORED")
                .map(message)
                .unwrap_or_default(),
        },
        Fate::Rejected => lines
            .iter()
            .find(|line| {
                line.json["error.type"] == "rejected" || line.json["error.type"] == "refused"
            })
            .map_or_else(|| "rejected".to_owned(), message),
        Fate::DeadLettered => {
            let receives = lines
                .iter()
                .filter(|line| line.milestone() == Some("MESSAGE_RECEIVED"))
                .count();
            format!("in the dead-letter queue after {receives} receives")
        }
        Fate::Pending => "still on its way".to_owned(),
        Fate::Lost => "LOST".to_owned(),
    }
}
