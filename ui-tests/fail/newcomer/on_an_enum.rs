use netserver::prelude::*;

#[net_server(port = 7000)]
enum Echo {
    Plain,
    Loud,
}

fn main() {}
