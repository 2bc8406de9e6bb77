//! A chat of Perl's Net::Server and its translation: what guests see of either is the same.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use netserver::testing::{Server, tool, tool_with, wait_until};

use super::terminal::Terminal;
use super::{example, folder};

/// The one in Perl.
struct Original(Child);

impl Original {
    fn start(address: SocketAddr, patience: &str) -> Self {
        let script = folder().join("from_perl.pl");
        let mut perl = Command::new("perl");
        perl.arg(script).args([format!("--port={address}"), format!("--patience={patience}")]);
        let perl = Self(perl.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        // Not by a connection, which would be a guest.
        let listens = format!(":{:04X} 00000000:0000 0A ", address.port());
        wait_until("it listens", || {
            std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listens)
        });
        perl
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that is free, below those that the kernel chooses for others.
fn free(from: u16) -> SocketAddr {
    let mut addresses = (from..).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

/// Has the script talk to both servers.
fn with_both(patience: &str, port: u16, script: impl Fn(&Path, SocketAddr)) {
    let Some(nc) = tool("nc") else { return };
    if tool_with("perl", &["-MNet::Server::Multiplex", "-MIO::Multiplex", "-e1"]).is_some() {
        let address = free(port);
        let _original = Original::start(address, patience);
        script(&nc, address);
    }
    let patience = format!("--patience={patience}");
    let server = Server::start(example("from_perl"), &["--port=127.0.0.1:0", &patience]);
    script(&nc, server.address());
    server.stop();
}

#[test]
fn from_perl_chats_as_its_original_does() {
    with_both("60", 11_300, |nc, address| {
        let mut ada = Terminal::open(nc, address, "ada");
        assert_eq!(ada.reads(), "Welcome, you are number 1.");
        let mut bob = Terminal::open(nc, address, "bob");
        assert_eq!(bob.reads(), "Welcome, you are number 2.");
        assert_eq!(ada.reads(), "2 has come.");
        let eve = Terminal::open(nc, address, "eve");
        assert_eq!(eve.reads(), "Welcome, you are number 3.");
        for other in [&ada, &bob] {
            assert_eq!(other.reads(), "3 has come.");
        }
        bob.types("hello\n\nhow are you?\r");
        for other in [&ada, &eve] {
            assert_eq!([other.reads(), other.reads()], ["2: hello", "2: how are you?"]);
        }
        ada.types("fine");
        assert_eq!(bob.reads(), "1: fine", "and nothing of his own");
        assert_eq!(eve.reads(), "1: fine");
        drop(eve);
        for other in [&ada, &bob] {
            assert_eq!(other.reads(), "3 has left.");
        }
        drop(bob);
        assert_eq!(ada.reads(), "2 has left.");
    });
}

#[test]
fn from_perl_sends_who_is_silent_away_as_its_original_does() {
    with_both("1", 11_400, |nc, address| {
        let mut silent = Terminal::open(nc, address, "silent");
        assert_eq!(silent.reads(), "Welcome, you are number 1.");
        assert_eq!(silent.reads(), "Are you there?");
        silent.types("yes");
        assert_eq!(silent.reads(), "Are you there?");
        assert_eq!(silent.reads(), "Bye.");
        assert_eq!(silent.rest(), [""; 0]);
    });
}
