//! `tokio_echo ADDRESS line|keep`: tokio's loop in one thread, a task for each connection.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

async fn line(mut stream: TcpStream) -> std::io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = Vec::new();
    BufReader::with_capacity(1024, reader).read_until(b'\n', &mut line).await?;
    writer.write_all(&line).await
}

async fn keep(mut stream: TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 16384];
    loop {
        match stream.read(&mut bytes).await? {
            0 => return Ok(()),
            count => stream.write_all(&bytes[..count]).await?,
        }
    }
}

async fn serve(address: String, keeps: bool) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    // Of the listener, as netserver has it: each connection inherits it, and pays no call for it.
    socket.set_nodelay(true)?;
    socket.bind(address.parse().map_err(std::io::Error::other)?)?;
    let listener = socket.listen(4096)?;
    loop {
        let (stream, _) = listener.accept().await?;
        if keeps {
            tokio::spawn(keep(stream));
        } else {
            tokio::spawn(line(stream));
        }
    }
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // Spawned, as tokio advises: what `block_on` runs itself is looked at more often than a task.
    let (address, keeps) = (words[0].clone(), words[1] == "keep");
    runtime.block_on(async move { tokio::spawn(serve(address, keeps)).await? })
}
