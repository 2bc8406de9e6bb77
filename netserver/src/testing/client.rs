//! A client of the server under test: one TCP connection that fails the test where it falters.

use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::testing::deadline::Deadline;
use crate::testing::wire::{PATIENCE, Wire};

/// A connection to a server.
///
/// Each operation has a deadline of its own, 5 seconds where nothing is said. Where a test wants
/// to see an operation fail there is a variant with `try_`.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    address: SocketAddr,
    patience: Duration,
}

impl Client {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        match Self::try_connect(address) {
            Ok(client) => client,
            Err(err) => panic!("cannot connect to {address}: {err}"),
        }
    }

    /// Connects, or says why not.
    ///
    /// # Errors
    ///
    /// Those of connect(2), and `TimedOut` at the deadline.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let wire = Wire::connect(address, Deadline::after(PATIENCE))?;
        Ok(Self { wire, address, patience: PATIENCE })
    }

    /// The client of a connection that was made otherwise: from an address of its own, say.
    #[track_caller]
    pub fn over(stream: TcpStream) -> Self {
        match stream.set_nodelay(true).and_then(|()| stream.peer_addr()) {
            Ok(address) => Self { wire: Wire::over(stream), address, patience: PATIENCE },
            Err(err) => panic!("not connected: {err}"),
        }
    }

    /// How long each operation from now on may take.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The socket, for what has no method here. What was read ahead is not in it any more.
    pub fn stream(&self) -> &TcpStream {
        self.wire.stream()
    }

    /// Sends all the bytes.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(err) = self.wire.send(bytes.as_ref(), self.deadline()) {
            self.fail("send", err);
        }
    }

    /// The next line, without its end, be that `\n` or `\r\n`.
    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.try_line() {
            Ok(Some(line)) => line,
            Ok(None) => self.fail("read a line", "the server closed the connection"),
            Err(err) => self.fail("read a line", err),
        }
    }

    /// The next line, or `None` where the server closed before the end of one came.
    ///
    /// # Errors
    ///
    /// Those of recv(2), and `TimedOut` at the deadline.
    pub fn try_line(&mut self) -> io::Result<Option<String>> {
        let line = self.wire.line(self.deadline())?;
        Ok(line.map(|line| {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            String::from_utf8_lossy(line).into_owned()
        }))
    }

    /// All that comes until the server closes.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        match self.try_rest() {
            Ok(rest) => rest,
            Err(err) => self.fail("read to the end", err),
        }
    }

    /// All that comes until the server closes, or why that cannot be had.
    ///
    /// # Errors
    ///
    /// Those of recv(2), and `TimedOut` at the deadline.
    pub fn try_rest(&mut self) -> io::Result<Vec<u8>> {
        self.wire.rest(self.deadline())
    }

    /// Says that this client sends no more, and can still read.
    #[track_caller]
    pub fn half_close(&mut self) {
        if let Err(err) = self.wire.half_close() {
            self.fail("half-close", err);
        }
    }

    /// Closes so that the server gets a reset.
    #[track_caller]
    pub fn reset(self) {
        if let Err(err) = self.wire.reset() {
            panic!("cannot reset the connection to {}: {err}", self.address);
        }
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.patience)
    }

    #[track_caller]
    fn fail(&self, what: &str, why: impl Display) -> ! {
        let unread = self.wire.unread().escape_ascii();
        panic!("cannot {what} on the connection to {}: {why}; unread: \"{unread}\"", self.address);
    }
}
