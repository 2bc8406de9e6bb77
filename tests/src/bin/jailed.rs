//! Tries what whoever has taken a handler over would try, one word on a line, and tells what the kernel
//! said of it. What the hooks are to do is in the environment.

use std::os::fd::BorrowedFd;

use netserver::prelude::*;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::signal::kill;
use nix::sys::stat::{Mode, fstat, stat};
use nix::unistd::{self, Gid, Pid, Uid};

#[derive(Clone)]
struct Jailed;

/// `ok`, or the name of the error.
fn said<T>(outcome: nix::Result<T>) -> String {
    outcome.map_or_else(|errno| format!("{errno:?}"), |_| "ok".into())
}

fn errno(err: &io::Error) -> Errno {
    Errno::from_raw(err.raw_os_error().unwrap_or_default())
}

/// The open folders of this process, and whether their parents can be opened by them.
fn folders() -> String {
    let mut found = Vec::new();
    for number in 0..64 {
        // SAFETY: it is only asked what it is, and whether it is open at all.
        #[allow(unsafe_code)]
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let is_folder = fstat(descriptor).is_ok_and(|stat| stat.st_mode & 0o170_000 == 0o040_000);
        if is_folder {
            let up = openat(descriptor, "..", OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty());
            found.push(format!("{number}:{}", said(up)));
        }
    }
    format!("[{}]", found.join(" "))
}

/// Whether the folder above all others is the root, and the one that this process is in.
fn top() -> nix::Result<bool> {
    let here = stat(".")?;
    for _ in 0..64 {
        unistd::chdir("..")?;
    }
    let (top, root) = (stat(".")?, stat("/")?);
    let same =
        |one: &nix::sys::stat::FileStat| (one.st_dev, one.st_ino) == (root.st_dev, root.st_ino);
    Ok(same(&top) && same(&here))
}

fn attempt(word: &str, rest: &str) -> String {
    let (root, wheel) = (Uid::from_raw(0), Gid::from_raw(0));
    match word {
        "setuid" => said(unistd::setuid(root)),
        "seteuid" => said(unistd::seteuid(root)),
        "setresuid" => said(unistd::setresuid(root, root, root)),
        "setgid" => said(unistd::setgid(wheel)),
        "setegid" => said(unistd::setegid(wheel)),
        "setgroups" => said(unistd::setgroups(&[wheel])),
        "chroot" => said(unistd::chroot(".")),
        "kill" => said(kill(Pid::from_raw(rest.parse().unwrap_or_default()), None)),
        "open" => match std::fs::File::open(rest) {
            Ok(_) => "ok".into(),
            Err(err) => format!("{:?}", errno(&err)),
        },
        "top" => top().map_or_else(|errno| format!("{errno:?}"), |is_root| is_root.to_string()),
        "folders" => folders(),
        "cwd" => std::env::current_dir()
            .map_or_else(|err| format!("{:?}", errno(&err)), |path| path.display().to_string()),
        "pid" => std::process::id().to_string(),
        _ => format!("? {word}"),
    }
}

fn wants(wish: &str) -> bool {
    std::env::var_os(wish).is_some()
}

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Jailed {
    fn post_bind_hook(&mut self) -> Result<()> {
        if let Some(folder) = std::env::var_os("FOLDER") {
            std::mem::forget(std::fs::File::open(folder)?);
        }
        if wants("THREADS") {
            std::thread::spawn(std::thread::park);
        }
        if let Some(file) = std::env::var_os("HOLD") {
            while !std::path::Path::new(&file).exists() {
                std::thread::yield_now();
            }
        }
        Ok(())
    }

    fn pre_loop_hook(&mut self) {
        if wants("LATE_THREADS") {
            std::thread::spawn(std::thread::park);
        }
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(line) = conn.next_line()? {
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match word {
                "quit" => return Ok(()),
                "log" => log::warn!("{rest}"),
                "print" => write!(io::stdout(), "{rest}")?,
                "say" => writeln!(conn, "{rest}")?,
                _ => writeln!(conn, "{}", attempt(word, rest))?,
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Jailed.run()
}
