//! Signals of every kind that means nothing, or little, to parents and children while clients come
//! (T10).

use std::time::{Duration, Instant};

use netserver::testing::{LoadReport, Server, Signal, load};

use super::chance::Chance;
use super::parents::pool_of;
use super::room::{expect_room_for, expect_threads_for};
use super::{PERSONALITIES, extent, pause, reckless, tell};

/// Those that nobody has to notice.
const HARMLESS: [Signal; 8] = [
    Signal::SIGCHLD,
    Signal::SIGUSR1,
    Signal::SIGWINCH,
    Signal::SIGALRM,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGPIPE,
    Signal::SIGCONT,
];

/// One in twenty is HUP.
fn any(chance: &mut Chance) -> Signal {
    let harmless = HARMLESS[chance.below(HARMLESS.len())];
    if chance.below(20) == 0 { Signal::SIGHUP } else { harmless }
}

/// A thousand a second, every second one to a child where there is one.
fn storm(server: &Server, signals: u32) {
    let (mut chance, start, mut children) = (Chance::new(10), Instant::now(), Vec::new());
    for at in 0..signals {
        // To look for them takes longer than to signal them.
        if at % 20 == 0 {
            children = server.alive();
        }
        let signal = any(&mut chance);
        match chance.one_of(&children).filter(|_| chance.below(2) == 0) {
            // It may have ended meanwhile.
            Some(child) => drop(server.try_signal_child(child, signal)),
            None => server.signal(signal),
        }
        pause((Duration::from_millis(1) * at).saturating_sub(start.elapsed()));
    }
}

fn clients(server: &Server, signals: u32) -> LoadReport {
    load(server.address())
        .connections(usize::try_from(signals / 10).unwrap())
        .clients(16)
        .per_second(100)
        .exchange(
            |at| format!("sleep 0.005\nsay {at}\nquit\n"),
            |at, reply| reply == format!("{at}\n").as_bytes(),
        )
        .until_close()
        .run()
}

/// How many children there may be now, as the parent has said last.
fn limit(server: &Server) -> usize {
    let log = server.log();
    let told = log.iter().rev().find_map(|line| line.split_once("at most "));
    told.unwrap().1.split(' ').next().unwrap().parse().unwrap()
}

/// 20,000 with `STORM=20000`.
#[test]
fn signals_of_every_kind_harm_nobody() {
    let signals = u32::try_from(extent("STORM", 1_000)).unwrap();
    for personality in PERSONALITIES {
        let has_children = personality != "single";
        let size = pool_of(personality, 5).into_iter().skip(1).filter(|_| has_children);
        let server =
            reckless(personality).args(["--log_level=4", "--hup=children"]).args(size).start();
        // It is ready for them.
        server.address();
        let start = Instant::now();
        let report = std::thread::scope(|scope| {
            let clients = scope.spawn(|| clients(&server, signals));
            storm(&server, signals);
            clients.join().unwrap()
        });
        let took = start.elapsed();
        report.expect_all_right();
        assert!(!server.has_ended(), "{personality}");
        tell(format_args!("{personality}: {signals} signals in {took:.1?}; {report}"));
        if has_children {
            // Whatever came before it has been looked at when every child is another.
            let before = server.alive();
            server.signal(Signal::SIGHUP);
            server.wait_until(format!("{personality}: others, as many as there are to be"), || {
                let now = server.alive();
                let idle = match personality {
                    "fork" => 0,
                    "thread" => 1,
                    _ => limit(&server),
                };
                now.len() == idle
                    && server.zombies().is_empty()
                    && !now.iter().any(|child| before.contains(child))
            });
            tell(format_args!("{personality}: at most {} now", limit(&server)));
            let room = if personality == "thread" { expect_threads_for } else { expect_room_for };
            room(&server, limit(&server));
        }
        server.stop();
    }
}
