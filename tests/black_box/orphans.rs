//! Servers whose parent is killed, at any moment: who waits leaves at once, who serves leaves after its
//! request, and the port is free (T15).

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, Signal, scratch, tool, wait_until};

use super::parents::pool_of;
use super::privileges::setpriv;
use super::starved::ticks;
use super::{PARENTS, actor, extent, with_all};

const SIZE: usize = 3;
/// How long idle children may stay, and how long the port may be taken.
const GONE: Duration = Duration::from_secs(2);
const FREE: Duration = Duration::from_secs(3);

/// How often each is tried: 50 times with `ORPHANS=50`.
fn tries() -> u32 {
    extent("ORPHANS", 3)
}

fn start(personality: &str) -> Server {
    start_with(personality, &[])
}

fn start_with(personality: &str, arguments: &[&str]) -> Server {
    actor(arguments).args(pool_of(personality, SIZE)).grace(GONE).start()
}

/// Ends the parent. A fault that is none the runtime of Rust takes for one the first time, and gives its
/// handler of it back.
fn end_parent(server: &Server, signal: Signal) -> Instant {
    server.wait_until("the parent has ended", || {
        server.signal(signal);
        server.has_ended()
    });
    Instant::now()
}

/// Whoever is left to another parent may be a zombie for as long as that one likes.
fn is_gone(process: i32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

fn see_port_free(address: SocketAddr, since: Instant) {
    wait_until("the port is free", || TcpListener::bind(address).is_ok());
    assert!(since.elapsed() <= FREE, "{:?}", since.elapsed());
}

#[test]
fn idle_children_leave_at_once_and_busy_ones_after_their_request() {
    leave_after_their_request(&[]);
}

/// The kernel forgets whom to tell of a parent's end when the user changes.
#[test]
fn so_do_those_of_a_server_that_has_become_another_user() {
    if setpriv().is_some() {
        leave_after_their_request(&["--user=www-data"]);
    }
}

fn leave_after_their_request(arguments: &[&str]) {
    for personality in PARENTS {
        for at in 0..2 * tries() {
            let server = start_with(personality, arguments);
            let address = server.address();
            let signal = [Signal::SIGKILL, Signal::SIGSEGV][at as usize % 2];
            let mut busy = Client::connect(address);
            busy.send("pid\nnow x\n");
            let serving: i32 = busy.line().parse().unwrap();
            assert_eq!(busy.line(), "x");
            let size = if personality.starts_with("prefork") { SIZE } else { 1 };
            server.wait_until("all children", || server.alive().len() == size);
            let mut idle = server.children();
            idle.retain(|child| *child != serving);
            let ended = end_parent(&server, signal);
            server.wait_until("nobody is idle", || idle.iter().all(|child| is_gone(*child)));
            assert!(ended.elapsed() <= GONE, "{personality} {signal}: {:?}", ended.elapsed());
            see_port_free(address, ended);
            busy.send("say finished\nquit\n");
            assert_eq!(busy.rest(), b"finished\n", "{personality} {signal}");
            server.wait();
        }
    }
}

#[test]
fn children_that_were_forked_just_now_leave_too() {
    for personality in PARENTS {
        for at in 0..4 * tries() {
            let server = start(personality);
            let address = server.address();
            // Of `fork` the client's child; of a pool the first one, or a later one.
            let client = Client::try_connect(address).map(|mut client| {
                client.send("say x\nquit\n");
                client
            });
            let size = if personality == "thread" { 1 } else { SIZE };
            let first = (at as usize / 4) % size;
            server.wait_until("a child, or its end", || {
                server.children().len() > first || personality == "fork"
            });
            let ended = end_parent(&server, Signal::SIGKILL);
            if let Ok(mut client) = client {
                // It may have been accepted or not.
                let reply = client.try_rest().unwrap_or_default();
                assert!(reply == b"x\n" || reply.is_empty(), "{personality}: {reply:?}");
            }
            see_port_free(address, ended);
            server.wait();
        }
    }
}

#[test]
fn whoever_could_not_ask_to_be_told_of_it_leaves_too() {
    let Some(strace) = tool("strace") else { return };
    // Each child stands still just before it asks the kernel to tell it of its parent's end.
    let late = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=prctl"];
    let late = [&late[..], &["-e", "inject=prctl:delay_enter=300000"]].concat();
    for personality in PARENTS {
        let server = actor(&["--graceful_timeout=1s", "--kill_timeout=1s"])
            .args(pool_of(personality, SIZE))
            .under(&strace, &late)
            .grace(2 * GONE)
            .start();
        let mut client = Client::connect(server.address());
        client.send("now x\nspin 60\n");
        server.wait_until("a child", || !server.children().is_empty());
        end_parent(&server, Signal::SIGKILL);
        // Of `fork` it has its client already, who is cut in time.
        let served = client.try_line().ok().flatten().is_some();
        assert_eq!(served, personality == "fork", "{personality}");
        server.wait();
    }
}

#[test]
fn children_that_are_not_ready_never_serve_an_orphan() {
    for personality in PARENTS {
        for _ in 0..tries() {
            let folder = scratch();
            let ready = folder.join("ready");
            let server = actor(&[])
                .args(pool_of(personality, SIZE))
                .env("LINGER", &ready)
                .grace(GONE)
                .start();
            let mut client = Client::connect(server.address());
            client.send("say x\nquit\n");
            server.wait_for_log("waits for a file");
            end_parent(&server, Signal::SIGKILL);
            folder.write("ready", "");
            let reply = client.try_rest().unwrap_or_default();
            // Of `fork` it has its client already, whom it serves.
            let expected: &[u8] = if personality == "fork" { b"x\n" } else { b"" };
            assert_eq!(reply, expected, "{personality}");
            server.wait();
        }
    }
}

#[test]
fn a_child_that_the_kernel_does_not_tell_any_more_sees_it_all_the_same() {
    // With one port it looks where nobody came for as long as a read may take; with more there is no such
    // time.
    let one: &[&str] = &["--read_timeout=1s"];
    let two: &[&str] = &["--port=127.0.0.1:0", "--port=127.0.0.1:0", "--read_timeout=0"];
    for arguments in [one, two] {
        let server = actor(arguments).args(pool_of("prefork", 1)).grace(GONE).start();
        let mut client = Client::connect(server.address());
        client.send("unfollow\nsay x\nquit\n");
        assert_eq!(client.rest(), b"x\n");
        let child = server.children()[0];
        let ended = end_parent(&server, Signal::SIGKILL);
        server.wait_until("it has left", || is_gone(child));
        assert!(ended.elapsed() <= 2 * GONE, "{arguments:?}: {:?}", ended.elapsed());
        server.wait();
    }
}

/// It never reads again, nor sends before its end.
#[test]
fn a_request_that_only_computes_has_the_time_of_a_stop_and_no_more() {
    with_all(&PARENTS, |personality| {
        let server = actor(&["--graceful_timeout=1s", "--kill_timeout=1s"])
            .args(pool_of(personality, 1))
            .grace(3 * GONE)
            .start();
        let mut client = Client::connect(server.address());
        client.send("spin 60\n");
        server.wait_until("a child", || !server.children().is_empty());
        let child = server.children()[0];
        server.wait_until("it computes", || ticks(child) >= 5);
        let ended = end_parent(&server, Signal::SIGKILL);
        server.wait_until("it is gone", || is_gone(child));
        assert!(ended.elapsed() <= 2 * GONE, "{personality}: {:?}", ended.elapsed());
        server.wait();
    });
}
