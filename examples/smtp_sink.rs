//! A mail server for tests of programs that send mail: it takes every message and hands none on. Each
//! is a file.
//!
//! `swaks --server 127.0.0.1:20215 --to you@example.org`, and then `cat *.eml`.

use std::fs::File;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use netserver::prelude::*;

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
        // The sender, and behind it the recipients.
        let mut envelope = Vec::new();
        write!(conn, "220 sink ESMTP\r\n")?;
        while let Some(line) = conn.next_line()? {
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let reply = match (verb.to_ascii_uppercase().as_str(), envelope.len()) {
                ("HELO" | "NOOP", _) => "250 ok".into(),
                // Replies are gathered until a read has to wait, which is all that pipelining asks for.
                ("EHLO", _) => format!("250-sink\r\n250-PIPELINING\r\n250 SIZE {}", self.size),
                ("MAIL", 0) | ("RCPT", 1..) => {
                    envelope.push(rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                    "250 ok".into()
                }
                ("DATA", 2..) => self.take_message(&std::mem::take(&mut envelope), conn)?,
                ("RSET", _) => {
                    envelope.clear();
                    "250 ok".into()
                }
                ("QUIT", _) => return write!(conn, "221 bye\r\n"),
                _ => "503 not here, or not now".into(),
            };
            write!(conn, "{reply}\r\n")?;
        }
        Ok(())
    }

    fn take_message(&self, envelope: &[String], conn: &mut Connection) -> io::Result<String> {
        write!(conn, "354 end with a dot\r\n")?;
        let mut message = format!("X-Envelope: {}\r\n", envelope.join(" ")).into_bytes();
        let most = message.len() + self.size;
        while let Some(line) = conn.next_line_bytes()? {
            match (line.strip_prefix(b"."), message.len() > most) {
                (Some([]), false) => return self.keep(&message),
                (Some([]), true) => return Ok("552 too long".into()),
                (_, true) => {} // Its client is told at its end.
                // A line that begins with a dot was sent with another one before it.
                (dotted, _) => message.extend([dotted.unwrap_or(&line), b"\r\n"].concat()),
            }
        }
        // Half a message is none.
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn keep(&self, message: &[u8]) -> io::Result<String> {
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("{now}-{}.eml", std::process::id());
        File::create_new(self.folder.join(&name))?.write_all(message)?;
        Ok(format!("250 {name}"))
    }
}

fn main() -> ExitCode {
    SmtpSink::run()
}
