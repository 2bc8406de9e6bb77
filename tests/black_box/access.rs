//! Who may connect, and how many times at once.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;

use netserver::testing::{Client, scratch};

use super::children::family;
use super::crowd::client_of;
use super::protocols::facts;
use super::{FORKING, PERSONALITIES, actor, program};

/// Whether a client at that address is served.
fn is_served(address: SocketAddr) -> bool {
    let mut client = Client::connect(address);
    client.send("x\n");
    client.try_rest().is_ok_and(|said| said.starts_with(b"tcp 1 whole"))
}

#[test]
fn rules_decide_on_every_kind_of_port() {
    for (rules, served, warning) in [
        (&[][..], true, ""),
        (&["--allow=127.0.0.0/8"], true, ""),
        (&["--allow=10.0.0.0/8"], false, ""),
        (&["--allow=127.0.0.1", "--deny=127.0.0.0/8"], false, ""),
        (&["--deny=10.0.0.0/8"], false, "deny without allow denies every client"),
        (&["--deny=10.0.0.0/8", "--access_default=allow"], true, ""),
        (&["--deny=127.0.0.1", "--access_default=allow"], false, ""),
        (&[r"--allow=127\.0\.0\.\d+"], true, ""),
        (&["--allow=127.0.0.1|10.0.0.1"], true, ""),
        (&["--allow=27.0.0.1|10.0.0.1"], false, ""),
        (&[r"--allow=.+\.example\.com"], false, "is for names, and none is looked up"),
    ] {
        // An IPv4 client is one on a port for both families, too.
        let server = facts(&["0", "*:0"]).args(rules).arg("--log_level=3").start();
        if !warning.is_empty() {
            server.expect_log(warning);
        }
        for address in server.addresses(2) {
            assert_eq!(is_served(address), served, "{rules:?} on {address}");
        }
        if !served {
            server.wait_for_log("access denied: ");
        }
        server.stop();
    }
    let server = facts(&["[::1]:0", "*:0"]).arg("--allow=::1").start();
    let [six, both] = server.addresses(2)[..] else { panic!("two ports") };
    assert!(is_served(six));
    assert!(!is_served(both), "127.0.0.1 is not ::1");
    assert!(is_served(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, both.port()))));
    server.stop();
}

#[test]
fn datagrams_are_held_to_the_rules_and_unix_sockets_to_their_own() {
    let directory = scratch();
    let path = directory.join("socket");
    let uid = nix::unistd::getuid();
    for (rules, served) in [
        (vec!["--deny=.*".to_owned(), "--allow=10.0.0.1".into()], true),
        (vec![format!("--allow_uid={uid}")], true),
        (vec![format!("--allow_uid={}", uid.as_raw() + 1)], false),
        (
            vec![
                format!("--allow_uid={}", uid.as_raw() + 1),
                format!("--allow_gid={}", nix::unistd::getgid()),
            ],
            true,
        ),
    ] {
        let server = facts(&[&format!("{}|unix", path.display())]).args(&rules).start();
        server.wait_for_log("Binding to UNIX socket file");
        let mut stream = UnixStream::connect(&path).unwrap();
        std::io::Write::write_all(&mut stream, b"x\n").unwrap();
        let mut said = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut said);
        assert_eq!(said.starts_with("unix 1 whole"), served, "{rules:?}: {said}");
        server.stop();
    }
    let server = facts(&["0/udp"]).args(["--allow=10.0.0.1", "--log_level=3"]).start();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", server.address()).unwrap();
    server.wait_for_log("access denied: no allow matches; client 127.0.0.1:");
    server.stop();
}

#[test]
fn bad_rules_end_the_start() {
    for (rule, words) in [
        ("--allow=10.0.0.1/8", "a network without host bits"),
        ("--deny=(", "expected an address, a network"),
        ("--allow_uid=no-such-user-here", "expected a user of this machine"),
    ] {
        let said = facts(&["0"]).arg(rule).run().expect_code(2).stderr();
        assert!(said.contains(words), "{rule}: {said}");
    }
}

#[test]
fn max_per_ip_is_for_pools() {
    for personality in PERSONALITIES {
        let program = actor(&["--max_per_ip=5", "--check"]);
        let program = program.arg(format!("--server_type={personality}"));
        let _ = program.run().expect_code(if personality == "single" { 2 } else { 0 });
    }
}

#[test]
fn handshakes_count_for_their_client() {
    let server = program!("greeting")
        .args(["--port=0", "--host=0.0.0.0", "--max_per_ip=2", "--max_servers=4", "--log_level=3"])
        .start();
    let address = server.address();
    let silent: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    let is_closed = |stream: &&TcpStream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.peek(&mut [0]), Ok(0))
    };
    // Whichever was counted last has no time to be silent.
    server.wait_until("one is turned away", || silent.iter().any(|one| is_closed(&one)));
    server.wait_for_log("access denied: max_per_ip");
    assert_eq!(silent.iter().filter(is_closed).count(), 1);
    let other = std::net::Ipv4Addr::new(127, 0, 0, 2).into();
    let mut client = client_of(other, address);
    client.send("hello\n");
    client.half_close();
    assert_eq!(client.rest(), b"greeting\n");
    drop(silent);
    server.stop();
}

/// Who waits for the end of one connection before the next has never two.
#[test]
fn max_per_ip_counts_nobody_who_has_seen_the_end() {
    for personality in FORKING {
        for hooks in ["", "0.02"] {
            let server =
                family(personality, &["--max_per_ip=1", "--max_servers=8", "--log_level=3"])
                    .env("NAP", format!("child_finish_hook {hooks}"))
                    .start();
            for at in 0..50 {
                let mut client = Client::connect(server.address());
                client.send("say x\nquit\n");
                assert_eq!(client.rest(), b"x\n", "{personality}: number {at}");
            }
            server.stop();
        }
    }
}
