//! What has gone wrong on one connection: one line in the log, and how it goes on.

use std::io;
use std::mem;

use super::client::{Client, Leave};
use crate::guard::Failure;
use crate::report;

/// What follows from a callback that has failed: after a panic nobody knows what was written, or half so.
#[cold]
pub(super) fn fail(client: &mut Client, what: &str, failure: Failure) {
    let panicked = matches!(failure, Failure::Panic(_));
    let mut faults = client.conn.faults().to_vec();
    if client.ended {
        // Who needs more than there was fails with this, and it is the client's fault.
        faults.push(io::ErrorKind::UnexpectedEof);
    }
    report::failed(client.conn.peer_ref(), what, failure, &faults);
    client.leave(if panicked { Leave::AtOnce } else { Leave::Sent });
}

/// The same of what is the client's own doing, and of that the first; how it is to leave is up to the caller.
#[cold]
pub(super) fn fail_by(client: &mut Client, what: &str, err: io::Error) {
    if mem::replace(&mut client.given_up, true) {
        return;
    }
    let own = !client.conn.is_datagram() || err.kind() != io::ErrorKind::InvalidInput;
    let faults = [err.kind()];
    let faults = if own { &faults[..] } else { &[] };
    report::failed(client.conn.peer_ref(), what, Failure::Error(err.into()), faults);
}
