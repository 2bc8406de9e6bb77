//! HUP, and HUP again before anything came of it (T04): one restart at a time, the last conf file in the
//! end, nobody lost, and a stop that is not kept waiting.

use std::time::{Duration, Instant};

use netserver::testing::{Server, Signal};

use super::site::{Site, expect_motto, restart, wait_for_generation, while_called};
use super::{PERSONALITIES, pause, tell, with_all};

/// How long a storm lasts.
const STORM: Duration = Duration::from_secs(2);
/// How soon the last conf file counts once it is over, and how soon a server stops.
const SOON: Duration = Duration::from_secs(3);
const STOPS: Duration = Duration::from_secs(5);

const TRIAL: &str = "HUP: trial run of ";
const BEGINS: &str = "HUP: restarting as generation ";
const SERVES: &str = " serves";

/// So many HUPs in the time of a storm; `halfway` comes in the midst of it.
fn storm(server: &Server, count: u32, halfway: impl FnOnce()) {
    let (start, mut halfway) = (Instant::now(), Some(halfway));
    for at in 0..count {
        if at * 2 >= count
            && let Some(halfway) = halfway.take()
        {
            halfway();
        }
        server.signal(Signal::SIGHUP);
        pause((STORM / count * at).saturating_sub(start.elapsed()));
    }
}

/// The number of the generation of which a line tells what is in between.
fn generation(line: &str, before: &str, behind: &str) -> Option<u32> {
    line.split_once(before)?.1.split_once(behind)?.0.parse().ok()
}

/// Sees that there was one restart at a time, and hands on how many there were.
#[track_caller]
fn one_at_a_time(log: &[String], what: &str) -> u32 {
    /// What a restart is about to do.
    #[derive(Debug, PartialEq)]
    enum Next {
        Try,
        Begin,
        Serve,
    }
    let (mut next, mut now) = (Next::Try, 1);
    for line in log {
        let begins = line.split_once(BEGINS).and_then(|(_, number)| number.parse::<u32>().ok());
        let serves = generation(line, "generation ", SERVES);
        if line.contains(TRIAL) {
            assert_eq!(next, Next::Try, "{what}: {log:#?}");
            next = Next::Begin;
        } else if let Some(number) = begins {
            assert_eq!((next, number), (Next::Begin, now + 1), "{what}: {log:#?}");
            next = Next::Serve;
        } else if let Some(number) = serves.filter(|number| *number > 1) {
            assert_eq!((next, number), (Next::Serve, now + 1), "{what}: {log:#?}");
            (next, now) = (Next::Try, number);
        }
    }
    now - 1
}

/// Children that come and go for nothing but the storm take the time of two processors.
fn sizes(personality: &str) -> &'static [&'static str] {
    match personality {
        "prefork" => &["--min_servers=3", "--max_servers=3"],
        "prefork_simple" => &["--max_servers=3"],
        _ => &[],
    }
}

fn weathers(personality: &str, count: u32) {
    let site = Site::new("motto = first\n");
    let server = site.program(personality).args(sizes(personality)).start();
    let address = server.address();
    let took = while_called(address, || {
        storm(&server, count, || site.configure("motto = last\n"));
        let start = Instant::now();
        expect_motto(&server, address, "last", personality);
        start.elapsed()
    });
    tell(format_args!("{personality}: the last conf file counted {took:.1?} after {count} HUPs"));
    assert!(took < SOON, "{personality}: {took:?}");
    // Whatever of it was left over.
    server.wait_until("there is no restart any more", || {
        let log = server.log();
        let last = log.iter().rposition(|line| line.contains(TRIAL));
        log.iter().rposition(|line| generation(line, "generation ", SERVES).is_some()) > last
    });
    // One more is like the first one.
    site.configure("motto = after\n");
    server.signal(Signal::SIGHUP);
    expect_motto(&server, address, "after", personality);
    let log = server.stop().log;
    let restarts = one_at_a_time(&log, personality);
    tell(format_args!("{personality}: {restarts} restarts for {count} HUPs"));
    assert!(restarts > 1, "{personality}: {log:#?}");
}

#[test]
fn a_thousand_hups_in_two_seconds() {
    for personality in PERSONALITIES {
        weathers(personality, 1_000);
    }
}

#[test]
fn a_hup_every_millisecond() {
    for personality in PERSONALITIES {
        weathers(personality, 2_000);
    }
}

/// When the stop comes: with that line.
const MOMENTS: [&str; 3] = [TRIAL, BEGINS, "restarted as generation "];

#[test]
fn a_stop_in_the_midst_of_a_restart() {
    with_all(&PERSONALITIES, |personality| {
        for moment in MOMENTS {
            let what = format!("{personality}, {moment}");
            let site = Site::new("motto = first\n");
            let server = site.program(personality).args(sizes(personality)).start();
            let address = server.address();
            restart(&server, 2);
            expect_motto(&server, address, "first", personality);
            let before = server.log().len();
            for _ in 0..10 {
                server.signal(Signal::SIGHUP);
            }
            server.wait_for_log_after(before, moment);
            let start = Instant::now();
            let ended = server.stop();
            assert!(start.elapsed() < STOPS, "{what}: {:?}", start.elapsed());
            let last = ended.log.iter().rposition(|line| line.contains("server closing"));
            assert!(last.is_some(), "{what}: {:#?}", ended.log);
        }
    });
}

/// Its signals are taken from the start, and what they ask for is done once it can be.
#[test]
fn a_hup_before_anybody_is_served_is_not_lost() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let hold = site.path("go");
        let server = site.program(personality).args(sizes(personality)).env("HOLD", &hold).start();
        server.wait_for_log("waits for a file");
        server.signal(Signal::SIGHUP);
        site.configure("motto = second\n");
        std::fs::write(&hold, "").unwrap();
        wait_for_generation(&server, 2);
        expect_motto(&server, server.address(), "second", personality);
        server.stop();
    });
}

/// Whatever the image that comes has read already.
#[test]
fn a_hup_in_the_midst_of_a_restart_leads_to_another() {
    with_all(&PERSONALITIES, |personality| {
        for moment in MOMENTS {
            let site = Site::new("motto = first\n");
            let server = site.program(personality).args(sizes(personality)).start();
            let address = server.address();
            expect_motto(&server, address, "first", personality);
            while_called(address, || {
                site.configure("motto = second\n");
                server.signal(Signal::SIGHUP);
                server.wait_for_log(moment);
                site.configure("motto = third\n");
                server.signal(Signal::SIGHUP);
                wait_for_generation(&server, 3);
                expect_motto(&server, address, "third", personality);
            });
            one_at_a_time(&server.stop().log, personality);
        }
    });
}

/// HUPs go on while it stops, and do not make a restart of it.
#[test]
fn a_stop_that_hups_come_after_is_a_stop() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("motto = first\n");
        let server = site.program(personality).args(sizes(personality)).start();
        expect_motto(&server, server.address(), "first", personality);
        server.signal(Signal::SIGHUP);
        server.signal(Signal::SIGTERM);
        let start = Instant::now();
        while !server.has_ended() && start.elapsed() < STOPS {
            server.signal(Signal::SIGHUP);
            pause(Duration::from_millis(1));
        }
        assert!(server.has_ended(), "{personality} does not stop");
        server.wait().expect_code(0);
    });
}
