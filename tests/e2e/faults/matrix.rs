//! The rows as a document: what each shows must be what is committed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// A test, as the document has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) injected: &'static str,
    pub(crate) promised: &'static str,
}

/// Rows about the same part.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: &'static [Row],
}

/// Makes a test of each row, and lists them.
macro_rules! rows {
    ($title:literal; $($(#[$attribute:meta])* $name:ident: $injected:literal, $promised:literal;)+) => {
        pub(crate) const SECTION: crate::matrix::Section = crate::matrix::Section {
            title: $title,
            rows: &[$(crate::matrix::Row {
                name: stringify!($name),
                injected: $injected,
                promised: $promised,
            }),+],
        };
        mod tests {
            $(
                $(#[$attribute])*
                #[tokio::test]
                async fn $name() -> anyhow::Result<()> {
                    let counted = super::$name().await?;
                    crate::matrix::show(stringify!($name), $injected, $promised, &counted)
                }
            )+
        }
    };
}
pub(crate) use rows;

/// Where a row's result goes when the document is to be written; else it is compared with it.
const FOLDER: &str = "FAULTS_FOLDER";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md")
}

fn line(name: &str, injected: &str, promised: &str, counted: &str) -> String {
    let sentence = name.replace('_', " ");
    format!("| {sentence} | {injected} | {promised} | {counted} |")
}

/// Shows what a row came to: keeps it for the document, or holds it against the one there is.
pub(crate) fn show(
    name: &str,
    injected: &str,
    promised: &str,
    counted: &str,
) -> anyhow::Result<()> {
    let line = line(name, injected, promised, counted);
    if let Some(folder) = std::env::var_os(FOLDER) {
        let file = Path::new(&folder).join(name);
        return std::fs::write(&file, &line).with_context(|| format!("{}", file.display()));
    }
    let written = std::fs::read_to_string(document()).context("docs/faults.md")?;
    ensure!(
        written.lines().any(|known| known == line),
        "docs/faults.md has another line for this row than\n{line}\nwrite it anew with `cargo run -p e2e --bin faults`"
    );
    Ok(())
}

/// The whole document, from what the rows left in the folder.
pub(crate) fn assemble(sections: &[Section]) -> anyhow::Result<()> {
    let folder = std::env::var_os(FOLDER).with_context(|| format!("{FOLDER} is set"))?;
    let count: usize = sections.iter().map(|section| section.rows.len()).sum();
    let mut text = format!(
        "# The fault matrix\n\n{count} faults, each a test with the real connector as a process, over real sockets. A row says what\nwas injected, what is promised, and what was counted. `cargo run -p e2e --bin faults` runs them all\nand writes this page; `cargo test` fails where it is not what the tests produce.\n"
    );
    for section in sections {
        let _ = write!(
            text,
            "\n## {}\n\n| Test | Injected | Promised | Counted |\n|---|---|---|---|\n",
            section.title
        );
        for row in section.rows {
            let file = Path::new(&folder).join(row.name);
            let line = std::fs::read_to_string(&file)
                .with_context(|| format!("row {} came to an end", row.name))?;
            let _ = writeln!(text, "{line}");
        }
    }
    std::fs::write(document(), text).context("docs/faults.md")
}

/// The document has these rows and no others.
pub(crate) fn compare(sections: &[Section]) -> anyhow::Result<()> {
    let written = std::fs::read_to_string(document()).context("docs/faults.md")?;
    let rows: Vec<String> = sections
        .iter()
        .flat_map(|section| section.rows)
        .map(|row| {
            format!(
                "| {} | {} | {} |",
                row.name.replace('_', " "),
                row.injected,
                row.promised
            )
        })
        .collect();
    let known: Vec<&str> = written
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Test "))
        .collect();
    ensure!(rows.len() >= 40, "{} rows", rows.len());
    ensure!(
        known.len() == rows.len(),
        "docs/faults.md has {} rows, and there are {} tests; write it anew with `cargo run -p e2e --bin faults`",
        known.len(),
        rows.len()
    );
    for (row, known) in rows.iter().zip(known) {
        ensure!(
            known.starts_with(row.as_str()),
            "docs/faults.md has\n{known}\nwhere this is expected\n{row}"
        );
    }
    Ok(())
}
