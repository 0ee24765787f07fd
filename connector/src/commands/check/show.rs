//! The findings as a table and as JSON.

use std::fmt::Write as _;

use super::{Finding, Mark, is_well};

/// A line for each finding, with the remedy below what is not well, and a last line that sums up.
pub fn table(findings: &[Finding]) -> String {
    let width = |of: fn(&Finding) -> &str| {
        let lengths = findings.iter().map(|finding| of(finding).chars().count());
        lengths.max().unwrap_or(0)
    };
    let (subjects, checks) = (width(|f| &f.subject), width(|f| f.check));
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.result {
            Mark::Ok => '✓',
            Mark::Warning => '!',
            Mark::Failed => '✗',
            Mark::NotTried => '–',
        };
        let (subject, check) = (&finding.subject, finding.check);
        let _ = writeln!(
            text,
            "{mark} {subject:subjects$}  {check:checks$}  {}",
            finding.says
        );
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(text, "  {:subjects$}  {:checks$}  → {remedy}", "", "");
        }
    }
    let count = |mark| findings.iter().filter(|f| f.result == mark).count();
    let (failed, warnings) = (count(Mark::Failed), count(Mark::Warning));
    let _ = match (failed, warnings) {
        (0, 0) => writeln!(text, "\nall is well"),
        (0, n) => writeln!(text, "\nready, with {n} to look at"),
        (n, _) => writeln!(text, "\nnot ready: {n} failed"),
    };
    text
}

/// One JSON object: `ok`, and the findings with `subject`, `check`, `result`, `says` and `remedy`.
pub fn json(findings: &[Finding]) -> String {
    let whole = serde_json::json!({ "ok": is_well(findings), "findings": findings });
    format!("{whole:#}\n")
}
