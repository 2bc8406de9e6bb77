//! Names of services.

use std::ffi::CString;

use nix::libc;

/// The port of a service, of `tcp` or `udp`.
pub(crate) fn port(name: &str, protocol: &str) -> Option<u16> {
    let (name, protocol) = (CString::new(name).ok()?, CString::new(protocol).ok()?);
    // SAFETY: both texts end with a NUL. The answer is in a buffer of the C library, which no other
    // thread of this program uses: a server resolves its ports before it serves.
    let entry = unsafe { libc::getservbyname(name.as_ptr(), protocol.as_ptr()) };
    // SAFETY: it is null, or what the C library holds until it is asked again.
    let entry = unsafe { entry.as_ref() }?;
    // In the order of the network, in an int.
    Some(u16::from_be(u16::try_from(entry.s_port).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        assert_eq!(port("no-such-service", "tcp"), None);
        // Where the system has a list at all.
        if std::fs::read_to_string("/etc/services").is_ok_and(|list| list.contains("http")) {
            assert_eq!(port("http", "tcp"), Some(80));
        }
    }
}
