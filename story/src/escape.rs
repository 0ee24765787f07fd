//! Text from a log, made harmless: whoever wrote the message must not drive the reader's terminal.

use std::fmt::Write;

/// `text` with every control character, line break and invisible direction mark spelled out.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_hostile(c) => drop(write!(safe, "\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

/// JSON with the same characters as `\u` escapes; they can only be inside its strings.
pub(crate) fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hostile(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Controls, and what turns or hides text: zero-width and direction marks, line separators, tags.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hostile_message_is_spelled_out() {
        assert_eq!(
            escape("\u{1b}]0;owned\u{7}\u{9b}31m\r\n\u{202e}x"),
            "\\u{1b}]0;owned\\u{7}\\u{9b}31m\\r\\n\\u{202e}x"
        );
        assert_eq!(escape("Grüße, 山"), "Grüße, 山");
    }

    proptest! {
        #[test]
        fn escaped_json_means_the_same_and_holds_no_control(text in any::<String>()) {
            let json = escape_json(&serde_json::to_string(&text).unwrap());
            prop_assert!(!json.chars().any(is_hostile));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
