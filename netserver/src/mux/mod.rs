//! One loop that serves many connections at once, by callbacks of a [`MuxServer`].
//!
//! Takes in listeners, hands on what comes in to callbacks and what they write to clients. Everything
//! happens in one thread, and nothing waits but the loop itself. It knows nothing of parents: a stop comes
//! as everywhere, by [`signal`](crate::sys::signal).

mod client;
mod clients;
mod copies;
mod crowd;
mod event_loop;
mod failure;
mod gate;
mod handle;
mod input;
mod letting_in;
mod names;
mod output;
mod parting;
mod server;
mod taking;
mod times;
mod wheel;

pub(crate) use event_loop::Loop;

pub use clients::ConnId;
pub use handle::Mux;
pub use input::Input;
#[cfg(any(test, fuzzing))]
pub(crate) use input::lines_in_pieces;
pub use server::MuxServer;
