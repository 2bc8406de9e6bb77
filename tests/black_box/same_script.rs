//! One client script holds for every personality.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use netserver::testing::{Client, Finished, scratch, tool, wait_until};

use super::{program, with_each};

/// Lines that are answered, a farewell, many bytes, and a half close.
fn script(personality: &str, connect: impl Fn() -> Client) {
    let mut client = connect();
    for line in ["one", "two"] {
        client.send(format!("now {line}\n"));
        assert_eq!(client.line(), line, "{personality}");
    }
    client.send("quit\n");
    assert_eq!(client.rest(), b"", "{personality}");

    let mut client = connect();
    client.send("many 100000\nquit\n");
    let many: Vec<String> = (0..100_000).map(|at| at.to_string()).collect();
    let many = many.join("\n") + "\n";
    assert!(client.rest() == many.as_bytes(), "{personality}: every byte of a long reply");

    let mut client = connect();
    client.send("say last");
    client.half_close();
    assert_eq!(client.rest(), b"last\n", "{personality}");
}

#[test]
fn one_script_passes_with_each_personality() {
    with_each(|personality, server| {
        script(personality, || Client::connect(server.address()));
        server.stop();
    });
}

#[test]
fn it_passes_where_another_program_accepts() {
    let Some(socat) = tool("socat") else { return };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let program = env!("CARGO_BIN_EXE_actor");
    let mut socat = Command::new(socat)
        .arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"))
        .arg(format!("EXEC:{program} --server_type=inet --log_level=0"))
        .spawn()
        .unwrap();
    wait_until("somebody listens", || Client::try_connect(address).is_ok());
    script("inet", || Client::connect(address));
    socat.kill().unwrap();
    socat.wait().unwrap();
}

/// As inetd starts it: all three descriptors are the client.
#[test]
fn a_client_that_is_standard_error_too_is_sent_no_log() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap());
    let (stream, peer) = listener.accept().unwrap();
    let client_end = || OwnedFd::from(stream.try_clone().unwrap());
    let mut inetd = Command::new(env!("CARGO_BIN_EXE_actor"))
        .args(["--server_type=inet", "--log_level=4", "--allow=127.0.0.1"])
        .stdin(client_end())
        .stdout(client_end())
        .stderr(client_end())
        .spawn()
        .unwrap();
    client.send("peer\nprint printed\nfail told to fail\n");
    assert_eq!(client.line().split_once(' ').unwrap().0, peer.to_string());
    assert!(inetd.wait().unwrap().success());
    drop(stream);
    assert_eq!(client.rest(), b"printed");
}

/// Runs a server that has this stream as its standard input and output.
fn inetd(stream: UnixStream, arguments: &[&str]) -> Finished {
    let output = OwnedFd::from(stream.try_clone().unwrap());
    let inetd = program!("actor").arg("--server_type=inet").args(arguments);
    inetd.stream(0, OwnedFd::from(stream)).stream(1, output).run().expect_code(0)
}

/// Whoever made the pair stands in front of the client, who is nobody knows who.
#[test]
fn rules_let_nobody_in_behind_a_pair_of_sockets() {
    let folder = scratch();
    let path = folder.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client_of_a_socket = || {
        let client = UnixStream::connect(&path).unwrap();
        (client, listener.accept().unwrap().0)
    };
    for (arguments, pair_served, client_served) in [
        (&[][..], true, true),
        (&["--allow=127.0.0.1"], false, true),
        (&["--deny=192.0.2.1", "--access_default=allow"], false, true),
        (&["--allow_uid=0"], false, nix::unistd::Uid::effective().is_root()),
    ] {
        for ((mut client, server), served) in
            [(UnixStream::pair().unwrap(), pair_served), (client_of_a_socket(), client_served)]
        {
            client.write_all(b"say x\nquit\n").unwrap();
            let (reply, said) = std::thread::scope(|scope| {
                let inetd = scope.spawn(|| inetd(server, arguments));
                let mut reply = String::new();
                client.read_to_string(&mut reply).unwrap();
                (reply, inetd.join().unwrap().stderr())
            });
            assert!(!said.contains("has no effect"), "{said}");
            assert_eq!(reply, if served { "x\n" } else { "" }, "{arguments:?}");
        }
    }
}
