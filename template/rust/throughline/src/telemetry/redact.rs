//! The names of fields whose values never reach the log.

/// What stands in a line where a value would.
pub(crate) const REDACTED: &str = "[redacted]";

/// Names of fields to hide, compared without regard to case. A name hides the field that is called
/// so, and every field whose last part after a dot is: `password` hides `user.password`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redact(Vec<String>);

impl Redact {
    pub(crate) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| name.trim().to_ascii_lowercase());
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    pub(crate) fn hides(&self, field: &str) -> bool {
        // Nearly always there is nothing to look for.
        !self.0.is_empty()
            && self.0.iter().any(|name| {
                let last = field.rsplit('.').next().unwrap_or(field);
                field.eq_ignore_ascii_case(name) || last.eq_ignore_ascii_case(name)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_hides_itself_in_any_case_and_as_the_last_part_of_a_dotted_one() {
        let redact = Redact::new(&["Password".into(), " card.number ".into(), String::new()]);
        for hidden in ["password", "PASSWORD", "user.password", "card.number"] {
            assert!(redact.hides(hidden), "{hidden}");
        }
        for shown in ["passwords", "password.hint", "number", "", "card"] {
            assert!(!redact.hides(shown), "{shown}");
        }
    }
}
