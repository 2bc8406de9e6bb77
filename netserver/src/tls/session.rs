//! TLS with one client: what it sends comes in raw and goes out as plain bytes, and the reverse.
//!
//! Every call is handed the raw stream, whose reads and writes have the time limits. What rustls
//! wants to say beside the data, as tickets, waits for the next raw write or read, so that it costs
//! no write of its own.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

use super::fault;

/// Most plain bytes that one [`Session::write`] takes.
const QUEUE: usize = 64 * 1024;

/// The server's end of one TLS connection.
#[derive(Debug)]
pub(crate) struct Session {
    tls: ServerConnection,
}

impl Session {
    /// A session that is yet to be opened by [`handshake`](Self::handshake).
    ///
    /// # Errors
    /// Where the kernel gives no random bytes.
    pub(crate) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(config).map_err(|err| fault::of(&err, false))?;
        tls.set_buffer_limit(Some(QUEUE));
        Ok(Self { tls })
    }

    /// Agrees with the client on keys. Nothing can be read or written before.
    ///
    /// # Errors
    /// As [`read`](Self::read), and `UnexpectedEof` where the client left.
    pub(crate) fn handshake(&mut self, raw: &mut (impl Read + Write)) -> io::Result<()> {
        while self.tls.is_handshaking() {
            if self.receive(raw)? == 0 {
                return Err(fault::gone("during the handshake"));
            }
        }
        // A client of TLS 1.2 waits for the end of the handshake. One of 1.3 was told all it needs,
        // and its tickets go with the first answer.
        if self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_2) {
            self.send(raw)?;
        }
        Ok(())
    }

    /// Plain bytes from the client; 0 where it has ended them by the rules, with a `close_notify`.
    ///
    /// # Errors
    /// `UnexpectedEof` where its stream ended without that, `InvalidData` for what is not TLS, and
    /// what the raw stream fails with. `InvalidData` is the end of the session.
    pub(crate) fn read(
        &mut self,
        raw: &mut (impl Read + Write),
        into: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(into) {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => self.receive(raw)?,
                Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(fault::gone("without a close_notify"));
                }
                result => return result,
            };
        }
    }

    /// Sends plain bytes, at most 64 KiB of them, and says how many. All of those were sent: after
    /// an error some were, and there is no way to go on.
    ///
    /// # Errors
    /// What the raw stream fails with, and `InvalidData` where the client has broken the session.
    pub(crate) fn write(&mut self, raw: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        // A session that has failed must not be written to.
        self.process(raw)?;
        let count = self.tls.writer().write(bytes)?;
        self.send(raw)?;
        Ok(count)
    }

    /// Takes plain bytes, and says how many, for [`flush`](Self::flush) to send.
    ///
    /// # Errors
    /// `InvalidData` where the client has broken the session.
    pub(crate) fn push(&mut self, raw: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        // A session that has failed must not be written to.
        self.process(raw)?;
        self.tls.writer().write(bytes)
    }

    /// Sends what was taken and what rustls wants to say beside it.
    ///
    /// # Errors
    /// What the raw stream fails with; it may be called again where that is `WouldBlock`.
    pub(crate) fn flush(&mut self, raw: &mut impl Write) -> io::Result<()> {
        self.send(raw)
    }

    /// Whether there is something for [`flush`](Self::flush).
    pub(crate) fn has_unsent(&self) -> bool {
        self.tls.wants_write()
    }

    /// Has what is sent from here on end with the word that nothing follows.
    pub(crate) fn end(&mut self) {
        self.tls.send_close_notify();
    }

    /// Tells the client that nothing follows: what it has got is whole.
    ///
    /// # Errors
    /// What the raw stream fails with.
    pub(crate) fn close(&mut self, raw: &mut impl Write) -> io::Result<()> {
        self.end();
        self.send(raw)
    }

    /// Whether a read returns at once, without the raw stream: there are plain bytes, or their
    /// end. A record that has come in part does not count: the rest of it will make the raw stream
    /// readable.
    pub(crate) fn has_unread(&self) -> bool {
        !self.tls.wants_read()
    }

    /// The host name that the client has asked for, in lower case.
    pub(crate) fn sni(&self) -> Option<&str> {
        self.tls.server_name()
    }

    /// The protocol that both agreed to speak inside.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.tls.alpn_protocol()
    }

    /// The certificates that the client has shown, its own first, as DER; none where it was not
    /// asked or did not want to.
    pub(crate) fn peer_certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let shown = self.tls.peer_certificates().unwrap_or_default();
        shown.iter().map(AsRef::as_ref)
    }

    /// `TLSv1.3` or `TLSv1.2`, once the handshake has come that far.
    pub(crate) fn protocol_version(&self) -> Option<&'static str> {
        match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The name of the cipher suite, as `TLS13_AES_256_GCM_SHA384`.
    pub(crate) fn cipher_suite(&self) -> Option<&'static str> {
        self.tls.negotiated_cipher_suite()?.suite().as_str()
    }

    /// One raw read, after what the client may be waiting for was sent; 0 at the end.
    fn receive(&mut self, raw: &mut (impl Read + Write)) -> io::Result<usize> {
        // A session that has failed must not wait for more.
        self.process(raw)?;
        let sent = self.send(raw);
        if self.tls.is_handshaking() {
            sent?;
        }
        // A client that has left takes no tickets, and what it sent before can still be read. A
        // later write tries again, and tells.
        let count = self.tls.read_tls(raw)?;
        self.process(raw)?;
        Ok(count)
    }

    /// Takes in what was read.
    fn process(&mut self, raw: &mut impl Write) -> io::Result<()> {
        let Err(err) = self.tls.process_new_packets() else {
            return Ok(());
        };
        // The client is told by an alert. Where that fails it is the smaller of two failures.
        let _ = self.send(raw);
        Err(self.fault(&err))
    }

    fn fault(&self, err: &rustls::Error) -> io::Error {
        fault::of(err, self.tls.protocol_version().is_some())
    }

    /// Sends all that is queued.
    fn send(&mut self, raw: &mut impl Write) -> io::Result<()> {
        while self.tls.wants_write() {
            if self.tls.write_tls(&mut AtOnce(raw))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

/// A stream whose every write is one, also of several pieces: each record is a piece, and a server's
/// part of a handshake is five.
struct AtOnce<'a, W>(&'a mut W);

impl<W: Write> Write for AtOnce<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if let [one] = pieces {
            return self.0.write(one);
        }
        let mut all = Vec::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            all.extend_from_slice(piece);
        }
        self.0.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::Shutdown;
    use std::sync::mpsc;

    use rustls::version::{TLS12, TLS13};

    use super::*;
    use crate::tls::fixture::{self, Caller};

    /// Bytes that differ from place to place.
    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 + at / 251).to_le_bytes()[0]).collect()
    }

    fn read_all(session: &mut Session, raw: &mut (impl Read + Write)) -> io::Result<Vec<u8>> {
        let (mut all, mut some) = (Vec::new(), vec![0; 10_000]);
        loop {
            match session.read(raw, &mut some)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&some[..count]),
            }
        }
    }

    fn write_all(session: &mut Session, raw: &mut impl Write, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = session.write(raw, bytes).unwrap();
            assert!((1..=QUEUE).contains(&count), "{count}");
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn what_one_end_writes_the_other_reads() {
        let config = fixture::config();
        for (version, name, cipher) in [
            (&TLS13, "TLSv1.3", "TLS13_AES_256_GCM_SHA384"),
            (&TLS12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ] {
            let ((), answer) = Caller::of(version).call(
                &config,
                |session, raw| {
                    assert_eq!((session.protocol_version(), session.cipher_suite()), (None, None));
                    session.handshake(raw).unwrap();
                    assert_eq!(session.protocol_version(), Some(name));
                    assert_eq!(session.cipher_suite(), Some(cipher));
                    let mut line = [0; 100];
                    let count = session.read(raw, &mut line).unwrap();
                    assert_eq!(session.write(raw, &line[..count]).unwrap(), 5);
                    session.close(raw).unwrap();
                },
                |talk| {
                    talk.write_all(b"hello").unwrap();
                    let mut answer = String::new();
                    talk.read_to_string(&mut answer).map(|_| answer)
                },
            );
            assert_eq!(answer.unwrap(), "hello");
        }
    }

    #[test]
    fn a_megabyte_goes_both_ways_byte_for_byte() {
        let (config, bytes) = (fixture::config(), noise(1 << 20));
        for version in [&TLS13, &TLS12] {
            let (there, back) = Caller::of(version).call(
                &config,
                |session, raw| {
                    session.handshake(raw).unwrap();
                    let there = read_all(session, raw).unwrap();
                    write_all(session, raw, &bytes);
                    session.close(raw).unwrap();
                    there
                },
                |talk| {
                    talk.write_all(&bytes).unwrap();
                    talk.conn.send_close_notify();
                    talk.flush().unwrap();
                    let mut back = Vec::new();
                    talk.read_to_end(&mut back).map(|_| back)
                },
            );
            assert!(there == bytes);
            assert!(back.unwrap() == bytes);
        }
    }

    #[test]
    fn no_raw_call_is_needless() {
        let config = fixture::config();
        for (version, handshake) in [(&TLS13, (2, 1)), (&TLS12, (2, 2))] {
            Caller::of(version).call(
                &config,
                |session, raw| {
                    session.handshake(raw).unwrap();
                    assert_eq!((raw.reads, raw.writes), handshake);
                    // In TLS 1.3 with the tickets.
                    assert_eq!(session.write(raw, &[7; 16 * 1024]).unwrap(), 16 * 1024);
                    assert_eq!((raw.reads, raw.writes), (handshake.0, handshake.1 + 1));
                    assert_eq!(session.write(raw, &vec![7; 64 * 1024]).unwrap(), 64 * 1024);
                    assert_eq!(session.write(raw, &vec![7; 80 * 1024]).unwrap(), 64 * 1024);
                    assert_eq!(session.write(raw, &[]).unwrap(), 0);
                    let writes = raw.writes;
                    session.close(raw).unwrap();
                    assert_eq!((raw.reads, raw.writes), (handshake.0, writes + 1));
                },
                |talk| talk.read_to_end(&mut Vec::new()).unwrap(),
            );
        }
    }

    #[test]
    fn a_client_that_waits_for_no_answer_still_gets_its_tickets() {
        let config = fixture::config();
        Caller::of(&TLS13).call(
            &config,
            |session, raw| {
                session.handshake(raw).unwrap();
                assert_eq!(session.read(raw, &mut [0; 9]).unwrap(), 2);
            },
            |talk| {
                while talk.conn.is_handshaking() {
                    talk.conn.complete_io(&mut talk.sock).unwrap();
                }
                let (read, _) = talk.conn.complete_io(&mut talk.sock).unwrap();
                assert!(read > 0);
                talk.write_all(b"ok").unwrap();
            },
        );
    }

    #[test]
    fn what_a_client_sent_before_it_left_can_be_read() {
        let config = fixture::config();
        let (agreed, until_agreed) = mpsc::channel();
        let (left, until_left) = mpsc::channel();
        Caller::of(&TLS13).call(
            &config,
            |session, raw| {
                session.handshake(raw).unwrap();
                agreed.send(()).unwrap();
                until_left.recv().unwrap();
                assert_eq!(read_all(session, raw).unwrap(), b"bye");
                let err = session.write(raw, b"bye").unwrap_err();
                assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);
            },
            move |talk| {
                talk.flush().unwrap();
                until_agreed.recv().unwrap();
                talk.write_all(b"bye").unwrap();
                talk.conn.send_close_notify();
                talk.flush().unwrap();
                talk.sock.shutdown(Shutdown::Both).unwrap();
                left.send(()).unwrap();
            },
        );
    }

    #[test]
    fn plain_text_is_told_from_tls_and_answered_by_an_alert() {
        for text in ["GET / HTTP/1.0\r\n\r\n", "\n", "\x16\x01\x00"] {
            let ((), answer) = fixture::call(
                &fixture::config(),
                |session, raw| {
                    for _ in 0..2 {
                        let err = session.handshake(raw).unwrap_err();
                        assert_eq!(err.kind(), io::ErrorKind::InvalidData);
                        assert_eq!(err.to_string(), "TLS: the client does not speak TLS");
                    }
                    let err = session.read(raw, &mut [0; 9]).unwrap_err();
                    assert_eq!(err.to_string(), "TLS: the client does not speak TLS");
                    let err = session.write(raw, b"x").unwrap_err();
                    assert_eq!(err.to_string(), "TLS: the client does not speak TLS");
                    session.close(raw).unwrap();
                    assert_eq!((raw.reads, raw.writes), (1, 1));
                },
                |mut stream| {
                    stream.write_all(text.as_bytes()).unwrap();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).map(|_| answer)
                },
            );
            // A fatal alert: decode_error.
            assert_eq!(answer.unwrap(), [0x15, 3, 3, 0, 2, 2, 50]);
        }
    }

    #[test]
    fn noise_within_a_session_ends_it() {
        let config = fixture::config();
        let (said, ()) = Caller::new("a.test").call(
            &config,
            |session, raw| {
                // Its end of the handshake may come with the noise.
                let read = session.handshake(raw).and_then(|()| read_all(session, raw));
                read.unwrap_err().to_string()
            },
            |talk| {
                talk.write_all(b"hello").unwrap();
                talk.sock
                    .write_all(b"\x17\x03\x03\x00\x20 thirty-two bytes, not enciphered")
                    .unwrap();
                let err = talk.read(&mut [0; 9]).unwrap_err();
                assert_eq!(err.to_string(), "received fatal alert: BadRecordMac");
            },
        );
        assert_eq!(said, "TLS: cannot decrypt peer's message");
    }

    #[test]
    fn an_alert_of_the_client_is_told() {
        let config = fixture::config();
        let (said, ()) = Caller::new("a.test").call(
            &config,
            |session, raw| {
                let read = session.handshake(raw).and_then(|()| session.read(raw, &mut [0; 9]));
                read.unwrap_err().to_string()
            },
            |talk| {
                // The client's own end fails, and says so.
                while talk.conn.is_handshaking() {
                    talk.conn.complete_io(&mut talk.sock).unwrap();
                }
                talk.conn.read_tls(&mut &b"\x63\x03\x03\x00\x01!"[..]).unwrap();
                talk.conn.process_new_packets().unwrap_err();
                talk.conn.write_tls(&mut talk.sock).unwrap();
            },
        );
        assert_eq!(said, "TLS: the client refuses: DecodeError");
    }

    #[test]
    fn an_end_without_close_notify_is_no_end() {
        let config = fixture::config();
        for whole in [true, false] {
            let (read, ()) = Caller::new("a.test").call(
                &config,
                |session, raw| {
                    session.handshake(raw).unwrap();
                    let mut all = [0; 4];
                    assert_eq!(session.read(raw, &mut all).unwrap(), 4);
                    session.read(raw, &mut all).map_err(|err| (err.kind(), err.to_string()))
                },
                |talk| {
                    talk.write_all(b"half").unwrap();
                    if whole {
                        talk.conn.send_close_notify();
                        talk.flush().unwrap();
                    }
                    talk.sock.shutdown(Shutdown::Write).unwrap();
                    let _ = io::copy(&mut talk.sock, &mut io::sink());
                },
            );
            let text = "TLS: the client left without a close_notify";
            let torn = (io::ErrorKind::UnexpectedEof, text.to_owned());
            assert_eq!(read, if whole { Ok(0) } else { Err(torn) });
        }
    }

    #[test]
    fn a_client_that_leaves_in_the_handshake_is_told() {
        let (err, ()) = fixture::call(
            &fixture::config(),
            |session, raw| session.handshake(raw).unwrap_err(),
            |mut stream| stream.write_all(b"\x16\x03\x01").unwrap(),
        );
        assert_eq!(err.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(err.to_string(), "TLS: the client left during the handshake");
    }

    #[test]
    fn what_was_deciphered_and_not_read_is_known() {
        let config = fixture::config();
        Caller::new("a.test").call(
            &config,
            |session, raw| {
                session.handshake(raw).unwrap();
                let mut some = [0; 4];
                assert_eq!(session.read(raw, &mut some).unwrap(), 4);
                assert!(session.has_unread());
                let reads = raw.reads;
                assert_eq!(session.read(raw, &mut some).unwrap(), 2);
                assert!(!session.has_unread());
                assert_eq!(raw.reads, reads);
                session.write(raw, b"on").unwrap();
                assert_eq!(session.read(raw, &mut some).unwrap(), 0);
                assert!(session.has_unread());
            },
            |talk| {
                talk.write_all(b"sixsix").unwrap();
                talk.read_exact(&mut [0; 2]).unwrap();
                talk.conn.send_close_notify();
                talk.flush().unwrap();
                // Until the server has gone.
                let _ = io::copy(&mut talk.sock, &mut io::sink());
            },
        );
    }

    /// A stream whose reads are a script, and whose writes take some bytes each.
    struct Script(VecDeque<io::Result<Vec<u8>>>, usize);

    impl Read for Script {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.pop_front().unwrap()?;
            into[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len().min(self.1))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_raw_stream_fails_with_is_handed_on() {
        let mut session = Session::new(fixture::config()).unwrap();
        let hello = b"\x16\x03\x01\x00\x05\x01".to_vec();
        let late = io::Error::from(io::ErrorKind::TimedOut);
        let mut raw = Script([Ok(hello), Err(late), Ok(b"!".to_vec())].into(), 0);
        assert_eq!(session.handshake(&mut raw).unwrap_err().kind(), io::ErrorKind::TimedOut);
        // It goes on where it was.
        raw.0.push_back(Ok(b"\0\0\x01!".to_vec()));
        assert_eq!(session.handshake(&mut raw).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_stream_that_takes_nothing_is_not_asked_for_ever() {
        let config = fixture::config();
        let mut hello = Vec::new();
        Caller::new("a.test").connection().write_tls(&mut hello).unwrap();
        let mut raw = Script([Ok(hello)].into(), 0);
        let mut session = Session::new(Arc::clone(&config)).unwrap();
        // No answer is waited for where nothing could be said.
        assert_eq!(session.handshake(&mut raw).unwrap_err().kind(), io::ErrorKind::WriteZero);
        let mut session = Session::new(config).unwrap();
        assert_eq!(session.close(&mut raw).unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    proptest::proptest! {
        #[test]
        fn no_client_makes_it_panic(mut pieces: Vec<Vec<u8>>, tls: bool) {
            for piece in &mut pieces {
                piece.truncate(4096);
            }
            if tls {
                pieces.insert(0, b"\x16\x03\x01\x00\x40\x01\0\0\x3c\x03\x03".to_vec());
            }
            let ended = std::iter::repeat_with(|| Ok(Vec::new())).take(4);
            let mut raw = Script(pieces.into_iter().map(Ok).chain(ended).collect(), 7);
            let mut session = Session::new(shared()).unwrap();
            assert!(session.handshake(&mut raw).is_err());
            assert!(session.read(&mut raw, &mut [0; 9]).is_err());
        }
    }

    fn shared() -> Arc<ServerConfig> {
        static CONFIG: std::sync::OnceLock<Arc<ServerConfig>> = std::sync::OnceLock::new();
        Arc::clone(CONFIG.get_or_init(fixture::config))
    }
}
