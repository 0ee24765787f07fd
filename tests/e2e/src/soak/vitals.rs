//! Whether a process grows: its resident memory and its open descriptors.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};

/// What was seen of a process, once a second.
pub(super) struct Vitals {
    folder: PathBuf,
    /// Resident kilobytes.
    memory: Vec<u64>,
    descriptors: Vec<u64>,
}

/// Memory may grow by this factor from its first plateau to the end: allocators keep what they have.
const GROWTH: f64 = 1.25;
/// And by this much in any case, in kilobytes.
const SLACK: u64 = 4096;
/// Connections come and go with the faults.
const MORE_DESCRIPTORS: u64 = 64;

impl Vitals {
    pub(super) fn of(process: u32) -> Self {
        Self {
            folder: PathBuf::from(format!("/proc/{process}")),
            memory: Vec::new(),
            descriptors: Vec::new(),
        }
    }

    /// Looks once.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        let status =
            std::fs::read_to_string(self.folder.join("status")).context("the connector runs")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.split_whitespace().next()?.parse().ok());
        self.memory.push(kilobytes.context("VmRSS in its status")?);
        let open = std::fs::read_dir(self.folder.join("fd"))?.count();
        self.descriptors.push(open as u64);
        Ok(())
    }

    /// Nothing grew from the second fifth of the time to the last.
    pub(super) fn judge(&self) -> anyhow::Result<()> {
        let (early, late) = ends(&self.memory);
        ensure!(
            late as f64 <= early as f64 * GROWTH || late <= early + SLACK,
            "resident memory grew from {early} to {late} KB"
        );
        let (early, late) = ends(&self.descriptors);
        ensure!(
            late <= early + MORE_DESCRIPTORS,
            "open descriptors grew from {early} to {late}"
        );
        Ok(())
    }
}

/// The medians of the second fifth and of the last.
fn ends(seen: &[u64]) -> (u64, u64) {
    let fifth = seen.len() / 5;
    (median(&seen[fifth..2 * fifth]), median(&seen[4 * fifth..]))
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((early, late), most) = (
            ends(&self.memory),
            self.memory.iter().max().copied().unwrap_or(0),
        );
        let (few, many) = ends(&self.descriptors);
        write!(
            f,
            "memory {early} → {late} KB, at most {most}; descriptors {few} → {many}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vitals(memory: impl Iterator<Item = u64>) -> Vitals {
        let memory: Vec<u64> = memory.collect();
        let descriptors = vec![20; memory.len()];
        Vitals {
            folder: PathBuf::new(),
            memory,
            descriptors,
        }
    }

    #[test]
    fn a_plateau_is_well_and_a_slope_is_not() {
        assert!(
            vitals((0..600).map(|s| 12_000 + s % 7 * 100))
                .judge()
                .is_ok()
        );
        assert!(vitals((0..600).map(|s| 12_000 + s * 30)).judge().is_err());
    }

    #[test]
    fn descriptors_that_pile_up_are_noticed() {
        let mut leaking = vitals((0..600).map(|_| 12_000));
        leaking.descriptors = (0..600).collect();
        assert!(leaking.judge().is_err());
    }
}
