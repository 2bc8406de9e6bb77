//! Tests a server from outside: a real program, real signals, real connections.
//!
//! Takes in the path of a program, hands on a handle to drive it by, and fails the test where the
//! server broke a rule that holds for every server. It knows no option and no personality.
//!
//! ```no_run
//! use netserver::testing::{Client, Server};
//!
//! let server = Server::start("target/debug/echo", &["--port=127.0.0.1:0"]);
//! let mut client = Client::connect(server.address());
//! client.send("hello\n");
//! assert_eq!(client.line(), "hello");
//! drop(client);
//! server.stop();
//! ```
//!
//! [`Server::stop`] is where a test is judged beyond its own assertions: the server ends by itself
//! with exit code 0, leaves no process behind, and has logged no error, no warning, no panic and
//! nothing but records, save what the test [expected](Server::expect_log). A test that forgets to
//! stop its server fails.
//!
//! Every wait is for a fact (a line, a byte, the end of a process) and has a deadline. When it is
//! over the test fails with what it waited for, how long, and the last lines of the log.
//!
//! | to | use |
//! |---|---|
//! | start a server, or run a command to its end | [`Server`], [`Program`], [`Finished`] |
//! | be its client, or many | [`Client`], [`load()`], [`Target`], [`LoadReport`] |
//! | see that a restart loses nobody | [`verify_reload`], [`ReloadReport`] |
//! | look into its processes | [`Server::children`], [`Descriptors`], [`Trace`], [`Syscalls`] |
//! | stand on safe ground | [`scratch()`], [`tool()`], [`wait_until`] |

#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails, and every function here may fail the test that calls it"
)]

// A module uses only modules of its own group and of those above.

// Time, and what a log says.
mod binding;
mod deadline;
mod record;
mod verdict;

// The machine.
mod descriptors;
mod process;
mod scratch;
mod tool;

// A program, from before its start to after its end.
mod ending;
mod finished;
mod output;
mod program;
mod running;
mod server;
mod story;
mod streams;

// Its clients.
mod client;
mod exchange;
mod load;
mod report;
mod target;
mod wire;

// Its system calls.
mod syscalls;
mod trace;

// Its restarts.
mod visit;
mod reload_report;
mod visitors;
mod reload;

pub use client::Client;
pub use deadline::{DEADLINE, wait_until};
pub use descriptors::Descriptors;
pub use ending::Ending;
pub use finished::Finished;
pub use load::{Load, load};
pub use nix::sys::signal::Signal;
pub use program::Program;
pub use reload::{VerifyReload, verify_reload};
pub use reload_report::ReloadReport;
pub use report::LoadReport;
pub use scratch::{Scratch, scratch};
pub use server::Server;
pub use syscalls::Syscalls;
pub use target::{Stream, Target};
pub use tool::{tool, tool_with};
pub use trace::{Trace, count_syscalls};
pub use verdict::is_notice_of_root;
