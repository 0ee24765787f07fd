//! Finds the lines of a story: by its correlation id, else by a card that it names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use memchr::memmem::Finder;

use crate::line::Line;
use crate::nearest::NearIds;
use crate::source::{Piece, Source, SourceError};
use crate::wrapping;

/// Past so many correlation ids, testing each line's text for them costs more than reading it.
const FINDERS: usize = 16;

/// The lines that belong to an id.
#[derive(Debug)]
pub(crate) struct Found {
    /// Lines by correlation id, in the order in which they were read.
    pub(crate) stories: BTreeMap<String, Vec<Line>>,
    /// The id is a card's.
    pub(crate) by_card: bool,
    pub(crate) searched: Searched,
}

/// What was read, so that nobody has to guess what a story rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Searched {
    /// The sources' names.
    pub sources: Vec<String>,
    /// Lines that were not blank.
    pub lines: u64,
    /// Lines without a JSON object in them.
    pub not_json: u64,
    /// Lines over 1 MiB.
    pub too_long: u64,
    /// Lines of the stories that were there more than once, and are shown once.
    pub duplicates: u64,
    /// Lines that name the card and no correlation id, so that they are in no story.
    pub without_id: u64,
    /// If nothing was found: the ids that come near.
    pub nearest: Vec<String>,
}

/// Reads every source once, and those of a card twice.
pub(crate) fn search(id: &str, sources: &mut [Source]) -> Result<Found, SourceError> {
    let mut searched = Searched {
        sources: sources
            .iter()
            .map(|source| source.name().to_owned())
            .collect(),
        ..Searched::default()
    };
    let mut own = Gathered::default();
    let mut of_card = HashSet::new();
    let wanted = Finder::new(id);
    for source in &mut *sources {
        source.read(|piece| {
            searched.lines += 1;
            let text = match piece {
                Piece::TooLong => return searched.too_long += 1,
                Piece::Line(text) => text,
            };
            if !may_hold(text, std::slice::from_ref(&wanted)) {
                searched.not_json += u64::from(!wrapping::holds_object(text));
                return;
            }
            match Line::parse(&String::from_utf8_lossy(text)) {
                None => searched.not_json += 1,
                Some(line) if line.correlation_id.as_deref() == Some(id) => own.add(line),
                Some(line) if line.names_card(id) => match line.correlation_id {
                    Some(story) => drop(of_card.insert(story)),
                    None => searched.without_id += 1,
                },
                Some(_) => {}
            }
        })?;
    }
    let by_card = own.stories.is_empty() && !of_card.is_empty();
    if by_card {
        own = gather(&of_card, sources)?;
    } else if own.stories.is_empty() {
        searched.nearest = nearest(id, sources)?;
    } else {
        searched.without_id = 0;
    }
    searched.duplicates = own.duplicates;
    Ok(Found {
        stories: own.stories,
        by_card,
        searched,
    })
}

fn gather(ids: &HashSet<String>, sources: &mut [Source]) -> Result<Gathered, SourceError> {
    let finders: Vec<_> = ids
        .iter()
        .take(FINDERS + 1)
        .map(|id| Finder::new(id.as_str()))
        .collect();
    let mut gathered = Gathered::default();
    each_line(sources, |text| {
        if finders.len() > FINDERS || may_hold(text, &finders) {
            let line = Line::parse(&String::from_utf8_lossy(text));
            if let Some(line) = line.filter(|line| {
                line.correlation_id
                    .as_ref()
                    .is_some_and(|id| ids.contains(id))
            }) {
                gathered.add(line);
            }
        }
    })?;
    Ok(gathered)
}

fn nearest(id: &str, sources: &mut [Source]) -> Result<Vec<String>, SourceError> {
    let mut near = NearIds::of(id);
    each_line(sources, |text| {
        if let Some(line) = Line::parse(&String::from_utf8_lossy(text)) {
            line.correlation_id
                .iter()
                .chain(&line.cards)
                .for_each(|known| near.offer(known));
        }
    })?;
    Ok(near.into_best())
}

fn each_line(sources: &mut [Source], mut each: impl FnMut(&[u8])) -> Result<(), SourceError> {
    sources.iter_mut().try_for_each(|source| {
        source.read(|piece| match piece {
            Piece::Line(text) => each(text),
            Piece::TooLong => {}
        })
    })
}

/// Whether the line can hold one of the ids: literally, or behind JSON's escapes.
fn may_hold(text: &[u8], ids: &[Finder<'_>]) -> bool {
    ids.iter().any(|id| id.find(text).is_some()) || memchr::memchr(b'\\', text).is_some()
}

/// Lines by story, each once.
#[derive(Debug, Default)]
struct Gathered {
    stories: BTreeMap<String, Vec<Line>>,
    seen: HashMap<u64, (String, usize)>,
    duplicates: u64,
}

impl Gathered {
    fn add(&mut self, line: Line) {
        let id = line.correlation_id.clone().unwrap_or_default();
        let lines = self.stories.entry(id.clone()).or_default();
        // Without a time, the same text twice may well be two events.
        if line.at.is_some() {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            match self.seen.get(&hasher.finish()) {
                Some((story, at)) if *story == id && lines[*at] == line => {
                    self.duplicates += 1;
                    return;
                }
                Some(_) => {}
                None => drop(self.seen.insert(hasher.finish(), (id, lines.len()))),
            }
        }
        lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = r#"{"@timestamp":"2026-11-21T06:27:39Z","correlation_id":"c-1","message":"webhook"}
{"@timestamp":"2026-11-21T06:27:40Z","correlation_id":"c-1","message":"moved","fields":{"card_id":"KAN-7"}}
{"@timestamp":"2026-11-21T06:27:41Z","message":"lost","fields":{"card_id":"KAN-7"}}
starting"#;
    const B: &str = r#"2026-11-21T06:27:40Z stdout F {"@timestamp":"2026-11-21T06:27:40Z","correlation_id":"c-1","message":"moved","fields":{"card_id":"KAN-7"}}
{"@timestamp":"2026-11-22T06:27:39Z","correlation_id":"c\u002d2","card_id":"KAN-7"}"#;

    fn found(id: &str) -> Found {
        search(id, &mut [Source::text("a", A), Source::text("b", B)]).unwrap()
    }

    fn sizes(found: &Found) -> Vec<(&str, usize)> {
        found
            .stories
            .iter()
            .map(|(id, lines)| (id.as_str(), lines.len()))
            .collect()
    }

    #[test]
    fn a_correlation_id_is_its_story_and_a_line_in_two_files_counts_once() {
        let found = found("c-1");
        assert_eq!(sizes(&found), [("c-1", 2)]);
        assert!(!found.by_card);
        let Searched {
            lines,
            not_json,
            duplicates,
            ..
        } = found.searched;
        assert_eq!((lines, not_json, duplicates), (6, 1, 1));
    }

    #[test]
    fn a_card_is_all_its_stories_with_the_lines_that_do_not_name_it() {
        let found = found("KAN-7");
        assert_eq!(sizes(&found), [("c-1", 2), ("c-2", 1)]);
        assert!(found.by_card);
        assert_eq!(found.searched.without_id, 1);
    }

    #[test]
    fn an_id_behind_json_escapes_is_found() {
        assert_eq!(sizes(&found("c-2")), [("c-2", 1)]);
    }

    #[test]
    fn nothing_found_offers_what_comes_near() {
        let found = found("KAN-8");
        assert!(found.stories.is_empty());
        assert_eq!(found.searched.nearest, ["KAN-7"]);
    }
}
