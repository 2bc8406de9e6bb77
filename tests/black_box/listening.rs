//! What is bound, and who is told of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use netserver::testing::{Client, scratch};

use super::PERSONALITIES;
use super::protocols::facts;

#[test]
fn addresses_of_one_port_have_one_number() {
    for _ in 0..10 {
        let server = facts(&["*:0/IPv4/IPv6", "*:0/udp/IPv4/IPv6", "0"]).start();
        let ports: Vec<u16> = server.addresses(5).iter().map(std::net::SocketAddr::port).collect();
        assert!(ports[0] == ports[1] && ports[2] == ports[3], "{ports:?}");
        assert_ne!(ports[0], ports[4], "each port 0 is another");
        server.stop();
    }
}

#[test]
fn the_port_file_tells_what_is_bound() {
    for personality in PERSONALITIES {
        let directory = scratch();
        let file = directory.join("ports");
        let socket = directory.join("socket");
        // What was there before gives way.
        fs::write(&file, "old").unwrap();
        let server = facts(&["0", "0/udp", &format!("{}|unix", socket.display())])
            .args([
                format!("--port_file={}", file.display()),
                format!("--server_type={personality}"),
            ])
            .start();
        let addresses = server.addresses(2);
        let expected =
            format!("{}/tcp\n{}/udp\n{}|unix\n", addresses[0], addresses[1], socket.display());
        server.wait_until("the file is written", || fs::read_to_string(&file).unwrap() == expected);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        let mut client = Client::connect(addresses[0]);
        client.send("x\n");
        assert!(client.line().starts_with("tcp "));
        drop(client);
        server.stop();
        assert!(!file.exists() && !socket.exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "something is left behind");
    }
}

#[test]
fn a_port_file_that_cannot_be_written_ends_the_start() {
    let directory = scratch();
    let socket = directory.join("socket");
    let port = format!("{}|unix", socket.display());
    for (path, reason) in [
        (directory.join("nowhere/ports"), "No such file or directory"),
        (directory.path().to_owned(), "there is something that is no file"),
        ("/dev/full/ports".into(), "Not a directory"),
        ("/dev/null".into(), "there is something that is no file"),
    ] {
        let argument = format!("--port_file={}", path.display());
        let said = facts(&[&port]).arg(argument).run().expect_code(1).stderr();
        let line = format!("cannot write port_file {}: ", path.display());
        assert!(said.contains(&line) && said.contains(reason), "{said}");
        assert!(!socket.exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "something is left behind");
    }
}

#[test]
fn a_link_in_the_place_of_the_port_file_is_not_followed() {
    let directory = scratch();
    let precious = directory.write("precious", "mine");
    let file = directory.join("ports");
    std::os::unix::fs::symlink(&precious, &file).unwrap();
    let server = facts(&["0"]).arg(format!("--port_file={}", file.display())).start();
    server.wait_until("the file is written", || {
        fs::symlink_metadata(&file).is_ok_and(|found| found.is_file())
    });
    assert_eq!(fs::read(&precious).unwrap(), b"mine");
    server.stop();
    assert!(precious.exists() && !file.exists());
}

#[test]
fn options_that_no_port_uses_are_warned_of() {
    for (option, what) in [
        ("--unix_mode=0660", "unix_mode has no effect, as no port is one of UNIX sockets"),
        ("--udp_recv_len=100", "udp_recv_len has no effect, as no port is one of datagrams"),
        ("--udp_broadcast", "udp_broadcast has no effect, as no port is one of UDP"),
        ("--ssl_alpn=h2", "ssl_alpn has no effect, as no port is one of TLS"),
        ("--allow_uid=0", "allow_uid has no effect, as no port is one of UNIX sockets"),
    ] {
        let said = facts(&["0"]).args([option, "--check"]).run().expect_code(0).stderr();
        assert!(said.contains(what), "{option}: {said}");
    }
    let all = ["--udp_recv_len=100", "--udp_broadcast", "--check"];
    let said = facts(&["0/udp"]).args(all).run().expect_code(0).stderr();
    assert_eq!(said, "");
}

#[test]
fn a_port_by_two_names_is_bound_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = facts(&[&format!("localhost:{free}"), &format!("127.0.0.1:{free}")]).start();
    server.wait_for_log("is asked for twice, and bound once");
    server.address();
    server.stop();
}

#[test]
fn a_certificate_beside_a_port_that_speaks_no_tls_is_refused() {
    let port = "{port=0, ssl_cert_file=/etc/a.pem}";
    let said = facts(&[port]).arg("--check").run().expect_code(2).stderr();
    assert!(said.contains("ssl_cert_file is for TLS, and the port's protocol is tcp"), "{said}");
}
