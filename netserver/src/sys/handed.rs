//! A descriptor that is handed from process to process, in one message that stays where it is: whoever
//! looks at it has a descriptor of its own for the same.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};

use super::socket;

/// Puts a message with that descriptor into one end of a [pair](super::descriptor::message_pair).
pub(crate) fn give(end: &impl AsFd, descriptor: &impl AsFd) -> io::Result<()> {
    let numbers = [descriptor.as_fd().as_raw_fd()];
    let message = [ControlMessage::ScmRights(&numbers)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let raw = end.as_fd().as_raw_fd();
    sendmsg::<UnixAddr>(raw, &[IoSlice::new(b"!")], &message, flags, None)?;
    Ok(())
}

/// The descriptor of the message that is at the other end, which stays there.
pub(crate) fn look(end: &impl AsFd) -> io::Result<OwnedFd> {
    let mut room = [0];
    let mut into = [IoSliceMut::new(&mut room)];
    let mut space = cmsg_space!([i32; 1]);
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let raw = end.as_fd().as_raw_fd();
    let message = recvmsg::<UnixAddr>(raw, &mut into, Some(&mut space), flags)?;
    let number = message.cmsgs()?.find_map(|one| match one {
        ControlMessageOwned::ScmRights(numbers) => numbers.first().copied(),
        _ => None,
    });
    let number = number.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    // SAFETY: the kernel has made it for this process just now, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Takes every message away. It does not wait, whoever has turned that.
pub(crate) fn take_away(end: &impl AsFd) {
    /// More than anybody has put there.
    const MOST: usize = 64;
    for _ in 0..MOST {
        if !socket::read_now(end, &mut [0; 8]).is_ok_and(|length| length > 0) {
            return;
        }
    }
}
