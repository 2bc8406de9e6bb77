//! What a server uses of its machine: memory and processor time of the process that was started.

use std::fs;
use std::time::Duration;

use super::Server;

/// The kernel counts processor time for /proc in hundredths of a second, on every architecture that
/// Rust's standard library knows.
const TICK: Duration = Duration::from_millis(10);

impl Server {
    /// The memory that its process holds right now, in KiB.
    #[track_caller]
    pub fn resident(&self) -> u64 {
        let size = self
            .read("status")
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
        size.unwrap_or_else(|| self.running.fail("/proc tells nothing of its memory"))
    }

    /// The processor time that it has taken until now, with that of all children that it has reaped.
    #[track_caller]
    pub fn processor_time(&self) -> Duration {
        match ticks(&self.read("stat")) {
            Some(ticks) => TICK * ticks,
            None => self.running.fail("/proc tells nothing of its processor time"),
        }
    }

    #[track_caller]
    fn read(&self, name: &str) -> String {
        match fs::read_to_string(format!("/proc/{}/{name}", self.pid())) {
            Ok(text) => text,
            Err(err) => self.running.fail(format_args!("cannot read its {name}: {err}")),
        }
    }
}

/// The sum of `utime`, `stime`, `cutime` and `cstime`, which are the 12th and following fields after
/// the name of the program, which ends at the last bracket.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<u32> =
        rest.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>().ok()?;
    (fields.len() == 4).then(|| fields.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_times_are_added() {
        let stat = "12 (a) 1 2) S 3 12 12 0 -1 4194560 99 98 97 96 1 20 300 4000 20 0 1 0 777";
        assert_eq!(ticks(stat), Some(4321));
        assert_eq!(ticks("12 (a) S 3"), None);
    }
}
