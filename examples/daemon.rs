//! A daemon: in the background, with a pid file, a log and a user of its own. All of that stands in its conf
//! file, `daemon.conf` beside this one; the program only says what clients get.
//!
//! ```console
//! # cargo run --example daemon -- --conf_file=examples/daemon.conf
//! $ nc 127.0.0.1 20213
//! # kill "$(cat /run/counter.pid)"
//! ```

use std::fs::File;

use netserver::prelude::*;

/// Counts its visitors, each child its own, and lets them read a file that only root may open.
#[net_server(personality = "prefork", port = "127.0.0.1:20213", max_servers = 10)]
struct Counter {
    /// The file that is read while the server is still root.
    #[option(default = "/etc/shadow")]
    secret: std::path::PathBuf,
    opened: Option<File>,
    visitors: u64,
}

#[net_server]
impl Counter {
    /// The last place with the privileges of the start: what is opened here stays open.
    fn post_bind_hook(&mut self) -> Result<()> {
        self.opened = Some(File::open(&self.secret)?);
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.visitors += 1;
        let length =
            self.opened.as_ref().map_or(Ok(0), |file| file.metadata().map(|of| of.len()))?;
        let again = File::open(&self.secret);
        log::debug!("visitor {} of this child", self.visitors);
        writeln!(conn, "visitor {}", self.visitors)?;
        writeln!(conn, "the secret has {length} bytes")?;
        match again {
            Ok(_) => writeln!(conn, "and anybody here may open it"),
            Err(err) => writeln!(conn, "and nobody here may open it: {err}"),
        }
    }
}

fn main() -> ExitCode {
    Counter::run()
}
