//! Sockets that a service manager has bound and hands over: served as those of one's own, and left alone
//! at the end.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use netserver::testing::{Client, DEADLINE, Program, Server, scratch, tool};
use socket2::{Domain, Socket, Type};

use super::tls::{Issued, exchange};
use super::{PERSONALITIES, actor, program};

/// Takes over standard input and output as descriptors 3 and 4, as a service manager would hand them to
/// this very process.
const HAND_OVER: &str = "exec 3<&0 4<&1 0</dev/null 1>/dev/null; \
                         export LISTEN_PID=${FOR:-$$}; exec \"$0\" \"$@\"";

/// The same with standard input alone, which it keeps.
const HAND_OVER_ONE: &str = "exec 3<&0; export LISTEN_PID=$$; exec \"$0\" \"$@\"";

/// Has the program start with these sockets and names.
fn hand(program: Program, sockets: &[&dyn AsFd], names: &str) -> Program {
    let copies = sockets.iter().map(|socket| socket.as_fd().try_clone_to_owned().unwrap());
    let program = program.under("sh", &["-c", HAND_OVER]);
    let program = program.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
    copies.enumerate().fold(program, |program, (at, socket)| program.stream(at, socket))
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn serves(address: SocketAddr) {
    let mut client = Client::connect(address);
    client.send("say hello\nquit\n");
    assert_eq!(client.rest(), b"hello\n");
}

fn serves_unix(mut stream: UnixStream) {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"say hello\nquit\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello\n");
}

#[test]
fn systemd_hands_over_tcp_and_unix() {
    let Some(activate) = tool("systemd-socket-activate") else { return };
    for personality in PERSONALITIES {
        let directory = scratch();
        let path = directory.join("socket");
        // Free a moment ago.
        let address = listener().1;
        let listen = [format!("--listen={address}"), format!("--listen={}", path.display())];
        let server = actor(&[&format!("--server_type={personality}")])
            .arg(format!("--port={}", address.port()))
            .arg(format!("--port={}|unix", path.display()))
            .under(&activate, &[&listen[0], &listen[1]])
            .start();
        for said in ["Listening on", "Communication attempt", "Execing"] {
            server.allow_log(said);
        }
        server.wait_for_log(&format!("Listening on {} as 4", path.display()));
        serves(address);
        serves_unix(UnixStream::connect(&path).unwrap());
        serves(address);
        let log = server.stop().log;
        assert!(!log.iter().any(|line| line.contains("Binding to")), "{log:#?}");
        assert!(path.exists(), "{personality} has removed what is not its own");
    }
}

#[test]
fn the_socket_outlives_the_server() {
    for personality in PERSONALITIES {
        let (socket, address) = listener();
        for _ in 0..2 {
            let server = actor(&[&format!("--server_type={personality}")]);
            let server = server.arg(format!("--port={}", address.port()));
            let server = hand(server, &[&socket], "unknown").start();
            server.wait_for_log("Taking over");
            serves(address);
            server.stop();
        }
        // Between two of them clients wait.
        let waiting = Client::connect(address);
        let server = actor(&[&format!("--port={}", address.port())]);
        let server = hand(server, &[&socket], "unknown").start();
        let mut client = waiting;
        client.send("quit\n");
        client.rest();
        server.stop();
    }
}

#[test]
fn a_name_is_that_of_a_port() {
    let directory = scratch();
    let path = directory.join("nowhere");
    let (socket, address) = listener();
    let name = net::SocketAddr::from_abstract_name(path.display().to_string()).unwrap();
    let hidden = UnixListener::bind_addr(&name).unwrap();
    // Neither listens where the ports are; the name of a path may be that of a port with a protocol.
    for [one, other] in
        [["7", &format!("{}", path.display())], ["7/tcp", &format!("{}|unix", path.display())]]
    {
        let server = actor(&[]).arg("--port=7/tcp").arg(format!("--port={}|unix", path.display()));
        let server = hand(server, &[&hidden, &socket], &format!("{other}:{one}")).start();
        server.wait_for_log("as descriptor 4");
        serves(address);
        serves_unix(UnixStream::connect_addr(&name).unwrap());
        server.stop();
        assert!(!path.exists());
    }
}

#[test]
fn a_wildcard_is_any_of_its_addresses() {
    let (socket, address) = listener();
    let port = address.port();
    let server = program!("actor").arg(format!("--port=*:{port}"));
    let server = hand(server, &[&socket], "unknown").start();
    server.wait_for_log(&format!("Taking over 127.0.0.1:{port}/tcp as descriptor 3 (unknown)"));
    serves(address);
    // It is that one address, and nothing else was bound beside it.
    assert!(Client::try_connect(SocketAddr::from(([127, 0, 0, 2], port))).is_err());
    server.stop();
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = everywhere.local_addr().unwrap().port();
    let server = actor(&[&format!("--port=localhost:{port}"), "--ipv=4"]);
    let server = hand(server, &[&everywhere], "unknown").start();
    server.wait_for_log("Taking over");
    serves(SocketAddr::from(([127, 0, 0, 1], port)));
    server.stop();
}

#[test]
fn one_socket_of_ipv6_is_all_of_a_port() {
    let both = TcpListener::bind("[::]:0").unwrap();
    let port = both.local_addr().unwrap().port();
    for asked in [format!("{port}"), format!("{port}/IPv4/IPv6"), format!("localhost:{port}")] {
        let server = program!("actor").arg(format!("--port={asked}"));
        let server = hand(server, &[&both], "unknown").start();
        server.wait_for_log(&format!("Taking over *:{port}/tcp as descriptor 3"));
        serves(SocketAddr::from(([127, 0, 0, 1], port)));
        serves(format!("[::1]:{port}").parse().unwrap());
        let log = server.stop().log;
        assert!(!log.iter().any(|line| line.contains("Binding to")), "{log:#?}");
    }
    // A name for one of two sockets is no word about the other.
    let (socket, address) = listener();
    let server = actor(&[&format!("--port={}", address.port()), "--port=7"]);
    let server = hand(server, &[&both, &socket], "7:unknown").start();
    server.wait_for_log("as descriptor 4");
    serves(address);
    serves(SocketAddr::from(([127, 0, 0, 1], port)));
    server.stop();
}

#[test]
fn what_is_not_handed_over_is_bound() {
    let (socket, address) = listener();
    let ports = [format!("--port={}", address.port()), "--port=0".to_owned()];
    let server = hand(actor(&[]).args(&ports), &[&socket], "unknown").start();
    serves(server.address());
    serves(address);
    server.stop();
}

#[test]
fn what_is_for_another_process_is_left() {
    let (socket, address) = listener();
    let server = hand(actor(&[]), &[&socket], "unknown").env("FOR", "1").start();
    serves(server.address());
    assert_ne!(server.address(), address);
    server.stop();
}

#[test]
fn a_descriptor_for_nobody_is_told() {
    let start = |sockets: &[&dyn AsFd], names: &str, expected: &str| {
        let finished = hand(actor(&["--port=1"]), sockets, names).run().expect_code(1);
        assert!(finished.stderr().contains(expected), "{expected}: {}", finished.stderr());
    };
    let (socket, address) = listener();
    let tail = format!(
        "descriptor 3 (web) listens on {address}/tcp, which is no port of this server: \
         write port = {address}/tcp"
    );
    start(&[&socket], "web", &tail);
    let packets = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tail = format!("write port = {}/udp", packets.local_addr().unwrap());
    // It has the name, and cannot speak what the port speaks.
    start(&[&packets], "1", &tail);
    let directory = scratch();
    let path = directory.join("socket");
    let unix = UnixDatagram::bind(&path).unwrap();
    start(&[&unix], "x", &format!("write port = {}|unixdgram", path.display()));
    let name = net::SocketAddr::from_abstract_name(path.display().to_string()).unwrap();
    let hidden = UnixListener::bind_addr(&name).unwrap();
    start(&[&hidden], "x", "is a UNIX socket without a path, and its name is none of the ports: 1");
    let null = File::open("/dev/null").unwrap();
    start(&[&null], "x", "cannot serve descriptor 3 (x): it is no socket");
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    bound.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    start(&[&bound], "x", "cannot serve descriptor 3 (x): a stream that does not listen");
    let pair = UnixStream::pair().unwrap();
    start(&[&pair.0], "x", "a connection is for `--server_type=inet`");
    let packets = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
    start(&[&packets], "x", "a socket of neither streams nor datagrams");
    let link = Socket::new(Domain::from(nix::libc::AF_NETLINK), Type::DGRAM, None).unwrap();
    start(&[&link], "x", "a socket of family 16: expected IPv4, IPv6 or UNIX");
    start(&[&socket], "x:y", "invalid LISTEN_FDNAMES: LISTEN_PID=");
}

#[test]
fn a_descriptor_that_is_not_open_is_told() {
    let program = actor(&[]).under("sh", &["-c", HAND_OVER_ONE]).env("LISTEN_FDS", "2");
    let finished = program.stream(0, OwnedFd::from(listener().0)).run();
    let stderr = finished.expect_code(1).stderr();
    let told = "cannot take the given sockets: LISTEN_FDS=2, and descriptor 4 is not open";
    assert!(stderr.contains(told), "{stderr}");
    let program = actor(&[]).under("sh", &["-c", HAND_OVER]).env("LISTEN_FDS", "many");
    let stderr = program.run().expect_code(1).stderr();
    assert!(stderr.contains("invalid LISTEN_FDS") && stderr.contains("\"many\""), "{stderr}");
}

#[test]
fn no_program_of_a_handler_has_any_of_it() {
    for personality in PERSONALITIES {
        let (socket, address) = listener();
        let server = actor(&[&format!("--server_type={personality}")]);
        let server = server.arg(format!("--port={}", address.port()));
        let server = hand(server, &[&socket], "unknown").env("WATCHDOG_USEC", "60000000").start();
        server.wait_for_log("Taking over");
        let mut client = Client::connect(address);
        client.send("run env; ls -l /proc/self/fd\nquit\n");
        let said = String::from_utf8(client.rest()).unwrap();
        assert!(said.contains("PATH="), "{said}");
        for word in ["LISTEN_", "WATCHDOG_", "NOTIFY_", "socket:"] {
            assert!(!said.contains(word), "{personality} {word}: {said}");
        }
        server.stop();
    }
}

#[test]
fn another_thread_keeps_the_environment() {
    let (socket, address) = listener();
    let server = actor(&["--server_type=single"]).arg(format!("--port={}", address.port()));
    let server = hand(server, &[&socket], "unknown").env("APART", "1").start();
    server.expect_log("the service manager's variables stay in the environment");
    serves(address);
    server.stop();
}

#[test]
fn time_limits_hold_for_them() {
    for personality in PERSONALITIES {
        let (socket, address) = listener();
        // Whoever had it may have turned that.
        socket.set_nonblocking(true).unwrap();
        let server = actor(&["--read_timeout=200ms", &format!("--server_type={personality}")]);
        let server = server.arg(format!("--port={}", address.port()));
        let server = hand(server, &[&socket], "unknown").start();
        server.wait_for_log("Taking over");
        assert_eq!(Client::connect(address).rest(), b"");
        serves(address);
        server.stop();
    }
}

#[test]
fn packets_are_answered() {
    let directory = scratch();
    let path = directory.join("socket");
    for personality in PERSONALITIES {
        let packets = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = packets.local_addr().unwrap();
        let unix = UnixDatagram::bind(&path).unwrap();
        let server = program!("line")
            .args(["--host=127.0.0.1", &format!("--server_type={personality}")])
            .arg(format!("--port={}/udp", address.port()))
            .arg(format!("--port={}|unixdgram", path.display()));
        let server = hand(server, &[&packets, &unix], "one:two").start();
        server.wait_for_log("as descriptor 4 (two)");
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(address).unwrap();
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut room = [0; 100];
        client.send(b"x\n").unwrap();
        let length = client.recv(&mut room).unwrap();
        assert_eq!(&room[..length], b"You said \"x\"\n");
        let own = directory.join("client");
        let client = UnixDatagram::bind(&own).unwrap();
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        client.send_to(b"y\n", &path).unwrap();
        let length = client.recv(&mut room).unwrap();
        assert_eq!(&room[..length], b"You said \"y\"\n");
        server.stop();
        std::fs::remove_file(&own).unwrap();
        // Still there, as it is not the server's.
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn tls_is_spoken_on_them() {
    let issued = Issued::new();
    issued.write("server", &["localhost", "127.0.0.1"], 2020..2090);
    let (socket, address) = listener();
    let server = super::protocols::facts(&[&format!("{}/ssl", address.port())]);
    let server = hand(server.args(issued.cert("server")), &[&socket], "unknown").start();
    server.wait_for_log("Taking over 127.0.0.1");
    let said = String::from_utf8(exchange(&issued.client(), address, "tls\n")).unwrap();
    assert!(said.starts_with("TLSv1.3"), "{said}");
    server.stop();
}

#[test]
fn one_client_of_inet_sees_the_end() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let copy = theirs.try_clone().unwrap();
    let server = program!("actor").arg("--server_type=inet");
    let server = server.under("sh", &["-c", HAND_OVER_ONE]);
    let server = server.env("LISTEN_FDS", "1").stream(0, OwnedFd::from(copy));
    let server: Server = server.stream(1, OwnedFd::from(theirs)).start();
    serves_unix(ours);
    server.wait().expect_code(0);
}

#[test]
fn the_file_of_another_is_never_unlinked() {
    let directory = scratch();
    let path = directory.join("socket");
    let socket = UnixListener::bind(&path).unwrap();
    let server = actor(&[&format!("--port={}|unix", path.display())]);
    let server = hand(server, &[&socket], "unknown").start();
    server.wait_for_log("Taking over");
    serves_unix(UnixStream::connect(&path).unwrap());
    server.stop();
    assert!(Path::new(&path).exists());
    // Nor is it shut down: whoever has it may serve on.
    let client = UnixStream::connect(&path).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    socket.accept().unwrap().0.write_all(b"x").unwrap();
    assert_eq!((&client).read(&mut [0; 1]).unwrap(), 1);
}
