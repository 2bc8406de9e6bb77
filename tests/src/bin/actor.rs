//! Does what a client says, one word on a line: what a handler may do at its worst. What the hooks
//! are to do is in the environment.

#![allow(clippy::panic, reason = "that is what it is asked for")]

use std::time::{Duration, Instant};

use netserver::prelude::*;

struct Actor {
    served: u64,
}

/// What a test wants of a hook: `FAIL=child_init_hook` or `PANIC=pre_loop_hook`, and a number of
/// times after which it is well again is a file that exists.
fn hook(name: &str) -> Result<()> {
    let is = |wish: &str| std::env::var(wish).is_ok_and(|value| value == name);
    let healed =
        std::env::var_os("HEALED").is_some_and(|file| std::path::Path::new(&file).exists());
    assert!(!is("PANIC") || healed, "told to panic");
    if is("FAIL") && !healed {
        return Err("told to fail".into());
    }
    Ok(())
}

/// Works without a system call that a signal could end.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[net_server(personality = "prefork", port = 0)]
impl Actor {
    fn post_configure_hook(&mut self) -> Result<()> {
        hook("post_configure_hook")
    }

    fn post_bind_hook(&mut self) -> Result<()> {
        hook("post_bind_hook")
    }

    fn pre_loop_hook(&mut self) -> Result<()> {
        hook("pre_loop_hook")
    }

    fn pre_fork_hook(&mut self) -> Result<()> {
        hook("pre_fork_hook")
    }

    fn child_init_hook(&mut self) -> Result<()> {
        hook("child_init_hook")
    }

    fn child_finish_hook(&mut self) -> Result<()> {
        hook("child_finish_hook")
    }

    fn post_client_connection_hook(&mut self) -> Result<()> {
        hook("post_client_connection_hook")
    }

    fn pre_server_close_hook(&mut self) -> Result<()> {
        hook("pre_server_close_hook")
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        self.served += 1;
        while let Some(line) = conn.next_line()? {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let seconds = || Duration::from_secs_f64(rest.parse().unwrap_or(0.0));
            match word {
                "pid" => writeln!(conn, "{}", std::process::id())?,
                "served" => writeln!(conn, "{}", self.served)?,
                "peer" => writeln!(conn, "{} {}", conn.peer(), conn.local()?)?,
                "say" => writeln!(conn, "{rest}")?,
                "now" => {
                    writeln!(conn, "{rest}")?;
                    conn.flush()?;
                }
                "spin" => spin(seconds()),
                "many" => {
                    (0..rest.parse().unwrap_or(0)).try_for_each(|at| writeln!(conn, "{at}"))?;
                }
                "panic" => panic!("told to panic: {rest}"),
                "fail" => return Err(rest.into()),
                "run" => {
                    let output = std::process::Command::new("sh").args(["-c", rest]).output()?;
                    conn.write_all(&output.stdout)?;
                    writeln!(conn, "{}", output.status)?;
                }
                "abort" => std::process::abort(),
                "quit" => return Ok(()),
                _ => writeln!(conn, "? {line}")?,
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Actor { served: 0 }.run()
}
