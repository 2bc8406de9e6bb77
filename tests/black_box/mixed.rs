//! One server with ports of every protocol at once.

use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use netserver::testing::{Client, DEADLINE, scratch};
use rustls::ClientConfig;

use super::protocols::facts;
use super::tls::{Issued, exchange};

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 16;

/// The places of one server.
struct Places<'a> {
    inet: &'a [SocketAddr],
    stream: &'a Path,
    packets: &'a Path,
    own: &'a Path,
    config: Arc<ClientConfig>,
}

/// What the server says to `length` bytes on the port of that place.
fn ask(places: &Places<'_>, client: usize, at: usize, length: usize) -> String {
    let text = format!("{}\n", "x".repeat(length - 1));
    let mut room = [0; 500];
    let said = match at {
        0..=2 => {
            let mut client = Client::connect(places.inet[at]);
            client.send(&text);
            client.rest()
        }
        3 | 4 => {
            let socket = UdpSocket::bind((places.inet[at].ip(), 0)).unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            socket.connect(places.inet[at]).unwrap();
            socket.send(text.as_bytes()).unwrap();
            let length = socket.recv(&mut room).unwrap();
            room[..length].to_vec()
        }
        5 => exchange(&places.config, places.inet[at], &text),
        6 => {
            let mut stream = UnixStream::connect(places.stream).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            let mut said = Vec::new();
            stream.read_to_end(&mut said).unwrap();
            said
        }
        _ => {
            let own = places.own.join(client.to_string());
            let socket = UnixDatagram::bind(&own).unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            socket.send_to(text.as_bytes(), places.packets).unwrap();
            let length = socket.recv(&mut room).unwrap();
            std::fs::remove_file(own).unwrap();
            room[..length].to_vec()
        }
    };
    String::from_utf8(said).unwrap()
}

#[test]
fn eight_ports_of_five_protocols_answer_ten_thousand_requests() {
    let issued = Issued::new();
    issued.write("server", &["localhost"], 2020..2090);
    let directory = scratch();
    let (stream, packets) = (directory.join("stream"), directory.join("packets"));
    let server = facts(&["0", "*:0", "[::1]:0", "0/udp", "[::1]:0/udp", "0/ssl"])
        .arg(format!("--port={}|unix", stream.display()))
        .arg(format!("--port={}|unixdgram", packets.display()))
        .args(issued.cert("server"))
        .args(["--max_servers=20", "--max_requests=200"])
        .start();
    let inet = server.addresses(6);
    server.wait_for_log("Binding to UNIXDGRAM");
    let own = scratch();
    let places = Places {
        inet: &inet,
        stream: &stream,
        packets: &packets,
        own: own.path(),
        config: issued.client(),
    };
    let names = ["tcp", "tcp", "tcp", "udp", "udp", "ssl", "unix", "unixdgram"];
    let (next, right) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (places, next, right) = (&places, &next, &right);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= REQUESTS {
                        break;
                    }
                    let (at, length) = (number % 8, 2 + number % 1000);
                    let said = ask(places, client, at, length);
                    let name = names[at];
                    // A datagram is taken with the end of its line.
                    let length =
                        if ["udp", "unixdgram"].contains(&name) { length } else { length - 1 };
                    let expected = format!("{name} {length} whole ");
                    assert!(said.starts_with(&expected), "{expected}: {said}");
                    right.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(right.into_inner(), REQUESTS);
    server.stop();
    assert!(!stream.exists() && !packets.exists());
}
