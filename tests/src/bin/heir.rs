//! Says what it has of its conf file, of its environment and of the image before it, one word on a line.
//! It logs the hooks of a restart, and one of them fails where the option `failing` names it.
//!
//! Where `BIRTHS` names a file, each image adds a line there before it does anything else: what of its
//! environment was handed to it, and which descriptors are open. Where `COMMANDS` names one, two threads
//! of the parent start programs all the time, each of which adds there which descriptors it has.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use netserver::prelude::*;

#[derive(Clone)]
#[net_server(personality = ["prefork", "thread"], port = 0)]
struct Heir {
    /// What it says of itself.
    #[option(default = "none")]
    motto: String,
    /// The hook that fails.
    #[option(default = "none")]
    failing: String,
    server: Option<ServerInfo>,
}

/// Logs that it is called.
fn met(hook: &str, failing: &str) -> Result<()> {
    if failing.strip_prefix("hang in ") == Some(hook) {
        log::info!("hook {hook} hangs");
        loop {
            std::thread::park();
        }
    }
    log::info!("hook {hook}");
    if hook == failing {
        return Err("told to fail".into());
    }
    Ok(())
}

fn add_line(file: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// The open descriptors of this process, each with what it leads to.
fn descriptors() -> io::Result<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let target = fs::read_link(entry.path())?;
        // Not the one by which we look.
        if !target.starts_with("/proc/") {
            found.push(format!("{}={}", entry.file_name().display(), target.display()));
        }
    }
    found.sort();
    Ok(found.join(" "))
}

/// Whatever of the environment may come from an image before.
fn handed() -> Vec<(OsString, OsString)> {
    let is_handed = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("BOUND_") || name.starts_with("HUP_")
    };
    std::env::vars_os().filter(|(name, _)| is_handed(name)).collect()
}

/// What this image has at its very start.
fn birth(file: &Path) -> io::Result<()> {
    let open = descriptors()?;
    let mut words: Vec<String> = Vec::new();
    for (name, value) in handed() {
        words.push(format!("{}={}", name.display(), value.display()));
    }
    words.sort();
    add_line(file, &format!("{open}\t{}", words.join("\t")))
}

/// Starts programs for as long as this process is this image. Each adds to the file what it sees: once there
/// is another image nobody would hear it.
fn start_programs(file: &Path) {
    const LOOK: &str = "sees=$(ls /proc/self/fd); echo $sees >> \"$0\"";
    loop {
        let status = Command::new("sh").args(["-c", LOOK]).arg(file).status();
        if let Err(err) = status {
            // Without it the test sees that it has nothing to look at.
            drop(add_line(file, &err.to_string()));
        }
    }
}

/// Takes so long, whatever comes.
fn take(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::thread::park_timeout(time.saturating_sub(start.elapsed()));
    }
}

#[net_server]
impl Heir {
    fn pre_loop_hook(&mut self, server: &ServerInfo) -> Result<()> {
        self.server = Some(server.clone());
        if let Some(file) = std::env::var_os("COMMANDS") {
            add_line(Path::new(&file), "begins")?;
            for _ in 0..2 {
                let file = file.clone();
                std::thread::spawn(move || start_programs(Path::new(&file)));
            }
        }
        if let Some(file) = std::env::var_os("HOLD") {
            log::info!("waits for a file");
            while !Path::new(&file).exists() {
                std::thread::yield_now();
            }
        }
        met("pre_loop_hook", &self.failing)
    }

    fn child_init_hook(&mut self) -> Result<()> {
        if self.failing == "child_init_hook" { Err("told to fail".into()) } else { Ok(()) }
    }

    fn restart_open_hook(&mut self) -> Result<()> {
        met("restart_open_hook", &self.failing)
    }

    fn restart_close_hook(&mut self) -> Result<()> {
        met("restart_close_hook", &self.failing)
    }

    fn post_child_cleanup_hook(&mut self) -> Result<()> {
        met("post_child_cleanup_hook", &self.failing)
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(line) = conn.next_line()? {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match word {
                "say" => writeln!(conn, "{rest}")?,
                "motto" => writeln!(conn, "{}", self.motto)?,
                "generation" => {
                    let generation = self.server.as_ref().map_or(0, ServerInfo::generation);
                    writeln!(conn, "{generation}")?;
                }
                "pid" => writeln!(conn, "{}", std::process::id())?,
                "parent" => writeln!(conn, "{}", std::os::unix::process::parent_id())?,
                "program" => writeln!(conn, "{}", std::env::current_exe()?.display())?,
                "descriptors" => writeln!(conn, "{}", descriptors()?)?,
                "handed" => writeln!(conn, "{:?}", handed())?,
                "take" => take(Duration::from_secs_f64(rest.parse().unwrap_or_default())),
                "abort" => std::process::abort(),
                "run" => {
                    let output = Command::new("sh").args(["-c", rest]).output()?;
                    conn.write_all(&output.stdout)?;
                }
                "quit" => return Ok(()),
                _ => writeln!(conn, "? {line}")?,
            }
            conn.flush()?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    if let Some(file) = std::env::var_os("BIRTHS")
        && let Err(err) = birth(Path::new(&file))
    {
        log::error!("cannot tell of the start: {err}");
        return ExitCode::FAILURE;
    }
    Heir::run()
}
