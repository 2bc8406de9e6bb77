//! Clients leave jobs and go; a child of its own works them off: `job_queue --queue=/var/spool/jobs`.
//!
//! A job is a file. It is written under another name and renamed, so that it is there as a whole or
//! not at all. It goes when it is done: one that was cut short is done again. Leave some by
//! `nc localhost 20210`, a line each.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use netserver::prelude::*;

/// Takes jobs, a line each, and does them later.
#[net_server(personality = "prefork", port = 20210, max_servers = 5, check_for_dequeue = "1s")]
struct Jobs {
    /// The folder of the jobs that wait; nothing else may be there.
    #[option(default = "jobs")]
    queue: PathBuf,
    taken: u64,
}

#[net_server]
impl Jobs {
    fn post_configure_hook(&mut self) -> Result<()> {
        Ok(fs::create_dir_all(&self.queue)?)
    }

    fn process_request(&mut self, conn: &mut Connection) -> Result<()> {
        while let Some(job) = conn.next_line()? {
            self.enqueue(&job)?;
            writeln!(conn, "queued")?;
        }
        Ok(())
    }

    /// A child is forked only where there is something to do.
    fn run_dequeue(&mut self) -> Result<bool> {
        Ok(!waiting(&self.queue)?.is_empty())
    }

    /// There is one such child at a time (`max_dequeue`), so that nobody takes a job away from it.
    fn dequeue(&mut self) -> Result<()> {
        for path in waiting(&self.queue)? {
            let job = fs::read_to_string(&path)?;
            log::info!("done: {}", job.to_uppercase());
            fs::remove_file(&path)?;
        }
        Ok(())
    }
}

impl Jobs {
    /// The names of jobs sort by their age, and no two are the same.
    fn enqueue(&mut self, job: &str) -> Result<()> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        self.taken += 1;
        let name = format!("{now:020}-{}-{}", std::process::id(), self.taken);
        let (unfinished, job_file) = (format!("{name}.new"), format!("{name}.job"));
        fs::write(self.queue.join(&unfinished), job)?;
        Ok(fs::rename(self.queue.join(unfinished), self.queue.join(job_file))?)
    }
}

/// The jobs that wait, the oldest first.
fn waiting(queue: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(queue)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "job"));
    paths.sort();
    Ok(paths)
}

fn main() -> ExitCode {
    Jobs::run()
}
