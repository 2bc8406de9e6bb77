//! What a child does to its parent and to other children once a client has got the better of it. It has
//! its descriptors, and the memory that it shares with them; it may know all that the source says.

use std::fs::{self, File, OpenOptions};
use std::hint::spin_loop;
use std::io::{IoSlice, Read, Write};
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use netserver::Message;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockaddrLike, SockaddrStorage, getsockname, recv,
    send, sendmsg,
};

/// Does what goes by that word for so long. Tells whether there is such a word.
pub(crate) fn does(word: &str, time: Duration) -> bool {
    match word {
        "garbage" => say(time, b"garbage"),
        "empty" => say(time, b""),
        "large" => say(time, &vec![b'1'; 150_000]),
        "bulk" => say(time, &vec![b'1'; Message::LONGEST]),
        "drip" => drip(time, b"1x"),
        "chat" => chat(time, b"1x"),
        "hand_over" => hand_over(time),
        "wake" => wake(time),
        "keep_asleep" => keep_asleep(time),
        "turn_flags" => turn_flags(),
        "scribble" => scribble(time),
        _ => return false,
    }
    true
}

/// This process's descriptors beside standard input, output and error.
pub(crate) fn descriptors() -> Vec<(RawFd, String)> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let open = entries.flatten().filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?.display().to_string();
        Some((entry.file_name().to_str()?.parse().ok()?, target))
    });
    open.filter(|(number, _)| *number > 2).collect()
}

/// The line to the parent.
fn line() -> Option<RawFd> {
    let sockets = descriptors().into_iter().filter(|(_, target)| target.starts_with("socket:"));
    sockets.map(|(number, _)| number).find(|number| {
        let name = getsockname::<SockaddrStorage>(*number);
        name.is_ok_and(|name| name.family() == Some(AddressFamily::Unix))
    })
}

fn again_and_again(time: Duration, mut deed: impl FnMut()) {
    let start = Instant::now();
    while start.elapsed() < time {
        deed();
    }
}

/// It never waits, and is full now and then.
const NOW: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);

/// Sends that to the parent.
fn say(time: Duration, packet: &[u8]) {
    let Some(line) = line() else { return };
    again_and_again(time, || {
        let _ = send(line, packet, NOW);
    });
}

/// The same so slowly that the parent is done with each before the next one comes.
fn drip(time: Duration, packet: &[u8]) {
    const PAUSE: Duration = Duration::from_micros(50);
    let Some(line) = line() else { return };
    again_and_again(time, || {
        let _ = send(line, packet, NOW);
        again_and_again(PAUSE, spin_loop);
    });
}

/// The same, each time as soon as the parent has answered.
fn chat(time: Duration, packet: &[u8]) {
    let Some(line) = line() else { return };
    let start = Instant::now();
    again_and_again(time, || {
        let _ = send(line, packet, NOW);
        while start.elapsed() < time && recv(line, &mut [0; 8], NOW).is_err() {}
    });
}

/// Sends descriptors to the parent, with what else a message is.
fn hand_over(time: Duration) {
    let Some(line) = line() else { return };
    let (bytes, descriptors) = ([IoSlice::new(b"1x")], [0, 1, 2, line]);
    let rights = [ControlMessage::ScmRights(&descriptors)];
    again_and_again(time, || {
        let _ = sendmsg::<()>(line, &bytes, &rights, NOW, None);
    });
}

/// Its pipes and counters: what wakes the parent, or whose turn it is. What it writes into the log is what
/// it has to say.
fn wakers() -> Vec<RawFd> {
    // Whoever reads the log is woken by any child.
    let log = fs::read_link("/proc/self/fd/2").map(|log| log.display().to_string());
    let log = log.unwrap_or_default();
    let wakes = |target: &str| {
        target != log && (target.starts_with("pipe:") || target.contains("[eventfd]"))
    };
    let all = descriptors().into_iter().filter(|(_, target)| wakes(target));
    all.map(|(number, _)| number).collect()
}

fn reopen(number: RawFd) -> Option<File> {
    let path = format!("/proc/self/fd/{number}");
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path).ok()
}

/// Writes to whatever wakes somebody.
fn wake(time: Duration) {
    let mut wakers: Vec<File> = wakers().into_iter().filter_map(reopen).collect();
    // As much as a pipe holds.
    let much = 1_u64.to_ne_bytes().repeat(8192);
    again_and_again(time, || {
        for waker in &mut wakers {
            drop(waker.write(&much));
        }
    });
}

/// Takes whatever was to wake somebody.
fn keep_asleep(time: Duration) {
    let mut wakers: Vec<File> = wakers().into_iter().filter_map(reopen).collect();
    again_and_again(time, || {
        for waker in &mut wakers {
            drop(waker.read(&mut [0; 4096]));
        }
    });
}

/// Has calls on what it shares with others wait that did not, and those not wait that did.
fn turn_flags() {
    for (number, target) in descriptors() {
        if target.starts_with('/') {
            continue;
        }
        #[expect(unsafe_code, reason = "there is no owner whom to ask")]
        // SAFETY: it was open just now, and this process has one thread.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let flags = fcntl(descriptor, FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
        if let Ok(flags) = flags {
            let _ = fcntl(descriptor, FcntlArg::F_SETFL(flags ^ OFlag::O_NONBLOCK));
        }
    }
}

/// The memory that it shares with others: where it begins, and how long it is.
fn shared() -> Vec<(u64, usize)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (start, end) = (number(start)?, number(end)?);
        rest.starts_with("rw-s").then_some((start, usize::try_from(end - start).ok()?))
    };
    maps.lines().filter_map(range).collect()
}

/// Writes numbers all over it, most of them such as stand for something.
fn scribble(time: Duration) {
    const MOST: usize = 64 * 1024;
    let Ok(memory) = OpenOptions::new().write(true).open("/proc/self/mem") else { return };
    let (shared, mut random) = (shared(), 0x9E37_79B9_7F4A_7C15_u64);
    let mut number = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        match random % 8 {
            0 => i64::MIN,
            1 | 2 => i64::MAX,
            3 => random.cast_signed(),
            small => i64::try_from(small).unwrap_or_default() - 4,
        }
    };
    again_and_again(time, || {
        for (start, length) in &shared {
            let count = (*length).min(MOST) / 8;
            let scrap: Vec<u8> = (0..count).flat_map(|_| number().to_ne_bytes()).collect();
            drop(memory.write_all_at(&scrap, *start));
        }
    });
}
