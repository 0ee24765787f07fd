//! What a pattern asks of one value.

use super::decimal::Decimal;
use super::event::Leaf;
use super::glob::Glob;

/// One rule of the list that a field has in a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    Is(Literal),
    Text(Shape),
    Numeric(Vec<(Comparison, Decimal)>),
    /// A value that is none of these.
    AnythingBut(Vec<Rule>),
    /// There is a value; or there is none.
    Exists(bool),
}

/// A value as it stands in a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
}

/// What a text looks like.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Prefix(String),
    Suffix(String),
    /// These three are kept in lower case.
    PrefixAnyCase(String),
    SuffixAnyCase(String),
    EqualsAnyCase(String),
    Wildcard(Glob),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Rule {
    /// Whether a value that is there is as the rule has it.
    pub(super) fn matches(&self, leaf: &Leaf<'_>) -> bool {
        match self {
            Self::Is(literal) => literal.is(leaf),
            Self::Text(shape) => text(leaf).is_some_and(|text| shape.matches(text)),
            Self::Numeric(bounds) => number(leaf).is_some_and(|number| {
                (bounds.iter()).all(|(comparison, bound)| comparison.holds(number, bound))
            }),
            Self::AnythingBut(rules) => !rules.iter().any(|rule| rule.matches(leaf)),
            Self::Exists(exists) => *exists,
        }
    }

    /// Whether no value at all is as the rule has it.
    pub(super) fn matches_nothing(&self) -> bool {
        *self == Self::Exists(false)
    }
}

fn text<'a>(leaf: &'a Leaf<'_>) -> Option<&'a str> {
    match leaf {
        Leaf::Text(text) | Leaf::Either(text, _) => Some(text),
        Leaf::Null | Leaf::Bool(_) | Leaf::Number(_) => None,
    }
}

fn number<'a>(leaf: &'a Leaf<'_>) -> Option<&'a Decimal> {
    match leaf {
        Leaf::Number(number) | Leaf::Either(_, number) => Some(number),
        Leaf::Null | Leaf::Bool(_) | Leaf::Text(_) => None,
    }
}

impl Literal {
    fn is(&self, leaf: &Leaf<'_>) -> bool {
        match self {
            Self::Null => matches!(leaf, Leaf::Null),
            Self::Bool(flag) => matches!(leaf, Leaf::Bool(value) if value == flag),
            Self::Number(value) => number(leaf) == Some(value),
            Self::Text(value) => text(leaf) == Some(value),
        }
    }
}

impl Shape {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::PrefixAnyCase(prefix) => text.to_lowercase().starts_with(prefix.as_str()),
            Self::SuffixAnyCase(suffix) => text.to_lowercase().ends_with(suffix.as_str()),
            Self::EqualsAnyCase(whole) => text.to_lowercase() == *whole,
            Self::Wildcard(glob) => glob.matches(text),
        }
    }
}

impl Comparison {
    pub(super) fn parse(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Whether it bounds from above.
    pub(super) fn is_upper(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }

    pub(super) fn holds(self, number: &Decimal, bound: &Decimal) -> bool {
        let order = number.cmp(bound);
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
