//! From samples to a figure and how far it can be trusted. Knows nothing of what was measured.

/// A median, and where the true one lies with a probability of 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The chance that the true median is left outside on either side.
const OUTSIDE: f64 = 0.025;

/// The median of `values`, and the order statistics that enclose the true one: nothing is assumed of
/// how the values are distributed. Fewer than six cannot promise 95 %: their interval is all of them.
pub(crate) fn interval(values: &[f64]) -> Option<Interval> {
    let sorted = sorted(values);
    let (first, last) = (sorted.first()?, sorted.last()?);
    let rank = rank(sorted.len());
    let at = |place: usize, otherwise: &f64| *sorted.get(place).unwrap_or(otherwise);
    Some(Interval {
        median: median(&sorted)?,
        low: at(rank, first),
        high: at(sorted.len() - 1 - rank, last),
    })
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The smallest value that a share of `sorted` does not exceed.
pub(crate) fn quantile(sorted: &[u32], share: f64) -> Option<u32> {
    #[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^52")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the count")]
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.max(1) - 1).copied()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// How many values may be left out at either end: the chance that so many or fewer of `count` lie on one
/// side of the true median is that of so many heads in `count` throws.
fn rank(count: usize) -> usize {
    let mut chance = (0..count).fold(1.0, |chance, _| chance / 2.0);
    let (mut below, mut rank) = (chance, 0);
    for heads in 1..=count / 2 {
        #[expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^52")]
        let step = (count - heads + 1) as f64 / heads as f64;
        chance *= step;
        if below + chance > OUTSIDE {
            break;
        }
        below += chance;
        rank = heads;
    }
    rank
}
