//! `story <id> [FILES…]`: what happened under this id, and what should have and did not.

mod args;

use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use args::{Args, Asked};
use clap::Parser;
use story::{KANBAN, Reading};

/// Wrong use, or a file that cannot be read.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let printed = error.print().is_ok();
            return if printed && !error.use_stderr() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(USAGE)
            };
        }
    };
    run(&args).map_or_else(|problems| fail(&problems), ExitCode::from)
}

fn run(args: &Args) -> Result<u8, Vec<String>> {
    if args.print_way {
        io::stdout()
            .lock()
            .write_all(KANBAN.as_bytes())
            .or_else(|error| unwritten(&error))?;
        return Ok(0);
    }
    let Asked {
        id,
        way,
        mut sources,
    } = args.open(|name| std::env::var(name).ok())?;
    let reading = story::read(id, &mut sources, &way).map_err(|error| vec![error.to_string()])?;
    show(args, &reading).or_else(|error| unwritten(&error))?;
    Ok(reading.exit_code())
}

fn show(args: &Args, reading: &Reading) -> io::Result<()> {
    let look = args.look();
    // The look decides about colours; the stream only brings them to consoles that need help.
    let choice = if look.color {
        ColorChoice::Always
    } else {
        ColorChoice::Never
    };
    let mut out = io::BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    if args.json {
        story::json::write(reading, &mut out)?;
    } else if reading.stories.is_empty() {
        nothing(reading, &mut anstream::stderr().lock())?;
    } else {
        story::render(reading, &look, &mut out)?;
    }
    out.flush()
}

/// Whoever closes the pipe has seen enough, as `head` has; anything else is a problem.
fn unwritten(error: &io::Error) -> Result<(), Vec<String>> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(vec![format!("cannot write: {error}")]),
    }
}

fn fail(problems: &[String]) -> ExitCode {
    let mut err = anstream::stderr().lock();
    for problem in problems {
        // Nowhere is left to say that standard error is gone.
        let _ = writeln!(err, "story: {problem}");
    }
    ExitCode::from(USAGE)
}

fn nothing(reading: &Reading, err: &mut impl Write) -> io::Result<()> {
    let (id, without) = (reading.id.escape_debug(), reading.searched.without_id);
    writeln!(
        err,
        "story: nothing found: no line has {id} as its correlation id or its card"
    )?;
    writeln!(err, "  read {}", story::searched(reading))?;
    if without > 0 {
        writeln!(
            err,
            "  lines that name the card carry no correlation id: who logged them is not handed it"
        )?;
    }
    if reading.searched.nearest.is_empty() {
        return writeln!(
            err,
            "  nothing comes near it: are the logs of that time and place among them?"
        );
    }
    let nearest: Vec<_> = reading
        .searched
        .nearest
        .iter()
        .map(|id| id.escape_debug().to_string())
        .collect();
    writeln!(err, "  did you mean {}?", nearest.join(", "))
}
