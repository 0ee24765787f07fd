//! The hops as aligned rows, and the marks between them.

use std::collections::HashSet;
use std::io::{self, Write};

use jiff::SignedDuration;
use unicode_width::UnicodeWidthStr;

use crate::clock;
use crate::escape::escape;
use crate::line::{Level, Line};
use crate::missing::Missing;
use crate::paint::{Look, cut, pad};
use crate::story::{Hop, Story};

/// Wider service names and milestones are cut.
const WIDEST: usize = 28;
/// A terminal too narrow for the columns still shows this much of each message.
const NARROWEST: usize = 24;

pub(crate) struct Table<'a> {
    look: &'a Look,
    card: Option<&'a str>,
    services: Vec<&'a str>,
    delta: usize,
    service: usize,
    milestone: usize,
    /// Fields that a row has shown: each row says what is new.
    told: HashSet<(&'a str, &'a str)>,
}

impl<'a> Table<'a> {
    pub(crate) fn of(story: &'a Story, look: &'a Look) -> Self {
        let mut services: Vec<&str> = Vec::new();
        for hop in &story.hops {
            if !services.contains(&hop.line.service.as_str()) {
                services.push(&hop.line.service);
            }
        }
        let missing = story
            .missing
            .first()
            .filter(|missing| missing.after.is_some());
        let widest = |texts: &mut dyn Iterator<Item = String>| {
            texts
                .map(|text| text.width())
                .max()
                .unwrap_or_default()
                .min(WIDEST)
        };
        Self {
            look,
            card: story.card.as_deref(),
            delta: widest(&mut story.hops.iter().map(|hop| clock::since(hop.since))),
            service: widest(
                &mut services
                    .iter()
                    .copied()
                    .chain(missing.and_then(|m| m.service.as_deref()))
                    .map(escape),
            ),
            milestone: widest(
                &mut story
                    .hops
                    .iter()
                    .filter_map(|hop| hop.line.milestone.as_deref())
                    .chain(missing.map(|m| m.milestone.as_str()))
                    .map(escape),
            ),
            services,
            told: HashSet::new(),
        }
    }

    /// One hop; `current` is the attempt under whose heading it stands.
    pub(crate) fn hop(
        &mut self,
        out: &mut impl Write,
        hop: &'a Hop,
        current: usize,
    ) -> io::Result<()> {
        let (line, look) = (&hop.line, self.look);
        let (mark, level): (String, fn(&Look, &str) -> String) = match line.level {
            Level::Error => (look.bad("✗"), Look::bad),
            Level::Warn => (look.warn("!"), Look::warn),
            _ => (" ".to_owned(), Look::dim),
        };
        let since = format!("{:>width$}", clock::since(hop.since), width = self.delta);
        let service = self.column(&line.service, self.service);
        let service = look.service(
            self.services
                .iter()
                .position(|known| *known == line.service)
                .unwrap_or_default(),
            &service,
        );
        let milestone = look.bold(&self.column(
            line.milestone.as_deref().unwrap_or_default(),
            self.milestone,
        ));
        let said = self.said(hop, current);
        let said = self.fit(&said);
        let said = match line.level {
            Level::Error => look.bad(&said),
            Level::Warn => look.warn(&said),
            Level::Trace | Level::Debug => look.dim(&said),
            Level::Info => said,
        };
        let row = format!(
            "{mark} {since}  {service}  {}  {milestone}  {said}",
            level(look, &format!("{:<5}", line.level))
        );
        writeln!(out, "{}", row.trim_end())
    }

    /// The message and all that stands beside it.
    fn said(&mut self, hop: &'a Hop, current: usize) -> String {
        let line = &hop.line;
        let mut said = Vec::new();
        if hop.attempt != current || (hop.attempt > 1 && hop.step().is_some()) {
            said.push(format!("attempt {}:", hop.attempt));
        }
        if !line.message.is_empty() {
            said.push(escape(&line.message));
        }
        // What the header, the message or a row above says already is not said again.
        let (all, card) = (self.look.all, self.card);
        let told = |value: &str| {
            !all && (Some(value) == card || (value.len() > 2 && line.message.contains(value)))
        };
        if let Some(error) = line
            .error
            .as_ref()
            .and_then(|error| error.message.as_deref().or(error.kind.as_deref()))
            && !told(error)
        {
            said.push(format!("error={}", value(error)));
        }
        for (key, text) in &line.fields {
            let new = self.told.insert((key, text));
            if all || (new && !told(text)) {
                said.push(format!("{}={}", escape(key), value(text)));
            }
        }
        if self.look.all {
            for (key, text) in ids(line) {
                said.push(format!("{key}={}", value(text)));
            }
        }
        said.join(" ")
    }

    /// How long nothing happened, and between whom.
    pub(crate) fn gap(
        &self,
        out: &mut impl Write,
        gap: SignedDuration,
        from: &str,
        to: &str,
    ) -> io::Result<()> {
        let who = if from == to {
            format!("inside {}", escape(from))
        } else {
            format!("between {} and {}", escape(from), escape(to))
        };
        self.between(
            out,
            &format!("… nothing for {}, {who}", clock::span(gap)),
            Look::warn,
        )
    }

    pub(crate) fn attempt(
        &self,
        out: &mut impl Write,
        attempt: usize,
        of: usize,
    ) -> io::Result<()> {
        self.between(out, &format!("── attempt {attempt} of {of} ──"), Look::bold)
    }

    pub(crate) fn folded(&self, out: &mut impl Write, lines: usize) -> io::Result<()> {
        let noun = if lines == 1 { "line" } else { "lines" };
        self.between(
            out,
            &format!("… {lines} debug {noun}, shown with --all"),
            Look::dim,
        )
    }

    /// The step that should have come here.
    pub(crate) fn missing(&self, out: &mut impl Write, missing: &Missing) -> io::Result<()> {
        let service = self.column(
            missing.service.as_deref().unwrap_or("any service"),
            self.service,
        );
        let milestone = self.column(&missing.milestone, self.milestone);
        let row = format!(
            "✗ {:>width$}  {service}  {:<5}  {milestone}  {}",
            "",
            "",
            self.fit("← should have come here, and did not"),
            width = self.delta
        );
        writeln!(out, "{}", self.look.bad(&row))
    }

    fn between(
        &self,
        out: &mut impl Write,
        text: &str,
        paint: fn(&Look, &str) -> String,
    ) -> io::Result<()> {
        let indent = self.delta + 4;
        let text = self.look.width.filter(|_| !self.look.all).map_or_else(
            || text.to_owned(),
            |width| cut(text, width.saturating_sub(indent).max(NARROWEST)),
        );
        writeln!(out, "{}{}", " ".repeat(indent), paint(self.look, &text))
    }

    fn column(&self, text: &str, width: usize) -> String {
        let text = escape(text);
        if self.look.all {
            pad(&text, width)
        } else {
            pad(&cut(&text, width), width)
        }
    }

    fn fit(&self, said: &str) -> String {
        let before = 2 + self.delta + 2 + self.service + 2 + 5 + 2 + self.milestone + 2;
        match self.look.width.filter(|_| !self.look.all) {
            Some(width) => cut(said, width.saturating_sub(before).max(NARROWEST)),
            None => said.to_owned(),
        }
    }
}

fn ids(line: &Line) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("call_id", line.call_id.as_deref()),
        ("trace.id", line.trace_id.as_deref()),
    ]
    .into_iter()
    .filter_map(|(key, id)| Some((key, id?)))
}

/// A value that reads as one: in quotes if it is empty or holds a space, a quote or `=`.
fn value(text: &str) -> String {
    let safe = escape(text);
    match safe.is_empty() || safe.contains([' ', '"', '=']) {
        true => format!("\"{}\"", safe.replace('"', "\\\"")),
        false => safe,
    }
}
