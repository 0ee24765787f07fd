//! What the demo prints: aligned and coloured on a terminal, plain in a pipe.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice, stderr, stdout};
use harness::{Fate, Urls};
use serde_json::json;

use crate::verdict::{Outcome, Totals};

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const OFF: &str = "\x1b[0m";

/// Where the demo prints to.
pub(crate) struct Page {
    json: bool,
}

impl Page {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the terminal, and the user, want colours.
    pub(crate) fn in_color(&self) -> bool {
        AutoStream::choice(&io::stdout()) != ColorChoice::Never
    }

    /// Something to pass the time with: never part of the result.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        writeln!(stderr(), "{DIM}{text}{OFF}")
    }

    pub(crate) fn head(&mut self, urls: &Urls) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = stdout().lock();
        writeln!(
            out,
            "webhook ─▶ ingress {} ─▶ SQS {} ─▶ sqs-connector ─▶ gateway {} ─▶ kanban-processor ─▶ GraphQL {}\n",
            port(&urls.ingress),
            port(&urls.sqs),
            port(&urls.gateway),
            port(&urls.graphql),
        )?;
        writeln!(
            out,
            "  {BOLD}{:<13}{:<26}{:<24}{:<38}what became of it{OFF}",
            "sender", "card", "from → to", "correlation id"
        )
    }

    pub(crate) fn row(&mut self, outcome: &Outcome<'_>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let (mark, color) = match (outcome.as_promised, outcome.fate) {
            (false, _) => ("!", RED),
            (true, Fate::Succeeded) => ("✓", GREEN),
            (true, _) => ("✗", YELLOW),
        };
        let case = outcome.case;
        let unexpected = if outcome.as_promised {
            ""
        } else {
            "  ← not what was promised"
        };
        writeln!(
            stdout(),
            "{color}{mark}{OFF} {:<13}{:<26}{}{DIM}{:<38}{OFF}{}{RED}{unexpected}{OFF}",
            case.sender,
            case.card,
            padded(&case.moved, 24),
            outcome.correlation_id,
            outcome.told,
        )
    }

    pub(crate) fn story(&mut self, outcome: &Outcome<'_>, story: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = stdout().lock();
        writeln!(
            out,
            "\n{BOLD}Why did {} not deploy? $ story {}{OFF}\n",
            outcome.case.card, outcome.correlation_id
        )?;
        out.write_all(story.as_bytes())
    }

    pub(crate) fn totals(
        &mut self,
        totals: &Totals,
        outcomes: &[Outcome<'_>],
        took: Duration,
    ) -> anyhow::Result<()> {
        if self.json {
            return Ok(writeln!(stdout(), "{}", as_json(totals, outcomes, took)?)?);
        }
        let lost = if totals.lost == 0 { GREEN } else { RED };
        let mut out = stdout().lock();
        write!(
            out,
            "\n{BOLD}sent {}, succeeded {}, rejected {}, dead-lettered {}, {lost}lost {}{OFF}",
            totals.sent, totals.succeeded, totals.rejected, totals.dead_lettered, totals.lost,
        )?;
        if totals.pending > 0 {
            write!(out, ", {RED}still on their way {}{OFF}", totals.pending)?;
        }
        writeln!(out, "   {DIM}{:.1} s{OFF}", took.as_secs_f64())?;
        if totals.as_promised() {
            return Ok(());
        }
        let broken = totals.sent - totals.as_promised;
        Ok(writeln!(
            out,
            "{RED}{broken} did not come out as promised{OFF}"
        )?)
    }

    pub(crate) fn stay(&mut self, urls: &Urls, logs: &Path) -> io::Result<()> {
        let files: Vec<_> = log_files(logs)
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        writeln!(
            stdout(),
            "\n{BOLD}Everything stays up until Ctrl-C.{OFF} The ingress is {}/hooks/…; send a card of your own, signed:\n\n  \
             BODY='{{\"card\":{{\"id\":\"MY-1\"}},\"new_status\":\"Deploying\"}}'\n  \
             curl -s -H 'Content-Type: application/json' -d \"$BODY\" {}/hooks/generic \\\n    \
             -H \"X-Hub-Signature-256: sha256=$(printf %s \"$BODY\" | openssl dgst -sha256 -hmac 'generic secret 42' | sed 's/.*= //')\"\n\n\
             It answers with the correlation id. Its story, by card or by that id:\n\n  \
             cargo run --quiet --package story -- MY-1 {}\n\n\
             Without the signature the function refuses it, and the story by id says so.\n",
            urls.ingress,
            urls.ingress,
            files.join(" "),
        )
    }
}

/// The files with the log lines of all parts.
pub(crate) fn log_files(logs: &Path) -> Vec<PathBuf> {
    ["stack", "sqs-connector", "kanban-processor"]
        .map(|name| logs.join(format!("{name}.ndjson")))
        .into()
}

pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(stderr(), "{RED}the demo could not be run:{OFF} {error:#}");
    ExitCode::FAILURE
}

fn as_json(
    totals: &Totals,
    outcomes: &[Outcome<'_>],
    took: Duration,
) -> serde_json::Result<String> {
    let mut line = serde_json::to_value(totals)?;
    line["seconds"] = json!((took.as_secs_f64() * 10.0).round() / 10.0);
    line["deliveries"] = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "sender": outcome.case.sender,
                "card": outcome.case.card,
                "correlation_id": outcome.correlation_id,
                "fate": format!("{:?}", outcome.fate),
                "as_promised": outcome.as_promised,
                "told": outcome.told,
            })
        })
        .collect();
    serde_json::to_string(&line)
}

fn port(url: &str) -> &str {
    url.rsplit_once("127.0.0.1").map_or(url, |(_, port)| port)
}

/// Padded to a width in columns: an emoji takes two.
fn padded(text: &str, width: usize) -> String {
    let columns: usize = text
        .chars()
        .map(|c| if u32::from(c) >= 0x1F300 { 2 } else { 1 })
        .sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(columns)))
}
