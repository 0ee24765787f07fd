//! The characters that bodies, names and ids may hold.

/// The first character of `text` that a message may not hold: all of XML 1.0 is allowed, that is
/// tab, line feed, carriage return, and everything from space on except U+FFFE and U+FFFF.
pub(crate) fn forbidden(text: &str) -> Option<char> {
    text.chars().find(|c| {
        !matches!(c,
            '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    })
}

/// Group and deduplication ids: 1 to 128 letters, digits and punctuation, no space.
pub(crate) fn is_fifo_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Queue names (without `.fifo`) and batch entry ids: at most 80 letters, digits, hyphens and
/// underscores.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_xml_characters_are_allowed_and_the_rest_is_named() {
        assert_eq!(forbidden("a\tb\r\nc ü 漢 🦀 \u{fffd}\u{7f}"), None);
        for c in ['\0', '\u{1}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            assert_eq!(forbidden(&format!("ok{c}")), Some(c));
        }
    }

    #[test]
    fn ids_and_names_have_their_length_and_alphabet() {
        assert!(is_fifo_id("a!~") && is_fifo_id(&"a".repeat(128)));
        assert!(!is_fifo_id("") && !is_fifo_id("a b") && !is_fifo_id(&"a".repeat(129)));
        assert!(is_name("kanban-events_1") && is_name(&"a".repeat(80)));
        assert!(!is_name("") && !is_name("a.b") && !is_name(&"a".repeat(81)));
    }
}
