//! What the tests of TLS share: certificates, files of them, and a client to talk to.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, SignatureScheme,
    StreamOwned, SupportedProtocolVersion,
};

use super::session::Session;

/// A folder of one test, gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("netserver-tls-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A text as if the folder were the root.
    pub(super) fn blank(&self, text: &str) -> String {
        text.replace(self.0.to_str().unwrap(), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Who issues certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(super) fn server(&self, names: &[&str]) -> Identity {
        self.server_with(names, ecdsa_key())
    }

    pub(super) fn server_with(&self, names: &[&str], key: KeyPair) -> Identity {
        self.issue(names, key, |_| ())
    }

    pub(super) fn server_of(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        self.issue(names, ecdsa_key(), change)
    }

    pub(super) fn client(&self, name: &str) -> Identity {
        self.issue(&[name], ecdsa_key(), |params| {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        })
    }

    pub(super) fn old_client(&self, name: &str) -> Identity {
        self.issue(&[name], ecdsa_key(), |params| {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        })
    }

    fn issue(
        &self,
        names: &[&str],
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        Identity { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }
}

/// A certificate and its key.
pub(super) struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub(super) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// As PKCS#8.
    pub(super) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// In the form that PKCS#8 has wrapped: PKCS#1 or SEC1.
    pub(super) fn old_key_pem(&self, label: &str) -> String {
        let wrapper = if label.starts_with("RSA") { 26 } else { 29 };
        let text = base64(&self.key.serialized_der()[wrapper..]);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    /// Both in one file.
    pub(super) fn write(&self, folder: &Folder, name: &str) -> PathBuf {
        folder.write(name, format!("{}{}", self.key_pem(), self.certificate_pem()).as_bytes())
    }
}

pub(super) fn ecdsa_key() -> KeyPair {
    KeyPair::generate().unwrap()
}

/// Made once, as nothing here can make one; it protects nothing.
pub(super) fn rsa_key() -> KeyPair {
    KeyPair::from_pem(include_str!("testdata/rsa.pem")).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |at| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let padding = digit > three.len();
            text.push(if padding { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    text
}

/// A client that takes any certificate: it is for the tests to look at.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) config: ClientConfig,
    name: ServerName<'static>,
}

impl Caller {
    /// Asks for `name`.
    pub(super) fn new(name: &str) -> Self {
        Self::with(name, rustls::ALL_VERSIONS, None)
    }

    pub(super) fn of(version: &'static SupportedProtocolVersion) -> Self {
        Self::with("a.test", &[version], None)
    }

    /// Shows a certificate.
    pub(super) fn showing(identity: &Identity) -> Self {
        Self::with("a.test", rustls::ALL_VERSIONS, Some(identity))
    }

    fn with(
        name: &str,
        versions: &[&'static SupportedProtocolVersion],
        shown: Option<&Identity>,
    ) -> Self {
        let provider = Arc::new(ring::default_provider());
        let verifier = AnyCertificate(provider.signature_verification_algorithms);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match shown {
            None => config.with_no_client_auth(),
            Some(shown) => {
                let key = PrivateKeyDer::try_from(shown.key.serialize_der()).unwrap();
                config.with_client_auth_cert(vec![shown.der()], key).unwrap()
            }
        };
        Self { config, name: ServerName::try_from(name.to_owned()).unwrap() }
    }

    pub(super) fn offering(mut self, alpn: &[&str]) -> Self {
        self.config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    pub(super) fn connection(&self) -> ClientConnection {
        ClientConnection::new(Arc::new(self.config.clone()), self.name.clone()).unwrap()
    }

    /// Both ends at once: the client's in a thread of its own.
    pub(super) fn call<T, U: Send>(
        &self,
        config: &Arc<ServerConfig>,
        serve: impl FnOnce(&mut Session, &mut Raw) -> T,
        talk: impl FnOnce(&mut Talk) -> U + Send,
    ) -> (T, U) {
        self::call(config, serve, |stream| talk(&mut StreamOwned::new(self.connection(), stream)))
    }
}

/// Both ends of a stream at once, the client's in a thread of its own and as it likes.
pub(super) fn call<T, U: Send>(
    config: &Arc<ServerConfig>,
    serve: impl FnOnce(&mut Session, &mut Raw) -> T,
    talk: impl FnOnce(UnixStream) -> U + Send,
) -> (T, U) {
    let (near, far) = UnixStream::pair().unwrap();
    for stream in [&near, &far] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    std::thread::scope(|scope| {
        let client = scope.spawn(|| talk(far));
        let mut raw = Raw { stream: near, reads: 0, writes: 0 };
        let served = serve(&mut Session::new(Arc::clone(config)).unwrap(), &mut raw);
        drop(raw);
        (served, client.join().unwrap())
    })
}

/// The client's end.
pub(super) type Talk = StreamOwned<ClientConnection, UnixStream>;

/// The server's end, with its calls counted.
pub(super) struct Raw {
    stream: UnixStream,
    pub(super) reads: usize,
    pub(super) writes: usize,
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        self.stream.read(into)
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The settings of files that hold a certificate and its key each.
pub(super) fn settings(certs: &[&Path]) -> super::config::Settings {
    super::config::Settings {
        certs: certs.iter().map(|path| path.to_path_buf()).collect(),
        ..Default::default()
    }
}

/// A configuration for `a.test`.
pub(super) fn config() -> Arc<ServerConfig> {
    let folder = Folder::new();
    let path = Authority::new("CA").server(&["a.test"]).write(&folder, "a.pem");
    super::config::configure(&settings(&[&path])).unwrap().config
}

#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, cert, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, cert, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
