//! A reading as text, for someone who was asleep five minutes ago.
//!
//! From top to bottom: whose story, every hop with what is odd about it at its place, the first
//! error, the first missing step, and the verdict last, where the eye is when a command ends.

use std::io::{self, Write};

use crate::clock;
use crate::escape::escape;
use crate::finding::{error, missing};
use crate::line::Level;
use crate::paint::{Look, plural};
use crate::reading::Reading;
use crate::story::{Hop, Story};
use crate::table::Table;

/// Writes the reading; nothing but the footer if there is no story.
///
/// # Errors
/// If `out` cannot be written to.
pub fn render(reading: &Reading, look: &Look, out: &mut impl Write) -> io::Result<()> {
    if reading.stories.len() > 1 {
        writeln!(out, "{}\n", several(reading))?;
    }
    for story in &reading.stories {
        render_story(story, look, out)?;
        writeln!(out)?;
    }
    footer(reading, look, out)
}

/// Writes one story.
///
/// # Errors
/// If `out` cannot be written to.
pub fn render_story(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    header(story, look, out)?;
    hops(story, look, out)?;
    error(story, look, out)?;
    missing(story, look, out)?;
    notes(story, look, out)?;
    verdict(story, look, out)
}

fn several(reading: &Reading) -> String {
    let broken: Vec<_> = reading
        .stories
        .iter()
        .filter(|story| !story.is_whole())
        .collect();
    let whole = reading.stories.len() - broken.len();
    let said = match (whole, broken.as_slice()) {
        (_, []) => "all whole".to_owned(),
        (0, _) => "all broken".to_owned(),
        (_, [one]) => format!("{whole} whole, 1 broken ({})", escape(&one.correlation_id)),
        (_, broken) => format!("{whole} whole, {} broken", broken.len()),
    };
    format!(
        "{} stories of card {}: {said}, the oldest first",
        reading.stories.len(),
        escape(&reading.id)
    )
}

fn header(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let mark = if story.is_whole() {
        look.good("✓")
    } else {
        look.bad("✗")
    };
    write!(out, "{mark} {}", look.bold(&escape(&story.correlation_id)))?;
    if let Some(card) = &story.card {
        write!(out, "  card {}", look.bold(&escape(card)))?;
    }
    match story.began() {
        Some(began) => writeln!(out, "  {}\n", clock::wall(began)),
        None => writeln!(out, "  (no line says when)\n"),
    }
}

fn hops(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::of(story, look);
    let mut before: Option<&Hop> = None;
    let mut attempt = 1;
    let mut folded = 0;
    for (place, hop) in story.hops.iter().enumerate() {
        let fold = !look.all && hop.line.level <= Level::Debug && hop.line.milestone.is_none();
        let gap =
            before.and_then(|before| Some((before, hop.since?.saturating_sub(before.since?))));
        let gap = gap.filter(|(_, gap)| gap.as_secs() >= 1);
        let new = hop.attempt > attempt;
        if folded > 0 && (!fold || gap.is_some() || new) {
            table.folded(out, folded)?;
            folded = 0;
        }
        if let Some((before, gap)) = gap {
            table.gap(out, gap, &before.line.service, &hop.line.service)?;
        }
        if new {
            attempt = hop.attempt;
            table.attempt(out, attempt, story.attempts)?;
        }
        folded += usize::from(fold);
        if !fold {
            table.hop(out, hop, attempt)?;
        }
        if let Some(missing) = story
            .missing
            .first()
            .filter(|missing| missing.after == Some(place))
        {
            table.missing(out, missing)?;
        }
        before = Some(hop);
    }
    if folded > 0 {
        table.folded(out, folded)?;
    }
    Ok(())
}

fn notes(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let at = |place: usize| &story.hops[place].line;
    for late in &story.late {
        let (step, before) = (at(late.place), at(late.after));
        writeln!(
            out,
            "\n{} {} came {} after {}; the way allows {}",
            look.warn("! Late:"),
            look.bold(&escape(step.milestone.as_deref().unwrap_or("?"))),
            clock::span(late.took),
            escape(before.milestone.as_deref().unwrap_or("?")),
            clock::span(late.within),
        )?;
    }
    for behind in &story.behind {
        let by = clock::span(behind.by);
        let by = if by == "0 ms" {
            "less than 1 ms".to_owned()
        } else {
            by
        };
        let said = format!(
            "the clock of {} seems {by} behind: hops are in the way's order, times are as logged",
            escape(&behind.service)
        );
        writeln!(out, "\n{}", look.dim(&said))?;
    }
    Ok(())
}

fn verdict(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let summary = escape(&story.summary());
    let summary = if story.is_whole() {
        look.good(&summary)
    } else {
        look.bad(&summary)
    };
    writeln!(
        out,
        "\n{summary} · {} in {}",
        plural(story.hops.len() as u64, "line"),
        clock::span(story.total())
    )?;
    if let Some(hint) = story.hint.as_ref().filter(|_| !story.is_whole()) {
        writeln!(out, "  {}", escape(hint))?;
    }
    Ok(())
}

fn footer(reading: &Reading, look: &Look, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", look.dim(&format!("read {}", searched(reading))))
}

/// What was read, and what of it could not be used.
pub fn searched(reading: &Reading) -> String {
    let searched = &reading.searched;
    let sources = match searched.sources.as_slice() {
        [one] => escape(one),
        several => plural(several.len() as u64, "source"),
    };
    let mut said = format!("{sources}, {}", plural(searched.lines, "line"));
    for (count, what) in [
        (searched.not_json, "without JSON"),
        (searched.too_long, "over 1 MiB skipped"),
        (searched.duplicates, "there twice and shown once"),
        (
            searched.without_id,
            "naming the card without a correlation id",
        ),
    ] {
        if count > 0 {
            said.push_str(&format!("; {count} {what}"));
        }
    }
    said
}
