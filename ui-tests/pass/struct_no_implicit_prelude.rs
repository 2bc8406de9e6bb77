#![no_implicit_prelude]

mod deep {
    pub mod down {
        pub use ::netserver as engine;
    }
}

// What an expansion might rely on, with other meanings.
type Result<T> = T;
type Probe = ();
struct Default;
struct Into;
mod core {}
mod std {}
mod netserver {}

const LIMIT: u8 = 9;

#[deep::down::engine::net_server(crate = deep::down::engine, personality = "prefork", port = 0)]
struct Greeter {
    #[option(default = LIMIT, range = 1..=9)]
    times: u8,
    #[option]
    loud: bool,
    #[option]
    names: ::std::vec::Vec<::std::string::String>,
    visitors: u64,
}

#[deep::down::engine::net_server(crate = deep::down::engine)]
impl Greeter {
    fn process_request(&mut self) -> Result<()> {
        self.visitors += self.times as u64 + self.loud as u64 + self.names.len() as u64;
    }
}

fn main() {
    let _ = || Greeter::run();
    let _ = (Into, Default);
    let _: Probe = ();
}
