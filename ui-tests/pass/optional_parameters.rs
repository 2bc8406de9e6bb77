use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork")]
impl Echo {
    fn configure_hook() {}

    fn child_init_hook(&mut self) {}

    fn child_finish_hook(&self, _: &ServerInfo) {}

    fn allow_deny_hook(&self) -> bool {
        true
    }

    fn post_process_request_hook(&mut self, _conn: &mut Connection, _allowed: bool) {}

    fn request_denied_hook<'a>(&'a mut self, _conn: &'a mut Connection) {}

    fn process_request(&self) {}
}

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
