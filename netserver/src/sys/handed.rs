//! A descriptor that is handed from process to process, in one message that stays where it is: whoever
//! looks at it has a descriptor of its own for the same.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

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

/// The most descriptors of one message.
pub(crate) const MOST: usize = 100;
/// The longest text of one.
const LONGEST: usize = 64 * 1024;

/// Says something to the other end, with up to [`MOST`] descriptors.
pub(crate) fn say(end: &impl AsFd, text: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let numbers: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let message = [ControlMessage::ScmRights(&numbers)];
    let message = if numbers.is_empty() { &[][..] } else { &message[..] };
    let raw = end.as_fd().as_raw_fd();
    sendmsg::<UnixAddr>(raw, &[IoSlice::new(text)], message, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// What the other end has said, with the descriptors that came along; `None` where it has closed. It does
/// not wait.
pub(crate) fn hear(end: &impl AsFd) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut room = vec![0; LONGEST];
    let mut into = [IoSliceMut::new(&mut room)];
    let mut space = cmsg_space!([i32; MOST]);
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let raw = end.as_fd().as_raw_fd();
    let message = recvmsg::<UnixAddr>(raw, &mut into, Some(&mut space), flags)?;
    let length = message.bytes;
    let numbers = message.cmsgs()?.flat_map(|one| match one {
        ControlMessageOwned::ScmRights(numbers) => numbers,
        _ => Vec::new(),
    });
    // SAFETY: the kernel has made each for this process just now, and nobody else knows of it.
    let descriptors = numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }).collect();
    room.truncate(length);
    Ok((length > 0).then_some((room, descriptors)))
}

/// Takes every message away. It does not wait, whoever has turned that.
pub(crate) fn take_away(end: &impl AsFd) {
    /// More than anybody has put there.
    const MESSAGES: usize = 64;
    for _ in 0..MESSAGES {
        if !socket::read_now(end, &mut [0; 8]).is_ok_and(|length| length > 0) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::descriptor::{message_pair, null, pipe, write};

    #[test]
    fn whoever_looks_has_one_and_the_message_stays() {
        let (gives, takes) = message_pair().unwrap();
        assert!(look(&takes).is_err(), "there is none yet");
        let (read, end) = pipe().unwrap();
        give(&gives, &end).unwrap();
        for _ in 0..2 {
            write(&look(&takes).unwrap(), b"x").unwrap();
        }
        let mut room = [0; 8];
        assert_eq!(nix::unistd::read(&read, &mut room), Ok(2));
        take_away(&takes);
        assert!(look(&takes).is_err(), "it was taken away");
        give(&gives, &null().unwrap()).unwrap();
        assert!(write(&look(&takes).unwrap(), b"x").is_ok());
    }

    #[test]
    fn a_message_without_a_descriptor_is_none() {
        let (gives, takes) = message_pair().unwrap();
        write(&gives, b"!").unwrap();
        assert!(look(&takes).is_err());
    }
}
