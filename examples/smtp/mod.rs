//! The part of SMTP that `smtp_sink` has before and behind a message: its envelope, and its file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// RFC 5321 asks for as many: the sender, and 100 recipients.
const MOST: usize = 101;
/// The most bytes of an address, by RFC 5321 as well.
const LONGEST: usize = 254;

/// The sender, and behind it the recipients.
#[derive(Default)]
pub(crate) struct Envelope(Vec<String>);

impl Envelope {
    /// Has somebody to go to.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.len() > 1
    }

    /// The reply to a command that may change it.
    pub(crate) fn obey(&mut self, verb: &str, rest: &str) -> &'static str {
        match (verb, self.0.len()) {
            ("HELO" | "RSET", _) => {
                self.0.clear();
                "250 ok"
            }
            ("NOOP", _) => "250 ok",
            ("RCPT", MOST..) => "452 too many recipients",
            ("MAIL", 0) | ("RCPT", 1..) => self.add(rest),
            _ => "503 not here, or not now",
        }
    }

    fn add(&mut self, parameter: &str) -> &'static str {
        let behind = parameter.split_once('<').map(|(_, behind)| behind);
        let Some((address, _)) = behind.and_then(|behind| behind.split_once('>')) else {
            return "501 expected <ADDRESS>";
        };
        // Nothing that could end its line in the file, and UTF-8 is for who has announced it.
        if address.len() > LONGEST || !address.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return "501 that is no address";
        }
        self.0.push(address.to_owned());
        "250 ok"
    }

    /// What a message begins with.
    pub(crate) fn header(&self) -> String {
        format!("X-Envelope: {}\r\n", self.0.join(" "))
    }
}

/// The reply to a message, which has a file of its own then.
pub(crate) fn keep(folder: &Path, message: &[u8]) -> String {
    match write(folder, message) {
        Ok(name) => format!("250 {name}"),
        Err(err) => {
            log::error!("{}: {err}", folder.display());
            format!("451 {err}")
        }
    }
}

/// Tells the name of the file. Nothing of it stays where this fails.
fn write(folder: &Path, message: &[u8]) -> io::Result<String> {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let name = format!("{now}-{}.eml", std::process::id());
    let path = folder.join(&name);
    File::create_new(&path)?.write_all(message).inspect_err(|_| {
        // The write has failed, and is what the client is told of.
        let _ = fs::remove_file(&path);
    })?;
    Ok(name)
}
