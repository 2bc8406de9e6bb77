//! A log that is rotated once the server has given up root, and its files are outside of its root: the
//! parent opens the new one, and its children come to it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use netserver::testing::{Client, Scratch, Server, Signal, scratch, wait_until};
use nix::unistd::{Group, User};

use super::privileges::setpriv;
use super::{PARENTS, program};

/// A server of nobody's in a root of its own, that logs outside of that.
struct Jailed {
    server: Server,
    folder: Scratch,
    _root: Scratch,
}

/// The number of the user, and of its group.
fn nobody() -> (u32, u32) {
    let user = User::from_name("nobody").unwrap().unwrap();
    assert!(Group::from_gid(user.gid).is_ok());
    (user.uid.as_raw(), user.gid.as_raw())
}

impl Jailed {
    /// `owner`: to whom the folder of the log belongs.
    fn start(personality: &str, owner: u32) -> Self {
        let (folder, root) = (scratch(), scratch());
        chown(folder.path(), Some(owner), None).unwrap();
        // Whoever it becomes has to get into the new root.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path(), open.clone()).unwrap();
        let server = program!("logs")
            .arg(format!("--server_type={personality}"))
            .arg(format!("--port_file={}", folder.join("port").display()))
            .arg(format!("--log_file={}", folder.join("log").display()))
            .arg(format!("--chroot={}", root.path().display()))
            .arg("--user=nobody")
            .start();
        Self { server, folder, _root: root }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Has a client, whoever serves it, be logged.
    fn say(&self, text: &str) {
        let port = self.folder.join("port");
        self.server.wait_until("it is bound", || port.exists());
        let address = fs::read_to_string(port).unwrap();
        let mut client =
            Client::connect(address.trim_end().trim_end_matches("/tcp").parse().unwrap());
        client.send(format!("{text}\n"));
        assert_eq!(client.line(), "logged");
    }

    /// Moves the log away, and has it opened anew.
    fn rotate(&self, prepare: impl FnOnce(&Path)) -> PathBuf {
        let old = self.folder.join("log.1");
        fs::rename(self.log(), &old).unwrap();
        prepare(&self.log());
        self.server.signal(Signal::SIGUSR1);
        old
    }

    fn stop(self) {
        self.server.stop();
    }
}

fn says(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|log| log.contains(text))
}

#[test]
fn a_log_in_the_users_own_folder_is_made_anew() {
    if setpriv().is_none() {
        return;
    }
    let (uid, _) = nobody();
    for personality in PARENTS {
        let jailed = Jailed::start(personality, uid);
        jailed.say("before");
        assert_eq!(fs::metadata(jailed.log()).unwrap().uid(), uid, "{personality}");
        let old = jailed.rotate(|_| ());
        wait_until("there is a new one", || says(&jailed.log(), "was opened anew"));
        for at in 0..8 {
            jailed.say(&format!("after {at}"));
        }
        for at in 0..8 {
            assert!(says(&jailed.log(), &format!("said after {at}")), "{personality}");
        }
        assert!(says(&old, "said before") && !says(&old, "said after"), "{personality}");
        jailed.stop();
    }
}

#[test]
fn a_log_in_roots_folder_is_made_by_whoever_rotates_it() {
    if setpriv().is_none() {
        return;
    }
    let (uid, gid) = nobody();
    for personality in PARENTS {
        let jailed = Jailed::start(personality, 0);
        jailed.say("before");
        let old = jailed.rotate(|log| {
            fs::write(log, "").unwrap();
            chown(log, Some(uid), Some(gid)).unwrap();
        });
        wait_until("the new one is taken", || says(&jailed.log(), "was opened anew"));
        jailed.say("after");
        assert!(says(&jailed.log(), "said after") && says(&old, "said before"), "{personality}");
        jailed.stop();
    }
}

#[test]
fn a_log_that_cannot_be_made_anew_goes_on_as_it_was() {
    if setpriv().is_none() {
        return;
    }
    for personality in PARENTS {
        let jailed = Jailed::start(personality, 0);
        jailed.say("before");
        let old = jailed.rotate(|_| ());
        let why = "cannot be opened anew: ";
        wait_until("it says so", || says(&old, why) && says(&old, "`create` of logrotate"));
        jailed.say("after");
        assert!(says(&old, "said after") && !jailed.log().exists(), "{personality}");
        jailed.stop();
    }
}

/// Whether a process has that folder open.
fn holds(pid: i32, folder: &Scratch) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    open.filter_map(|one| fs::read_link(one.ok()?.path()).ok()).any(|to| to == folder.path())
}

#[test]
fn whoever_serves_clients_has_no_folder_outside() {
    if setpriv().is_none() {
        return;
    }
    let (uid, _) = nobody();
    for personality in PARENTS {
        let jailed = Jailed::start(personality, uid);
        jailed.say("before");
        assert!(holds(jailed.server.pid(), &jailed.folder), "{personality}");
        for child in jailed.server.children() {
            jailed.server.wait_until("it has let go", || !holds(child, &jailed.folder));
        }
        jailed.stop();
    }
    let jailed = Jailed::start("single", uid);
    jailed.say("before");
    assert!(!holds(jailed.server.pid(), &jailed.folder));
    let old = jailed.rotate(|_| ());
    wait_until("it says so", || says(&old, "has let go of its directory"));
    jailed.say("after");
    assert!(says(&old, "said after") && !jailed.log().exists());
    jailed.stop();
}
