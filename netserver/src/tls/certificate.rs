//! A certificate and its private key: two files come in, a pair that a client can be shown goes out.

use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, KeyUsage};

use super::file::PemFile;
use crate::error::Result;

/// Reads a chain, whose first certificate is the server's own, and the key of that certificate.
///
/// # Errors
/// Where a file cannot be read or does not hold what it should, where the certificate is not valid
/// today, and where the key is not its own.
pub(super) fn load(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
    warnings: &mut Vec<String>,
) -> Result<CertifiedKey> {
    let certificate = PemFile::read("certificate", certificate)?;
    let chain = certificate.certificates()?;
    if let Some(own) = chain.first() {
        valid(own, UnixTime::now()).map_err(|reason| certificate.fault(reason))?;
    }
    let key = PemFile::read("private key", key)?;
    let private_key = key.private_key()?;
    warnings.extend(key.exposure());
    CertifiedKey::from_der(chain, private_key, provider).map_err(|err| match err {
        rustls::Error::InconsistentKeys(_) => {
            key.fault(format_args!("does not belong to {}", certificate.name()))
        }
        _ => key.fault(
            "is of no kind that is known: \
             RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, or Ed25519",
        ),
    })
}

/// Why a certificate is of no use at this moment.
fn valid(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), String> {
    let parsed = EndEntityCert::try_from(certificate)
        .map_err(|err| format!("holds no X.509 certificate that can be used: {err:?}"))?;
    // The dates are looked at before the issuer is: without one to trust it is never found, and
    // that says nothing of the certificate.
    let usage = KeyUsage::server_auth();
    match parsed.verify_for_usage(&[], &[], &[], now, usage, None, None) {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            Err(format!("expired on {}", day(not_after)))
        }
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
            Err(format!("is not valid before {}", day(not_before)))
        }
        Err(webpki::Error::InvalidCertValidity) => Err("expires before it becomes valid".into()),
        _ => Ok(()),
    }
}

/// The day of a moment, in UTC.
fn day(moment: UnixTime) -> String {
    /// Days of 400 years, after which the calendar repeats.
    const ERA: u64 = 146_097;
    // Counted from 0000-03-01: a leap day is the last of its year then.
    let days = moment.as_secs() / 86_400 + 719_468;
    let (era, in_era) = (days / ERA, days % ERA);
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days, and so have the next five.
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02} UTC", 400 * era + year + next)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::date_time_ymd;

    use super::*;
    use crate::tls::fixture::{self, Authority, Folder};

    fn load_from(folder: &Folder) -> Result<CertifiedKey, String> {
        let provider = rustls::crypto::ring::default_provider();
        load(&folder.path("c.pem"), &folder.path("k.pem"), &provider, &mut Vec::new())
            .map_err(|err| folder.blank(&err.chain()))
    }

    #[test]
    fn a_chain_and_its_key_are_a_pair() {
        let folder = Folder::new();
        let authority = Authority::new("CA");
        let server = authority.server(&["a.test"]);
        let chain = format!("{}\n{}", server.certificate_pem(), authority.pem());
        folder.write("c.pem", chain.as_bytes());
        folder.write("k.pem", server.key_pem().as_bytes());
        assert_eq!(load_from(&folder).unwrap().cert, [server.der(), authority.der()]);
    }

    #[test]
    fn every_form_of_a_key_is_read() {
        let folder = Folder::new();
        for (key, form, label) in [
            (fixture::ecdsa_key(), "SEC1", "EC PRIVATE KEY"),
            (fixture::rsa_key(), "PKCS#1", "RSA PRIVATE KEY"),
        ] {
            let server = Authority::new("CA").server_with(&["a.test"], key);
            folder.write("c.pem", server.certificate_pem().as_bytes());
            folder.write("k.pem", server.key_pem().as_bytes());
            assert!(load_from(&folder).is_ok(), "PKCS#8 of {form}");
            folder.write("k.pem", server.old_key_pem(label).as_bytes());
            assert_eq!(load_from(&folder).err(), None, "{form}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let folder = Folder::new();
        let authority = Authority::new("CA");
        folder.write("c.pem", authority.server(&["a.test"]).certificate_pem().as_bytes());
        folder.write("k.pem", authority.server(&["a.test"]).key_pem().as_bytes());
        assert_eq!(
            load_from(&folder).unwrap_err(),
            "private key \"/k.pem\": does not belong to certificate \"/c.pem\""
        );
    }

    #[test]
    fn a_key_of_no_kind_is_refused() {
        let folder = Folder::new();
        let server = Authority::new("CA").server(&["a.test"]);
        folder.write("c.pem", server.certificate_pem().as_bytes());
        folder.write("k.pem", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
        assert_eq!(
            load_from(&folder).unwrap_err(),
            "private key \"/k.pem\": is of no kind that is known: \
             RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384, or Ed25519"
        );
    }

    #[test]
    fn a_section_that_is_no_certificate_is_refused() {
        let folder = Folder::new();
        folder.write("c.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
        assert_eq!(
            load_from(&folder).unwrap_err(),
            "certificate \"/c.pem\": holds no X.509 certificate that can be used: BadDer"
        );
    }

    #[test]
    fn a_certificate_out_of_its_time_is_refused() {
        let folder = Folder::new();
        let authority = Authority::new("CA");
        let fault = |from, to| {
            let server = authority.server_of(&["a.test"], |params| {
                (params.not_before, params.not_after) = (from, to);
            });
            folder.write("c.pem", server.certificate_pem().as_bytes());
            folder.write("k.pem", server.key_pem().as_bytes());
            load_from(&folder).err()
        };
        let at = date_time_ymd;
        assert_eq!(
            fault(at(2020, 1, 1), at(2024, 2, 29)).unwrap(),
            "certificate \"/c.pem\": expired on 2024-02-29 UTC"
        );
        assert_eq!(
            fault(at(3000, 3, 1), at(3001, 1, 1)).unwrap(),
            "certificate \"/c.pem\": is not valid before 3000-03-01 UTC"
        );
        assert_eq!(
            fault(at(2024, 1, 1), at(2023, 1, 1)).unwrap(),
            "certificate \"/c.pem\": expires before it becomes valid"
        );
        assert_eq!(fault(at(2020, 1, 1), at(3000, 1, 1)), None);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01 UTC"),
            (951_782_400, "2000-02-29 UTC"),
            (951_868_799, "2000-02-29 UTC"),
            (951_868_800, "2000-03-01 UTC"),
            (4_107_542_399, "2100-02-28 UTC"),
            (4_107_542_400, "2100-03-01 UTC"),
            (1_735_689_599, "2024-12-31 UTC"),
            (253_402_300_799, "9999-12-31 UTC"),
        ] {
            assert_eq!(day(UnixTime::since_unix_epoch(Duration::from_secs(seconds))), shown);
        }
    }
}
