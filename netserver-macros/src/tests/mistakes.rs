//! Mistakes, and what is said of each. How it looks and where it points is in the ui tests.

use proc_macro2::TokenStream;

use super::{errors, expand, tokens};
use crate::pipeline;

/// Arguments of an impl block that is right.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("port = 20203", &[]),
    ("port = 20_203u16, max_line = 64KiB, keepalive = false,", &[]),
    (
        "port = -1",
        &["option `port`: expected a port as 8080, host:8080, host:8080/tcp or /path|unix, got -1"],
    ),
    ("port = 0x10000", &["option `port`: expected a port number from 0 to 65535, got 65536"]),
    (
        r#"port = [1, 99999, 2, "x!"]"#,
        &[
            "option `port`: expected a port number from 0 to 65535, got 99999",
            "option `port`: expected a port as 8080, host:8080, host:8080/tcp or /path|unix, got x!",
        ],
    ),
    (
        r#"port = ["/run/a", "/run/b|unix", 80, "/run/c"]"#,
        &[
            "option `port`: /run/a is a path, and its protocol is tcp",
            "option `port`: /run/c is a path, and its protocol is tcp",
        ],
    ),
    (
        r#"port = ["/run/a", "/run/b"], proto = ["unix", "ssl"]"#,
        &["option `port`: /run/b is a path, and its protocol is ssl"],
    ),
    (r#"port = ["/run/a", PORT], proto = "unix""#, &[]),
    (r#"port = "/run/a", proto = PROTOS[0]"#, &[]),
    (
        r#"port = ["/run/a", PORT], proto = Proxied"#,
        &["option `port`: /run/a is a path, and its protocol is tcp"],
    ),
    (
        r#"port = ["80", "/run/a"], proto = ["upd", "unix"]"#,
        &["option `proto`: unknown protocol upd"],
    ),
    ("proto = net::Proxied", &[]),
    ("proto", &["option `proto` needs a value"]),
    ("proto = udp", &["`udp` stands without quotes"]),
    ("proto = Proxied, proto = \"udp\"", &["`proto` is set twice"]),
    ("port = []", &["option `port` has an empty list"]),
    ("port = [[1], 2]", &["option `port` has a list in its list"]),
    ("port", &["option `port` needs a value"]),
    ("port =", &["option `port` needs a value"]),
    (
        "port = , listen = 0",
        &["option `port` needs a value", "option `listen`: expected 1 to 65535, got 0"],
    ),
    ("conf_file", &["option `conf_file` needs a value"]),
    ("keepalive", &[]),
    (
        "keepalive = 2",
        &["option `keepalive`: expected 0, 1, yes, no, true, false, on or off, got 2"],
    ),
    ("listen = [1, 2]", &["option `listen` takes one value, not a list"]),
    ("listen = []", &["option `listen` takes one value, not a list"]),
    ("listen = 'c'", &["`'c'` can be no value"]),
    (r#"listen = b"80""#, &[r#"`b"80"` can be no value"#]),
    (
        "read_timeout = 30y",
        &[
            "option `read_timeout`: expected a duration such as 500ms, 30s, 5m or 1h, 0s to 1d, got 30y",
        ],
    ),
    ("log_level = 1.0", &["option `log_level`: expected a whole number, 0 to 4, got 1.0"]),
    (r#"port = 1, port = [2, "3"]"#, &["`port` is set twice"]),
    ("listen = 1, listen = 2", &["`listen` is set twice"]),
    ("prot = 1", &["unknown option `prot`"]),
    (r#"persnality = "single""#, &["unknown option `persnality`"]),
    ("colour = 1, colour = 2", &["unknown option `colour`", "`colour` is set twice"]),
    (
        r#"port => 1, listen: 2, "host" = "*", max-line = 5, log_level(3)"#,
        &[
            "`=>` is Perl",
            "expected `=` after `listen`, got `:`",
            "the name `host` stands in quotes",
            "`max-line` is a subtraction in an attribute",
            "the value of `log_level` stands in parentheses",
        ],
    ),
    ("port = 1 listen = 2", &["expected `,` before `listen`"]),
    (
        "port = localhost:80, listen = 0",
        &["the value of `port` is no expression", "option `listen`: expected 1 to 65535, got 0"],
    ),
    (
        "host = *, listen = 0",
        &["the value of `host` is no expression", "option `listen`: expected 1 to 65535, got 0"],
    ),
    (
        "port = /run/x, listen = 0",
        &["the value of `port` is no expression", "option `listen`: expected 1 to 65535, got 0"],
    ),
    ("port == 1", &["expected `=` after `port`, got `==`"]),
    ("port + 1", &["expected `,` or the end, got `+`", "option `port` needs a value"]),
    ("port(1, 2)", &["the value of `port` stands in parentheses"]),
    (
        r#"port = 1 "listen" = 2"#,
        &[r#"expected `,` before `"listen"`"#, "the name `listen` stands in quotes"],
    ),
    ("r#type = 1", &["unknown option `type`"]),
    (
        "max-servers-x = 1",
        &["`max-servers-x` is a subtraction in an attribute", "unknown option `max_servers_x`"],
    ),
    ("crate = other::path, personality = Own", &[]),
    ("prefork", &["`prefork` is a personality"]),
    (
        "PreFork, max_servers = 4",
        &[
            "`prefork` is a personality",
            "option `max_servers` has no effect with personality `single`, the default",
        ],
    ),
    ("personality = Prefork", &["the personality `Prefork` stands without quotes"]),
    ("personality = PreFork", &[]),
    (
        "personality = Net::Server::PreFork",
        &["the personality `Net::Server::PreFork` stands without quotes"],
    ),
    ("personality = \"pre_fork\"", &["unknown personality `pre_fork`"]),
    ("type = \"single\"", &["unknown option `type`"]),
    ("workers = 4", &["unknown option `workers`"]),
    ("host = localhost", &["`localhost` stands without quotes"]),
    ("port = 8080/tcp", &["`8080/tcp` stands without quotes"]),
    ("conf_file = echo.conf", &["`echo.conf` stands without quotes"]),
    ("port = [web]", &["`web` stands without quotes"]),
    ("port = f(x)", &[]),
    ("port = Self::ports()", &[]),
    ("port = BASE + 1", &[]),
    ("port = config.PORT", &["`config.PORT` stands without quotes"]),
    ("netserver::port = 1", &["expected `,` or the end, got `:`", "unknown option `netserver`"]),
    (",", &["expected the name of an option, got `,`"]),
    ("= 1", &["expected the name of an option, got `=`"]),
    (
        r#""a b" = 1, listen = 0"#,
        &[
            r#"expected the name of an option, got `"a b"`"#,
            "option `listen`: expected 1 to 65535, got 0",
        ],
    ),
    (r#"unknown_options = "pass""#, &[]),
    (
        "unknown_options",
        &["`unknown_options` says that a word which is no option is left to the server"],
    ),
    (
        "unknown_options = true",
        &["`unknown_options` says that a word which is no option is left to the server"],
    ),
    ("crate", &["`crate` takes the path of the runtime"]),
    (r#"crate = "netserver""#, &["`crate` takes the path of the runtime"]),
    ("personality", &["`personality` takes a name or the path of a type"]),
    ("personality = 3", &["unknown personality `3`"]),
    ("personality = f()", &["`personality` takes a name or the path of a type"]),
    (
        "personality = prefork, max_servers = 0",
        &[
            "the personality `prefork` stands without quotes",
            "option `max_servers`: expected 1 to 65535, got 0",
        ],
    ),
    (
        r#"personality = "perfork", max_servers = 0"#,
        &["unknown personality `perfork`", "option `max_servers`: expected 1 to 65535, got 0"],
    ),
    (
        "personality = []",
        &["a list of personalities holds names, the first of which is the default"],
    ),
    (
        r#"personality = ["single", Own]"#,
        &["a list of personalities holds names, the first of which is the default"],
    ),
    (r#"personality = ["single", "single"]"#, &["the personality `single` is listed twice"]),
    (r#"personality = ["single", "prefork"], max_servers = 4"#, &[]),
    (
        r#"personality = "single", max_servers = 4"#,
        &["option `max_servers` has no effect with personality `single`"],
    ),
    (
        "max_servers = 4",
        &["option `max_servers` has no effect with personality `single`, the default"],
    ),
    (r#"personality = "multitype", max_servers = 4, max_spare_servers = 2, port = 1"#, &[]),
    (
        r#"personality = "multitype", max_servers = 0"#,
        &["option `max_servers`: expected 1 to 65535, got 0"],
    ),
    (
        r#"personality = ["prefork", "multitype"]"#,
        &[
            "`multitype` stands for every personality that a handler is enough for, and stands alone",
        ],
    ),
    (
        r#"personality = ["multitype"], max_servers = 4"#,
        &[
            "`multitype` stands for every personality that a handler is enough for, and stands alone",
        ],
    ),
    (
        "personality = multitype, max_servers = 4",
        &["the personality `multitype` stands without quotes"],
    ),
    (
        "personality = Net::Server::MultiType",
        &["the personality `Net::Server::MultiType` stands without quotes"],
    ),
    (r#"personality = "MultiType""#, &["unknown personality `MultiType`"]),
    ("multitype", &["`multitype` is a personality"]),
    ("personality = Own, max_servers = 4", &[]),
    (
        r#"personality = "multitype", max_unsent = 0"#,
        &["option `max_unsent` has no effect with personality `single`, `inet`, `fork`, \
           `prefork_simple` or `prefork`"],
    ),
    (r#"personality = ["prefork", "thread"], max_servers = 4, serialize = "flock""#, &[]),
    (
        r#"personality = "thread", max_servers = 4, max_requests = 4, stdio"#,
        &[
            "option `max_requests` has no effect with personality `thread`",
            "option `stdio` has no effect with personality `thread`",
        ],
    ),
    (
        r#"personality = "prefork", max_servers = 4, min_servers = 8"#,
        &["option `min_servers`: expected at most `max_servers`, which is 4 here, got 8"],
    ),
    (
        r#"personality = "prefork", min_spare_servers = 8, max_servers = 8"#,
        &["option `max_servers`: expected more than `min_spare_servers`, which is 8 here, got 8"],
    ),
    (r#"personality = "prefork", min_spare_servers = 8, max_servers = FEW"#, &[]),
];

/// Methods of a block under the bare attribute.
const METHODS: &[(&str, &[&str])] = &[
    ("", &["this impl block has no `process_request`"]),
    ("fn proces_request(&mut self) {}", &["nothing calls `proces_request`"]),
    (
        "fn process_request(self) {}",
        &["`process_request` consumes the server, which is still needed afterwards"],
    ),
    ("fn process_request(self: &mut Self) {}", &["`process_request` gives `self` a type"]),
    ("fn process_request() {}", &["`process_request` has no `self`, but is called on the server"]),
    (
        "fn process_request<T>(&mut self) {}",
        &["`process_request` cannot be generic, since the server calls it"],
    ),
    ("fn process_request<'a>(&'a mut self) {}", &[]),
    (
        r#"async unsafe extern "C" fn process_request(&mut self) {}"#,
        &[
            "`process_request` cannot be async",
            "`process_request` cannot be unsafe, since the server calls it",
            "`process_request` cannot be extern, since the server calls it",
        ],
    ),
    (
        "fn process_request(&mut self, a: A, b: B, c: C) {}",
        &["`process_request` is called with `conn` and no more"],
    ),
    ("fn process_request(&self) { let x = ; fn }", &[]),
    (
        "#[option(default = 1)] fn times(&self) {} fn process_request(&self) {}",
        &["`#[option]` stands on the method `times`"],
    ),
    ("fn process_request(&self) {} fn", &[]),
    ("#[cfg(any())] fn process_request(&self) {}", &[]),
    ("fn process_request(&self) {} fn post_acept_hook() {}", &["`post_acept_hook` is not a hook"]),
    (
        "fn process_request(&self) {} fn reopen_the_logs_hook() {}",
        &["`reopen_the_logs_hook` is not a hook"],
    ),
    (
        "fn process_request(&self) {} fn parent_read_hook(&mut self, line: &str) {}",
        &["`parent_read_hook` is not a hook"],
    ),
    (
        "fn process_request(&self) {} fn register_child_hook(&mut self) {}",
        &["`register_child_hook` is not a hook"],
    ),
    ("fn process_request(&self) {} fn run_deque(&mut self) {}", &["nothing calls `run_deque`"]),
    ("fn process_request(&self) {} fn enqueue(&mut self) {}", &[]),
    ("fn process_request(&self) {} fn child_init_hok() {}", &["nothing calls `child_init_hok`"]),
    ("fn process_request(&self) {} fn child_init() {}", &["nothing calls `child_init`"]),
    ("fn process_request(&self) {} fn child_init_hook(&self) {} fn child_init(&self) {}", &[]),
    (
        "fn process_request(&self) {} fn run(&self) {}",
        &["`run` hides the method of that name that starts the server"],
    ),
    ("fn process_request(&self) {} fn run() {}", &[]),
    (
        "fn process_request(&self, conn: Connection) {}",
        &["`process_request` is lent the `Connection`, and does not own it"],
    ),
    (
        "fn process_request(&self, c: net::TcpStream) {}",
        &["`process_request` is given no `TcpStream`"],
    ),
    (
        "fn process_request(&self, State(c): State<App>) {}",
        &["`process_request` is given no `State`"],
    ),
    ("fn process_request(&self, c: &mut Request) {}", &[]),
    ("fn process_request(&self, c: Conn<'_>) {}", &[]),
    (
        "fn process_request(&self) {} fn pre_loop_hook(&self, server: ServerInfo) {}",
        &["`pre_loop_hook` is lent the `ServerInfo`, and does not own it"],
    ),
    (
        "fn process_request(&self) {} fn configure_hook(&mut self) {}",
        &["`configure_hook` has a `self`, but runs before there is a server"],
    ),
    (
        "fn process_request(&self) {} fn write_to_log_hook(&mut self, level: u32, text: &str) {}",
        &["`write_to_log_hook` has a `self`, but runs wherever something is logged"],
    ),
    (
        "fn process_request(&self) {} fn post_client_connection_hook(&mut self, c: C) {}",
        &["`post_client_connection_hook` is called with no parameter"],
    ),
];

/// Items that are no impl block of a type's own methods.
const ITEMS: &[(&str, &str)] = &[
    ("pub enum Echo { A }", "`#[net_server]` stands on the enum `Echo`"),
    ("union Echo { a: u8 }", "`#[net_server]` stands on the union `Echo`"),
    ("fn process_request() {}", "`#[net_server]` stands on the function `process_request`"),
    ("trait Echo {}", "`#[net_server]` stands on the trait `Echo`"),
    ("mod echo {}", "`#[net_server]` stands on the module `echo`"),
    (
        "impl NetServer for Echo<u8> {}",
        "`#[net_server]` stands on an impl of the trait `NetServer`",
    ),
    ("use echo::Echo;", "`#[net_server]` stands on something that is no impl block"),
    (
        "#[netserver::net_server(port = 1)] impl Echo { fn process_request(&self) {} }",
        "`#[net_server]` stands twice on this item",
    ),
];

/// Methods that handle clients, under personalities.
const HANDLERS: &[(&str, &str, &[&str])] = &[
    (r#"personality = "multiplex", max_unsent = 64KiB"#, "fn mux_input(&mut self) {}", &[]),
    (
        r#"personality = "multiplex", max_servers = 4"#,
        "fn mux_input(&mut self) {}",
        &["option `max_servers` has no effect with personality `multiplex`"],
    ),
    (r#"personality = "multiplex""#, "", &["this impl block has no `mux_input`"]),
    (
        r#"personality = "multiplex""#,
        "fn post_bind_hook(&mut self) {} fn mux_eof(&mut self) {}",
        &["this impl block has no `mux_input`"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn process_request(&mut self) {}",
        &["`multiplex` calls `mux_input` with what has come, and `process_request` never"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&mut self) {} fn process_request(&mut self) {}",
        &["`multiplex` calls `mux_input` with what has come, and `process_request` never"],
    ),
    (
        r#"personality = "prefork""#,
        "fn process_request(&mut self) {} fn mux_close(&mut self) {}",
        &["nothing calls `mux_close` with personality `prefork`"],
    ),
    (
        r#"personality = ["fork", "thread"]"#,
        "fn mux_connection(&mut self) {} fn mux_input(&mut self) {}",
        &["nothing calls `mux_connection` with personality `fork` or `thread`"],
    ),
    (
        r#"personality = "multitype""#,
        "fn mux_input(&mut self) {}",
        &["nothing calls `mux_input` with personality `single`, `inet`, `fork`, `prefork_simple` \
           or `prefork`"],
    ),
    (
        "port = 1",
        "fn mux_input(&mut self) {}",
        &["nothing calls `mux_input` with personality `single`"],
    ),
    (
        r#"personality = ["multiplex", "thread"]"#,
        "fn mux_input(&mut self) {}",
        &["this impl block has no `process_request`"],
    ),
    (
        r#"personality = ["prefork", "multiplex"]"#,
        "fn process_request(&mut self) {}",
        &["this impl block has no `mux_input`"],
    ),
    (
        r#"personality = ["prefork", "multiplex"]"#,
        "",
        &["this impl block has no `process_request`", "this impl block has no `mux_input`"],
    ),
    (
        r#"personality = ["prefork", "multiplex"]"#,
        "fn process_request(&mut self) {} fn mux_input(&mut self) {}",
        &[],
    ),
    // Somebody's own may call either, and so may whoever declares the type.
    ("personality = Own", "fn mux_input(&mut self) {}", &[]),
    ("personality = Own", "fn process_request(&mut self) {}", &[]),
    ("", "fn mux_input(&mut self) {} fn mux_eof(&mut self) {}", &[]),
    ("", "fn mux_input(&mut self) {} fn process_request(&mut self) {}", &[]),
    ("", "fn mux_eof(&mut self) {}", &["this impl block has no `mux_input`"]),
    (
        "",
        "fn process_request(&mut self) {} fn mux_eof(&mut self) {}",
        &["this impl block has no `mux_input`"],
    ),
    (r#"personality = "multiplex""#, "fn mux_inptu(&mut self) {}", &["nothing calls `mux_inptu`"]),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&mut self) {} fn mux_connect(&mut self) {} fn mux_say(&self) {}",
        &["nothing calls `mux_connect`", "nothing calls `mux_say`"],
    ),
    (
        "",
        "fn mux_input(&mut self) {} fn mux_outbuffer_empty(&mut self) {}",
        &["nothing calls `mux_outbuffer_empty`"],
    ),
    ("", "fn process_request(&mut self) {} fn mux_signals(&mut self) {}", &[]),
    (
        r#"personality = "multiplex""#,
        "async fn mux_input(&mut self) {}",
        &["`mux_input` cannot be async"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>, more: u8) {}",
        &["`mux_input` is called with `mux`, `input` and no more"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&self, mux: &mut Mux, data: &[u8]) {}",
        &["`mux_input` is given `input: &mut Input<'_>` here"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&self, mux: &mut Mux, line: String) {}",
        &["`mux_input` is given `input: &mut Input<'_>` here"],
    ),
    (
        r#"personality = "multiplex""#,
        "fn mux_input(&mut self, input: &mut Input<'_>) {} fn mux_close(&mut self, mux: Mux<'_>) {}",
        &[
            "`mux_input` is given `mux: &mut Mux<'_>` here",
            "`mux_close` is lent the `Mux`, and does not own it",
        ],
    ),
    (
        r#"personality = "prefork""#,
        "fn process_request(&mut self, mux: &mut Mux<'_>) {}",
        &["`process_request` is given `conn: &mut Connection` here"],
    ),
    (
        r#"personality = ["thread", "multiplex"], proto = net::Proxied"#,
        "fn mux_input(&mut self) {} fn process_request(&mut self) {}",
        &[
            "`multiplex` takes no protocol of one's own: its handshake would keep all others waiting",
        ],
    ),
    (r#"personality = "multiplex", proto = "ssl""#, "fn mux_input(&mut self) {}", &[]),
];

/// Fields of a struct, all with one type where it does not matter.
const FIELDS: &[(&str, &[&str])] = &[
    ("", &[]),
    ("a: u8, b: Vec<Foo<T>>", &[]),
    ("#[option(required)] a: u8, #[state(Foo { x: 1 })] b: Foo", &[]),
    ("#[option] a: Option<u8>, #[option] b: Vec<u8>, #[option] c: bool", &[]),
    ("#[option] a: u8", &["`a` has no value where nobody sets it"]),
    ("#[option] a: Yes", &["`a` has no value where nobody sets it"]),
    (
        "#[option(default = 256)] a: u8",
        &["the default of `a`: expected a whole number from 0 to 255, got 256"],
    ),
    ("#[option(default = 256)] a: Byte", &[]),
    (
        "#[option(default = 9, range = 1..=5)] a: u8",
        &["the default of `a`: expected 1 to 5, got 9"],
    ),
    (
        r#"#[option(default = "x")] a: std::time::Duration"#,
        &["the default of `a`: expected a duration such as 500ms, 30s, 5m or 1h, got x"],
    ),
    (r#"#[option(default = "x")] a: chrono::Duration"#, &[]),
    (
        r#"#[option(default = ["a", 'b', ["c"]])] a: Vec<String>"#,
        &["`'b'` can be no value", "option `a` has a list in its list"],
    ),
    (r#"#[option(default = ["a"])] a: String"#, &["option `a` takes one value, not a list"]),
    ("#[option(default = [])] a: Vec<u8>", &[]),
    (
        "#[option(default = [1, 300, LAST])] a: Vec<u8>",
        &["the default of `a`: expected a whole number from 0 to 255, got 300"],
    ),
    ("#[option(default)] a: u8", &["`default` needs a value"]),
    ("#[option(default = 1)] a: Option<u8>", &["an `Option` with a default is never `None`"]),
    ("#[option(default = 1, required)] a: u8", &["an option with a default is never required"]),
    ("#[option(required)] a: Option<u8>", &["an `Option` is `None` where nobody sets it"]),
    ("#[option(required)] a: Vec<u8>", &["a `Vec` is empty where nobody sets it"]),
    ("#[option(required)] a: bool", &["a `bool` is false where nobody sets it"]),
    ("#[option(required = true)] a: u8", &["`required` takes no value"]),
    ("#[option(required, required)] a: u8", &["`required` is set twice"]),
    ("#[option(range = 1..=5)] a: Option<u8>", &[]),
    ("#[option(range = 1..=5)] a: Vec<Foo>", &[]),
    ("#[option(range)] a: Vec<u8>", &["`range` takes a least and a greatest value"]),
    ("#[option(range = 5)] a: Vec<u8>", &["`range` takes a least and a greatest value"]),
    ("#[option(range = 1..)] a: Vec<u8>", &["this range has one end"]),
    ("#[option(range = ..=1)] a: Vec<u8>", &["this range has one end"]),
    ("#[option(range = 1..5)] a: Vec<u8>", &["the greatest value belongs to a range"]),
    (
        "#[option(range = LOW..=5)] a: Vec<u8>",
        &["the ends of a range are literals, since `--help` shows them"],
    ),
    ("#[option(range = 5..=1)] a: Vec<u8>", &["nothing is in this range"]),
    (
        "#[option(range = -1..=256)] a: Vec<u8>",
        &[
            "the range of `a`: expected a whole number from 0 to 255, got -1",
            "the range of `a`: expected a whole number from 0 to 255, got 256",
        ],
    ),
    (
        r#"#[option(range = "a"..="z")] a: Vec<String>"#,
        &["`a` is no number and no duration, so it has no range"],
    ),
    ("#[option(range = 0..=9)] a: bool", &["`a` is no number and no duration, so it has no range"]),
    (
        "#[option] port: bool",
        &["every server has an option `port`: port, host:port/proto or path|unix; may repeat"],
    ),
    ("#[option] print_config: bool", &["`--print-config` asks every server something"]),
    (r#"#[option(name = "help")] a: bool"#, &["`--help` asks every server something"]),
    (
        r#"#[option(name = "my-name")] a: bool"#,
        &["`my-name` can be no option: names are lower case letters, digits and `_`"],
    ),
    (
        "#[option] _a: bool",
        &["`_a` can be no option: names are lower case letters, digits and `_`"],
    ),
    ("#[option] r#type: bool", &[]),
    ("#[option(name)] a: bool", &["`name` takes a text in quotes"]),
    ("#[option(name = motd)] a: bool", &["`name` takes a text in quotes"]),
    (
        r#"#[option] a: bool, #[option(name = "a")] b: bool"#,
        &["the field `a` is the option `a` already"],
    ),
    ("#[cfg(x)] #[option] a: bool, #[cfg(not(x))] #[option] a: bool", &[]),
    ("#[option] #[state(1)] a: bool", &["this field is an option and state at once"]),
    ("#[option] #[option] a: bool", &["`#[option]` stands twice on this field"]),
    (r#"#[option = "x"] a: bool"#, &["the arguments of `#[option]` stand in parentheses"]),
    (
        "#[state(1)] a: u8",
        &["`#[state]` has no effect: `Echo` has no `#[option]`, so the program makes it"],
    ),
    ("#[option] a: bool, #[state] b: u8", &["`#[state]` holds what the field starts with"]),
    ("#[option] a: bool, #[state = 1] b: u8", &["the value of `#[state]` stands in parentheses"]),
    ("#[option] a: [u8; 2]", &["`[u8;2]` can be no option"]),
    ("#[option] a: &'static str", &["`&'static str` can be no option"]),
    ("#[option] a: (u8, u8)", &["`(u8 , u8)` can be no option"]),
    ("#[option(default = hello)] a: String", &["`hello` stands without quotes"]),
    ("#[option(defualt = 1)] a: bool", &["`#[option]` takes no `defualt`"]),
    ("#[option(colour)] a: bool", &["`#[option]` takes no `colour`"]),
    ("#[option(short = 'a', long)] a: bool", &["`#[option]` takes no `long`"]),
    ("#[option(default: 1)] a: u8", &["expected `=` after `default`, got `:`"]),
    ("#[option(1)] a: bool", &["expected the name of an argument, got `1`"]),
    ("#[option(range = 1..=5 default = 1)] a: u8", &["expected `,` before `default`"]),
    ("#[arg(long)] a: bool", &["`#[arg]` belongs to another crate"]),
    (
        "#[option] a: u8, #[option(default = 1, required)] b: u8, #[option(range = 5..=1)] c: Vec<u8>",
        &[
            "`a` has no value where nobody sets it",
            "an option with a default is never required",
            "nothing is in this range",
        ],
    ),
];

/// The first lines of what is said; each text has at most one more, with the cure.
fn faults(args: &str, item: &str) -> Vec<String> {
    faults_in(expand(args, item))
}

fn faults_in(expansion: TokenStream) -> Vec<String> {
    let fault = |text: String| match text.split_once('\n') {
        None => text,
        Some((fault, help)) => {
            assert!(help.starts_with("help: ") && !help.contains('\n'), "{text}");
            fault.to_owned()
        }
    };
    errors(expansion).into_iter().map(fault).collect()
}

#[test]
fn arguments() {
    for (args, expected) in ARGUMENTS {
        let item = "impl Echo { fn process_request(&mut self) {} }";
        assert_eq!(faults(args, item), *expected, "{args}");
    }
}

#[test]
fn methods() {
    for (methods, expected) in METHODS {
        let item = format!("impl Echo {{ {methods} }}");
        assert_eq!(faults("", &item), *expected, "{methods}");
    }
}

#[test]
fn handlers() {
    for (args, methods, expected) in HANDLERS {
        let item = format!("impl Echo {{ {methods} }}");
        assert_eq!(faults(args, &item), *expected, "{args}: {methods}");
    }
}

/// Options that stand alone, in `options!`.
const LISTS: &[(&str, &[&str])] = &[
    ("", &[]),
    (r#"port: ["8080", OTHER], max_servers: 20, keepalive,"#, &[]),
    (r#"crate: my::netserver, server_type: "single", max_servers: 2"#, &[]),
    ("port = 8080", &["expected `:` after `port`, got `=`"]),
    ("port == 8080", &["expected `:` after `port`, got `==`"]),
    (
        r#"personality: "fork", prot: 1"#,
        &[
            "unknown option `prot`",
            "`personality` belongs to the attribute, where it chooses what there is to choose from",
        ],
    ),
    (r#"unknown_options: "pass""#, &["unknown option `unknown_options`"]),
    (r#"port: "/run/a""#, &[]),
    (
        r#"port: "/run/a", proto: "udp""#,
        &["option `port`: /run/a is a path, and its protocol is udp"],
    ),
    ("proto: Proxied", &[]),
    ("listen: [1]", &["option `listen` takes one value, not a list"]),
    ("port: []", &["option `port` has an empty list"]),
    (
        "min_servers: 9, max_servers: 4",
        &["option `max_servers`: expected at least `min_servers`, which is 9 here, got 4"],
    ),
];

#[test]
fn lists() {
    for (list, expected) in LISTS {
        let expansion = pipeline::options(tokens(list));
        assert!(syn::parse2::<syn::ExprBlock>(expansion.clone()).is_ok(), "{expansion}");
        assert_eq!(faults_in(expansion), *expected, "{list}");
    }
}

#[test]
fn fields() {
    for (fields, expected) in FIELDS {
        let item = format!("struct Echo {{ {fields} }}");
        assert_eq!(faults("", &item), *expected, "{fields}");
    }
}

#[test]
fn tuples_have_no_options() {
    assert_eq!(faults("", "struct Echo(u8, u16);"), [""; 0]);
    assert_eq!(
        faults("", "struct Echo(#[option] u8);"),
        ["a field of a tuple has no name that an option could have"]
    );
    assert_eq!(
        faults("", "#[derive(Parser)] struct Echo { #[arg(long)] a: bool }"),
        [""; 0],
        "the mark of a derive"
    );
}

/// Every word that another crate's attribute has, and none of ours.
#[test]
fn foreign_arguments_have_a_cure() {
    for word in [
        "default_value",
        "default_value_t",
        "rename",
        "long",
        "short",
        "help",
        "about",
        "doc",
        "type",
        "kind",
        "value_parser",
        "value_name",
        "env",
        "min",
        "max",
        "optional",
        "multiple",
        "num_args",
        "action",
    ] {
        let item = format!("struct Echo {{ #[option({word} = 5)] a: bool }}");
        let all = errors(expand("", &item));
        let [text] = all.as_slice() else { panic!("{word}: {all:?}") };
        assert!(!text.contains("help: it takes"), "{text}");
    }
}

#[test]
fn items() {
    for (item, expected) in ITEMS {
        assert_eq!(faults("port = 1", item), [*expected], "{item}");
    }
}

#[test]
fn the_item_comes_out_whatever_is_wrong() {
    let items = ITEMS.iter().map(|(item, _)| (*item).to_owned());
    let blocks = METHODS.iter();
    let blocks = blocks.map(|(methods, _)| format!("impl Echo {{ {methods} }}"));
    for item in items.chain(blocks) {
        // The second attribute is taken away, since it would do all this again.
        let kept = item.replace("#[netserver::net_server(port = 1)] ", "");
        let kept = kept.replace("#[option(default = 1)] ", "");
        let kept = tokens(&kept).to_string();
        let expansion = expand("colour = 1", &item).to_string();
        assert!(expansion.starts_with(&kept), "{item}");
    }
}

#[test]
fn the_struct_comes_out_without_our_marks_whatever_is_wrong() {
    let (item, kept) = (
        "#[derive(Debug)] struct Echo { /** A. */ #[cfg(x)] #[option(default = )] #[x] a: u8, }",
        "#[derive(Debug)] struct Echo { /** A. */ #[cfg(x)] #[x] a: u8, }",
    );
    for args in ["", "colour = 1"] {
        let expansion = expand(args, item).to_string();
        assert!(expansion.starts_with(&tokens(kept).to_string()), "{expansion}");
    }
}
