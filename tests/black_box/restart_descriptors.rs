//! What a process has open after restarts, and what programs see that are started meanwhile (T07, T08).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use netserver::testing::{Client, Program, Server, Signal, tool};

use super::parents::pool_of;
use super::site::{Site, ask_one, restart, while_called};
use super::{PERSONALITIES, callers, extent, tell, with_all};

/// The children of a pool.
const SIZE: usize = 3;

/// The arguments for them, where there is a pool.
fn few(personality: &str) -> Vec<String> {
    let arguments = pool_of(personality, SIZE).into_iter().skip(1);
    arguments.filter(|_| personality.starts_with("prefork")).collect()
}

/// 100 with `HUPS=100`.
fn restarts() -> u32 {
    extent("HUPS", 10)
}

/// A target without its inode, in words that tell which of these it is.
fn kind(target: &str) -> String {
    match target.split_once(":[") {
        Some((kind, number)) if number.trim_end_matches(']').parse::<u64>().is_ok() => kind.into(),
        _ => target.into(),
    }
}

/// The targets of what a program is started with beside the standard streams, if anything: an image that
/// comes by a restart has it no more.
fn left_to_programs() -> BTreeSet<String> {
    let shown = Program::new("ls").args(["-l", LOOK[1]]).run().stdout;
    let open = shown.lines().filter_map(|line| {
        let (before, target) = line.split_once(" -> ")?;
        let number: i32 = before.rsplit_once(' ')?.1.parse().ok()?;
        (number > 2 && !target.starts_with("/proc/")).then(|| target.to_owned())
    });
    open.collect()
}

/// How many of each kind a process has.
fn kinds(server: &Server, process: i32) -> BTreeMap<String, usize> {
    let (mut kinds, left) = (BTreeMap::new(), left_to_programs());
    let table = server.descriptors(process);
    for (_, target) in table.iter().filter(|(_, target)| !left.contains(*target)) {
        *kinds.entry(kind(target)).or_default() += 1;
    }
    kinds
}

/// What a server has; its children, of whom those that are alike are one; and whoever serves a client.
#[derive(Debug, PartialEq)]
struct Open {
    parent: BTreeMap<String, usize>,
    children: BTreeSet<BTreeMap<String, usize>>,
    busy: BTreeMap<String, usize>,
    threads: usize,
}

fn threads(process: i32) -> usize {
    fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count)
}

fn open(server: &Server, address: SocketAddr) -> Open {
    let (parent, children) = (kinds(server, server.pid()), server.alive());
    let children = children.iter().map(|child| kinds(server, *child)).collect();
    let mut client = Client::connect(address);
    client.send("pid\n");
    let busy = kinds(server, client.line().parse().unwrap());
    Open { parent, children, busy, threads: threads(server.pid()) }
}

/// The memory of a process, in KiB; not by its `status`, where the kernel rounds.
fn resident(process: i32) -> usize {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// As many children as it is to have, none of them anything but idle.
fn settle(server: &Server, personality: &str) {
    let size = match personality {
        "prefork" | "prefork_simple" => SIZE,
        "thread" => 1,
        _ => 0,
    };
    server.wait_until("it has the children that it is to have", || {
        server.children().len() == size && server.alive().len() == size
    });
}

/// Clients, some of whom have a child die.
fn clients(address: SocketAddr, personality: &str) {
    let (connections, deaths) = if restarts() < 100 { (20, 1) } else { (200, 5) };
    callers(address).connections(connections).clients(4).run().expect_all_right();
    if personality != "single" {
        for _ in 0..deaths {
            let mut client = Client::connect(address);
            client.send("abort\n");
            // By its end or by a reset.
            assert_eq!(client.try_rest().unwrap_or_default(), b"");
        }
    }
}

#[test]
fn after_restarts_every_process_has_open_what_it_had() {
    for personality in PERSONALITIES {
        let site = Site::new("");
        site.configure(&format!(
            "pid_file = {}\nlog_file = {}\nport_file = {}\nport = {}|unix\n",
            site.path("pid").display(),
            site.path("log").display(),
            site.path("ports").display(),
            site.path("socket").display(),
        ));
        let server = site.program(personality).args(few(personality)).start();
        let ports = site.path("ports");
        server.wait_until("it is bound", || ports.exists());
        let port = fs::read_to_string(&ports).unwrap();
        let port = port.lines().find_map(|line| line.strip_suffix("/tcp")).unwrap();
        let address: SocketAddr = port.parse().unwrap();
        clients(address, personality);
        settle(&server, personality);
        let (before, mut warm) = (open(&server, address), None);
        let log = site.path("log");
        let serves = |generation: u32| {
            let line = format!("generation {generation} serves");
            fs::read_to_string(&log).is_ok_and(|log| log.contains(&line))
        };
        for generation in 2..2 + restarts() {
            server.signal(Signal::SIGHUP);
            server
                .wait_until(format_args!("generation {generation} serves"), || serves(generation));
            clients(address, personality);
            if generation == 10 {
                settle(&server, personality);
                warm = Some(resident(server.pid()));
            }
        }
        settle(&server, personality);
        assert_eq!(open(&server, address), before, "{personality}");
        let grown = resident(server.pid()).saturating_sub(warm.unwrap());
        tell(format_args!("{personality}: {grown} KiB more, {before:?}"));
        assert!(grown <= 1024, "{personality}: {grown} KiB more");
        server.stop();
    }
}

/// The lines that a program has added to a file.
fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// A line of its birth: what was open, by number; and the words of the environment.
fn birth(line: &str) -> (BTreeMap<i32, String>, BTreeMap<String, String>) {
    let (open, words) = line.split_once('\t').unwrap();
    let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.into(), value.into()));
    let open = open.split(' ').filter_map(|word| {
        let (number, target) = word.split_once('=')?;
        Some((number.parse().unwrap(), target.to_owned()))
    });
    (open.collect(), words.split('\t').filter_map(pair).collect())
}

/// The words that tell of descriptors; by how many of the first fields of each entry.
const TELLING: [(&str, usize); 5] = [
    ("BOUND_SOCKETS_ENDS", 1),
    ("BOUND_SOCKETS", 1),
    ("BOUND_SOCKETS_TRIAL", 1),
    ("BOUND_SOCKETS_BEFORE", 2),
    ("BOUND_PID_FILE", 1),
];

/// The descriptors of which the environment tells.
fn listed(words: &BTreeMap<String, String>) -> BTreeSet<i32> {
    let told = TELLING.iter().filter_map(|(name, fields)| Some((words.get(*name)?, *fields)));
    told.flat_map(|(value, fields)| {
        value.split(';').flat_map(move |entry| entry.split(',').take(fields))
    })
    .filter_map(|field| field.parse().ok())
    .collect()
}

#[test]
fn an_image_finds_nothing_open_but_what_it_is_told_of() {
    with_all(&PERSONALITIES, |personality| {
        let site = Site::new("");
        let births = site.path("births");
        site.configure(&format!(
            "pid_file = {}\nlog_file = {}\nport = {}|unix\nport = 127.0.0.1:0/udp\n",
            site.path("pid").display(),
            site.path("log").display(),
            site.path("socket").display(),
        ));
        let server = site.program(personality).env("BIRTHS", &births).start();
        let log = site.path("log");
        for generation in 2..5 {
            let wait = |text: String| {
                server.wait_until(text.clone(), || {
                    fs::read_to_string(&log).is_ok_and(|log| log.contains(&text))
                });
            };
            // The first one says nothing of a generation.
            wait(if generation == 2 {
                "starting!".into()
            } else {
                format!("generation {} serves", generation - 1)
            });
            server.signal(Signal::SIGHUP);
            wait(format!("generation {generation} serves"));
        }
        server.stop();
        let births = lines(&births);
        // The first image, and a trial and a restart for each of the others.
        assert_eq!(births.len(), 1 + 3 * 2, "{personality}: {births:#?}");
        // The first one may have been started with more.
        let first: BTreeSet<i32> = birth(&births[0]).0.into_keys().collect();
        for (at, line) in births.iter().enumerate() {
            let (open, words) = birth(line);
            let listed = listed(&words);
            let found: BTreeSet<i32> = open.keys().copied().collect();
            let expected: BTreeSet<i32> = listed.iter().copied().chain(0..3).collect();
            assert!(found.is_superset(&expected), "{personality}, {at}: {line}");
            let more: Vec<_> = found.difference(&expected).collect();
            assert!(
                more.iter().all(|number| first.contains(number)),
                "{personality}, {at}: {line}"
            );
            let sockets = open.values().filter(|target| target.starts_with("socket:")).count();
            assert!(at == 0 || sockets >= 3, "{personality}, {at}: {line}");
        }
    });
}

const LOOK: [&str; 2] = ["ls", "/proc/self/fd"];

/// What a program sees that this test starts: the first three, the folder that is read, and whatever the
/// test itself was started with.
fn seen_here() -> String {
    Program::new(LOOK[0]).arg(LOOK[1]).run().stdout
}

/// Has the server restart so often while threads and handlers of its start programs.
fn restarts_beside_programs(personality: &str, restarts: u32, under: impl Fn(Program) -> Program) {
    let site = Site::new("");
    let commands = site.path("commands");
    let here = seen_here();
    let allowed: Vec<&str> = here.lines().collect();
    site.configure(&format!("pid_file = {}\n", site.path("pid").display()));
    let program = site.program(personality).args(few(personality));
    let server = under(program).env("COMMANDS", &commands).start();
    server.allow_log("threads at a fork");
    let address = server.address();
    while_called(address, || {
        for generation in 1..=1 + restarts {
            if generation > 1 {
                restart(&server, generation);
            }
            let seen = ask_one(address, &format!("run {}", LOOK.join(" ")));
            assert!(seen.lines().all(|number| allowed.contains(&number)), "{personality}: {seen}");
            assert_eq!(ask_one(address, "handed"), "[]", "{personality}");
            let seen = ask_one(address, "run env");
            for name in ["BOUND_", "HUP_"] {
                assert!(!seen.contains(name), "{personality}: {seen}");
            }
        }
    });
    server.stop();
    let (begun, programs): (Vec<String>, _) =
        lines(&commands).into_iter().partition(|line| line == "begins");
    assert_eq!(begun.len(), usize::try_from(1 + restarts).unwrap());
    assert!(programs.len() > begun.len(), "{personality}: {programs:#?}");
    for seen in &programs {
        let is_allowed = seen.split(' ').all(|number| allowed.contains(&number));
        assert!(is_allowed, "{personality}: {seen}");
    }
}

#[test]
fn programs_see_nothing_of_the_server_and_nothing_of_its_restarts() {
    with_all(&PERSONALITIES, |personality| {
        restarts_beside_programs(personality, restarts(), |program| program);
    });
}

/// What is open across an exec is so for no program that another thread starts just then.
#[test]
fn nor_do_they_where_the_exec_takes_its_time() {
    let Some(strace) = tool("strace") else { return };
    for personality in ["single", "prefork"] {
        let slowly = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=execve", "-e"];
        let slowly = [&slowly[..], &["inject=execve:delay_enter=50000"]].concat();
        restarts_beside_programs(personality, 5, |program| program.under(&strace, &slowly));
    }
}
