//! Hooks, state, and what each worker owns: the book is looked at once before the start, and opened by every
//! worker for itself.
//!
//! `echo rust | nc -N 127.0.0.1 20219`, or `echo rust | nc -N -U quotes.sock`.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::PathBuf;

use netserver::prelude::*;

/// Says something about a topic.
#[net_server(
    personality = "prefork",
    port = ["127.0.0.1:20219", "quotes.sock|unix"],
    min_servers = 2,
    max_servers = 16,
    max_requests = 1000,
    allow = ["127.0.0.0/8", "::1"],
)]
struct Quotes {
    /// The book: `TOPIC: QUOTE` on each line.
    #[option(default = "examples/quotes.txt")]
    book: PathBuf,
    /// Opened by this worker.
    pages: Option<BufReader<File>>,
}

#[net_server]
impl Quotes {
    /// Before anything is bound: a book that nobody can read ends the start, and at a restart nothing but it.
    fn post_configure_hook(&mut self) -> Result<()> {
        log::info!("{} quotes in {}", self.open()?.lines().count(), self.book.display());
        Ok(())
    }

    /// Children that shared one open file would share their place in it, too, and skip each other's lines.
    fn child_init_hook(&mut self) -> Result<()> {
        self.pages = Some(self.open()?);
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(topic) = conn.next_line()? {
            match self.find(&topic)? {
                Some(quote) => writeln!(conn, "{quote}")?,
                None => writeln!(conn, "Nothing about {topic:?}.")?,
            }
        }
        Ok(())
    }

    fn request_denied_hook(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "This is a reading room for the house.")
    }

    // No hooks, but methods like any other.
    fn open(&self) -> io::Result<BufReader<File>> {
        File::open(&self.book).map(BufReader::new)
    }

    fn find(&mut self, topic: &str) -> io::Result<Option<String>> {
        let Some(pages) = &mut self.pages else { return Ok(None) };
        pages.rewind()?;
        for line in pages.lines() {
            if let Some((about, quote)) = line?.split_once(": ")
                && about == topic
            {
                return Ok(Some(quote.to_owned()));
            }
        }
        Ok(None)
    }
}

fn main() -> ExitCode {
    Quotes::run()
}
