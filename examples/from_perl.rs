//! A chat, part by part what `from_perl.pl` beside it is by Perl's Net::Server: who comes and goes is told to
//! all others, and who is silent is asked, and sent away.
//!
//! `nc 127.0.0.1 20221`, twice.

use std::collections::BTreeMap;
use std::time::Duration;

use netserver::prelude::*;

/// `$self` of one client: all of them are in the server's one value, by their numbers.
struct Guest {
    number: u32,
    asked: bool,
}

/// A chat.
#[net_server(personality = "multiplex", port = "127.0.0.1:20221", read_timeout = 0)]
struct Chat {
    /// How long a guest may be silent.
    #[option(default = "20s")]
    patience: Duration,
    guests: BTreeMap<ConnId, Guest>,
    last: u32,
}

#[net_server]
impl Chat {
    fn allow_deny_hook(&mut self, conn: &mut Connection) -> bool {
        conn.peer().ip().is_some_and(|ip| ip.is_loopback())
    }

    fn mux_connection(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        self.last += 1;
        self.guests.insert(mux.id(), Guest { number: self.last, asked: false });
        write!(mux, "Welcome, you are number {}.\r\n", self.last)?;
        mux.write_others(format!("{} has come.\r\n", self.last));
        mux.set_timeout(self.patience);
        Ok(())
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        let Some(guest) = self.guests.get_mut(&mux.id()) else { return };
        while let Some(line) = input.take_line() {
            if !line.is_empty() {
                mux.write_others(format!("{}: {line}\r\n", guest.number));
            }
        }
        guest.asked = false;
        mux.set_timeout(self.patience);
    }

    fn mux_timeout(&mut self, mux: &mut Mux<'_>) {
        let Some(guest) = self.guests.get_mut(&mux.id()) else { return };
        if std::mem::replace(&mut guest.asked, true) {
            mux.write("Bye.\r\n");
            mux.close();
        } else {
            mux.write("Are you there?\r\n");
            mux.set_timeout(self.patience);
        }
    }

    /// It is called for nobody who was not let in.
    fn mux_close(&mut self, mux: &mut Mux<'_>) {
        if let Some(guest) = self.guests.remove(&mux.id()) {
            mux.write_others(format!("{} has left.\r\n", guest.number));
        }
    }
}

fn main() -> ExitCode {
    Chat::run()
}
