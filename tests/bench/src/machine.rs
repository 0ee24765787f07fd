//! What the figures were measured on.

use std::fs;
use std::process::Command;

/// Facts about the machine, as lines of a list.
pub(crate) fn facts() -> String {
    let first = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_default();
        line.split_once(':').map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!(
        "- processor: {}, {} online; this program may use {cores}\n- memory: {}\n- kernel: {}\n\
         - load average when the page was written: {load}\n- {}\n- {}\n- node {}\n",
        first("/proc/cpuinfo", "model name"),
        cpus(),
        first("/proc/meminfo", "MemTotal"),
        kernel.trim(),
        version("rustc", "--version"),
        version("go", "version"),
        version("node", "--version"),
    )
}

fn cpus() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .filter(|line| line.starts_with("processor"))
        .count()
}

fn version(program: &str, flag: &str) -> String {
    let output = Command::new(program).arg(flag).output();
    output.map_or_else(
        |_| format!("{program}: absent"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
