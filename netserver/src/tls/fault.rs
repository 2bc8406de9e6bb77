//! What went wrong in a session: rustls's error comes in, an `io::Error` in one short line goes out.

use std::io;

use rustls::{CertificateError, Error, InvalidMessage};

/// The error as a connection shows it: `InvalidData` where the client made it.
///
/// `begun` is whether the client has said anything that is TLS.
pub(super) fn of(err: &Error, begun: bool) -> io::Error {
    let kind = match err {
        Error::FailedToGetRandomBytes
        | Error::FailedToGetCurrentTime
        | Error::EncryptError
        | Error::General(_) => io::ErrorKind::Other,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, format!("TLS: {}", words(err, begun)))
}

/// The client closed its stream, and not by the rules of TLS.
pub(super) fn gone(when: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("TLS: the client left {when}"))
}

fn words(err: &Error, begun: bool) -> String {
    match err {
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) if !begun => "the client does not speak TLS".into(),
        Error::AlertReceived(alert) => format!("the client refuses: {alert:?}"),
        Error::NoCertificatesPresented => "the client shows no certificate".into(),
        Error::InvalidCertificate(err) => {
            format!("the client's certificate is refused: {}", certificate(err))
        }
        Error::NoApplicationProtocol => "the client offers no ALPN protocol of ours".into(),
        Error::PeerIncompatible(why) => format!("the client offers nothing in common: {why:?}"),
        err => err.to_string(),
    }
}

fn certificate(err: &CertificateError) -> String {
    match err {
        CertificateError::UnknownIssuer => "its issuer is not known".into(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        // Its name alone: what is in it may be long, and of the client's making.
        other => {
            let name = format!("{other:?}");
            name.chars().take_while(char::is_ascii_alphanumeric).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, PeerIncompatible};

    use super::*;

    #[test]
    fn whose_fault_it_is_tells_the_kind() {
        assert_eq!(of(&Error::DecryptError, true).kind(), io::ErrorKind::InvalidData);
        assert_eq!(of(&Error::FailedToGetRandomBytes, true).kind(), io::ErrorKind::Other);
    }

    #[test]
    fn each_fault_is_one_short_line() {
        let foreign = Error::from(InvalidMessage::InvalidContentType);
        assert_eq!(words(&foreign, false), "the client does not speak TLS");
        assert_eq!(words(&foreign, true), "received corrupt message of type InvalidContentType");
        let refused = Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(words(&refused, true), "the client refuses: UnknownCA");
        let long =
            Error::InvalidCertificate(CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: vec![0; 10_000],
                supported_algorithms: Vec::new(),
            });
        assert_eq!(
            words(&long, true),
            "the client's certificate is refused: UnsupportedSignatureAlgorithmContext"
        );
        assert_eq!(
            words(&PeerIncompatible::NoCipherSuitesInCommon.into(), true),
            "the client offers nothing in common: NoCipherSuitesInCommon"
        );
    }
}
