//! What is wrong with its environment.

use std::net::TcpListener;

use anyhow::{Context as _, ensure};

use crate::subject::{Kind, Subject};
use crate::{Check, Run};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "a wrong duration, number or port ends it with 64 and all of them listed",
        differs: Some(
            "the watchdog takes its defaults, or 0, in silence: a misspelt timeout is noticed in production",
        ),
        run: Run::Any(|subject| {
            let wrong = [
                ("exec_timeout", "soon"),
                ("max_inflight", "few"),
                ("read_timeout", "5 s"),
            ];
            let ended = subject.refuse(&wrong)?;
            match subject.kind {
                Kind::Throughline => {
                    let ended = ended.context("it serves")?;
                    ensure!(ended.code == Some(64), "exit code {:?}", ended.code);
                    for (name, value) in wrong {
                        let said = format!("{name} = {value:?}: ");
                        ensure!(
                            ended.said.contains(&said),
                            "{said} is not in {}",
                            ended.said
                        );
                    }
                }
                Kind::Watchdog => ensure!(ended.is_none(), "it says something now"),
            }
            Ok(())
        }),
    },
    Check {
        name: "write_timeout=0 is refused with its name",
        differs: Some(
            "the exit code is 64, as for all that is wrong in the environment; the watchdog's is 1",
        ),
        run: Run::Any(|subject| {
            let ended = subject
                .refuse(&[("write_timeout", "0")])?
                .context("it serves")?;
            let code = ours_or(subject, 64, 1);
            ensure!(ended.code == Some(code), "exit code {:?}", ended.code);
            let said = ended.said.to_lowercase().replace('_', " ");
            ensure!(said.contains("write timeout"), "{}", ended.said);
            Ok(())
        }),
    },
    Check {
        name: "a port in use ends it with its number, and not with 0",
        differs: Some("the watchdog logs it and exits with 0, as if it had been asked to stop"),
        run: Run::Any(|subject| {
            let taken = TcpListener::bind("0.0.0.0:0")?;
            let port = taken.local_addr()?.port().to_string();
            let ended = subject.refuse(&[("port", &port)])?.context("it serves")?;
            ensure!(ended.said.contains(&port), "{}", ended.said);
            let code = ours_or(subject, 69, 0);
            ensure!(ended.code == Some(code), "exit code {:?}", ended.code);
            Ok(())
        }),
    },
];

fn ours_or(subject: &Subject, ours: i32, watchdogs: i32) -> i32 {
    match subject.kind {
        Kind::Throughline => ours,
        Kind::Watchdog => watchdogs,
    }
}
