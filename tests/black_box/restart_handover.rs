//! What is handed to a server in its environment by somebody else than the image before it (T31): nothing
//! that is not so is believed, nothing of others is used or closed, and no handler sees any of it.

use std::fs;
use std::io::{Seek, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use netserver::testing::{Finished, Program, Scratch, Server, scratch};

use super::PERSONALITIES;
use super::restart_ports::free;
use super::site::{Site, ask_one, expect_motto, restart};

/// Standard input becomes descriptor 5.
const HAND_OVER: &str = "exec 5<&0 0</dev/null; exec \"$0\" \"$@\"";

/// The words with which a server has restarted.
struct Words {
    socket: Vec<String>,
    others: Vec<(String, String)>,
}

impl Words {
    /// Of a server that listens there.
    fn of_a_restart(address: SocketAddr) -> Self {
        let site = Site::new("");
        site.configure_all(&format!("port = {address}\n"));
        let births = site.path("births");
        let server = site.program("prefork").env("BIRTHS", &births).start();
        expect_motto(&server, server.address(), "none", "before");
        restart(&server, 2);
        server.stop();
        let births = fs::read_to_string(births).unwrap();
        let mut words: Vec<(String, String)> = births
            .lines()
            .last()
            .unwrap()
            .split('\t')
            .skip(1)
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let at = words.iter().position(|(name, _)| name == "BOUND_SOCKETS").unwrap();
        let socket = words.remove(at).1.split(',').map(str::to_owned).collect();
        // All else is of files and children that another process has not.
        words.retain(|(name, _)| name == "BOUND_SOCKETS_GENERATION");
        Self { socket, others: words }
    }

    /// The entry of that descriptor.
    fn entry(&self, number: &str) -> String {
        let mut fields = self.socket.clone();
        number.clone_into(&mut fields[0]);
        fields.join(",")
    }

    /// A program that is handed the descriptor, and is told this of it.
    fn hand(&self, handed: impl AsFd, sockets: &str, program: Program) -> Program {
        self.hand_to("$$", handed, sockets, program)
    }

    /// The same, where the words are for that process.
    fn hand_to(
        &self,
        process: &str,
        handed: impl AsFd,
        sockets: &str,
        program: Program,
    ) -> Program {
        let copy: OwnedFd = handed.as_fd().try_clone_to_owned().unwrap();
        let script = format!("export BOUND_SOCKETS_PID={process}; {HAND_OVER}");
        let program = program.under("sh", &["-c", &script]).stream(0, copy);
        let others = self.others.iter();
        let program = others.fold(program, |program, (name, value)| program.env(name, value));
        program.env("BOUND_SOCKETS", sockets)
    }
}

/// A server of that port.
fn server_of(site: &Site, address: SocketAddr, personality: &str) -> Program {
    site.configure_all(&format!("port = {address}\n"));
    site.program(personality)
}

/// Sees that it did not start, and has said so in one line.
#[track_caller]
fn expect_refused(ended: &Finished, what: &str) {
    assert_eq!(ended.code(), Some(1), "{what}: {:#?}", ended.log);
    let [line] = &ended.log[..] else { panic!("{what}: {:#?}", ended.log) };
    assert!(line.contains("BOUND_SOCKETS"), "{what}: {line}");
}

/// Something to hand over, which is no listener of that address.
enum Foreign {
    File(Scratch),
    Other(TcpListener),
    Bound(socket2::Socket),
    Datagrams(UdpSocket),
    Client(TcpStream, TcpStream),
}

impl Foreign {
    fn all(address: SocketAddr) -> Vec<(&'static str, Self)> {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let bound = bound.unwrap();
        bound.set_reuse_address(true).unwrap();
        bound.bind(&address.into()).unwrap();
        let client = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        let accepted = other.accept().unwrap().0;
        let file = scratch();
        file.write("file", "text");
        vec![
            ("a file", Self::File(file)),
            ("a listener of another port", Self::Other(other)),
            ("a socket that does not listen", Self::Bound(bound)),
            ("datagrams", Self::Datagrams(UdpSocket::bind(address).unwrap())),
            ("a connection", Self::Client(client, accepted)),
        ]
    }

    fn handed(&self) -> OwnedFd {
        match self {
            Self::File(folder) => {
                let path = folder.join("file");
                let file = fs::OpenOptions::new().read(true).write(true).open(path);
                file.unwrap().into()
            }
            Self::Other(one) => one.as_fd().try_clone_to_owned().unwrap(),
            Self::Bound(one) => one.as_fd().try_clone_to_owned().unwrap(),
            Self::Datagrams(one) => one.as_fd().try_clone_to_owned().unwrap(),
            Self::Client(one, _) => one.as_fd().try_clone_to_owned().unwrap(),
        }
    }

    /// Sees that nobody has used it.
    #[track_caller]
    fn expect_untouched(&mut self, handed: OwnedFd, what: &str) {
        match self {
            Self::File(folder) => {
                assert_eq!(fs::read(folder.join("file")).unwrap(), b"text", "{what}");
                assert_eq!(fs::File::from(handed).stream_position().unwrap(), 0, "{what}");
            }
            Self::Other(one) => {
                let client = TcpStream::connect(one.local_addr().unwrap()).unwrap();
                let peer = one.accept().unwrap().1;
                assert_eq!(peer, client.local_addr().unwrap(), "{what}");
            }
            Self::Bound(one) => one.listen(1).unwrap(),
            Self::Datagrams(one) => {
                let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
                sender.send_to(b"x", one.local_addr().unwrap()).unwrap();
                assert_eq!(one.recv(&mut [0; 8]).unwrap(), 1, "{what}");
            }
            Self::Client(one, other) => {
                one.write_all(b"x").unwrap();
                assert_eq!(other.peek(&mut [0; 8]).unwrap(), 1, "{what}");
            }
        }
    }
}

#[test]
fn what_is_no_listener_of_the_port_is_not_served_and_not_touched() {
    let address = free();
    let words = Words::of_a_restart(address);
    for personality in PERSONALITIES {
        for (what, mut foreign) in Foreign::all(address) {
            let what = format!("{personality}, {what}");
            let site = Site::new("");
            let handed = foreign.handed();
            let program = server_of(&site, address, personality);
            let ended = words.hand(&handed, &words.entry("5"), program).run();
            expect_refused(&ended, &what);
            foreign.expect_untouched(handed, &what);
        }
    }
}

#[test]
fn no_number_is_believed_that_stands_for_nothing_or_for_something_else() {
    let address = free();
    let words = Words::of_a_restart(address);
    let listener = TcpListener::bind(address).unwrap();
    let good = words.entry("5");
    let mut texts: Vec<String> = [
        "0",
        "1",
        "2",
        "4",
        "77",
        "1048577",
        "2147483647",
        "2147483648",
        "4294967301",
        "18446744073709551621",
        "-1",
        "-5",
        "+5",
        " 5",
        "5 ",
        "0x5",
        "",
        "five",
        "٥",
        "%35",
    ]
    .iter()
    .map(|number| words.entry(number))
    .collect();
    texts.extend([
        format!("{good};{good}"),
        format!("{good};{}", words.entry("1")),
        // Another release may know of less than all of them, or of more.
        good.rsplitn(3, ',').nth(2).unwrap().to_owned(),
        good.replacen("stream", "datagram", 1),
        good.replacen("stream", "", 1),
        "5".into(),
        "5,stream".into(),
        ",,,,,,,".into(),
        "%".into(),
        "x".repeat(100_000),
        "\u{1}\u{7f}\n".into(),
    ]);
    for text in texts {
        let shown: String = text.chars().take(60).collect();
        let site = Site::new("");
        let program = server_of(&site, address, "prefork");
        let ended = words.hand(&listener, &text, program).run();
        expect_refused(&ended, &shown);
    }
    // Nobody has taken a client, or has ended it.
    let client = TcpStream::connect(address).unwrap();
    assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
}

/// Sees that it serves a port that it has bound itself, and shows no handler what was handed.
#[track_caller]
fn expect_fresh(server: Server, what: &str) {
    let address = server.address();
    expect_motto(&server, address, "none", what);
    assert_eq!(ask_one(address, "handed"), "[]", "{what}");
    let environment = ask_one(address, "run env");
    assert!(!environment.contains("BOUND_"), "{what}: {environment}");
    assert!(!environment.contains("HUP_CHILDREN"), "{what}: {environment}");
    let log = server.stop().log;
    assert!(log.iter().any(|line| line.contains("starting!")), "{what}: {log:#?}");
}

#[test]
fn what_is_for_another_process_is_not_looked_at() {
    let address = free();
    let words = Words::of_a_restart(address);
    let listener = TcpListener::bind(address).unwrap();
    for personality in PERSONALITIES {
        for process in ["1", "0", "-1", "''", "many", "99999999999999999999", "\"$$ \""] {
            let what = format!("{personality}, for {process}");
            let site = Site::new("");
            let program = site.program(personality);
            let server = words.hand_to(process, &listener, &words.entry("5"), program).start();
            server.expect_log("BOUND_SOCKETS");
            server.address();
            // What is left to it by somebody is no concern of its.
            let table = server.descriptors(server.pid());
            let target = |number| table.iter().find(|(other, _)| *other == number);
            assert!(target(5).is_some_and(|(_, it)| it.starts_with("socket:")), "{what}: {table}");
            expect_fresh(server, &what);
        }
    }
    let client = TcpStream::connect(address).unwrap();
    assert_eq!(listener.accept().unwrap().1, client.local_addr().unwrap());
}

#[test]
fn words_that_say_nothing_hand_over_nothing() {
    let words = Words { socket: Vec::new(), others: Vec::new() };
    for personality in PERSONALITIES {
        let site = Site::new("");
        let nothing = fs::File::open("/dev/null").unwrap();
        let server = words.hand(nothing, "", site.program(personality)).start();
        server.allow_log("BOUND_SOCKETS");
        let address = server.address();
        expect_motto(&server, address, "none", personality);
        assert_eq!(ask_one(address, "handed"), "[]", "{personality}");
        server.stop();
    }
}

/// Neither those that it is told of nor the one that has started it.
#[test]
fn processes_of_others_are_no_children() {
    let words = Words { socket: Vec::new(), others: Vec::new() };
    let mut stranger = Command::new("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap();
    for personality in PERSONALITIES {
        for told in ["worker,0,0", "dequeue,0,0", "worker,3,0"] {
            let children =
                format!("{},{told};1,{told};{},{told}", stranger.id(), std::process::id());
            let site = Site::new("leave_children_open_on_hup = no\n");
            let nothing = fs::File::open("/dev/null").unwrap();
            let program = site.program(personality).env("HUP_CHILDREN", children);
            let server = words.hand(nothing, "", program).start();
            server.allow_log("BOUND_SOCKETS");
            let address = server.address();
            expect_motto(&server, address, "none", personality);
            assert_eq!(ask_one(address, "handed"), "[]", "{personality}");
            server.stop();
            assert_eq!(stranger.try_wait().unwrap(), None, "{personality}, {told}");
        }
    }
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// The same words, where they are true.
#[test]
fn what_is_so_is_believed() {
    for personality in PERSONALITIES {
        let address = free();
        let words = Words::of_a_restart(address);
        let listener = TcpListener::bind(address).unwrap();
        let site = Site::new("");
        let program = server_of(&site, address, personality);
        let server = words.hand(&listener, &words.entry("5"), program).start();
        server.wait_for_log("Taking over");
        drop(listener);
        expect_motto(&server, address, "none", personality);
        assert_eq!(ask_one(address, "handed"), "[]", "{personality}");
        server.stop();
    }
}

/// What else is said, of a file of somebody's that is descriptor 5 and is there as `PATH`.
const OTHERS: [(&str, &str); 16] = [
    ("BOUND_PID_FILE", "5,PATH"),
    ("BOUND_PID_FILE", "5,"),
    ("BOUND_PID_FILE", "5"),
    ("BOUND_PID_FILE", "1,PATH"),
    ("BOUND_PID_FILE", "77,PATH"),
    ("BOUND_SOCKETS_BEFORE", "5,5"),
    ("BOUND_SOCKETS_BEFORE", "5,"),
    ("BOUND_SOCKETS_BEFORE", "0,1"),
    ("BOUND_SOCKETS_BEFORE", "many"),
    ("BOUND_SOCKETS_CONF", "5"),
    ("BOUND_SOCKETS_CONF", "1"),
    ("BOUND_SOCKETS_TRIAL", "5"),
    ("BOUND_SOCKETS_TRIAL", "1"),
    ("BOUND_SOCKETS_GENERATION", "-1"),
    ("BOUND_SOCKETS_GENERATION", "4294967295"),
    ("BOUND_SOCKETS_GENERATION", "99999999999999999999"),
];

/// Whether it is believed or not.
#[test]
fn a_file_of_somebodys_stays_whatever_is_said_of_it() {
    let words = Words { socket: Vec::new(), others: Vec::new() };
    for (name, value) in OTHERS {
        let what = format!("{name}={value}");
        let (site, folder) = (Site::new(""), scratch());
        let path = folder.write("file", "text");
        let file = fs::File::options().read(true).write(true).open(&path).unwrap();
        let value = value.replace("PATH", &path.display().to_string());
        let program = site.program("prefork").env(name, value);
        let server = words.hand(file, "", program).start();
        server.allow_log("BOUND_");
        server.allow_log("unknown option text");
        let serves = |log: &[String]| log.iter().any(|line| line.contains("Binding to"));
        server.wait_until("it serves or has ended", || server.has_ended() || serves(&server.log()));
        if serves(&server.log()) {
            expect_motto(&server, server.address(), "none", &what);
            assert_eq!(ask_one(server.address(), "handed"), "[]", "{what}");
            server.stop();
        } else {
            let ended = server.wait();
            // 2 where it was read as a conf file.
            assert!(matches!(ended.code(), Some(1 | 2)), "{what}");
            assert_eq!(ended.log.len(), 1, "{what}: {:#?}", ended.log);
        }
        assert_eq!(fs::read(&path).unwrap(), b"text", "{what}");
    }
}
