//! A client as standard input and output, for programs that a handler starts and libraries that
//! print.

use std::io::{self, BufRead, Write};
use std::os::fd::BorrowedFd;

use crate::sys::{descriptor, ends};

/// Takes standard input and output away from whoever started the server.
pub(crate) fn close() -> io::Result<()> {
    ends::with_null(|null| descriptor::become_stdio(&null, &null))
}

/// Has them be a client.
pub(crate) fn open((input, output): (BorrowedFd<'_>, BorrowedFd<'_>)) -> io::Result<()> {
    descriptor::become_stdio(&input, &output)
}

/// Where standard error is the client too, as with inetd, what is logged must not go there.
pub(crate) fn spare_the_client() -> io::Result<()> {
    if descriptor::is_stderr_stdin() { descriptor::silence_stderr() } else { Ok(()) }
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
