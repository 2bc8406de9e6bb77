//! How many connections each client has.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::address::Site;

/// How many connections each client has, where that is limited.
#[derive(Debug)]
pub(super) struct Crowd {
    /// 0 for any number.
    most: usize,
    counts: HashMap<Site, usize>,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Self {
        Self { most, counts: HashMap::new() }
    }

    /// Whether one more of that address may be served. If so it counts until it has left.
    pub(super) fn admits(&mut self, address: IpAddr) -> bool {
        if self.most == 0 {
            return true;
        }
        let count = self.counts.entry(Site::of(address)).or_default();
        if *count >= self.most {
            return false;
        }
        *count += 1;
        true
    }

    /// One of that address has left.
    pub(super) fn leaves(&mut self, address: IpAddr) {
        let site = Site::of(address);
        if let Some(count) = self.counts.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&site);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_each_address() {
        let [one, other] = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse().unwrap());
        let mut crowd = Crowd::new(2);
        assert!(crowd.admits(one) && crowd.admits(one) && crowd.admits(other));
        assert!(!crowd.admits(one));
        // However it is written, and wherever it has it from.
        assert!(!crowd.admits("::ffff:192.0.2.1".parse().unwrap()));
        assert!(crowd.admits("2001:db8::2".parse().unwrap()));
        assert!(!crowd.admits("2001:db8::3".parse().unwrap()));
        crowd.leaves("2001:db8::2".parse().unwrap());
        crowd.leaves(one);
        assert!(crowd.admits(one));
        for _ in 0..2 {
            crowd.leaves(one);
        }
        crowd.leaves(other);
        assert!(crowd.counts.is_empty());
        let mut any = Crowd::new(0);
        assert!((0..1000).all(|_| any.admits(one)));
        any.leaves(one);
        assert!(any.counts.is_empty());
    }
}
