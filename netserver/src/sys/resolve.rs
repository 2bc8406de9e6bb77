//! The system's resolver, in both directions. Its calls block for as long as it likes.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ptr;
use std::thread;

use nix::libc;
use socket2::SockAddr;

use super::mask::Blocked;

/// Room for a name with its NUL byte: more than DNS has names for (`NI_MAXHOST`).
const ROOM: usize = 1025;

/// The name that an address has, as whoever owns the address says: bytes of any kind.
///
/// # Errors
/// Where it has none, or nobody answers.
pub(crate) fn name_of(address: IpAddr) -> io::Result<Vec<u8>> {
    let address = SockAddr::from(SocketAddr::new(address, 0));
    let mut name = [0_u8; ROOM];
    let room = libc::socklen_t::try_from(name.len()).map_err(io::Error::other)?;
    // SAFETY: the address is as long as it says and the name has room for as many bytes; the name of
    // a service is not asked for.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            name.as_mut_ptr().cast(),
            room,
            ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    if code != 0 {
        return Err(io::Error::other(format!("the resolver says {code}")));
    }
    Ok(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
}

/// The addresses that a name has.
///
/// # Errors
/// Where it has none, or nobody answers.
pub(crate) fn addresses_of(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// Runs `body` in a thread of its own, which no signal ever reaches: they are for the thread that
/// serves. It goes on though nobody waits for it, so it owns all that it uses.
///
/// # Errors
/// Where the system has no room for another thread.
pub(crate) fn apart(body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // A thread begins with the mask of whoever starts it.
    let _blocked = Blocked::all();
    thread::Builder::new().name("lookup".into()).spawn(body).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use nix::sys::signal::{SigSet, Signal};

    use super::super::mask;
    use super::*;

    #[test]
    fn localhost_is_known_both_ways() {
        assert!(addresses_of("localhost").unwrap().iter().all(IpAddr::is_loopback));
        // It has other names on some machines.
        let name = name_of("127.0.0.1".parse().unwrap()).unwrap();
        assert!(!name.is_empty() && !name.contains(&0), "{name:?}");
    }

    #[test]
    fn a_thread_apart_has_every_signal_blocked_and_its_starter_none_more() {
        let mask_now = || {
            let now = mask::change(&SigSet::empty());
            mask::change(&now);
            now
        };
        let before = mask_now();
        let (tell, told) = mpsc::channel();
        apart(move || tell.send(mask_now()).unwrap()).unwrap();
        let apart = told.recv().unwrap();
        assert!(
            [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD].iter().all(|s| apart.contains(*s))
        );
        assert_eq!(mask_now(), before);
    }
}
