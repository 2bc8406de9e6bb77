use netserver::Hooks;
use netserver::prelude::*;

struct Echo;

#[net_server(personality = "single")]
impl Echo {
    // Not there, and then the hook of the trait does nothing.
    #[cfg(any())]
    fn post_client_connection_hook(&mut self) -> NoSuchType {
        no_such_function()
    }

    #[cfg(not(any()))]
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }

    #[cfg(any())]
    fn process_request(&mut self) {}
}

fn main() {
    assert!(Hooks::post_client_connection_hook(&mut Echo).is_ok());
}
