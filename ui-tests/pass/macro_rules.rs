use netserver::prelude::*;

struct Echo;

macro_rules! server {
    ($name:ident, $port:expr, $greeting:literal) => {
        #[net_server(personality = "prefork", port = $port)]
        impl $name {
            fn child_init_hook(&mut self, server: &ServerInfo) {
                let _ = server;
            }

            fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
                writeln!(conn, $greeting)
            }
        }
    };
}

server!(Echo, 20203, "hello");

// Compiling is the test: no fixture serves.
fn main() {
    let _ = || Echo.run();
}
