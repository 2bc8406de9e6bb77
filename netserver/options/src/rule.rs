//! Relations between two options, and how a default gives way to what somebody set.
//!
//! Every rule says that one number is below another. Chains of them are closed over, so that two
//! set values are held against each other even where only a default stands between them.

use crate::reject::Reject;

/// `low + gap <= high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// The option with the smaller number.
    pub low: &'static str,
    /// The option with the greater number.
    pub high: &'static str,
    /// 0: may be equal. 1: must be smaller.
    pub gap: u64,
}

const fn at_most(low: &'static str, high: &'static str) -> Rule {
    Rule { low, high, gap: 0 }
}

const fn less(low: &'static str, high: &'static str) -> Rule {
    Rule { low, high, gap: 1 }
}

/// Every rule between two options.
pub static RULES: &[Rule] = &[
    at_most("min_servers", "max_servers"),
    less("max_spare_servers", "max_servers"),
    at_most("min_spare_servers", "max_spare_servers"),
    at_most("min_spare_servers", "min_servers"),
];

/// The rules with everything that follows from them.
pub fn closure() -> Vec<Rule> {
    let mut all: Vec<Rule> = RULES.to_vec();
    loop {
        let mut found = None;
        'search: for a in &all {
            for b in all.iter().filter(|b| b.low == a.high) {
                let chained = Rule { low: a.low, high: b.high, gap: a.gap + b.gap };
                if !all
                    .iter()
                    .any(|r| (r.low, r.high) == (chained.low, chained.high) && r.gap >= chained.gap)
                {
                    found = Some(chained);
                    break 'search;
                }
            }
        }
        match found {
            Some(chained) => {
                all.retain(|rule| (rule.low, rule.high) != (chained.low, chained.high));
                all.push(chained);
            }
            None => return all,
        }
    }
}

impl Rule {
    /// Whether two values break the rule.
    pub const fn is_broken_by(&self, low: u64, high: u64) -> bool {
        low.saturating_add(self.gap) > high
    }

    /// The fault of the value that was named second, where the other stands as `other` says.
    pub fn reject(&self, high_is_second: bool, second: &str, other: &str) -> Reject {
        let relation = match (high_is_second, self.gap) {
            (true, 0) => format!("expected at least `{}`", self.low),
            (true, _) => format!("expected more than `{}`", self.low),
            (false, 0) => format!("expected at most `{}`", self.high),
            (false, _) => format!("expected less than `{}`", self.high),
        };
        Reject::new(format!("{relation}, which is {other}, got {second}"))
    }
}

/// The value of a default that has given way: the one nearest to `value` that breaks no rule with
/// what is set. `set` tells the number of an option that somebody set.
pub fn give_way(name: &str, value: u64, set: impl Fn(&str) -> Option<u64>) -> u64 {
    let rules = closure();
    let floor = rules.iter().filter(|rule| rule.high == name);
    let floor = floor.filter_map(|rule| set(rule.low).map(|low| low + rule.gap)).max();
    let ceiling = rules.iter().filter(|rule| rule.low == name);
    let ceiling =
        ceiling.filter_map(|rule| set(rule.high).map(|high| high.saturating_sub(rule.gap))).min();
    value.min(ceiling.unwrap_or(value)).max(floor.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_options_that_are_numbers() {
        for rule in RULES {
            for name in [rule.low, rule.high] {
                let spec = crate::find(name).expect(name);
                assert!(
                    spec.check(spec.default_for(None).unwrap()).unwrap().measure.is_some(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn rules_chain() {
        let chained = Rule { low: "min_spare_servers", high: "max_servers", gap: 1 };
        assert!(closure().contains(&chained));
    }

    #[test]
    fn a_default_gives_way() {
        let four = |name: &str| (name == "max_servers").then_some(4);
        assert_eq!(give_way("min_servers", 5, four), 4);
        assert_eq!(give_way("max_spare_servers", 10, four), 3);
        assert_eq!(give_way("min_spare_servers", 2, four), 2);
        let sixty = |name: &str| (name == "max_spare_servers").then_some(60);
        assert_eq!(give_way("max_servers", 50, sixty), 61);
        let one = |name: &str| (name == "max_servers").then_some(1);
        assert_eq!(give_way("max_spare_servers", 10, one), 0);
    }

    proptest::proptest! {
        /// Whatever two options are set in accord with the rules, the defaults find their place.
        #[test]
        fn defaults_always_find_a_place(first in 1_u64..200, second in 1_u64..200, a in 0_usize..4, b in 0_usize..4) {
            const NAMES: [&str; 4] = ["min_servers", "max_servers", "min_spare_servers", "max_spare_servers"];
            const DEFAULTS: [u64; 4] = [5, 50, 2, 10];
            let set = |name: &str| match name {
                _ if name == NAMES[a] => Some(first),
                _ if name == NAMES[b] => Some(second),
                _ => None,
            };
            let holds = |of: &dyn Fn(&str) -> Option<u64>| closure().iter().all(|rule| {
                of(rule.low).zip(of(rule.high)).is_none_or(|(low, high)| !rule.is_broken_by(low, high))
            });
            if holds(&set) {
                let value = |name: &str| {
                    let at = NAMES.iter().position(|one| *one == name)?;
                    Some(set(name).unwrap_or_else(|| give_way(name, DEFAULTS[at], set)))
                };
                proptest::prop_assert!(holds(&value), "{:?}", NAMES.map(value));
            }
        }
    }
}
