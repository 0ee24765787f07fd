//! The page: tables, goals, and what was missing.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::consumer::Consumer;
use crate::machine;
use crate::measure::{Extent, IN_FLIGHT, Measured, PACE, REAL, Results};
use crate::peers::Missing;
use crate::samples::Samples;

/// Prints a line.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// All of it, in Markdown.
pub(crate) fn page(results: &Results, missing: &[Missing], extent: &Extent) -> String {
    let mut page = String::from("# Benchmarks\n\nMeasured by `cargo run --release -p bench`: ");
    let _ = write!(
        page,
        "medians of {} repetitions, in turns, with the least and the most beside them. The consumer has \
         one core for itself; SQS and the function, in one other process, have the other. CPU is user and \
         system time of the consumer alone. Absolute figures move between machines; ratios are what counts.\n\n\
         Work: receive by tens with long polls, POST each body (400 bytes) with its `X-Correlation-ID` over \
         kept connections, delete after success; {IN_FLIGHT} in flight where nothing else is said. Ours does it \
         with leases and metrics, and the last line of each message as JSON to a pipe. The peers log nothing.\n\n",
        extent.repetitions
    );
    page.push_str("## The machine\n\n");
    page.push_str(&machine::facts());
    for (consumer, reason) in missing {
        let _ = writeln!(page, "- missing: {}: {reason}", consumer.name());
    }
    consumers(&mut page, results);
    throughput(&mut page, results);
    goals(&mut page, results);
    page
}

fn consumers(page: &mut String, results: &Results) {
    let _ = write!(
        page,
        "\n## Consumers\n\n\"With delays\": SQS answers after {} ms, the function after {} ms. Latency: from \
         available to called, one message each {} ms.\n\n\
         | Consumer | CPU s / 10,000 | messages/s | CPU s / 10,000 with delays | peak RSS MB | SQS requests / message \
         | receives in an idle minute | latency p50 ms | p99 ms | exec → first receive ms | → first call ms |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
        REAL.sqs.as_millis(),
        REAL.function.as_millis(),
        PACE.as_millis()
    );
    for (consumer, m) in &results.of {
        let _ = writeln!(
            page,
            "| {} | {:.3} | {:.0} | {:.3} | {:.1} | {:.3} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} |",
            consumer.name(),
            m.cpu,
            m.rate,
            m.cpu_real,
            m.peak_rss,
            m.requests,
            m.idle,
            m.p50,
            m.p99,
            m.first_receive,
            m.first_call
        );
    }
}

fn throughput(page: &mut String, results: &Results) {
    page.push_str("\n## Messages a second with delays, by messages in flight\n\n| Consumer |");
    for in_flight in results.bound.keys() {
        let _ = write!(page, " {in_flight} |");
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(results.bound.len()));
    let row =
        |page: &mut String, name: &str, rates: &std::collections::BTreeMap<usize, Samples>| {
            let _ = write!(page, "\n| {name} |");
            for in_flight in results.bound.keys() {
                let rate = rates.get(in_flight).cloned().unwrap_or_default();
                let _ = write!(page, " {rate:.0} |");
            }
        };
    row(
        page,
        "the bound: a bare client that only calls the function",
        &results.bound,
    );
    for (consumer, measured) in &results.of {
        row(page, consumer.name(), &measured.rates);
    }
    page.push('\n');
}

/// One goal: what, the figure, the most it may be, and whether it is met.
struct Goal {
    what: String,
    goal: String,
    figure: Option<f64>,
    most: f64,
}

fn goals(page: &mut String, results: &Results) {
    let Some(ours) = results.of.get(&Consumer::Ours) else {
        return;
    };
    page.push_str("\n## Goals\n\n| What | Goal | Measured | Met |\n|---|---|---|---|\n");
    for goal in all_goals(ours, results) {
        let met = goal
            .figure
            .map(|figure| if figure <= goal.most { "yes" } else { "**no**" });
        let figure = goal
            .figure
            .map_or_else(|| "–".to_owned(), |figure| format!("{figure:.3}"));
        let _ = writeln!(
            page,
            "| {} | {} | {figure} | {} |",
            goal.what,
            goal.goal,
            met.unwrap_or("not measured")
        );
    }
}

fn all_goals(ours: &Measured, results: &Results) -> Vec<Goal> {
    let peer = |consumer, pick: fn(&Measured) -> &Samples| {
        results.of.get(&consumer).and_then(|m| pick(m).median())
    };
    let ratio = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a / b);
    let beyond = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a - b);
    let goal = |what: &str, goal: &str, figure, most| Goal {
        what: what.into(),
        goal: goal.into(),
        figure,
        most,
    };
    let cpu = |consumer| ratio(ours.cpu.median(), peer(consumer, |m| &m.cpu));
    let mut goals = vec![
        goal(
            "CPU a message ÷ bare aws-sdk-sqs loop",
            "≤ 0.8",
            cpu(Consumer::BareRust),
            0.8,
        ),
        goal(
            "CPU a message ÷ tuned Go",
            "≤ 0.5",
            cpu(Consumer::GoTuned),
            0.5,
        ),
        goal(
            "CPU a message ÷ OpenFaaS-shaped Go",
            "≤ 0.2",
            cpu(Consumer::GoOpenFaas),
            0.2,
        ),
        goal(
            "CPU a message ÷ sqs-consumer",
            "≤ 0.2",
            cpu(Consumer::Node),
            0.2,
        ),
    ];
    for (in_flight, bound) in &results.bound {
        let ours = ours.rates.get(in_flight).and_then(Samples::median);
        goals.push(Goal {
            what: format!("the bound ÷ messages a second, {in_flight} in flight"),
            goal: "≤ 1/0.97 = 1.031".into(),
            figure: ratio(bound.median(), ours),
            most: 1.0 / 0.97,
        });
    }
    goals.extend([
        goal(
            "latency p50 beyond the bare loop's, ms",
            "≤ 0.2",
            beyond(ours.p50.median(), peer(Consumer::BareRust, |m| &m.p50)),
            0.2,
        ),
        goal(
            "latency p99 beyond the bare loop's, ms",
            "≤ 1",
            beyond(ours.p99.median(), peer(Consumer::BareRust, |m| &m.p99)),
            1.0,
        ),
        goal(
            "peak RSS at 32 in flight, MB",
            "≤ 15",
            ours.peak_rss.median(),
            15.0,
        ),
        goal(
            "SQS requests a message, busy",
            "≤ 0.21",
            ours.requests.median(),
            0.21,
        ),
        goal(
            "SQS requests a day, idle",
            "≤ 4,320",
            ours.idle.median().map(|n| n * 1440.0),
            4320.0,
        ),
        goal(
            "exec to first call, a message waiting, ms",
            "≤ 50",
            ours.first_call.median(),
            50.0,
        ),
    ]);
    goals
}
