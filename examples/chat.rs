//! A chat: names, rooms, `/who`, `/join ROOM`, `/quit`. One process has all its guests in one loop. Try it
//! with `nc localhost 20213`, twice.

use std::collections::BTreeMap;

use netserver::prelude::*;

struct Chat {
    /// The name of each guest, and the room.
    guests: BTreeMap<ConnId, (String, String)>,
}

/// Chats. Guests may be silent for as long as they like.
#[net_server(personality = "multiplex", port = 20213, read_timeout = 0, max_unsent = "256K")]
impl Chat {
    fn mux_connection(&mut self, mux: &mut Mux<'_>) {
        mux.write("Your name? ");
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        while let Some(line) = input.take_line() {
            let Some((name, room)) = self.guests.get(&mux.id()) else {
                self.enter(mux, line.trim());
                continue;
            };
            match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
                ("/quit", _) => return mux.close(), // What else it has sent it has not said.
                ("/who", _) => {
                    let here = self.guests.values().filter(|guest| guest.1 == *room);
                    let names: Vec<&str> = here.map(|(name, _)| name.as_str()).collect();
                    mux.write(format!("* In {room}: {}\n", names.join(", ")));
                }
                ("/join", room) if !room.is_empty() => self.go(mux, room),
                ("", _) => {}
                _ => self.say(mux, room, &format!("{name}: {line}")),
            }
        }
    }

    fn mux_stopping(&mut self, mux: &mut Mux<'_>) {
        mux.write("* The chat closes. Bye.\n");
        mux.close();
    }

    fn mux_close(&mut self, mux: &mut Mux<'_>) {
        if let Some((name, room)) = self.guests.remove(&mux.id()) {
            self.say(mux, &room, &format!("* {name} has left"));
        }
    }

    fn enter(&mut self, mux: &mut Mux<'_>, name: &str) {
        if name.is_empty() || self.guests.values().any(|guest| guest.0 == name) {
            return mux.write("Another name? ");
        }
        mux.write(format!("* Welcome, {name}. There are /who, /join ROOM and /quit.\n"));
        self.guests.insert(mux.id(), (name.to_owned(), String::new()));
        self.go(mux, "hall");
    }

    fn go(&mut self, mux: &mut Mux<'_>, to: &str) {
        let Some((name, room)) = self.guests.get_mut(&mux.id()) else { return };
        let (name, before) = (name.clone(), std::mem::replace(room, to.to_owned()));
        self.say(mux, &before, &format!("* {name} has gone to {to}"));
        self.say(mux, to, &format!("* {name} is here"));
        mux.write(format!("* You are in {to}.\n"));
    }

    /// Says a line to everybody else in a room. Who does not read it is dropped at `max_unsent`.
    fn say(&self, mux: &mut Mux<'_>, room: &str, line: &str) {
        let me = mux.id();
        for (id, _) in self.guests.iter().filter(|(id, guest)| **id != me && guest.1 == room) {
            mux.write_to(*id, format!("{line}\n"));
        }
    }
}

fn main() -> ExitCode {
    Chat { guests: BTreeMap::new() }.run()
}
