//! The load: that it counts what happened, and only that.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use std::{fs, iter, thread};

use netserver::testing::{Target, load, scratch};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::peers::{closed_port, echo_line, peer};

#[test]
fn every_connection_is_right() {
    let (address, thread) = peer(500, echo_line);
    let before = ports_in_time_wait(address);
    let report = load(address).connections(500).clients(8).run();
    report.expect_all_right();
    assert_eq!(report.right, 500);
    assert!(report.p50 <= report.p99 && report.p99 <= report.max && report.max <= report.elapsed);
    thread.join().unwrap();
    // An earlier user of the port may have left some; they only become fewer.
    assert!(ports_in_time_wait(address) <= before);
}

/// How many connections to or from the port the kernel remembers though both sides have closed.
fn ports_in_time_wait(address: SocketAddr) -> usize {
    const TIME_WAIT: &str = "06";
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().filter(|row| {
        let fields: Vec<_> = row.split_whitespace().collect();
        fields[3] == TIME_WAIT && (fields[1].ends_with(&port) || fields[2].ends_with(&port))
    });
    rows.count()
}

#[test]
fn a_wrong_reply_is_counted_and_shown() {
    let mut number = 0;
    let (address, thread) = peer(20, move |stream| {
        number += 1;
        if number % 2 == 0 {
            echo_line(stream);
        } else {
            other_line(stream, b"bad\n");
        }
    });
    let report = load(address).connections(20).clients(2).run();
    assert_eq!((report.right, report.wrong, report.failed()), (10, 10, 0));
    assert_eq!(report.examples.len(), 5);
    assert!(report.examples[0].ends_with("\\n\", got \"bad\\n\""), "{}", report.examples[0]);
    thread.join().unwrap();
}

/// Reads the request, so that closing is no reset, and sends something else.
fn other_line(mut stream: TcpStream, reply: &[u8]) {
    BufReader::new(&stream).skip_until(b'\n').unwrap();
    stream.write_all(reply).unwrap();
}

#[test]
fn more_than_a_line_is_wrong_unless_it_is_asked_for() {
    let (address, thread) = peer(2, |stream| other_line(stream, b"one\ntwo\n"));
    let any = || load(address).connections(1).exchange(|_| "\n", |_, _| true);
    assert_eq!(any().run().wrong, 1);
    assert_eq!(any().until_close().run().right, 1);
    thread.join().unwrap();
}

#[test]
fn the_test_may_say_where_a_reply_ends() {
    // Keeps the connection open until the client has ended its half.
    let (address, thread) = peer(5, |stream| {
        echo_line(stream.try_clone().unwrap());
        echo_line(stream);
    });
    let whole = |reply: &[u8]| reply.ends_with(b"\n");
    load(address).connections(5).clients(1).until(whole).run().expect_all_right();
    thread.join().unwrap();
}

#[test]
fn errors_are_counted_by_step_and_kind() {
    let report = load(closed_port()).connections(10).clients(2).run();
    assert_eq!(report.errors["connect: connection refused"], 10);
    assert_eq!(report.failed(), 10);
}

#[test]
fn a_silent_server_is_a_timeout() {
    let mut kept = Vec::new();
    let (address, _thread) = peer(2, move |stream| kept.push(stream));
    let patience = Duration::from_millis(50);
    let report = load(address).connections(1).patience(patience).run();
    assert_eq!(report.errors["receive: timed out"], 1);
}

#[test]
fn connections_without_time_have_failed() {
    let report = load(closed_port()).connections(10).deadline(Duration::ZERO).run();
    assert_eq!(report.errors["no time left of 0ns"], 10);
}

#[test]
fn a_pace_is_kept() {
    let (address, thread) = peer(11, echo_line);
    let report = load(address).connections(11).clients(4).per_second(100).run();
    report.expect_all_right();
    assert!(report.elapsed >= Duration::from_millis(100), "{report}");
    thread.join().unwrap();
}

#[test]
#[should_panic(expected = "not all went right: 0 right, 0 wrong, 3 failed")]
fn an_error_fails_the_test() {
    load(closed_port()).connections(3).run().expect_all_right();
}

#[test]
#[should_panic(expected = "as a test's own check may")]
fn a_panic_of_the_check_fails_the_test() {
    let (address, _thread) = peer(1, echo_line);
    let check = |_, _: &[u8]| panic!("as a test's own check may");
    load(address).connections(1).exchange(|_| "\n", check).run();
}

#[test]
fn a_path_is_that_of_a_unix_socket() {
    let folder = scratch();
    let path = folder.join("socket");
    assert_eq!(load(&*path).connections(1).run().errors["connect: entity not found"], 1);
    let listener = UnixListener::bind(&path).unwrap();
    let echo = thread::spawn(move || {
        for stream in listener.incoming().take(20) {
            let mut line = Vec::new();
            let mut stream = BufReader::new(stream.unwrap());
            stream.read_until(b'\n', &mut line).unwrap();
            stream.get_ref().write_all(&line).unwrap();
        }
    });
    load(&*path).connections(20).clients(2).run().expect_all_right();
    echo.join().unwrap();
}

/// Whoever is in the queue of a UNIX socket is connected, and all others wait for room in it.
#[test]
fn a_full_queue_is_a_timeout() {
    let folder = scratch();
    let path = folder.join("socket");
    // As short a queue as there is: how long another one is the machine says.
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(1).unwrap();
    let kept: Vec<_> = iter::repeat_with(|| path.connect(Duration::from_millis(20)))
        .map_while(Result::ok)
        .collect();
    assert!(!kept.is_empty());
    let report = load(&*path).connections(1).patience(Duration::from_millis(20)).run();
    assert_eq!(report.failed(), 1, "{report}");
    assert!(report.errors.contains_key("connect: timed out"), "{report}");
}

#[test]
fn it_goes_on_for_as_long_as_it_is_to() {
    let (address, _thread) = peer(1_000_000, echo_line);
    let more = AtomicUsize::new(7);
    let is_wanted = || {
        let left = more.load(Relaxed);
        more.store(left.saturating_sub(1), Relaxed);
        left > 0
    };
    let report = load(address).connections(3).clients(1).and_while(is_wanted).run();
    report.expect_all_right();
    assert_eq!(report.right, 10);
}
