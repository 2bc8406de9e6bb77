use netserver::prelude::*;
use netserver::Server;

struct Echo;

#[net_server(prot = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }

    fn warm_up(&self) -> u32 {
        7
    }
}

fn main() -> ExitCode {
    let _ = Echo.warm_up() + 1;
    let _ = Server::new(Echo);
    Echo.run()
}
