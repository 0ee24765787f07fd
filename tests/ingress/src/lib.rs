//! The mapping template of `ingress/` beside the stack's own ingress: whatever a sender sends, the two
//! put the same bytes on the queue.
//!
//! The template is run by Apache Velocity, which is Java. So this is a command, which `.ci/ingress`
//! calls; `cargo test` reads what the template rendered when that was last called.

pub mod delivery;
pub mod law;
pub mod queue;
pub mod sample;
pub mod velocity;
