//! What Net::Server does where nobody has written a `process_request`: it repeats what it is told, by
//! `nc localhost 20203`. `get NAME`, `dump` and `exit` tell a client of the server, or stop it: each works only
//! where `--allow_command` names it, and `exit` needs `--no_close_by_child=off` too.

use std::str::FromStr;

use netserver::prelude::*;

/// What a client may ask for beside `quit`.
#[derive(Debug, Clone, PartialEq)]
struct Command(String);

impl FromStr for Command {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let is_known = ["get", "dump", "exit"].contains(&text);
        is_known.then(|| Self(text.to_owned())).ok_or("expected get, dump or exit")
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

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let pid = std::process::id();
        write!(conn, "Welcome to \"Sample\" ({pid})\r\n")?;
        loop {
            let line = conn.next_line();
            if line.as_ref().is_err_and(|err| err.kind() == io::ErrorKind::TimedOut) {
                return write!(conn, "Timed Out.\r\n");
            }
            let Some(line) = line? else { return Ok(()) };
            write!(conn, "Sample:{pid}: You said \"{line}\"\r\n")?;
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
            (Some(word), _) if self.allow_command.iter().all(|allowed| allowed.0 != word) => {}
            (Some("get"), Some(name)) => {
                let found = server.effective().iter().find(|option| option.name() == name);
                let value = found.map_or("no such option".into(), |it| it.values().join(", "));
                write!(conn, "{name}: {value}\r\n")?;
            }
            (Some("dump"), _) => {
                for option in server.effective() {
                    write!(conn, "{}: {}\r\n", option.name(), option.values().join(", "))?;
                }
            }
            (Some("exit"), _) => return server.server_close().map(|()| false),
            _ => {}
        }
        Ok(true)
    }
}

fn main() -> ExitCode {
    Sample::run()
}
