//! Servers of somebody with another edition, another name for netserver, and every lint on: clippy
//! holds that what the attribute writes is not theirs to answer for.

#![deny(
    future_incompatible,
    let_underscore,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    nonstandard_style,
    rust_2018_idioms,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unsafe_code,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    warnings,
    clippy::all,
    clippy::nursery,
    clippy::pedantic
)]
#![allow(
    clippy::missing_const_for_fn,
    clippy::wildcard_imports,
    reason = "the methods below are not meant to be"
)]
#![deny(
    clippy::allow_attributes_without_reason,
    clippy::default_trait_access,
    clippy::indexing_slicing,
    clippy::shadow_reuse
)]

use std::time::Duration;

use engine::prelude::*;
use engine::{Hooks, NetServer};

/// How many children there are.
const WORKERS: u32 = 8;

/// How long somebody may think.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says hello.
#[derive(Debug, Default)]
pub struct Echo {
    /// How many were served.
    served: u64,
}

/// A server that says hello, and counts.
#[net_server(crate = ::engine, personality = "prefork", port = [20203, 20204], max_servers = WORKERS)]
impl Echo {
    fn allow_deny_hook(&self) -> bool {
        self.served < 1000
    }

    fn child_init_hook(&mut self) {
        self.served = 0;
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.served += 1;
        writeln!(conn, "hello")
    }
}

/// Greets each visitor.
#[net_server(crate = ::engine, personality = ["prefork", "single"], port = 7000)]
#[derive(Debug)]
struct Greeter {
    /// What to say.
    #[option(default = "hello")]
    greeting: String,
    /// How long to wait for a name.
    #[option(default = PATIENCE, range = "1s"..="10m")]
    patience: Duration,
    /// Since when.
    #[state(std::time::Instant::now())]
    since: std::time::Instant,
    /// How many there were.
    visitors: u64,
}

#[net_server(crate = ::engine)]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.visitors += 1;
        let still = self.patience.saturating_sub(self.since.elapsed());
        writeln!(conn, "{}, visitor {}, {still:?} left", self.greeting, self.visitors)
    }
}

/// A server that nobody outside sees, with traits by hand.
#[net_server(crate = ::engine, personality = "single", port = 13)]
struct Daytime;

impl Hooks for Daytime {}

impl NetServer for Daytime {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{:?}", std::time::SystemTime::now())
    }
}

/// Runs one of them.
#[must_use]
pub fn run(name: &str) -> ExitCode {
    match name {
        "echo" => Echo::default()
            .run_with(engine::options! { crate: ::engine, port: 8080, max_servers: WORKERS }),
        "greeter" => Greeter::run(),
        _ => Daytime.run(),
    }
}
