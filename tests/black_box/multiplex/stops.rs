//! How a loop stops, and makes way for the next one.

use std::time::{Duration, Instant};

use netserver::testing::{Client, Signal, scratch};

use super::super::restart_ports::free;
use super::super::site::port_lines;
use super::{about, ask, guest, loop_of, muxer};

#[test]
fn it_stops_at_once_where_nobody_is_served() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let server = muxer(&["--log_level=3"]).start();
        let (client, id) = guest(&server);
        drop(client);
        server.wait_for_log(&format!("mux_close of {id}"));
        let start = Instant::now();
        let log = server.stop_with(signal).expect_code(0).log;
        assert!(start.elapsed() < Duration::from_millis(1500), "{signal}: {:?}", start.elapsed());
        assert!(log.iter().any(|line| line.contains("child_finish_hook with 0 guests")), "{log:?}");
    }
}

#[test]
fn who_is_served_finishes_and_is_told_that_the_server_stops() {
    let server = muxer(&["--log_level=3"]).start();
    let address = server.address();
    let (mut leaving, _) = guest(&server);
    assert_eq!(ask(&mut leaving, "leave\nsay so"), "so");
    let (mut working, id) = guest(&server);
    assert_eq!(ask(&mut working, "wait 1 done\nsay so"), "so");
    let start = Instant::now();
    server.signal(Signal::SIGTERM);
    assert_eq!(leaving.rest(), b"goodbye\n");
    assert!(start.elapsed() < Duration::from_millis(800), "{:?}", start.elapsed());
    server.wait_for_log(&format!("mux_stopping of {id}"));
    // Nobody is let in, and those who are there are served like before.
    server.wait_until("it listens no more", || Client::try_connect(address).is_err());
    assert_eq!(ask(&mut working, "say still"), "still");
    assert_eq!(working.line(), "done");
    working.send("say x\nclose\n");
    assert_eq!(working.rest(), b"x\n");
    let log = server.wait().expect_code(0).log;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let told = log.iter().filter(|line| line.contains("mux_stopping of")).count();
    assert_eq!(told, 2, "{log:?}");
}

#[test]
fn who_stays_is_cut_when_the_time_is_over() {
    let server = muxer(&["--graceful_timeout=1s", "--log_level=3"]).start();
    let (mut client, id) = guest(&server);
    server.expect_log("1 child still there after 1s: SIGINT");
    let start = Instant::now();
    server.signal(Signal::SIGTERM);
    assert!(client.try_rest().is_err(), "half a reply must not look like a whole one");
    assert!(about(start.elapsed(), Duration::from_secs(1)), "{:?}", start.elapsed());
    let log = server.wait().log;
    assert!(log.iter().any(|line| line.contains(&format!("mux_close of {id}"))), "{log:?}");
}

#[test]
fn a_quick_stop_cuts_everybody_with_a_reset() {
    let server = muxer(&["--log_level=3"]).start();
    let mut clients: Vec<Client> = (0..20).map(|_| guest(&server).0).collect();
    for client in &mut clients[..10] {
        client.send("wait 60 x\n");
    }
    let start = Instant::now();
    server.signal(Signal::SIGINT);
    for client in &mut clients {
        client.try_rest().unwrap_err();
    }
    let log = server.wait().expect_code(0).log;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let closed = log.iter().filter(|line| line.contains("mux_close of")).count();
    assert_eq!(closed, clients.len(), "{log:?}");
}

#[test]
fn a_restart_lets_those_finish_who_are_there() {
    let server = muxer(&["--log_level=3"]).start();
    let (mut old, id) = guest(&server);
    let (mut leaving, _) = guest(&server);
    assert_eq!(ask(&mut leaving, "leave\nsay so"), "so");
    let before = loop_of(&server);
    let mut lines = server.log().len();
    for generation in ["2", "3"] {
        server.signal(Signal::SIGHUP);
        server.wait_for_log_after(lines, &format!("generation {generation} serves"));
        lines = server.log().len();
        // Until it is told, the older one lets in whom it meets first.
        server.wait_until("the next one serves", || {
            let (mut new, _) = guest(&server);
            ask(&mut new, "generation") == generation
        });
        assert_eq!(ask(&mut old, "generation"), "1");
        assert_eq!(ask(&mut old, "pid"), before.to_string());
    }
    assert_eq!(leaving.rest(), b"goodbye\n");
    server.wait_for_log(&format!("mux_stopping of {id}"));
    old.send("close\n");
    assert_eq!(old.rest(), b"");
    server.wait_until("the first one is gone", || !server.alive().contains(&before));
    server.stop();
}

#[test]
fn a_loop_that_is_killed_is_replaced() {
    let server = muxer(&[]).start();
    server.expect_log("was killed by SIGKILL");
    let before = loop_of(&server);
    let (mut client, _) = guest(&server);
    server.signal_child(before, Signal::SIGKILL);
    let _ = client.try_rest();
    let (mut next, _) = guest(&server);
    assert_ne!(ask(&mut next, "pid"), before.to_string());
    drop(next);
    server.stop();
}

/// Each loop that is renewed has `graceful_timeout` for those who stay with it, and they keep no other from being
/// renewed.
#[test]
fn loops_that_are_renewed_leave_in_their_time() {
    let server = muxer(&["--hup=children", "--graceful_timeout=1s", "--log_level=3"]).start();
    server.allow_log("has not finished in its time: SIGINT");
    let mut staying = Vec::new();
    for _ in 0..3 {
        let (mut client, _) = guest(&server);
        let child = ask(&mut client, "pid");
        staying.push(client);
        server.signal(Signal::SIGHUP);
        server.wait_until("another one serves", || {
            let mut client = Client::connect(server.address());
            ask(&mut client, "pid") != child
        });
    }
    server.wait_until("the last one is alone", || server.alive().len() == 1);
    for mut client in staying {
        assert!(client.try_rest().is_err(), "it was cut");
    }
    server.stop();
}

/// Those that somebody else has told to stop are replaced at once, and keep nobody from being served.
#[test]
fn loops_that_finish_by_themselves_keep_nobody_waiting() {
    let server = muxer(&["--graceful_timeout=2s", "--log_level=3"]).start();
    server.allow_log("has not finished in its time: SIGINT");
    let mut staying = Vec::new();
    for _ in 0..4 {
        let (mut client, _) = guest(&server);
        let child = ask(&mut client, "pid");
        staying.push(client);
        server.signal_child(child.parse().unwrap(), Signal::SIGTERM);
        let start = Instant::now();
        server.wait_until("another one serves", || {
            let mut client = Client::connect(server.address());
            ask(&mut client, "pid") != child
        });
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    server.wait_until("they have left", || server.alive().len() == 1);
    drop(staying);
    server.stop();
}

/// Whoever waits at a port that a restart gives up has what it asked for, and is told like those of the loop before.
#[test]
fn who_waits_at_a_port_that_goes_is_served_and_told_that_it_is_the_last() {
    let (one, other) = (free(), free());
    let folder = scratch();
    folder.write("conf", port_lines(&[one, other]));
    let conf = format!("--conf_file={}", folder.join("conf").display());
    let server = muxer(&["--log_level=3"]).arg(conf).start();
    let (mut busy, id) = guest(&server);
    let lines = server.log().len();
    busy.send("spin 3\nclose\n");
    server.wait_for_log_after(lines, &format!("mux_input of {id}"));
    // While the loop is busy they wait, and its successor is none of theirs.
    let mut waiting: Vec<Client> = (0..3).map(|_| Client::connect(other)).collect();
    for client in &mut waiting {
        client.send("leave\nsay x\n");
    }
    folder.write("conf", port_lines(&[one]));
    server.signal(Signal::SIGHUP);
    for client in &mut waiting {
        assert_eq!(client.rest(), b"x\ngoodbye\n");
    }
    busy.rest();
    server.stop();
}
