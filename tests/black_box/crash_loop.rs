//! Children that die at once: never a storm, never the end, and well again soon after what was wrong
//! is (T13).

use std::time::{Duration, Instant};

use netserver_harness::{Client, Server, scratch};

use super::{actor, pause};

/// How many children have died at once so far.
fn deaths(server: &Server) -> usize {
    server.log().iter().filter(|line| line.contains("before its first connection")).count()
}

/// How long children die: 20 s with `CRASHES=20`.
fn crashing() -> Duration {
    let seconds = std::env::var("CRASHES").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

#[test]
fn children_that_die_at_once_are_no_storm_and_heal() {
    for (personality, size) in
        [("prefork", "--min_servers=5"), ("prefork_simple", "--max_servers=5")]
    {
        for wish in ["FAIL", "PANIC"] {
            let folder = scratch();
            let healed = folder.join("healed");
            let server = actor(&[&format!("--server_type={personality}"), size])
                .args(["--log_level=3", "--spawn_backoff_max=2s"])
                .env(wish, "child_init_hook")
                .env("HEALED", &healed)
                .start();
            server.expect_log("child_init_hook");
            server.expect_log("before its first connection: the next one in");
            let start = Instant::now();
            server.wait_until("five have died", || deaths(&server) >= 5);
            // In the first second one for each place, and the next as that is over.
            while start.elapsed() < Duration::from_millis(900) {
                assert!(deaths(&server) <= 5, "{personality} {wish}");
                pause(Duration::from_millis(50));
            }
            pause(crashing().saturating_sub(start.elapsed()));
            let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
            let all = deaths(&server);
            // At once, after 1 s, and then each 2 s.
            let most = 5 * (2 + seconds.saturating_sub(1) / 2);
            assert!(all <= most, "{personality} {wish}: {all} of {most} in {seconds} s");
            let warned = server
                .log()
                .iter()
                .filter(|line| line.contains("warning") && line.contains("the next one in"))
                .count();
            assert!(warned <= 3 + seconds / 2, "one line for each step: {warned}");
            folder.write("healed", "");
            let mut client = Client::connect(server.address());
            client.send("say well again\nquit\n");
            assert_eq!(client.rest(), b"well again\n", "within the longest wait");
            server.stop();
        }
    }
}
