//! Expansions that are as they should be, kept as files. `UPDATE=1 cargo test` writes them anew;
//! read what changed.

use std::path::Path;

use super::{errors, expand};

fn check(name: &str, args: &str, item: &str) {
    let expansion = expand(args, item);
    assert_eq!(errors(expansion.clone()), Vec::<String>::new());
    let file = syn::parse2(expansion).expect("an expansion is Rust");
    let text =
        format!("// What `#[net_server({args})]` writes.\n\n{}", prettyplease::unparse(&file));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/snapshots").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the snapshot can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == kept, "{name} is stale; UPDATE=1 writes it anew");
}

#[test]
fn echo() {
    check(
        "echo.rs",
        r#"personality = "prefork", port = [20203, "localhost:20204/tcp"], max_servers = 20"#,
        "impl Echo {
            fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
                conn.write_all(b\"hello\")
            }
        }",
    );
}

#[test]
fn hooks_with_fewer_parameters_and_computed_options() {
    check(
        "quotes.rs",
        r#"port = ["0", PORT], log_level = LEVEL, read_timeout = 1.5m, keepalive"#,
        "/// A quote a day,
         /// on every port.
         ///
         /// Not in `--help`.
         impl Quotes {
            const HOOKS: [fn(); 2] = [|| {}, || { fn pre_fork_hook() {} }];
            fn configure_hook(options: &mut OptionSet) -> Result<(), Refused> { open(options) }
            fn write_to_log_hook(level: u32, message: &str) -> bool { level > 1 || send(message) }
            #[cfg(unix)]
            #[inline]
            fn child_init_hook(&mut self) { self.open() }
            fn allow_deny_hook(&self, mut conn: &mut Connection) -> bool { self.knows(conn) }
            fn post_process_request_hook(&self, _: &mut Connection, allowed: bool) {}
            #[cfg(feature = \"short\")]
            fn process_request(&mut self) {}
            #[cfg(not(feature = \"short\"))]
            fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> { Ok(()) }
            fn open(&self) {}
        }",
    );
}

#[test]
fn a_generic_server_of_another_personality() {
    check(
        "generic.rs",
        "crate = my::netserver, personality = pools::Elastic::<4>",
        "#[cfg(unix)]
         impl<'a, H: Handler> Generic<'a, H> where H::Error: Into<Failure> {
            fn process_request(&mut self, conn: &mut Connection) -> Result<(), H::Error> {
                self.handler.serve(conn)
            }
        }",
    );
}

#[test]
fn a_struct_with_options_of_its_own() {
    check(
        "greeter.rs",
        r#"personality = "prefork", port = 7000"#,
        r#"/// Greets each visitor.
         #[derive(Debug)]
         pub(crate) struct Greeter {
            /// What to say.
            ///
            /// In any language.
            #[option(default = "hello")]
            greeting: String,
            /// How long to wait for a name.
            #[option(default = "30s", range = "1s"..="10m")]
            patience: Duration,
            #[option(default = 5, range = 1..=9)]
            tries: Tries,
            #[option(default = ["en", LAST])]
            language: Vec<Language>,
            #[cfg(feature = "tokens")]
            #[option(name = "api_token")]
            token: Option<String>,
            visitors: u64,
            #[state(Instant::now())]
            since: Instant,
        }"#,
    );
}

#[test]
fn a_struct_without_options() {
    check("daytime.rs", r#"personality = "single", port = 13"#, "pub struct Daytime;");
}

#[test]
fn a_server_that_leaves_its_personality_open() {
    let list = r#"personality = ["single", "prefork"], max_servers = 4"#;
    check("listed.rs", list, "pub struct Listed;");
    check("any.rs", r#"personality = "multitype", max_servers = 4"#, "pub struct Any;");
}

#[test]
fn a_server_of_multiplex() {
    check(
        "chat.rs",
        r#"personality = "multiplex", port = 7000, max_unsent = 64KiB"#,
        "impl Chat {
            fn mux_connection(&mut self, mux: &mut Mux<'_>) { self.names.insert(mux.id()); }
            fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
                self.say(mux, input)
            }
            fn mux_stopping(&mut self) -> Result<(), Farewell> { self.farewell() }
        }",
    );
}

#[test]
fn a_server_of_personalities_that_want_more_than_a_handler() {
    check(
        "either.rs",
        r#"personality = ["prefork", "thread", "multiplex"], max_servers = 4"#,
        "impl Either {
            fn process_request(&mut self, conn: &mut Connection) {}
            fn mux_input(&mut self, mux: &mut Mux<'_>) {}
        }",
    );
}

#[test]
fn a_generic_struct_under_a_condition() {
    check(
        "cached.rs",
        "crate = my::netserver, unknown_options = \"pass\"",
        "#[cfg(unix)]
         struct Cached<'a, K: FromStr, const N: usize> where K::Err: Display {
            #[option(required, range = 1..=9)]
            key: K,
            cache: [Option<&'a str>; N],
         }",
    );
}

/// Who reads an expansion should see it on two screens.
#[test]
fn the_expansion_of_echo_is_short() {
    let lines = include_str!("snapshots/echo.rs").lines().count();
    assert!(lines < 80, "{lines}");
}

#[test]
fn a_bare_attribute_declares_nothing() {
    for args in ["", "crate = my::netserver"] {
        let expansion = expand(args, "impl Echo { fn process_request(&mut self) {} }").to_string();
        assert!(expansion.contains("NetServer"), "{expansion}");
        assert!(!expansion.contains("Declared"), "{expansion}");
    }
}
