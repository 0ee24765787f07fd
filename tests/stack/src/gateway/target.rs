//! What a path under `/function/` or `/async-function/` names. Pure.

/// The function that a path names, and the path that the function sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// `name` or `name.namespace`, as the caller wrote it.
    pub(super) full_name: &'a str,
    pub(super) path: &'a str,
}

impl<'a> Target<'a> {
    /// Reads what follows `/function/`. `None` where the gateway's routes would not match.
    pub(super) fn parse(rest: &'a str) -> Option<Self> {
        let end = rest.find('/').unwrap_or(rest.len());
        let (full_name, path) = rest.split_at(end);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let path = if path.is_empty() { "/" } else { path };
        (!full_name.is_empty() && full_name.chars().all(allowed))
            .then_some(Self { full_name, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_function_and_what_it_sees() {
        let parsed = |rest| Target::parse(rest).map(|target| (target.full_name, target.path));
        assert_eq!(parsed("pay"), Some(("pay", "/")));
        assert_eq!(parsed("pay/"), Some(("pay", "/")));
        assert_eq!(parsed("pay.staging/a/b"), Some(("pay.staging", "/a/b")));
        assert_eq!(parsed("pay/a%2Fb"), Some(("pay", "/a%2Fb")));
        for unknown in ["", "/", "p%61y", "a b"] {
            assert_eq!(parsed(unknown), None, "{unknown:?}");
        }
    }
}
