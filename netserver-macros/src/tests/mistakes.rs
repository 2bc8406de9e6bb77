//! Mistakes, and what is said of each. How it looks and where it points is in the ui tests.

use super::{errors, expand, tokens};

/// Arguments of an impl block that is right.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("port = 20203", &[]),
    ("port = 20_203u16, max_line = 64KiB, keepalive = false,", &[]),
    ("port = -1", &["option `port`: expected a port as 8080, host:8080 or host:8080/tcp, got -1"]),
    ("port = 0x10000", &["option `port`: expected a port number from 0 to 65535, got 65536"]),
    (
        r#"port = [1, 99999, 2, "x"]"#,
        &[
            "option `port`: expected a port number from 0 to 65535, got 99999",
            "option `port`: expected a port as 8080, host:8080 or host:8080/tcp, got x",
        ],
    ),
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
    ("personality = Own, max_servers = 4", &[]),
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
    ("fn process_request(&self) {} fn", &[]),
    ("#[cfg(any())] fn process_request(&self) {}", &[]),
    ("fn process_request(&self) {} fn post_acept_hook() {}", &["`post_acept_hook` is not a hook"]),
    (
        "fn process_request(&self) {} fn reopen_the_logs_hook() {}",
        &["`reopen_the_logs_hook` is not a hook"],
    ),
    ("fn process_request(&self) {} fn child_init_hok() {}", &["nothing calls `child_init_hok`"]),
    ("fn process_request(&self) {} fn child_init() {}", &[]),
    (
        "fn process_request(&self) {} fn configure_hook(&mut self) {}",
        &["`configure_hook` has a `self`, but runs before there is a server"],
    ),
    (
        "fn process_request(&self) {} fn post_client_connection_hook(&mut self, c: C) {}",
        &["`post_client_connection_hook` is called with no parameter"],
    ),
];

/// Items that are no impl block of a type's own methods.
const ITEMS: &[(&str, &str)] = &[
    ("struct Echo;", "`#[net_server]` stands on the struct `Echo`"),
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
        "`#[net_server]` stands twice on this impl block",
    ),
];

/// The first lines of what is said; each text has at most one more, with the cure.
fn faults(args: &str, item: &str) -> Vec<String> {
    let fault = |text: String| match text.split_once('\n') {
        None => text,
        Some((fault, help)) => {
            assert!(help.starts_with("help: ") && !help.contains('\n'), "{text}");
            fault.to_owned()
        }
    };
    errors(expand(args, item)).into_iter().map(fault).collect()
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
        let kept = tokens(&kept).to_string();
        let expansion = expand("colour = 1", &item).to_string();
        assert!(expansion.starts_with(&kept), "{item}");
    }
}
