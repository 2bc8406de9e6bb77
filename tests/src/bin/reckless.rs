//! Does what a client says, one word on a line, where that is the worst that a handler may do: panic,
//! hang, leave. It logs each hook at level 4; `INIT` in the environment says how its children fail to
//! start, until the file `HEALED` is there.

#![allow(
    clippy::panic,
    clippy::exit,
    clippy::disallowed_methods,
    reason = "that is what it is asked for"
)]

use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::panic::panic_any;
use std::process::Command;
use std::time::{Duration, Instant};

use netserver::prelude::*;
use nix::sys::signal::SigSet;

/// Tells where it is dropped: in a child nothing of its parent's may be.
#[derive(Clone)]
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        met("drop");
    }
}

#[derive(Clone)]
struct Reckless {
    _guard: Guard,
}

fn met(hook: &str) {
    log::trace!("hook {hook}");
}

/// What may be panicked with, and its drop panics again.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Panics while the log writes it.
struct Shy;

impl fmt::Display for Shy {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("not shown");
    }
}

fn panic_with(what: &str) {
    match what {
        "text" => panic!("told to panic"),
        "bomb" => panic_any(Bomb),
        "log" => log::error!("{Shy}"),
        "output" => {
            let _held = io::stdout().lock();
            panic!("told to panic");
        }
        other => panic!("told to panic: {other}"),
    }
}

/// How a child begins, or does not.
fn begin() -> Result<()> {
    let healed =
        std::env::var_os("HEALED").is_some_and(|file| std::fs::exists(file).is_ok_and(|is| is));
    match std::env::var("INIT").as_deref() {
        Ok(_) if healed => Ok(()),
        Ok("fail") => Err("told to fail".into()),
        Ok("panic") => panic!("told to panic"),
        Ok("exit") => std::process::exit(3),
        Ok("abort") => std::process::abort(),
        _ => Ok(()),
    }
}

/// Works without a system call that a signal could end.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Reads what never comes, and again after each signal.
fn read_for_ever() -> io::Result<()> {
    let (mut reader, _writer) = io::pipe()?;
    reader.read_exact(&mut [0])
}

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Reckless {
    fn post_configure_hook(&mut self) {
        met("post_configure_hook");
    }

    fn post_bind_hook(&mut self) {
        met("post_bind_hook");
    }

    fn pre_loop_hook(&mut self) -> io::Result<()> {
        met("pre_loop_hook");
        if std::env::var_os("PRINT").is_some() {
            // Half a line, which stays where it is gathered.
            write!(io::stdout(), "before ")?;
        }
        Ok(())
    }

    fn pre_fork_hook(&mut self) {
        met("pre_fork_hook");
    }

    fn child_init_hook(&mut self) -> Result<()> {
        met("child_init_hook");
        begin()
    }

    fn child_finish_hook(&mut self) {
        met("child_finish_hook");
    }

    fn cleanup_dead_child_hook(&mut self) {
        met("cleanup_dead_child_hook");
    }

    fn pre_server_close_hook(&mut self) {
        met("pre_server_close_hook");
    }

    fn post_child_cleanup_hook(&mut self) {
        met("post_child_cleanup_hook");
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(line) = conn.next_line()? {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let time = || Duration::from_secs_f64(rest.parse().unwrap_or(0.0));
            log::debug!("told to {line}");
            match word {
                "pid" => writeln!(conn, "{}", std::process::id())?,
                "say" => writeln!(conn, "{rest}")?,
                "panic" => panic_with(rest),
                "spin" => spin(time()),
                "sleep" => std::thread::sleep(time()),
                "read" => read_for_ever()?,
                "block" => SigSet::all().thread_block().map_err(io::Error::from)?,
                "print" => write!(io::stdout(), "{rest}")?,
                "exit" => std::process::exit(rest.parse().unwrap_or(0)),
                // Leaves with nothing done that a process does at its end.
                "become" => return Err(Command::new("sh").args(["-c", rest]).exec().into()),
                "abort" => std::process::abort(),
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Reckless { _guard: Guard }.run()
}
