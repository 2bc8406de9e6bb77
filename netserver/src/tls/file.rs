//! A PEM file: its path comes in, the certificates or the key that it holds go out.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};
use crate::sys::descriptor;

/// A file that was read, and what it is to be.
pub(super) struct PemFile {
    /// What it is to be and its path, as every error begins.
    name: String,
    bytes: Vec<u8>,
    /// The permission bits it had when it was read.
    mode: u32,
}

impl PemFile {
    /// Reads all of a regular file.
    pub(super) fn read(what: &str, path: &Path) -> Result<Self> {
        let name = format!("{what} {:?}", path.to_string_lossy());
        match descriptor::read_regular(path) {
            Ok((bytes, opened)) => {
                Ok(Self { name, bytes, mode: opened.permissions().mode() & 0o7777 })
            }
            Err(err) => Err(Error::because(format!("{name}: cannot be read"), err)),
        }
    }

    /// All its certificates, in their order; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let found: std::result::Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(&self.bytes).collect();
        match found {
            Ok(found) if found.is_empty() => Err(self.fault("holds no certificate in PEM form")),
            Ok(found) => Ok(found),
            Err(err) => Err(self.fault(spoilt(&err))),
        }
    }

    /// Its first private key.
    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|err| match err {
            _ if self.is_encrypted() => self.fault(
                "is encrypted, and nobody is asked for its password: \
                 write it decrypted, as `openssl pkey` does",
            ),
            pem::Error::NoItemsFound => self.fault("holds no private key in PEM form"),
            err => self.fault(spoilt(&err)),
        })
    }

    /// Whether a line of it is the mark of an encrypted key, of PKCS#8 or of the older forms.
    fn is_encrypted(&self) -> bool {
        self.bytes.split(|byte| matches!(byte, b'\n' | b'\r')).any(|line| {
            line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
                || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
        })
    }

    /// What is to be told where more than its owner may read it.
    pub(super) fn exposure(&self) -> Option<String> {
        let Self { name, mode, .. } = self;
        let exposed = mode & 0o044 != 0;
        exposed.then(|| format!("{name}: others may read it (mode {mode:04o}): use chmod 600"))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A reason, behind the name of the file.
    pub(super) fn fault(&self, reason: impl fmt::Display) -> Error {
        Error::new(format!("{}: {reason}", self.name))
    }
}

/// How a file is no PEM. The texts of the parser show lines as lists of numbers.
fn spoilt(err: &pem::Error) -> &'static str {
    match err {
        pem::Error::MissingSectionEnd { .. } => "is cut off: a section of it has no END line",
        pem::Error::IllegalSectionStart { .. } => "is not valid PEM: a BEGIN line is malformed",
        _ => "is not valid PEM: a section of it is not base64",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::tls::fixture::{Authority, Folder};

    fn certificates_fault(text: &[u8]) -> String {
        let folder = Folder::new();
        let path = folder.write("a.pem", text);
        let err = PemFile::read("certificate", &path).and_then(|file| file.certificates());
        folder.blank(&err.unwrap_err().chain())
    }

    fn key_fault(text: &[u8]) -> String {
        let folder = Folder::new();
        let path = folder.write("a.pem", text);
        let err = PemFile::read("private key", &path).and_then(|file| file.private_key());
        folder.blank(&err.unwrap_err().chain())
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = Folder::new();
        let fault = |path: &Path| {
            let err = PemFile::read("certificate", path).err().unwrap();
            folder.blank(&err.chain())
        };
        assert_eq!(
            fault(&folder.path("none.pem")),
            "certificate \"/none.pem\": cannot be read: No such file or directory (os error 2)"
        );
        fs::create_dir(folder.path("d.pem")).unwrap();
        assert_eq!(
            fault(&folder.path("d.pem")),
            "certificate \"/d.pem\": cannot be read: is a directory, expected a file"
        );
        let path = folder.write("big.pem", &vec![b'\n'; (1 << 20) + 1]);
        assert_eq!(fault(&path), "certificate \"/big.pem\": cannot be read: is larger than 1 MiB");
        let path = folder.write("full.pem", &vec![b'\n'; 1 << 20]);
        assert!(PemFile::read("certificate", &path).is_ok());
    }

    #[test]
    fn a_file_without_what_is_asked_for_says_so() {
        let none = "certificate \"/a.pem\": holds no certificate in PEM form";
        assert_eq!(certificates_fault(b""), none);
        assert_eq!(certificates_fault(&[0x30, 0x82, 0, 0xff]), none);
        let server = Authority::new("CA").server(&["a.test"]);
        assert_eq!(certificates_fault(server.key_pem().as_bytes()), none);
        assert_eq!(
            key_fault(server.certificate_pem().as_bytes()),
            "private key \"/a.pem\": holds no private key in PEM form"
        );
    }

    #[test]
    fn an_encrypted_key_is_called_that() {
        let encrypted = "private key \"/a.pem\": is encrypted, and nobody is asked for its \
                         password: write it decrypted, as `openssl pkey` does";
        assert_eq!(
            key_fault(
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n"
            ),
            encrypted
        );
        assert_eq!(
            key_fault(
                b"-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\n\
                  DEK-Info: AES-256-CBC,00\r\n\r\nMII=\r\n-----END RSA PRIVATE KEY-----\r\n"
            ),
            encrypted
        );
    }

    #[test]
    fn a_spoilt_file_says_how() {
        assert_eq!(
            certificates_fault(b"-----BEGIN CERTIFICATE-----\nMII=\n"),
            "certificate \"/a.pem\": is cut off: a section of it has no END line"
        );
        assert_eq!(
            certificates_fault(b"-----BEGIN CERTIFICATE---\nMII=\n"),
            "certificate \"/a.pem\": is not valid PEM: a BEGIN line is malformed"
        );
        assert_eq!(
            key_fault(b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n"),
            "private key \"/a.pem\": is not valid PEM: a section of it is not base64"
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_told() {
        let folder = Folder::new();
        let path = folder.write("k.pem", b"");
        let exposure = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let told = PemFile::read("private key", &path).unwrap().exposure();
            told.map(|told| folder.blank(&told))
        };
        for mode in [0o600, 0o400, 0o711] {
            assert_eq!(exposure(mode), None);
        }
        for (mode, shown) in [(0o640, "0640"), (0o604, "0604"), (0o644, "0644")] {
            let told =
                format!("private key \"/k.pem\": others may read it (mode {shown}): use chmod 600");
            assert_eq!(exposure(mode), Some(told));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "(-----(BEGIN|END) [A-Z ]*(-----)?|[ -~]|\n|\r)*") {
            let name = String::new();
            let file = PemFile { name, bytes: text.into_bytes(), mode: 0 };
            let _ = (file.certificates(), file.private_key());
        }
    }
}
