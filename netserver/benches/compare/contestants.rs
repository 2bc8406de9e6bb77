//! The servers that are measured: a name and a command line each. In a command line `{children}`,
//! `{mode}` (`line` or `keep`), `{port}`, `{folder}` and `{path}` are replaced.

use crate::tools::Program;

/// What a server listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listens {
    /// So many ports that the kernel chooses.
    Tcp(usize),
    /// A port that is free just before it starts: it cannot be told to take any.
    Chosen,
    Udp,
    Unix,
}

/// A server that may be started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    /// Words with spaces between them.
    pub(crate) arguments: &'static str,
    pub(crate) listens: Listens,
}

const fn of(
    name: &'static str,
    program: Program,
    arguments: &'static str,
    listens: Listens,
) -> Contestant {
    Contestant { name, program, arguments, listens }
}

const fn ours(name: &'static str, arguments: &'static str) -> Contestant {
    of(name, Program::Netserver, arguments, Listens::Tcp(1))
}

const fn floor(name: &'static str, arguments: &'static str) -> Contestant {
    of(name, Program::Floor, arguments, Listens::Tcp(1))
}

const fn perl(name: &'static str, arguments: &'static str) -> Contestant {
    of(name, Program::Perl, arguments, Listens::Chosen)
}

/// Every server, ours first. `@` stands for `--port 127.0.0.1:0 --mode {mode}`, so many times as it has ports.
pub(crate) const ALL: &[Contestant] = &[
    ours("netserver single", "--server_type single @"),
    ours("netserver fork", "--server_type fork --max_servers 4096 @"),
    ours(
        "netserver prefork",
        "--server_type prefork --min_servers {children} --max_servers {children} @",
    ),
    ours(
        "netserver prefork, client_first",
        "--server_type prefork --min_servers {children} --max_servers {children} --client_first @",
    ),
    ours("netserver prefork_simple", "--server_type prefork_simple --max_servers {children} @"),
    ours(
        "netserver prefork, spare limits",
        "--server_type prefork --min_servers {children} --max_servers 16 --min_spare_servers 1 --max_spare_servers 8 @",
    ),
    of(
        "netserver prefork, 4 ports",
        Program::Netserver,
        "--server_type prefork --min_servers {children} --max_servers {children} @",
        Listens::Tcp(4),
    ),
    of(
        "netserver prefork, 256 ports",
        Program::Netserver,
        "--server_type prefork --min_servers {children} --max_servers {children} @",
        Listens::Tcp(256),
    ),
    of(
        "netserver prefork, Unix",
        Program::Netserver,
        "--server_type prefork --min_servers {children} --max_servers {children} --port {path}|unix --mode {mode}",
        Listens::Unix,
    ),
    ours(
        "netserver thread",
        "--server_type thread --min_servers {children} --max_servers {children} @",
    ),
    ours("netserver multiplex", "--server_type multiplex @"),
    of(
        "netserver multiplex, Unix",
        Program::Netserver,
        "--server_type multiplex --port {path}|unix --mode {mode}",
        Listens::Unix,
    ),
    of(
        "netserver single, UDP",
        Program::Netserver,
        "--server_type single --port 127.0.0.1:0/udp --mode line",
        Listens::Udp,
    ),
    of(
        "netserver prefork, plain build",
        Program::Plain,
        "--server_type prefork --min_servers {children} --max_servers {children} @",
        Listens::Tcp(1),
    ),
    of(
        "netserver multiplex, plain build",
        Program::Plain,
        "--server_type multiplex @",
        Listens::Tcp(1),
    ),
    floor("floor single", "single {keep}"),
    floor("floor fork", "fork {keep}"),
    floor("floor prefork", "prefork -n {children} {keep}"),
    floor("floor prefork, again", "prefork -n {children} {keep}"),
    of(
        "floor prefork, 4 ports",
        Program::Floor,
        "epollex -n {children} -P 4 {keep}",
        Listens::Tcp(4),
    ),
    of(
        "floor prefork, Unix",
        Program::Floor,
        "prefork -n {children} -u {path} {keep}",
        Listens::Unix,
    ),
    floor("floor prefork, client_first", "prefork -n {children} -f {keep}"),
    floor("floor threads", "threads -n {children} {keep}"),
    floor("floor epoll", "epoll {keep}"),
    of("floor epoll, Unix", Program::Floor, "epoll -u {path} {keep}", Listens::Unix),
    of("floor UDP", Program::Floor, "udp", Listens::Udp),
    perl("Net::Server Single", "Single"),
    perl("Net::Server Fork", "Fork"),
    perl("Net::Server PreForkSimple", "PreForkSimple"),
    perl("Net::Server PreFork", "PreFork"),
    perl("Net::Server Multiplex", "Multiplex"),
    of("std thread per connection", Program::Std, "127.0.0.1:0 {mode}", Listens::Tcp(1)),
    of("tokio current_thread", Program::Tokio, "127.0.0.1:0 {mode}", Listens::Tcp(1)),
    of(
        "Apache prefork",
        Program::Apache,
        "-f {benches}/peers/apache.conf -DFOREGROUND {root}",
        Listens::Chosen,
    ),
];

/// The server of that name.
pub(crate) fn find(name: &str) -> Option<&'static Contestant> {
    ALL.iter().find(|contestant| contestant.name == name)
}

/// How it is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) children: usize,
    pub(crate) keeps: bool,
    pub(crate) port: u16,
    pub(crate) folder: &'a str,
    pub(crate) benches: &'a str,
    pub(crate) is_root: bool,
}

impl Contestant {
    /// The words of its command line after the program.
    pub(crate) fn words(&self, start: &Start<'_>) -> Vec<String> {
        let mode = if start.keeps { "keep" } else { "line" };
        if self.program == Program::Perl {
            let script = format!("{}/peers/net_server.pl", start.benches);
            let (port, children) = (start.port.to_string(), start.children.to_string());
            return [&script, self.arguments, &port, &children, mode, start.folder]
                .map(str::to_owned)
                .to_vec();
        }
        let words = self.arguments.split(' ').flat_map(|word| match (word, self.listens) {
            ("@", Listens::Tcp(ports)) => {
                let ports = std::iter::repeat_n("--port=127.0.0.1:0".to_owned(), ports);
                ports.chain([format!("--mode={mode}")]).collect()
            }
            ("{keep}", _) => Vec::from_iter(start.keeps.then(|| "-k".to_owned())),
            ("{root}", _) => Vec::from_iter(start.is_root.then(|| "-DROOT".to_owned())),
            _ => vec![
                word.replace("{children}", &start.children.to_string())
                    .replace("{mode}", mode)
                    .replace("{benches}", start.benches)
                    .replace("{path}", &format!("{}/socket", start.folder)),
            ],
        });
        words.collect()
    }
}
