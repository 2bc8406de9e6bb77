//! Forks beside threads that hold locks at any moment: no child waits for one that nobody will ever give
//! back, and the log says what is wrong with it (T22).

use std::fs::OpenOptions;
use std::time::Duration;

use netserver::testing::load;

use super::program;

const CONNECTIONS: usize = 2_000;

#[test]
fn no_child_is_stuck_beside_threads_of_its_parent() {
    const WARNING: &str = " warning: 5 threads at a fork: a lock that another one holds stays locked in \
                           the child; start threads in child_init_hook";
    // It takes everything, as `/dev/null` does, which nobody flushes.
    let sink = OpenOptions::new().write(true).open("/dev/zero").unwrap();
    let server = program!("threads")
        .args(["--host=127.0.0.1", "--reverse_lookups=yes"])
        .stream(1, sink)
        .start();
    server.expect_log(WARNING);
    load(server.address())
        .connections(CONNECTIONS)
        .clients(8)
        // Whoever takes longer is stuck.
        .patience(Duration::from_secs(5))
        .run()
        .expect_all_right();
    server.wait_until("nobody is left", || server.children().is_empty());
    let log = server.stop().log;
    assert_eq!(log.iter().filter(|line| line.contains(" threads at a fork")).count(), 1);
    let served = log.iter().filter(|line| line.contains(" notice: served ")).count();
    assert_eq!(served, CONNECTIONS);
}
