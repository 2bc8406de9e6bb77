use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> String {
        conn.peer().to_string()
    }
}

fn main() -> ExitCode {
    Echo.run()
}
