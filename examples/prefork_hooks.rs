//! What each child opens for itself and closes at its end: here a journal, elsewhere a connection to
//! a database. Opened in the parent it would be shared by all children, and they would write into each
//! other's lines.
//!
//! `echo hello | nc -N localhost 20208`, and then `cat journal.*`, once the server has stopped.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use netserver::prelude::*;

/// Keeps what clients say in journals, one for each child.
#[net_server(personality = "prefork", port = 20208, max_servers = 4)]
struct Journals {
    /// The folder of the journals.
    #[option(default = ".")]
    folder: PathBuf,
    journal: Option<BufWriter<File>>,
    lines: u64,
}

#[net_server]
impl Journals {
    /// A failure here ends the child, and another takes its place after a while.
    fn child_init_hook(&mut self) -> Result<()> {
        let path = self.folder.join(format!("journal.{}", std::process::id()));
        self.journal = Some(BufWriter::new(File::create_new(path)?));
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let Some(journal) = &mut self.journal else {
            return writeln!(conn, "there is no journal");
        };
        while let Some(line) = conn.next_line()? {
            writeln!(journal, "{line}")?;
            self.lines += 1;
            writeln!(conn, "noted")?;
        }
        Ok(())
    }

    /// What is gathered still is written here, where a failure can be told.
    fn child_finish_hook(&mut self) -> Result<()> {
        if let Some(mut journal) = self.journal.take() {
            writeln!(journal, "{} lines", self.lines)?;
            journal.flush()?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Journals::run()
}
