//! Greylisting, asked as Postfix asks.

use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Server, tool, wait_until};

use super::terminal::Terminal;
use super::{example, said};

/// What smtpd sends for one recipient, in part: attributes in any order, and one with a `=` in its value.
fn request(sender: &str) -> String {
    let attributes = [
        "request=smtpd_access_policy",
        "protocol_state=RCPT",
        "protocol_name=ESMTP",
        "helo_name=mx.example.org",
        "instance=123.456.7=8",
        &format!("sender={sender}"),
        "recipient=you@example.net",
        "client_address=192.0.2.1",
        "client_name=unknown",
        "size=12345",
        "",
        "",
    ];
    attributes.join("\n")
}

fn ask(server: &Server, input: &str) -> Option<String> {
    let port = server.address().port().to_string();
    said("nc", &["-N", "127.0.0.1", &port], Path::new("/"), input)
}

const LATER: &str = "action=defer_if_permit Come back later\n\n";
const DUNNO: &str = "action=dunno\n\n";

#[test]
fn policy_puts_strangers_off_and_knows_them_later() {
    let server = Server::start(example("policy"), &["--port=127.0.0.1:0", "--delay=1s"]);
    // Two requests by one connection, as Postfix sends them.
    let both = format!("{}{}", request("ada@example.org"), request("bob@example.org"));
    let Some(first) = ask(&server, &both) else {
        server.stop();
        return;
    };
    assert_eq!(first, [LATER, LATER].concat());
    // Of all connections, and so of all threads.
    wait_until("she is known", || ask(&server, &request("ada@example.org")).unwrap() == DUNNO);
    assert_eq!(ask(&server, &request("eve@example.org")).unwrap(), LATER);
    server.stop();
}

#[test]
fn policy_forgets_who_has_not_come_back() {
    let arguments = ["--port=127.0.0.1:0", "--delay=1s", "--memory=100ms"];
    let server = Server::start(example("policy"), &arguments);
    let asked = Instant::now();
    if let Some(answer) = ask(&server, &request("ada@example.org")) {
        assert_eq!(answer, LATER);
        let known = Duration::from_millis(1200);
        wait_until("she would be known", || asked.elapsed() > known);
        assert_eq!(ask(&server, &request("ada@example.org")).unwrap(), LATER);
    }
    server.stop();
}

#[test]
fn policy_remembers_no_more_than_it_may() {
    let arguments = ["--port=127.0.0.1:0", "--strangers=1", "--memory=2s"];
    let server = Server::start(example("policy"), &arguments);
    if let Some(answer) = ask(&server, &request("ada@example.org")) {
        assert_eq!(answer, LATER);
        let bob = || ask(&server, &request("bob@example.org")).unwrap();
        assert_eq!(bob(), DUNNO);
        assert_eq!(ask(&server, &request("ada@example.org")).unwrap(), LATER);
        wait_until("there is room for him", || bob() == LATER);
    }
    server.stop();
}

#[test]
fn policy_answers_who_is_no_text_and_ends_requests_without_an_end() {
    let server = Server::start(example("policy"), &["--port=127.0.0.1:0", "--log_level=3"]);
    let mut client = Client::connect(server.address());
    client.send(b"request=smtpd_access_policy\nsender=\xff@b\n\n");
    assert_eq!([client.line(), client.line()], [LATER.trim_end(), ""]);
    // As long as one may be, and a byte more.
    let long = format!("a={}\n", "b".repeat(1022)).repeat(16);
    client.send([&long, "\n"].concat());
    assert_eq!([client.line(), client.line()], [DUNNO.trim_end(), ""]);
    server.expect_log("a request of more than 16384 bytes");
    client.send([&long, "c\n\n"].concat());
    assert_eq!(client.rest(), b"");
    server.stop();
}

#[test]
fn policy_leaves_other_questions_to_others_and_ends_what_is_none() {
    let server = Server::start(example("policy"), &["--port=127.0.0.1:0", "--log_level=3"]);
    if let Some(answer) = ask(&server, "request=junk_policy\n\n") {
        assert_eq!(answer, DUNNO);
        assert_eq!(ask(&server, "sender=ada@example.org\n\n").unwrap(), DUNNO);
        server.expect_log("expected NAME=VALUE, got \"GET / HTTP/1.1\"");
        assert_eq!(ask(&server, "GET / HTTP/1.1\n\n").unwrap(), "");
        assert_eq!(ask(&server, "request=smtpd_access_policy\n").unwrap(), "", "half of one");
    }
    server.stop();
}

#[test]
fn policy_answers_while_the_connection_stays() {
    let Some(nc) = tool("nc") else { return };
    // Many more such connections than there are threads at the start.
    let server = Program::new(example("policy"))
        .args(["--port=127.0.0.1:0", "--max_servers=20"])
        .deadline(Duration::from_secs(20))
        .start();
    let names: Vec<String> = (0..15).map(|at| format!("smtpd {at}")).collect();
    let mut smtpds: Vec<Terminal> =
        names.iter().map(|name| Terminal::open(&nc, server.address(), name)).collect();
    for _ in 0..2 {
        for smtpd in &mut smtpds {
            smtpd.types(request("ada@example.org").trim_end());
            smtpd.types("");
        }
        for smtpd in &smtpds {
            assert_eq!([smtpd.reads(), smtpd.reads()], [LATER.trim_end(), ""]);
        }
    }
    drop(smtpds);
    server.stop();
}
