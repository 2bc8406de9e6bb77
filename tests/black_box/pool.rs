//! The pool as a whole: it serves everybody, grows, shrinks, and renews its children.

use netserver::testing::{Client, Server, load};

use super::{actor, program};

fn busy(server: &Server, count: usize) -> Vec<Client> {
    let clients = (0..count).map(|_| {
        let mut client = Client::connect(server.address());
        client.send("now x\n");
        client
    });
    let mut clients: Vec<Client> = clients.collect();
    for client in &mut clients {
        assert_eq!(client.line(), "x");
    }
    clients
}

#[test]
fn twenty_thousand_short_connections() {
    let server = program!("line")
        .arg("--host=127.0.0.1")
        .args(["--min_servers=4", "--max_servers=8"])
        .args(["--min_spare_servers=4", "--max_spare_servers=5"])
        .args(["--max_requests=100", "--check_for_waiting=100ms", "--min_child_ttl=200ms"])
        .start();
    let address = server.address();
    // Four children wait for these, and the load keeps the four spare ones busy.
    let silent: Vec<Client> = (0..4).map(|_| Client::connect(address)).collect();
    let most = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            load(address)
                .connections(20_000)
                .clients(32)
                .exchange(
                    |at| format!("{at}\n"),
                    |at, reply| reply == format!("You said \"{at}\"\n").as_bytes(),
                )
                .run()
        });
        let mut most = 0;
        server.wait_until("the load is over", || {
            let zombies = server.zombies();
            let alive = server.children().into_iter().filter(|child| !zombies.contains(child));
            most = most.max(alive.count());
            load.is_finished()
        });
        let report = load.join().unwrap();
        report.expect_all_right();
        assert_eq!(report.right, 20_000);
        most
    });
    // That it goes no further is held where nobody comes and goes.
    assert!(most >= 8, "{most} children: it grew to max_servers");
    drop(silent);
    server.wait_until("it shrinks to five idle children", || {
        server.children().len() == 5 && server.zombies().is_empty()
    });
    server.stop();
}

#[test]
fn it_grows_as_soon_as_all_are_busy() {
    let server = actor(&["--min_servers=2", "--max_servers=6", "--min_spare_servers=1"])
        // Nothing but a child that wants it wakes the parent.
        .args(["--max_spare_servers=2", "--check_for_waiting=1h"])
        .start();
    server.wait_until("two children", || server.children().len() == 2);
    let clients = busy(&server, 4);
    server.wait_until("one spare beside four busy ones", || server.children().len() == 5);
    let more = busy(&server, 2);
    server.wait_until("as many as there may be", || server.children().len() == 6);
    drop((clients, more));
    server.stop();
}

#[test]
fn it_shrinks_when_many_are_idle() {
    let server = actor(&["--min_servers=2", "--max_servers=6", "--min_spare_servers=1"])
        .args(["--max_spare_servers=2", "--check_for_waiting=50ms", "--min_child_ttl=100ms"])
        .start();
    let clients = busy(&server, 6);
    server.wait_until("as many as there may be", || server.children().len() == 6);
    drop(clients);
    server.wait_until("two idle ones", || {
        server.children().len() == 2 && server.zombies().is_empty()
    });
    server.stop();
}

#[test]
fn at_the_ceiling_clients_wait_and_are_not_refused() {
    let server = actor(&["--min_servers=2", "--max_servers=2"]).start();
    let mut clients = busy(&server, 2);
    let mut waiting = Client::connect(server.address());
    waiting.send("pid\nquit\n");
    let mut pids = Vec::new();
    // Long enough for a third child, if one were forked, to take the client that waits.
    for _ in 0..200 {
        for client in &mut clients {
            client.send("pid\n");
            pids.push(client.line());
        }
        assert_eq!(server.children().len(), 2);
    }
    drop(clients);
    let served_by = waiting.line();
    assert!(pids.contains(&served_by), "{served_by} is none of {pids:?}");
    assert_eq!(waiting.rest(), b"");
    server.stop();
}

#[test]
fn a_child_is_renewed_after_max_requests() {
    let server = actor(&["--min_servers=1", "--max_servers=1", "--max_requests=5"]).start();
    let mut served = Vec::new();
    // It serves on while another gets ready, so that it may be some more.
    for _ in 0..3 {
        server.wait_until("another child", || {
            let mut client = Client::connect(server.address());
            client.send("served\nquit\n");
            served.push(String::from_utf8(client.rest()).unwrap().trim().parse::<u64>().unwrap());
            served.len() > 1 && served.last() == Some(&1)
        });
    }
    let lasts = served.windows(2).filter(|two| two[1] == 1).map(|two| two[0]);
    assert!(lasts.min() >= Some(5), "{served:?}");
    server.stop();
}

#[test]
fn retiring_a_child_never_touches_a_request() {
    // Children come and go all the time under this load: none of it may be seen by a client.
    let server = actor(&[
        "--min_servers=1",
        "--max_servers=12",
        "--min_spare_servers=1",
        "--max_spare_servers=1",
    ])
    .args(["--check_for_waiting=10ms", "--min_child_ttl=0s", "--max_requests=20"])
    .start();
    load(server.address())
        .connections(4_000)
        .clients(10)
        .exchange(
            |at| format!("spin 0.00{}\nsay {at}\nquit\n", at % 3),
            |at, reply| reply == format!("{at}\n").as_bytes(),
        )
        .run()
        .expect_all_right();
    server.stop();
}
