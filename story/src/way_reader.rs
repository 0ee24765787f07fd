//! Takes values out of a way file, and keeps what is wrong with them.

use std::ops::Range;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::nearest::nearest_name;

pub(crate) type Table<'t> = Spanned<DeValue<'t>>;

/// A way file while it is read.
pub(crate) struct Reader<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) problems: Vec<String>,
}

impl Reader<'_> {
    pub(crate) fn problem(&mut self, span: Option<Range<usize>>, what: &str) {
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

    pub(crate) fn known(&mut self, table: &DeTable<'_>, of: &str, known: &[&str]) {
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
    pub(crate) fn tables<'t, 'i>(
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

    pub(crate) fn text_at(&mut self, table: &DeTable<'_>, of: &str, key: &str) -> Option<String> {
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

    pub(crate) fn flag(&mut self, table: &DeTable<'_>, of: &str, key: &str) -> bool {
        let Some(value) = table.get(key) else {
            return false;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, &at(of, key), "true or false");
        }
        flag.unwrap_or_default()
    }

    pub(crate) fn span(
        &mut self,
        table: &DeTable<'_>,
        of: &str,
        key: &str,
    ) -> Option<SignedDuration> {
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

    pub(crate) fn wrong(&mut self, value: &Table<'_>, name: &str, wanted: &str) {
        let given = self.text.get(value.span()).unwrap_or_default().to_owned();
        self.problem(
            Some(value.span()),
            &format!("{name} = {given}: must be {wanted}"),
        );
    }
}

fn at(of: &str, key: &str) -> String {
    if of.is_empty() {
        key.to_owned()
    } else {
        format!("{of}.{key}")
    }
}
