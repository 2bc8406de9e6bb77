//! Which of several certificates a client is shown: the name it asks for comes in, a pair goes out.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

/// The first certificate whose names cover the asked one, in the order of the settings; the first
/// of all where there is none or no name is asked for, as clients tell their users of that better
/// than an alert does.
#[derive(Debug)]
pub(super) struct ByName(Vec<Arc<CertifiedKey>>);

impl ByName {
    pub(super) fn new(pairs: impl IntoIterator<Item = CertifiedKey>) -> Self {
        Self(pairs.into_iter().map(Arc::new).collect())
    }

    fn named(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = ServerName::try_from(name).ok()?;
        self.0.iter().find(|pair| covers(pair, &name))
    }
}

fn covers(pair: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = pair.cert.first().and_then(|first| EndEntityCert::try_from(first).ok());
    certificate.is_some_and(|own| own.verify_is_valid_for_subject_name(name).is_ok())
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named(name));
        named.or(self.0.first()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rustls::pki_types::CertificateDer;

    use crate::tls::config::configure;
    use crate::tls::fixture::{self, Authority, Caller, Folder};

    #[test]
    fn the_first_certificate_that_covers_the_name_is_shown() {
        let (folder, authority) = (Folder::new(), Authority::new("CA"));
        let servers = [
            authority.server(&["a.test"]),
            authority.server(&["b.test", "*.b.test"]),
            authority.server(&["c.test", "x.b.test", "a.test"]),
        ];
        let paths: Vec<_> =
            (0..3).map(|at| servers[at].write(&folder, &format!("{at}.pem"))).collect();
        let paths: Vec<_> = paths.iter().map(AsRef::as_ref).collect();
        let config = configure(&fixture::settings(&paths)).unwrap().config;
        let shown_to = |caller: Caller| -> (Option<String>, usize) {
            let (asked, shown) = caller.call(
                &config,
                |session, raw| {
                    session.handshake(raw).unwrap();
                    session.close(raw).unwrap();
                    session.sni().map(str::to_owned)
                },
                |talk| {
                    talk.read_to_end(&mut Vec::new()).unwrap();
                    let shown: &[CertificateDer<'_>] = talk.conn.peer_certificates().unwrap();
                    shown[0].clone().into_owned()
                },
            );
            (asked, servers.iter().position(|server| server.der() == shown).unwrap())
        };
        for (name, place) in [
            ("a.test", 0),
            ("A.TEST", 0),
            ("b.test", 1),
            ("y.b.test", 1),
            ("x.b.test", 1),
            ("z.y.b.test", 0),
            ("c.test", 2),
            ("none.test", 0),
        ] {
            assert_eq!(shown_to(Caller::new(name)), (Some(name.to_lowercase()), place), "{name}");
        }
        assert_eq!(shown_to(Caller::new("127.0.0.1")), (None, 0));
        let mut silent = Caller::new("b.test");
        silent.config.enable_sni = false;
        assert_eq!(shown_to(silent), (None, 0));
    }
}
