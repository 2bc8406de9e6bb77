//! HUP while datagrams come: each is answered once, by whichever generation has it (T26).

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Server, Signal};

use super::restart_load::Tells;
use super::{PERSONALITIES, extent, pause, program, tell, with_all};

/// The lengths of those that come at their pace, and of those that come now and then among them.
const LENGTHS: [usize; 4] = [0, 1, 100, 1472];
const LARGE: [usize; 3] = [8192, 60_000, 65_507];
/// After how many there is one of the large ones.
const BETWEEN: usize = 100;
/// How long one is waited for at a time.
const LOOK: Duration = Duration::from_millis(200);
/// After how long without any answer none is waited for any more.
const SILENCE: Duration = Duration::from_secs(5);
/// What the server takes of each: it cuts the largest.
const TAKEN: usize = 60_000;
/// How many may be without an answer: no more than fit into a socket's queue.
const OPEN: usize = 48;
/// What lies between two: 2,000 in a second.
const PACE: Duration = Duration::from_micros(500);
/// What lies between the beginnings of two restarts, where the first of them takes no longer.
const BETWEEN_RESTARTS: Duration = Duration::from_millis(500);

/// The datagram of that number; one too short for it is known by its length alone.
fn datagram(number: usize) -> Vec<u8> {
    let large = number / BETWEEN % LARGE.len();
    let length =
        if number.is_multiple_of(BETWEEN) { LARGE[large] } else { LENGTHS[number % LENGTHS.len()] };
    let mut bytes = format!("{number} ").into_bytes();
    if length < bytes.len() {
        bytes.fill(b' ');
    }
    bytes.resize(length, b'.');
    bytes
}

/// What the server is to say of it, but for its generation, which stands in the middle.
fn answer(datagram: &[u8], peer: &str) -> (String, String) {
    let cut = if datagram.len() > TAKEN { "truncated" } else { "whole" };
    let number = datagram.split(|byte| *byte == b' ').next().unwrap_or_default();
    let length = datagram.len().min(TAKEN);
    (format!("{length} {cut} {peer}"), String::from_utf8_lossy(number).into_owned())
}

/// What has come, each answer as often as it did.
#[derive(Debug, Default)]
struct Answers {
    times: BTreeMap<(String, String), usize>,
    generations: BTreeSet<u32>,
}

impl Answers {
    fn add(&mut self, answer: &str) {
        let words: Vec<&str> = answer.splitn(5, ' ').collect();
        let &[length, cut, peer, generation, number] = &words[..] else { panic!("{answer}") };
        self.generations.insert(generation.parse().unwrap());
        let key = (format!("{length} {cut} {peer}"), number.to_owned());
        *self.times.entry(key).or_default() += 1;
    }
}

fn start(personality: &str) -> Server {
    program!("lasting")
        .arg("--port=0/udp")
        .arg(format!("--server_type={personality}"))
        .arg(format!("--udp_recv_len={TAKEN}"))
        .start()
}

fn client(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // From nobody else, and so from the address that was asked.
    socket.connect(server.address()).unwrap();
    socket.set_read_timeout(Some(LOOK)).unwrap();
    socket
}

/// Sends them at their pace, until there were enough and no more are wanted. Hands on how many.
fn send(
    socket: &UdpSocket,
    count: usize,
    answered: &AtomicUsize,
    is_wanted: impl Fn() -> bool,
) -> usize {
    let (start, mut number) = (Instant::now(), 0);
    while number < count || is_wanted() {
        let begin = Instant::now();
        while number - answered.load(Relaxed) >= OPEN {
            if begin.elapsed() > SILENCE {
                return number;
            }
            pause(PACE);
        }
        socket.send(&datagram(number)).unwrap();
        number += 1;
        pause((PACE * number.try_into().unwrap()).saturating_sub(start.elapsed()));
    }
    number
}

/// Takes what comes, until `is_all` says that it was all that is to come, or nothing comes any more.
fn receive(socket: &UdpSocket, answered: &AtomicUsize, is_all: impl Fn(usize) -> bool) -> Answers {
    let (mut answers, mut room) = (Answers::default(), [0; 500]);
    let mut last = Instant::now();
    loop {
        let count = answered.load(Relaxed);
        if is_all(count) || last.elapsed() > SILENCE {
            return answers;
        }
        if let Ok(length) = socket.recv(&mut room) {
            answers.add(&String::from_utf8_lossy(&room[..length]));
            answered.store(count + 1, Relaxed);
            last = Instant::now();
        }
    }
}

/// Whoever serves gets to answer somebody: more than may have been open with those of before.
fn wait_for_answers(server: &Server, answered: &AtomicUsize) {
    let enough = answered.load(Relaxed) + OPEN + 1;
    server.wait_until("it has answered", || answered.load(Relaxed) >= enough);
}

fn restart(server: &Server, times: u32, answered: &AtomicUsize) {
    wait_for_answers(server, answered);
    for generation in (2..).take(times as usize) {
        let (begin, lines) = (Instant::now(), server.log().len());
        server.signal(Signal::SIGHUP);
        server.wait_for_log_after(lines, &format!("generation {generation} serves"));
        wait_for_answers(server, answered);
        pause(BETWEEN_RESTARTS.saturating_sub(begin.elapsed()));
    }
}

fn none_is_lost(personality: &str, restarts: u32, count: usize) {
    let server = start(personality);
    let socket = client(&server);
    let (answered, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let sent = AtomicUsize::new(usize::MAX);
    let begin = Instant::now();
    let (answers, sent) = thread::scope(|scope| {
        let answers =
            scope.spawn(|| receive(&socket, &answered, |count| count >= sent.load(Relaxed)));
        let sender = scope.spawn(|| send(&socket, count, &answered, || !is_over.load(Relaxed)));
        {
            let _over = Tells(&is_over);
            restart(&server, restarts, &answered);
        }
        let count = sender.join().unwrap();
        sent.store(count, Relaxed);
        (answers.join().unwrap(), count)
    });
    let time = begin.elapsed();
    tell(format_args!("{personality}: {sent} datagrams, {restarts} restarts in {time:.1?}"));
    let peer = socket.local_addr().unwrap().to_string();
    let mut expected = BTreeMap::new();
    for number in 0..sent {
        *expected.entry(answer(&datagram(number), &peer)).or_insert(0) += 1;
    }
    assert!(answers.times == expected, "{personality}: lost, doubled or wrong");
    assert_eq!(answers.generations, (1..=restarts + 1).collect());
    assert!(socket.recv(&mut [0; 500]).is_err(), "{personality}: one came twice");
    server.stop();
}

/// 20,000 of each personality, across 10 restarts, with `DATAGRAMS=20000`.
#[test]
fn no_datagram_is_lost_or_doubled_by_a_restart() {
    let count: usize = extent("DATAGRAMS", 2_000);
    let restarts = if count > 2_000 { 10 } else { 3 };
    with_all(&PERSONALITIES, |personality| none_is_lost(personality, restarts, count));
}
