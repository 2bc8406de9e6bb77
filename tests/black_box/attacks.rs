//! Somebody who swaps what stands under the names of a server's files while it starts: nobody else's file is
//! ever written to, given away or opened for others (T20).

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use netserver::testing::{Scratch, scratch};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{actor, extent, tell};

/// What a victim holds: what a pid file may hold, so that nothing but its being another file protects it.
const SECRET: &str = "17\n";

/// Whatever a server may be made to take for a file of its own.
const SWAPS: [fn(&Path, &Path) -> bool; 6] = [
    |name, victim| symlink(victim, name).is_ok(),
    |name, victim| fs::hard_link(victim, name).is_ok(),
    |name, _| mkfifo(name, Mode::S_IRWXU).is_ok(),
    |name, _| fs::create_dir(name).is_ok(),
    |name, victim| symlink(victim.with_extension("new"), name).is_ok(),
    |_, _| true,
];

/// Puts one thing after the other under a name, until it is told to stop.
fn swap(name: &Path, victim: &Path, stop: &AtomicBool) -> usize {
    let mut count = 0;
    for put in SWAPS.iter().cycle() {
        if stop.load(Relaxed) {
            return count;
        }
        count += usize::from(put(name, victim));
        thread::yield_now();
        let _ = fs::remove_file(name).or_else(|_| fs::remove_dir(name));
    }
    count
}

struct Victim(PathBuf);

impl Victim {
    fn new(folder: &Scratch) -> Self {
        let path = folder.write("victim", SECRET);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        Self(path)
    }

    #[track_caller]
    fn expect_untouched(&self) {
        let found = fs::metadata(&self.0).unwrap();
        assert_eq!(fs::read_to_string(&self.0).unwrap(), SECRET);
        let us = nix::unistd::geteuid().as_raw();
        assert_eq!((found.mode() & 0o7777, found.uid()), (0o600, us));
        assert!(!self.0.with_extension("new").exists());
    }
}

/// Starts servers whose file has that name while it is swapped; each fails or serves, and none does harm.
fn attack(option: &str, mode: u32) {
    // 2,000 with `ATTACKS=2000`.
    let tries = extent("ATTACKS", 40);
    let (all, stop) = (scratch(), AtomicBool::new(false));
    let (victim, folder) = (Victim::new(&all), all.join("shared"));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    let name = folder.join("name");
    let (mut started, mut refused) = (0, 0);
    let swaps = thread::scope(|scope| {
        let attacker = scope.spawn(|| swap(&name, &victim.0, &stop));
        for _ in 0..tries {
            let option = option.replace('@', &name.display().to_string());
            // It goes as far as it can without a client.
            let finished =
                actor(&["--server_type=single", &option]).env("FAIL", "pre_loop_hook").run();
            let finished = finished.expect_code(1);
            if finished.stderr().contains("told to fail") {
                started += 1;
            } else {
                refused += 1;
            }
            victim.expect_untouched();
        }
        stop.store(true, Relaxed);
        attacker.join().unwrap()
    });
    tell(format_args!("{option} in {mode:o}: {started} started, {refused} refused, {swaps} swaps"));
    victim.expect_untouched();
    assert!(swaps > tries, "{swaps} swaps");
}

#[test]
fn a_pid_file_is_no_way_to_write_to_anothers_file() {
    attack("--pid_file=@", 0o1777);
    attack("--pid_file=@", 0o755);
    attack("--pid_file=@", 0o777);
}

#[test]
fn a_port_file_is_no_way_to_write_to_anothers_file() {
    attack("--port_file=@", 0o1777);
    attack("--port_file=@", 0o777);
}

#[test]
fn a_log_file_is_no_way_to_write_to_anothers_file() {
    attack("--log_file=@", 0o1777);
    attack("--log_file=@", 0o755);
    attack("--log_file=@", 0o777);
}

/// In a folder of its own somebody may rename whatever it likes: here by turns its own file and a socket.
#[test]
fn a_socket_gives_nobodys_file_away() {
    let tries = extent("ATTACKS", 40);
    let (all, stop) = (scratch(), AtomicBool::new(false));
    let victim = Victim::new(&all);
    let (name, other) = (all.join("socket"), all.join("other"));
    thread::scope(|scope| {
        let attacker = scope.spawn(|| {
            while !stop.load(Relaxed) {
                // As soon as there is a socket, the victim's file stands in its place.
                if fs::rename(&name, &other).is_ok() {
                    let _ = fs::hard_link(&victim.0, &name);
                    thread::yield_now();
                    let _ = fs::remove_file(&name);
                }
            }
        });
        for _ in 0..tries {
            let port = format!("--port={}|unix", name.display());
            let options = ["--server_type=single", &port, "--unix_mode=0666"];
            let server = actor(&options).env("FAIL", "pre_loop_hook");
            server.run().expect_code(1);
            victim.expect_untouched();
        }
        stop.store(true, Relaxed);
        attacker.join().unwrap();
    });
}

#[test]
fn a_socket_is_no_way_to_open_anothers_file() {
    attack("--port=@|unix", 0o1777);
    attack("--port=@|unix", 0o755);
    attack("--port=@|unix", 0o777);
}
