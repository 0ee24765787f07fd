//! How text looks: colours, the width of the terminal, what is left out.

use anstyle::{AnsiColor, Effects, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a reading is shown. The default is plain text, nothing cut at a width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Hops are cut at so many columns.
    pub width: Option<usize>,
    /// Everything: no line folded, no message cut, every stack trace whole, call and trace ids.
    pub all: bool,
}

impl Look {
    pub(crate) fn good(&self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default() | Effects::BOLD, text)
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default() | Effects::BOLD, text)
    }

    pub(crate) fn warn(&self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    /// The colour of the service at this place among the story's services.
    pub(crate) fn service(&self, place: usize, text: &str) -> String {
        const COLORS: [AnsiColor; 4] = [
            AnsiColor::Cyan,
            AnsiColor::Magenta,
            AnsiColor::Blue,
            AnsiColor::Green,
        ];
        self.paint(COLORS[place % COLORS.len()].on_default(), text)
    }

    fn paint(&self, style: Style, text: &str) -> String {
        match self.color && !text.is_empty() {
            true => format!("{style}{text}{style:#}"),
            false => text.to_owned(),
        }
    }
}

/// `1 line`, `1,204 lines`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    let digits = count.to_string();
    let mut said = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    format!("{said} {one}{}", if count == 1 { "" } else { "s" })
}

/// `text` filled up to `width` columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` in at most `width` columns, its end given up for `…`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or_default();
        used < width
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        assert_eq!(
            [
                plural(0, "line"),
                plural(1, "line"),
                plural(1_234_567, "line")
            ],
            ["0 lines", "1 line", "1,234,567 lines"]
        );
    }

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(cut("deployment", 10), "deployment");
        assert_eq!(cut("deployments", 10), "deploymen…");
        assert_eq!(cut("山山山山", 6), "山山…");
        assert_eq!(pad("山", 4), "山  ");
    }
}
