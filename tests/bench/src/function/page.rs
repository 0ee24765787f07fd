//! The section of the page: what was measured, the goals, and what was missing.

use std::fmt::Write as _;

use super::load::CONNECTIONS;
use super::measure::{Extent, Measured, Results};
use super::runtime::{Missing, Runtime};
use crate::machine;
use crate::samples::Samples;

const BEGIN: &str = "<!-- functions: written by `cargo run --release -p bench -- functions` -->";
const END: &str = "<!-- functions: end -->";
const NOTES: &str = include_str!("notes.md");

/// The section, in Markdown.
pub(super) fn section(results: &Results, missing: &[Missing], extent: &Extent) -> String {
    let mut page = format!("{BEGIN}\n## Functions\n\n");
    let _ = write!(
        page,
        "Measured by `cargo run --release -p bench -- functions`: medians of {} repetitions, in turns, with \
         the least and the most beside them.\n\nWork: parse a JSON body of 185 bytes, write one JSON line to \
         standard output (a pipe that is read), answer small JSON; {CONNECTIONS} connections that each wait \
         for their answer, {} s a repetition. A runtime has one core for itself, with all its processes; the \
         caller, and the reader of the pipe, have the other. Ours has every feature of the SDK in it.\n\n",
        extent.repetitions,
        extent.load.as_secs_f64()
    );
    page.push_str(&machine::facts());
    for (runtime, reason) in missing {
        let _ = writeln!(page, "- missing: {}: {reason}", runtime.name());
    }
    page.push_str(
        "\n| Runtime | requests/s | p50 ms | p99 ms | CPU s / 10,000 | resident idle MB | loaded MB \
         | exec → first answered POST ms |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (runtime, m) in results {
        let _ = writeln!(
            page,
            "| {} | {:.0} | {:.3} | {:.3} | {:.3} | {:.1} | {:.1} | {:.2} |",
            runtime.name(),
            m.rate,
            m.p50,
            m.p99,
            m.cpu,
            m.idle,
            m.resident,
            m.start
        );
    }
    goals(&mut page, results);
    let _ = write!(page, "\n{NOTES}{END}\n");
    page
}

fn goals(page: &mut String, results: &Results) {
    let Some(ours) = results.get(&Runtime::Ours) else {
        return;
    };
    let median = |runtime, pick: fn(&Measured) -> &Samples| {
        results
            .get(&runtime)
            .and_then(|measured| pick(measured).median())
    };
    let times = |runtime| Some(ours.rate.median()? / median(runtime, |m| &m.rate)?);
    let of = |runtime, pick: fn(&Measured) -> &Samples| {
        Some(pick(ours).median()? / median(runtime, pick)?)
    };
    page.push_str("\n| Goal | | Measured | Met |\n|---|---|---|---|\n");
    let mut goal = |what: &str, least: bool, bound: f64, figure: Option<f64>| {
        let met = figure.map(|figure| {
            if least {
                figure >= bound
            } else {
                figure <= bound
            }
        });
        let met = met.map_or("not measured", |met| if met { "yes" } else { "**no**" });
        let sign = if least { "≥" } else { "≤" };
        let figure = figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.2}"));
        let _ = writeln!(page, "| {what} | {sign} {bound} | {figure} | {met} |");
    };
    goal(
        "requests/s ÷ bare hyper",
        true,
        0.7,
        times(Runtime::BareHyper),
    );
    goal(
        "requests/s ÷ Go net/http alone",
        true,
        1.5,
        times(Runtime::BareGo),
    );
    goal(
        "requests/s ÷ of-watchdog + Go",
        true,
        5.0,
        times(Runtime::WatchdogGo),
    );
    for runtime in [Runtime::BareGo, Runtime::WatchdogGo] {
        goal(
            &format!("p50 ÷ {}", runtime.name()),
            false,
            1.0,
            of(runtime, |m| &m.p50),
        );
        goal(
            &format!("p99 ÷ {}", runtime.name()),
            false,
            1.0,
            of(runtime, |m| &m.p99),
        );
    }
    goal(
        "resident under load, MB",
        false,
        10.0,
        ours.resident.median(),
    );
    goal(
        "exec to the first answered POST, ms",
        false,
        5.0,
        ours.start.median(),
    );
}

/// The page with this section in the place of the one it has, or at its end.
pub(super) fn with_section(page: &str, section: &str) -> String {
    let old = kept(page);
    if old.is_empty() {
        format!("{}\n\n{section}", page.trim_end())
    } else {
        page.replace(old, section)
    }
}

/// The section that a page has, to be kept when the rest of it is written anew; empty where it has
/// none.
pub(crate) fn kept(page: &str) -> &str {
    let section = page.find(BEGIN).and_then(|begin| {
        let end = begin + page[begin..].find(END)? + END.len();
        let end = page[end..]
            .find('\n')
            .map_or(page.len(), |newline| end + newline + 1);
        page.get(begin..end)
    });
    section.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_put_in_the_place_of_the_old_one_and_the_rest_is_kept() {
        let first = format!("{BEGIN}\nold\n{END}\n");
        let second = format!("{BEGIN}\nnew\n{END}\n");
        let page = with_section("# Benchmarks\n\nconnector\n", &first);
        assert_eq!(page, format!("# Benchmarks\n\nconnector\n\n{first}"));
        assert_eq!(kept(&page), first);
        let page = with_section(&format!("{page}more\n"), &second);
        assert_eq!(page, format!("# Benchmarks\n\nconnector\n\n{second}more\n"));
        assert_eq!(kept("# Benchmarks\n"), "");
    }
}
