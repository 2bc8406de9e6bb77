use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use netserver::Pattern;
use netserver::prelude::*;

#[derive(Debug, Clone, PartialEq)]
enum Language {
    English,
    German,
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::English),
            "de" => Ok(Self::German),
            _ => Err("no language of ours".to_owned()),
        }
    }
}

type Percent = u8;

const WAIT: Duration = Duration::from_secs(5);

/// Greets each visitor.
///
/// Not in help.
#[net_server(personality = "prefork", port = 7000, max_servers = 4)]
#[derive(Debug)]
struct Greeter {
    /// What to say.
    ///
    /// In any language.
    #[option(default = "hello")]
    greeting: String,
    /// How long to wait for a name.
    #[option(default = "30s", range = "1s"..="10m")]
    patience: Duration,
    #[option(default = WAIT)]
    grace: std::time::Duration,
    /// Languages to try, in order
    #[option]
    language: Vec<Language>,
    #[option(default = ["en", "de"], name = "other_language")]
    others: Vec<Language>,
    #[option]
    token: Option<String>,
    #[option(required)]
    motd: PathBuf,
    #[option]
    loud: bool,
    #[option(default = 50, range = 0..=100)]
    share: Percent,
    #[option(default = -5, range = -10..=10)]
    offset: i32,
    #[option(default = 1.5)]
    factor: f64,
    #[option]
    from: Vec<Pattern>,
    #[option(default = 1 << 40)]
    r#most: u64,
    #[cfg(any())]
    #[option(default = 1)]
    gone: NoSuchType,
    visitors: u64,
    #[state(vec![1, 2])]
    seen: Vec<u32>,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        self.visitors += 1;
        writeln!(conn, "{} {:?}", self.greeting, self.seen)
    }
}

fn main() {
    let _ = || Greeter::run();
    let _ = || Greeter::run_with([("greeting", "hi")]);
    let _ = || Greeter::server().set("greeting", "hi").run();
    let _ = |greeter: Greeter| greeter.run();
}
