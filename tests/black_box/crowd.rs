//! More clients than there may be children, and more of one client than it may have, while children are
//! killed: nobody is refused who only has to wait, and no count is ever wrong (T35).

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use netserver::testing::{Client, Program, Server, Signal, load};

use super::{FORKING, actor, extent, pause};

/// How many connections one client may have.
const EACH: usize = 5;
/// Between two looks at how many children there are.
const LOOK: Duration = Duration::from_millis(10);

/// How many clients, for how many children: 1,000 for 50 with `CROWD=1000`.
fn crowd() -> (usize, usize) {
    let clients = extent("CROWD", 200);
    (clients, if clients < 1_000 { 20 } else { 50 })
}

fn program(personality: &str, slots: usize) -> Program {
    let program = actor(&[]).arg(format!("--server_type={personality}"));
    program.arg(format!("--max_servers={slots}")).args(["--port=0", "--host=0.0.0.0"])
}

/// Does something, and looks meanwhile that there never are more children than there may be.
fn within<T: Send>(slots: usize, server: &Server, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let work = scope.spawn(work);
        while !work.is_finished() {
            let count = server.children_at_once();
            assert!(count <= slots, "{count} children, and not {slots}");
            pause(LOOK);
        }
        work.join().unwrap()
    })
}

/// Kills some child now and then until the time has come; tells how many.
fn kill(server: &Server, most: usize, over: impl Fn() -> bool) -> usize {
    let mut killed = 0;
    while killed < most && !over() {
        let children = server.children();
        if let Some(child) = children.get(killed * 7 % children.len().max(1)) {
            killed += usize::from(server.try_signal_child(*child, Signal::SIGKILL));
        }
        pause(LOOK * 3);
    }
    killed
}

#[test]
fn there_never_are_more_children_than_may_be_and_clients_wait() {
    let (clients, slots) = crowd();
    for personality in FORKING {
        let server = program(personality, slots).start();
        server.allow_log("was killed by SIGKILL");
        let address = server.address();
        let (report, killed) = within(slots, &server, || {
            thread::scope(|scope| {
                let load = scope.spawn(|| {
                    load(address)
                        .connections(clients)
                        .clients(clients)
                        .patience(Duration::from_secs(30))
                        .exchange(
                            |at| format!("spin 0.005\nsay {at}\nquit\n"),
                            |at, reply| reply == format!("{at}\n").as_bytes(),
                        )
                        .until_close()
                        .run()
                });
                let killed = kill(&server, clients / 20, || load.is_finished());
                (load.join().unwrap(), killed)
            })
        });
        assert!(killed > 0, "{personality}");
        assert!(report.failed() + report.wrong <= killed, "{personality}: {killed} {report}");
        let refused = report.errors.keys().find(|error| error.starts_with("connect"));
        assert_eq!(refused, None, "{personality}: {report}");
        server.stop();
    }
}

/// A client at an address of its own.
pub(super) fn client_of(source: IpAddr, address: SocketAddr) -> Client {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    Client::over(socket.into())
}

fn ask(source: IpAddr, address: SocketAddr) -> Client {
    let mut client = client_of(source, address);
    client.set_patience(Duration::from_secs(10));
    client.send("now here\n");
    client
}

/// Whether it is served, or turned away: by an end or a reset, and never by silence.
fn is_served(client: &mut Client) -> bool {
    match client.try_line() {
        Ok(line) => line.as_deref() == Some("here"),
        Err(err) => {
            assert_ne!(err.kind(), ErrorKind::TimedOut, "neither served nor turned away");
            false
        }
    }
}

/// So many connections of one client at once: those that are served.
fn come(source: IpAddr, address: SocketAddr, count: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| ask(source, address)).collect();
    clients.retain_mut(is_served);
    clients
}

/// Has others take the places of those that are gone; their parent has to notice that first.
fn fill(server: &Server, source: IpAddr, held: &mut Vec<Client>) {
    let address = server.address();
    server.wait_until(format!("{EACH} of {source} are served"), || {
        held.extend(come(source, address, 1));
        held.len() == EACH
    });
    assert!(come(source, address, 3).is_empty(), "more than {EACH} of {source}");
}

/// Kills the children of two of them, and drops these.
fn lose_two(server: &Server, held: &mut Vec<Client>) {
    for mut client in held.drain(..2) {
        client.send("pid\n");
        let child: i32 = client.line().parse().unwrap();
        server.signal_child(child, Signal::SIGKILL);
        assert_eq!(client.try_rest().unwrap_or_default(), b"");
    }
}

/// Clients come and go while children are killed; what they hear is no matter.
fn storm(server: &Server, connections: usize) {
    let address = server.address();
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let load = load(address).connections(connections).clients(EACH + 2);
            load.exchange(|_| "say x\nquit\n", |_, _| true).until_close().run()
        });
        kill(server, connections / 10, || load.is_finished());
        load.join().unwrap();
    });
}

#[test]
fn one_client_has_as_many_connections_as_it_may_and_no_more() {
    let (clients, slots) = crowd();
    // Some children are free, and turn clients away.
    let sources: Vec<IpAddr> =
        (2..=slots / EACH).map(|last| [127, 0, 0, u8::try_from(last).unwrap()].into()).collect();
    for personality in FORKING {
        let program = program(personality, slots).arg(format!("--max_per_ip={EACH}"));
        let server = program.arg("--log_level=3").start();
        server.allow_log("was killed by SIGKILL");
        let address = server.address();
        within(slots, &server, || {
            let mut all: Vec<Vec<Client>> = thread::scope(|scope| {
                let count = clients / sources.len();
                let come = |source: &IpAddr| {
                    let source = *source;
                    scope.spawn(move || come(source, address, count))
                };
                let all: Vec<_> = sources.iter().map(come).collect();
                all.into_iter().map(|clients| clients.join().unwrap()).collect()
            });
            for (source, held) in sources.iter().zip(&mut all) {
                assert_eq!(held.len(), EACH, "{personality} {source}");
                lose_two(&server, held);
                fill(&server, *source, held);
            }
        });
        server.wait_for_log("access denied: max_per_ip");
        storm(&server, clients);
        for source in &sources {
            fill(&server, *source, &mut Vec::new());
        }
        server.stop();
    }
}
