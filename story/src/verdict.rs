//! What a story comes to, in one sentence.

use crate::story::Story;

impl Story {
    /// The exit code it calls for: 0 whole, 1 not.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.is_whole())
    }

    /// `whole` or `broken`.
    pub fn verdict(&self) -> &'static str {
        if self.is_whole() { "whole" } else { "broken" }
    }

    /// The verdict with what led to it, such as `whole, after 2 retries`.
    pub fn summary(&self) -> String {
        let mut said = Vec::new();
        let mut say = |text: String| said.push(text);
        if self.is_whole() {
            match self.attempts - 1 {
                0 => {}
                1 => say("after 1 retry".to_owned()),
                retries => say(format!("after {retries} retries")),
            }
            if let Some(end) = self.end {
                say(format!("ended early by {}", self.milestone(end)));
            }
            for late in &self.late {
                say(format!("but {} was late", self.milestone(late.place)));
            }
        } else {
            if let Some(error) = self.last_error() {
                say(format!("error in {}", self.hops[error].line.service));
            }
            match self.missing.as_slice() {
                [] => {}
                [one] => say(format!("{} never came", one.milestone)),
                [first, rest @ ..] => say(format!(
                    "{} and {} more never came",
                    first.milestone,
                    rest.len()
                )),
            }
            let tried = match self.attempts {
                1 => String::new(),
                attempts => format!(" after {attempts} attempts"),
            };
            match self.failed_end {
                Some(end) => say(format!("ended with {}{tried}", self.milestone(end))),
                None if self.sent_back.is_some() => say(format!("sent back to the queue{tried}")),
                None if self.attempts > 1 => say(format!("in attempt {}", self.attempts)),
                None => {}
            }
        }
        let sign = if self.is_whole() { ", " } else { ": " };
        match said.is_empty() {
            true => self.verdict().to_owned(),
            false => format!("{}{sign}{}", self.verdict(), said.join(", ")),
        }
    }

    fn milestone(&self, place: usize) -> &str {
        self.hops[place].line.milestone.as_deref().unwrap_or("?")
    }
}
