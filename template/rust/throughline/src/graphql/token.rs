//! The bearer token of a backend.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Secret, SecretError, secret};

/// A token, or the secret that it is read from. Its `Debug` does not tell it.
#[derive(Clone)]
pub(super) struct Token(Kind);

#[derive(Clone)]
enum Kind {
    Fixed(Secret),
    Secret {
        name: Arc<str>,
        last: Arc<Mutex<Option<Secret>>>,
    },
}

impl Token {
    pub(super) fn fixed(token: impl Into<String>) -> Self {
        Self(Kind::Fixed(Secret::new(token)))
    }

    pub(super) fn secret(name: &str) -> Self {
        Self(Kind::Secret {
            name: name.into(),
            last: Arc::default(),
        })
    }

    /// The token as it is now. The file is small and in memory, so that reading it each time costs
    /// less than finding out whether it has changed.
    pub(super) fn read(&self) -> Result<Secret, SecretError> {
        let (name, last) = match &self.0 {
            Kind::Fixed(token) => return Ok(token.clone()),
            Kind::Secret { name, last } => (name, last),
        };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        match (secret(name), &*last) {
            (Ok(token), _) => {
                *last = Some(token.clone());
                Ok(token)
            }
            // A secret that is being exchanged may be missing for a moment.
            (Err(error), Some(known)) => {
                tracing::warn!(
                    error = %crate::telemetry::chain(&error),
                    "the secret {name} can't be read now; the one read last is used"
                );
                Ok(known.clone())
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(_) => f.write_str("Token(redacted)"),
            Kind::Secret { name, .. } => write!(f, "Token(the secret {name})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn given(token: Option<&str>) -> crate::secret::Given {
        let pair = token.map(|token| ("graphql-token".to_owned(), token.to_owned()));
        crate::secret::give(pair.into_iter().collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn a_token_that_was_rotated_is_the_new_one_and_one_that_went_missing_the_last() {
        let token = Token::secret("graphql-token");
        assert!(matches!(token.read(), Err(SecretError::Missing { .. })));
        let first = given(Some("one"));
        assert_eq!(token.read().unwrap().expose(), "one");
        let second = given(Some("two"));
        assert_eq!(token.read().unwrap().expose(), "two");
        let none = given(None);
        assert_eq!(token.read().unwrap().expose(), "two");
        drop((none, second, first));
        assert!(!format!("{token:?}").contains("two"));
    }
}
