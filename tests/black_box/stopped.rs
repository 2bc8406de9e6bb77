//! Processes that stand still for a while, and a time of day that jumps: whoever is well is left alone,
//! and whoever is not is ended in time all the same (T18).

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Scratch, Server, Signal, scratch, tool};

use super::parents::pool_of;
use super::{FORKING, PARENTS, actor, callers, extent, pause, with_all};

const SIZE: usize = 3;
/// How long a request may take, and when one that took longer has to be over.
const REQUEST: Duration = Duration::from_secs(1);
const OVER: Duration = Duration::from_secs(2);

/// How long the parent stands still: 10 s with `STOPPED=10`.
fn stopped() -> Duration {
    Duration::from_secs(extent("STOPPED", 2))
}

fn program(personality: &str) -> Program {
    actor(&["--request_timeout=1s", "--log_level=3"]).args(pool_of(personality, SIZE))
}

/// Starts it; a pool is there as a whole.
fn start(program: Program, personality: &str) -> Server {
    let server = program.start();
    let size = match personality {
        "fork" => 0,
        "thread" => 1,
        _ => SIZE,
    };
    server.wait_until("all children", || server.alive().len() == size);
    server
}

/// A client in the middle of its request.
fn busy(server: &Server) -> (Client, i32) {
    let mut client = Client::connect(server.address());
    client.send("pid\nnow x\n");
    let child = client.line().parse().unwrap();
    assert_eq!(client.line(), "x");
    (client, child)
}

#[test]
fn a_parent_that_was_stopped_under_load_kills_nobody() {
    let time = stopped();
    with_all(&PARENTS, |personality| {
        let server = start(program(personality), personality);
        let (before, address) = (server.children(), server.address());
        thread::scope(|scope| {
            let load = scope.spawn(|| {
                callers(address)
                    .connections(100 * usize::try_from(time.as_secs() + 1).unwrap())
                    .clients(100)
                    .per_second(100)
                    // Of `fork` they wait for their parent.
                    .patience(time + Duration::from_secs(5))
                    .run()
            });
            server.signal(Signal::SIGSTOP);
            pause(time);
            server.signal(Signal::SIGCONT);
            load.join().unwrap().expect_all_right();
        });
        // As long as it takes to look three times for those that take too long.
        pause(Duration::from_millis(800));
        if personality != "fork" {
            assert_eq!(server.children(), before, "{personality}");
        }
        server.stop();
    });
}

#[test]
fn a_server_that_was_suspended_as_a_whole_kills_nobody() {
    with_all(&PARENTS, |personality| {
        let server = start(program(personality), personality);
        let (mut client, _) = busy(&server);
        let children = server.children();
        server.signal(Signal::SIGSTOP);
        for child in &children {
            server.signal_child(*child, Signal::SIGSTOP);
        }
        pause(OVER);
        // The parent is the first that wakes, and its child late with its request.
        server.signal(Signal::SIGCONT);
        pause(Duration::from_millis(100));
        for child in &children {
            server.signal_child(*child, Signal::SIGCONT);
        }
        // The child ends the request itself, and lives.
        assert_eq!(client.try_rest().unwrap_or_default(), b"", "{personality}");
        if personality != "fork" {
            pause(Duration::from_millis(800));
            assert_eq!(server.children(), children, "{personality}");
        }
        server.stop();
    });
}

#[test]
fn a_child_that_was_stopped_is_killed_once_its_request_is_late() {
    with_all(&FORKING, |personality| {
        let server = start(program(personality), personality);
        server.expect_log("has not ended a request in its time: SIGKILL");
        server.allow_log("was killed by SIGKILL");
        let before = Instant::now();
        let (mut client, child) = busy(&server);
        let after = Instant::now();
        server.signal_child(child, Signal::SIGSTOP);
        let others: Vec<i32> = server.alive().into_iter().filter(|one| *one != child).collect();
        assert_eq!(client.try_rest().unwrap_or_default(), b"");
        let (most, least) = (before.elapsed(), after.elapsed());
        assert!(REQUEST <= most && least <= OVER, "{personality}: {least:?} to {most:?}");
        server.wait_for_log(&format!("child {child} was killed by SIGKILL"));
        assert!(others.iter().all(|one| server.alive().contains(one)), "{personality}");
        server.stop();
    });
}

/// Every clock of the time of day, ahead by what is in a file.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile long long *ahead;
__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("CLOCK"), O_RDONLY);
    ahead = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    close(file);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += *ahead;
    return result;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
"#;

/// A time of day that a test sets.
struct Clock {
    folder: Scratch,
    ahead: File,
}

impl Clock {
    fn new(compiler: &Path) -> Self {
        let folder = scratch();
        let source = folder.write("clock.c", SHIM);
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-fPIC", "-o"]).args([&folder.join("clock.so"), &source]);
        assert!(compile.status().unwrap().success());
        let ahead = folder.write("ahead", 0_i64.to_ne_bytes());
        let ahead = OpenOptions::new().write(true).open(ahead).unwrap();
        Self { folder, ahead }
    }

    fn of(&self, program: Program) -> Program {
        let program = program.env("LD_PRELOAD", self.folder.join("clock.so"));
        program.env("CLOCK", self.folder.join("ahead"))
    }

    /// So many seconds ahead of what it is, or behind.
    fn jump(&self, seconds: i64) {
        self.ahead.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }
}

/// The hour in the next line that a child logs.
fn hour_of_next_line(server: &Server, client: &mut Client) -> String {
    let lines = server.log().len();
    client.send("spin 0\n");
    let line = server.wait_for_log_after(lines, "spins for 0ns");
    line.split(['-', ':']).nth(1).unwrap().to_owned()
}

#[test]
fn a_time_of_day_that_jumps_ends_nothing_and_keeps_nothing() {
    let Some(compiler) = tool("cc") else { return };
    with_all(&FORKING, |personality| {
        let clock = Clock::new(&compiler);
        let server = start(clock.of(program(personality)), personality);
        let before = server.children();
        let mut hours = Vec::new();
        for ahead in [0, 3_600, -3_600, 0] {
            // In the middle of a request, and of all waits of the parent.
            let (mut client, child) = busy(&server);
            clock.jump(ahead);
            hours.push(hour_of_next_line(&server, &mut client));
            pause(REQUEST / 2);
            client.send("say still there\nquit\n");
            assert_eq!(client.rest(), b"still there\n", "{personality} {ahead} {child}");
        }
        assert!(hours[1] != hours[0] && hours[2] != hours[1], "the clock jumps: {hours:?}");
        if personality != "fork" {
            assert_eq!(server.children(), before, "{personality}");
        }
        // One that is stuck gains nothing by it.
        server.expect_log("has not ended a request in its time: SIGKILL");
        server.allow_log("was killed by SIGKILL");
        let (mut client, child) = busy(&server);
        let begin = Instant::now();
        clock.jump(-3_600);
        server.signal_child(child, Signal::SIGSTOP);
        assert_eq!(client.try_rest().unwrap_or_default(), b"");
        assert!(begin.elapsed() <= OVER, "{personality}: {:?}", begin.elapsed());
        server.stop();
    });
}
