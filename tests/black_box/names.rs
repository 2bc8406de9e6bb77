//! Names of clients, told by a resolver that lies, is silent, or is late (T30).
//!
//! The server sees a resolver of the test's own: in a mount namespace it has other files in `/etc`. That
//! takes root; without it the tests are skipped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netserver::testing::{DEADLINE, Program, Scratch, Server, scratch, tool};
use socket2::{Domain, Socket, Type};

use super::starved::ticks;
use super::{pause, program};

/// 127.0.0.N, its name, and where that name leads.
type Name = (u8, &'static [&'static [u8]], Option<Ipv4Addr>);

/// What the resolver says.
const NAMES: &[Name] = &[
    (2, &[b"good", b"example", b"com"], Some(Ipv4Addr::new(127, 0, 0, 2))),
    // It leads to somebody else.
    (3, &[b"good", b"example", b"com"], None),
    (4, &[b"evil", b"example", b"com", b"attacker"], Some(Ipv4Addr::new(127, 0, 0, 4))),
    (5, &[b"a\nb", b"example", b"com"], Some(Ipv4Addr::new(127, 0, 0, 5))),
    (6, &[&[b'x'; 63], &[b'y'; 63], &[b'z'; 63], b"example", b"com"], None),
];

/// Of these it says nothing, and something late.
const SILENT: u8 = 8;
const LATE: u8 = 9;

/// The labels of a question, and the place behind it.
fn question(packet: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels, at + 4));
        }
        labels.push(packet.get(at..at + length)?.to_vec());
        at += length;
    }
}

fn encoded(labels: &[&[u8]]) -> Vec<u8> {
    let mut name = Vec::new();
    for label in labels {
        name.push(u8::try_from(label.len()).unwrap());
        name.extend_from_slice(label);
    }
    name.push(0);
    name
}

/// The answer to a question of ours, or `None` for silence.
fn answer(packet: &[u8]) -> Option<Vec<u8>> {
    let (labels, end) = question(packet)?;
    let kind = u16::from_be_bytes([packet[end - 4], packet[end - 3]]);
    let is = |name: &[&[u8]]| labels.iter().map(Vec::as_slice).eq(name.iter().copied());
    let reverse = labels.len() == 6 && labels[5] == b"arpa";
    let number = || String::from_utf8_lossy(&labels[0]).parse::<u8>().ok();
    let data = if reverse && kind == 12 {
        match number()? {
            SILENT => return None,
            LATE => {
                pause(Duration::from_secs(4));
                return None;
            }
            number => NAMES.iter().find(|row| row.0 == number).map(|row| encoded(row.1)),
        }
    } else if kind == 1 {
        let found = NAMES.iter().find_map(|row| row.2.filter(|_| is(row.1)));
        found.map(|address| address.octets().to_vec())
    } else {
        None
    };
    let mut reply = packet[..end].to_vec();
    // An answer, without error; one question, and one answer or none.
    reply[2..4].copy_from_slice(&[0x81, 0x80]);
    reply[6..12].copy_from_slice(&[0, u8::from(data.is_some()), 0, 0, 0, 0]);
    if let Some(data) = data {
        reply.extend_from_slice(&[0xc0, 12]);
        reply.extend_from_slice(&kind.to_be_bytes());
        reply.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        reply.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}

/// A resolver, and a server that asks it.
struct World {
    _etc: Scratch,
    stop: Arc<AtomicBool>,
    resolver: Option<JoinHandle<()>>,
}

impl World {
    /// With a resolver at 127.0.0.`at`, as its port cannot be another; `None` where the test is not
    /// root's.
    fn with(at: u8, arguments: &[&str]) -> Option<(Self, Server)> {
        Self::of(at, program!("facts").args(arguments))
    }

    fn of(at: u8, program: Program) -> Option<(Self, Server)> {
        let unshare = tool("unshare")?;
        // Root may, but in some containers.
        let mount = ["-m", "mount", "--bind", "/etc/nsswitch.conf", "/etc/nsswitch.conf"];
        if !Command::new(&unshare).args(mount).output().unwrap().status.success() {
            let _ = writeln!(std::io::stderr(), "skipped: no files of one's own in /etc here");
            return None;
        }
        let resolver = Ipv4Addr::new(127, 0, 0, at);
        let socket = UdpSocket::bind((resolver, 53)).unwrap();
        let etc = scratch();
        etc.write("resolv.conf", format!("nameserver {resolver}\noptions timeout:30 attempts:1\n"));
        etc.write("nsswitch.conf", "hosts: dns\n");
        let stop = Arc::new(AtomicBool::new(false));
        let resolver = thread::spawn({
            let stop = Arc::clone(&stop);
            move || serve(&socket, &stop)
        });
        let mount = format!(
            "for file in resolv.conf nsswitch.conf; do mount --bind {}/$file /etc/$file || exit 9; done; exec \"$@\"",
            etc.path().display()
        );
        let server = program
            .args(["--port=0", "--host=127.0.0.1", "--log_level=3"])
            .under(unshare, &["-m", "sh", "-c", &mount, "sh"])
            .start();
        Some((Self { _etc: etc, stop, resolver: Some(resolver) }, server))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // It looks ten times a second.
        let _ = self.resolver.take().map(JoinHandle::join);
    }
}

fn serve(socket: &UdpSocket, stop: &AtomicBool) {
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut room = [0; 1500];
    while !stop.load(Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut room) else { continue };
        let (packet, socket) = (room[..length].to_vec(), socket.try_clone().unwrap());
        thread::spawn(move || {
            if let Some(reply) = answer(&packet) {
                let _ = socket.send_to(&reply, from);
            }
        });
    }
}

/// What the server says to a client at 127.0.0.N, and how long that takes.
fn ask(server: SocketAddr, number: u8) -> (String, Duration) {
    say(server, number, "x\n")
}

/// The same of a client that says something else.
fn say(server: SocketAddr, number: u8, line: &str) -> (String, Duration) {
    let start = Instant::now();
    let own = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, number), 0);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(own).into()).unwrap();
    socket.connect(&server.into()).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    let _ = stream.write_all(line.as_bytes());
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said);
    (said, start.elapsed())
}

#[test]
fn a_name_counts_where_it_leads_back() {
    let rule = [r"--allow=.+\.example\.com", "--reverse_lookups"];
    let Some((_world, server)) = World::with(77, &rule) else { return };
    let address = server.address();
    let (said, _) = ask(address, 2);
    assert!(said.ends_with("host=good.example.com\n"), "{said}");
    for (number, why) in [
        (3, "good.example.com does not lead back to it"),
        (4, ""),
        (5, "no confirmed name for 127.0.0.5"),
        (6, "no confirmed name for 127.0.0.6"),
        (7, "it has none"),
    ] {
        let (said, took) = ask(address, number);
        assert_eq!(said, "", "127.0.0.{number}");
        assert!(took < Duration::from_secs(3), "{took:?}");
        server.wait_for_log(why);
    }
    assert!(server.log().iter().all(|line| !line.contains("a\nb")));
    server.stop();
}

#[test]
fn of_many_threads_each_has_its_own_name() {
    let rule = [r"--allow=.+\.example\.com", "--reverse_lookups"];
    let pool = ["--server_type=thread", "--min_servers=20"];
    let Some((_world, server)) = World::with(80, &[&rule[..], &pool].concat()) else { return };
    let address = server.address();
    thread::scope(|scope| {
        let silent: Vec<_> = (0..12).map(|_| scope.spawn(|| ask(address, SILENT))).collect();
        // They ask for names that nobody tells, for two seconds.
        pause(Duration::from_millis(500));
        let (said, took) = ask(address, 2);
        assert!(said.ends_with("host=good.example.com\n"), "{said}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        for client in silent {
            assert_eq!(client.join().unwrap().0, "");
        }
    });
    server.stop();
}

#[test]
fn a_resolver_that_is_late_or_silent_holds_nobody_for_long() {
    let rules = [r"--deny=.+\.attacker", "--access_default=allow", "--reverse_lookups"];
    let Some((_world, server)) = World::with(78, &rules) else { return };
    let address = server.address();
    thread::scope(|scope| {
        for number in [SILENT, LATE] {
            scope.spawn(move || {
                let (said, took) = ask(address, number);
                // A name that nobody knows may be one that is denied.
                assert_eq!(said, "");
                assert!(
                    took > Duration::from_millis(1900) && took < Duration::from_millis(2600),
                    "{took:?}"
                );
            });
        }
        let mut times: Vec<Duration> = (0..100).map(|_| ask(address, 2).1).collect();
        times.sort();
        assert!(times[98] < Duration::from_millis(100), "{:?}", times[98]);
    });
    let (said, _) = ask(address, 4);
    assert_eq!(said, "", "the rule denies it");
    server.stop();
}

/// One loop waits for the names of all, and is busy with none of them, not even with those that come later
/// than their clients may stay.
#[test]
fn a_loop_waits_for_no_name() {
    const LINE: &str = "host\nclose\n";
    let program = program!("muxer").args(["--reverse_lookups", "--request_timeout=500ms"]);
    let Some((_world, server)) = World::of(79, program) else { return };
    let address = server.address();
    let (said, _) = say(address, 2, LINE);
    assert_eq!(said, "good.example.com\n");
    let child = server.children()[0];
    let before = ticks(child);
    thread::scope(|scope| {
        for number in [SILENT, LATE, SILENT] {
            scope.spawn(move || {
                let (said, took) = say(address, number, LINE);
                assert_eq!(said, "");
                assert!(took < Duration::from_secs(1), "{took:?}");
            });
        }
        let mut times: Vec<Duration> = (0..100).map(|_| say(address, 2, LINE).1).collect();
        times.sort();
        assert!(times[98] < Duration::from_millis(100), "{:?}", times[98]);
    });
    // Those threads that look for names are there for longer.
    pause(Duration::from_millis(1_500));
    let used = Duration::from_millis(10) * u32::try_from(ticks(child) - before).unwrap();
    assert!(used < Duration::from_millis(700), "{used:?} of processor time");
    server.stop();
}
