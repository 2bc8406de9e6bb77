//! Runs commands of its own, in hooks and for its clients, and holds that each ends as it was told to, with
//! the signals that a program expects. What is otherwise is an error of that hook or request.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use netserver::Child;
use netserver::prelude::*;

/// Says what signals are blocked or ignored in the command itself, and ends with the code it is given.
const SAY_SIGNALS: &str = "while read -r name mask; do \
    case $name in SigBlk:|SigIgn:) echo $mask;; esac; done </proc/self/status; exit $0";
/// The two that libc keeps for itself, which it ignores in whatever it starts.
const OF_LIBC: u64 = 0b11 << 31;

#[derive(Default)]
struct Commands {
    /// The exit code of the next command of a hook.
    next: u8,
    /// A command of the parent's that runs from one hook to another, with its code.
    earlier: Option<(u8, std::process::Child)>,
}

fn run(code: u8) -> Result<()> {
    let output = Command::new("sh").args(["-c", SAY_SIGNALS]).arg(code.to_string()).output()?;
    let signals = String::from_utf8_lossy(&output.stdout);
    let mask = |line: &str| u64::from_str_radix(line, 16).map(|mask| mask & !OF_LIBC);
    let free = signals.lines().filter(|line| mask(line) == Ok(0)).count();
    if output.status.code() != Some(code.into()) || free != 2 {
        return Err(format!("told {code}: {}, {signals:?}", output.status).into());
    }
    Ok(())
}

/// `yes | head -n 1`: the one has to end by the signal that ends whoever writes for nobody.
fn pipe() -> Result<()> {
    let mut yes = Command::new("yes").stdout(Stdio::piped()).spawn()?;
    let reader = yes.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let head = Command::new("head").args(["-n", "1"]).stdin(reader).output();
    let (yes, head) = (yes.wait()?, head?);
    if yes.signal() != Some(13) || !head.status.success() || head.stdout != b"y\n" {
        return Err(format!("yes: {yes}, head: {}", head.status).into());
    }
    Ok(())
}

impl Commands {
    fn hook(&mut self, name: &str) -> Result<()> {
        self.next = self.next.wrapping_add(1);
        run(self.next)?;
        log::info!("command of {name}");
        Ok(())
    }

    /// Waits for the command that an earlier hook has started.
    fn finish(&mut self) -> Result<()> {
        let Some((code, mut command)) = self.earlier.take() else { return Ok(()) };
        let status = command.wait()?;
        if status.code() == Some(code.into()) { Ok(()) } else { Err(status.to_string().into()) }
    }

    /// The same, and starts another.
    fn go_on(&mut self) -> Result<()> {
        self.finish()?;
        let command = Command::new("sh").args(["-c", "exit $0"]).arg(self.next.to_string()).spawn();
        self.earlier = Some((self.next, command?));
        Ok(())
    }
}

#[net_server(personality = "prefork", port = 0)]
impl Commands {
    fn pre_fork_hook(&mut self) -> Result<()> {
        self.hook("pre_fork_hook")
    }

    fn register_child(&mut self, child: &Child) -> Result<()> {
        log::info!("child {}", child.pid());
        self.hook("register_child")?;
        self.go_on()
    }

    fn cleanup_dead_child_hook(&mut self) -> Result<()> {
        self.hook("cleanup_dead_child_hook")?;
        self.go_on()
    }

    fn child_init_hook(&mut self) -> Result<()> {
        self.hook("child_init_hook")
    }

    fn child_finish_hook(&mut self) -> Result<()> {
        self.hook("child_finish_hook")
    }

    fn post_child_cleanup_hook(&mut self) -> Result<()> {
        self.finish()
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(line) = conn.next_line()? {
            match line.strip_prefix("exit ") {
                Some(code) => run(code.parse().map_err(io::Error::other)?)?,
                None => pipe()?,
            }
            writeln!(conn, "{line}")?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Commands::default().run()
}
