//! All that was read of one id: its stories, and what they rest on.

use crate::search::{Searched, search};
use crate::source::{Source, SourceError};
use crate::story::Story;
use crate::way::Way;

/// The stories of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The id asked for.
    pub id: String,
    /// It is a card's: none of the stories has it as its correlation id.
    pub by_card: bool,
    /// The stories, oldest first.
    pub stories: Vec<Story>,
    /// What was read.
    pub searched: Searched,
}

/// Reads the stories of `id`: a correlation id, else a card's id.
///
/// Memory is bounded by the lines of the stories; see [`Source`] for what is read twice.
///
/// # Errors
/// If a source cannot be read to its end, or cannot be kept for a second pass.
pub fn read(id: &str, sources: &mut [Source], way: &Way) -> Result<Reading, SourceError> {
    let found = search(id, sources)?;
    let mut stories: Vec<_> = found
        .stories
        .into_iter()
        .map(|(id, lines)| Story::assemble(id, lines, way))
        .collect();
    if found.by_card {
        // The card asked for, not another that some line names as well.
        stories
            .iter_mut()
            .for_each(|story| story.card = Some(id.to_owned()));
    }
    stories.sort_by_cached_key(|story| {
        (
            story.began().is_none(),
            story.began(),
            story.correlation_id.clone(),
        )
    });
    Ok(Reading {
        id: id.to_owned(),
        by_card: found.by_card,
        stories,
        searched: found.searched,
    })
}

impl Reading {
    /// 0 when every story is whole, 1 when one is not, 2 when there is none.
    pub fn exit_code(&self) -> u8 {
        self.stories.iter().map(Story::exit_code).max().unwrap_or(2)
    }
}
