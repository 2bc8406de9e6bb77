//! `std_echo ADDRESS line|keep`: a thread for each connection, by the standard library alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn line(mut stream: TcpStream) -> std::io::Result<()> {
    let mut line = Vec::new();
    BufReader::with_capacity(1024, &stream).read_until(b'\n', &mut line)?;
    stream.write_all(&line)
}

fn keep(mut stream: TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 16384];
    loop {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => stream.write_all(&bytes[..count])?,
        }
    }
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let serve = if words[1] == "keep" { keep } else { line };
    for stream in TcpListener::bind(&words[0])?.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream));
    }
    Ok(())
}
