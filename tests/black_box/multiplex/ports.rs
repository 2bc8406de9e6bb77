//! One loop with ports of every protocol.

use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use netserver::testing::{Client, DEADLINE, Signal, load, scratch};

use super::super::crowd::client_of;
use super::super::tls::{Issued, Secured, exchange};
use super::{ask, guest, loop_of, muxer};

#[test]
fn one_loop_serves_every_protocol() {
    use std::io::{Read, Write};

    let (issued, folder) = (Issued::new(), scratch());
    issued.write("server", &["localhost"], 2020..2090);
    let (stream, packets, own) =
        (folder.join("stream"), folder.join("packets"), folder.join("own"));
    let server = muxer(&["--port=0", "--port=0/ssl", "--port=0/udp"])
        .arg(format!("--port={}|unix", stream.display()))
        .arg(format!("--port={}|unixdgram", packets.display()))
        .args(issued.cert("server"))
        .start();
    let addresses = server.addresses(3);
    let child = loop_of(&server);
    let (tcp, ssl, udp) = (addresses[0], addresses[1], addresses[2]);
    let mut witness = Client::connect(tcp);
    assert!(ask(&mut witness, "who").starts_with("tcp false 127.0.0.1:"));
    let said = exchange(&issued.client(), ssl, "who\nflood 300000\nclose\n");
    assert!(said.starts_with(b"ssl true 127.0.0.1:"));
    assert!(said.len() > 300_000, "{}", said.len());

    let mut unix = UnixStream::connect(&stream).unwrap();
    unix.write_all(b"who\nclose\n").unwrap();
    let mut said = String::new();
    unix.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("unix false "), "{said}");

    // What one writes to all others reaches no packet, and a packet reaches them.
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(udp).unwrap();
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut room = [0; 2000];
    for (packet, answer) in [
        ("say a\nsay b", "a\nb\n"),
        ("others hello\nsay c\nclose\nsay d", "c\n"),
        ("count\n", "2 1\n"),
    ] {
        client.send(packet.as_bytes()).unwrap();
        let length = client.recv(&mut room).unwrap();
        assert_eq!(std::str::from_utf8(&room[..length]), Ok(answer), "{packet}");
    }
    assert_eq!(witness.line(), "hello");
    let client = UnixDatagram::bind(&own).unwrap();
    client.connect(&packets).unwrap();
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client.send(b"who").unwrap();
    let length = client.recv(&mut room).unwrap();
    let said = String::from_utf8_lossy(&room[..length]).into_owned();
    assert!(said.starts_with("unixdgram false "), "{said}");
    assert_eq!(ask(&mut witness, "pid"), child.to_string());
    drop(witness);
    server.stop();
}

#[test]
fn a_client_that_takes_no_answer_to_its_packets_has_its_time() {
    let folder = scratch();
    let (packets, own) = (folder.join("packets"), folder.join("own"));
    let server = muxer(&["--write_timeout=500ms", "--log_level=3", "--port=0"])
        .arg(format!("--port={}|unixdgram", packets.display()))
        .start();
    server.wait_for_log("Binding to UNIXDGRAM");
    let client = UnixDatagram::bind(&own).unwrap();
    client.connect(&packets).unwrap();
    client.set_write_timeout(Some(DEADLINE)).unwrap();
    let is_told = || {
        let text = "the client took nothing for 500ms";
        server.log().iter().any(|line| line.contains(text))
    };
    // More than its queue has room for, whatever that is.
    for _ in 0..2_000 {
        client.send(b"say x").unwrap();
    }
    server.wait_until("the first one is given up", is_told);
    let (mut other, _) = guest(&server);
    assert_eq!(ask(&mut other, "say x"), "x");
    drop(other);
    server.stop();
}

#[test]
fn packets_whose_answers_wait_have_them_though_a_stop_has_begun() {
    let queue = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").unwrap();
    // Some more than a client that does not read has room for.
    let count: usize = queue.trim().parse::<usize>().unwrap() + 5;
    let folder = scratch();
    let (packets, own) = (folder.join("packets"), folder.join("own"));
    let server = muxer(&["--port=0", "--log_level=3"])
        .arg(format!("--port={}|unixdgram", packets.display()))
        .start();
    let (mut witness, _) = guest(&server);
    assert_eq!(ask(&mut witness, "leave\nsay x"), "x");
    let client = UnixDatagram::bind(&own).unwrap();
    client.set_write_timeout(Some(DEADLINE)).unwrap();
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    for at in 0..count {
        // One that is connected would have more room.
        client.send_to(format!("say {at}").as_bytes(), &packets).unwrap();
    }
    server.wait_until("all are taken", || {
        server.log().iter().filter(|line| line.contains("mux_eof of")).count() == count
    });
    server.signal(Signal::SIGTERM);
    assert_eq!(witness.rest(), b"goodbye\n");
    let mut answers: Vec<usize> = Vec::new();
    let mut room = [0; 100];
    for _ in 0..count {
        let length = client.recv(&mut room).unwrap();
        answers.push(std::str::from_utf8(&room[..length]).unwrap().trim().parse().unwrap());
    }
    answers.sort_unstable();
    assert!(answers.into_iter().eq(0..count));
    server.wait().expect_code(0);
}

#[test]
fn many_clients_of_every_protocol_come_and_go() {
    let (issued, folder) = (Issued::new(), scratch());
    issued.write("server", &["localhost"], 2020..2090);
    let socket = folder.join("socket");
    let server = muxer(&["--port=0", "--port=0/ssl"])
        .arg(format!("--port={}|unix", socket.display()))
        .args(issued.cert("server"))
        .start();
    let addresses = server.addresses(2);
    let child = loop_of(&server);
    let (mut witness, _) = guest(&server);
    let before = server.descriptors(child);
    let secured = Secured { config: issued.client(), address: addresses[1] };
    let run = |load: netserver::testing::Load<'_>, connections| {
        load.connections(connections)
            .clients(8)
            .exchange(
                |at| format!("say {at}\nflood 16000\nclose\n"),
                |at, reply| {
                    let rest = reply.strip_prefix(format!("{at}\n").as_bytes());
                    rest.is_some_and(|rest| rest.len() == 16_000)
                },
            )
            .until_close()
            .run()
            .expect_all_right();
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(load(addresses[0]), 2_000));
        scope.spawn(|| run(load(secured), 200));
        scope.spawn(|| run(load(socket.as_path()), 2_000));
    });
    server.wait_until("all have left", || ask(&mut witness, "count") == "1 0");
    server.expect_no_leak(child, &before);
    drop(witness);
    server.stop();
}

#[test]
fn one_client_has_as_many_connections_as_it_may() {
    let server = muxer(&["--max_per_ip=3", "--host=0.0.0.0", "--log_level=3"]).start();
    let mut clients: Vec<Client> = (0..3).map(|_| guest(&server).0).collect();
    let mut late = Client::connect(server.address());
    assert_eq!(late.rest(), b"denied\n");
    let mut other = client_of("127.0.0.2".parse().unwrap(), server.address());
    assert_eq!(ask(&mut other, "say x"), "x");
    // Whoever leaves makes room, and is there no more once that is known.
    let gone = clients.pop();
    drop(gone);
    server.wait_until("there is room again", || {
        let mut next = Client::connect(server.address());
        next.send("say x\nclose\n");
        next.try_rest().is_ok_and(|rest| rest == b"x\n")
    });
    drop((clients, other));
    server.stop();
}

#[test]
fn a_handshake_has_its_time_and_keeps_nobody_waiting() {
    let issued = Issued::new();
    issued.write("server", &["localhost"], 2020..2090);
    let server = muxer(&["--port=0", "--port=0/ssl", "--handshake_timeout=500ms"])
        .args(issued.cert("server"))
        .arg("--log_level=3")
        .start();
    let addresses = server.addresses(2);
    let (mut witness, _) = guest(&server);
    let start = std::time::Instant::now();
    let silent: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(addresses[1]).unwrap()).collect();
    assert_eq!(ask(&mut witness, "say x"), "x");
    assert!(exchange(&issued.client(), addresses[1], "who\nclose\n").starts_with(b"ssl true"));
    let count = || {
        let log = server.log();
        log.iter().filter(|line| line.contains("the handshake took longer than 500ms")).count()
    };
    server.wait_until("all are cut", || count() == silent.len());
    assert!(super::about(start.elapsed(), Duration::from_millis(500)), "{:?}", start.elapsed());
    drop(witness);
    server.stop();
}
