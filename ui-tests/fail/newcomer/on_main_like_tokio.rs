#[netserver::main]
fn main() {}
