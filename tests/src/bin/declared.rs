//! A server whose options are declared by every means there is: with letters, secrets, an enum, and the
//! environment as a source. It tells a client what it has, but for what it is to keep to itself.

use netserver::prelude::*;

/// How to greet.
#[derive(Debug, Clone, PartialEq, Eq, OptionValue)]
enum Manner {
    /// As among friends.
    Warm,
    VeryCold,
}

/// Greets, in its manner.
#[net_server(personality = "prefork", port = 0, host = "127.0.0.1", env_prefix = "GREETER")]
struct Greeter {
    /// What to say.
    #[option(short = 'g', default = "hello")]
    greeting: String,
    /// How to say it.
    #[option(short = 'm', default = "warm")]
    manner: Manner,
    /// Names that are known; may repeat.
    #[option(short = 'f')]
    friend: Vec<String>,
    /// Say it loud.
    #[option(short = 'l')]
    loud: bool,
    /// Say it quickly.
    #[option(short = 'q')]
    quick: bool,
    /// What a client has to know.
    #[option(short = 't', secret)]
    token: Option<String>,
    /// Numbers that a client may know instead.
    #[option(secret, range = 1..=9999)]
    pin: Vec<u16>,
}

#[net_server]
impl Greeter {
    fn post_configure_hook(&mut self, server: &ServerInfo) {
        // What a program may write to its log without a thought.
        log::info!("{server:?}");
        for option in server.effective() {
            log::info!("{}: {:?} from {}", option.name(), option.values(), option.source());
        }
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let Self { greeting, manner, friend, loud, quick, token, pin } = self;
        let known = conn.next_line()?.unwrap_or_default();
        let is_known =
            token.as_ref() == Some(&known) || pin.iter().any(|pin| pin.to_string() == known);
        let (manner, friends) = (manner.name(), friend.join(","));
        writeln!(conn, "{greeting} {manner} [{friends}] {loud} {quick} {is_known}")
    }
}

fn main() -> ExitCode {
    Greeter::run()
}
