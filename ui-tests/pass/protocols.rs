//! Protocols of the options and a protocol of the program's own.

use netserver::prelude::*;

#[derive(Debug)]
struct Proxied;

impl netserver::Proto for Proxied {}

struct Packets;

#[net_server(port = [20203, "/run/packets"], proto = ["udp", "unixdgram"])]
impl Packets {
    fn process_request(&mut self, _conn: &mut Connection) {}
}

struct Streams;

#[net_server(port = "{port=20203, listen=10}", proto = Proxied)]
impl Streams {
    fn process_request(&mut self, _conn: &mut Connection) {}
}

fn main() {
    let options = netserver::options! { port: "/run/s", proto: "unix" };
    let _ = (Packets, Streams, options);
}
