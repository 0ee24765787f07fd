//! The two things that a reader looks for first: the error, and the step that did not come.

use std::io::{self, Write};

use crate::clock;
use crate::escape::escape;
use crate::line::Fault;
use crate::paint::Look;
use crate::story::{Hop, Story};

/// So many lines of a stack trace are shown at first.
const STACK: usize = 8;

/// Sets out the first error; without one, in a broken story, the first warning.
pub(crate) fn error(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let (title, place) = match (story.first_error, story.first_warning) {
        (Some(place), _) => ("First error", place),
        (None, Some(place)) if !story.is_whole() => ("First warning", place),
        _ => return Ok(()),
    };
    let hop = &story.hops[place];
    let overcome = if story.is_whole() {
        ", overcome later"
    } else {
        ""
    };
    let title = format!(
        "{title}{}{overcome}:",
        if story.attempts > 1 {
            format!(" (attempt {})", hop.attempt)
        } else {
            String::new()
        }
    );
    let mark = if story.is_whole() || title.starts_with("First warning") {
        look.warn(&format!("! {title}"))
    } else {
        look.bad(&format!("✗ {title}"))
    };
    writeln!(out, "\n{mark} {}", whence(hop, look))?;
    if !hop.line.message.is_empty() {
        writeln!(out, "  {}", escape(&hop.line.message))?;
    }
    let Some(Fault {
        message,
        kind,
        stack,
    }) = &hop.line.error
    else {
        return Ok(());
    };
    // What the message says already is not said again.
    let new = |text: &&String| !hop.line.message.contains(text.as_str());
    let said: Vec<_> = [kind.as_ref(), message.as_ref()]
        .into_iter()
        .flatten()
        .filter(new)
        .map(|text| escape(text))
        .collect();
    if !said.is_empty() {
        writeln!(out, "  {}", said.join(": "))?;
    }
    if let Some(stack) = stack {
        let lines: Vec<_> = stack.lines().collect();
        let shown = if look.all {
            lines.len()
        } else {
            lines.len().min(STACK)
        };
        for line in &lines[..shown] {
            writeln!(out, "    {}", look.dim(&escape(line)))?;
        }
        if shown < lines.len() {
            writeln!(
                out,
                "    {}",
                look.dim(&format!("… {} more, shown with --all", lines.len() - shown))
            )?;
        }
    }
    Ok(())
}

/// Sets out the missing step to look at first, and names the others.
pub(crate) fn missing(story: &Story, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let Some(first) = story.missing.first() else {
        return Ok(());
    };
    let from = first
        .service
        .as_ref()
        .map_or_else(String::new, |service| format!(" from {}", escape(service)));
    writeln!(
        out,
        "\n{} {}{from}",
        look.bad("✗ First missing:"),
        look.bold(&escape(&first.milestone))
    )?;
    match first.after {
        Some(place) => {
            let hop = &story.hops[place];
            let step = hop.line.milestone.as_deref().unwrap_or("?");
            writeln!(
                out,
                "  should have come after {} ({})",
                look.bold(&escape(step)),
                whence(hop, look)
            )?;
        }
        None => writeln!(out, "  the way begins with it, and no step before it came")?,
    }
    if let Some(elsewhere) = &first.elsewhere {
        writeln!(
            out,
            "  {} logged it instead: is the service's name in the way file right?",
            escape(elsewhere)
        )?;
    }
    if let (true, Some(service)) = (first.silent, &first.service) {
        let service = escape(service);
        writeln!(
            out,
            "  {service} wrote no line with this id: it was not reached, did not get the id, or its log is not among what was read"
        )?;
    }
    if let Some(hint) = &first.hint {
        writeln!(out, "  usually: {}", escape(hint))?;
    }
    // A step before all that came is told apart: its log is lacking rather than the step.
    let (unseen, after): (Vec<_>, Vec<_>) = story.missing[1..]
        .iter()
        .partition(|missing| missing.after.is_none());
    let names = |missing: &[&crate::missing::Missing]| {
        missing
            .iter()
            .map(|m| escape(&m.milestone))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !after.is_empty() {
        writeln!(out, "  nor came: {}", names(&after))?;
    }
    if !unseen.is_empty() {
        writeln!(
            out,
            "  not seen before the first step that came: {} (is that log among what was read?)",
            names(&unseen)
        )?;
    }
    Ok(())
}

fn whence(hop: &Hop, look: &Look) -> String {
    format!(
        "{} at {}",
        look.bold(&escape(&hop.line.service)),
        clock::since(hop.since)
    )
}
