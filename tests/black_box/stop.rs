//! Every way to stop.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal, scratch, tool};

use super::{actor, extent, program, tell as tell_figures, with_each};

/// How often a signal meets a worker at some moment: 4,000 times with `TRIALS=4000`.
fn trials() -> usize {
    extent("TRIALS", 300)
}

/// A client whose request the server has begun, and will go on with when it is told.
fn in_progress(server: &Server) -> Client {
    let mut client = Client::connect(server.address());
    client.send("now begun\n");
    assert_eq!(client.line(), "begun");
    client
}

/// Whether nobody listens there: a full backlog is something else.
pub(crate) fn is_refused(address: SocketAddr) -> bool {
    Client::try_connect(address).is_err_and(|err| err.kind() == ErrorKind::ConnectionRefused)
}

/// A server for each signal that is to stop it, with one port and with several.
fn with_ports_and(signals: &[Signal], test: impl Fn(Signal, &str, Vec<SocketAddr>, Server)) {
    for signal in signals {
        for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
            for personality in super::PERSONALITIES {
                let kind = format!("--server_type={personality}");
                let server = actor(&[&kind, "--log_level=3"]).args(ports).start();
                let addresses = server.addresses(ports.len());
                test(*signal, personality, addresses, server);
            }
        }
    }
}

#[test]
fn term_and_quit_let_a_request_finish_and_no_client_in() {
    with_ports_and(
        &[Signal::SIGTERM, Signal::SIGQUIT],
        |signal, personality, addresses, server| {
            let mut client = in_progress(&server);
            server.signal(signal);
            for address in addresses {
                server.wait_until("new clients are refused", || is_refused(address));
            }
            client.send("say finished\nquit\n");
            assert_eq!(client.rest(), b"finished\n", "{personality}");
            assert_eq!(server.wait().code(), Some(0), "{personality}");
        },
    );
}

#[test]
fn an_idle_server_stops_at_once() {
    let signals = [Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGINT];
    with_ports_and(&signals, |signal, personality, _, server| {
        let start = Instant::now();
        let finished = server.stop_with(signal);
        assert_eq!(finished.code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{personality}: {took:?}");
    });
}

/// How long that takes, on a machine that lets the server run: the shortest of a few tries.
#[test]
fn an_idle_server_has_ended_after_a_fifth_of_a_second() {
    const TRIES: usize = 5;
    const MOST: Duration = Duration::from_millis(200);
    for signal in [Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGINT] {
        for personality in super::PERSONALITIES {
            let tries = (0..TRIES).map(|_| {
                let server = actor(&[&format!("--server_type={personality}")]).start();
                // Somebody was served, and nobody is.
                let mut client = Client::connect(server.address());
                client.send("quit\n");
                assert_eq!(client.rest(), b"");
                let start = Instant::now();
                server.signal(signal);
                server.wait_until("it has ended", || server.has_ended());
                let took = start.elapsed();
                server.wait().expect_code(0);
                took
            });
            // No more than it takes.
            let mut least = Duration::MAX;
            let quick = tries.into_iter().any(|took| {
                least = least.min(took);
                took < MOST
            });
            assert!(quick, "{personality} {signal}: {least:?}");
            tell_figures(format_args!("{personality} {signal}: {least:.1?}"));
        }
    }
}

#[test]
fn int_cuts_a_request() {
    with_ports_and(&[Signal::SIGINT], |signal, personality, _, server| {
        let mut client = in_progress(&server);
        let start = Instant::now();
        let finished = server.stop_with(signal);
        assert_eq!(finished.code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{personality}: {took:?}");
        assert!(client.try_rest().unwrap_or_default().is_empty(), "{personality}");
        let log = finished.stderr();
        assert!(log.contains("the server stops"), "{personality}: {log}");
    });
}

#[test]
fn a_blocked_or_ignored_signal_of_whoever_started_it_does_not_matter() {
    let signals = [Signal::SIGTERM, Signal::SIGINT];
    for signal in signals {
        for personality in super::PERSONALITIES {
            let server = actor(&[&format!("--server_type={personality}")])
                .under("env", &["--block-signal", "--ignore-signal=CHLD"])
                .start();
            let mut client = Client::connect(server.address());
            client.send("run true\nquit\n");
            assert_eq!(client.rest(), b"exit status: 0\n", "{personality}");
            assert_eq!(server.stop_with(signal).code(), Some(0), "{personality}");
        }
    }
}

#[test]
fn graceful_timeout_0_cuts_at_once_and_without_a_word() {
    for personality in super::PERSONALITIES {
        let kind = format!("--server_type={personality}");
        let server = actor(&[&kind, "--graceful_timeout=0"]).start();
        let _client = in_progress(&server);
        let start = Instant::now();
        assert_eq!(server.stop_with(Signal::SIGTERM).code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{personality}: {took:?}");
    }
}

#[test]
fn a_single_server_that_does_not_listen_ends_itself() {
    let kind = "--server_type=single";
    let server = actor(&[kind, "--kill_timeout=300ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("spin 60\n");
    server.wait_for_log("spins for 60s");
    let start = Instant::now();
    assert_eq!(server.stop_with(Signal::SIGINT).code(), Some(1));
    let took = start.elapsed();
    assert!((900..3_000).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn a_program_may_run_one_server_after_another() {
    for personality in super::PERSONALITIES {
        let server = program!("twice")
            .args(["--host=127.0.0.1", &format!("--server_type={personality}")])
            .start();
        for turn in 1..=2 {
            let address = server.addresses(turn)[turn - 1];
            let mut client = Client::connect(address);
            client.send("x\n");
            assert_eq!(client.rest(), format!("{turn} x\n").as_bytes(), "{personality}");
            server.signal(Signal::SIGTERM);
        }
        server.wait_for_log("no server any more");
        // What asks something of a server finds none, and ends nobody.
        server.signal(Signal::SIGHUP);
        server.signal(Signal::SIGUSR1);
        // By default again, as before the first one.
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.signal(), Some(Signal::SIGTERM), "{personality}");
    }
}

#[test]
fn a_request_in_progress_is_cut_after_graceful_timeout() {
    for personality in super::PERSONALITIES {
        let kind = format!("--server_type={personality}");
        let server = actor(&[&kind, "--graceful_timeout=1s", "--log_level=3"]).start();
        let _client = in_progress(&server);
        server.allow_log("still there after 1s: SIGINT");
        let start = Instant::now();
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!((900..1_500).contains(&took.as_millis()), "{personality}: {took:?}");
    }
}

#[test]
fn a_second_signal_forces() {
    with_each(|personality, server| {
        let _client = in_progress(&server);
        server.signal(Signal::SIGTERM);
        let address = server.address();
        server.wait_until("the stop has begun", || is_refused(address));
        let start = Instant::now();
        let finished = server.stop_with(Signal::SIGTERM);
        assert_eq!(finished.code(), Some(0), "{personality}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{personality}: {took:?}");
    });
}

#[test]
fn a_child_that_does_not_listen_is_killed() {
    let server = actor(&["--kill_timeout=300ms", "--log_level=3"]).start();
    let mut client = Client::connect(server.address());
    client.send("spin 60\n");
    server.wait_for_log("spins for 60s");
    server.expect_log("still there after 300ms: SIGKILL");
    server.expect_log("was killed by SIGKILL");
    let finished = server.stop_with(Signal::SIGINT);
    assert_eq!(finished.code(), Some(1), "a stop that needed KILL");
    assert!(!finished.stderr().contains("out of memory"), "{}", finished.stderr());
}

#[test]
fn a_child_told_twice_still_finishes_its_request() {
    // As a service manager does it: TERM to every process, and the parent does so again.
    let server = actor(&["--min_servers=1", "--max_servers=1"]).start();
    let mut client = in_progress(&server);
    let child = server.children()[0];
    server.signal_child(child, Signal::SIGTERM);
    server.signal_child(child, Signal::SIGTERM);
    let address = server.address();
    server.signal(Signal::SIGTERM);
    server.wait_until("the stop has begun", || is_refused(address));
    client.send("say finished\nquit\n");
    assert_eq!(client.rest(), b"finished\n");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_handler_stops_the_server_where_it_may() {
    for allowed in [&["--server_type=single"][..], &["--no_close_by_child=off"]] {
        let server = actor(allowed).start();
        let mut client = Client::connect(server.address());
        // To ask again changes nothing.
        client.send("close\nclose\nclose\nsay finished\nquit\n");
        assert_eq!(client.rest(), b"finished\n", "{allowed:?}");
        assert_eq!(server.wait().code(), Some(0), "{allowed:?}");
    }
    let server = actor(&[]).start();
    server.expect_log("a child cannot stop the server: no_close_by_child is on");
    let mut client = Client::connect(server.address());
    client.send("close\n");
    assert_eq!(client.rest(), b"");
    server.wait_for_log("no_close_by_child");
    let mut client = Client::connect(server.address());
    client.send("say still here\nquit\n");
    assert_eq!(client.rest(), b"still here\n");
    server.stop();
}

#[test]
fn a_child_that_prepares_itself_lets_no_client_wait_for_nobody() {
    let folder = scratch();
    let server = actor(&["--min_servers=1"]).env("LINGER", folder.join("go")).start();
    let address = server.address();
    server.wait_until("a child", || server.children().len() == 1);
    server.signal(Signal::SIGTERM);
    server.wait_until("new clients are refused", || is_refused(address));
    folder.write("go", "");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_signal_during_a_hook_of_the_parent_is_not_lost() {
    let folder = scratch();
    let go = folder.write("go", "");
    // Nothing but that signal ends the wait after the hook: enough children are idle.
    let server = actor(&["--min_servers=5", "--min_spare_servers=1", "--check_for_waiting=1h"])
        .env("HOLD", &go)
        .start();
    server.wait_until("five children", || server.children().len() == 5);
    // One that answers says that all others are counted, too.
    let mut client = Client::connect(server.address());
    client.send("quit\n");
    assert_eq!(client.rest(), b"");
    std::fs::remove_file(&go).unwrap();
    let before = server.log().len();
    server.allow_log("was killed by SIGKILL");
    server.signal_child(server.children()[0], Signal::SIGKILL);
    server.wait_for_log_after(before, "waits for a file");
    server.signal(Signal::SIGTERM);
    folder.write("go", "");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_read_in_another_thread_is_cut_too() {
    for personality in super::PERSONALITIES {
        let kind = format!("--server_type={personality}");
        let server = actor(&[&kind, "--log_level=3", "--kill_timeout=8s"]).start();
        let mut client = Client::connect(server.address());
        client.send("now begun\n");
        assert_eq!(client.line(), "begun");
        client.send("thread\n");
        let start = Instant::now();
        assert_eq!(server.stop_with(Signal::SIGINT).code(), Some(0), "{personality}");
        assert!(start.elapsed() < Duration::from_secs(4), "{personality}: {:?}", start.elapsed());
    }
}

#[test]
fn what_was_sent_before_a_cut_ends_in_a_reset() {
    for personality in super::PERSONALITIES {
        let kind = format!("--server_type={personality}");
        let server = actor(&[&kind, "--log_level=3"]).start();
        let mut client = in_progress(&server);
        assert_eq!(server.stop_with(Signal::SIGINT).code(), Some(0), "{personality}");
        let end = client.try_rest().map_err(|err| err.kind());
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "{personality}");
    }
}

#[test]
fn a_hook_that_hangs_does_not_keep_the_server_for_ever() {
    let server = actor(&[]).env("HANG", "yes").grace(Duration::from_secs(5)).start();
    server.address();
    server.signal(Signal::SIGINT);
    server.wait_for_log("hangs");
    // One of a kind that waits to be handled counts once: each is repeated until it has ended.
    server.wait_until("it has ended", || {
        server.has_ended() || {
            server.signal(Signal::SIGINT);
            false
        }
    });
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn a_second_server_in_one_process_at_a_time_is_an_error() {
    let failed = program!("twice").args(["--host=127.0.0.1"]).env("AT_ONCE", "yes").run();
    let failed = failed.expect_code(1);
    let log = failed.stderr();
    assert!(log.contains(" error: a server runs in this process already"), "{log}");
}

#[test]
fn a_worker_never_misses_a_stop() {
    // A child that has just closed a connection looks whether it is to stop, and then waits for the
    // next one. It is told right then: a mere flag would now and then be seen too late, and nobody
    // comes to wake it.
    for ports in [&["--port=0"][..], &["--port=0", "--port=0"]] {
        let server = actor(&["--min_servers=1", "--max_servers=1"]).args(ports).start();
        let address = server.address();
        for _ in 0..trials() {
            let mut client = Client::connect(address);
            client.send("pid\nquit\n");
            let child: i32 = client.line().parse().unwrap();
            assert_eq!(client.rest(), b"");
            server.signal_child(child, Signal::SIGTERM);
            server.wait_until("it has left", || !server.children().contains(&child));
        }
        server.stop();
    }
}

#[test]
fn a_child_that_is_told_to_leave_serves_the_client_it_was_woken_for() {
    if tool("strace").is_none() {
        return;
    }
    // The kernel wakes one child for a connection on one of several ports. strace holds that child
    // for a moment, in which it is told to leave: nobody else would be woken.
    let slow = ["-f", "-D", "-qq", "-o", "/dev/null", "-e", "trace=epoll_wait"];
    let slow = [&slow[..], &["-e", "inject=epoll_wait:delay_exit=300000"]].concat();
    let server = actor(&["--port=0", "--port=0", "--min_servers=1", "--max_servers=1"])
        .arg("--log_level=4")
        .under("strace", &slow)
        .start();
    server.wait_for_log("child starts");
    let child = server.children()[0];
    server.wait_until("the child waits", || is_in_epoll_wait(child));
    let mut client = Client::connect(server.address());
    client.send("pid\nquit\n");
    server.signal_child(child, Signal::SIGTERM);
    assert_eq!(client.line(), child.to_string());
    server.stop();
}

/// Whether the kernel has a process in the call by which it waits for several ports.
fn is_in_epoll_wait(pid: i32) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    let number = call.split(' ').next().and_then(|number| number.parse().ok());
    [nix::libc::SYS_epoll_wait, nix::libc::SYS_epoll_pwait].map(Some).contains(&number)
}

#[test]
fn a_worker_never_misses_that_it_is_to_cut() {
    // It is told while it accepts a client that sends nothing: between the accept and the first
    // read nothing is known that could be cut, and such a read ends in 30 seconds.
    let server = actor(&["--min_servers=1", "--max_servers=1"]).start();
    let address = server.address();
    for _ in 0..trials() {
        server.wait_until("a child", || server.children().len() == 1);
        let child = server.children()[0];
        let _client = Client::connect(address);
        server.signal_child(child, Signal::SIGINT);
        server.wait_until("it has left", || !server.children().contains(&child));
    }
    server.stop();
}

/// The kernel may choose any thread for a signal, and what is sent on still says who sent it.
#[test]
fn a_server_in_another_thread_stops_alike() {
    // In time, where its client is silent.
    let server = actor(&["--server_type=single", "--graceful_timeout=1s", "--kill_timeout=1s"])
        .env("APART", "yes")
        .start();
    let mut client = Client::connect(server.address());
    client.send("now x\n");
    assert_eq!(client.line(), "x");
    let start = Instant::now();
    server.signal(Signal::SIGTERM);
    server.wait();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // As often as its children ask for it.
    let server =
        actor(&["--server_type=prefork_simple", "--max_servers=3", "--no_close_by_child=no"])
            .env("APART", "yes")
            .start();
    server.expect_log("2 threads at a fork");
    let mut bystander = Client::connect(server.address());
    bystander.send("now x\n");
    assert_eq!(bystander.line(), "x");
    let mut clients = [Client::connect(server.address()), Client::connect(server.address())];
    for client in &mut clients {
        client.send("now x\n");
        assert_eq!(client.line(), "x");
    }
    for client in &mut clients {
        client.send("close\nsay closed\nquit\n");
        assert_eq!(client.rest(), b"closed\n");
    }
    bystander.send("say served\nquit\n");
    assert_eq!(bystander.rest(), b"served\n");
    server.wait().expect_code(0);
}

#[test]
fn a_stop_that_came_before_it_served_has_its_time_too() {
    for personality in ["single", "prefork_simple"] {
        let folder = scratch();
        let ready = folder.join("ready");
        let server = actor(&["--graceful_timeout=1s", "--kill_timeout=1s"])
            .arg(format!("--server_type={personality}"))
            .env("BEFORE", &ready)
            .start();
        server.wait_for_log("waits for a file");
        server.signal(Signal::SIGTERM);
        let start = Instant::now();
        folder.write("ready", "");
        server.wait().expect_code(0);
        assert!(start.elapsed() < Duration::from_secs(3), "{personality}: {:?}", start.elapsed());
    }
    // The client is there already, and silent.
    let (client, server) = UnixStream::pair().unwrap();
    let folder = scratch();
    let ready = folder.join("ready");
    let mut inetd = Command::new(env!("CARGO_BIN_EXE_actor"))
        .args(["--server_type=inet", "--graceful_timeout=1s", "--kill_timeout=1s"])
        .env("BEFORE", &ready)
        .stdin(OwnedFd::from(server))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(inetd.stderr.take().unwrap());
    said.lines().find(|line| line.as_ref().unwrap().contains("waits for a file")).unwrap().unwrap();
    tell(&inetd, Signal::SIGTERM);
    let start = Instant::now();
    folder.write("ready", "");
    inetd.wait().unwrap();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    drop(client);
}

#[test]
fn a_signal_that_comes_while_it_is_configured_is_remembered() {
    let folder = scratch();
    let ready = folder.join("ready");
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut server = Command::new(env!("CARGO_BIN_EXE_actor"))
            .arg("--host=127.0.0.1")
            .env("CONFIGURING", &ready)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap()).lines();
        said.find(|line| line.as_ref().unwrap().contains("waits for a file")).unwrap().unwrap();
        tell(&server, signal);
        folder.write("ready", "");
        if signal == Signal::SIGHUP {
            // Which ends nobody.
            said.find(|line| line.as_ref().unwrap().contains("Binding to")).unwrap().unwrap();
            tell(&server, Signal::SIGTERM);
        }
        assert_eq!(server.wait().unwrap().code(), Some(0), "{signal}");
        std::fs::remove_file(&ready).unwrap();
    }
}

fn tell(process: &std::process::Child, signal: Signal) {
    let pid = nix::unistd::Pid::from_raw(process.id().cast_signed());
    nix::sys::signal::kill(pid, signal).unwrap();
}
