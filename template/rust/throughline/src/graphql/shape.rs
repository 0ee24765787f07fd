//! What kind of operation a query is, and how deep it goes.

use std::collections::HashMap;

/// How deep fragments may lie in fragments; a validated query has no circle, but may be unvalidated.
const MOST_FRAGMENTS: u32 = 32;

/// The shape of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `query`, `mutation` or `subscription`.
    pub(crate) operation: &'static str,
    /// How many fields lie within each other, at most: 1 for `{ a }`, 2 for `{ a { b } }`.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "a span tells it"))]
    pub(crate) depth: u32,
}

/// One definition of a document: an operation or a fragment.
#[derive(Default)]
struct Definition<'a> {
    head: Vec<&'a str>,
    depth: u32,
    /// The fragments it spreads, each with the depth it is spread at.
    spreads: Vec<(u32, &'a str)>,
}

impl Shape {
    /// Reads the operation of this name out of a document. What is no GraphQL gives some shape.
    pub(crate) fn read(document: &str, name: &str) -> Self {
        let definitions = definitions(document);
        let fragments: HashMap<_, _> = definitions
            .iter()
            .filter_map(|definition| match definition.head[..] {
                ["fragment", name, ..] => Some((name, definition)),
                _ => None,
            })
            .collect();
        let operations = || {
            definitions
                .iter()
                .filter(|definition| definition.head.first() != Some(&"fragment"))
        };
        let Some(operation) = operations()
            .find(|operation| operation.head.get(1) == Some(&name))
            .or_else(|| operations().next())
        else {
            return Self {
                operation: "query",
                depth: 0,
            };
        };
        Self {
            operation: match operation.head.first() {
                Some(&"mutation") => "mutation",
                Some(&"subscription") => "subscription",
                _ => "query",
            },
            depth: depth(operation, &fragments, 0),
        }
    }
}

fn depth(
    definition: &Definition<'_>,
    fragments: &HashMap<&str, &Definition<'_>>,
    within: u32,
) -> u32 {
    if within > MOST_FRAGMENTS {
        return definition.depth;
    }
    let spread = definition.spreads.iter().filter_map(|(at, name)| {
        let fragment = fragments.get(name)?;
        // The fragment's own first level is the level it is spread at.
        Some(at.saturating_sub(1) + depth(fragment, fragments, within + 1))
    });
    spread.max().unwrap_or(0).max(definition.depth)
}

fn definitions(document: &str) -> Vec<Definition<'_>> {
    let mut done = Vec::new();
    let mut current = Definition::default();
    // Open braces, of fields and of inline fragments; and open parentheses, whose braces are values.
    let mut open: Vec<bool> = Vec::new();
    let mut parentheses = 0_u32;
    let mut tokens = Tokens(document).peekable();
    let mut inline = false;
    while let Some(token) = tokens.next() {
        let level = |open: &[bool]| {
            u32::try_from(open.iter().filter(|field| **field).count()).unwrap_or(u32::MAX)
        };
        match token {
            "(" => parentheses += 1,
            ")" => parentheses = parentheses.saturating_sub(1),
            _ if parentheses > 0 => {}
            "{" => {
                open.push(!std::mem::take(&mut inline));
                current.depth = current.depth.max(level(&open));
            }
            "}" => {
                open.pop();
                if open.is_empty() {
                    done.push(std::mem::take(&mut current));
                }
            }
            "..." => match tokens.peek() {
                Some(&"on" | &"{" | &"@") | None => inline = true,
                Some(name) => current.spreads.push((level(&open), name)),
            },
            word if open.is_empty() => current.head.push(word),
            _ => {}
        }
    }
    done
}

/// The words and signs of a document; without texts, comments, commas and blanks.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.0 = self
                .0
                .trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '\u{feff}');
            if let Some(comment) = self.0.strip_prefix('#') {
                self.0 = comment.find('\n').map_or("", |end| &comment[end..]);
            } else if let Some(block) = self.0.strip_prefix("\"\"\"") {
                self.0 = block.find("\"\"\"").map_or("", |end| &block[end + 3..]);
            } else if let Some(text) = self.0.strip_prefix('"') {
                self.0 = after_text(text);
            } else {
                break;
            }
        }
        let word = self
            .0
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.0.len());
        let length = match word {
            0 if self.0.starts_with("...") => 3,
            0 => self.0.chars().next()?.len_utf8(),
            length => length,
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// What follows a text whose opening quote is gone.
fn after_text(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(document: &str) -> (&'static str, u32) {
        let shape = Shape::read(document, "Q");
        (shape.operation, shape.depth)
    }

    #[test]
    fn the_depth_is_that_of_fields_within_each_other() {
        for (document, expected) in [
            ("{ a }", ("query", 1)),
            ("query Q { a { b { c } } d }", ("query", 3)),
            (
                "mutation Q($i: In = {a: {b: 1}}) { a(i: {b: {c: {d: 1}}}) { b } }",
                ("mutation", 2),
            ),
            (
                "subscription Q { a(t: \"} { \\\" {\") { b } }",
                ("subscription", 2),
            ),
            ("query Q { a # } {\n { b } }", ("query", 2)),
            (
                "query Q { a { ... on B { c { d } } ... @include(if: true) { e } } }",
                ("query", 3),
            ),
        ] {
            assert_eq!(shape(document), expected, "{document}");
        }
    }

    #[test]
    fn fragments_count_where_they_are_spread() {
        let document =
            "query Q { a { ...F } } fragment F on A { b { ...G } } fragment G on B { c { d } }";
        assert_eq!(shape(document), ("query", 4));
        let circle = "query Q { a { ...F } } fragment F on A { b { ...F } }";
        assert!(shape(circle).1 > 2, "and it ends");
    }

    #[test]
    fn the_operation_is_the_one_that_is_named() {
        let document = "query A { a } mutation Q { b { c } }";
        assert_eq!(shape(document), ("mutation", 2));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(document in r#"[{}()"'.#@a-c:\\\n ]{0,200}"#) {
            let _ = Shape::read(&document, "a");
        }

        #[test]
        fn any_unicode_is_read_without_a_panic(document in any::<String>()) {
            let _ = Shape::read(&document, "a");
        }
    }
}
