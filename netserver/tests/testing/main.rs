//! `netserver::testing` held against shell scripts that stand in for servers, healthy ones and ill ones.
//!
//! What the harness asserts it must also be seen to miss: each of its assertions has a test that
//! fails, and says so with `should_panic`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test fail it as the test itself does"
)]

mod client;
mod faults;
mod load;
mod peers;
mod program;
mod reload;
mod scripts;
mod server;
mod trace;
