//! TLS, by rustls: settings come in, a configuration goes out, and of that one session for each
//! connection. Knows nothing of sockets: a session reads and writes whatever it is handed.
//!
//! | module | what it does |
//! |---|---|
//! | [`agreed`] | what both ends of a session agreed on |
//! | [`file`] | reads a PEM file |
//! | [`certificate`] | puts a certificate and its key together, and holds them to each other |
//! | [`choice`] | chooses a certificate by the name that a client asks for |
//! | [`config`] | makes the configuration that all sessions share |
//! | [`fault`] | says in words what went wrong in a session |
//! | [`session`] | speaks TLS with one client |

mod agreed;
mod file;
mod certificate;
mod choice;
pub(crate) mod config;
mod fault;
pub(crate) mod session;

pub use agreed::Tls;

#[cfg(test)]
mod fixture;
