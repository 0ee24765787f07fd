//! Which expected steps did not come.
//!
//! What counts is the last attempt: a step is there if that attempt had it, or if an earlier one
//! had it and the last went past it, since what had succeeded is not done again.

use std::collections::BTreeSet;

use crate::story::Hop;
use crate::way::{Role, Way};

/// A step that should have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its milestone.
    pub milestone: String,
    /// Who should have logged it.
    pub service: Option<String>,
    /// The place, in the story, of the step that did come before it.
    pub after: Option<usize>,
    /// What usually is the reason.
    pub hint: Option<String>,
    /// Its service wrote no line of the story at all.
    pub silent: bool,
    /// Another service logged this milestone.
    pub elsewhere: Option<String>,
}

/// The missing steps: the one to look at first, then the others in the way's order.
pub(crate) fn missing(hops: &[Hop], way: &Way) -> Vec<Missing> {
    let last = hops.iter().map(|hop| hop.attempt).max().unwrap_or(1);
    let steps = || {
        hops.iter()
            .enumerate()
            .filter_map(|(place, hop)| Some((place, hop, hop.step()?)))
    };
    let ever: BTreeSet<usize> = steps().map(|(_, _, step)| step).collect();
    let lately: BTreeSet<usize> = steps()
        .filter(|(_, hop, _)| hop.attempt == last)
        .map(|(_, _, step)| step)
        .collect();
    let furthest = lately.last().copied().unwrap_or_default();
    let came = |step: usize| lately.contains(&step) || (step < furthest && ever.contains(&step));

    let end = good_end(hops, way);
    let before_end = end.and_then(|(place, _)| hops[..place].iter().filter_map(Hop::step).max());
    let expected = |step: usize| match end {
        Some((_, end)) => {
            before_end.is_some_and(|before| step <= before) || way.ends[end].then.contains(&step)
        }
        None => true,
    };

    let mut missing: Vec<(usize, Missing)> = (0..way.steps.len())
        .filter(|step| !way.steps[*step].optional && expected(*step) && !came(*step))
        .map(|step| {
            let Some(known) = way.steps.get(step) else {
                unreachable!("only the way's own steps are looked at")
            };
            let service = known.mark.service.clone();
            // The latest hop of the nearest step before it that came.
            let before = (0..step).rev().find(|before| came(*before));
            let after = before.and_then(|before| {
                steps()
                    .filter(|(_, _, step)| *step == before)
                    .map(|(place, ..)| place)
                    .next_back()
            });
            let silent = service
                .as_ref()
                .is_some_and(|service| hops.iter().all(|hop| hop.line.service != *service));
            let same = |hop: &&Hop| {
                hop.role == Role::Beside
                    && hop.line.milestone.as_ref() == Some(&known.mark.milestone)
            };
            let elsewhere = hops.iter().find(same).map(|hop| hop.line.service.clone());
            let milestone = known.mark.milestone.clone();
            (
                step,
                Missing {
                    milestone,
                    service,
                    after,
                    hint: known.hint.clone(),
                    silent,
                    elsewhere,
                },
            )
        })
        .collect();
    // Steps before the first that came did happen, since the way went on: what they lack is their
    // log. So the first to look at is one after a step that came.
    missing.sort_by_key(|(step, missing)| (missing.after.is_none(), *step));
    missing.into_iter().map(|(_, missing)| missing).collect()
}

/// The last end that is no failure, with its place in the story.
fn good_end(hops: &[Hop], way: &Way) -> Option<(usize, usize)> {
    hops.iter()
        .enumerate()
        .rev()
        .find_map(|(place, hop)| match hop.role {
            Role::End(end) if !way.ends[end].failed => Some((place, end)),
            _ => None,
        })
}
