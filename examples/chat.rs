//! A chat: names, rooms, `/who`, `/join ROOM`, `/quit`. One process has all its guests in one loop.
//!
//! Try it with `nc localhost 20213`, twice.

use std::collections::HashMap;

use netserver::prelude::*;

/// Where everybody begins.
const HALL: &str = "hall";

/// A guest that has a name.
struct Guest {
    name: String,
    room: String,
}

#[derive(Default)]
struct Chat {
    guests: HashMap<ConnId, Guest>,
}

impl Chat {
    /// Says a line to everybody in a room but `from`. Who does not read it is dropped at `max_unsent`.
    fn say(&self, mux: &mut Mux<'_>, room: &str, from: ConnId, line: &str) {
        for (id, _) in self.guests.iter().filter(|(id, guest)| **id != from && guest.room == room) {
            mux.write_to(*id, format!("{line}\n"));
        }
    }

    fn enter(&mut self, mux: &mut Mux<'_>, name: &str) -> io::Result<()> {
        if name.is_empty() || self.guests.values().any(|guest| guest.name == name) {
            return write!(mux, "Another name? ");
        }
        let id = mux.id();
        self.guests.insert(id, Guest { name: name.to_owned(), room: HALL.to_owned() });
        self.say(mux, HALL, id, &format!("* {name} is here"));
        writeln!(mux, "* Welcome, {name}. There are /who, /join ROOM and /quit.")
    }

    fn join(&mut self, mux: &mut Mux<'_>, room: &str) -> io::Result<()> {
        let id = mux.id();
        let Some(guest) = self.guests.get_mut(&id) else { return Ok(()) };
        let (name, before) = (guest.name.clone(), std::mem::replace(&mut guest.room, room.into()));
        self.say(mux, &before, id, &format!("* {name} has gone to {room}"));
        self.say(mux, room, id, &format!("* {name} is here"));
        writeln!(mux, "* You are in {room}.")
    }

    fn who(&self, mux: &mut Mux<'_>, room: &str) -> io::Result<()> {
        let here = self.guests.values().filter(|guest| guest.room == room);
        let mut names: Vec<&str> = here.map(|guest| guest.name.as_str()).collect();
        names.sort_unstable();
        writeln!(mux, "* In {room}: {}", names.join(", "))
    }
}

/// Chats. Guests may be silent for as long as they like.
#[net_server(personality = "multiplex", port = 20213, read_timeout = 0, max_unsent = "256K")]
impl Chat {
    fn mux_connection(&mut self, mux: &mut Mux<'_>) {
        mux.write("Your name? ");
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        while let Some(line) = input.take_line() {
            let line = line.trim();
            let id = mux.id();
            let Some(Guest { name, room }) = self.guests.get(&id) else {
                self.enter(mux, line)?;
                continue;
            };
            match line.split_once(' ').unwrap_or((line, "")) {
                ("/quit", _) => {
                    mux.close();
                    // What else it has sent it has not said.
                    return Ok(());
                }
                ("/who", _) => self.who(mux, room)?,
                ("/join", to) if !to.is_empty() => self.join(mux, to)?,
                ("", _) => {}
                _ => self.say(mux, room, id, &format!("{name}: {line}")),
            }
        }
        Ok(())
    }

    fn mux_stopping(&mut self, mux: &mut Mux<'_>) {
        mux.write("* The chat closes. Bye.\n");
        mux.close();
    }

    fn mux_close(&mut self, mux: &mut Mux<'_>) {
        if let Some(Guest { name, room }) = self.guests.remove(&mux.id()) {
            self.say(mux, &room, mux.id(), &format!("* {name} has left"));
        }
    }
}

fn main() -> ExitCode {
    Chat::default().run()
}
