//! Collects what was given: flags, environment and file, as text with the name it was given by.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value};

use super::Inputs;
use super::arguments::{self, Read};
use super::problems::{Problems, nearest};
use super::settings::{FILE_KEYS, QUEUE_KEYS, SETTINGS};
use super::tasks;
use crate::commands::Task;

/// A value as it was given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// By which name: `--wait-time`, `wait_time`, `queues[0].wait_time`.
    pub(super) name: String,
    pub(super) value: String,
}

/// Settings of the whole, or of one queue.
pub(super) type Settings = BTreeMap<&'static str, Given>;

/// What was given, merged but not checked.
pub(super) struct Raw {
    pub(super) settings: Settings,
    /// The entries of `queues`.
    pub(super) queues: Vec<Settings>,
    pub(super) print: bool,
    /// What to do instead of running.
    pub(super) task: Option<Task>,
    pub(super) problems: Problems,
}

pub(super) enum Collected {
    Settings(Box<Raw>),
    /// `--help` and `--version`.
    Say(String),
}

pub(super) fn collect(inputs: Inputs<'_>) -> Result<Collected, Problems> {
    let mut problems = Problems::default();
    let args = inputs.args.iter().map(|arg| with_two_dashes(arg));
    let matches = match arguments::read(&command(), args.collect(), &mut problems)? {
        Read::Matches(matches) => matches,
        Read::Say(text) => return Ok(Collected::Say(text)),
    };
    let mut raw = Raw {
        settings: Settings::new(),
        queues: Vec::new(),
        print: matches.get_flag("print_config"),
        task: tasks::task(&matches),
        problems,
    };
    if let Some(path) = matches.get_one::<String>("config") {
        read_file(&mut raw, path, inputs);
    }
    for setting in SETTINGS {
        let set = |name: &&&str| (inputs.env)(name).filter(|value| !value.is_empty());
        if let Some(name) = setting.env.iter().find(|name| set(name).is_some()) {
            let value = set(&name).unwrap_or_default();
            raw.settings.insert(
                setting.key,
                Given {
                    name: (*name).to_owned(),
                    value,
                },
            );
        }
        take_flag(&mut raw.settings, &matches, setting.key);
    }
    if matches!(raw.task, Some(Task::Peek(_) | Task::Redrive(_))) {
        // Nothing is asked of the gateway: its credentials need not be there.
        let given = Given {
            name: "--basic-auth".to_owned(),
            value: "false".to_owned(),
        };
        raw.settings.insert("basic_auth", given);
    }
    Ok(Collected::Settings(Box::new(raw)))
}

fn take_flag(settings: &mut Settings, matches: &ArgMatches, key: &'static str) {
    if let Some(value) = matches.get_one::<String>(key) {
        let name = format!("--{}", key.replace('_', "-"));
        settings.insert(
            key,
            Given {
                name,
                value: value.clone(),
            },
        );
    }
}

fn command() -> clap::Command {
    let path = |id: &'static str, help| Arg::new(id).long(id).help(help);
    let mut command = clap::Command::new("sqs-connector")
        .about(
            "Polls SQS queues and invokes OpenFaaS functions, with the correlation id in a header",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .no_binary_name(true)
        .subcommands(tasks::subcommands())
        .arg(
            path("config", "A YAML file with these settings and `queues:`")
                .value_name("FILE")
                .global(true),
        )
        .arg(
            Arg::new("print_config")
                .long("print-config")
                .action(ArgAction::SetTrue)
                .help("Print the effective configuration and end"),
        );
    for setting in SETTINGS {
        let mut arg = Arg::new(setting.key)
            .long(setting.key.replace('_', "-"))
            .help(setting.help)
            .value_name("VALUE")
            .global(true)
            // As in Go's flags, the last one counts.
            .overrides_with(setting.key);
        if setting.switch {
            arg = arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true");
        }
        command = command.arg(arg);
    }
    command
}

/// Go's flags may have one dash; the paid connector's chart writes `-license-file`.
fn with_two_dashes(arg: &str) -> String {
    let name = arg.strip_prefix('-').unwrap_or_default();
    // Those that have one letter have one dash.
    let is_long = name.bytes().take(2).filter(u8::is_ascii_lowercase).count() == 2;
    if is_long {
        format!("-{arg}")
    } else {
        arg.to_owned()
    }
}

fn read_file(raw: &mut Raw, path: &str, inputs: Inputs<'_>) {
    let text = match (inputs.read)(Path::new(path)) {
        Ok(text) => text,
        Err(error) => {
            return raw
                .problems
                .push("--config", path, format!("cannot be read: {error}"));
        }
    };
    let value: Option<Value> = match serde_saphyr::from_str(&text) {
        Ok(value) => value,
        Err(error) => {
            let reason = error.to_string();
            let first = reason.lines().next().unwrap_or("unreadable");
            return raw
                .problems
                .push("--config", path, format!("is not YAML: {first}"));
        }
    };
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => take_file(raw, map),
        Some(_) => raw
            .problems
            .push("--config", path, "is not a map of settings"),
    }
}

fn take_file(raw: &mut Raw, mut map: Map<String, Value>) {
    match map.remove("queues") {
        None | Some(Value::Null) => {}
        Some(Value::Array(entries)) => {
            for (n, entry) in entries.into_iter().enumerate() {
                let name = format!("queues[{n}]");
                match entry {
                    Value::Object(entry) => {
                        let settings =
                            take_map(&mut raw.problems, &format!("{name}."), entry, true);
                        raw.queues.push(settings);
                    }
                    other => raw.problems.push(
                        name,
                        other.to_string(),
                        "an entry is a map, at least with `url`",
                    ),
                }
            }
        }
        Some(other) => raw.problems.push(
            "queues",
            other.to_string(),
            "this is a list of entries, each with `url`",
        ),
    }
    raw.settings = take_map(&mut raw.problems, "", map, false);
}

/// The settings of a map; an unknown key is a problem, with the nearest known name.
fn take_map(
    problems: &mut Problems,
    prefix: &str,
    map: Map<String, Value>,
    per_queue: bool,
) -> Settings {
    let mut settings = Settings::new();
    let more = if per_queue { QUEUE_KEYS } else { FILE_KEYS };
    let keys = || {
        SETTINGS
            .iter()
            .filter(move |s| s.per_queue || !per_queue)
            .map(|s| s.key)
    };
    for (key, value) in map {
        let name = format!("{prefix}{key}");
        if key == "backoff" {
            if let Value::Object(bounds) = value {
                for (bound, value) in bounds {
                    let name = format!("{name}.{bound}");
                    let key = match bound.as_str() {
                        "min" => "backoff_min",
                        "max" => "backoff_max",
                        _ => {
                            problems.push(
                                name,
                                scalar(&value).unwrap_or_default(),
                                "unknown: backoff has min and max",
                            );
                            continue;
                        }
                    };
                    insert(problems, &mut settings, key, name, &value);
                }
            } else {
                problems.push(name, value.to_string(), "this is a map with min and max");
            }
            continue;
        }
        let known = keys()
            .chain(more.iter().copied())
            .find(|known| *known == key);
        match known {
            Some(known) => insert(problems, &mut settings, known, name, &value),
            None => {
                let meant = nearest(&key, keys().chain(more.iter().copied()));
                let reason = meant.map_or_else(
                    || "unknown setting".to_owned(),
                    |meant| format!("unknown setting; did you mean {meant}?"),
                );
                problems.push(name, scalar(&value).unwrap_or_default(), reason);
            }
        }
    }
    settings
}

fn insert(
    problems: &mut Problems,
    settings: &mut Settings,
    key: &'static str,
    name: String,
    value: &Value,
) {
    let text = match value {
        // A pattern in YAML is carried on as JSON.
        Value::Object(_) | Value::Array(_) if key == "filter" => Some(value.to_string()),
        value => scalar(value),
    };
    match text {
        Some(value) => {
            settings.insert(key, Given { name, value });
        }
        None if value.is_null() => {}
        None => problems.push(name, value.to_string(), "this is a single value"),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        // `queue_url` and `topics` may be lists too.
        Value::Array(items) => items
            .iter()
            .map(scalar)
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        Value::Null | Value::Object(_) => None,
    }
}
