//! Children that die at once: never a storm, never the end, and well again soon after what was wrong
//! is (T13).

use std::path::Path;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Server, is_notice_of_root, scratch};

use super::parents::pool_of;
use super::standstill::Standstill;
use super::{all_at_once, extent, pause, program, tell};

/// The children of a pool that cannot start.
const SIZE: usize = 5;
/// How they fail to, in their `child_init_hook`.
const INIT: [&str; 4] = ["fail", "panic", "exit", "abort"];

/// How many lines of a log have that text.
fn lines(log: &[String], text: &str) -> usize {
    log.iter().filter(|line| line.contains(text)).count()
}

/// What a log has at level 2, whose lines come from 0 to 2, but for who it is that serves.
fn lines_at_level_2(log: &[String]) -> usize {
    let all: usize =
        ["] error: ", "] warning: ", "] notice: "].map(|level| lines(log, level)).iter().sum();
    all - log.iter().filter(|line| is_notice_of_root(line)).count()
}

/// How many children one place has had after so long, where each dies at once: the first one, and
/// others after waits that double up to the longest.
fn children_of_a_place(time: Duration, longest: Duration) -> usize {
    let (mut children, mut wait, mut begin) = (1, Duration::from_secs(1), Duration::ZERO);
    while begin + wait <= time {
        begin += wait;
        children += 1;
        wait = (wait * 2).min(longest);
    }
    children
}

/// How long a place waits now, as the log says.
fn current_wait(server: &Server) -> Duration {
    let log = server.log();
    let told = log.iter().rev().find_map(|line| line.split_once(": the next one in "));
    let seconds = told.unwrap().1.strip_suffix('s').unwrap().parse().unwrap();
    Duration::from_secs(seconds)
}

/// A pool whose children fail to start in that way, until the file is there.
fn crashing(size: &[String], init: &str, longest: Duration, healed: &Path) -> Server {
    let server = program!("reckless")
        .args(["--host=127.0.0.1", "--log_level=4"])
        .args(size)
        .arg(format!("--spawn_backoff_max={}s", longest.as_secs()))
        .env("INIT", init)
        .env("HEALED", healed)
        .start();
    server.expect_log("before its first connection: the next one in");
    server.allow_log("child_init_hook");
    // Those that had failed when the parent was told to stop, and were not waited for yet.
    server.allow_log("left with code 1");
    server.allow_log("was killed by SIGABRT");
    server
}

/// Watches it crash from its start on for so long, and sees that it is no storm.
fn crash(
    server: &Server,
    what: &str,
    places: usize,
    (start, time): (Instant, Duration),
    longest: Duration,
) {
    let forks = || lines(&server.log(), "hook pre_fork_hook");
    while start.elapsed() < time {
        // What may be by the time that they are counted, and never more.
        let (forks, most) = (forks(), places * children_of_a_place(start.elapsed(), longest));
        assert!(forks <= most, "{what}: {forks} of {most} after {:?}", start.elapsed());
        pause(Duration::from_millis(50));
    }
    // One look: more may happen while it is counted.
    let log = server.log();
    let (forks, seconds) = (lines(&log, "hook pre_fork_hook"), start.elapsed().as_secs_f64());
    assert!((2 * places..=60).contains(&forks), "{what}: {forks} in {seconds} s");
    let busy = server.processor_time().as_secs_f64() / seconds;
    assert!(busy < 0.1, "{what}: {busy} of a processor");
    // What each hook says, what is said of each step, and of the start.
    let (told, steps) = (lines_at_level_2(&log), lines(&log, ": the next one in "));
    assert!(steps <= children_of_a_place(start.elapsed(), longest), "{what}: {steps} steps");
    assert!(told <= forks + steps + 3, "{what}: {told} lines for {forks} children");
    if time >= Duration::from_secs(20) {
        assert!(told <= 40, "{what}: {told} lines in {seconds} s");
    }
    let busy = busy * 100.0;
    tell(format_args!(
        "{what}: {forks} forks, {steps} steps, {told} lines, {busy:.1} % of a processor in \
         {seconds:.0} s"
    ));
}

/// It is well again: a client has its reply within the wait of the moment.
fn heal(server: &Server, what: &str, wait: Duration) {
    let (standstill, healed) = (Standstill::watch(), Instant::now());
    let mut client = Client::connect(server.address());
    client.set_patience(3 * wait);
    client.send("say well again\nquit\n");
    assert_eq!(client.rest(), b"well again\n", "{what}");
    let time = healed.elapsed();
    tell(format_args!("{what}: served after {time:.1?} of {wait:?}"));
    let longest = wait + standstill.so_far();
    assert!(time <= longest, "{what}: served after {time:.1?} of {longest:?}");
}

/// Children die for that long; then what was wrong is not any more.
fn crash_and_heal(personality: &str, init: &str, time: Duration, longest: Duration) {
    let size = pool_of(personality, SIZE);
    // All threads are of one child.
    let places = if personality == "thread" { 1 } else { SIZE };
    let folder = scratch();
    let what = format!("{size:?}, {init}");
    let start = Instant::now();
    let server = crashing(&size, init, longest, &folder.join("healed"));
    crash(&server, &what, places, (start, time), longest);
    let wait = current_wait(&server);
    assert!(wait <= longest, "{what}: {wait:?}");
    folder.write("healed", "");
    heal(&server, &what, wait);
    server.stop();
}

/// 20 s with `CRASHES=20`.
#[test]
fn children_that_die_at_once_are_no_storm_and_heal() {
    let seconds = u64::try_from(extent("CRASHES", 4)).unwrap();
    let longest = Duration::from_secs(if seconds < 20 { 2 } else { 8 });
    let kinds = ["prefork", "prefork_simple", "thread"];
    let all = kinds.into_iter().flat_map(|kind| INIT.map(|init| (kind, init)));
    all_at_once(all.map(|(personality, init)| {
        move || crash_and_heal(personality, init, Duration::from_secs(seconds), longest)
    }));
}
