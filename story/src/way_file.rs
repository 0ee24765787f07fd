//! Reads a way file: TOML in, a [`Way`] or every problem of it out.

use std::ops::Range;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::nearest::nearest_name;
use crate::way::{BadWay, End, Mark, Step, Way};

const TOP: &[&str] = &["step", "end", "retry", "skew"];
const STEP: &[&str] = &["milestone", "service", "within", "optional", "per", "hint"];
const END: &[&str] = &["milestone", "service", "then", "failed", "hint"];
const RETRY: &[&str] = &["milestone", "service"];
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
        .map(|retry| reader.mark("retry", retry, RETRY))
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

type Table<'t> = Spanned<DeValue<'t>>;

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Option<Range<usize>>, what: &str) {
        let line = span.map(|span| {
            self.text[..span.start.min(self.text.len())]
                .matches('\n')
                .count()
                + 1
        });
        let place = line.map_or_else(
            || self.name.to_owned(),
            |line| format!("{}:{line}", self.name),
        );
        self.problems.push(format!("{place}: {what}"));
    }

    fn known(&mut self, table: &DeTable<'_>, of: &str, known: &[&str]) {
        for key in table.keys() {
            let given = key.get_ref().as_ref();
            if !known.contains(&given) {
                let remedy = nearest_name(given, known.iter().copied()).map_or_else(
                    || format!("known are {}", known.join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                self.problem(
                    Some(key.span()),
                    &format!("unknown key {}: {remedy}", at(of, given)),
                );
            }
        }
    }

    /// The tables of `[[key]]`; anything else under that name is a problem.
    fn tables<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        key: &str,
    ) -> std::vec::IntoIter<&'t Table<'i>> {
        let mut tables = Vec::new();
        if let Some(value) = table.get(key) {
            match value.get_ref().as_array() {
                Some(array) if array.iter().all(|item| item.get_ref().is_table()) => {
                    tables.extend(array.iter())
                }
                _ => self.problem(
                    Some(value.span()),
                    &format!("{key} is no list of tables: write [[{key}]]"),
                ),
            }
        }
        tables.into_iter()
    }

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

    fn text_at(&mut self, table: &DeTable<'_>, of: &str, key: &str) -> Option<String> {
        let value = table.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => return Some(text.to_owned()),
            Some(_) => self.problem(
                Some(value.span()),
                &format!("{} = \"\": is empty; leave it out or say it", at(of, key)),
            ),
            None => self.wrong(value, &at(of, key), "text in quotes"),
        }
        None
    }

    fn flag(&mut self, table: &DeTable<'_>, of: &str, key: &str) -> bool {
        let Some(value) = table.get(key) else {
            return false;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, &at(of, key), "true or false");
        }
        flag.unwrap_or_default()
    }

    fn span(&mut self, table: &DeTable<'_>, of: &str, key: &str) -> Option<SignedDuration> {
        let value = table.get(key)?;
        let span = value
            .get_ref()
            .as_str()
            .and_then(|text| text.parse::<SignedDuration>().ok());
        if span.is_none_or(|span| span.is_negative()) {
            self.wrong(
                value,
                &at(of, key),
                "a time such as \"500ms\", \"30s\" or \"2m\"",
            );
        }
        span
    }

    fn wrong(&mut self, value: &Table<'_>, name: &str, wanted: &str) {
        let given = self.text.get(value.span()).unwrap_or_default().to_owned();
        self.problem(
            Some(value.span()),
            &format!("{name} = {given}: must be {wanted}"),
        );
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

fn at(of: &str, key: &str) -> String {
    if of.is_empty() {
        key.to_owned()
    } else {
        format!("{of}.{key}")
    }
}

#[cfg(test)]
#[path = "way_file_tests.rs"]
mod tests;
