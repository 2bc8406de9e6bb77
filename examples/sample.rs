//! What Net::Server does where nobody has written a `process_request`: it repeats what it is told.
//!
//! `get NAME`, `dump` and `exit` tell a client of the server, or stop it: each works only where
//! `--allow_command` names it, and `exit` needs `--no_close_by_child=off` too.

use std::str::FromStr;

use netserver::prelude::*;

/// What a client may ask for beside `quit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Get,
    Dump,
    Exit,
}

impl FromStr for Command {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text {
            "get" => Ok(Self::Get),
            "dump" => Ok(Self::Dump),
            "exit" => Ok(Self::Exit),
            _ => Err("expected get, dump or exit"),
        }
    }
}

/// Repeats what it is told.
#[net_server(personality = ["prefork", "single"], port = 20203)]
struct Sample {
    /// A command that clients may give: get, dump or exit; may repeat.
    #[option]
    allow_command: Vec<Command>,
    server: Option<ServerInfo>,
}

#[net_server]
impl Sample {
    fn pre_loop_hook(&mut self, server: &ServerInfo) {
        self.server = Some(server.clone());
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        let pid = std::process::id();
        write!(conn, "Welcome to \"Sample\" ({pid})\r\n")?;
        loop {
            let line = match conn.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(()),
                Err(err) if err.kind() == io::ErrorKind::TimedOut => {
                    return Ok(write!(conn, "Timed Out.\r\n")?);
                }
                Err(err) => return Err(err.into()),
            };
            write!(conn, "Sample:{pid}: You said \"{line}\"\r\n")?;
            log::debug!("Sample:{pid}: You said \"{line}\"");
            if !self.obey(&line, conn)? {
                return Ok(());
            }
        }
    }

    /// Does what a line asks for. Tells whether another may follow.
    fn obey(&self, line: &str, conn: &mut Connection) -> Result<bool> {
        let Some(server) = &self.server else { return Ok(true) };
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("quit"), _) => return Ok(false),
            (Some("get"), Some(name)) if self.allows(Command::Get) => {
                let found = server.effective().iter().find(|option| option.name() == name);
                let value = found.map(|option| option.values().join(", "));
                write!(conn, "{name}: {}\r\n", value.as_deref().unwrap_or("no such option"))?;
            }
            (Some("dump"), _) if self.allows(Command::Dump) => {
                for option in server.effective() {
                    write!(conn, "{}: {}\r\n", option.name(), option.values().join(", "))?;
                }
            }
            (Some("exit"), _) if self.allows(Command::Exit) => {
                server.server_close()?;
                return Ok(false);
            }
            _ => {}
        }
        Ok(true)
    }

    fn allows(&self, command: Command) -> bool {
        self.allow_command.contains(&command)
    }
}

fn main() -> ExitCode {
    Sample::run()
}
