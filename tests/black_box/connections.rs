//! What a handler and its client see of a connection.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, load};

use super::{actor, with_each};

#[test]
fn addresses_are_those_of_the_two_ends() {
    with_each(|_, server| {
        let mut client = Client::connect(server.address());
        client.send("peer\n");
        let own = client.stream().local_addr().unwrap();
        assert_eq!(client.line(), format!("{own} {}", server.address()));
        drop(client);
        server.stop();
    });
}

#[test]
fn an_ipv4_peer_of_a_listener_for_both_is_ipv4() {
    let server = actor(&["--port=*:0"]).start();
    let mut client = Client::connect(server.address());
    client.send("peer\n");
    let own = client.stream().local_addr().unwrap();
    assert!(own.is_ipv4());
    assert_eq!(client.line(), format!("{own} {}", server.address()));
    drop(client);
    server.stop();
}

#[test]
fn replies_come_before_the_next_read_and_whole_at_the_end() {
    with_each(|personality, server| {
        let mut client = Client::connect(server.address());
        client.send("say one\n");
        assert_eq!(client.line(), "one", "{personality}");
        client.send("say two\nsay three\nquit\n");
        assert_eq!(client.rest(), b"two\nthree\n", "{personality}");
        server.stop();
    });
}

#[test]
fn a_long_reply_is_whole() {
    let server = actor(&[]).start();
    let mut client = Client::connect(server.address());
    client.send("many 200000\n");
    client.half_close();
    let reply = String::from_utf8(client.rest()).unwrap();
    let lines: Vec<usize> = reply.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(lines, (0..200_000).collect::<Vec<_>>());
    server.stop();
}

#[test]
fn lines_end_in_lf_or_crlf_or_the_end_of_input() {
    let server = actor(&[]).start();
    for (sent, reply) in [
        ("say a\nsay b\r\nsay c", "a\nb\nc\n"),
        ("say \r\r\n", "\r\n"),
        ("\n\r\n", "? \n? \n"),
        ("", ""),
    ] {
        let mut client = Client::connect(server.address());
        client.send(sent);
        client.half_close();
        assert_eq!(String::from_utf8(client.rest()).unwrap(), reply, "{sent:?}");
    }
    server.stop();
}

#[test]
fn a_line_has_a_limit() {
    let server = actor(&["--max_line=1KiB", "--log_level=3"]).start();
    let says = |length: usize| format!("say {}\n", "x".repeat(length - 4));
    let mut client = Client::connect(server.address());
    client.send(says(1024));
    assert_eq!(client.line().len(), 1020);
    client.send(says(1025));
    assert_eq!(client.try_line().unwrap_or_default(), None);
    server.wait_for_log("a line longer than max_line, 1024 bytes");
    server.stop();
}

#[test]
fn a_line_that_is_not_utf8_ends_the_connection() {
    let server = actor(&["--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send(b"say \xff\n");
    assert_eq!(client.try_line().unwrap_or_default(), None);
    server.wait_for_log("a line that is not UTF-8");
    server.stop();
}

#[test]
fn a_silent_client_is_given_up_after_read_timeout() {
    let server = actor(&["--read_timeout=300ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    let start = Instant::now();
    assert_eq!(client.rest(), b"");
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(290), "{waited:?}");
    server.wait_for_log("the client sent nothing for 300ms");
    server.stop();
}

#[test]
fn a_slow_line_is_whole_for_a_handler_that_waits_on() {
    for reader in ["patient", "lines"] {
        let server = actor(&["--read_timeout=100ms", "--log_level=3"]).start();
        let mut client = Client::connect(server.address());
        client.send(format!("{reader}\n"));
        // In the middle of a character, too.
        for part in [&b"one l\xc3"[..], b"\xafne in "] {
            let before = server.log().len();
            client.send(part);
            server.wait_for_log_after(before, "the client sent nothing for 100ms");
        }
        client.send("parts\n");
        assert_eq!(client.line(), "one lïne in parts", "{reader}");
        drop(client);
        server.stop();
    }
}

#[test]
fn a_client_that_never_reads_is_given_up_after_write_timeout() {
    let server = actor(&["--write_timeout=300ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("many 3000000\n");
    server.wait_for_log("the client took nothing for 300ms");
    drop(client);
    server.stop();
}

#[test]
fn many_ports_are_served_alike() {
    for personality in super::PERSONALITIES {
        let ports = ["--port=0", "--port=127.0.0.1:0/tcp", "--port=[::1]:0"];
        let kind = format!("--server_type={personality}");
        let server = actor(&[kind.as_str()]).args(ports).start();
        for address in server.addresses(3) {
            load(address)
                .connections(200)
                .clients(8)
                .exchange(
                    |number| format!("say {number}\nquit\n"),
                    |number, reply| reply == format!("{number}\n").as_bytes(),
                )
                .run()
                .expect_all_right();
        }
        server.stop();
    }
}

/// What `/proc` says of signals, but for HUP: a server handles it, so that whatever it starts has it as it is by
/// default, though whoever started the server may have had it ignored.
fn without_hup(status: &str) -> String {
    const HUP: u64 = 1;
    let line = |line: &str| match line.strip_prefix("SigIgn:\t") {
        Some(mask) => format!("SigIgn:\t{:016x}\n", u64::from_str_radix(mask, 16).unwrap() & !HUP),
        None => format!("{line}\n"),
    };
    status.lines().map(line).collect()
}

#[test]
fn a_program_that_a_handler_starts_has_a_clean_slate() {
    // Signals that are blocked or ignored here, and descriptors beyond the three, are those that the
    // test itself was started with.
    let look = "grep -E 'Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; exit 7";
    let here = Program::new("sh").args(["-c", look]).run().expect_code(7);
    with_each(|personality, server| {
        let mut client = Client::connect(server.address());
        client.send(format!("run {look}\nquit\n"));
        let said = String::from_utf8(client.rest()).unwrap();
        let expected = without_hup(&format!("{}exit status: 7\n", here.stdout));
        assert_eq!(said, expected, "{personality}");
        server.stop();
    });
}

#[test]
fn no_connection_leaves_a_descriptor_behind() {
    for personality in super::PERSONALITIES {
        let few = ["--min_servers=1", "--max_servers=1", "--min_spare_servers=0"];
        let few = match personality {
            "prefork" => &few[..],
            "prefork_simple" => &["--max_servers=1"],
            _ => &[],
        };
        let server = actor(&[&format!("--server_type={personality}")]).args(few).start();
        let ask = |count| {
            let exchange = load(server.address()).connections(count).clients(4);
            exchange
                .exchange(|_| "say x\nquit\n", |_, reply| reply == b"x\n")
                .run()
                .expect_all_right();
        };
        ask(10);
        // A child of `fork` is gone with its connection.
        let worker = server.children().first().copied().filter(|_| personality != "fork");
        let pid = worker.unwrap_or(server.pid());
        let before = server.descriptors(pid);
        ask(200);
        server.expect_no_leak(pid, &before);
        server.stop();
    }
}
