//! Names of services.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::ptr;

use nix::libc;

/// The port of a service, of TCP or of UDP where it is for datagrams.
pub(crate) fn port(name: &str, datagrams: bool) -> Option<u16> {
    let name = CString::new(name).ok()?;
    // SAFETY: all of it is numbers and pointers, for which 0 means that nothing is said.
    let mut hints: libc::addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    hints.ai_family = libc::AF_INET;
    hints.ai_socktype = if datagrams { libc::SOCK_DGRAM } else { libc::SOCK_STREAM };
    hints.ai_flags = libc::AI_PASSIVE;
    let mut found = ptr::null_mut();
    // SAFETY: the name ends with a NUL, there is no host, and there is room for one pointer.
    let error =
        unsafe { libc::getaddrinfo(ptr::null(), name.as_ptr(), &raw const hints, &raw mut found) };
    if error != 0 {
        return None;
    }
    // SAFETY: without an error it is a list of one address at least.
    let address = unsafe { (*found).ai_addr }.cast::<libc::c_void>();
    // SAFETY: only addresses of IPv4 were asked for; one is copied, wherever it stands.
    let address = unsafe { address.cast::<[u8; size_of::<libc::sockaddr_in>()]>().read() };
    // Behind the family.
    let port = [address[2], address[3]];
    // SAFETY: the list is ours, and nothing of it is used any more.
    unsafe { libc::freeaddrinfo(found) };
    Some(u16::from_be_bytes(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        assert_eq!(port("no-such-service", false), None);
        // Where the system has a list at all.
        let list = std::fs::read_to_string("/etc/services").unwrap_or_default();
        if list.contains("http") && list.contains("domain") {
            assert_eq!(port("http", false), Some(80));
            assert_eq!(port("domain", true), Some(53));
        }
    }
}
