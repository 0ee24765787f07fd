//! The expected way: which milestones should come, from which service, in which order.

use jiff::SignedDuration;

use crate::line::Line;
use crate::way_file;

/// The Kanban way, as the repository's `story/way.toml` has it.
pub const KANBAN: &str = include_str!("../way.toml");

/// A way that a team owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What should come, in order.
    pub steps: Vec<Step>,
    /// What ends it before its last step.
    pub ends: Vec<End>,
    /// What says that the message will come again.
    pub retries: Vec<Retry>,
    /// By how much clocks may differ before time is believed against the order of the steps.
    pub skew: SignedDuration,
}

/// A milestone and who logs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The value of the line's `milestone`.
    pub milestone: String,
    /// The line's `service.name`; any, if not said.
    pub service: Option<String>,
}

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What marks it.
    pub mark: Mark,
    /// How long after the step before it this one may come.
    pub within: Option<SignedDuration>,
    /// Not missed when it does not come.
    pub optional: bool,
    /// A field whose values are told apart: once for each of them is no second attempt.
    pub per: Option<String>,
    /// What usually is the reason when it does not come.
    pub hint: Option<String>,
}

/// A milestone after which less is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What marks it.
    pub mark: Mark,
    /// The steps, by their places, that are still expected after it.
    pub then: Vec<usize>,
    /// Not a good end: the whole way is still expected, and the story is broken.
    pub failed: bool,
    /// What to do now.
    pub hint: Option<String>,
}

/// A milestone after which the message comes again; not a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// What marks it.
    pub mark: Mark,
    /// What to do if nothing follows it.
    pub hint: Option<String>,
}

/// What a line is on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The step at this place.
    Step(usize),
    /// The end at this place.
    End(usize),
    /// The message will come again, says the mark at this place.
    Retry(usize),
    /// A line beside the way.
    Beside,
}

/// Everything that is wrong with a way file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct BadWay {
    /// One sentence each, with file, line, name, reason and remedy.
    pub problems: Vec<String>,
}

impl Way {
    /// The built-in Kanban way.
    pub fn kanban() -> Self {
        Self::parse("way.toml", KANBAN).expect("the built-in way is tested to be valid")
    }

    /// Reads a way file's text; `name` is what problems call it.
    ///
    /// # Errors
    /// With every problem of the file at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadWay> {
        way_file::parse(name, text)
    }

    pub(crate) fn role(&self, line: &Line) -> Role {
        if line.milestone.is_none() {
            return Role::Beside;
        }
        if let Some(step) = self.steps.iter().position(|step| step.mark.fits(line)) {
            Role::Step(step)
        } else if let Some(end) = self.ends.iter().position(|end| end.mark.fits(line)) {
            Role::End(end)
        } else if let Some(retry) = self.retries.iter().position(|retry| retry.mark.fits(line)) {
            Role::Retry(retry)
        } else {
            Role::Beside
        }
    }
}

impl Default for Way {
    fn default() -> Self {
        Self::kanban()
    }
}

impl Mark {
    fn fits(&self, line: &Line) -> bool {
        line.milestone.as_ref() == Some(&self.milestone)
            && self
                .service
                .as_ref()
                .is_none_or(|service| *service == line.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_way_is_the_kanban_way() {
        let way = Way::kanban();
        let steps: Vec<_> = way
            .steps
            .iter()
            .map(|step| {
                (
                    step.mark.service.as_deref().unwrap(),
                    step.mark.milestone.as_str(),
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                ("ingress", "WEBHOOK_RECEIVED"),
                ("sqs-connector", "MESSAGE_RECEIVED"),
                ("sqs-connector", "FUNCTION_INVOKED"),
                ("kanban-processor", "CARD_RECEIVED"),
                ("kanban-processor", "CARD_VERIFIED"),
                ("kanban-processor", "CARD_MOVED"),
                ("kanban-processor", "DEPLOYMENT_REQUESTED"),
                ("graphql-backend", "DEPLOYMENT_CREATED"),
                ("kanban-processor", "DEPLOYMENT_STARTED"),
                ("sqs-connector", "MESSAGE_DELETED"),
            ]
        );
        assert_eq!(way.ends[0].then, [9]);
        assert!(way.ends[1].failed && way.retries.len() == 1);
    }

    #[test]
    fn a_milestone_of_another_service_is_not_the_step() {
        let way = Way::kanban();
        let line = |text: &str| Line::parse(text).unwrap();
        assert_eq!(
            way.role(&line(
                r#"{"milestone":"CARD_RECEIVED","service.name":"kanban-processor"}"#
            )),
            Role::Step(3)
        );
        assert_eq!(
            way.role(&line(
                r#"{"milestone":"CARD_RECEIVED","service.name":"other"}"#
            )),
            Role::Beside
        );
        assert_eq!(
            way.role(&line(
                r#"{"milestone":"CARD_IGNORED","service.name":"kanban-processor"}"#
            )),
            Role::End(0)
        );
        assert_eq!(
            way.role(&line(
                r#"{"milestone":"MESSAGE_RETRIED","service.name":"sqs-connector"}"#
            )),
            Role::Retry(0)
        );
    }
}
