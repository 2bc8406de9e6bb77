//! Tells each client which generation of the server it has, and which process: at once, slowly, or a line
//! at a time. It is `lasting` in one loop, where whoever is told slowly keeps nobody waiting.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use netserver::prelude::*;

/// What a client is told later.
enum Later {
    Slow(String),
    Drip { next: u32, count: u32, each: Duration },
}

/// What one client has said that was not done yet.
#[derive(Default)]
struct Talk {
    lines: VecDeque<String>,
    later: Option<Later>,
    ended: bool,
}

#[derive(Default)]
struct LastingLoop {
    talks: HashMap<ConnId, Talk>,
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.parse().unwrap_or(0.0))
}

/// Generation, own process, and whose child that is.
fn who(mux: &Mux<'_>) -> String {
    let parent = std::os::unix::process::parent_id();
    format!("{} {} {parent}", mux.server().generation(), std::process::id())
}

impl Talk {
    /// Does what was said, up to where it is told more later.
    fn go_on(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        while self.later.is_none()
            && let Some(line) = self.lines.pop_front()
        {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["say", text] => {
                    let who = who(mux);
                    writeln!(mux, "{text} {who}")?;
                }
                ["slow", time, text] => {
                    writeln!(mux, "begun")?;
                    self.later = Some(Later::Slow((*text).to_owned()));
                    mux.set_timeout(seconds(time));
                }
                ["drip", count, time] => {
                    let count = count.parse().unwrap_or(1);
                    let each = seconds(time) / count;
                    self.later = Some(Later::Drip { next: 0, count, each });
                    mux.set_timeout(each);
                }
                ["quit"] => mux.close(),
                _ => writeln!(mux, "? {line}")?,
            }
        }
        if self.ended && self.later.is_none() {
            mux.close();
        }
        Ok(())
    }
}

#[net_server(personality = "multiplex", port = 0, host = "127.0.0.1")]
impl LastingLoop {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        let talk = self.talks.entry(mux.id()).or_default();
        talk.lines.extend(std::iter::from_fn(|| input.take_line()));
        talk.go_on(mux)
    }

    fn mux_eof(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        mux.stay_open();
        let talk = self.talks.entry(mux.id()).or_default();
        talk.ended = true;
        talk.go_on(mux)
    }

    fn mux_timeout(&mut self, mux: &mut Mux<'_>) -> io::Result<()> {
        let talk = self.talks.entry(mux.id()).or_default();
        match talk.later.take() {
            Some(Later::Drip { next, count, each }) if next < count => {
                writeln!(mux, "{next}")?;
                talk.later = Some(Later::Drip { next: next + 1, count, each });
                mux.set_timeout(each);
                return Ok(());
            }
            Some(Later::Slow(text)) => {
                let who = who(mux);
                writeln!(mux, "{text} {who}")?;
            }
            _ => {}
        }
        talk.go_on(mux)
    }

    fn mux_close(&mut self, mux: &mut Mux<'_>) {
        self.talks.remove(&mux.id());
    }
}

fn main() -> ExitCode {
    LastingLoop::default().run()
}
