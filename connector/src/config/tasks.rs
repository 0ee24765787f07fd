//! The commands beside running, on the command line.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};

use crate::commands::Task;
use crate::commands::dead_letters::{Peek, Redrive};

/// How many dead letters are shown, where nothing else is asked for.
const SHOWN: &str = "20";

pub(super) fn subcommands() -> [Command; 3] {
    let queue = || {
        Arg::new("task_queue")
            .long("queue")
            .value_name("NAME")
            .help("Whose dead-letter queue, where several queues are configured")
    };
    let ids = || {
        Arg::new("id")
            .long("id")
            .value_name("ID")
            .action(ArgAction::Append)
            .help("A message or correlation id; may be given several times")
    };
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    [
        Command::new("check")
            .about("Checks that all is there that the connector needs; exits with 1 where it is not")
            .arg(switch("json", "JSON instead of a table")),
        Command::new("peek")
            .about("Shows what is in the dead-letter queue")
            .arg(queue())
            .arg(ids())
            .arg(
                Arg::new("limit")
                    .long("limit")
                    .value_name("N")
                    .default_value(SHOWN)
                    .value_parser(value_parser!(u32).range(1..))
                    .help("Show at most so many"),
            )
            .arg(switch("json", "One JSON object a line, bodies whole")),
        Command::new("redrive")
            .about("Sends dead letters back to the queue they came from; without --execute it only says what it would do")
            .arg(queue())
            .arg(ids())
            .arg(switch("all", "All of them"))
            .group(ArgGroup::new("which").args(["id", "all"]).required(true))
            .arg(switch("execute", "Do it"))
            .arg(
                Arg::new("rate")
                    .long("rate")
                    .value_name("N")
                    .value_parser(value_parser!(u32).range(1..=10_000))
                    .help("Messages a second at most [50 one by one; SQS's own choice where SQS moves them]"),
            )
            .arg(switch("copy", "Send and delete one by one, even where SQS could move them")),
    ]
}

pub(super) fn task(matches: &ArgMatches) -> Option<Task> {
    let (name, matches) = matches.subcommand()?;
    let queue = |matches: &ArgMatches| matches.get_one::<String>("task_queue").cloned();
    let ids = |matches: &ArgMatches| -> Vec<String> {
        (matches.get_many::<String>("id").unwrap_or_default())
            .cloned()
            .collect()
    };
    Some(match name {
        "check" => Task::Check {
            json: matches.get_flag("json"),
        },
        "peek" => Task::Peek(Peek {
            queue: queue(matches),
            limit: matches
                .get_one::<u32>("limit")
                .map_or(0, |limit| *limit as usize),
            ids: ids(matches),
            json: matches.get_flag("json"),
        }),
        _ => Task::Redrive(Redrive {
            queue: queue(matches),
            ids: ids(matches),
            execute: matches.get_flag("execute"),
            rate: matches.get_one::<u32>("rate").copied(),
            copy: matches.get_flag("copy"),
        }),
    })
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
