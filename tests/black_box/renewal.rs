//! A pool that renews its children, or is made smaller, while clients come: so many at a time, each once
//! another is ready, and nobody notices.

use netserver::testing::{Client, Server, Signal};

use super::callers;
use super::children::family;

const SIZE: usize = 4;

/// What the log tells of the children of a pool up to some line.
#[derive(Debug, Default)]
struct Counts {
    forked: usize,
    ready: usize,
    told: usize,
    ended: usize,
}

impl Counts {
    fn add(&mut self, line: &str) {
        let told = line.split_once("children told to leave: ");
        let told = told.and_then(|(_, count)| count.parse::<usize>().ok());
        self.told += told.unwrap_or(0);
        self.forked += usize::from(line.contains("hook register_child "));
        self.ready += usize::from(line.ends_with(" child starts"));
        self.ended += usize::from(line.contains("hook cleanup_dead_child_hook "));
    }

    fn leaving(&self) -> usize {
        self.told - self.ended
    }
}

/// Sees that at no line more than so many are leaving, and each time one is told to there are as many
/// others as there should be, all of them ready. Tells how many were told.
fn see_in_order(log: &[String], most: usize, what: &str) -> usize {
    let mut counts = Counts::default();
    for line in log {
        let before = counts.told;
        counts.add(line);
        if counts.told > before {
            assert!(counts.leaving() <= most, "{what}: {counts:?}");
            assert!(counts.forked - counts.told >= SIZE, "{what}: {counts:?}");
            assert_eq!(counts.ready, counts.forked, "{what}: {counts:?}");
        }
        let alive = counts.forked - counts.ended;
        assert!(alive <= SIZE + most, "{what}: {counts:?}");
    }
    counts.told
}

#[test]
fn so_many_are_renewed_at_a_time_each_once_another_is_ready() {
    for (personality, most) in [("prefork_simple", 1), ("prefork", 1), ("prefork_simple", 3)] {
        let what = format!("{personality}, {most} at a time");
        let server = family(personality, &["--max_requests=5", "--log_level=4"])
            .arg(format!("--max_servers={SIZE}"))
            .args((personality == "prefork").then(|| format!("--min_servers={SIZE}")))
            .arg(format!("--max_recycling={most}"))
            // One that is being started is not ready for a while.
            .env("SLOW", "yes")
            .start();
        let address = server.address();
        std::thread::scope(|scope| {
            let load =
                scope.spawn(|| callers(address).connections(200).clients(4).per_second(150).run());
            while !load.is_finished() {
                let count = server.children().len();
                assert!(count <= SIZE + most, "{what}: {count} at once");
            }
            load.join().unwrap().expect_all_right();
        });
        let log = server.log();
        server.stop();
        let renewed = see_in_order(&log, most, &what);
        assert!(renewed >= 6, "{what}: only {renewed}");
    }
}

fn busy(server: &Server) -> Client {
    let mut client = Client::connect(server.address());
    client.send("say x\n");
    assert_eq!(client.line(), "x");
    client
}

#[test]
fn a_pool_that_is_made_smaller_ends_no_request() {
    for personality in ["prefork_simple", "prefork"] {
        let server = family(personality, &["--log_level=3"])
            .arg(format!("--max_servers={SIZE}"))
            .args((personality == "prefork").then(|| format!("--min_servers={SIZE}")))
            .start();
        let mut clients: Vec<Client> = (0..SIZE).map(|_| busy(&server)).collect();
        for _ in 1..SIZE {
            let lines = server.log().len();
            server.signal(Signal::SIGTTOU);
            // Though none is idle.
            server.wait_for_log_after(lines, "children told to leave: 1");
        }
        assert_eq!(server.children().len(), SIZE, "{personality}");
        for client in &mut clients {
            client.send("say done\nquit\n");
            assert_eq!(client.rest(), b"done\n", "{personality}");
        }
        server.wait_until("one is left", || server.children().len() == 1);
        drop(busy(&server));
        server.stop();
    }
}
