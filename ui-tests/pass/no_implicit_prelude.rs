#![no_implicit_prelude]

struct Echo;

// What an expansion might rely on, with other meanings.
type Result<T> = T;
struct Into;
mod core {}
mod std {}
mod netserver {}

#[::netserver::net_server(personality = "prefork", port = ["0", PORT], keepalive)]
impl Echo {
    fn child_init_hook(&mut self) -> Result<()> {}

    fn allow_deny_hook(&mut self, _conn: &mut ::netserver::Connection) -> bool {
        true
    }

    fn process_request(&mut self) {}
}

const PORT: u16 = 20203;

fn main() {
    let _ = || ::netserver::Run::run(Echo);
    let _ = Into;
}
