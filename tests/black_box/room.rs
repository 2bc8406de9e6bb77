//! How many clients a server serves at once, as they see it: what it believes of its children holds
//! where that is as many as it may have, and no more.

use std::collections::BTreeSet;
use std::time::Duration;

use netserver::testing::{Client, Server};

fn asking(server: &Server) -> Client {
    let mut client = Client::connect(server.address());
    client.send("pid\n");
    client
}

/// Sees that `size` clients are served at once, each by a child of its own, and that one more waits
/// until one of them has gone.
#[track_caller]
pub(crate) fn expect_room_for(server: &Server, size: usize) {
    expect_room(server, size, size);
}

/// The same by threads of one child.
#[track_caller]
pub(crate) fn expect_threads_for(server: &Server, size: usize) {
    expect_room(server, size, 1);
}

#[track_caller]
fn expect_room(server: &Server, size: usize, children: usize) {
    let mut clients: Vec<Client> = (0..size).map(|_| asking(server)).collect();
    let pids: BTreeSet<String> = clients.iter_mut().map(Client::line).collect();
    assert_eq!(pids.len(), children, "children of {size} clients: {pids:?}");
    let mut late = asking(server);
    // Long enough for one child or thread more, if there were one, to be seen.
    for _ in 0..20 {
        for client in &mut clients {
            client.send("pid\n");
            client.line();
        }
        let alive = server.alive().len();
        assert!(alive <= children, "{alive} children of {children}");
    }
    late.set_patience(Duration::from_millis(20));
    late.try_line().unwrap_err();
    late.set_patience(Duration::from_secs(10));
    drop(clients.pop());
    late.line();
}
