use netserver::prelude::*;
use netserver::{Hooks, NetServer};

struct Refused;

impl From<Refused> for Box<dyn std::error::Error + Send + Sync> {
    fn from(_: Refused) -> Self {
        "refused".into()
    }
}

type Verdict = std::result::Result<bool, Refused>;

struct Echo;

#[net_server(personality = "prefork")]
impl Echo {
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        options.set("port", 0)?;
        Ok(())
    }

    fn post_bind_hook(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn child_init_hook(&mut self) -> std::result::Result<(), String> {
        Ok(())
    }

    fn allow_deny_hook(&mut self) -> Verdict {
        Err(Refused)
    }

    fn post_client_connection_hook(&mut self) -> std::result::Result<(), Refused> {
        Err(Refused)
    }

    fn process_request(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = |conn: &mut Connection| NetServer::process_request(&mut Echo, conn);
    // The forwarder hands on what the method returns.
    assert!(Hooks::post_client_connection_hook(&mut Echo).is_err());
}
