//! The effective options as a systemd unit that starts this server with them, and lets it do no more than
//! they need.
//!
//! Takes in options and what they ask to listen on, hands on text; asks nobody for anything. It speaks of
//! options by their names, so that it knows of those alone that this program has.

mod words;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use netserver_options::kind::{self, Kind};
use netserver_options::{BuiltIn, OptionSpec};

use super::merge::Merged;
use super::print::ListenRecord;
use super::secret;
use super::set::Setting;
use super::source::Source;
use words::{plain, quoted, specifiers, words};

/// What systemd does itself, and has a service not do.
const APART: [&str; 2] = ["background", "setsid"];

/// What the unit is made of.
#[derive(Debug)]
pub(crate) struct Unit<'a> {
    /// The running program.
    pub(crate) program: &'a Path,
    /// Where paths begin that are not absolute.
    pub(crate) folder: &'a Path,
    pub(crate) about: &'a str,
    pub(crate) settings: &'a [Setting],
    /// The words of the command line that are no options.
    pub(crate) rest: &'a [OsString],
    pub(crate) merged: &'a Merged,
    pub(crate) listen: &'a [ListenRecord],
    /// Whether the server tells systemd how it is.
    pub(crate) tells: bool,
}

/// Lines of one unit.
struct Lines(String);

impl Lines {
    fn section(&mut self, name: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.put(format_args!("{gap}[{name}]"));
    }

    fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        self.put(format_args!("{name}={value}"));
    }

    fn say(&mut self, text: &str) {
        self.put(format_args!("# {text}"));
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

impl Unit<'_> {
    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let mut lines = Lines(String::new());
        lines.section("Unit");
        let name = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = if self.about.is_empty() { &name } else { self.about };
        lines.set("Description", plain(about));
        if self.is_inet() {
            lines.say("A service for each connection: with NAME.socket, which has Accept=yes, this is NAME@.service.");
        } else if self.waits_for_the_network() {
            lines.say("A port is on an address that has to be there first.");
            lines.set("Wants", "network-online.target");
            lines.set("After", "network-online.target");
        } else {
            lines.set("After", "network.target");
        }
        lines.section("Service");
        self.life(&mut lines);
        self.account(&mut lines);
        self.files(&mut lines);
        harden(&mut lines);
        lines.set("RestrictAddressFamilies", self.families());
        if !self.is_inet() {
            lines.section("Install");
            lines.set("WantedBy", "multi-user.target");
        }
        lines.0
    }

    fn is_inet(&self) -> bool {
        self.merged.personality == Some(BuiltIn::Inet)
    }

    /// Whether it has children, which its parent sees to.
    fn has_children(&self) -> bool {
        !matches!(self.merged.personality, Some(BuiltIn::Inet | BuiltIn::Single) | None)
    }

    /// How it is started, watched and stopped.
    fn life(&self, lines: &mut Lines) {
        for hidden in self.given().filter(|one| is_hidden(one)) {
            let name = hidden.spec.name;
            lines.say(&format!("--{name} was given, and is secret: add --{name}=@FILE."));
        }
        lines.set("ExecStart", self.command());
        if self.is_inet() {
            lines.set("StandardInput", "socket");
            lines.set("StandardError", "journal");
        } else {
            self.word(lines);
        }
        if !self.is_inet() {
            lines.say(
                "HUP restarts it. From systemd 253 on Type=notify-reload can stand for this line.",
            );
            lines.set("ExecReload", "kill -HUP $MAINPID");
        }
        lines.say("The parent is told, and sees its children off; what is left is killed.");
        lines.set("KillMode", "mixed");
        lines.say("drain_delay, graceful_timeout, kill_timeout and a little.");
        lines.set("TimeoutStopSec", self.stop_takes());
        if !self.is_inet() {
            lines.set("Restart", "on-failure");
            lines.say("Options that are wrong stay wrong.");
            lines.set("RestartPreventExitStatus", 2);
        }
    }

    /// What systemd hears of it.
    fn word(&self, lines: &mut Lines) {
        if !self.tells {
            lines.say("With netserver's feature `systemd` this can be Type=notify.");
            lines.set("Type", "exec");
            return;
        }
        lines.set("Type", "notify");
        lines.set("NotifyAccess", "main");
        if self.has_children() {
            lines.say("The parent of the children says so often that it goes on, or is ended.");
            lines.set("WatchdogSec", "30s");
        } else {
            lines.say(
                "A request that takes longer than WatchdogSec= would be ended: it is not set here.",
            );
        }
    }

    /// The program with the options of this command line.
    fn command(&self) -> String {
        let given = self.given().filter(|one| !APART.contains(&one.spec.name));
        let given = given.filter(|one| !is_hidden(one));
        let given = given.map(|one| format!("--{}={}", one.spec.name, self.value(one)));
        let apart = APART.iter().filter(|name| self.option(name) == Some("true"));
        let words = given.chain(apart.map(|name| format!("--{name}=no"))).map(OsString::from);
        let rest = (!self.rest.is_empty()).then(|| OsString::from("--"));
        let words = words.chain(rest).chain(self.rest.iter().cloned());
        let words: Vec<_> = words.map(|word| quoted(&word, true)).collect();
        // The path alone is no place for variables.
        let program = quoted(self.program.as_os_str(), false);
        std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// What whoever started it has set: on the command line, and in the environment where that says
    /// nothing. A service has another environment.
    fn given(&self) -> impl Iterator<Item = &Setting> {
        let on_line = |one: &&Setting| one.source == Source::CommandLine;
        let said =
            move |name| self.settings.iter().any(|one| on_line(&one) && one.spec.name == name);
        let around = move |one: &&Setting| {
            matches!(one.source, Source::Environment { .. }) && !said(one.spec.name)
        };
        self.settings.iter().filter(on_line).chain(self.settings.iter().filter(around))
    }

    /// A path means another file elsewhere.
    fn value(&self, setting: &Setting) -> String {
        if let Some(file) = secret::file(&setting.text).filter(|_| setting.spec.secret) {
            return format!("@{}", self.folder.join(file).to_string_lossy());
        }
        if is_file(setting.spec) && is_path(&setting.text) {
            return self.folder.join(&setting.text).to_string_lossy().into_owned();
        }
        setting.text.clone()
    }

    /// The last value of an option that may be left out, or that this program may not have.
    fn option(&self, name: &str) -> Option<&str> {
        self.merged.texts(name).last().map(String::as_str).filter(|text| !text.is_empty())
    }

    fn stop_takes(&self) -> String {
        const MORE: u64 = 5000;
        let time = |name: &str| self.option(name).and_then(|text| kind::Period::parse(text).ok());
        let time =
            |name: &str| time(name).and_then(|time| kind::Period::measure(&time)).unwrap_or(0);
        let steps = ["drain_delay", "graceful_timeout", "kill_timeout"].map(time);
        let all = steps.into_iter().fold(MORE, u64::saturating_add);
        format!("{}s", all.div_ceil(1000))
    }

    /// Who it is, and what it may do as that.
    fn account(&self, lines: &mut Lines) {
        let own_drop = self.drops();
        let user = self.option("user").filter(|_| !own_drop);
        if own_drop {
            lines.say("The server becomes who it is by itself, with what is left to it: it starts as root.");
        } else if let Some(user) = user {
            lines.set("User", plain(user));
        } else {
            lines.say("The options name no user, so this runs as root: give it one by User=.");
        }
        let wanted = self.capabilities(own_drop);
        lines.say("Nothing that root could, but what the options need.");
        lines.set("CapabilityBoundingSet", &wanted);
        if user.is_some() && !wanted.is_empty() {
            lines.set("AmbientCapabilities", &wanted);
        }
        lines.set("NoNewPrivileges", "yes");
        if let Some(count) = self.option("rlimit_nofile") {
            lines.set("LimitNOFILE", plain(count));
        }
    }

    /// Whether it has to be root at first, and gives that up by itself: for another root; for groups, of which
    /// systemd would add the user's further ones; and for files that may be root's, or in folders of root's.
    fn drops(&self) -> bool {
        let groups = !self.merged.texts("group").is_empty();
        let others = || self.written().iter().any(|folder| managed(folder).is_none());
        // It may be for root alone to read.
        let read = ["conf_file", "ssl_key_file"].iter().any(|name| self.option(name).is_some());
        let read = read || self.merged.secret_files().next().is_some();
        let user = self.option("user").is_some();
        self.option("chroot").is_some() || groups || (user && (read || others()))
    }

    fn capabilities(&self, drops: bool) -> String {
        let low =
            |one: &ListenRecord| matches!(one.port, Ok(number) if (1..1024).contains(&number));
        let gives = self.option("unix_owner").is_some() || self.option("unix_group").is_some();
        let wanted = [
            (self.listen.iter().any(low), "CAP_NET_BIND_SERVICE"),
            (gives || drops, "CAP_CHOWN"),
            // A file that was given away has its mode set; a log that is the user's by now is opened again.
            (gives, "CAP_FOWNER"),
            (drops, "CAP_DAC_OVERRIDE"),
            (drops, "CAP_SETUID"),
            (drops, "CAP_SETGID"),
            (drops, "CAP_SETPCAP"),
            (self.option("chroot").is_some(), "CAP_SYS_CHROOT"),
        ];
        let wanted = wanted.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
        wanted.collect::<Vec<_>>().join(" ")
    }

    /// What it may read and write.
    fn files(&self, lines: &mut Lines) {
        if let Some(folder) = self.working_folder() {
            lines.say("Some paths of the options begin here.");
            lines.set("WorkingDirectory", specifiers(&folder.to_string_lossy()));
        }
        lines.say("All is read only, but what stands in the lines below.");
        lines.set("ProtectSystem", "strict");
        let (written, all) = (self.written(), self.all_paths());
        let below = |folders: &[&str]| {
            all.iter().any(|path| folders.iter().any(|folder| path.starts_with(folder)))
        };
        if below(&["/home", "/root", "/run/user"]) {
            lines.say("Something of this server is there.");
            lines.set("ProtectHome", "read-only");
        } else {
            lines.set("ProtectHome", "yes");
        }
        if below(&["/tmp", "/var/tmp"]) {
            lines.say("Something of this server is in a folder for everybody's files.");
            lines.set("PrivateTmp", "no");
        } else {
            lines.set("PrivateTmp", "yes");
        }
        let mut others = Vec::new();
        for folder in written {
            match managed(&folder) {
                Some((name, below)) => lines.set(name, words(&[below])),
                None => others.push(folder),
            }
        }
        if !others.is_empty() {
            lines.set("ReadWritePaths", words(&others));
        }
    }

    /// The folders that files of its own are made in, each once.
    fn written(&self) -> Vec<PathBuf> {
        let names = ["pid_file", "log_file", "port_file"];
        let files = names.iter().filter_map(|name| self.option(name)).filter(|text| is_path(text));
        let sockets =
            self.listen.iter().filter_map(|one| one.port.as_ref().err()).map(String::as_str);
        let mut all: Vec<PathBuf> = Vec::new();
        for file in files.chain(sockets) {
            let file = self.folder.join(file);
            let folder = file.parent().unwrap_or(&file).to_owned();
            // Devices are there for everybody.
            if !folder.starts_with("/dev") && !all.contains(&folder) {
                all.push(folder);
            }
        }
        all
    }

    /// Everything that it opens by a path.
    fn all_paths(&self) -> Vec<PathBuf> {
        let effective = self.merged.effective.iter().filter(|one| is_file(one.spec));
        let files = effective.flat_map(|one| &one.texts).map(String::as_str);
        let files = files.chain(self.merged.secret_files().map(|(file, _)| file));
        let files = files.map(|file| self.folder.join(file));
        let program = self.program.to_owned();
        files.chain(self.written()).chain([program]).collect()
    }

    /// The folder of the start, where a path that the unit does not name depends on it.
    fn working_folder(&self) -> Option<&Path> {
        let relative = |text: &String| is_path(text) && !text.starts_with('/');
        let effective = self.merged.effective.iter();
        let others = effective.filter(|one| is_file(one.spec) && !is_in_command(&one.source));
        let file = others.flat_map(|one| &one.texts).any(relative);
        let is_elsewhere =
            |file: &str, source: &Source| !file.starts_with('/') && !is_in_command(source);
        let secret = self.merged.secret_files().any(|(file, source)| is_elsewhere(file, source));
        let socket = self.listen.iter().any(|one| one.port.as_ref().err().is_some_and(relative));
        (file || secret || socket).then_some(self.folder)
    }

    /// Whether a port is on an address of one interface.
    fn waits_for_the_network(&self) -> bool {
        self.listen.iter().any(|one| {
            let address = one.host.parse::<std::net::IpAddr>();
            let always = address.map_or(one.host == "*" || one.host == "localhost", |address| {
                address.is_unspecified() || address.is_loopback()
            });
            one.port.is_ok() && !always
        })
    }

    /// What it may speak: what it listens on, and UNIX for the log and for systemd.
    fn families(&self) -> String {
        let asks =
            self.option("reverse_lookups").is_some_and(|when| when != "none" && when != "false");
        let of = |ipv: &str| self.listen.iter().any(|one| one.port.is_ok() && one.ipv == ipv);
        let both = asks || self.is_inet() || of("*");
        // Syslog by UDP or TCP is on this host, by IPv4.
        let syslog = ["udp", "tcp"].map(Some).contains(&self.option("syslog_logsock"));
        let wanted = [
            (both || syslog || of("4"), "AF_INET"),
            (both || of("6"), "AF_INET6"),
            (true, "AF_UNIX"),
        ];
        let wanted = wanted.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
        wanted.collect::<Vec<_>>().join(" ")
    }
}

/// What no server needs; a handler that does has its line changed.
fn harden(lines: &mut Lines) {
    for name in [
        "PrivateDevices",
        "ProtectClock",
        "ProtectControlGroups",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "LockPersonality",
    ] {
        lines.set(name, "yes");
    }
    lines.say("No code that is made while it runs; a handler with a compiler of its own needs it.");
    lines.set("MemoryDenyWriteExecute", "yes");
    lines.set("SystemCallArchitectures", "native");
    lines.say("What the ports speak, and UNIX for the log and for systemd; a handler may connect elsewhere.");
}

/// A folder that systemd makes at the start, and gives to the user.
fn managed(folder: &Path) -> Option<(&'static str, PathBuf)> {
    const MADE: [(&str, &str); 3] = [
        ("/run", "RuntimeDirectory"),
        ("/var/run", "RuntimeDirectory"),
        ("/var/log", "LogsDirectory"),
    ];
    MADE.iter().find_map(|(above, name)| {
        let below = folder.strip_prefix(above).ok()?;
        let is_one = below.file_name().is_some() && !below.starts_with("user");
        is_one.then(|| (*name, below.to_owned()))
    })
}

/// Whether what a source says is in the command of the unit, where paths are absolute.
const fn is_in_command(source: &Source) -> bool {
    matches!(source, Source::CommandLine | Source::Environment { .. })
}

/// Whether a value is to be seen nowhere.
fn is_hidden(setting: &Setting) -> bool {
    setting.spec.secret && secret::file(&setting.text).is_none()
}

/// Whether the values of an option are files.
fn is_file(spec: &OptionSpec) -> bool {
    let files = [kind::Path::PLACEHOLDER, kind::Folder::PLACEHOLDER, kind::LogFile::PLACEHOLDER];
    files.contains(&spec.kind.placeholder)
}

/// Whether a text names a file, and not a place of its own, as a log's may.
fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains("::") && text != "stderr"
}

#[cfg(test)]
mod tests {
    use netserver_options::{Scope, Table};

    use super::super::args::{self, Unknown};
    use super::super::merge::merge;
    use super::super::set::OptionSet;
    use super::*;

    static TOKEN: [OptionSpec; 1] =
        [OptionSpec::own("token", "", "", kind::KindSpec::of::<kind::Text>()).secret()];

    fn unit(personality: BuiltIn, words: &[&str], listen: &[ListenRecord]) -> String {
        unit_with(personality, words, &[], listen)
    }

    /// Beside the words, with pairs from an attribute.
    fn unit_with(
        personality: BuiltIn,
        words: &[&str],
        pairs: &[(&str, &str)],
        listen: &[ListenRecord],
    ) -> String {
        unit_of(personality, words, (Source::Attribute, pairs), listen)
    }

    /// Beside the words, with pairs from another source.
    fn unit_of(
        personality: BuiltIn,
        words: &[&str],
        (source, pairs): (Source, &[(&str, &str)]),
        listen: &[ListenRecord],
    ) -> String {
        let words = words.iter().map(OsString::from);
        let table = Table::with(&TOKEN);
        let mut line = args::read(words, table, Unknown::Refused).unwrap();
        let mut weaker = OptionSet::new(table, source);
        for (name, text) in pairs {
            weaker.set(name, *text).unwrap();
        }
        line.settings.extend(weaker.into_settings());
        let merged = merge(&line.settings, table, Some(personality)).unwrap();
        Unit {
            program: Path::new("/usr/sbin/echo"),
            folder: Path::new("/srv/here"),
            about: "Says it 100% again",
            settings: &line.settings,
            rest: &line.rest,
            merged: &merged,
            listen,
            tells: true,
        }
        .text()
    }

    fn record(host: &str, port: Result<u16, &str>, ipv: &'static str) -> ListenRecord {
        let port = port.map_err(str::to_owned);
        ListenRecord { host: host.into(), port, proto: "tcp", ipv }
    }

    #[test]
    fn the_command_is_what_was_written() {
        let words = ["--port=0", "--port-file", "x/ports", "--graceful-timeout=10s", "a b"];
        let text = unit(BuiltIn::PreFork, &words, &[record("::", Ok(0), "*")]);
        let start = "ExecStart=/usr/sbin/echo --port=0 --port_file=/srv/here/x/ports \
                     --graceful_timeout=10s -- \"a b\"\n";
        assert!(text.contains(start), "{text}");
        assert!(text.contains("\nReadWritePaths=/srv/here/x\n"), "{text}");
        assert!(!text.contains("WorkingDirectory"), "{text}");
        assert!(text.contains("Description=Says it 100%% again\n"), "{text}");
    }

    #[test]
    fn a_low_port_needs_a_capability_and_no_other() {
        let has = |text: &str, line: &str| assert!(text.contains(line), "{line} in {text}");
        let low = unit(BuiltIn::Fork, &[], &[record("127.0.0.1", Ok(80), "4")]);
        has(&low, "\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n");
        has(&low, "\nRestrictAddressFamilies=AF_INET AF_UNIX\n");
        has(&low, "\nAfter=network.target\n");
        let high = unit(BuiltIn::Fork, &[], &[record("192.0.2.1", Ok(8080), "4")]);
        has(&high, "\nCapabilityBoundingSet=\n");
        has(&high, "\nAfter=network-online.target\n");
        has(&unit(BuiltIn::Single, &[], &[record("::", Ok(1), "*")]), "AF_INET AF_INET6 AF_UNIX\n");
    }

    #[test]
    fn a_socket_has_its_folder_made() {
        let text = unit(BuiltIn::PreFork, &[], &[record("*", Err("/run/echo/s"), "*")]);
        assert!(text.contains("\nRuntimeDirectory=echo\n"), "{text}");
        assert!(text.contains("\nRestrictAddressFamilies=AF_UNIX\n"), "{text}");
        assert!(!text.contains("ReadWritePaths"), "{text}");
        let text = unit(BuiltIn::PreFork, &[], &[record("*", Err("/run/s"), "*")]);
        assert!(text.contains("\nReadWritePaths=/run\n"), "{text}");
        let text = unit(BuiltIn::PreFork, &[], &[record("*", Err("s"), "*")]);
        assert!(text.contains("\nWorkingDirectory=/srv/here\n"), "{text}");
    }

    #[test]
    fn the_account_is_the_units() {
        let low = [record("::", Ok(80), "*")];
        let words = ["--user=www", "--rlimit_nofile=4096", "--log_file=/var/log/echo/log"];
        let text = unit(BuiltIn::PreFork, &words, &low);
        for line in [
            "User=www",
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            "LimitNOFILE=4096",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
        }
        // What only root can do it does by itself: another root, groups and no others, files among root's.
        for (word, more) in [
            ("--chroot=/srv/www", " CAP_SYS_CHROOT"),
            ("--group=mail log", ""),
            ("--log_file=/var/log/www.log", ""),
        ] {
            let text = unit(BuiltIn::PreFork, &["--user=www", word], &low);
            assert!(!text.contains("\nUser=") && !text.contains("\nAmbient"), "{text}");
            let wanted =
                "CAP_NET_BIND_SERVICE CAP_CHOWN CAP_DAC_OVERRIDE CAP_SETUID CAP_SETGID CAP_SETPCAP";
            assert!(text.contains(&format!("{wanted}{more}\n")), "{text}");
        }
        let text = unit(BuiltIn::PreFork, &["--user=www", "--unix_owner=mail"], &low);
        assert!(text.contains("CAP_NET_BIND_SERVICE CAP_CHOWN CAP_FOWNER\n"), "{text}");
        let syslog = ["--log_file=syslog", "--syslog_logsock=udp"];
        let text = unit(BuiltIn::PreFork, &syslog, &[record("::1", Ok(80), "6")]);
        assert!(text.contains("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"), "{text}");
    }

    #[test]
    fn the_file_of_a_secret_is_one_of_its_files() {
        let text = unit(BuiltIn::PreFork, &["--user=www", "--token=@/root/token"], &[]);
        assert!(!text.contains("\nUser="), "{text}");
        assert!(text.contains("\nProtectHome=read-only\n"), "{text}");
        let text = unit(BuiltIn::PreFork, &["--token=@token"], &[]);
        assert!(text.contains(" --token=@/srv/here/token\n"), "{text}");
        assert!(!text.contains("WorkingDirectory"), "{text}");
        let text = unit_with(BuiltIn::PreFork, &[], &[("token", "@token")], &[]);
        assert!(text.contains("\nWorkingDirectory=/srv/here\n"), "{text}");
        let text = unit(BuiltIn::PreFork, &["--user=www", "--token=text"], &[]);
        assert!(text.contains("\nUser=www\n"), "{text}");
    }

    #[test]
    fn what_the_environment_has_set_is_in_the_command() {
        let around = Source::Environment { prefix: "ECHO" };
        let pairs = [("token", "@token"), ("port_file", "ports"), ("listen", "5")];
        let text = unit_of(BuiltIn::PreFork, &["--listen=6"], (around, &pairs), &[]);
        let start = " --listen=6 --token=@/srv/here/token --port_file=/srv/here/ports\n";
        assert!(text.contains(start), "{text}");
        assert!(!text.contains("WorkingDirectory"), "{text}");
        let conf = Source::Conf { file: "echo.conf".into(), line: 1 };
        for one in &pairs[..2] {
            let text = unit_of(BuiltIn::PreFork, &[], (conf.clone(), &[*one]), &[]);
            assert!(text.contains("\nWorkingDirectory=/srv/here\n"), "{text}");
        }
    }

    #[test]
    fn a_service_stays_where_systemd_has_started_it() {
        let words = ["--background", "--log_file=/var/log/echo/log", "--pid_file=pid", "--port=1"];
        let text = unit(BuiltIn::PreFork, &words, &[]);
        let start =
            "--log_file=/var/log/echo/log --pid_file=/srv/here/pid --port=1 --background=no\n";
        assert!(text.contains(start), "{text}");
        assert!(text.contains("\nLogsDirectory=echo\n"), "{text}");
        for (log, shown) in [("log", "/srv/here/log"), ("syslog", "Sys::Syslog")] {
            let text = unit(BuiltIn::PreFork, &[&format!("--log_file={log}")], &[]);
            assert!(text.contains(&format!("--log_file={shown}\n")), "{text}");
        }
        assert!(!unit(BuiltIn::PreFork, &["--background=no"], &[]).contains("background"));
    }

    #[test]
    fn only_who_has_children_is_watched() {
        let watched = |personality| unit(personality, &[], &[]).contains("\nWatchdogSec=");
        for one in BuiltIn::ALL {
            assert_eq!(watched(*one), Scope::FORKING.contains(*one), "{one:?}");
        }
    }

    #[test]
    fn the_end_is_waited_for() {
        let text = unit(BuiltIn::PreFork, &["--graceful-timeout=1500ms", "--kill-timeout=2s"], &[]);
        assert!(text.contains("\nTimeoutStopSec=9s\n"), "{text}");
        let text = unit(BuiltIn::PreFork, &["--drain-delay=10s", "--kill-timeout=2s"], &[]);
        assert!(text.contains("\nTimeoutStopSec=47s\n"), "{text}");
    }
}
