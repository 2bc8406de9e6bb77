//! What all sessions share: the settings come in, rustls's configuration goes out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;

use super::certificate;
use super::choice::ByName;
use super::file::PemFile;
use crate::error::{AnyError, Error, Result};

/// What a server says of its TLS. Files are read once, by [`configure`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// Files of certificates, each with its chain behind it. A client is shown the first that
    /// covers the name it asks for, or else the first of all.
    pub(crate) certs: Vec<PathBuf>,
    /// The files of their keys, in the same order. Where there is none, or an empty path, the
    /// certificate's file holds the key too.
    pub(crate) keys: Vec<PathBuf>,
    /// A file of the certificates whose holders may issue those of clients.
    pub(crate) client_ca: Option<PathBuf>,
    /// Whether clients show certificates; where that is left open they must, if there is a
    /// [`client_ca`](Self::client_ca).
    pub(crate) verify: Option<Verify>,
    /// Names of the protocols that are spoken inside, the preferred first, each of 1 to 255 bytes.
    /// A client that offers others only is refused; one that offers none is not.
    pub(crate) alpn: Vec<String>,
}

/// Whether clients show certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    /// They are not asked to.
    None,
    /// They may; one that is shown has to be right.
    Optional,
    /// They have to.
    Required,
}

/// A configuration, and what is to be logged about it.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) config: Arc<ServerConfig>,
    /// Each is one line.
    pub(crate) warnings: Vec<String>,
}

/// Reads all files and makes the configuration. To be called before privileges are dropped, the
/// root is changed, and workers are forked.
///
/// # Errors
/// What does not hold, in one line that names the file.
pub(crate) fn configure(settings: &Settings) -> Result<Configured> {
    let provider = Arc::new(ring::default_provider());
    let mut warnings = Vec::new();
    let pairs = pairs(settings, &provider, &mut warnings)?;
    let verifier = verifier(settings, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(not_set_up)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(ByName::new(pairs)));
    config.alpn_protocols = alpn(&settings.alpn)?;
    config.ticketer = ticketer().map_err(not_set_up)?;
    // A worker would remember only its own clients, and most come back to another one.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Configured { config: Arc::new(config), warnings })
}

/// A failure that no setting is the reason of.
fn not_set_up(err: impl Into<AnyError>) -> Error {
    Error::because("cannot set up TLS", err)
}

/// The keys by which clients resume a session. They are made before the fork, so that each worker
/// knows the tickets of all others. After six hours a worker makes new ones, for itself: a client
/// that comes to another one then makes a full handshake. Numbers used once come from the kernel
/// each time, so forked workers never draw the same.
fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    /// Longer than any ticket, also one that has a client's certificates in it.
    const LONGEST: usize = 32 * 1024;
    let ticketer = ring::Ticketer::new()?;
    // It takes no ticket that is longer than all it has made, and a worker that was just forked has
    // made none.
    ticketer.encrypt(&vec![0; LONGEST]);
    Ok(ticketer)
}

fn pairs(
    settings: &Settings,
    provider: &CryptoProvider,
    warnings: &mut Vec<String>,
) -> Result<Vec<CertifiedKey>> {
    let Settings { certs, keys, .. } = settings;
    if certs.is_empty() {
        return Err(Error::new("no certificate, and TLS needs one: set ssl_cert_file"));
    }
    if !keys.is_empty() && keys.len() != certs.len() {
        return Err(Error::new(format!(
            "{} and {}: name a key for each certificate, or none where their files hold the keys",
            counted(certs.len(), "certificate"),
            counted(keys.len(), "private key")
        )));
    }
    let key_of = |at: usize| keys.get(at).filter(|key| !key.as_os_str().is_empty());
    let load = |(at, certificate): (usize, &PathBuf)| {
        let key = key_of(at).unwrap_or(certificate);
        certificate::load(certificate, key, provider, warnings)
    };
    certs.iter().enumerate().map(load).collect()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn verifier(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>> {
    let Some(file) = &settings.client_ca else {
        return match settings.verify {
            None | Some(Verify::None) => Ok(WebPkiClientVerifier::no_client_auth()),
            Some(Verify::Optional | Verify::Required) => Err(Error::new(
                "clients are to show certificates, and no file of client CA certificates is named",
            )),
        };
    };
    // Also where it is not used: a file that is named and wrong is a mistake.
    let (roots, provider) = (Arc::new(roots(file)?), Arc::clone(provider));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
    let verifier = match settings.verify {
        Some(Verify::None) => return Ok(WebPkiClientVerifier::no_client_auth()),
        Some(Verify::Optional) => verifier.allow_unauthenticated(),
        None | Some(Verify::Required) => verifier,
    };
    verifier.build().map_err(not_set_up)
}

fn roots(file: &Path) -> Result<RootCertStore> {
    let file = PemFile::read("client CA", file)?;
    let mut roots = RootCertStore::empty();
    for certificate in file.certificates()? {
        roots.add(certificate).map_err(|err| {
            file.fault(format_args!("holds an X.509 certificate that cannot be used: {err}"))
        })?;
    }
    Ok(roots)
}

fn alpn(names: &[String]) -> Result<Vec<Vec<u8>>> {
    let wire = |name: &String| match name.len() {
        1..=255 => Ok(name.clone().into_bytes()),
        length => {
            let shown = netserver_options::reject::shown(name);
            Err(Error::new(format!("ALPN name {shown}: expected 1 to 255 bytes, got {length}")))
        }
    };
    names.iter().map(wire).collect()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::unix::fs::PermissionsExt;

    use rustls::HandshakeKind;

    use super::*;
    use crate::sys::process::{self, End};
    use crate::sys::{descriptor, poll};
    use crate::tls::fixture::{self, Authority, Caller, Folder, Identity};

    fn fault(folder: &Folder, settings: &Settings) -> String {
        folder.blank(&configure(settings).unwrap_err().chain())
    }

    /// A folder with a good server in it, and its settings.
    fn good() -> (Folder, Settings) {
        let folder = Folder::new();
        let path = Authority::new("CA").server(&["a.test"]).write(&folder, "a.pem");
        let settings = fixture::settings(&[&path]);
        (folder, settings)
    }

    #[test]
    fn certificates_and_keys_are_pairs_by_their_place() {
        let (folder, authority) = (Folder::new(), Authority::new("CA"));
        let [a, b] = [&["a.test"], &["b.test"]].map(|names| authority.server(names));
        let write = |name: &str, text: String| folder.write(name, text.as_bytes());
        let certs = vec![write("a.pem", a.certificate_pem()), b.write(&folder, "b.pem")];
        let key = write("a.key", a.key_pem());
        let settings = |keys| Settings { certs: certs.clone(), keys, ..Settings::default() };
        assert!(configure(&settings(vec![key.clone(), PathBuf::new()])).is_ok());
        assert_eq!(
            fault(&folder, &settings(vec![])),
            "private key \"/a.pem\": holds no private key in PEM form"
        );
        assert_eq!(
            fault(&folder, &settings(vec![folder.path("b.pem"), key.clone()])),
            "private key \"/b.pem\": does not belong to certificate \"/a.pem\""
        );
        assert_eq!(
            fault(&folder, &settings(vec![key])),
            "2 certificates and 1 private key: \
             name a key for each certificate, or none where their files hold the keys"
        );
        assert_eq!(
            fault(&folder, &Settings::default()),
            "no certificate, and TLS needs one: set ssl_cert_file"
        );
    }

    #[test]
    fn a_key_that_others_may_read_is_a_warning() {
        let (folder, settings) = good();
        let warnings = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&settings.certs[0], mode).unwrap();
            let warnings = configure(&settings).unwrap().warnings;
            warnings.iter().map(|warning| folder.blank(warning)).collect::<Vec<_>>()
        };
        assert_eq!(warnings(0o600), [""; 0]);
        assert_eq!(
            warnings(0o640),
            ["private key \"/a.pem\": others may read it (mode 0640): use chmod 600"]
        );
    }

    #[test]
    fn a_client_ca_is_read_also_where_it_is_not_used() {
        let (folder, good) = good();
        let set = |verify, client_ca: &str| Settings {
            verify,
            client_ca: Some(folder.path(client_ca)),
            ..good.clone()
        };
        for verify in [None, Some(Verify::None), Some(Verify::Optional), Some(Verify::Required)] {
            folder.write("ca.pem", b"");
            assert_eq!(
                fault(&folder, &set(verify, "ca.pem")),
                "client CA \"/ca.pem\": holds no certificate in PEM form"
            );
            folder.write("ca.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----");
            assert_eq!(
                fault(&folder, &set(verify, "ca.pem")),
                "client CA \"/ca.pem\": holds an X.509 certificate that cannot be used: \
                 invalid peer certificate: BadEncoding"
            );
            assert_eq!(
                fault(&folder, &set(verify, "none.pem")),
                "client CA \"/none.pem\": cannot be read: No such file or directory (os error 2)"
            );
        }
        for verify in [Verify::Optional, Verify::Required] {
            let settings = Settings { verify: Some(verify), ..good.clone() };
            assert_eq!(
                fault(&folder, &settings),
                "clients are to show certificates, and no file of client CA certificates is named"
            );
        }
    }

    /// How a handshake ends at the server, and how many certificates it was shown.
    fn shown(settings: &Settings, caller: &Caller) -> io::Result<usize> {
        let config = configure(settings).unwrap().config;
        let served = caller.call(
            &config,
            |session, raw| {
                session.handshake(raw)?;
                session.close(raw)?;
                Ok(session.peer_certificates().len())
            },
            |talk| {
                // It is told of a failure by an alert.
                let _ = io::copy(talk, &mut io::sink());
            },
        );
        served.0
    }

    #[test]
    fn clients_show_certificates_as_the_settings_say() {
        let (folder, good) = good();
        let authority = Authority::new("clients");
        let client_ca = Some(folder.write("ca.pem", authority.pem().as_bytes()));
        let own: Identity = authority.client("me.test");
        let strange = Authority::new("strangers").client("me.test");
        let old = authority.old_client("me.test");
        let (silent, own) = (Caller::new("a.test"), Caller::showing(&own));
        let (strange, old) = (Caller::showing(&strange), Caller::showing(&old));
        let how = |verify, caller: &Caller| {
            let settings = Settings { verify, client_ca: client_ca.clone(), ..good.clone() };
            shown(&settings, caller).map_err(|err| {
                assert_eq!(err.kind(), io::ErrorKind::InvalidData);
                err.to_string()
            })
        };
        let refused = |why: &str| Err(format!("TLS: {why}"));
        for verify in [None, Some(Verify::Required)] {
            assert_eq!(how(verify, &own), Ok(1));
            assert_eq!(how(verify, &silent), refused("the client shows no certificate"));
        }
        assert_eq!(how(Some(Verify::Optional), &own), Ok(1));
        assert_eq!(how(Some(Verify::Optional), &silent), Ok(0));
        for verify in [None, Some(Verify::Optional), Some(Verify::Required)] {
            assert_eq!(
                how(verify, &strange),
                refused("the client's certificate is refused: its issuer is not known")
            );
            assert_eq!(
                how(verify, &old),
                refused("the client's certificate is refused: it has expired")
            );
        }
        for caller in [&own, &silent, &strange, &old] {
            assert_eq!(how(Some(Verify::None), caller), Ok(0));
        }
    }

    #[test]
    fn the_first_own_protocol_that_the_client_offers_is_spoken() {
        let (_folder, good) = good();
        let alpn = ["h2", "http/1.1"].map(String::from).to_vec();
        let config = configure(&Settings { alpn, ..good }).unwrap().config;
        let agreed = |offered: &[&str]| -> std::result::Result<_, String> {
            let caller = Caller::new("a.test").offering(offered);
            let served = caller.call(
                &config,
                |session, raw| {
                    session.handshake(raw).map_err(|err| err.to_string())?;
                    session.close(raw).unwrap();
                    Ok(session.alpn().map(<[u8]>::to_vec))
                },
                |talk| drop(io::copy(talk, &mut io::sink())),
            );
            served.0
        };
        assert_eq!(agreed(&["http/1.1", "h2"]), Ok(Some(b"h2".to_vec())));
        assert_eq!(agreed(&["http/1.1"]), Ok(Some(b"http/1.1".to_vec())));
        assert_eq!(agreed(&[]), Ok(None));
        assert_eq!(
            agreed(&["smtp"]),
            Err("TLS: the client offers no ALPN protocol of ours".into())
        );
    }

    #[test]
    fn a_protocol_name_has_1_to_255_bytes() {
        let (folder, good) = good();
        let with = |name: String| Settings { alpn: vec![name], ..good.clone() };
        assert!(configure(&with("x".repeat(255))).is_ok());
        assert_eq!(
            fault(&folder, &with(String::new())),
            "ALPN name \"\": expected 1 to 255 bytes, got 0"
        );
        assert!(
            fault(&folder, &with("x".repeat(256))).ends_with("expected 1 to 255 bytes, got 256")
        );
    }

    #[test]
    fn a_client_that_comes_back_resumes_its_session() {
        let (_folder, good) = good();
        let config = configure(&good).unwrap().config;
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let caller = Caller::of(version);
            let kind = || {
                let ((), kind) = caller.call(
                    &config,
                    |session, raw| {
                        session.handshake(raw).unwrap();
                        session.close(raw).unwrap();
                    },
                    |talk| {
                        io::copy(talk, &mut io::sink()).unwrap();
                        talk.conn.handshake_kind().unwrap()
                    },
                );
                kind
            };
            assert_eq!(kind(), HandshakeKind::Full);
            assert_eq!(kind(), HandshakeKind::Resumed);
        }
    }

    #[test]
    fn a_worker_knows_the_tickets_of_another_before_it_has_made_one() {
        // As long as one with some certificates of a client in it.
        const STATE: [u8; 8000] = [7; 8000];
        let ticketer = ticketer().unwrap();
        let (from, to) = descriptor::pipe().unwrap();
        let worker = process::fork(|| {
            let ticket = ticketer.encrypt(&STATE).unwrap_or_default();
            i32::from(descriptor::write(&to, &ticket).is_err())
        });
        let worker = worker.unwrap();
        poll::ready(&from, poll::Direction::Read, None).unwrap();
        let mut ticket = vec![0; 2 * STATE.len()];
        let length = descriptor::read(&from, &mut ticket).unwrap();
        assert_eq!(ticketer.decrypt(&ticket[..length]).as_deref(), Some(&STATE[..]));
        let end = loop {
            if let Some(end) = process::reap(worker).unwrap() {
                break end;
            }
            std::thread::yield_now();
        };
        assert_eq!(end, End::Code(0));
    }
}
