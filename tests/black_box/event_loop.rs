//! The loop of multiplex at its edges: what a close, a stop and a client that does not read do to what is
//! sent, and to addresses.

use std::io::Write;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{Client, Program, Signal};

use super::program;

fn turning(arguments: &[&str]) -> Program {
    program!("turning").args(["--log_level=4"]).args(arguments)
}

#[test]
fn a_reply_is_whole_though_its_client_says_more_than_is_read() {
    let server = turning(&[]).start();
    for _ in 0..10 {
        let mut client = Client::connect(server.address());
        client.send([b"flood 500000\nquit\n".to_vec(), vec![b'y'; 300_000]].concat());
        assert_eq!(client.rest().len(), 500_000);
    }
    server.stop();
}

#[test]
fn who_does_not_read_is_not_read_from_and_gets_all_later() {
    let server = turning(&["--max_unsent=300K"]).start();
    let mut client = Client::connect(server.address());
    let mut stream = client.stream().try_clone().unwrap();
    let line = [&[b'z'; 1000][..], b"\n"].concat();
    let lines = 20_000;
    let sender = thread::spawn({
        let line = line.clone();
        move || {
            for _ in 0..lines {
                stream.write_all(&line).unwrap();
            }
            stream.write_all(b"quit\n").unwrap();
        }
    });
    // It has all that the kernel holds for both ends by then, or waits for longer than any test.
    let mut quick = Client::connect(server.address());
    for _ in 0..200 {
        quick.send("still served\n");
        assert_eq!(quick.line(), "still served");
    }
    drop(quick);
    assert_eq!(client.rest().len(), lines * line.len());
    sender.join().unwrap();
    server.stop();
}

#[test]
fn half_a_reply_does_not_look_like_a_whole_one() {
    let server = turning(&["--max_unsent=300K"]).start();
    let mut client = Client::connect(server.address());
    client.send("flood 30000000\n");
    server.wait_for_log("more than max_unsent, 307200 bytes, wait to be sent");
    server.wait_for_log("mux_close of");
    client.try_rest().unwrap_err();
    server.stop();
}

#[test]
fn a_timer_comes_before_a_limit_that_is_later_and_after_one_that_was_earlier() {
    let server = turning(&["--read_timeout=30s"]).start();
    let mut client = Client::connect(server.address());
    let since = Instant::now();
    client.send("wait 20000\nready\n");
    assert_eq!(client.line(), "ready");
    client.send("wait 300\n");
    assert_eq!(client.line(), "time is over");
    let passed = since.elapsed();
    assert!((300..5_000).contains(&passed.as_millis()), "{passed:?}");
    // Each is for once.
    client.send("wait 10\nwait 400\n");
    let since = Instant::now();
    assert_eq!(client.line(), "time is over");
    assert!(since.elapsed() >= Duration::from_millis(390), "{:?}", since.elapsed());
    client.send("last\nquit\n");
    assert_eq!(client.rest(), b"last\n");
    server.stop();
}

#[test]
fn a_stop_frees_the_address_of_packets_while_a_stream_goes_on() {
    let server = turning(&["--port=0/tcp", "--port=0/udp"]).start();
    let addresses = server.addresses(2);
    let packets = UdpSocket::bind("127.0.0.1:0").unwrap();
    packets.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    packets.send_to(b"packet\n", addresses[1]).unwrap();
    let mut answer = [0; 100];
    assert_eq!(packets.recv(&mut answer).unwrap(), 7);
    let mut client = Client::connect(addresses[0]);
    client.send("served\n");
    assert_eq!(client.line(), "served");
    server.signal(Signal::SIGTERM);
    server.wait_until("the address is free", || UdpSocket::bind(addresses[1]).is_ok());
    client.send("still served\nquit\n");
    assert_eq!(client.rest(), b"still served\n");
    server.wait().expect_code(0);
}
