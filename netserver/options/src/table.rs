//! The rows: the only list of options in the workspace.
//!
//! Everything that knows options is made from [`for_each_option!`](crate::for_each_option): the checks of the attribute,
//! the command line, the conf file, `--help`, `--print-config`, the typed getters of the runtime
//! and the reference in the docs.

use crate::kind::{KindSpec, Reading};
use crate::personality::{BuiltIn, Scope};
use crate::reject::Reject;

/// One option, as data. The table has the rows of every server's options, [`OptionSpec::own`] makes one of a
/// server's own: so does what the attribute writes.
#[derive(Debug)]
#[non_exhaustive]
pub struct OptionSpec {
    /// The name, with `_`.
    pub name: &'static str,
    /// What texts it takes.
    pub kind: KindSpec,
    /// Where it has an effect.
    pub works_with: Scope,
    /// What holds where nobody sets it.
    pub default: Default,
    /// Whether somebody has to set it.
    pub required: bool,
    /// The letter that stands for it behind one dash.
    pub short: Option<char>,
    /// Whether its values are shown to nobody. `@FILE` stands for what is in a file then.
    pub secret: bool,
    /// Least and greatest value, in the kind's own text.
    pub range: Option<(&'static str, &'static str)>,
    /// The heading it stands under in `--help`.
    pub group: Group,
    /// One line for `--help`: no full stop.
    pub summary: &'static str,
    /// The longer text, in Markdown.
    pub details: &'static str,
    /// The release that brought it.
    pub since: &'static str,
}

/// What holds for an option that nobody sets.
#[derive(Debug, Clone, Copy)]
pub enum Default {
    /// The default of each set of personalities; the first that holds counts. Empty: none.
    By(&'static [(Scope, &'static str)]),
    /// The same values everywhere: one for a scalar, any number for a list.
    Everywhere(&'static [&'static str]),
}

/// The options that a port may have of its own, in braces.
pub const PER_PORT: &[&str] = &[
    "listen",
    "keepalive",
    "client_first",
    "unix_type",
    "unix_mode",
    "unix_owner",
    "unix_group",
    "udp_recv_len",
    "udp_recv_flags",
    "udp_broadcast",
    "ssl_cert_file",
    "ssl_key_file",
    "ssl_client_ca_file",
    "ssl_verify_client",
    "ssl_alpn",
];

/// The option that chooses the personality at the start; the attribute says `personality`.
pub const SERVER_TYPE: &str = "server_type";

/// Headings of `--help` and of the reference, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The options of the server itself.
    Own,
    /// What is listened on.
    Network,
    /// Who may connect.
    Access,
    /// UNIX sockets.
    Unix,
    /// Datagrams.
    Udp,
    /// TLS.
    Tls,
    /// How many processes serve.
    Pool,
    /// What a client may take of time and memory.
    Limits,
    /// The life of a daemon.
    Daemon,
    /// Who the server is once it is bound.
    Privileges,
    /// What is said of what happens, and where.
    Log,
    /// Files, and the rest.
    Server,
}

impl Group {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Own,
        Self::Network,
        Self::Access,
        Self::Unix,
        Self::Udp,
        Self::Tls,
        Self::Pool,
        Self::Limits,
        Self::Daemon,
        Self::Privileges,
        Self::Log,
        Self::Server,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Own => "Own",
            Self::Network => "Network",
            Self::Access => "Access",
            Self::Unix => "UNIX sockets",
            Self::Udp => "Datagrams",
            Self::Tls => "TLS",
            Self::Pool => "Processes",
            Self::Limits => "Limits",
            Self::Daemon => "Daemon",
            Self::Privileges => "Privileges",
            Self::Log => "Log",
            Self::Server => "Server",
        }
    }
}

/// Calls the macro `$then` with every row. A row is: documentation (the longer text), name, kind,
/// and the columns of [`OptionSpec`], every one of them.
#[macro_export]
macro_rules! for_each_option {
    ($then:ident) => {
        $then! {
            /// What to listen on; may repeat. A port number or the name of a service (`8080`, `http`),
            /// perhaps with a host before it and with a protocol and an address family behind it:
            /// `localhost:8080`, `[::1]:53/udp`, `8080/tcp/IPv4`, `443/ssl`. Or a path:
            /// <code>/run/s&#124;unix</code>, <code>/run/s&#124;unixdgram</code>. `,`, `|`, `:`, `/` and
            /// blanks all stand between the parts. Port 0 lets the system choose: the log and `port_file`
            /// say what it chose. So does `ServerInfo::listeners`. In braces a port has settings of its own:
            /// `{port=8080, host=localhost, listen=10}`, with `port`, `host`, `proto`, `ipv`, `listen`,
            /// `keepalive`, and the options of UNIX sockets, datagrams and TLS; a text with a comma
            /// stands in double quotes there.
            port: List<Port> {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "20203"], range: [],
                summary: "Port, host:port/proto or path|unix; may repeat",
            }
            /// The address of the ports that name none. May repeat: the first belongs to the first
            /// port, and so on; the last one to all that follow. `*` is every address, of IPv6 and
            /// IPv4 alike; a name listens on every address it has.
            host: List<Host> {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "*"], range: [],
                summary: "Address of the ports that name none; may repeat",
            }
            /// The protocol of the ports that name none: `tcp`, `udp`, `unix`, `unixdgram` or `ssl`
            /// (TLS over TCP, also called `ssleay`), perhaps with an address family: `udp IPv6`. May
            /// repeat as `host` does.
            proto: List<Proto> {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "tcp"], range: [],
                summary: "Protocol of the ports that name none; may repeat",
            }
            /// The address family of the ports that name none: `4`, `6`, `4 6` for a listener of each, or
            /// `*` for every address that the host has, and one listener for both where the host is `*`.
            /// May repeat as `host` does. What a port, its host or its protocol says of it is stronger.
            ipv: List<Ipv> {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "*"], range: [],
                summary: "4, 6, `4 6` or * for all; may repeat",
            }
            /// How many connections may wait in the kernel until one is accepted. The system's own
            /// limit (`net.core.somaxconn`) holds as well.
            listen: Count {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "4096"], range: ["1", "65535"],
                summary: "Connections that may wait to be accepted",
            }
            /// Whether the kernel probes silent connections (`SO_KEEPALIVE`), so that a peer that
            /// vanished is noticed at last.
            keepalive: Flag {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "true"], range: [],
                summary: "Let the kernel probe silent connections",
            }
            /// Whether clients of TCP ports always speak first, and servers last: a connection is accepted
            /// once its first bytes are there, and the last bytes of a reply take the end of the
            /// connection along, which saves packets and wake-ups. A client that says nothing is accepted
            /// about a second later. What a slow `post_process_request_hook` keeps waiting may leave up to
            /// 0.2 s later.
            client_first: Flag {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Clients of TCP ports speak first",
            }
            /// A file that is written once everything is bound: what is listened on, a line each, as
            /// the `port` option takes it, with the port that the system chose where 0 was asked for.
            /// It appears whole, and goes when the server stops.
            port_file: Maybe<Path> {
                group: Network, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "File that tells what is listened on",
            }
            /// Whether standard input and standard output (descriptors 0 and 1) are the client while it
            /// is served, for programs that a handler starts or libraries that print. What is written
            /// to the connection itself is gathered, and may come later. Of a datagram and of TLS they
            /// are `/dev/null`. With `inet` they always are the client.
            stdio: Flag {
                group: Network, works_with: APART, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Make the client standard input and output",
            }
            /// Whether a port with protocol `unix` takes streams (`sock_stream`) or datagrams
            /// (`sock_dgram`, which makes it `unixdgram`).
            unix_type: Choice<UnixType> {
                group: Unix, works_with: LISTENING, since: "0.1",
                default: [ALL => "sock_stream"], range: [],
                summary: "Streams or datagrams on UNIX sockets",
            }
            /// The permissions of the file of a UNIX socket, in octal; who may write to it may
            /// connect. The file has them before anybody can.
            unix_mode: Mode {
                group: Unix, works_with: LISTENING, since: "0.1",
                default: [ALL => "0600"], range: [],
                summary: "Permissions of a UNIX socket's file",
            }
            /// The user that the file of a UNIX socket is to belong to, by name or number.
            unix_owner: Maybe<Account> {
                group: Unix, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "User that owns a UNIX socket's file",
            }
            /// The group that the file of a UNIX socket is to belong to, by name or number.
            unix_group: Maybe<Account> {
                group: Unix, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "Group that owns a UNIX socket's file",
            }
            /// The longest datagram that is taken whole, of UDP and of UNIX sockets. A longer one is
            /// cut. `Connection::is_truncated` says so.
            udp_recv_len: Size {
                group: Udp, works_with: LISTENING, since: "0.1",
                default: [ALL => "4KiB"], range: ["1", "1MiB"],
                summary: "Longest datagram that is taken whole",
            }
            /// Flags for each `recvmsg`, as a number: those that leave a datagram in the queue, or have
            /// the call not wait, are refused.
            udp_recv_flags: RecvFlags {
                group: Udp, works_with: LISTENING, since: "0.1",
                default: [ALL => "0"], range: [],
                summary: "Flags for receiving datagrams, as a number",
            }
            /// Whether UDP ports may answer a broadcast address (`SO_BROADCAST`).
            udp_broadcast: Flag {
                group: Udp, works_with: LISTENING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Let UDP ports send to broadcast addresses",
            }
            /// The certificate of TLS ports, in PEM, with the chain behind it. May repeat: a client is
            /// shown the first one that has the name it asks for (SNI), or else the first of all.
            ssl_cert_file: List<Path> {
                group: Tls, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "Certificate with its chain, PEM; may repeat",
            }
            /// The private key of each certificate, in PEM and in the same order. Where there is none the
            /// certificate's own file holds it. One that others may read is warned of.
            ssl_key_file: List<Path> {
                group: Tls, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "Private key of each certificate, PEM",
            }
            /// Certificates of those who may issue the clients' own, in PEM.
            ssl_client_ca_file: Maybe<Path> {
                group: Tls, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "Issuers of clients' certificates, PEM",
            }
            /// Whether clients show a certificate: `none`, `optional` (one that is shown has to be right),
            /// `required`, or `auto`: required where `ssl_client_ca_file` is set.
            ssl_verify_client: Choice<VerifyClient> {
                group: Tls, works_with: LISTENING, since: "0.1",
                default: [ALL => "auto"], range: [],
                summary: "Whether clients show a certificate",
            }
            /// The protocols that are spoken inside TLS (ALPN), the preferred first. A client that offers
            /// only others is refused. `Connection::tls` tells which one was agreed on.
            ssl_alpn: List<Text> {
                group: Tls, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "Protocol inside TLS (ALPN); may repeat",
            }
            /// Who may connect: an address, a network as `10.0.0.0/8` or `fe80::/10`, or a regular
            /// expression for the whole of an address or of a name (see `reverse_lookups`), in any case.
            /// May repeat. With no rule at all everybody may. Where there is one, of `allow` or
            /// `deny`, `deny` is asked first, then `allow`, then `access_default`. An IPv4 client is
            /// IPv4 to every rule, on whatever port. The rules are not for clients of UNIX sockets:
            /// those have `allow_uid` and `allow_gid`. With `reverse_lookups`, `10\..*` is also the name
            /// `10.example.com`, which anybody can have: write a network where you mean addresses.
            allow: List<Pattern> {
                group: Access, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Address, network or name that may connect; may repeat",
            }
            /// Who may not connect, written as in `allow`, and stronger than it. An expression with a
            /// letter behind `f`, outside of escapes, classes and groups' names, is one for names:
            /// with `reverse_lookups` it also turns away a client without a confirmed name, who might
            /// be the one that is meant.
            deny: List<Pattern> {
                group: Access, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Address, network or name that may not; may repeat",
            }
            /// What holds for a client that no rule matches, where there is any in `allow` or `deny`.
            access_default: Choice<AccessDefault> {
                group: Access, works_with: ALL, since: "0.1",
                default: [ALL => "deny"], range: [],
                summary: "What holds where no rule matches",
            }
            /// Whether a client's name is looked up, for at most 2 s. A name counts as confirmed where
            /// it leads back to the address: whoever owns an address can give it any name. Rules for
            /// names match confirmed names alone.
            reverse_lookups: Flag {
                group: Access, works_with: ALL, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Look up clients' names and confirm them",
            }
            /// Whether a client without a confirmed name is turned away. It implies
            /// `reverse_lookups`; clients of UNIX sockets have no names and need none.
            double_reverse_lookups: Flag {
                group: Access, works_with: ALL, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Turn away clients without a confirmed name",
            }
            /// The user who may connect to a UNIX socket, by name or number, as the kernel knows the
            /// process that connected. May repeat. Where neither this nor `allow_gid` is set everybody
            /// may who may open the socket; else one of either has to match.
            allow_uid: List<Account> {
                group: Access, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "User who may use a UNIX socket; may repeat",
            }
            /// The group whose members may connect to a UNIX socket, by name or number; see
            /// `allow_uid`. It is held against the group that a process has at that time, and not
            /// against its further ones. May repeat.
            allow_gid: List<Account> {
                group: Access, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Group that may use a UNIX socket; may repeat",
            }
            /// How many connections one client may have at the same time; 0 means no limit. One more is
            /// turned away. A client is an IPv4 address, or the first 64 bits of an IPv6 address,
            /// as whoever has one of these has all of them.
            max_per_ip: Count {
                group: Access, works_with: FORKING, since: "0.1",
                default: [ALL => "0"], range: ["0", "65535"],
                summary: "Connections per client at once; 0: no limit",
            }
            /// The least number of children, busy or idle; with `thread` of threads, as it is for all options
            /// that count children.
            min_servers: Count {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "5"], range: ["1", "65535"],
                summary: "Fewest children alive",
            }
            /// The greatest number of children, busy or idle. When all are busy further clients
            /// wait in the kernel (see `listen`); nobody is refused. With `prefork_simple` there are
            /// always as many. While a child is renewed there may be `max_recycling` more, and children
            /// that empty a queue are not counted (see `max_dequeue`). The signals TTIN and TTOU make it
            /// one more or one less, up to 1000 more.
            max_servers: Count {
                group: Pool, works_with: COUNTED, since: "0.1",
                default: [PREFORKS => "50", MANAGED => "50", ALL => "256"], range: ["1", "65535"],
                summary: "Most children alive",
            }
            /// The least number of idle children: below it more are started, up to `max_servers`.
            min_spare_servers: Count {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "2"], range: ["0", "65534"],
                summary: "Fewest idle children kept ready",
            }
            /// The greatest number of idle children: above it some are retired, down to
            /// `min_servers`. After 30 s without a client it is `min_spare_servers`.
            max_spare_servers: Count {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "10"], range: ["0", "65534"],
                summary: "Most idle children kept",
            }
            /// How many connections a child serves before another takes its place; 0 means no limit.
            /// The other is started first, and once it is ready this one is told to leave; until then
            /// it serves on, so that it may be some more. At most `max_recycling` are renewed at a time.
            max_requests: Count {
                group: Pool, works_with: PREFORKS, since: "0.1",
                default: [ALL => "1000"], range: ["0", "4294967295"],
                summary: "Connections per child; 0: no limit",
            }
            /// How many children may be renewed at the same time, after `max_requests` or with `hup = children`.
            max_recycling: Count {
                group: Pool, works_with: PREFORKS, since: "0.1",
                default: [ALL => "1"], range: ["1", "65535"],
                summary: "Most children renewed at a time",
            }
            /// The longest wait before another child takes the place of one that died before its first
            /// connection. The first wait is 1 s, and each further death in that place doubles it.
            spawn_backoff_max: Period {
                group: Pool, works_with: POOLS, since: "0.1",
                default: [ALL => "1m"], range: ["1s", "1h"],
                summary: "Longest wait after children that died at once",
            }
            /// How children take turns to wait for a client. With `none` all of them wait, and the kernel
            /// wakes one. With the others one waits at a time, and the rest for their turn: by a lock of
            /// the kernel's (`flock`), or a number in shared memory with a pipe to wait on (`pipe`; `semaphore` is the same). Whatever ends the
            /// one whose turn it is, the next one has it then, and nothing is left behind.
            serialize: Choice<Serialize> {
                group: Pool, works_with: PREFORKS, since: "0.1",
                default: [ALL => "none"], range: [],
                summary: "How children take turns to accept",
            }
            /// Whether each child can talk with its parent. It has `ServerInfo::tell_parent` and
            /// `ServerInfo::hear_parent` for that, its parent `child_is_talking_hook` and `Child::tell`.
            /// With `multiplex` no callback is called when the parent has said something: it is heard
            /// when one asks, with a limit of 0, as in `mux_timeout`.
            child_communication: Flag {
                group: Pool, works_with: FORKING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Let children and their parent talk",
            }
            /// How often the parent calls `run_dequeue`, which by default forks a child that runs
            /// `dequeue`, beside those that serve; 0 means never, as without this option.
            check_for_dequeue: Period {
                group: Pool, works_with: FORKING, since: "0.1",
                default: [ALL => "0s"], range: ["0s", "1d"],
                summary: "How often a queue is emptied; 0: never",
            }
            /// The greatest number of children that run `dequeue` at the same time.
            max_dequeue: Count {
                group: Pool, works_with: FORKING, since: "0.1",
                default: [ALL => "1"], range: ["1", "65535"],
                summary: "Most children that empty a queue",
            }
            /// How often the parent looks at each single child, beside those of which the kernel tells
            /// it: another part of the program may have waited for one.
            check_for_dead: Period {
                group: Pool, works_with: FORKING, since: "0.1",
                default: [POOLS => "30s", ALL => "1m"], range: ["10ms", "1h"],
                summary: "How often each child is looked at",
            }
            /// How often the parent counts its children anew, though none of them has woken it.
            check_for_spawn: Period {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "30s"], range: ["10ms", "1h"],
                summary: "How often children are counted anew",
            }
            /// How often the parent looks whether there are more idle children than
            /// `max_spare_servers`. Too few are noticed at once.
            check_for_waiting: Period {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "10s"], range: ["10ms", "1h"],
                summary: "How often surplus children are looked for",
            }
            /// No child is retired as surplus within this time after the last one was started.
            min_child_ttl: Period {
                group: Pool, works_with: MANAGED, since: "0.1",
                default: [ALL => "10s"], range: ["0s", "1d"],
                summary: "Time after a start in which none is retired",
            }
            /// How long one read may wait for the client; 0 means no limit. A read that waited as
            /// long fails with `TimedOut`. `multiplex` closes a connection whose client has sent nothing for
            /// as long; while it is not read from, as too much waits to be sent to it, that does not count.
            read_timeout: Period {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "30s"], range: ["0s", "1d"],
                summary: "Longest wait in one read; 0: no limit",
            }
            /// How long one write may wait for the client; 0 means no limit. A write that waited as
            /// long fails with `TimedOut`. `multiplex` closes a connection whose client has taken nothing for
            /// as long of what waits for it.
            write_timeout: Period {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "30s"], range: ["0s", "1d"],
                summary: "Longest wait in one write; 0: no limit",
            }
            /// How long both ends may take for what a protocol says before the handler's own, such as the
            /// handshake of TLS; 0 means no limit.
            handshake_timeout: Period {
                group: Limits, works_with: LISTENING, since: "0.1",
                default: [ALL => "10s"], range: ["0s", "1d"],
                summary: "Longest handshake of a protocol; 0: no limit",
            }
            /// How long a connection may take in all, from the first hook on; 0 means no limit. A read or
            /// write that is not over by then fails with `TimedOut`. A child whose handler does neither
            /// is killed by its parent within a second more; without a parent it is not interrupted, and
            /// neither is a thread, or the loop of `multiplex`, which serve others too.
            request_timeout: Period {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "0s"], range: ["0s", "1d"],
                summary: "Longest connection in all; 0: no limit",
            }
            /// The longest line that is taken, without its line end; 0 means no limit. A longer one fails
            /// with `InvalidData`. It is `Connection::next_line` that takes lines. With `multiplex` the most
            /// that `mux_input` may leave untaken: a client that sends more is closed.
            max_line: Size {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "64KiB"], range: ["0", "1GiB"],
                summary: "Longest line of a client; 0: no limit",
            }
            /// How much may wait to be sent to one client; 0 means no limit. A client that more is written to
            /// is dropped: it takes less than it is sent, and would fill the memory. While half of that waits,
            /// and at most 64 KiB, nothing is read from it.
            max_unsent: Size {
                group: Limits, works_with: MULTIPLEX, since: "0.1",
                default: [ALL => "1MiB"], range: ["0", "1GiB"],
                summary: "Most bytes that wait for a client; 0: no limit",
            }
            /// Whether a child is refused that asks for the stop of the server; off, it stops the whole
            /// server. It asks by `ServerInfo::server_close`.
            no_close_by_child: Flag {
                group: Limits, works_with: FORKING, since: "0.1",
                default: [ALL => "true"], range: [],
                summary: "Keep children from stopping the server",
            }
            /// How long the server goes on to accept and serve after TERM or QUIT, before the graceful stop
            /// begins: a load balancer that still sends clients may need that time to learn of it. The
            /// service manager is told at once. A second TERM or QUIT begins the graceful stop, INT the quick
            /// one. `ServerInfo::server_close` does not wait for it, and neither does a stop that came before
            /// the server was ready. A `single` server counts whole seconds, rounded up.
            drain_delay: Period {
                group: Limits, works_with: LISTENING, since: "0.1",
                default: [ALL => "0s"], range: ["0s", "1h"],
                summary: "Time to serve on before a graceful stop",
            }
            /// How long requests in progress may take after TERM or QUIT, before they are cut; 0 cuts
            /// them at once. A `single` server counts whole seconds, rounded up.
            graceful_timeout: Period {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "30s"], range: ["0s", "1d"],
                summary: "Time for requests in progress at a stop",
            }
            /// How long a request that was cut may take to return, before its process is killed: a
            /// child by its parent; a `single` server ends itself, after whole seconds, rounded up.
            kill_timeout: Period {
                group: Limits, works_with: ALL, since: "0.1",
                default: [ALL => "5s"], range: ["100ms", "1h"],
                summary: "Time to end at once, before KILL",
            }
            /// What a HUP leads to. `exec`: the server begins anew in the same process, with the program and the
            /// conf file as they are then and the listeners that it has; no client is lost. `children`: each
            /// child of a pool is renewed, and the log is opened anew. `ignore`: nothing. Behind `chroot`,
            /// where there is no program to begin with, `exec` is `children`.
            hup: Choice<Hup> {
                group: Limits, works_with: LISTENING, since: "0.1",
                default: [ALL => "exec"], range: [],
                summary: "What a HUP leads to",
            }
            /// How long the next image may take at a restart from its beginning until it serves: until its hooks
            /// of the start have returned, and with a pool a child is ready. Then the server goes back to the
            /// image before.
            restart_timeout: Period {
                group: Limits, works_with: LISTENING, since: "0.1",
                default: [ALL => "1m"], range: ["1s", "1h"],
                summary: "Time for a restarted server to serve",
            }
            /// Whether children of before a restart may finish their requests however long that takes. Else
            /// they have `graceful_timeout`, as at a stop.
            leave_children_open_on_hup: Flag {
                group: Limits, works_with: FORKING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "No time limit for requests at a restart",
            }
            /// Whether the server goes to the background once it is bound. The process that was started
            /// ends when the server serves, with code 0; what fails before that is said on its standard
            /// error, and it ends with the code for it. The server is in a session of its own, which no
            /// terminal controls, and once it serves its standard streams are `/dev/null`, so that
            /// without a `log_file` its log is lost.
            background: Flag {
                group: Daemon, works_with: LISTENING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Go to the background once bound",
            }
            /// The same: `background` begins a session, too.
            setsid: Flag {
                group: Daemon, works_with: LISTENING, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "The same as background",
            }
            /// A file that tells the number of the server's process, and that is locked as long as the
            /// server lives: a second one with the same file does not start. A file that nobody has locked
            /// is stale, and is taken over. It belongs to the user that starts the server. It goes when
            /// the server stops; where the server has become a user who may not remove it, it is left
            /// empty.
            pid_file: Maybe<Path> {
                group: Daemon, works_with: LISTENING, since: "0.1",
                default: [], range: [],
                summary: "File that tells the server's process, and is locked",
            }
            /// The user that the server becomes once it is bound, by name or number; for good, in all its
            /// processes. Without `group` it has that user's own groups, and no other. A number that this
            /// machine does not know needs `group`.
            user: Maybe<Account> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "User that the server becomes once it is bound",
            }
            /// The groups that the server has once it is bound: `www-data`, or `www-data,adm`, and it may
            /// repeat. The first is its group, and all of them together are every group that it has left.
            group: List<Accounts> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Groups that the server has once it is bound",
            }
            /// The folder that is the server's `/` once it is bound. Files that handlers and
            /// `reverse_lookups` need have to be in it. So have those of hooks from `pre_loop_hook` on. Only
            /// together with `user` it keeps anybody in.
            chroot: Maybe<Folder> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Folder that becomes the server's root",
            }
            /// Whether the server, having become another `user`, may still gain privileges by programs
            /// that it starts, as by those that are set-user-ID. Without it `no_new_privs` holds.
            new_privs: Flag {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Let programs it starts gain privileges",
            }
            /// How many descriptors each process of the server may have open: its limit, soft and hard, from
            /// the start on. More than the hard limit that it is started with takes root. Where it is not set, that of
            /// `multiplex` is the hard limit, up to 1,048,576; programs that a callback starts have the same.
            rlimit_nofile: Maybe<Count> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: ["16", "1073741816"],
                summary: "Descriptors that a process may have open",
            }
            /// The permissions that files made by the server do not have, in octal, from the start on; the pid
            /// file alone is for everybody to read in any case.
            umask: Maybe<Mode> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Permissions that new files do not have",
            }
            /// The folder that the server works in once it is bound, entered as the `user` that it is then;
            /// with `chroot` a folder in there. Without it the server is in `/` after `chroot`, and else
            /// where it was started.
            working_directory: Maybe<Folder> {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "Folder that the server works in once it is bound",
            }
            /// Whether what is only warned of for the sake of security is an error: to serve as root where
            /// `user` does not say so, `chroot` as root, a `conf_file`, a key or a secret that others may change or
            /// read, folders left open behind a `chroot`, threads at the drop and at forks. Best in the program or
            /// on the command line: whoever may change a conf file can leave it out there.
            strict: Flag {
                group: Privileges, works_with: ALL, since: "0.1",
                default: [ALL => "false"], range: [],
                summary: "Turn warnings about security into errors",
            }
            /// What is logged: 0 errors, 1 warnings, 2 notices, 3 information, 4 everything. These are
            /// the `error`, `warn`, `info`, `debug` and `trace` of the `log` crate.
            log_level: Count {
                group: Log, works_with: ALL, since: "0.1",
                default: [ALL => "2"], range: ["0", "4"],
                summary: "0 errors, 1 warnings, 2 notices, 3 information, 4 all",
            }
            /// Where the log goes, instead of standard error: a file, or `Sys::Syslog` (or `syslog`) for the
            /// syslog daemon; `stderr` is standard error, where something weaker says otherwise. The file is made where there is none, with permissions 0640, and written to at its
            /// end. It has to be a regular file with one name, of root, of the server's user or of whoever
            /// starts the server: a link, a FIFO, a device, or a directory that anybody may write to ends the
            /// start. USR1 opens it anew, for rotation.
            log_file: Maybe<LogFile> {
                group: Log, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "File for the log, Sys::Syslog or stderr",
            }
            /// What syslog is told that the records are of.
            syslog_ident: Text {
                group: Log, works_with: ALL, since: "0.1",
                default: [ALL => "net_server"], range: [],
                summary: "Name of the server for syslog",
            }
            /// Options of syslog, joined by `|`: `pid` (each record has the number of its process), `cons` (what
            /// does not reach the daemon goes to the console), `nofatal` (a daemon that is not there does not
            /// end the start). `ndelay` and `nowait` are always so.
            syslog_logopt: Logopt {
                group: Log, works_with: ALL, since: "0.1",
                default: [ALL => "pid"], range: [],
                summary: "cons, nofatal, pid: options of syslog",
            }
            /// What part of the system syslog is told that the records are of.
            syslog_facility: Choice<Facility> {
                group: Log, works_with: ALL, since: "0.1",
                default: [ALL => "daemon"], range: [],
                summary: "Facility of the records for syslog",
            }
            /// The way to the syslog daemon: `unix` or `native` (`/dev/log`), `stream` (the same, a stream), `udp`
            /// or `inet`, `tcp` (port `syslog`, 514, of this host), or the absolute path of a UNIX socket. A
            /// daemon that was started anew is connected again; after a `chroot` only where its socket is
            /// in there too, or by `udp` and `tcp`.
            syslog_logsock: Logsock {
                group: Log, works_with: ALL, since: "0.1",
                default: [ALL => "unix"], range: [],
                summary: "unix, stream, udp, tcp or a path: way to syslog",
            }
            /// A file with further options, one on a line: `name = value`. It is weaker than the
            /// command line and stronger than what the program has built in.
            conf_file: Maybe<Path> {
                group: Server, works_with: ALL, since: "0.1",
                default: [], range: [],
                summary: "File with further options",
            }
            /// The personality, whichever the program declares.
            server_type: Choice<BuiltIn> {
                group: Server, works_with: ALL, since: "0.1",
                default: [ALL => "single"], range: [],
                summary: "How connections are given to processes",
            }
        }
    };
}

macro_rules! rows {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ident $(<$inner:ident>)? {
            group: $group:ident, works_with: $scope:ident, since: $since:literal,
            default: [$($holds:ident => $default:literal),*], range: [$($low:literal, $high:literal)?],
            summary: $summary:literal,
        }
    )*) => {
        /// Every option there is.
        pub static OPTIONS: &[OptionSpec] = &[$(
            OptionSpec {
                name: stringify!($name),
                kind: KindSpec::of::<option_kind!($kind $($inner)?)>(),
                works_with: Scope::$scope,
                default: Default::By(&[$((Scope::$holds, $default)),*]),
                required: false,
                short: None,
                secret: false,
                range: rows!(@range $($low, $high)?),
                group: Group::$group,
                summary: $summary,
                details: concat!($($doc, "\n"),+),
                since: $since,
            }
        ),*];
    };
    (@range) => { None };
    (@range $low:literal, $high:literal) => { Some(($low, $high)) };
}

/// The type that a row's kind names: `Count`, `List Port` for `List<Port>`, `Choice BuiltIn`.
#[macro_export]
macro_rules! option_kind {
    ($plain:ident) => { $crate::kind::$plain };
    (Choice $choices:ident) => { $crate::kind::Choice<$crate::$choices> };
    ($outer:ident $inner:ident) => { $crate::kind::$outer<$crate::kind::$inner> };
}

for_each_option!(rows);

/// The options of one server: those of the table, and its own.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    own: &'static [OptionSpec],
}

impl Table {
    /// The options that every server has.
    pub const BUILT_IN: Self = Self::with(&[]);

    /// The same and these.
    pub const fn with(own: &'static [OptionSpec]) -> Self {
        Self { own }
    }

    /// The server's own options, and then all others.
    pub fn iter(self) -> impl Iterator<Item = &'static OptionSpec> {
        self.own.iter().chain(OPTIONS)
    }

    /// The server's own options.
    pub const fn own(self) -> &'static [OptionSpec] {
        self.own
    }

    /// The option of that name, where `-` and `_` are alike.
    pub fn find(self, name: &str) -> Option<&'static OptionSpec> {
        self.iter().find(|spec| {
            let alike = |(a, b)| a == b || (a == b'_' && b == b'-');
            spec.name.len() == name.len() && spec.name.bytes().zip(name.bytes()).all(alike)
        })
    }

    /// The option that a letter stands for behind one dash.
    pub fn find_short(self, letter: char) -> Option<&'static OptionSpec> {
        self.iter().find(|spec| spec.short == Some(letter))
    }

    /// Why `name` is no option, with what it is here or the nearest one that is.
    pub fn unknown(self, name: &str) -> Reject {
        Reject::unknown_option(name, self.iter().map(|spec| spec.name))
    }
}

/// The option of that name that every server has, where `-` and `_` are alike.
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    Table::BUILT_IN.find(name)
}

/// Why `name` is no option of every server, with the nearest one that is.
pub fn unknown(name: &str) -> Reject {
    Table::BUILT_IN.unknown(name)
}

impl OptionSpec {
    /// An option of a server's own, without default.
    pub const fn own(
        name: &'static str,
        summary: &'static str,
        details: &'static str,
        kind: KindSpec,
    ) -> Self {
        Self {
            name,
            kind,
            works_with: Scope::ALL,
            default: Default::Everywhere(&[]),
            required: false,
            short: None,
            secret: false,
            range: None,
            group: Group::Own,
            summary,
            details,
            since: "",
        }
    }

    /// The same with a default.
    #[must_use]
    pub const fn default(mut self, texts: &'static [&'static str]) -> Self {
        self.default = Default::Everywhere(texts);
        self
    }

    /// The same between two bounds.
    #[must_use]
    pub const fn range(mut self, low: &'static str, high: &'static str) -> Self {
        self.range = Some((low, high));
        self
    }

    /// The same, but somebody has to set it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same with a letter that stands for it behind one dash.
    #[must_use]
    pub const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// The same, but its values are shown to nobody, and `@FILE` stands for what is in a file.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The default text of a scalar for a personality; `None` stands for somebody's own.
    pub fn default_for(&self, personality: Option<BuiltIn>) -> Option<&'static str> {
        self.defaults_for(personality).first().copied()
    }

    /// The default texts for a personality: more than one for a list.
    pub fn defaults_for(&self, personality: Option<BuiltIn>) -> Vec<&'static str> {
        let holds = |scope: Scope| personality.is_none_or(|one| scope.contains(one));
        match self.default {
            Default::Everywhere(texts) => texts.to_vec(),
            Default::By(each) => {
                let first = each.iter().find(|(scope, _)| holds(*scope));
                first.map(|(_, text)| *text).into_iter().collect()
            }
        }
    }

    /// The default in words, where `value` writes one value: `value` alone, or "`256` with `fork`, `50`
    /// with `prefork`" where that depends on the personality. Empty where there is none.
    pub fn default_in_words(&self, value: impl Fn(&str) -> String) -> String {
        let mut each: Vec<(String, Scope)> = Vec::new();
        for one in BuiltIn::ALL.iter().filter(|one| self.works_with.contains(**one)) {
            let texts: Vec<_> = self.defaults_for(Some(*one)).into_iter().map(&value).collect();
            let (texts, scope) = (texts.join(", "), Scope::of(*one));
            match each.iter_mut().find(|(known, _)| *known == texts) {
                Some((_, holds)) => *holds = holds.or(scope),
                None => each.push((texts, scope)),
            }
        }
        if let [(texts, _)] = each.as_slice() {
            return texts.clone();
        }
        let each = each.iter().map(|(texts, scope)| format!("{texts} with {}", scope.names()));
        each.collect::<Vec<_>>().join(", ")
    }

    /// Whether the option has an effect there; somebody's own personality may use any.
    pub fn works_with(&self, personality: Option<BuiltIn>) -> bool {
        personality.is_none_or(|one| self.works_with.contains(one))
    }

    /// One occurrence of a value, held against kind and range: the validator of every source. A refused
    /// secret is not shown.
    ///
    /// # Errors
    /// What was expected, where the text is not it.
    pub fn check(&self, text: &str) -> Result<Reading, Reject> {
        let hide = |reject| if self.secret { self.refused_secret() } else { reject };
        self.reading(text).map_err(hide)
    }

    /// Why a secret was refused, without a word of it: what a type says may have the text in it.
    pub fn refused_secret(&self) -> Reject {
        let expected = self.bounded().unwrap_or_else(self.kind.expected);
        Reject::new(format!("expected {expected}, got a secret that is something else"))
    }

    /// What is expected where the row has bounds, which are the narrower ones.
    fn bounded(&self) -> Option<String> {
        self.range.map(|(low, high)| format!("{}, {low} to {high}", (self.kind.bounded)()))
    }

    fn reading(&self, text: &str) -> Result<Reading, Reject> {
        let range = self.range.map(|(low, high)| format!("{low} to {high}"));
        let bounded = |reject| {
            self.bounded().map_or(reject, |expected| Reject::expected(expected, text.trim()))
        };
        let reading = (self.kind.read)(text).map_err(bounded)?;
        match (self.range, range, reading.measure) {
            (Some(bounds), Some(range), Some(measure)) if !self.within(bounds, measure) => {
                Err(Reject::expected(range, text.trim()))
            }
            _ => Ok(reading),
        }
    }

    fn within(&self, (low, high): (&str, &str), measure: u64) -> bool {
        let bound = |text| (self.kind.read)(text).ok().and_then(|reading| reading.measure);
        bound(low).is_some_and(|low| low <= measure)
            && bound(high).is_some_and(|high| measure <= high)
    }

    /// Why the option cannot be set where one of `chosen` serves and none of them uses it.
    pub fn out_of_scope(&self, chosen: impl Into<Scope>) -> Reject {
        Reject::new(format!("has no effect with personality {}", chosen.into().names()))
            .with_help(format!("remove it, or use personality {}", self.works_with.names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_its_own_rules() {
        for (at, spec) in OPTIONS.iter().enumerate() {
            let name = spec.name;
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{name}: snake_case"
            );
            assert!(OPTIONS[..at].iter().all(|other| other.name != name), "{name}: twice");
            assert!(!crate::command::is_command(name), "{name}: is a command too");
            let defaults = spec.defaults_for(None);
            assert!(spec.kind.optional || !defaults.is_empty(), "{name}: no default");
            assert!(!spec.summary.ends_with('.') && spec.summary.len() <= 60, "{name}: summary");
            assert!(!spec.details.trim().is_empty(), "{name}: details");
            for text in defaults {
                let reading = spec.check(text).unwrap_or_else(|err| panic!("{name}: {err}"));
                assert_eq!(reading.canonical, text, "{name}: default in its usual form");
            }
            if let Some((low, high)) = spec.range {
                for bound in [low, high] {
                    assert!(spec.check(bound).is_ok(), "{name}: bound {bound}");
                }
            }
        }
    }

    #[test]
    fn a_refused_value_says_what_was_expected() {
        let fault = |name: &str, text: &str| find(name).unwrap().check(text).unwrap_err().fault;
        assert_eq!(fault("max_servers", "0"), "expected 1 to 65535, got 0");
        assert_eq!(fault("max-servers", "lots"), "expected a whole number, 1 to 65535, got lots");
        assert_eq!(
            fault("server_type", "forkd"),
            "expected `single`, `inet`, `fork`, `prefork_simple`, `prefork`, `multiplex` or `thread`, got forkd"
        );
        assert_eq!(fault("port", "99999"), "expected a port number from 0 to 65535, got 99999");
    }

    /// Hand-written; the attribute, the command line and the conf file are held to it elsewhere.
    #[test]
    fn each_option_has_its_verdicts() {
        let rows: Vec<Vec<&str>> = include_str!("../verdicts.txt")
            .lines()
            .filter(|row| !row.starts_with('#'))
            .map(|row| row.splitn(3, '|').collect())
            .collect();
        for row in &rows {
            let said =
                find(row[0]).unwrap().check(row[1]).map_or_else(|err| err.fault, |_| "good".into());
            assert_eq!(said, row[2], "{row:?}");
        }
        for spec in OPTIONS {
            let count = |good| {
                let of_it = rows.iter().filter(|row| row[0] == spec.name);
                of_it.filter(|row| (row[2] == "good") == good).count()
            };
            // Any text but none is the name of a file, and any at all is a text.
            let bad = match spec.kind.placeholder {
                "FILE" | "FOLDER" => 1,
                "TEXT" => 0,
                _ => 2,
            };
            assert!(count(true) >= 1 && count(false) >= bad, "{}", spec.name);
        }
    }

    #[test]
    fn names_take_dash_and_underscore_alike() {
        assert!(find("max-servers").is_some());
        assert!(find("max_servers").is_some());
        assert!(find("max servers").is_none());
        assert_eq!(unknown("max_server").help.as_deref(), Some("did you mean `max_servers`?"));
    }
}
