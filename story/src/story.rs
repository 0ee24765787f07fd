//! One story: lines in, hops in order with what they add up to out.

use jiff::{SignedDuration, Timestamp};

use crate::attempt::attempts;
use crate::line::{Level, Line};
use crate::missing::{Missing, missing};
use crate::order::{Behind, order};
use crate::way::{Role, Way};

/// What happened under one correlation id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The id.
    pub correlation_id: String,
    /// The card that the lines name, if they name one.
    pub card: Option<String>,
    /// Every line, in order.
    pub hops: Vec<Hop>,
    /// How often the way was tried.
    pub attempts: usize,
    /// The place of the first error line.
    pub first_error: Option<usize>,
    /// The place of the first warning.
    pub first_warning: Option<usize>,
    /// Expected steps that did not come, the one to look at first at the front.
    pub missing: Vec<Missing>,
    /// Steps that came later than the way allows.
    pub late: Vec<Late>,
    /// The end that cut the last attempt short, by its place.
    pub end: Option<usize>,
    /// The last attempt failed at this end, by its place.
    pub failed_end: Option<usize>,
    /// Nothing on the way follows this notice that the message comes again, by its place.
    pub sent_back: Option<usize>,
    /// What to do about how it ended, as the way says.
    pub hint: Option<String>,
    /// Clocks that had to be allowed for.
    pub behind: Vec<Behind>,
}

/// One line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The line.
    pub line: Line,
    /// What it is on the way.
    pub role: Role,
    /// The attempt it belongs to, from 1.
    pub attempt: usize,
    /// How long after the story's first line, by the clocks of their services.
    pub since: Option<SignedDuration>,
}

/// A step that came later than the way allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The place of the step.
    pub place: usize,
    /// The place of the step before it.
    pub after: usize,
    /// How long it took.
    pub took: SignedDuration,
    /// How long it may take.
    pub within: SignedDuration,
}

impl Hop {
    pub(crate) fn step(&self) -> Option<usize> {
        match self.role {
            Role::Step(step) => Some(step),
            _ => None,
        }
    }
}

impl Story {
    /// Puts the lines of one correlation id in order and measures them against the way.
    pub fn assemble(correlation_id: impl Into<String>, lines: Vec<Line>, way: &Way) -> Self {
        let (lines, behind) = order(lines, way);
        let attempts = attempts(&lines, way);
        let began = lines.iter().find_map(|line| line.at);
        let hops: Vec<Hop> = lines
            .into_iter()
            .zip(&attempts)
            .map(|(line, attempt)| Hop {
                role: way.role(&line),
                attempt: *attempt,
                since: line
                    .at
                    .zip(began)
                    .map(|(at, began)| at.duration_since(began)),
                line,
            })
            .collect();
        let attempts = attempts.into_iter().max().unwrap_or(1);
        let place = |is: &dyn Fn(&Hop) -> bool| hops.iter().position(is);
        let latest = |failed: bool| {
            let is = |hop: &Hop| matches!(hop.role, Role::End(end) if way.ends[end].failed == failed && (!failed || hop.attempt == attempts));
            hops.iter().rposition(is)
        };
        let failed_end = latest(true);
        let last = hops.iter().rposition(|hop| hop.role != Role::Beside);
        let sent_back = last.filter(|last| matches!(hops[*last].role, Role::Retry(_)));
        Self {
            correlation_id: correlation_id.into(),
            card: hops.iter().find_map(|hop| hop.line.cards.first().cloned()),
            attempts,
            first_error: place(&|hop| hop.line.level == Level::Error),
            first_warning: place(&|hop| hop.line.level == Level::Warn),
            missing: missing(&hops, way),
            late: late(&hops, way),
            end: latest(false),
            failed_end,
            sent_back,
            hint: failed_end
                .or(sent_back)
                .and_then(|place| match hops[place].role {
                    Role::End(end) => way.ends[end].hint.clone(),
                    Role::Retry(retry) => way.retries[retry].hint.clone(),
                    Role::Step(_) | Role::Beside => None,
                }),
            behind,
            hops,
        }
    }

    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        self.hops.iter().find_map(|hop| hop.line.at)
    }

    /// From its first line to its last.
    pub fn total(&self) -> SignedDuration {
        self.hops
            .iter()
            .filter_map(|hop| hop.since)
            .max()
            .unwrap_or_default()
    }

    /// Whether everything expected came, and the last attempt went without an error.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.failed_end.is_none() && self.last_error().is_none()
    }

    /// The place of the first error line of the last attempt.
    pub fn last_error(&self) -> Option<usize> {
        self.hops
            .iter()
            .position(|hop| hop.line.level == Level::Error && hop.attempt == self.attempts)
    }
}

fn late(hops: &[Hop], way: &Way) -> Vec<Late> {
    let mut late = Vec::new();
    for (place, hop) in hops.iter().enumerate() {
        let Some((step, within)) = hop
            .step()
            .and_then(|step| Some((step, way.steps[step].within?)))
        else {
            continue;
        };
        let before = |other: &Hop| {
            other.attempt == hop.attempt && other.step().is_some_and(|other| other < step)
        };
        let Some(after) = hops[..place].iter().rposition(before) else {
            continue;
        };
        if let Some((now, then)) = hop.since.zip(hops[after].since) {
            let took = now.saturating_sub(then);
            if took > within {
                late.push(Late {
                    place,
                    after,
                    took,
                    within,
                });
            }
        }
    }
    late
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
