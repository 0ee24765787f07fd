//! Reads a way file: TOML in, a [`Way`] or every problem of it out.

use jiff::SignedDuration;
use toml::de::DeTable;

use crate::nearest::nearest_name;
use crate::way::{BadWay, End, Mark, Retry, Step, Way};
use crate::way_reader::{Reader, Table};

const TOP: &[&str] = &["step", "end", "retry", "skew"];
const STEP: &[&str] = &["milestone", "service", "within", "optional", "per", "hint"];
const END: &[&str] = &["milestone", "service", "then", "failed", "hint"];
const RETRY: &[&str] = &["milestone", "service", "hint"];
const SKEW: SignedDuration = SignedDuration::from_millis(50);

pub(crate) fn parse(name: &str, text: &str) -> Result<Way, BadWay> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        name,
        text,
        problems: Vec::new(),
    };
    for error in errors {
        reader.problem(error.span(), &format!("no TOML: {}", error.message()));
    }
    let table = document.get_ref();
    reader.known(table, "", TOP);
    let steps = reader
        .tables(table, "step")
        .map(|step| reader.step(step))
        .collect::<Vec<_>>();
    let ends = reader
        .tables(table, "end")
        .map(|end| reader.end(end, &steps))
        .collect::<Vec<_>>();
    let retries = reader
        .tables(table, "retry")
        .map(|retry| reader.retry(retry))
        .collect();
    let skew = reader.span(table, "", "skew").unwrap_or(SKEW);
    if steps.is_empty() && reader.problems.is_empty() {
        reader.problem(None, "no [[step]]: a way needs at least one");
    }
    reader.twice(table, &["step", "end", "retry"]);
    match reader.problems {
        problems if problems.is_empty() => Ok(Way {
            steps,
            ends,
            retries,
            skew,
        }),
        problems => Err(BadWay { problems }),
    }
}

impl Reader<'_> {
    fn step(&mut self, step: &Table<'_>) -> Step {
        let mark = self.mark("step", step, STEP);
        let Some(table) = step.get_ref().as_table() else {
            unreachable!("only tables are given")
        };
        Step {
            mark,
            within: self.span(table, "step", "within"),
            optional: self.flag(table, "step", "optional"),
            per: self.text_at(table, "step", "per"),
            hint: self.text_at(table, "step", "hint"),
        }
    }

    fn end(&mut self, end: &Table<'_>, steps: &[Step]) -> End {
        let mark = self.mark("end", end, END);
        let Some(table) = end.get_ref().as_table() else {
            unreachable!("only tables are given")
        };
        let mut then = Vec::new();
        if let Some(value) = table.get("then") {
            let names = value
                .get_ref()
                .as_array()
                .map(|names| names.iter().collect::<Vec<_>>());
            match names {
                None => self.wrong(value, "end.then", "a list of milestones"),
                Some(names) => {
                    for name in names {
                        then.extend(self.place(name, steps));
                    }
                }
            }
        }
        let failed = self.flag(table, "end", "failed");
        if failed && !then.is_empty() {
            self.problem(
                Some(end.span()),
                "end.then beside failed = true: after a failed end the whole way is still expected",
            );
        }
        End {
            mark,
            then,
            failed,
            hint: self.text_at(table, "end", "hint"),
        }
    }

    fn retry(&mut self, retry: &Table<'_>) -> Retry {
        let mark = self.mark("retry", retry, RETRY);
        let hint = retry
            .get_ref()
            .as_table()
            .and_then(|table| self.text_at(table, "retry", "hint"));
        Retry { mark, hint }
    }

    fn place(&mut self, name: &Table<'_>, steps: &[Step]) -> Option<usize> {
        let Some(given) = name.get_ref().as_str() else {
            self.wrong(name, "end.then", "a list of milestones");
            return None;
        };
        let place = steps.iter().position(|step| step.mark.milestone == given);
        if place.is_none() {
            let near = nearest_name(given, steps.iter().map(|step| step.mark.milestone.as_str()));
            let remedy = near.map_or_else(
                || "add the step".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            self.problem(
                Some(name.span()),
                &format!("end.then = \"{given}\": no step has this milestone; {remedy}"),
            );
        }
        place
    }

    fn mark(&mut self, of: &str, value: &Table<'_>, known: &[&str]) -> Mark {
        let Some(table) = value.get_ref().as_table() else {
            unreachable!("only tables are given")
        };
        self.known(table, of, known);
        let milestone = self.text_at(table, of, "milestone");
        if milestone.is_none() && !table.contains_key("milestone") {
            self.problem(
                Some(value.span()),
                &format!("[[{of}]] without milestone: say what its line's `milestone` is"),
            );
        }
        Mark {
            milestone: milestone.unwrap_or_default(),
            service: self.text_at(table, of, "service"),
        }
    }

    /// The same milestone of the same service must not stand at two places.
    fn twice(&mut self, table: &DeTable<'_>, keys: &[&str]) {
        let mut seen: Vec<(String, Option<String>)> = Vec::new();
        for key in keys {
            let Some(array) = table.get(*key).and_then(|value| value.get_ref().as_array()) else {
                continue;
            };
            for value in array.iter() {
                let say = |key| {
                    Some(
                        value
                            .get_ref()
                            .as_table()?
                            .get(key)?
                            .get_ref()
                            .as_str()?
                            .to_owned(),
                    )
                };
                let Some(milestone) = say("milestone") else {
                    continue;
                };
                let mark = (milestone, say("service"));
                if seen.contains(&mark) {
                    self.problem(Some(value.span()), &format!("{key}.milestone = \"{}\": is there already; a milestone has one place on the way", mark.0));
                }
                seen.push(mark);
            }
        }
    }
}

#[cfg(test)]
#[path = "way_file_tests.rs"]
mod tests;
