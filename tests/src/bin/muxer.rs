//! Does what its clients say, one word on a line, in one loop: what callbacks may do at their worst. It logs
//! each callback, so that their order is seen.
//!
//! `PANIC` and `FAIL` name a callback or a hook that does so for every other connection.

#![allow(clippy::panic, reason = "that is what it is asked for")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use netserver::prelude::*;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid};

/// What is known of one connection.
#[derive(Default)]
struct Guest {
    /// What it is told at its time.
    text: String,
    /// What it has said that it is: one that stays after the end of its input, that leaves when the server
    /// stops, of which others are told that it has left, or nothing of which is taken.
    is: Vec<String>,
    /// The callback that panics for it.
    panics_in: String,
}

#[derive(Default)]
struct Muxer {
    /// How many connections were accepted.
    accepted: u64,
    guests: HashMap<ConnId, Guest>,
    /// A copy of this process.
    copy: Option<Pid>,
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap_or(0.0))
}

/// Works without a system call that a signal could end.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// What the environment wants of a callback or hook that is called for a connection of that number.
fn wanted(name: &str, number: u64) -> io::Result<()> {
    let is = |wish: &str| std::env::var(wish).is_ok_and(|value| value == name);
    let is_every_other = !number.is_multiple_of(2);
    assert!(!(is_every_other && is("PANIC")), "told to panic");
    if is_every_other && is("FAIL") {
        return Err(io::Error::other("told to fail"));
    }
    Ok(())
}

/// Forks a copy of this process, as a library may do, that has all that it has.
fn copy() -> io::Result<Option<Pid>> {
    /// The copy ends by itself after so many seconds.
    const LONGEST: u32 = 20;
    #[expect(unsafe_code, reason = "a library that a callback calls may do so")]
    // SAFETY: the copy waits, and ends without running anything of this process.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => {
            let mut left = LONGEST;
            while left > 0 {
                left = nix::unistd::sleep(left);
            }
            std::process::abort()
        }
    }
}

fn end_copy(copy: Pid) -> io::Result<()> {
    kill(copy, Signal::SIGKILL)?;
    waitpid(copy, None)?;
    Ok(())
}

/// What somebody asks of a connection and its server.
fn answer(mux: &Mux<'_>, question: &str) -> Option<String> {
    let conn = mux.connection();
    Some(match question {
        "id" => mux.id().to_string(),
        "pid" => std::process::id().to_string(),
        "generation" => mux.server().generation().to_string(),
        "count" => format!("{} {}", mux.ids().count(), mux.others().count()),
        "who" => format!("{} {} {}", conn.proto(), conn.tls().is_some(), mux.peer()),
        "host" => conn.peer_host().unwrap_or("-").to_owned(),
        "unsent" => mux.unsent().to_string(),
        _ => return None,
    })
}

impl Muxer {
    fn is(&mut self, id: ConnId, what: &str) -> bool {
        self.guest(id).is.iter().any(|is| is == what)
    }

    fn guest(&mut self, id: ConnId) -> &mut Guest {
        self.guests.entry(id).or_default()
    }

    /// Logs a callback, and does what somebody wants of it.
    fn called(&mut self, name: &str, id: ConnId) -> io::Result<()> {
        log::debug!("{name} of {id}");
        assert!(self.guest(id).panics_in != name, "told to panic");
        wanted(name, id.to_string().parse().unwrap_or(0))
    }

    /// Does what one line says.
    fn obey(&mut self, mux: &mut Mux<'_>, line: &str) -> Result<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (whom, what) = rest.split_once(' ').unwrap_or((rest, ""));
        let id = mux.id();
        if let Some(answer) = answer(mux, word) {
            return Ok(writeln!(mux, "{answer}")?);
        }
        match word {
            "say" => writeln!(mux, "{rest}")?,
            "flood" => mux.write("0123456789abcde\n".repeat(rest.parse().unwrap_or(0) / 16)),
            "wait" => {
                what.clone_into(&mut self.guest(id).text);
                mux.set_timeout(seconds(whom));
            }
            "forget" => mux.set_timeout(None),
            "others" => mux.write_others(format!("{rest}\n")),
            "others_flood" => mux.write_others("x".repeat(rest.parse().unwrap_or(0))),
            "stay" | "leave" | "known" | "deaf" => self.guest(id).is.push(word.to_owned()),
            "panic_in" => rest.clone_into(&mut self.guest(id).panics_in),
            "copy" => self.copy = copy()?,
            "end_copy" => {
                self.copy.take().map(end_copy).transpose()?;
                mux.write("ended\n");
            }
            "spin" => spin(seconds(rest)),
            "close" => mux.close(),
            "panic" => panic!("told to panic: {rest}"),
            "fail" => return Err(rest.into()),
            "fatal" => return Err(netserver::Error::fatal(rest)),
            "wait_of" | "to" | "kick" => {
                let other = mux.ids().find(|id| id.to_string() == whom);
                let there = other.is_some_and(|id| match word {
                    "wait_of" => mux.set_timeout_of(id, seconds(what)),
                    "to" => mux.write_to(id, format!("{what}\n")),
                    _ => mux.close_other(id),
                });
                writeln!(mux, "{there}")?;
            }
            _ => writeln!(mux, "? {line}")?,
        }
        Ok(())
    }
}

#[net_server(personality = "multiplex", port = 0, host = "127.0.0.1")]
impl Muxer {
    fn child_init_hook(&mut self) {
        log::debug!("child_init_hook");
    }

    fn child_finish_hook(&mut self) {
        log::debug!("child_finish_hook with {} guests", self.guests.len());
    }

    fn post_accept_hook(&mut self, conn: &mut Connection) -> Result<()> {
        self.accepted += 1;
        log::debug!("post_accept_hook of {}", self.accepted);
        if std::env::var_os("BANNER").is_some() {
            writeln!(conn, "banner")?;
        }
        Ok(wanted("post_accept_hook", self.accepted)?)
    }

    fn allow_deny_hook(&mut self, conn: &mut Connection) -> Result<bool> {
        log::debug!("allow_deny_hook of {}", self.accepted);
        wanted("allow_deny_hook", self.accepted)?;
        if std::env::var_os("HASTY").is_some() {
            // Nothing has come yet, and nobody waits for it.
            let read = conn.read_line(&mut String::new());
            log::debug!("a read in a hook: {:?}", read.map_err(|err| err.kind()));
        }
        Ok(std::env::var_os("DENY").is_none())
    }

    fn request_denied_hook(&mut self, conn: &mut Connection) -> Result<()> {
        log::debug!("request_denied_hook of {}", self.accepted);
        writeln!(conn, "denied")?;
        Ok(wanted("request_denied_hook", self.accepted)?)
    }

    fn post_process_request_hook(&mut self, conn: &mut Connection, allowed: bool) -> Result<()> {
        log::debug!("post_process_request_hook, allowed: {allowed}");
        if std::env::var_os("BANNER").is_some() {
            writeln!(conn, "farewell")?;
        }
        // Every other one of those that leave.
        Ok(wanted("post_process_request_hook", self.accepted)?)
    }

    fn mux_connection(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        self.called("mux_connection", mux.id())
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> Result<()> {
        self.called("mux_input", mux.id())?;
        while !self.is(mux.id(), "deaf")
            && let Some(line) = input.take_line()
        {
            self.obey(mux, &line)?;
        }
        Ok(())
    }

    fn mux_eof(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> Result<()> {
        self.called("mux_eof", mux.id())?;
        let rest = String::from_utf8_lossy(input.take_all()).into_owned();
        if !rest.is_empty() {
            self.obey(mux, &rest)?;
        }
        if self.is(mux.id(), "stay") {
            mux.stay_open();
        }
        Ok(())
    }

    fn mux_timeout(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        self.called("mux_timeout", mux.id())?;
        writeln!(mux, "{}", self.guest(mux.id()).text)
    }

    fn mux_stopping(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        self.called("mux_stopping", mux.id())?;
        if self.is(mux.id(), "leave") {
            mux.write("goodbye\n");
            mux.close();
        }
        Ok(())
    }

    fn mux_close(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let result = self.called("mux_close", mux.id());
        mux.write("nobody gets this\n");
        let id = mux.id();
        let known = self.is(id, "known");
        self.guests.remove(&id);
        if known {
            mux.write_others(format!("{id} has left\n"));
        }
        result
    }
}

fn main() -> ExitCode {
    Muxer::default().run()
}
