//! Small services, each with its own client.

use std::path::Path;
use std::process::Command;

use netserver::testing::{DEADLINE, Program, Server, scratch};

use super::{example, said};

#[test]
fn daytime_tells_it_as_date_does() {
    let arguments = ["--port=127.0.0.1:0", "--port=127.0.0.1:0/udp"];
    let server = Server::start(example("daytime"), &arguments);
    let ports: Vec<String> =
        server.addresses(2).iter().map(|address| address.port().to_string()).collect();
    let now = || {
        let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M:%S UTC"]).output().unwrap();
        String::from_utf8(date.stdout).unwrap()
    };
    for arguments in [&["-N", "127.0.0.1", &ports[0]][..], &["-u", "-w1", "127.0.0.1", &ports[1]]] {
        let before = now();
        let Some(said) = said("nc", arguments, Path::new("/"), "\n") else { break };
        let (said, after) = (said.replace('\r', ""), now());
        assert!((&before..=&after).contains(&&said), "{before} {said} {after}");
    }
    server.stop();
}

#[test]
fn daytime_and_udp_answer_no_answer() {
    for name in ["daytime", "udp"] {
        let server =
            Server::start(example(name), &["--port=127.0.0.1:0/udp", "--server_type=single"]);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answers = Vec::new();
        // The last shows that nothing more is to come of those before.
        for question in [&b"long"[..], b"\n", b"2026-11-28 12:00:00 UTC\r\n", b""] {
            socket.send_to(question, server.address()).unwrap();
        }
        for _ in 0..2 {
            let mut answer = [0; 100];
            let length = socket.recv(&mut answer).unwrap();
            answers.push(answer[..length].to_vec());
        }
        assert!(answers.iter().all(|answer| answer.len() > 2), "{name}: {answers:?}");
        socket.set_nonblocking(true).unwrap();
        assert!(socket.recv(&mut [0; 100]).is_err(), "{name} has answered an answer");
        server.stop();
    }
}

fn quotes(folder: &Path, more: &[&str]) -> Program {
    let book = super::folder().join("quotes.txt");
    Program::new(example("quotes"))
        .args(["--port=127.0.0.1:0", "--port=quotes.sock|unix", "--log_level=3"])
        .arg(format!("--book={}", book.display()))
        .args(more)
        .directory(folder)
}

#[test]
fn quotes_knows_its_topics_on_either_port() {
    let folder = scratch();
    let server = quotes(folder.path(), &[]).start();
    let port = server.address().port().to_string();
    server.wait_for_log("7 quotes in ");
    let ways = [&["-N", "127.0.0.1", &port][..], &["-N", "-U", "quotes.sock"]];
    for arguments in ways {
        let Some(said) = said("nc", arguments, folder.path(), "unix\nsoap\ntest\n") else { break };
        let lines: Vec<&str> = said.lines().collect();
        let unix = "A program should do one thing, and end.";
        let test = "Wait for a fact, never for a time.";
        assert_eq!(lines, [unix, "Nothing about \"soap\".", test]);
    }
    server.stop();
}

#[test]
fn quotes_is_read_by_all_children_at_once() {
    let folder = scratch();
    let server = quotes(
        folder.path(),
        &["--min_servers=4", "--max_servers=4", "--min_spare_servers=0", "--max_spare_servers=3"],
    )
    .start();
    // So many that several are in the book at the same moment.
    let (questions, answers) =
        ("test\n".repeat(100), "Wait for a fact, never for a time.\n".repeat(100));
    let report = netserver::testing::load(server.address())
        .connections(200)
        .clients(8)
        .exchange(|_| questions.as_str(), |_, reply| reply == answers.as_bytes())
        .until(|reply| reply.len() >= answers.len())
        .run();
    report.expect_all_right();
    server.stop();
}

#[test]
fn quotes_turns_others_away_and_does_not_start_without_its_book() {
    let folder = scratch();
    let server = quotes(folder.path(), &["--allow=192.0.2.0/24"]).start();
    let port = server.address().port().to_string();
    if let Some(said) = said("nc", &["-N", "127.0.0.1", &port], folder.path(), "") {
        assert_eq!(said, "This is a reading room for the house.\n");
    }
    server.stop();
    let refused = quotes(folder.path(), &["--book=nothing.txt"]).run().expect_code(1);
    assert!(refused.stderr().contains("No such file"), "{}", refused.stderr());
}

#[test]
fn exec_makes_any_program_a_server() {
    let start = |command: &[&str]| {
        Program::new(example("exec")).args(["--port=127.0.0.1:0", "--"]).args(command).start()
    };
    let ask = |server: &Server, input: &str| {
        let port = server.address().port().to_string();
        said("nc", &["-N", "127.0.0.1", &port], Path::new("/"), input)
    };
    let server = start(&["tr", "a-z", "A-Z"]);
    if let Some(said) = ask(&server, "hello\nthere\n") {
        assert_eq!(said, "HELLO\nTHERE\n");
        server.wait_for_log("exit status: 0");
    }
    server.stop();
    let server = start(&["sh", "-c", "echo $PROTO $TCPREMOTEIP; exit 3"]);
    if let Some(said) = ask(&server, "") {
        assert_eq!(said, "TCP 127.0.0.1\n");
        server.wait_for_log("exit status: 3");
    }
    server.stop();
    let refused = Program::new(example("exec")).arg("--port=127.0.0.1:0").run().expect_code(1);
    assert!(refused.stderr().contains("write exec -- PROGRAM"), "{}", refused.stderr());
}
