//! The JSON object that a line is, while it is being written: within its bound, and marked where cut.

use std::fmt::Write as _;

use super::line::Value;

/// The longest line, its newline included: container runtimes split longer ones.
pub(crate) const MAX_LINE: usize = 16 * 1024;

pub(super) const MARK: &str = "…[cut]";
/// Room kept for what closes a line: `},"log.cut":true}` and the newline.
const TAIL: usize = 32;

/// Whether a byte of a JSON string stands for itself.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// A line that is being written, and whether something of it had to be left out.
pub(super) struct Line {
    pub(super) text: String,
    cut: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            text: String::with_capacity(512),
            cut: false,
        }
    }

    /// `,"key":"value"`, the value cut at `most` bytes of JSON and at the end of the line.
    pub(super) fn pair(&mut self, key: &str, value: &str, most: usize) {
        let around = key.len() + 6;
        let Some(room) = self.room().checked_sub(around) else {
            self.cut = true;
            return;
        };
        // The keys here are the line's own, and need no escapes.
        self.text.push_str(",\"");
        self.text.push_str(key);
        self.text.push_str("\":");
        self.string(value, most.min(room));
    }

    fn room(&self) -> usize {
        (MAX_LINE - TAIL).saturating_sub(self.text.len())
    }

    /// A JSON string whose inside takes at most `most` bytes.
    fn string(&mut self, value: &str, most: usize) {
        self.text.push('"');
        // Nearly every string is as it is, and far from the end of its room.
        if value.len() + MARK.len() <= most && value.bytes().all(is_plain) {
            self.text.push_str(value);
            self.text.push('"');
            return;
        }
        let start = self.text.len();
        for (at, c) in value.char_indices() {
            let before = self.text.len();
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c if c < ' ' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
            let rest = value.len() - at - c.len_utf8();
            let mark = if rest > 0 { MARK.len() } else { 0 };
            if self.text.len() - start + mark > most {
                self.text.truncate(before);
                if most >= MARK.len() {
                    self.text.push_str(MARK);
                }
                self.cut = true;
                break;
            }
        }
        self.text.push('"');
    }

    pub(super) fn fields(&mut self, fields: &[(&'static str, Value)]) {
        if fields.is_empty() || self.room() < 64 {
            self.cut |= !fields.is_empty();
            return;
        }
        self.text.push_str(",\"fields\":{");
        let start = self.text.len();
        for (name, value) in fields {
            let comma = usize::from(self.text.len() > start);
            let needed = match value {
                Value::Json(json) => json.len(),
                Value::Text(text) => 2 + text.len().min(64),
            };
            if self.room() < name.len() + 4 + comma + needed {
                self.cut = true;
                continue;
            }
            if comma == 1 {
                self.text.push(',');
            }
            self.string(name, usize::MAX);
            self.text.push(':');
            match value {
                Value::Json(json) => self.text.push_str(json),
                Value::Text(text) => self.string(text, self.room().saturating_sub(2)),
            }
        }
        self.text.push('}');
    }

    pub(super) fn close(mut self) -> String {
        if self.cut {
            self.text.push_str(",\"log.cut\":true");
        }
        self.text.push_str("}\n");
        self.text
    }
}
