//! A parent and its children: logs each hook of theirs with what it was given. What they do besides, a
//! client says, one word on a line, or the environment.

#![allow(clippy::panic, reason = "that is what it is asked for")]

mod hostile;

use std::fmt::Display;
use std::time::{Duration, Instant};

use netserver::prelude::*;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;

#[derive(Default)]
struct Family {
    server: Option<ServerInfo>,
    /// Its children, as it keeps them.
    children: Vec<Child>,
    /// A program that a hook has started, and when.
    started: Option<(std::process::Child, Instant)>,
}

fn met(hook: impl Display) {
    log::info!("hook {hook}");
    let (hook, panics) = (hook.to_string(), wish("PANIC"));
    let name = hook.split(' ').next();
    assert!(name != Some(&panics), "told to panic in {panics}");
    if let Some((napping, seconds)) = wish("NAP").split_once(' ')
        && name == Some(napping)
    {
        linger(Duration::from_secs_f64(seconds.parse().unwrap_or_default()));
    }
}

/// Does something that takes so long.
fn linger(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::thread::park_timeout(time.saturating_sub(start.elapsed()));
    }
}

/// What the environment asks for.
fn wish(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn is_wished(name: &str) -> bool {
    !wish(name).is_empty()
}

#[net_server(personality = "prefork", port = 0)]
impl Family {
    fn pre_loop_hook(&mut self, server: &ServerInfo) {
        self.server = Some(server.clone());
    }

    fn run_n_children_hook(&mut self, count: usize) {
        met(format_args!("run_n_children_hook {count}"));
    }

    fn pre_fork_hook(&mut self, _server: &ServerInfo, kind: ChildKind) {
        met(format_args!("pre_fork_hook {kind:?}"));
    }

    fn register_child(&mut self, child: &Child) -> Result<()> {
        met(format_args!("register_child {} {:?}", child.pid(), child.kind()));
        self.children.push(child.clone());
        if is_wished("GREET") {
            child.tell(&"welcome".to_owned())?;
        }
        Ok(())
    }

    fn child_init_hook(&mut self, server: &ServerInfo, kind: ChildKind) -> Result<()> {
        met(format_args!("child_init_hook {kind:?}"));
        if is_wished("SLOW") {
            linger(Duration::from_millis(50));
        }
        if is_wished("GREET") {
            server.tell_parent(&"born".to_owned())?;
        }
        Ok(())
    }

    fn pre_accept_hook(&mut self) {
        if !is_wished("QUIET") {
            met("pre_accept_hook");
        }
    }

    fn child_finish_hook(&mut self, server: &ServerInfo, kind: ChildKind) -> Result<()> {
        met(format_args!("child_finish_hook {kind:?}"));
        if is_wished("GREET") {
            server.tell_parent(&"last words".to_owned())?;
        }
        Ok(())
    }

    fn idle_loop_hook(&mut self) -> Result<()> {
        if is_wished("IDLE") {
            met("idle_loop_hook");
        }
        if is_wished("COMMAND") {
            let (mut command, at) = match self.started.take() {
                Some(started) => started,
                None => (
                    std::process::Command::new("sh").args(["-c", "exit 3"]).spawn()?,
                    Instant::now(),
                ),
            };
            if at.elapsed() < Duration::from_secs(2) {
                self.started = Some((command, at));
            } else {
                log::info!("hook command ended with {}", command.wait()?);
            }
        }
        Ok(())
    }

    fn child_is_talking_hook(&mut self, child: &Child, message: &Message) -> Result<()> {
        if is_wished("ANSWER") {
            // Whoever does not listen misses it.
            let _ = child.tell(&message.bytes().to_vec());
        }
        if !is_wished("QUIET") {
            let said: String = message.read()?;
            let said = if said.len() > 100 { format!("{} bytes", said.len()) } else { said };
            met(format_args!("child_is_talking_hook {} {said}", child.pid()));
        }
        Ok(())
    }

    fn cleanup_dead_child_hook(&mut self, child: &Child, end: ChildEnd) {
        met(format_args!("cleanup_dead_child_hook {} {:?} {end:?}", child.pid(), child.kind()));
    }

    fn delete_child_hook(&mut self, child: &Child) {
        met(format_args!("delete_child_hook {} {:?}", child.pid(), child.kind()));
        self.children.retain(|other| other.pid() != child.pid());
    }

    fn other_child_died_hook(&mut self, pid: u32, end: ChildEnd) {
        met(format_args!("other_child_died_hook {pid} {end:?}"));
    }

    fn run_dequeue(&mut self) -> bool {
        met("run_dequeue");
        wish("QUEUE") != "empty"
    }

    fn dequeue(&mut self, server: &ServerInfo) -> Result<()> {
        let sockets =
            hostile::descriptors().into_iter().filter(|(_, target)| target.starts_with("socket:"));
        met(format_args!("dequeue with {} sockets", sockets.count()));
        match wish("QUEUE").as_str() {
            "fail" => return Err("told to fail".into()),
            "panic" => panic!("told to panic"),
            "hang" => loop {
                std::thread::park();
            },
            "talk" => server.tell_parent(&"dequeued".to_owned())?,
            "slow" => {
                linger(Duration::from_millis(500));
                met("emptied");
            }
            _ => {}
        }
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        let server = self.server.clone().ok_or("no server")?;
        while let Some(line) = conn.next_line()? {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let number = || rest.parse::<u32>().unwrap_or(0);
            let seconds = || Duration::from_secs_f64(rest.parse().unwrap_or(0.0));
            match word {
                "pid" => writeln!(conn, "{}", std::process::id())?,
                "say" => writeln!(conn, "{rest}")?,
                "print" => write!(io::stdout(), "{rest}")?,
                "hang" | "panic" | "exit" | "_exit" => end_by(word, number().cast_signed()),
                "copy" => writeln!(conn, "{}", end_copy(number().cast_signed())?)?,
                "tell" => server.tell_parent(&rest.to_owned())?,
                "tell_others" => {
                    let told = self.children.iter().map(|child| child.tell(&"x".to_owned()));
                    let told: Vec<_> = told.map(|told| told.map_err(|err| err.kind())).collect();
                    writeln!(conn, "{told:?}")?;
                }
                "tell_bytes" => server.tell_parent(&vec![b'x'; number() as usize])?,
                "tell_no_text" => server.tell_parent(&vec![0xff; number() as usize])?,
                "tell_more" => {
                    let refused = server.tell_parent(&vec![b'x'; Message::LONGEST + 1]);
                    writeln!(conn, "{:?}", refused.map_err(|err| err.kind()))?;
                }
                "hear" => match server.hear_parent(Duration::from_secs(5))? {
                    Some(message) => writeln!(conn, "{}", message.read::<String>()?)?,
                    None => writeln!(conn, "nothing")?,
                },
                "number" => match server.hear_parent(Duration::from_secs(5))? {
                    Some(message) => {
                        let number = message.read::<u64>().map_err(|err| err.kind());
                        writeln!(conn, "{number:?}")?;
                    }
                    None => writeln!(conn, "nothing")?,
                },
                "flood" => {
                    let start = Instant::now();
                    let mut count = 0_u64;
                    while start.elapsed() < seconds() {
                        server.tell_parent(&count)?;
                        count += 1;
                    }
                    writeln!(conn, "{count}")?;
                }
                "run" => {
                    let output = std::process::Command::new("sh").args(["-c", rest]).output()?;
                    conn.write_all(&output.stdout)?;
                    writeln!(conn, "{}", output.status)?;
                }
                "quit" => return Ok(()),
                _ if hostile::does(word, seconds()) => {}
                _ => writeln!(conn, "? {line}")?,
            }
            conn.flush()?;
        }
        Ok(())
    }
}

/// Never returns, in one way or another.
fn end_by(word: &str, code: i32) -> ! {
    match word {
        "panic" => panic!("told to panic"),
        #[expect(
            clippy::disallowed_methods,
            clippy::exit,
            reason = "a library that a handler calls may do so"
        )]
        "exit" => std::process::exit(code),
        #[expect(unsafe_code, reason = "a library that a handler calls may do so")]
        // SAFETY: it ends the process, and returns to nobody.
        "_exit" => unsafe { nix::libc::_exit(code) },
        _ => loop {
            std::thread::park();
        },
    }
}

/// Forks a copy of this process, as a library that a handler calls may do, sends it a signal and waits for
/// it. Tells how it has ended.
fn end_copy(signal: i32) -> io::Result<String> {
    /// The copy ends by itself after so many seconds.
    const LONGEST: u32 = 20;
    #[expect(unsafe_code, reason = "a library that a handler calls may do so")]
    // SAFETY: the copy waits, and ends without running anything of this process.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => {
            kill(child, Signal::try_from(signal)?)?;
            Ok(format!("{:?}", waitpid(child, None)?))
        }
        ForkResult::Child => {
            let mut left = LONGEST;
            while left > 0 {
                left = nix::unistd::sleep(left);
            }
            std::process::abort()
        }
    }
}

fn main() -> ExitCode {
    Family::default().run()
}
