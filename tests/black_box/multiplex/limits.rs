//! The room and time that a connection of a loop may take, and that one takes none of another's.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Trace, tool};

use super::super::{pause, tell};
use super::{about, ask, guest, loop_of, muxer, until_end};

fn count(server: &Server, text: &str) -> usize {
    server.log().iter().filter(|line| line.contains(text)).count()
}

#[test]
fn a_line_has_a_limit() {
    const SAID: &str =
        "mux_input failed: a line longer than max_line, 1000 bytes; client 127.0.0.1";
    let server = muxer(&["--max_line=1000", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    // As long as it may be, many of them, and in pieces.
    let line = "x".repeat(1000);
    for _ in 0..3 {
        client.send(&line[..400]);
        pause(Duration::from_millis(10));
        client.send(&line[400..]);
        assert_eq!(ask(&mut client, ""), format!("? {line}"));
    }
    client.send("x".repeat(1003));
    until_end(&mut client);
    server.wait_for_log(SAID);
    // Nor may more be left there by a program that does not take it.
    let mut client = Client::connect(server.address());
    client.send("deaf\n");
    client.send("short\n".repeat(400));
    until_end(&mut client);
    server.wait_until("the other one is told too", || count(&server, SAID) == 2);
    server.stop();
}

#[test]
fn who_never_reads_is_dropped_and_nobody_else_notices() {
    const SAID: &str = "more than max_unsent, 262144 bytes, wait to be sent; client 127.0.0.1";
    let server = muxer(&["--max_unsent=256K", "--log_level=3"]).start();
    let (mut talker, _) = guest(&server);
    let (listener, number) = guest(&server);
    let (mut idle, _) = guest(&server);
    let listens = thread::spawn(move || take_until_end(listener.stream()));
    let (mut said, start) = (0, Instant::now());
    while count(&server, SAID) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody is dropped");
        talker.send("others_flood 60000\n");
        said += 60_000;
        assert_eq!(ask(&mut talker, "say x"), "x");
    }
    assert_eq!(ask(&mut talker, "count"), "2 1");
    assert!(idle.try_rest().is_err(), "half a reply must not look like a whole one");
    assert_eq!(ask(&mut talker, &format!("to {number} end")), "true");
    assert_eq!(listens.join().unwrap(), said + "end\n".len());
    assert_eq!(count(&server, "max_unsent"), 1, "{:?}", server.log());
    drop(talker);
    server.stop();
}

/// Takes whatever comes up to a line that ends with `end`, and tells how much that was.
fn take_until_end(mut stream: &TcpStream) -> usize {
    let (mut sum, mut room) = (0, vec![0; 65_536]);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    loop {
        let count = stream.read(&mut room).unwrap();
        sum += count;
        if count == 0 || room[..count].ends_with(b"\n") {
            return sum;
        }
    }
}

/// Sends as much as a server takes, and tells how much that was once it takes nothing for a while.
fn stuff(stream: &mut TcpStream, text: &[u8], most: usize) -> usize {
    stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut sent = 0;
    while sent < most {
        match stream.write(&text[sent % text.len()..]) {
            Ok(count) => sent += count,
            Err(err) => {
                assert!(matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{err}");
                break;
            }
        }
    }
    sent
}

#[test]
fn who_asks_and_does_not_read_is_not_read_from() {
    const MOST: usize = 64 * 1024 * 1024;
    let server = muxer(&["--read_timeout=0", "--write_timeout=0"]).start();
    let child = loop_of(&server);
    let (mut other, _) = guest(&server);
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = resident();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let text = format!("say {}\n", "x".repeat(995)).into_bytes();
    let sent = stuff(&mut stream, &text, MOST);
    assert!(sent < MOST, "all was taken");
    let grown = resident().saturating_sub(before);
    tell(format_args!("{sent} bytes sent, {grown} KiB more"));
    assert!(grown < 2_000, "{grown} KiB more");
    assert_eq!(ask(&mut other, "say x"), "x");
    // It gets all its answers once it reads.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    let whole = sent / text.len();
    let rest = (sent % text.len()).saturating_sub(4);
    let last = if rest > 0 { rest + 1 } else { 0 };
    let all = answers.len();
    assert!(all.abs_diff(whole * 996 + last) <= 8, "{all} bytes for {sent}");
    drop(other);
    server.stop();
}

#[test]
fn a_client_has_its_time() {
    let half = Duration::from_millis(500);
    for (option, said) in [
        ("--read_timeout=500ms", "reading failed: the client sent nothing for 500ms"),
        ("--request_timeout=500ms", "the request took longer than 500ms"),
    ] {
        let server = muxer(&[option, "--log_level=3"]).start();
        let mut client = Client::connect(server.address());
        let (took, _) = until_end(&mut client);
        assert!(about(took, half), "{option}: {took:?}");
        server.wait_for_log(said);
        // Whoever goes on to send something has time to read, and no more time in all.
        let mut client = Client::connect(server.address());
        let start = Instant::now();
        while start.elapsed() < half * 2 {
            // It may be cut by now.
            let _ = client.stream().write_all(b"x");
            pause(Duration::from_millis(50));
        }
        let cut = count(&server, said);
        assert_eq!(
            cut,
            if option.contains("read") { 1 } else { 2 },
            "{option}: {:?}",
            server.log()
        );
        until_end(&mut client);
        server.wait_until("it is cut in the end", || count(&server, said) == 2);
        server.stop();
    }
}

#[test]
fn a_client_that_takes_nothing_has_its_time_too() {
    let server = muxer(&["--write_timeout=500ms", "--read_timeout=0", "--max_unsent=0"])
        .arg("--log_level=3")
        .start();
    let mut client = Client::connect(server.address());
    client.send("flood 30000000\n");
    let start = Instant::now();
    server.wait_for_log("sending the reply failed: the client took nothing for 500ms");
    assert!(about(start.elapsed(), Duration::from_millis(500)), "{:?}", start.elapsed());
    assert!(client.try_rest().is_err(), "half a reply must not look like a whole one");
    // One that takes a little now and then is served to the end.
    let mut client = Client::connect(server.address());
    client.send("flood 8000000\nclose\n");
    let (mut sum, mut room) = (0, vec![0; 400_000]);
    loop {
        let count = client.stream().read(&mut room).unwrap();
        sum += count;
        if count == 0 {
            break;
        }
        if sum < 4_000_000 {
            pause(Duration::from_millis(60));
        }
    }
    assert_eq!(sum, 8_000_000);
    server.stop();
}

/// Asks without end, and takes all answers.
fn ask_without_end(address: SocketAddr, is_over: &AtomicBool) {
    let stream = TcpStream::connect(address).unwrap();
    let (mut reader, mut writer) = (stream.try_clone().unwrap(), stream);
    thread::scope(|scope| {
        scope.spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        let text = "say 0123456789\n".repeat(1000);
        while !is_over.load(Relaxed) && writer.write_all(text.as_bytes()).is_ok() {}
        let _ = writer.shutdown(std::net::Shutdown::Both);
    });
}

/// Takes one long answer after the other, as fast as it can.
fn take_without_end(address: SocketAddr, is_over: &AtomicBool) {
    const LENGTH: usize = 8_000_000;
    let mut stream = TcpStream::connect(address).unwrap();
    let mut room = vec![0; 1 << 20];
    while !is_over.load(Relaxed) {
        stream.write_all(format!("flood {LENGTH}\n").as_bytes()).unwrap();
        let mut rest = LENGTH;
        while rest > 0 {
            rest -= stream.read(&mut room).unwrap();
        }
    }
}

#[test]
fn busy_clients_starve_nobody() {
    for (what, busy) in
        [("ask", ask_without_end as fn(SocketAddr, &AtomicBool)), ("take", take_without_end)]
    {
        let server = muxer(&["--max_unsent=0"]).start();
        let (mut client, _) = guest(&server);
        let is_over = AtomicBool::new(false);
        let address = server.address();
        let mut times: Vec<Duration> = thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| busy(address, &is_over));
            }
            server.wait_until("they are there", || ask(&mut client, "count") == "5 4");
            let times = (0..300).map(|at| {
                let start = Instant::now();
                let text = format!("say {at}");
                assert_eq!(ask(&mut client, &text), at.to_string());
                start.elapsed()
            });
            let times = times.collect();
            is_over.store(true, Relaxed);
            times
        });
        times.sort_unstable();
        let p99 = times[times.len() * 99 / 100];
        tell(format_args!("beside 4 that {what} without end: p99 of {p99:?}"));
        assert!(p99 < Duration::from_millis(200), "{what}: {p99:?}");
        drop(client);
        server.stop();
    }
}

/// What a callback does is no client's fault: more of them than one turn hears have said something while it took
/// longer than they may be silent.
#[test]
fn a_callback_that_takes_long_makes_nobody_late() {
    const CLIENTS: usize = 700;
    let server = muxer(&["--read_timeout=1s"]).start();
    let mut clients: Vec<Client> =
        (0..CLIENTS).map(|_| Client::connect(server.address())).collect();
    // The last one is accepted after all others.
    assert_eq!(ask(&mut clients[CLIENTS - 1], "say here"), "here");
    let (mut busy, _) = guest(&server);
    busy.send("spin 2\nsay done\n");
    for client in &mut clients {
        client.send("say still here\n");
    }
    assert_eq!(busy.line(), "done");
    for client in &mut clients {
        assert_eq!(client.line(), "still here");
    }
    drop((clients, busy));
    server.stop();
}

/// A client that takes a long answer as fast as it comes has the loop for a share of it at a time.
#[test]
fn a_long_answer_is_sent_by_turns() {
    const LENGTH: usize = 2_000_000;
    // What is sent in one turn.
    const SHARE: usize = 256 * 1024;
    let Some(strace) = tool("strace") else { return };
    let server = muxer(&["--max_unsent=0"]).start();
    let child = loop_of(&server);
    let (mut client, _) = guest(&server);
    let trace = Trace::attach(&strace, [child]);
    client.send(format!("flood {LENGTH}\nclose\n"));
    assert_eq!(client.rest().len(), LENGTH);
    let calls = trace.stop();
    let turns = calls.count("epoll_wait") + calls.count("epoll_pwait");
    assert!(turns >= (LENGTH / SHARE) as u64, "{turns} turns: {calls:?}");
    server.stop();
}
