//! Children report to their parent, which sums up for all of them: a total over many processes.
//! `nc localhost 20211`, and then amounts.

use std::time::Duration;

use netserver::prelude::*;
use netserver::{Error, Speak};

/// What a child says to its parent.
enum Report {
    /// A client has given so much.
    Given(u64),
    /// How much is it by now?
    Asked,
}

impl Speak for Report {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Given(amount) => amount.to_bytes(),
            Self::Asked => Vec::new(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { Some(Self::Asked) } else { u64::from_bytes(bytes).map(Self::Given) }
    }
}

/// A box for donations. The total is right in the parent only; `server` is set in children only.
#[derive(Default)]
struct Donations {
    total: u64,
    server: Option<ServerInfo>,
}

/// Takes donations, a number on each line, and says how much there is by now.
#[net_server(personality = "prefork", port = 20211, max_servers = 5, child_communication = true)]
impl Donations {
    fn child_init_hook(&mut self, server: &ServerInfo) {
        self.server = Some(server.clone());
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        let server = self.server.as_ref().ok_or_else(|| Error::new("this is no child"))?;
        while let Some(line) = conn.next_line()? {
            let Ok(amount) = line.parse() else {
                writeln!(conn, "how much?")?;
                continue;
            };
            // An answer that came too late for an earlier question is none to this one.
            while server.hear_parent(Duration::ZERO)?.is_some() {}
            server.tell_parent(&Report::Given(amount))?;
            server.tell_parent(&Report::Asked)?;
            match server.hear_parent(Duration::from_secs(5))? {
                Some(total) => writeln!(conn, "{} in all", total.read::<u64>()?)?,
                None => writeln!(conn, "thank you")?,
            }
        }
        Ok(())
    }

    /// What a child says is a claim: a sum that is too large must not stop the parent.
    fn child_is_talking_hook(&mut self, child: &Child, message: &Message) -> Result<()> {
        match message.read()? {
            Report::Given(amount) => self.total = self.total.saturating_add(amount),
            Report::Asked => child.tell(&self.total)?,
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Donations::default().run()
}
