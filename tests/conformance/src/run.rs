//! Runs the cases, and holds what was seen against what is declared.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time;

use crate::case::{Case, Difference, Outcome};
use crate::server::{Kind, Server};

/// No case waits this long for a server that answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many cases run side by side against a server with a clock of its own.
const SIDE_BY_SIDE: usize = 12;

/// What a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As documented.
    Passes,
    /// As declared.
    Differs,
    /// Takes too long for a server whose clock can't be moved on.
    NotRun,
    /// Neither as documented nor as declared: this was seen.
    Fails(String),
    /// Declared to differ, and as documented: the declaration is out of date.
    DiffersNoMore,
}

impl Verdict {
    /// Whether the suite is what it says it is.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Passes | Self::Differs | Self::NotRun)
    }

    fn of(outcome: &Outcome, declared: Option<Difference>) -> Self {
        match (outcome, declared) {
            (Ok(()), None) => Self::Passes,
            (Ok(()), Some(_)) => Self::DiffersNoMore,
            (Err(error), declared) => {
                let seen = format!("{error:#}");
                match declared {
                    Some(difference) if seen.contains(difference.seen) => Self::Differs,
                    _ => Self::Fails(seen),
                }
            }
        }
    }
}

/// All cases against one server.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which server.
    pub kind: Kind,
    /// A verdict for each case, in the order of the cases.
    pub verdicts: Vec<Verdict>,
}

/// Runs the cases against a server, each with queues of its own.
pub async fn run(server: &Server, cases: &[Case]) -> Run {
    let side_by_side = match server {
        Server::Embedded => 1,
        Server::At(..) => SIDE_BY_SIDE,
    };
    let verdicts = stream::iter(cases)
        .map(|case| judge(server, case))
        .buffered(side_by_side);
    Run {
        kind: server.kind(),
        verdicts: verdicts.collect().await,
    }
}

async fn judge(server: &Server, case: &Case) -> Verdict {
    let steps = (case.steps)(server.bench());
    let outcome = match server {
        Server::Embedded => steps.await,
        Server::At(..) if case.long => return Verdict::NotRun,
        Server::At(..) => time::timeout(PATIENCE, steps)
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("it took more than {PATIENCE:?}"))),
    };
    Verdict::of(&outcome, case.difference(server.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Option<Difference> = Some(Difference {
        does: "gives two",
        seen: "2 messages",
    });

    fn failed() -> Outcome {
        Err(anyhow::anyhow!("2 messages were received"))
    }

    #[test]
    fn an_undeclared_difference_fails_and_a_declared_one_must_be_there() {
        assert_eq!(Verdict::of(&Ok(()), None), Verdict::Passes);
        assert_eq!(Verdict::of(&failed(), KNOWN), Verdict::Differs);
        assert!(!Verdict::of(&failed(), None).is_good());
        assert!(!Verdict::of(&Ok(()), KNOWN).is_good());
    }

    #[test]
    fn another_failure_than_the_declared_one_fails() {
        let other = Err(anyhow::anyhow!("the connection ended"));
        assert!(!Verdict::of(&other, KNOWN).is_good());
    }
}
