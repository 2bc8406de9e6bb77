//! Echo over TLS, with a certificate that is made for the demonstration.
//!
//! `cargo run --example tls --features tls`, and then
//! `openssl s_client -quiet -connect 127.0.0.1:20443` or, with a certificate of one's own,
//! `--ssl_cert_file=cert.pem --ssl_key_file=key.pem`.

mod demo;

use demo::Demo;
use netserver::prelude::*;

struct Secret;

/// Echoes each line over TLS.
#[net_server(personality = "prefork", port = "127.0.0.1:20443/ssl")]
impl Secret {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        if let Some(tls) = conn.tls() {
            log::info!("{} with {}", tls.version(), tls.cipher_suite());
        }
        while let Some(line) = conn.next_line()? {
            writeln!(conn, "You whispered \"{line}\"")?;
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    match Demo::new() {
        // Weaker than the command line, stronger than everything else.
        Ok(demo) => Secret.run_with([("ssl_cert_file", demo.certificate())]),
        Err(err) => {
            log::error!("cannot make a certificate: {err}");
            ExitCode::FAILURE
        }
    }
}
