//! The connector against an SQS and a gateway over real sockets, scenario by scenario.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod batches;
mod callbacks;
mod delivery;
mod drain;
mod fakes;
mod fan_out;
mod faults;
mod filters;
mod groups;
mod headers;
mod labels;
mod late;
mod limits;
mod outages;
mod pod;
mod process;
mod readme;
mod redrive;
mod retry_rules;
mod settling;
mod spans;
mod stalls;
mod stop;
mod storm;
mod verdicts;
mod world;
