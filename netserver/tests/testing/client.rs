//! The client: what it reads and sends, and how it fails.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use netserver::testing::Client;

use crate::peers::{closed_port, echo_line, peer};

const SOON: Duration = Duration::from_millis(100);

#[test]
fn lines_and_the_rest() {
    let (address, thread) = peer(1, |mut stream| {
        stream.write_all(b"one\r\ntwo\n\nrest\nof \xff it").unwrap();
    });
    let mut client = Client::connect(address);
    assert_eq!(client.line(), "one");
    assert_eq!(client.line(), "two");
    assert_eq!(client.line(), "");
    assert_eq!(client.rest(), b"rest\nof \xff it");
    assert_eq!(client.try_line().unwrap(), None);
    thread.join().unwrap();
}

#[test]
fn what_is_sent_comes_back() {
    let (address, thread) = peer(1, echo_line);
    let mut client = Client::connect(address);
    client.send("hel");
    client.send(b"lo\n");
    assert_eq!(client.line(), "hello");
    assert_eq!(client.rest(), b"");
    thread.join().unwrap();
}

#[test]
fn a_connection_may_be_made_otherwise() {
    let (address, thread) = peer(1, echo_line);
    let mut client = Client::over(TcpStream::connect(address).unwrap());
    client.send("hello\n");
    assert_eq!(client.line(), "hello");
    drop(client);
    thread.join().unwrap();
}

#[test]
fn a_half_closed_client_still_reads() {
    let (address, thread) = peer(1, |mut stream| {
        let mut request = Vec::new();
        stream.read_to_end(&mut request).unwrap();
        stream.write_all(&request).unwrap();
    });
    let mut client = Client::connect(address);
    client.send("all of it");
    client.half_close();
    assert_eq!(client.rest(), b"all of it");
    thread.join().unwrap();
}

#[test]
fn a_reset_is_seen_as_one() {
    let (told, seen) = mpsc::channel();
    let (address, thread) = peer(1, move |mut stream| {
        told.send(stream.read(&mut [0]).unwrap_err().kind()).unwrap();
    });
    Client::connect(address).reset();
    thread.join().unwrap();
    assert_eq!(seen.recv().unwrap(), ErrorKind::ConnectionReset);
}

#[test]
fn a_fault_can_be_asked_for() {
    assert_eq!(
        Client::try_connect(closed_port()).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
#[should_panic(expected = ": Connection refused")]
fn nobody_listens() {
    Client::connect(closed_port());
}

#[test]
#[should_panic(expected = "the server closed the connection; unread: \"half a li\"")]
fn the_server_closes_within_a_line() {
    let (address, _thread) = peer(1, |mut stream| stream.write_all(b"half a li").unwrap());
    Client::connect(address).line();
}

#[test]
#[should_panic(expected = "timed out; unread: \"half a li\"")]
fn the_server_stops_within_a_line() {
    let (_done, wait) = mpsc::channel::<()>();
    let (address, _thread) = peer(1, move |mut stream| {
        stream.write_all(b"half a li").unwrap();
        let _ = wait.recv();
    });
    let mut client = Client::connect(address);
    client.set_patience(SOON);
    client.line();
}

#[test]
fn a_byte_now_and_then_does_not_move_the_deadline() {
    let (address, thread) = peer(1, trickle);
    let mut client = Client::connect(address);
    client.set_patience(SOON);
    let begin = Instant::now();
    assert_eq!(client.try_rest().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(begin.elapsed() >= SOON && begin.elapsed() < 20 * SOON);
    drop(client);
    thread.join().unwrap();
}

/// Sends a byte every few milliseconds until the client is gone.
fn trickle(mut stream: TcpStream) {
    stream.set_read_timeout(Some(SOON / 10)).unwrap();
    while stream.write_all(b".").is_ok() {
        if matches!(stream.read(&mut [0]), Ok(0)) {
            return;
        }
    }
}
