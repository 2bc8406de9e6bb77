//! Datagrams: none is lost, doubled or answered from another address.

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, DEADLINE, Signal, scratch};

use super::protocols::facts;
use super::{PERSONALITIES, actor, extent, pause};

/// A client of one server, which hears nobody else.
fn client(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((address.ip(), 0)).unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn answer(socket: &UdpSocket) -> String {
    let mut room = vec![0; 70_000];
    let length = socket.recv(&mut room).unwrap();
    String::from_utf8(room[..length].to_vec()).unwrap()
}

#[test]
fn every_length_arrives_whole_and_a_longer_one_says_so() {
    for personality in PERSONALITIES {
        let server = facts(&["0/udp"])
            .args(["--udp_recv_len=65507", &format!("--server_type={personality}")])
            .start();
        let socket = client(server.address());
        for length in [0, 1, 1472, 8192, 65_507] {
            socket.send(&vec![b'.'; length]).unwrap();
            let said = answer(&socket);
            assert!(said.starts_with(&format!("udp {length} whole ")), "{length}: {said}");
        }
        server.stop();
    }
    let server = facts(&["0/udp"]).arg("--udp_recv_len=100").start();
    let socket = client(server.address());
    for (length, begin) in
        [(99, "udp 99 whole"), (100, "udp 100 whole"), (101, "udp 100 truncated")]
    {
        socket.send(&vec![b'.'; length]).unwrap();
        let said = answer(&socket);
        assert!(said.starts_with(begin), "{length}: {said}");
    }
    server.stop();
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    for ports in [&["*:0/udp"][..], &["0.0.0.0:0/udp"], &["*:0/udp", "127.0.0.1:0/tcp"]] {
        let server = facts(ports).start();
        let port = server.address().port();
        for ip in ["127.0.0.1", "127.0.0.2", "127.9.8.7"] {
            // A connected socket takes nothing from anywhere else.
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect((ip, port)).unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            socket.send(b"x").unwrap();
            let own = socket.local_addr().unwrap();
            let said = answer(&socket);
            assert!(said.starts_with(&format!("udp 1 whole {own} {ip}:{port} ")), "{ip}: {said}");
        }
        server.stop();
    }
    let server = facts(&["*:0/udp"]).start();
    let socket = client(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, server.address().port())));
    socket.send(b"x").unwrap();
    assert!(answer(&socket).starts_with("udp 1 whole [::1]:"));
    server.stop();
}

#[test]
fn a_question_to_everybody_is_answered() {
    for port in ["0.0.0.0:0/udp", "*:0/udp"] {
        let server = facts(&[port]).start();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_broadcast(true).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.send_to(b"x", ("127.255.255.255", server.address().port())).unwrap();
        assert!(answer(&socket).starts_with("udp 1 whole "), "{port}");
        server.stop();
    }
}

/// 20,000 at 2,000 a second with `DATAGRAMS=20000`.
#[test]
fn none_is_lost_or_doubled() {
    let count: u32 = extent("DATAGRAMS", 2_000);
    let server = facts(&["0/udp"]).arg("--max_requests=500").start();
    let socket = client(server.address());
    let reader = socket.try_clone().unwrap();
    let sender = thread::spawn(move || {
        let start = Instant::now();
        for number in 0..count {
            // The length tells one from another.
            socket.send(&vec![b'.'; usize::try_from(number % 1000).unwrap()]).unwrap();
            let due = Duration::from_micros(500) * number;
            pause(due.saturating_sub(start.elapsed()));
        }
    });
    let mut seen = vec![0_u32; 1000];
    for _ in 0..count {
        let said = answer(&reader);
        let length: usize = said.split(' ').nth(1).unwrap().parse().unwrap();
        seen[length] += 1;
    }
    sender.join().unwrap();
    assert!(seen.iter().all(|times| *times == count / 1000), "{seen:?}");
    reader.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(reader.recv(&mut [0; 10]).is_err(), "one came twice");
    server.stop();
}

#[test]
fn an_answer_that_is_none_or_too_long_leaves_the_server_alive() {
    let server = facts(&["0/udp"]).start();
    server.expect_log("an answer of over 65507 bytes does not fit into one packet");
    let socket = client(server.address());
    socket.send(b"silent").unwrap();
    socket.send(b"fill 65508").unwrap();
    socket.send(b"fill 60000").unwrap();
    assert_eq!(answer(&socket).len(), 60_000);
    server.wait_for_log("does not fit into one packet");
    server.stop();
}

#[test]
fn a_stop_lets_the_answer_out() {
    for personality in PERSONALITIES {
        let server = facts(&["0/udp"])
            .args([&format!("--server_type={personality}"), "--log_level=3"])
            .start();
        let socket = client(server.address());
        socket.send(b"wait 0.3").unwrap();
        server.wait_for_log("takes its time");
        server.signal(Signal::SIGTERM);
        assert_eq!(answer(&socket), "waited");
        server.wait().expect_code(0);
    }
}

#[test]
fn a_unix_client_without_a_path_gets_no_answer_and_is_known() {
    let directory = scratch();
    let path = directory.join("packets");
    let server = facts(&[&format!("{}|unixdgram", path.display())]).arg("--log_level=3").start();
    server.wait_for_log("Binding to UNIXDGRAM");
    let nameless = UnixDatagram::unbound().unwrap();
    nameless.send_to(b"x", &path).unwrap();
    server.wait_for_log("the client's socket has no address to answer to");
    let named = UnixDatagram::bind(directory.join("own")).unwrap();
    named.set_read_timeout(Some(DEADLINE)).unwrap();
    named.send_to(b"x", &path).unwrap();
    let mut room = [0; 500];
    let length = named.recv(&mut room).unwrap();
    let said = String::from_utf8_lossy(&room[..length]).into_owned();
    let uid = nix::unistd::getuid();
    assert!(
        said.contains(&format!("{} {} uid={uid}", directory.join("own").display(), path.display())),
        "{said}"
    );
    server.stop();
}

#[test]
fn a_client_that_never_reads_is_given_up_and_a_stop_is_heard() {
    for limit in ["500ms", "0s"] {
        let directory = scratch();
        let path = directory.join("packets");
        let server = facts(&[&format!("{}|unixdgram", path.display())])
            .args(["--server_type=single", "--log_level=3"])
            .arg(format!("--write_timeout={limit}"))
            .start();
        server.wait_for_log("Binding to UNIXDGRAM");
        let deaf = UnixDatagram::bind(directory.join("deaf")).unwrap();
        deaf.set_nonblocking(true).unwrap();
        // More and more, until its queue is full and the server's own is too.
        let mut refused = 0;
        server.wait_until("the server waits for its client", || {
            let sent = deaf.send_to(b"fill 4000", &path);
            refused = if sent.is_ok() { 0 } else { refused + 1 };
            refused > 20 || server.log().iter().any(|line| line.contains("took nothing for"))
        });
        if limit == "0s" {
            server.signal(Signal::SIGINT);
        } else {
            server.wait_for_log("the client took nothing for 500ms");
            server.signal(Signal::SIGINT);
        }
        server.wait().expect_code(0);
    }
}

#[test]
fn descriptors_that_nobody_asked_for_are_closed() {
    use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
    use std::os::fd::AsRawFd;
    let directory = scratch();
    let path = directory.join("packets");
    let server =
        facts(&[&format!("{}|unixdgram", path.display())]).arg("--server_type=single").start();
    server.wait_for_log("Binding to UNIXDGRAM");
    let own = UnixDatagram::bind(directory.join("own")).unwrap();
    own.set_read_timeout(Some(DEADLINE)).unwrap();
    let to = UnixAddr::new(&path).unwrap();
    // Once it serves it has all that it needs.
    own.send_to(b"x", &path).unwrap();
    own.recv(&mut [0; 500]).unwrap();
    let before = server.descriptors(server.pid());
    for count in [1, 10, 100, 253] {
        let given = vec![own.as_raw_fd(); count];
        let rights = [ControlMessage::ScmRights(&given)];
        let packet = [std::io::IoSlice::new(b"x")];
        sendmsg(own.as_raw_fd(), &packet, &rights, MsgFlags::empty(), Some(&to)).unwrap();
        let mut room = [0; 500];
        let length = own.recv(&mut room).unwrap();
        let said = String::from_utf8_lossy(&room[..length]).into_owned();
        assert!(said.contains(&format!("uid={}", nix::unistd::getuid())), "{count}: {said}");
    }
    server.expect_no_leak(server.pid(), &before);
    server.stop();
}

/// Nobody who serves a stream has an answer to send.
#[test]
fn a_stop_closes_a_port_of_packets_in_busy_children_too() {
    for personality in ["single", "prefork_simple", "fork"] {
        let server = actor(&["--port=127.0.0.1:0/tcp", "--port=127.0.0.1:0/udp"])
            .arg(format!("--server_type={personality}"))
            .start();
        let addresses = server.addresses(2);
        let mut busy = Client::connect(addresses[0]);
        busy.send("now x\n");
        assert_eq!(busy.line(), "x");
        server.signal(Signal::SIGTERM);
        server.wait_until(format!("{personality}: the port is free"), || {
            UdpSocket::bind(addresses[1]).is_ok()
        });
        busy.send("say done\nquit\n");
        assert_eq!(busy.rest(), b"done\n", "{personality}");
        server.wait().expect_code(0);
    }
}
