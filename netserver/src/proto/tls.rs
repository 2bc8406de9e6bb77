//! TLS over TCP: the certificates of a port, and the handshake of each connection.

use std::io;
use std::sync::Arc;

use netserver_options::VerifyClient;
use rustls::ServerConfig;

use super::Proto;
use crate::caution::caution;
use crate::connection::Connection;
use crate::options::Options;
use crate::tls::config::{Configured, Settings, Verify, configure};

/// TLS over TCP.
#[derive(Debug, Default)]
pub struct Ssl(Option<Arc<ServerConfig>>);

impl Proto for Ssl {
    fn name(&self) -> &'static str {
        "ssl"
    }

    fn prepare(&mut self, options: &Options) -> io::Result<()> {
        let settings = Settings {
            certs: options.ssl_cert_file().to_vec(),
            keys: options.ssl_key_file().to_vec(),
            client_ca: options.ssl_client_ca_file().cloned(),
            verify: match options.ssl_verify_client() {
                VerifyClient::Auto => None,
                VerifyClient::None => Some(Verify::None),
                VerifyClient::Optional => Some(Verify::Optional),
                VerifyClient::Required => Some(Verify::Required),
            },
            alpn: options.ssl_alpn().to_vec(),
        };
        let Configured { config, warnings } =
            configure(&settings).map_err(|err| io::Error::other(err.chain()))?;
        for warning in warnings {
            caution(options.strict(), &warning).map_err(|err| io::Error::other(err.chain()))?;
        }
        self.0 = Some(config);
        Ok(())
    }

    fn handshake(&self, conn: &mut Connection) -> io::Result<()> {
        let config = self.0.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        conn.secure(Arc::clone(config))
    }
}
