//! A reply is whole, whatever the client sends that nobody reads.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use netserver::testing::DEADLINE;
use socket2::{Domain, Socket, Type};

use super::{actor, extent, pause};

/// How many clients there are; `CLIENTS=10000` for the long form.
fn clients() -> usize {
    extent("CLIENTS", 400)
}

const LENGTH: usize = 1 << 20;

/// What a client sends before it reads.
#[derive(Debug, Clone, Copy)]
enum Sent {
    /// The line and the rest at once.
    Together,
    /// The line, and the rest when the server may be done already.
    Apart,
}

/// How many bytes of its reply a client gets that reads late and sends 100 KB which nobody wants.
fn reply(address: SocketAddr, sent: Sent) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let (line, rest) = (format!("only {LENGTH}\n").into_bytes(), vec![b'x'; 100_000]);
    match sent {
        Sent::Together => stream.write_all(&[line, rest].concat())?,
        Sent::Apart => {
            stream.write_all(&line)?;
            pause(Duration::from_millis(5));
            stream.write_all(&rest)?;
        }
    }
    // What the test is about: the reply waits for its reader.
    pause(Duration::from_millis(50));
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(reply.len())
}

fn all_are_whole(sent: Sent) {
    let server = actor(&["--min_servers=20", "--max_servers=50"]).start();
    let (left, whole) = (AtomicUsize::new(clients()), AtomicUsize::new(0));
    let one_less = || left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                while one_less() {
                    let reply = reply(server.address(), sent);
                    assert_eq!(reply.map_err(|err| err.to_string()), Ok(LENGTH), "{sent:?}");
                    whole.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(whole.into_inner(), clients());
    server.stop();
}

#[test]
fn a_reply_survives_unread_input() {
    all_are_whole(Sent::Together);
}

#[test]
fn a_reply_survives_input_that_comes_after_it() {
    all_are_whole(Sent::Apart);
}

#[test]
fn a_short_reply_waits_for_a_client_without_room() {
    let server = actor(&[]).start();
    for length in [1024, 2048, 4096, 8000, 8192, 9000] {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // Room for less than the reply.
        socket.set_recv_buffer_size(1).unwrap();
        socket.connect(&server.address().into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(format!("only {length}\n").as_bytes()).unwrap();
        pause(Duration::from_millis(20));
        stream.write_all(&[b'x'; 1024]).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        assert_eq!(reply.len(), length / 16 * 16);
    }
    server.stop();
}
