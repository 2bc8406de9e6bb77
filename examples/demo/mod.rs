//! A certificate for a demonstration: made at the start, known to nobody, gone at the end.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// A folder with a certificate for `localhost` and its key.
pub(crate) struct Demo(PathBuf);

impl Demo {
    pub(crate) fn new() -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.map_err(io::Error::other)?;
        let folder = std::env::temp_dir().join(format!("netserver-demo-{}", std::process::id()));
        // Nobody else may look into it, and a folder that somebody else has made is refused.
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let demo = Self(folder);
        let both = made.cert.pem() + &made.signing_key.serialize_pem();
        let mut file = OpenOptions::new();
        let mut file = file.write(true).create_new(true).mode(0o600).open(demo.certificate())?;
        file.write_all(both.as_bytes())?;
        Ok(demo)
    }

    /// The file that holds both.
    pub(crate) fn certificate(&self) -> String {
        self.0.join("demo.pem").display().to_string()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // What cannot be removed is of no use to anybody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
