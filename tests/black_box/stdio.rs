//! A client as standard input and output.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use netserver::testing::{Client, DEADLINE, scratch};

use super::protocols::facts;
use super::{APART, pause};

#[test]
fn programs_and_prints_reach_the_client_and_no_other() {
    for personality in APART {
        let server = facts(&["0"])
            .args(["--stdio", "--log_level=3"])
            .arg(format!("--server_type={personality}"))
            .start();
        let ask = |text: &str| {
            let mut client = Client::connect(server.address());
            client.send(text);
            client.half_close();
            String::from_utf8(client.rest()).unwrap()
        };
        assert_eq!(ask("print hello\n"), "hello\n");
        assert_eq!(ask("run cat; echo done\n"), "done\n");
        // What the program reads comes behind the line.
        assert_eq!(ask("run head -c 4\nrest that is long enough\n"), "");
        assert_eq!(ask("print next\n"), "next\n", "nothing of the last client is left");
        server.stop();
    }
}

#[test]
fn nothing_of_a_client_that_has_gone_meets_the_next() {
    let server = facts(&["0"]).args(["--server_type=single", "--stdio", "--log_level=3"]).start();
    let mut gone = Client::connect(server.address());
    gone.send("run sleep 0.2; echo lost 2>/dev/null\n");
    gone.reset();
    for _ in 0..3 {
        let mut client = Client::connect(server.address());
        client.send("print mine\n");
        assert_eq!(client.rest(), b"mine\n");
    }
    server.stop();
}

#[test]
fn unix_streams_wait_for_their_client_there() {
    let directory = scratch();
    let path = directory.join("socket");
    let server = facts(&[&format!("{}|unix", path.display())]).arg("--stdio").start();
    server.wait_for_log("Binding to UNIX socket file");
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"run read line; echo got $line\n").unwrap();
    pause(std::time::Duration::from_millis(100));
    stream.write_all(b"later\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said, "got later\n");
    server.stop();
}
