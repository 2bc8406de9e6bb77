//! Many connections at a time in one process, each served by a thread with a clone of the server of its own.
//!
//! The threads accept themselves, at the [`port`], so that a connection costs no more calls than it would
//! in a process of its own. They say what they do where the children of a pool do, and the same policy
//! decides how many there are; [`crew`] is who is there. The thread that the process began with has the
//! signals: it starts others and has them leave, and serves nobody itself.

mod crew;
mod port;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use self::crew::{Crew, Mate};
use self::port::{Door, Port};
use crate::accept_lock::Taker;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::guard;
use crate::handler::NetServer;
use crate::info::ServerInfo;
use crate::listener::{Listener, Listeners};
use crate::lookup;
use crate::pool::{Limits, MORE, Scoreboard};
use crate::seat::{Counter, Post};
use crate::serve::{Terms, serve_connection};
use crate::stop::Event;
use crate::sys::descriptor;
use crate::sys::ends::{Known, Waiting};
use crate::sys::poll::{self, PollSet};
use crate::sys::signal;
use crate::worker::{Craft, OneByOne};

/// A pool of threads.
#[derive(Debug)]
pub(crate) struct Threads;

impl<S: NetServer + Clone + Send> Craft<S> for Threads {
    fn work(
        server: &mut S,
        info: &ServerInfo,
        listeners: &Listeners,
        _taker: Option<Taker<'_>>,
        post: &mut impl Post,
        _buffers: Buffers,
    ) -> Result<()> {
        let terms = Terms::of(info);
        terms.begin()?;
        // A hook may have changed it: a client that goes away must not end the process.
        signal::ignore_pipe()?;
        signal::let_threads_be_woken()?;
        let port = match Port::new(listeners) {
            // A stop has ended the listeners already.
            Err(_) if !signal::accepts() => return Ok(()),
            port => port?,
        };
        // With the listeners a stop takes away what threads wait by.
        let known = Known::new(listeners.descriptors().chain(port.set()));
        let _waiting = Waiting::on(&known);
        let limits = Limits::managed(info.options());
        lookup::make_room_for(limits.max_servers);
        let most = limits.max_servers.saturating_add(MORE);
        let cannot = |err| Error::because("cannot have threads", err);
        let board = Scoreboard::new(most, info.options().max_per_ip()).map_err(cannot)?;
        let shared = Shared {
            terms,
            port: &port,
            board,
            counter: post.counter(),
            has_served: AtomicBool::new(false),
            gate: Mutex::new(()),
            end: Mutex::new(None),
        };
        let ears = Ears::new(&shared.board, post.parent()).map_err(cannot)?;
        thread::scope(|scope| {
            let crew = Crew::new(limits, most, &shared.board, Instant::now());
            let every = info.options().check_for_spawn();
            let mut master =
                Master { server, scope, shared: &shared, crew, ears, every, is_failing: false };
            master.serve(post);
            post.finishing();
            master.see_off(listeners);
        });
        post.gone();
        shared.outcome()
    }

    fn serve_waiting(server: &mut S, info: &ServerInfo, listeners: &[Listener]) -> Result<()> {
        // They have come already, and nobody comes after them.
        OneByOne::serve_waiting(server, info, listeners)
    }
}

/// What all threads share.
#[derive(Debug)]
struct Shared<'a> {
    terms: Terms,
    port: &'a Port<'a>,
    board: Scoreboard,
    /// Where the first connection is counted, which tells a process that serves from one that dies at once.
    counter: Option<Counter>,
    has_served: AtomicBool,
    /// Held until it was said that clients are taken: no thread does before that.
    gate: Mutex<()>,
    /// What ends the process though nobody has told it to.
    end: Mutex<Option<End>>,
}

/// Why a process ends that nobody has told to.
#[derive(Debug)]
enum End {
    /// What the server's own code calls fatal.
    Fatal(Error),
    /// A listener is broken.
    Broken(Error),
}

impl Shared<'_> {
    /// A connection begins.
    #[inline]
    fn count(&self) {
        if !self.has_served.load(SeqCst) && !self.has_served.swap(true, SeqCst) {
            self.counter.iter().for_each(Counter::count);
        }
    }

    /// Has the process end by itself, and finish what it serves.
    #[cold]
    fn end(&self, end: End) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        signal::go_on(Event::Asked);
    }

    /// What has become of it.
    fn outcome(self) -> Result<()> {
        match self.end.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(End::Broken(err)) => Err(err),
            Some(End::Fatal(err)) => {
                guard::hand_fatal(err);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A thread from its first step to its last.
fn live<S: NetServer>(server: S, shared: &Shared<'_>, mate: &Mate) {
    // Its end drops the clone, which is the server's own code.
    let lived = guard::run(|| {
        serve(server, shared, mate);
        Ok::<_, Error>(())
    });
    if let Err(failure) = lived {
        log::warn!("{}", failure.of("a thread").chain());
    }
    shared.board.leave(mate.place, true);
    shared.board.wake_parent();
}

/// Serves one connection after the other until it is told to leave.
fn serve<S: NetServer>(mut server: S, shared: &Shared<'_>, mate: &Mate) {
    mate.begin();
    drop(shared.gate.lock());
    let mut seat = shared.board.seat(mate.place, 0, false);
    let mut door = Door::new(shared.port, mate);
    let mut buffers = Buffers::default();
    seat.ready();
    loop {
        let arrival = match door.accept(&mut buffers) {
            Ok(Some(arrival)) => arrival,
            Ok(None) => break,
            Err(err) => {
                shared.end(End::Broken(err));
                break;
            }
        };
        let is_packet = arrival.accepted.is_datagram();
        if is_packet {
            mate.has_packet(true);
        }
        seat.busy();
        shared.count();
        buffers = serve_connection(&mut server, &shared.terms, seat.seat(), arrival, buffers);
        if is_packet {
            mate.has_packet(false);
        }
        if let Some(fatal) = guard::take_fatal() {
            shared.end(End::Fatal(fatal));
        }
        seat.idle();
    }
    seat.gone();
}

/// The thread that has the others.
struct Master<'scope, 'env, 's, S> {
    server: &'s S,
    scope: &'scope Scope<'scope, 'env>,
    shared: &'env Shared<'env>,
    crew: Crew<'env>,
    ears: Ears<'env>,
    /// How often it looks though nobody wants it.
    every: Duration,
    /// Whether the last one could not be started.
    is_failing: bool,
}

impl<'env, S: NetServer + Clone + Send + 'env> Master<'_, 'env, '_, S> {
    /// Turns until the process is to stop.
    fn serve(&mut self, post: &mut impl Post) {
        let mut gate = Some(self.shared.gate.lock());
        let mut nag = Nag::default();
        while signal::accepts() {
            self.ears.listen();
            self.crew.reap();
            if let Some(most) = self.crew.resize(post.more()) {
                log::debug!("at most {most} threads now");
            }
            self.turn();
            if gate.is_some() && self.crew.count() > 0 {
                post.ready();
                gate = None;
            }
            let again = nag.after(self.crew.wake(false));
            let now = Instant::now();
            // Who was started meanwhile may have told already.
            if self.crew.ask_to_be_woken(now) && signal::accepts() {
                self.ears.wait(self.crew.next_turn(now).min(self.every).min(again));
            }
        }
    }

    /// One look at the threads, and what follows from it.
    fn turn(&mut self) {
        let (told, spawn) = self.crew.turn(Instant::now());
        if told > 0 {
            log::debug!("threads told to leave: {told}");
        }
        if spawn > 0 {
            log::debug!("threads started: {spawn}");
        }
        for _ in 0..spawn {
            if !signal::accepts() || !self.spawn() {
                break;
            }
        }
    }

    /// Starts one more. Tells whether that went well.
    fn spawn(&mut self) -> bool {
        let Some(mate) = self.crew.next() else { return false };
        match self.start(&mate) {
            Ok(()) => {
                self.crew.started(mate, Instant::now());
                if std::mem::take(&mut self.is_failing) {
                    log::warn!("threads can be started again");
                }
                true
            }
            Err(err) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    log::warn!("{}: {} serve meanwhile", err.chain(), self.crew.count());
                }
                self.crew.failed(Instant::now());
                false
            }
        }
    }

    /// A thread has the stack that Rust gives it, 2 MiB unless `RUST_MIN_STACK` says otherwise: what it does
    /// not use takes no memory.
    fn start(&self, mate: &Arc<Mate>) -> Result<()> {
        let (shared, scope) = (self.shared, self.scope);
        let started = guard::run(|| {
            let (server, mate) = (self.server.clone(), Arc::clone(mate));
            let thread = thread::Builder::new().name(format!("thread {}", mate.place + 1));
            // Where it fails the clone is dropped, by its own code.
            thread.spawn_scoped(scope, move || live(server, shared, &mate)).map(drop)
        });
        started.map_err(|failure| failure.of("starting a thread"))
    }

    /// Waits until all have left: those that serve once they have finished, or were cut.
    fn see_off(&mut self, listeners: &Listeners) {
        // While no packet is to be answered what that would be done by is closed, too.
        let all = Known::new(listeners.all_descriptors());
        let mut ended = None;
        let mut nag = Nag::default();
        loop {
            self.ears.listen();
            self.crew.reap();
            if self.crew.count() == 0 {
                return;
            }
            let again = nag.after(self.crew.wake(true));
            if ended.is_none() && !self.crew.any_waits() && !self.crew.any_has_packet() {
                ended = Some(Waiting::on(&all));
            }
            self.ears.wait(again);
        }
    }
}

/// When those that have not noticed are woken once more: soon, and then less and less so.
#[derive(Debug, Default)]
struct Nag(Duration);

impl Nag {
    const FIRST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(100);
    /// Nobody is to be woken, and whoever has something to say wakes this thread.
    const NEVER: Duration = Duration::from_secs(3600);

    /// After a time that says whether there were `any`.
    fn after(&mut self, any: bool) -> Duration {
        if !any {
            self.0 = Duration::ZERO;
            return Self::NEVER;
        }
        self.0 = (self.0 * 2).clamp(Self::FIRST, Self::LONGEST);
        self.0
    }
}

/// What the thread that has the others is woken by: those, signals, and the end of the parent.
#[derive(Debug)]
struct Ears<'a> {
    set: PollSet,
    bell: OwnedFd,
    board: &'a Scoreboard,
    parent: Option<OwnedFd>,
}

const BELL: u64 = 0;
const BOARD: u64 = 1;
const PARENT: u64 = 2;

impl<'a> Ears<'a> {
    fn new(board: &'a Scoreboard, parent: Option<&OwnedFd>) -> io::Result<Self> {
        let (set, bell) = (PollSet::new()?, descriptor::bell()?);
        set.add(&bell, BELL)?;
        set.add(board.woken(), BOARD)?;
        let parent = parent.map(|parent| descriptor::duplicate(parent.as_fd())).transpose()?;
        if let Some(parent) = &parent {
            set.add_end_of(parent, PARENT)?;
        }
        signal::ring(bell.as_fd());
        Ok(Self { set, bell, board, parent })
    }

    /// Is about to look at everything that may have woken it.
    fn listen(&self) {
        descriptor::drain(&self.bell);
        descriptor::drain(self.board.woken());
    }

    /// Waits for up to that time.
    fn wait(&mut self, limit: Duration) {
        match self.set.wait(Some(limit)) {
            Ok(Some(PARENT)) => {
                signal::look_for_parent();
                // It stays gone, and once is enough.
                if let Some(parent) = self.parent.take() {
                    let _ = self.set.remove(&parent);
                }
            }
            Ok(_) => {}
            // The kernel does not say so of a set of one's own; others serve, and are looked after.
            Err(_) => drop(poll::pause(limit.min(Nag::LONGEST))),
        }
    }
}

impl Drop for Ears<'_> {
    fn drop(&mut self) {
        signal::ring_no_more();
    }
}
