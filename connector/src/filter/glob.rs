//! Text with `*` for anything, as `wildcard` has it.

/// A wildcard pattern: the parts between the stars, of which there is one less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<String>);

impl Glob {
    /// Reads a pattern in which `\*` is a star and `\\` a backslash.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = vec![String::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' if characters.peek() == Some(&'*') => {
                    return Err("one * is enough: it stands for any text already");
                }
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' => (characters.next().filter(|next| matches!(next, '*' | '\\')))
                    .ok_or("a backslash stands before * or another backslash")?,
                other => other,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        Ok(Self(parts))
    }

    /// Whether the whole text fits. Takes each part where it comes first, which leaves the most for
    /// those after it.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return text == first;
        };
        let Some(text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some(mut text) = text.strip_suffix(last.as_str()) else {
            return false;
        };
        for part in between {
            let Some(at) = text.find(part.as_str()) else {
                return false;
            };
            text = &text[at + part.len()..];
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Glob::parse(pattern).unwrap().matches(text)
    }

    #[test]
    fn a_star_stands_for_any_text_and_none() {
        assert!(fits("Simple*Service", "SimpleQueueService"));
        assert!(fits("a*", "a") && fits("*a", "ba") && fits("*", "") && fits("*b*", "abc"));
        assert!(!fits("a*a", "a") && !fits("", "a") && !fits("*b", "bc") && !fits("a*b*c", "acb"));
        assert!(fits(r"a\*\\b", r"a*\b") && !fits(r"a\*b", "axb"));
    }

    #[test]
    fn what_is_unclear_is_refused() {
        for unclear in ["a**b", r"\a", r"a\"] {
            assert!(Glob::parse(unclear).is_err(), "{unclear}");
        }
    }

    /// Tries everything a star could stand for.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            Some((first, rest)) => text.first() == Some(first) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_trying_everything_matches(pattern in "(\\*?[ab]){0,6}\\*?", text in "[ab]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), naive(&characters(&pattern), &characters(&text)));
        }
    }
}
