//! The command line of the commands beside running.

use std::time::Duration;

use super::super::*;

fn load_line(args: &[&str]) -> Result<Command, Problems> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    load(Inputs {
        args: &args,
        env: &|_| None,
        read: &|_| Err(std::io::ErrorKind::NotFound.into()),
    })
}

fn task_of(args: &[&str]) -> Task {
    let queue = "--queue-url=http://127.0.0.1:1/0/q";
    let args: Vec<&str> = [queue, "--basic-auth=false"]
        .iter()
        .chain(args)
        .copied()
        .collect();
    match load_line(&args) {
        Ok(Command::Do(task, config)) => {
            assert_eq!(config.queues.len(), 1);
            task
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_may_have_settings_on_either_side() {
    assert_eq!(task_of(&["check"]), Task::Check { json: false });
    assert_eq!(task_of(&["check", "--json"]), Task::Check { json: true });
    let before = config_of(&[
        "--wait-time=3",
        "--queue-url=http://127.0.0.1:1/0/q",
        "--basic-auth=false",
        "check",
    ]);
    let after = config_of(&[
        "check",
        "--queue-url=http://127.0.0.1:1/0/q",
        "--wait-time=3",
        "--basic-auth=false",
    ]);
    assert_eq!(before, after);
    assert_eq!(before.queues[0].wait_time, Duration::from_secs(3));
}

fn config_of(args: &[&str]) -> Config {
    match load_line(args) {
        Ok(Command::Do(_, config)) => *config,
        other => panic!("{other:?}"),
    }
}

#[test]
fn redriving_asks_for_what_and_does_nothing_by_default() {
    let nothing = load_line(&["redrive", "--queue-url=http://127.0.0.1:1/0/q"]);
    assert!(nothing.unwrap_err().to_string().contains("--id"));
    let Task::Redrive(all) = task_of(&["redrive", "--all"]) else {
        panic!("not a redrive")
    };
    assert!(!all.execute && !all.copy && all.ids.is_empty());
    let Task::Redrive(some) = task_of(&["redrive", "--id=a", "--id=b", "--execute", "--rate=5"])
    else {
        panic!("not a redrive")
    };
    assert_eq!(
        (some.ids.len(), some.execute, some.rate),
        (2, true, Some(5))
    );
}

#[test]
fn looking_at_dead_letters_needs_no_gateway() {
    let peek = load_line(&["peek", "--queue-url=http://127.0.0.1:1/0/q"]);
    assert!(
        matches!(peek, Ok(Command::Do(Task::Peek(_), _))),
        "{peek:?}"
    );
}
