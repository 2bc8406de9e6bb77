//! A mail server for tests of programs that send mail: it takes every message and hands none on. Each
//! is a file.
//!
//! `swaks --server 127.0.0.1:20215 --to you@example.org`, and then `cat *.eml`.

mod smtp;

use std::path::PathBuf;

use netserver::prelude::*;
use smtp::{Envelope, keep};

/// Takes every message, and keeps it.
#[net_server(personality = "prefork", port = "127.0.0.1:20215", read_timeout = "5m")]
struct SmtpSink {
    /// The folder of the messages.
    #[option(default = ".")]
    folder: PathBuf,
    /// The most bytes of a message.
    #[option(default = 10_000_000)]
    size: usize,
}

#[net_server]
impl SmtpSink {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.talk(conn).inspect_err(|err| {
            // For good where a line was too long, which the next try would be as well.
            let code = if err.kind() == io::ErrorKind::InvalidData { 500 } else { 421 };
            // Who is gone does not hear it.
            let _ = write!(conn, "{code} {err}\r\n");
        })
    }

    fn talk(&self, conn: &mut Connection) -> io::Result<()> {
        let mut envelope = Envelope::default();
        write!(conn, "220 sink ESMTP\r\n")?;
        while let Some(line) = conn.next_line_bytes()? {
            let line = String::from_utf8_lossy(&line);
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let reply = match verb.to_ascii_uppercase().as_str() {
                // Replies are gathered until a read has to wait, which is all that pipelining asks for.
                "EHLO" => {
                    envelope = Envelope::default();
                    format!("250-sink\r\n250-PIPELINING\r\n250 SIZE {}", self.size)
                }
                "DATA" if envelope.is_whole() => {
                    self.take_message(&std::mem::take(&mut envelope), conn)?
                }
                "QUIT" => return write!(conn, "221 bye\r\n"),
                verb => envelope.obey(verb, rest).into(),
            };
            write!(conn, "{reply}\r\n")?;
        }
        Ok(())
    }

    fn take_message(&self, envelope: &Envelope, conn: &mut Connection) -> io::Result<String> {
        write!(conn, "354 end with a dot\r\n")?;
        let mut message = envelope.header().into_bytes();
        let most = message.len() + self.size;
        while let Some(line) = conn.next_line_bytes()? {
            match (line.strip_prefix(b"."), message.len() > most) {
                (Some([]), false) => return Ok(keep(&self.folder, &message)),
                (Some([]), true) => return Ok("552 too long".into()),
                (_, true) => {} // Its client is told at its end.
                // A line that begins with a dot was sent with another one before it.
                (dotted, _) => message.extend([dotted.unwrap_or(&line), b"\r\n"].concat()),
            }
        }
        // Half a message is none.
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn main() -> ExitCode {
    SmtpSink::run()
}
