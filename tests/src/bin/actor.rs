//! Does what a client says, one word on a line: what a handler may do at its worst. What the hooks
//! are to do is in the environment.

#![allow(clippy::panic, reason = "that is what it is asked for")]

use std::time::{Duration, Instant};

use netserver::prelude::*;

#[derive(Clone)]
struct Actor {
    served: u64,
    server: Option<ServerInfo>,
}

/// What a test wants of a hook: `FAIL=child_init_hook` or `PANIC=pre_loop_hook`, and a number of
/// times after which it is well again is a file that exists.
fn hook(name: &str) -> Result<()> {
    let is = |wish: &str| std::env::var(wish).is_ok_and(|value| value == name);
    let healed =
        std::env::var_os("HEALED").is_some_and(|file| std::path::Path::new(&file).exists());
    assert!(!is("PANIC") || healed, "told to panic");
    if is("ABORT") {
        std::process::abort();
    }
    if is("FATAL") {
        return Err(netserver::Error::fatal("told to be fatal"));
    }
    if is("FAIL") && !healed {
        return Err("told to fail".into());
    }
    Ok(())
}

/// Whether the environment asks for something.
fn wants(wish: &str) -> bool {
    std::env::var_os(wish).is_some()
}

/// Waits until the file exists that the environment names.
fn wait_for_file(wish: &str) {
    let Some(file) = std::env::var_os(wish) else { return };
    log::info!("waits for a file");
    while !std::path::Path::new(&file).exists() {
        std::thread::yield_now();
    }
}

/// The next line, however long the client takes for it.
fn patiently(conn: &mut Connection) -> io::Result<Option<String>> {
    loop {
        match conn.next_line() {
            Err(err) if err.kind() == io::ErrorKind::TimedOut => log::info!("{err}"),
            result => return result,
        }
    }
}

/// The same by way of the standard library.
fn patient_text(conn: &mut Connection) -> io::Result<String> {
    let mut line = String::new();
    loop {
        match conn.read_line(&mut line) {
            Err(err) if err.kind() == io::ErrorKind::TimedOut => log::info!("{err}"),
            result => return result.map(|_| line),
        }
    }
}

/// Writes numbered lines, whatever becomes of them.
fn flood(conn: &mut Connection, lines: u32) {
    let results = (0..lines).map(|at| writeln!(conn, "{at}"));
    let failed: Vec<io::Error> = results.filter_map(io::Result::err).collect();
    if let [first, .., last] = failed.as_slice() {
        log::debug!("{} failed, first: {first}, last: {last}", failed.len());
    }
}

/// Works without a system call that a signal could end.
fn spin(time: Duration) {
    log::debug!("spins for {time:?}");
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Actor {
    fn configure_hook(_: &mut OptionSet) -> Result<()> {
        // There is no log yet: that it has begun is said by another file.
        if let Some(file) = std::env::var_os("CONFIGURE_HOOK") {
            std::fs::write(std::path::Path::new(&file).with_extension("begun"), "")?;
        }
        wait_for_file("CONFIGURE_HOOK");
        Ok(())
    }

    fn post_configure_hook(&mut self) -> Result<()> {
        if wants("EARLY") {
            std::thread::spawn(std::thread::park);
        }
        wait_for_file("CONFIGURING");
        hook("post_configure_hook")
    }

    fn post_bind_hook(&mut self) -> Result<()> {
        hook("post_bind_hook")
    }

    fn pre_loop_hook(&mut self, server: &ServerInfo) -> Result<()> {
        self.server = Some(server.clone());
        wait_for_file("BEFORE");
        if wants("CHATTER") {
            std::thread::spawn(|| {
                loop {
                    log::info!("chatter");
                }
            });
        }
        if wants("REAP") {
            std::thread::spawn(|| {
                loop {
                    let _ = nix::sys::wait::wait();
                }
            });
        }
        if wants("PRINT") {
            write!(io::stdout(), "before ")?;
        }
        hook("pre_loop_hook")
    }

    fn pre_fork_hook(&mut self) -> Result<()> {
        wait_for_file("HOLD");
        hook("pre_fork_hook")
    }

    fn child_init_hook(&mut self) -> Result<()> {
        if wants("DROP") {
            nix::unistd::setuid(nix::unistd::Uid::from_raw(65534)).map_err(io::Error::from)?;
        }
        wait_for_file("LINGER");
        if wants("EXHAUST") {
            // Kept open for the life of the child.
            std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).for_each(std::mem::forget);
        }
        hook("child_init_hook")
    }

    fn child_finish_hook(&mut self) -> Result<()> {
        hook("child_finish_hook")
    }

    fn post_process_request_hook(&mut self) -> Result<()> {
        hook("post_process_request_hook")
    }

    fn post_client_connection_hook(&mut self) -> Result<()> {
        hook("post_client_connection_hook")
    }

    fn pre_server_close_hook(&mut self) -> Result<()> {
        if wants("HANG") {
            log::info!("hangs");
            spin(Duration::from_secs(60));
        }
        hook("pre_server_close_hook")
    }

    fn fatal_hook(&mut self, message: &str, file: &str, line: u32) {
        log::info!("fatal_hook: {message}, {file}:{line}");
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
                // That many bytes, and nothing more is read.
                "only" => {
                    let length = rest.parse().unwrap_or(0);
                    return Ok(conn.write_all(&b"0123456789abcde\n".repeat(length / 16))?);
                }
                "panic" => panic!("told to panic: {rest}"),
                "patient" => {
                    let line = patiently(conn)?.unwrap_or_default();
                    writeln!(conn, "{line}")?;
                }
                "close" => self.server.as_ref().map_or(Ok(()), ServerInfo::server_close)?,
                "flood" => flood(conn, rest.parse().unwrap_or(0)),
                "exact" => conn.read_exact(&mut [0; 1000])?,
                "text" => drop(conn.read_to_string(&mut String::new())?),
                "thread" => {
                    std::thread::scope(|scope| scope.spawn(|| conn.next_line()).join())
                        .map_err(|_| "it panicked")??;
                }
                "lines" => {
                    let line = patient_text(conn)?;
                    write!(conn, "{line}")?;
                }
                "print" => write!(io::stdout(), "{rest}")?,
                "backend" => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
                "fail" => return Err(rest.into()),
                "fatal" => return Err(netserver::Error::fatal(rest)),
                "run" => {
                    let output = std::process::Command::new("sh").args(["-c", rest]).output()?;
                    conn.write_all(&output.stdout)?;
                    writeln!(conn, "{}", output.status)?;
                }
                "abort" => std::process::abort(),
                "unfollow" => nix::sys::prctl::set_pdeathsig(None).map_err(io::Error::from)?,
                "quit" => return Ok(()),
                _ => writeln!(conn, "? {line}")?,
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let actor = Actor { served: 0, server: None };
    if wants("APART") {
        // Not in the first thread of the process.
        return std::thread::spawn(move || actor.run()).join().unwrap_or(ExitCode::FAILURE);
    }
    actor.run()
}
