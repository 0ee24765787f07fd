//! What the arguments say: those that nobody knows are told, each with the nearest known one, and the
//! rest is read all the same.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

use super::problems::Problems;

pub(super) enum Read {
    Matches(ArgMatches),
    /// `--help` and `--version`.
    Say(String),
}

/// Reads the arguments; what is unknown becomes a problem.
///
/// # Errors
/// All problems, where the rest can't be read either.
pub(super) fn read(
    command: &Command,
    mut args: Vec<String>,
    problems: &mut Problems,
) -> Result<Read, Problems> {
    loop {
        let error = match command.clone().try_get_matches_from(&args) {
            Ok(matches) => return Ok(Read::Matches(matches)),
            Err(error) if !error.use_stderr() => return Ok(Read::Say(error.render().to_string())),
            Err(error) => error,
        };
        if take_unknown(&error, command, &mut args, problems).is_none() {
            let mut problems = std::mem::take(problems);
            problems.push("arguments", args.join(" "), first_line(&error));
            return Err(problems);
        }
    }
}

/// Takes out the argument that is unknown, with its value.
fn take_unknown(
    error: &clap::Error,
    command: &Command,
    args: &mut Vec<String>,
    problems: &mut Problems,
) -> Option<()> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let name =
        text(ContextKind::InvalidArg).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let is_it = |arg: &String| arg.split('=').next() == Some(&name);
    let at = args.iter().position(is_it)?;
    let arg = args.remove(at);
    let value = match arg.split_once('=') {
        Some((_, value)) => value.to_owned(),
        None => {
            let is_task = |arg: &String| command.find_subcommand(arg).is_some();
            let follows = |arg: &&String| !arg.starts_with('-') && !is_task(arg);
            match args.get(at).filter(follows) {
                Some(_) => args.remove(at),
                None => String::new(),
            }
        }
    };
    let reason = match text(ContextKind::SuggestedArg) {
        Some(known) => format!("unknown argument; did you mean {known}?"),
        None => "unknown argument; `sqs-connector --help` lists those that there are".to_owned(),
    };
    problems.push(name, value, reason);
    Some(())
}

/// What is wrong, and what would be right, without the list of all that there is.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let said = text.split("\n\nUsage:").next().unwrap_or(&text);
    let said: Vec<&str> = said.split_whitespace().collect();
    let reason = said.join(" ");
    let reason = reason.trim_start_matches("error: ");
    format!("{reason}; see `sqs-connector --help`")
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{QUEUE, problems};

    #[test]
    fn every_unknown_argument_is_told_with_the_nearest_and_the_rest_is_checked_as_well() {
        let told = problems(
            &[
                "--queue-url",
                QUEUE,
                "-visbility-timeout=60s",
                "--colour",
                "red",
                "--wait-time=21s",
            ],
            &[],
            "",
        );
        let expected = [
            "--visbility-timeout = \"60s\": unknown argument; did you mean --visibility-timeout?",
            "--colour = \"red\": unknown argument; `sqs-connector --help` lists those that there are",
            "--wait-time = \"21s\": SQS takes whole seconds from 0 to 20",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_command_after_an_unknown_argument_is_none_of_its_values() {
        let told = problems(&["--colour", "check", "--queue-url=orders"], &[], "");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("--colour = \"\""), "{told:?}");
    }

    #[test]
    fn what_is_no_command_is_told_without_all_that_there_is() {
        let told = problems(&["redriv", "--queue-url", QUEUE], &[], "");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("unrecognized subcommand 'redriv'"),
            "{told:?}"
        );
        assert!(told[0].contains("'redrive'"), "{told:?}");
        assert!(!told[0].contains("Usage"), "{told:?}");
    }
}
