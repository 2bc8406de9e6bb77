use netserver::prelude::*;

macro_rules! server {
    ($name:ident { $field:ident: $ty:ty = $default:expr }) => {
        #[net_server(personality = "single", port = 7000)]
        pub struct $name {
            #[option(default = $default)]
            $field: $ty,
        }

        #[net_server]
        impl $name {
            fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
                writeln!(conn, "{:?}", self.$field)
            }
        }
    };
}

server!(Greeter { greeting: String = "hello" });
server!(Counter { start: Vec<u64> = [1, 2] });

fn main() {
    let _ = || Greeter::run();
    let _ = || Counter::run();
}
