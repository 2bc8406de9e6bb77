//! What a child may do to its parent and to other children once a client has got the better of it:
//! nothing that ends with it, or before (T21).

use std::fs;
use std::time::{Duration, Instant};

use netserver::testing::{Server, Signal};

use super::children::family;
use super::parents::waits;
use super::talk::client;
use super::turns::settle;
use super::{callers, extent, pause};

/// How many children there are.
const SIZE: usize = 4;

/// What the log says of the hostile one.
const KILLED: &str = "was killed by SIGKILL";

/// How long each of the things lasts that a hostile child does: 3 s with `HOSTILE=3`.
fn hostile_for() -> f64 {
    extent("HOSTILE", 0.3)
}

/// How long a process has used the processor, in all its threads.
fn processor_time(pid: i32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // The kernel counts in hundredths of a second here, whatever its clock is.
    let ticks: u64 =
        [fields[11], fields[12]].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Sees that the parent uses less than half a core meanwhile, and on a machine that has no core left for
/// it is not woken more often than it would be.
fn see_little_used(server: &Server, what: &str, meanwhile: impl FnOnce()) {
    let (start, before) = (Instant::now(), processor_time(server.pid()));
    let waited = waits(server.pid());
    meanwhile();
    let used = processor_time(server.pid()).saturating_sub(before);
    let seconds = start.elapsed().as_secs_f64();
    let share = used.as_secs_f64() / seconds;
    assert!(share < 0.5, "{what}: {share:.2} of a core");
    let waited = waits(server.pid()) - waited;
    let most = Duration::from_secs_f64(seconds).as_millis() * 2;
    assert!(u128::from(waited) < most, "{what}: {waited} waits in {seconds:.2} s");
}

/// What a child does with its line to its parent, and with what wakes it. Nobody listens to a child any
/// more that has sent what looks like its end.
const DEEDS: [&str; 10] = [
    "garbage",
    "large",
    "bulk",
    "flood",
    "drip",
    "chat",
    "hand_over",
    "wake",
    "keep_asleep",
    "empty",
];

#[test]
fn hostile_children_harm_nobody() {
    for personality in ["prefork_simple", "fork"] {
        let server = family(personality, &["--child_communication"])
            .arg(format!("--max_servers={SIZE}"))
            .env("QUIET", "yes")
            .env("ANSWER", "yes")
            .start();
        see_others_served(&server, Duration::from_millis(100));
        let descriptors = server.descriptors(server.pid());
        for does in DEEDS {
            let pid = see_harmless(&server, does);
            server.expect_no_leak(server.pid(), &descriptors);
            if personality == "prefork_simple" {
                let children = server.children();
                assert!(children.len() == SIZE && children.contains(&pid), "{does}: {children:?}");
            }
        }
        server.stop();
    }
}

/// Has one child do that, so that the other core would be all the parent's. Tells which.
fn see_harmless(server: &Server, does: &str) -> i32 {
    let time = Duration::from_secs_f64(hostile_for());
    let (mut hostile, pid) = client(server);
    hostile.send(format!("{does} {}\nquit\n", time.as_secs_f64()));
    see_little_used(server, does, || {
        let start = Instant::now();
        see_others_served(server, time);
        pause(time.saturating_sub(start.elapsed()));
    });
    let said = String::from_utf8(hostile.rest()).unwrap();
    if does == "flood" {
        let messages: u64 = said.trim().parse().unwrap();
        assert!(messages > 200, "{messages}");
    }
    pid
}

/// Fifty clients in a second, none of which notices anything.
fn see_others_served(server: &Server, time: Duration) {
    let count = time.as_millis() / 20;
    callers(server.address())
        .connections(usize::try_from(count).unwrap())
        .clients(2)
        .per_second(50)
        .run()
        .expect_all_right();
}

/// Sees that a pool is what it was: so many children that serve, and nobody who is busy for nothing.
fn see_recovered(server: &Server, what: &str) {
    let start = Instant::now();
    see_others_served(server, Duration::from_millis(400));
    server.wait_until(format!("{what}: as many as before"), || server.children().len() == SIZE);
    assert!(start.elapsed() <= Duration::from_secs(5), "{what}: {:?}", start.elapsed());
    let all: Vec<i32> = server.children().into_iter().chain([server.pid()]).collect();
    let used = || all.iter().map(|pid| processor_time(*pid)).sum::<Duration>();
    let before = used();
    pause(Duration::from_millis(200));
    let spent = used().saturating_sub(before);
    assert!(spent <= Duration::from_millis(20), "{what}: {spent:?} in 200 ms");
}

/// Has a child do that to what it shares with its parent and others. Meanwhile the parent does what it is
/// told; and once that child is gone all is as it was.
fn see_mended(does: &str, serialize: &str, ports: usize) {
    let what = format!("{does}, {serialize}, {ports} ports");
    let time = Duration::from_secs_f64(hostile_for());
    let server = family(
        "prefork_simple",
        &["--child_communication", "--max_per_ip=100", "--check_for_dead=10ms"],
    )
    .arg(format!("--max_servers={SIZE}"))
    .arg(format!("--serialize={serialize}"))
    .args(vec!["--port=0"; ports])
    .start();
    server.expect_log(KILLED);
    // Of those that are idle some are told to leave.
    settle(&server, serialize != "none", SIZE);
    let (mut hostile, pid) = client(&server);
    let (first, then) = if does == "turn_flags" { (does, "wake") } else { ("say", does) };
    hostile.send(format!("{first}\nsay begin\n{then} 60\n"));
    let begun = std::iter::repeat_with(|| hostile.line()).find(|line| !line.is_empty());
    assert_eq!(begun.as_deref(), Some("begin"));
    if does == "scribble" {
        // How many there are is not to be known while somebody writes what he likes where it is read.
        see_little_used(&server, &what, || see_others_served(&server, time));
    } else {
        for (signal, size) in [(Signal::SIGTTOU, SIZE - 1), (Signal::SIGTTIN, SIZE)] {
            let start = Instant::now();
            server.signal(signal);
            server.wait_until(format!("{what}: {size}"), || server.children().len() == size);
            assert!(start.elapsed() <= Duration::from_secs(2), "{what}: {:?}", start.elapsed());
        }
    }
    server.signal_child(pid, Signal::SIGKILL);
    server.wait_until(format!("{what}: it is gone"), || !server.children().contains(&pid));
    see_recovered(&server, &what);
    // It writes whatever it likes where the count is kept.
    server.allow_log(" lost: ");
    let log = server.stop().log;
    let count = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!((count("panicked"), count("killed by")), (0, 1), "{what}");
}

#[test]
fn what_children_share_is_as_it_was_once_a_hostile_one_is_gone() {
    for (does, serialize, ports) in [
        ("turn_flags", "none", 1),
        ("turn_flags", "none", 2),
        ("turn_flags", "semaphore", 1),
        ("turn_flags", "pipe", 2),
        ("keep_asleep", "none", 1),
        ("keep_asleep", "semaphore", 2),
        ("keep_asleep", "pipe", 1),
        ("scribble", "none", 1),
        ("scribble", "flock", 2),
    ] {
        see_mended(does, serialize, ports);
    }
}
