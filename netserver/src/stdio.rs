//! A client as standard input and output, for programs that a handler starts and libraries that
//! print.

use std::io::{self, BufRead, Write};
use std::os::fd::BorrowedFd;

use crate::sys::descriptor;

/// Takes standard input and output away from whoever started the server.
pub(crate) fn close() -> io::Result<()> {
    let null = descriptor::null()?;
    descriptor::become_stdio(&null)
}

/// Has them be a client.
pub(crate) fn open(stream: BorrowedFd<'_>) -> io::Result<()> {
    descriptor::become_stdio(&stream)
}

/// Sends what was printed, and takes them away from the client: nothing that is left of one may meet
/// the next.
pub(crate) fn end() -> io::Result<()> {
    let sent = io::stdout().flush();
    close()?;
    // What could not be sent is gathered still; now it can go.
    let _ = io::stdout().flush();
    let mut input = io::stdin().lock();
    while let Ok(left) = input.fill_buf()
        && !left.is_empty()
    {
        let count = left.len();
        input.consume(count);
    }
    sent
}
