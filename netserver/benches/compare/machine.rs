//! What it was measured on, in one line.

use std::fs;

use nix::unistd::Uid;

use crate::cores;

/// Processor, cores, memory, kernel, and what of the kernel's settings tells in the figures.
pub(crate) fn line() -> String {
    let allowed = cores::allowed();
    let rights = if Uid::effective().is_root() { "as root" } else { "as a user" };
    let build = if cfg!(debug_assertions) { "; **a trial, not optimized**" } else { "" };
    let one = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    format!(
        "{}, {} cores, {} GB; Linux {}; congestion control {}, somaxconn {}; {rights}{build}.",
        after("/proc/cpuinfo", "model name"),
        allowed.len(),
        gigabytes(),
        one("/proc/sys/kernel/osrelease"),
        one("/proc/sys/net/ipv4/tcp_congestion_control"),
        one("/proc/sys/net/core/somaxconn"),
    )
}

fn gigabytes() -> u64 {
    let total = after("/proc/meminfo", "MemTotal");
    total.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 20
}

/// What stands after a name and a colon.
fn after(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
