//! Starts a deployment when a card moves on a Kanban board.

use std::process::ExitCode;
use std::sync::Arc;

use kanban_processor::{Config, handle};
use throughline::Request;

fn main() -> ExitCode {
    throughline::run_with(|env| {
        let config = Arc::new(Config::read(env, &|path| std::fs::read(path))?);
        Ok(move |request: Request| handle(Arc::clone(&config), request))
    })
}
