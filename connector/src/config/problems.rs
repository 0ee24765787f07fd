//! Everything that is wrong with a configuration, at once.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as it was given: a flag, a variable, or a key of the file.
    pub name: String,
    /// The value that was given; secrets never get here.
    pub value: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.name, self.value, self.reason)
    }
}

/// All that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Notes one more.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.0.push(Problem {
            name: name.into(),
            value: without_credentials(&value.into()),
            reason: reason.into(),
        });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The value with user and password of each URL in it left out.
fn without_credentials(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(['/', ',', '?', '#', ' ']).unwrap_or(after.len());
        shown.push_str(before);
        shown.push_str("://");
        rest = after;
        if let Some((_, host)) = after[..end].rsplit_once('@') {
            shown.push_str("[redacted]@");
            rest = &after[end - host.len()..];
        }
    }
    shown + rest
}

/// The known name that is nearest to an unknown one, where one is near enough to be meant.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let unknown = unknown.to_ascii_lowercase().replace('-', "_");
    (known.map(|name| (distance(&unknown, name), name)))
        .min()
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not_guessed() {
        let known = || ["wait_time", "max_messages", "visibility_timeout"].into_iter();
        assert_eq!(nearest("wait_tme", known()), Some("wait_time"));
        assert_eq!(nearest("maxMessages", known()), Some("max_messages"));
        assert_eq!(
            nearest("visibility-timeout", known()),
            Some("visibility_timeout")
        );
        assert_eq!(nearest("colour", known()), None);
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let mut problems = Problems::default();
        let value = "https://user:p@ss@sqs.eu-west-1.amazonaws.com/1/q,http://x/@y";
        problems.push("queue_url", value, "no");
        assert_eq!(
            problems.0[0].value,
            "https://[redacted]@sqs.eu-west-1.amazonaws.com/1/q,http://x/@y"
        );
    }

    #[test]
    fn a_problem_reads_as_name_value_reason() {
        let mut problems = Problems::default();
        problems.push("wait_time", "21s", "at most 20 s");
        assert_eq!(problems.to_string(), "wait_time = \"21s\": at most 20 s\n");
    }
}
