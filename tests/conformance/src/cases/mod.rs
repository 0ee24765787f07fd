//! The cases, by what they are about.

mod attributes;
mod batches;
mod dead_letters;
mod deduplication;
mod delays;
mod fifo;
mod limits;
mod messages;
mod moves;
mod polling;
mod protocol;
mod queues;
mod receipts;
mod visibility;

use crate::case::Case;

/// Every case, with what it is about.
pub fn all() -> Vec<(&'static str, &'static [Case])> {
    vec![
        ("Messages", messages::CASES),
        ("Visibility", visibility::CASES),
        ("Receipt handles", receipts::CASES),
        ("Polling", polling::CASES),
        ("Batches", batches::CASES),
        ("Attributes", attributes::CASES),
        ("Limits", limits::CASES),
        ("Delays", delays::CASES),
        ("FIFO order", fifo::CASES),
        ("Deduplication", deduplication::CASES),
        ("Dead letters", dead_letters::CASES),
        ("Moving dead letters back", moves::CASES),
        ("Queues", queues::CASES),
        ("The protocol", protocol::CASES),
    ]
}
