//! Clients: so many at a time, by one loop in one thread. Takes in where a server listens and how clients
//! talk, hands on how many were served and how long each took. Knows no server.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::statistics::quantile;

/// What a client sends and, where it is an echo, wants back.
pub(crate) const LINE: &[u8] = b"abcdefghijklmno\n";
/// So many clients in a row that were not served: the rest would not be either.
const HOPELESS: u64 = 1_000;

/// How clients talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    /// Connect, a message, the reply, the server's end.
    Short,
    /// A message and its reply, again and again.
    Keep,
}

/// Where a server listens. Of several ports each is taken in turn.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Tcp(Vec<SocketAddr>),
    Udp(SocketAddr),
    Unix(PathBuf),
}

impl Target {
    /// A socket that does not block, and the address that client `number` connects it to.
    fn socket(&self, number: usize) -> io::Result<(Socket, SockAddr)> {
        let (kind, address) = match self {
            Self::Tcp(all) => (Type::STREAM, all[number % all.len()].into()),
            Self::Udp(address) => (Type::DGRAM, (*address).into()),
            Self::Unix(path) => (Type::STREAM, SockAddr::unix(path)?),
        };
        let domain = if matches!(self, Self::Unix(_)) { Domain::UNIX } else { Domain::IPV4 };
        Ok((Socket::new(domain, kind.nonblocking().cloexec(), None)?, address))
    }

    /// A client that connects and then says nothing.
    pub(crate) fn silent(&self) -> io::Result<Socket> {
        let (socket, address) = self.socket(0)?;
        socket.set_nonblocking(false)?;
        socket.connect(&address)?;
        Ok(socket)
    }
}

/// Clients and what they say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) talk: Talk,
    pub(crate) clients: usize,
    pub(crate) message: &'static [u8],
    /// What is not counted yet.
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// What came of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// Per second, after the warm-up.
    pub(crate) rate: f64,
    /// Microseconds from the first call to the last byte, or the end.
    pub(crate) p99: f64,
    /// With the warm-up.
    pub(crate) total: u64,
    pub(crate) errors: u64,
}

impl Load {
    /// Runs it in the calling thread.
    ///
    /// # Errors
    /// Where the loop itself could not be made. A client that is not served is counted.
    pub(crate) fn run(&self, target: &Target) -> io::Result<Served> {
        let flags = EpollCreateFlags::EPOLL_CLOEXEC;
        let mut clients = Clients {
            load: *self,
            target,
            epoll: Epoll::new(flags)?,
            all: Vec::new(),
            opened: 0,
            bytes: vec![0; 65_536],
            times: None,
            total: 0,
            errors: 0,
        };
        clients.run()
    }
}

struct Client {
    socket: Socket,
    since: Instant,
    has_sent: bool,
    received: usize,
}

struct Clients<'a> {
    load: Load,
    target: &'a Target,
    epoll: Epoll,
    all: Vec<Option<Client>>,
    /// Clients so far: which port is next.
    opened: usize,
    bytes: Vec<u8>,
    /// Microseconds of each that was served, once they count.
    times: Option<Vec<u32>>,
    total: u64,
    errors: u64,
}

impl Clients<'_> {
    fn run(&mut self) -> io::Result<Served> {
        let begin = Instant::now();
        for place in 0..self.load.clients {
            self.all.push(None);
            self.open(place);
        }
        let (mut counted_since, mut events) = (begin, [EpollEvent::empty(); 256]);
        loop {
            let count = self.epoll.wait(&mut events, EpollTimeout::from(20_u8)).unwrap_or(0);
            for event in &events[..count] {
                self.event(usize::try_from(event.data()).unwrap_or_default(), event.events());
            }
            let now = Instant::now();
            if self.times.is_none() && now - begin >= self.load.warm_up {
                (self.times, counted_since) = (Some(Vec::new()), now);
            }
            let is_over = now - begin >= self.load.warm_up + self.load.time;
            if is_over || self.errors >= HOPELESS {
                return Ok(self.served(now - counted_since));
            }
        }
    }

    fn served(&mut self, time: Duration) -> Served {
        let mut times = self.times.take().unwrap_or_default();
        times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let rate = times.len() as f64 / time.as_secs_f64();
        let p99 = quantile(&times, 0.99).map_or(f64::NAN, f64::from);
        Served { rate, p99, total: self.total, errors: self.errors }
    }

    /// A new client in that place. On loopback the connection is there at once, and so is the line.
    fn open(&mut self, place: usize) {
        let mut failures = 0;
        self.all[place] = loop {
            match self.connected(place) {
                Ok(client) => break Some(client),
                Err(_) if failures < 3 => failures += 1,
                Err(_) => break None,
            }
            self.errors += 1;
        };
    }

    fn connected(&mut self, place: usize) -> io::Result<Client> {
        let since = Instant::now();
        let (socket, address) = self.target.socket(self.opened)?;
        self.opened += 1;
        match socket.connect(&address) {
            Ok(()) => {}
            Err(err) if err.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
            Err(err) => return Err(err),
        }
        let has_sent = send(&socket, self.load.message)?;
        let client = Client { socket, since, has_sent, received: 0 };
        let mut wanted = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP;
        if !client.has_sent {
            wanted |= EpollFlags::EPOLLOUT;
        }
        self.epoll.add(&client.socket, EpollEvent::new(wanted, place as u64))?;
        Ok(client)
    }

    fn event(&mut self, place: usize, flags: EpollFlags) {
        let outcome = match self.all.get_mut(place) {
            Some(Some(client)) => step(client, &self.load, flags, &mut self.bytes),
            _ => return,
        };
        match outcome {
            Ok(Step::Waits) => {}
            Ok(Step::Sent) => self.wants_reply(place),
            Ok(Step::Served) => self.count(place),
            Err(_) => {
                self.errors += 1;
                self.close(place);
                self.open(place);
            }
        }
    }

    fn wants_reply(&mut self, place: usize) {
        if let Some(Some(client)) = self.all.get(place) {
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP;
            let mut event = EpollEvent::new(flags, place as u64);
            // It was added, and is open.
            let _ = self.epoll.modify(&client.socket, &mut event);
        }
    }

    fn count(&mut self, place: usize) {
        let Some(Some(client)) = self.all.get_mut(place) else { return };
        self.total += 1;
        if let Some(times) = &mut self.times {
            times.push(u32::try_from(client.since.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        if self.load.talk == Talk::Short {
            self.close(place);
            return self.open(place);
        }
        client.since = Instant::now();
        client.received = 0;
        // A message is far smaller than a socket's buffer: what is not taken now is a fault.
        if !matches!(send(&client.socket, self.load.message), Ok(true)) {
            self.errors += 1;
            self.close(place);
            self.open(place);
        }
    }

    /// Closes by a reset: the server's end is there, and nothing is left to wait in the kernel.
    fn close(&mut self, place: usize) {
        if let Some(client) = self.all[place].take() {
            // A Unix socket has none, and needs none.
            let _ = client.socket.set_linger(Some(Duration::ZERO));
        }
    }
}

/// How far a client is.
enum Step {
    Waits,
    Sent,
    Served,
}

fn step(client: &mut Client, load: &Load, flags: EpollFlags, bytes: &mut [u8]) -> io::Result<Step> {
    if !client.has_sent {
        client.has_sent = send(&client.socket, load.message)?;
        return Ok(if client.has_sent { Step::Sent } else { Step::Waits });
    }
    loop {
        let count = match (&client.socket).read(bytes) {
            Ok(count) => count,
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Ok(Step::Waits),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        client.received += count;
        let is_whole = client.received >= load.message.len();
        let has_ended = flags.contains(EpollFlags::EPOLLRDHUP);
        match (load.talk, count) {
            (Talk::Short, 0) if is_whole => return Ok(Step::Served),
            (_, 0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            // All of it came at once, and so did the end.
            (Talk::Short, _) if has_ended && client.received == load.message.len() => {
                return Ok(Step::Served);
            }
            (Talk::Keep, _) if is_whole => return Ok(Step::Served),
            (Talk::Short, _) if has_ended => {}
            _ => return Ok(Step::Waits),
        }
    }
}

/// Whether the message is on its way.
fn send(socket: &Socket, message: &[u8]) -> io::Result<bool> {
    match socket.send(message) {
        Ok(count) if count == message.len() => Ok(true),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(err) if err.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(err) if err.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(err) => Err(err),
    }
}
