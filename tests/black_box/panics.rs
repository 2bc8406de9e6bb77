//! A handler that panics, with whatever and wherever: it ends its connection, and no more (T12).

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use netserver::testing::{DEADLINE, Server, load};

use super::{PERSONALITIES, program, reckless, tell};

/// What a handler panics with, in turn, and what its record says of that.
const PANICS: [(&str, &str); 5] = [
    ("text", ": told to panic; client "),
    ("of its own", ": told to panic: of its own; client "),
    // A value whose drop panics again.
    ("bomb", ": a value that is no text; client "),
    // While the log writes a record, and while standard output is locked.
    ("log", ": not shown; client "),
    ("output", ": told to panic; client "),
];

/// Every second client has its handler panic.
fn panics(at: usize) -> bool {
    at.is_multiple_of(2)
}

fn request(at: usize) -> String {
    let (what, _) = PANICS[at / 2 % PANICS.len()];
    if panics(at) { format!("say half\npanic {what}\n") } else { format!("say {at}\nquit\n") }
}

/// Half a reply must not look like a whole one.
fn is_right(at: usize, reply: &[u8]) -> bool {
    if panics(at) { reply.is_empty() } else { reply == format!("{at}\n").as_bytes() }
}

fn records(server: &Server, text: &str) -> usize {
    server.log().iter().filter(|line| line.contains(text)).count()
}

/// How many panics, among as many other requests.
const COUNT: usize = 1_000;

#[test]
fn every_other_request_panics_and_nobody_else_notices() {
    for personality in PERSONALITIES {
        let server = reckless(personality).start();
        server.expect_log("process_request panicked at tests/src/bin/reckless.rs:");
        let before = server.children();
        let report = load(server.address())
            .connections(2 * COUNT)
            .clients(4)
            .exchange(request, is_right)
            .until_close()
            .run();
        report.expect_all_right();
        // A record each, and no more of it anywhere.
        server.wait_until(format!("{personality}: one record each"), || {
            records(&server, "panicked at") == COUNT
        });
        for (_, said) in PANICS {
            let each = if said.contains("told to panic;") { 2 } else { 1 } * COUNT / PANICS.len();
            assert_eq!(records(&server, said), each, "{personality}: {said}");
        }
        let now = server.children();
        assert!(before.iter().all(|child| now.contains(child)), "{personality}: same children");
        assert!(!server.has_ended(), "{personality}");
        tell(format_args!("{personality}: {COUNT} panics; {report}"));
        server.stop();
    }
}

/// One process for one client: it ends as it should, whatever its handler did.
#[test]
fn a_panic_at_standard_input_ends_its_process_as_it_should() {
    for at in 0..2 * PANICS.len() {
        let (here, there) = UnixStream::pair().unwrap();
        let client = std::thread::spawn(move || exchange(here, &request(at)));
        let standard = |stream: &UnixStream| OwnedFd::from(stream.try_clone().unwrap());
        let program = program!("reckless").arg("--server_type=inet");
        let program = program.stream(0, standard(&there)).stream(1, standard(&there));
        drop(there);
        let finished = program.run().expect_code(0);
        assert!(is_right(at, &client.join().unwrap()), "{}", request(at));
        let told = finished.log.iter().filter(|line| line.contains("panicked at")).count();
        assert_eq!(told, usize::from(panics(at)), "{:?}", finished.log);
    }
}

/// What comes of a request until the end, be that a reset.
fn exchange(mut stream: UnixStream, request: &str) -> Vec<u8> {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    match stream.read_to_end(&mut reply) {
        Err(err) if err.kind() != ErrorKind::ConnectionReset => panic!("{err}"),
        _ => reply,
    }
}
