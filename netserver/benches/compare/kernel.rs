//! What the kernel tells of a server from outside: its processes, ports, time and memory. Needs no rights
//! over a server of one's own.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// `USER_HZ`: the unit of times in `/proc/PID/stat`.
const TICK: u64 = 10_000_000;
/// The places of fields in `/proc/PID/stat` after the name, which is in brackets and may be anything.
const GROUP: usize = 2;
const CHILDREN_USER: usize = 13;
const CHILDREN_SYSTEM: usize = 14;
/// As `/proc/net/tcp` and `/proc/net/udp` say of a socket that nobody is connected to.
const LISTENS: &str = "0A";
const UNCONNECTED: &str = "07";

/// The processes of a group: a server, and all that it started.
pub(crate) fn group(leader: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| field::<u32>(pid, GROUP) == Some(leader)).collect()
}

fn field<T: FromStr>(pid: u32, place: usize) -> Option<T> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(place)?.parse().ok()
}

/// The ports that a process has open and nobody is connected to, in order.
pub(crate) fn ports(pid: u32, is_udp: bool) -> Vec<u16> {
    let sockets = sockets(pid);
    let (file, state) = if is_udp { ("udp", UNCONNECTED) } else { ("tcp", LISTENS) };
    let text = fs::read_to_string(format!("/proc/net/{file}")).unwrap_or_default();
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = *fields.get(3)? == state && sockets.contains(*fields.get(9)?);
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        u16::from_str_radix(port, 16).ok().filter(|_| is_ours)
    };
    let mut ports: Vec<u16> = text.lines().skip(1).filter_map(port).collect();
    ports.sort_unstable();
    ports
}

/// The inodes of a process's sockets.
fn sockets(pid: u32) -> HashSet<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return HashSet::new() };
    let inode = |path: &Path| {
        let link = fs::read_link(path).ok()?;
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    entries.flatten().filter_map(|entry| inode(&entry.path())).collect()
}

/// The time on a core, in nanoseconds, of the threads that live in `pids`, and of the children that
/// `leader` has waited for, to 10 ms.
pub(crate) fn time_used(leader: u32, pids: &[u32]) -> u64 {
    let waited = [CHILDREN_USER, CHILDREN_SYSTEM].map(|place| field(leader, place).unwrap_or(0));
    let living: u64 = pids.iter().flat_map(|&pid| threads(pid)).sum();
    living + waited.iter().sum::<u64>() * TICK
}

fn threads(pid: u32) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let used = |folder: &Path| {
        let text = fs::read_to_string(folder.join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    entries.flatten().filter_map(|entry| used(&entry.path())).collect()
}

/// What a process has in memory, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Pages that it wrote, and shares with nobody.
    pub(crate) private: f64,
    /// All of its pages, where one that is shared by `n` processes counts as 1/n.
    pub(crate) proportional: f64,
}

/// The memory of a process, where it is one of ours and still lives.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Memory { private: figure("Private_Dirty:")?, proportional: figure("Pss:")? })
}

/// Whether a process has counters of the kernel open.
pub(crate) fn has_events(pid: u32) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let is_event = |path: &Path| {
        fs::read_link(path).is_ok_and(|link| link.to_string_lossy().contains("perf_event"))
    };
    entries.flatten().any(|entry| is_event(&entry.path()))
}
