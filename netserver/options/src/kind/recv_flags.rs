//! Flags of `recvmsg(2)`, as a number.

use super::Kind;
use crate::reject::Reject;

/// A number of flags. Those that would have a server spin on one datagram are refused.
#[derive(Debug)]
pub struct RecvFlags;

/// What cannot be, and why.
const REFUSED: &[(i32, &str, &str)] = &[
    (0x1, "MSG_OOB", "datagrams have nothing out of band"),
    (0x2, "MSG_PEEK", "it leaves each datagram in the queue"),
    (0x40, "MSG_DONTWAIT", "the server waits until there is a datagram"),
    (0x2000, "MSG_ERRQUEUE", "it takes errors, and no datagrams"),
];

impl Kind for RecvFlags {
    type Value = i32;
    const PLACEHOLDER: &'static str = "FLAGS";

    fn expected() -> String {
        "flags of recvmsg as a number".into()
    }

    fn parse(text: &str) -> Result<i32, Reject> {
        let reject = || Reject::expected(Self::expected(), text);
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(reject());
        }
        let flags: i32 = text.parse().map_err(|_| reject())?;
        match REFUSED.iter().find(|(flag, ..)| flags & flag != 0) {
            None => Ok(flags),
            Some((flag, name, why)) => {
                Err(Reject::expected(format!("flags without {name} ({flag}): {why}"), text))
            }
        }
    }

    fn print(value: &i32) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags() {
        assert_eq!(RecvFlags::parse("0"), Ok(0));
        assert_eq!(RecvFlags::parse("256"), Ok(0x100));
        let fault = |text: &str| RecvFlags::parse(text).unwrap_err().fault;
        assert!(fault("2").contains("MSG_PEEK"), "{}", fault("2"));
        assert!(fault("66").contains("MSG_PEEK"));
        for bad in ["", "-1", "x", "4294967296"] {
            assert!(RecvFlags::parse(bad).is_err(), "{bad}");
        }
    }
}
