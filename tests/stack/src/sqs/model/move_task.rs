//! Moving dead letters back: what a move task has done and may do next.

use std::sync::Arc;

use super::message::Millis;

/// Where a move task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    Completed,
    Cancelled,
    Failed,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct MoveTask {
    pub(crate) handle: String,
    pub(crate) source: Arc<str>,
    pub(crate) source_arn: String,
    /// None: each message goes back to the queue that it was dead-lettered from.
    pub(crate) destination_arn: Option<String>,
    /// None: all at once.
    pub(crate) per_second: Option<u64>,
    pub(crate) started_at: Millis,
    pub(crate) to_move: u64,
    pub(crate) moved: u64,
    pub(crate) status: Status,
    pub(crate) failure: Option<&'static str>,
}

impl MoveTask {
    /// How many messages may have been moved by now. The first goes at once, the rest follow at
    /// even distances.
    pub(crate) fn allowed(&self, now: Millis) -> u64 {
        self.per_second.map_or(self.to_move, |rate| {
            let elapsed = now.saturating_sub(self.started_at);
            (1 + elapsed * rate / 1000).min(self.to_move)
        })
    }

    /// When the next message may go.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        let rate = self.per_second.filter(|_| self.status == Status::Running)?;
        Some(self.started_at + (self.moved * 1000).div_ceil(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_task_moves_at_its_rate_and_says_when_it_goes_on() {
        let mut task = MoveTask {
            handle: String::new(),
            source: Arc::from("dead"),
            source_arn: String::new(),
            destination_arn: None,
            per_second: Some(3),
            started_at: 1000,
            to_move: 5,
            moved: 0,
            status: Status::Running,
            failure: None,
        };
        let mut due = Vec::new();
        while task.moved < task.to_move {
            let at = task.next_due().unwrap();
            assert_eq!(task.allowed(at), task.moved + 1, "at {at}");
            due.push(at);
            task.moved += 1;
        }
        assert_eq!(due, [1000, 1334, 1667, 2000, 2334]);
        task.per_second = None;
        assert_eq!(task.allowed(1000), 5);
    }
}
