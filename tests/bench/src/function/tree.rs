//! What a process and those it started cost together: a watchdog and its function are two.

use std::fs;
use std::time::Duration;

/// The process, its children, and theirs.
pub(super) fn of(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&id) = found.get(next) {
        next += 1;
        for task in tasks(id) {
            let children = fs::read_to_string(format!("{task}/children")).unwrap_or_default();
            let children = children
                .split_whitespace()
                .filter_map(|child| child.parse().ok());
            found.extend(children.collect::<Vec<u32>>());
        }
    }
    found
}

fn tasks(id: u32) -> Vec<String> {
    let folder = format!("/proc/{id}/task");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().display().to_string())
        .collect()
}

/// User and system time of all their threads so far.
pub(super) fn cpu(processes: &[u32]) -> Duration {
    let spent = processes
        .iter()
        .flat_map(|id| tasks(*id))
        .filter_map(|task| {
            // A thread may end between the two.
            let stat = fs::read_to_string(format!("{task}/schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        });
    Duration::from_nanos(spent.sum())
}

/// What of them is resident, in MB.
pub(super) fn resident(processes: &[u32]) -> f64 {
    let kb = processes.iter().filter_map(|id| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    });
    kb.sum::<f64>() / 1024.0
}
