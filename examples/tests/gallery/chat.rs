//! The chat, with guests that are nothing but `nc`.

use std::io::Write;
use std::net::TcpStream;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Server, tool, wait_until};

use super::example;
use super::terminal::Terminal;

/// Somebody who has a name there.
struct Guest(Terminal);

impl Guest {
    /// Comes in, by that name.
    fn enter(nc: &Path, server: &Server, name: &str) -> Self {
        let mut terminal = Terminal::open(nc, server.address(), name);
        terminal.types(name);
        let welcome = terminal.reads();
        assert!(welcome.contains(&format!("* Welcome, {name}.")), "{welcome}");
        assert_eq!(terminal.reads(), "* You are in hall.");
        Self(terminal)
    }

    /// The next line that is not the house's.
    fn hears(&self) -> String {
        loop {
            let line = self.reads();
            if !line.starts_with("* ") {
                return line;
            }
        }
    }

    /// Leaves, and reads until the end.
    fn leaves(mut self) -> Vec<String> {
        self.types("/quit");
        self.0.rest()
    }
}

impl Deref for Guest {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl DerefMut for Guest {
    fn deref_mut(&mut self) -> &mut Terminal {
        &mut self.0
    }
}

#[test]
fn chat_brings_every_line_to_everybody_else_once_and_in_order() {
    const GUESTS: usize = 50;
    const LINES: usize = 10;
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("chat"), &["--port=127.0.0.1:0"]);
    let mut guests: Vec<Guest> =
        (0..GUESTS).map(|at| Guest::enter(&nc, &server, &format!("guest {at}"))).collect();
    for line in 0..LINES {
        for guest in &mut guests {
            guest.types(&format!("line {line}"));
        }
    }
    for (at, guest) in guests.iter().enumerate() {
        // What each of the others is heard to say next.
        let mut next = [0; GUESTS];
        for _ in 0..(GUESTS - 1) * LINES {
            let line = guest.hears();
            let (who, said) = line.strip_prefix("guest ").unwrap().split_once(": line ").unwrap();
            let who: usize = who.parse().unwrap();
            assert_ne!(who, at, "its own line: {line}");
            assert_eq!(said.parse(), Ok(next[who]), "{}: {line}", guest.name);
            next[who] += 1;
        }
    }
    for guest in guests {
        let rest = guest.leaves();
        assert!(rest.iter().all(|line| line.starts_with("* ")), "nothing twice: {rest:?}");
    }
    server.stop();
}

#[test]
fn chat_drops_who_never_reads_and_nobody_waits_for_it() {
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("chat"), &["--port=127.0.0.1:0", "--log_level=3"]);
    let mut deaf = TcpStream::connect(server.address()).unwrap();
    deaf.write_all(b"deaf\n").unwrap();
    let mut speaker = Guest::enter(&nc, &server, "speaker");
    let mut listener = Guest::enter(&nc, &server, "listener");
    let long = "x".repeat(8000);
    // So much that no kernel keeps it all for somebody who does not read.
    let mut slowest = Duration::ZERO;
    let mut is_dropped = false;
    for number in 0..2000 {
        let start = Instant::now();
        speaker.types(&format!("{number} {long}"));
        assert_eq!(listener.hears(), format!("speaker: {number} {long}"));
        slowest = slowest.max(start.elapsed());
        is_dropped = server.log().iter().any(|line| line.contains("more than max_unsent"));
        if is_dropped {
            break;
        }
    }
    assert!(is_dropped, "nobody was dropped: {:?}", server.log());
    assert!(slowest < Duration::from_secs(1), "somebody waited for {slowest:?}");
    listener.types("/who");
    wait_until("it is gone", || {
        let line = listener.reads();
        line == "* In hall: speaker, listener" || {
            listener.types("/who");
            false
        }
    });
    let _ = deaf.shutdown(std::net::Shutdown::Both);
    speaker.leaves();
    listener.leaves();
    server.stop();
}

#[test]
fn chat_has_rooms_and_names() {
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("chat"), &["--port=127.0.0.1:0"]);
    let mut ada = Guest::enter(&nc, &server, "ada");
    let mut bob = Guest::enter(&nc, &server, "bob");
    assert_eq!(ada.reads(), "* bob is here");
    bob.types("/join attic");
    assert_eq!(bob.reads(), "* You are in attic.");
    assert_eq!(ada.reads(), "* bob has gone to attic");
    bob.types("is anybody here?");
    bob.types("/who");
    assert_eq!(bob.reads(), "* In attic: bob");
    ada.types("/join attic");
    assert_eq!(bob.reads(), "* ada is here");
    ada.types("me");
    assert_eq!(bob.reads(), "ada: me");
    bob.leaves();
    assert_eq!(ada.reads(), "* You are in attic.");
    assert_eq!(ada.reads(), "* bob has left");
    // Its last words come before the end.
    let server = std::thread::spawn(move || server.stop());
    assert_eq!(ada.reads(), "* The chat closes. Bye.");
    server.join().unwrap();
}
