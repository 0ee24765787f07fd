//! The way of a function's author: pull the template, make functions, test and run them, build their
//! images and see them at work.
//!
//! It is walked with the real faas-cli where that is on `PATH`, and by its rules elsewhere; the rules
//! are held against the real one whenever both are there. The container builder is real in any case.

mod builder;
mod cases;
mod container;
mod faas_cli;
mod rules;
mod run;
mod stack_file;
mod tree;
mod walk;

pub use builder::Builder;
pub use cases::all;
pub use faas_cli::FaasCli;
pub use rules::{Rules, lay_out};
pub use stack_file::{Function, StackFile, Template, expand};
pub use tree::{Tree, copy};
pub use walk::{Case, Walk};
