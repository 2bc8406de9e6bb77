//! A policy service for Postfix: greylisting. Mail from a stranger is put off; a mail server comes back
//! later, and is known from then on, and much of what sends spam does not.
//!
//! By hand: `printf 'request=smtpd_access_policy\nsender=a@b\n\n' | nc -N 127.0.0.1 20214`; in `main.cf`
//! `smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:20214`.

mod attributes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netserver::prelude::*;

/// Puts off mail from strangers. Each of Postfix's processes (`default_process_limit`) keeps a connection, silent
/// for up to 300 seconds (`smtpd_policy_service_max_idle`): of the two it is Postfix that should close it.
#[derive(Clone)]
#[net_server(
    personality = "thread",
    port = "127.0.0.1:20214",
    max_servers = 100,
    read_timeout = "400s"
)]
struct Greylist {
    /// How long a stranger is put off.
    #[option(default = "5m")]
    delay: Duration,
    /// How long one who has been put off is remembered.
    #[option(default = "35d")]
    memory: Duration,
    /// How many are remembered at the most. Mail from others is not put off then.
    #[option(default = 1_000_000)]
    strangers: usize,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// When each was first seen: by address, sender and recipient.
    first: HashMap<[String; 3], Instant>,
    /// When those were last forgotten whose time was over.
    swept: Option<Instant>,
}

#[net_server]
impl Greylist {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(request) = attributes::read_request(conn)? {
            let action = self.decide(&request);
            log::debug!("{action}: {request:?}");
            // Buffered: it goes out before the next read waits.
            write!(conn, "action={action}\n\n")?;
        }
        Ok(())
    }

    /// `dunno` leaves the decision to the restrictions that follow; an `ok` would cut them short.
    fn decide(&self, request: &HashMap<String, String>) -> &'static str {
        if request.get("request").is_none_or(|request| request != "smtpd_access_policy") {
            return "dunno";
        }
        let part = |name| request.get(name).cloned().unwrap_or_default();
        let who = ["client_address", "sender", "recipient"].map(part);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { first, swept } = &mut *seen;
        // Now and then: to look at each of them costs time, for which all threads wait.
        if swept.is_none_or(|at| at.elapsed() >= self.memory / 100) {
            first.retain(|_, first| first.elapsed() < self.memory);
            *swept = Some(Instant::now());
        }
        let full = first.len() >= self.strangers && !first.contains_key(&who);
        let put_off = !full && first.entry(who).or_insert_with(Instant::now).elapsed() < self.delay;
        if put_off { "defer_if_permit Come back later" } else { "dunno" }
    }
}

fn main() -> ExitCode {
    Greylist::run()
}
