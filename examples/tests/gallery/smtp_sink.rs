//! The mail sink, with mail from `swaks`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use netserver::testing::{Client, Program, Scratch, Server, scratch, tool};

use super::{example, said};

fn start(folder: &Scratch) -> Server {
    Program::new(example("smtp_sink"))
        .args(["--port=127.0.0.1:0", "--size=100000", "--log_level=3"])
        .arg(format!("--folder={}", folder.path().display()))
        .start()
}

fn swaks(swaks: &Path, server: &Server, arguments: &[&str]) -> Output {
    let port = server.address().port().to_string();
    Command::new(swaks)
        .args(["--server", "127.0.0.1", "--port", &port, "--helo", "here"])
        .args(["--from", "me@example.org", "--to", "you@example.org,her@example.org"])
        .args(arguments)
        .output()
        .unwrap()
}

/// The messages, in the order in which they came.
fn kept(folder: &Scratch) -> Vec<String> {
    let mut paths: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn smtp_sink_keeps_what_swaks_sends() {
    let Some(path) = tool("swaks") else { return };
    let folder = scratch();
    let server = start(&folder);
    let body = r"From here\n.\n..\n.hidden\nend";
    // With HELO, with EHLO, and without a wait for any answer.
    for way in [&["--protocol", "SMTP"][..], &["--protocol", "ESMTP"], &["--pipeline"]] {
        let arguments = [way, &["--header", "Subject: dots", "--body", body]].concat();
        let output = swaks(&path, &server, &arguments);
        assert!(output.status.success(), "{way:?}: {output:?}");
    }
    let messages = kept(&folder);
    assert_eq!(messages.len(), 3);
    for message in messages {
        let start = "X-Envelope: me@example.org you@example.org her@example.org\r\nDate: ";
        assert!(message.starts_with(start), "{message}");
        assert!(message.contains("\r\nSubject: dots\r\n"), "{message}");
        // As it was before it was sent.
        let end = "\r\n\r\nFrom here\r\n.\r\n..\r\n.hidden\r\nend\r\n";
        assert!(message.trim_end().ends_with(end.trim_end()), "{message:?}");
    }
    server.stop();
}

#[test]
fn smtp_sink_refuses_what_is_too_long_and_goes_on() {
    let Some(path) = tool("swaks") else { return };
    let folder = scratch();
    let server = start(&folder);
    let elsewhere = scratch();
    let long = elsewhere.write("long", ["x".repeat(70), "\n".into()].concat().repeat(2000));
    let output = swaks(&path, &server, &["--body", &format!("@{}", long.display())]);
    let dialogue = String::from_utf8_lossy(&output.stdout);
    assert!(dialogue.contains("<** 552 too long"), "{dialogue}");
    assert!(dialogue.contains("SIZE 100000"), "{dialogue}");
    assert!(dialogue.contains("221 bye"), "the connection is as good as before: {dialogue}");
    assert_eq!(kept(&folder), [""; 0]);
    assert!(swaks(&path, &server, &["--body", "short"]).status.success());
    assert_eq!(kept(&folder).len(), 1);
    server.stop();
}

#[test]
fn smtp_sink_holds_the_order_of_commands() {
    let folder = scratch();
    let server = start(&folder);
    let port = server.address().port().to_string();
    let ask = |input| said("nc", &["-N", "127.0.0.1", &port], folder.path(), input);
    let commands = "RCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<c@d>\r\nDATA\r\nRSET\r\n\
         rcpt to:<a@b>\r\nmail from:<>\r\nrcpt to:<a@b>\r\nNOOP\r\nHELP\r\ndata\r\nhi\r\n.\r\nDATA\r\nQUIT\r\nNOOP\r\n";
    if let Some(answers) = ask(commands) {
        let codes: Vec<&str> = answers.lines().map(|line| &line[..3]).collect();
        let right = "220 503 503 250 503 503 250 503 250 250 250 503 354 250 503 221";
        assert_eq!(codes.join(" "), right);
        assert_eq!(kept(&folder), ["X-Envelope:  a@b\r\nhi\r\n"]);
        // A hundred recipients, and one more.
        let many = ["MAIL FROM:<>\r\n".into(), "RCPT TO:<a@b>\r\n".repeat(101)].concat();
        let answers = said("nc", &["-N", "127.0.0.1", &port], folder.path(), &many).unwrap();
        assert!(answers.ends_with("250 ok\r\n452 too many recipients\r\n"), "{answers}");
        // Half a message.
        ask("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhi\r\n").unwrap();
        assert_eq!(kept(&folder).len(), 1);
    }
    server.stop();
}

/// The replies to these commands, up to the end.
fn replies(server: &Server, commands: &str) -> String {
    let mut client = Client::connect(server.address());
    client.send(commands);
    client.half_close();
    String::from_utf8(client.rest()).unwrap()
}

fn codes(replies: &str) -> String {
    replies.lines().map(|line| &line[..3]).collect::<Vec<_>>().join(" ")
}

#[test]
fn smtp_sink_has_a_hundred_recipients_and_no_more() {
    let folder = scratch();
    let server = start(&folder);
    let recipients = "RCPT TO:<a@b>\r\n".repeat(101);
    let said =
        replies(&server, &format!("MAIL FROM:<>\r\n{recipients}DATA\r\nhi\r\n.\r\nQUIT\r\n"));
    let right = format!("220 250 {}452 354 250 221", "250 ".repeat(100));
    assert_eq!(codes(&said), right);
    assert_eq!(kept(&folder)[0].matches("a@b").count(), 100);
    server.stop();
}

#[test]
fn smtp_sink_takes_addresses_that_are_some() {
    let folder = scratch();
    let server = start(&folder);
    let long = "x".repeat(255);
    for address in ["a@b", "<a@b", "<a\rX-Evil: y>", "<gr\u{fc}n@b>", &format!("<{long}>")] {
        let said = replies(&server, &format!("MAIL FROM:{address}\r\nRCPT TO:<a@b>\r\n"));
        assert_eq!(codes(&said), "220 501 503", "{address}: {said}");
    }
    let said = replies(&server, "MAIL FROM:<a@b>\r\nEHLO me\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(codes(&said), "220 250 250 250 250 250", "EHLO begins anew: {said}");
    server.stop();
}

const MAIL: &str = "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n";

#[test]
fn smtp_sink_says_why_it_ends() {
    let folder = scratch();
    let server = start(&folder);
    server.expect_log("a line longer than max_line");
    let said = replies(&server, &format!("{MAIL}{}\r\n.\r\n", "y".repeat(70_000)));
    assert!(codes(&said).ends_with(" 354 500"), "{said}");
    let said = replies(&server, &format!("{MAIL}half"));
    assert!(codes(&said).ends_with(" 354 421"), "{said}");
    assert_eq!(kept(&folder), [""; 0]);
    server.stop();
}

#[test]
fn smtp_sink_says_that_it_could_not_keep_a_message_and_keeps_no_half() {
    let Some(shell) = tool("sh") else { return };
    let folder = scratch();
    // A write may fail in the midst of a file, as on a full disk.
    let limit = ["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""];
    let server = Program::new(example("smtp_sink"))
        .under(shell, &limit)
        .args(["--port=127.0.0.1:0", "--log_level=3"])
        .arg(format!("--folder={}", folder.path().display()))
        .start();
    server.expect_log("File too large");
    let lines = "0123456789\r\n".repeat(1000);
    let said = replies(&server, &format!("{MAIL}{lines}.\r\nNOOP\r\n"));
    assert!(codes(&said).ends_with(" 354 451 250"), "{said}");
    assert_eq!(kept(&folder), [""; 0]);
    server.stop();
}
