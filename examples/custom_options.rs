//! A server with options of its own: `custom_options -g hi --language=de --language=en`, and then
//! `echo Ada | nc -N localhost 20206`; or `GREETER_GREETING=hi custom_options`.

use std::time::{Duration, Instant};

use netserver::prelude::*;

/// A language that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, OptionValue)]
enum Language {
    #[option_value(name = "en")]
    English,
    /// As in Berlin.
    #[option_value(name = "de")]
    German,
}

/// Greets each visitor.
#[net_server(personality = "prefork", port = 20206, max_servers = 5, env_prefix = "GREETER")]
struct Greeter {
    /// What to say, instead of what the language says.
    #[option(short = 'g')]
    greeting: Option<String>,
    /// How long after the start visitors are greeted.
    #[option(default = "1d", range = "1s"..="365d")]
    open: Duration,
    /// Languages to greet in, in this order; may repeat.
    #[option(default = ["en"])]
    language: Vec<Language>,
    /// Say it loud.
    #[option(short = 'l')]
    loud: bool,
    /// What a visitor has to say first.
    #[option(secret)]
    token: Option<String>,
    #[state(Instant::now())]
    since: Instant,
    /// How many this very child has greeted.
    visitors: u64,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        if self.since.elapsed() > self.open {
            return writeln!(conn, "closed");
        }
        if self.token.is_some() && conn.next_line()? != self.token {
            return writeln!(conn, "who are you?");
        }
        let name = conn.next_line()?.unwrap_or_default();
        self.visitors += 1;
        for language in &self.language {
            let usual = match language {
                Language::English => "hello",
                Language::German => "guten Tag",
            };
            let greeting = self.greeting.as_deref().unwrap_or(usual);
            let line = format!("{greeting} {name}, visitor {}", self.visitors);
            writeln!(conn, "{}", if self.loud { line.to_uppercase() } else { line })?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    Greeter::run()
}
