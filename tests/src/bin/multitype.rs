//! Servers that leave it open which personality serves, and whose options not each of them has a use for.
//! The environment says in `DECLARED` which is meant: `multitype` (or nothing), a `list`, the same list
//! `by_hand`; one that `multiplex` alone serves, or one that has a handler for `either`; or one by hand that is
//! wrong, `in_vain` as nobody uses an option, or `misspelt`. Each says which personality serves.

use netserver::prelude::*;
use netserver::{Declaration, Declared, Hooks, NetServer, personality};

#[derive(Default)]
struct Any(&'static str);

#[net_server(personality = "multitype", port = 0, host = "127.0.0.1", max_servers = 3)]
impl Any {
    fn post_configure_hook(&mut self, server: &ServerInfo) {
        self.0 = server.personality();
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.0)
    }
}

#[derive(Default)]
struct Listed(&'static str);

#[net_server(personality = ["single", "prefork"], port = 0, host = "127.0.0.1", max_servers = 3)]
impl Listed {
    fn post_configure_hook(&mut self, server: &ServerInfo) {
        self.0 = server.personality();
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.0)
    }
}

struct Looped;

#[net_server(personality = "multiplex", port = 0, host = "127.0.0.1")]
impl Looped {
    fn mux_connection(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let personality = mux.server().personality();
        writeln!(mux, "{personality}")?;
        mux.close();
        Ok(())
    }

    fn mux_input(&mut self) {}
}

#[derive(Default)]
struct Either(&'static str);

#[net_server(
    personality = ["prefork", "multiplex"],
    port = 0,
    host = "127.0.0.1",
    max_servers = 3,
    max_unsent = 64KiB
)]
impl Either {
    fn post_configure_hook(&mut self, server: &ServerInfo) {
        self.0 = server.personality();
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.0)
    }

    fn mux_connection(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        writeln!(mux, "{}", self.0)?;
        mux.close();
        Ok(())
    }

    fn mux_input(&mut self) {}
}

#[derive(Default)]
struct ByHand(&'static str);

impl Declared for ByHand {
    type Personality = personality::Single;

    fn declaration() -> Declaration {
        let declaration = Declaration::new("0.1.0", "Says which personality serves.");
        let declaration = declaration.set("port", 0).set("host", "127.0.0.1").set("max_servers", 3);
        match declared().as_str() {
            "in_vain" => declaration,
            "misspelt" => declaration.personalities(&["prefork", "perfork"]),
            _ => declaration.personalities(&["prefork"]),
        }
    }
}

impl Hooks for ByHand {
    fn post_configure_hook(&mut self, server: &ServerInfo) -> Result<()> {
        self.0 = server.personality();
        Ok(())
    }
}

impl NetServer for ByHand {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.0)
    }
}

fn declared() -> String {
    std::env::var("DECLARED").unwrap_or_default()
}

fn main() -> ExitCode {
    match declared().as_str() {
        "list" => Listed::default().run(),
        "multiplex" => Looped.run(),
        "either" => Either::default().run(),
        "by_hand" | "in_vain" | "misspelt" => ByHand::default().run(),
        _ => Any::default().run(),
    }
}
