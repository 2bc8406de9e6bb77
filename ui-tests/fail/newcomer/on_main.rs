use netserver::prelude::*;

#[net_server(port = 7000)]
fn main() {}
