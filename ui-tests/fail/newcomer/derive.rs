#[derive(netserver::NetServer)]
struct Echo;

fn main() {}
