//! What code calls where a test may want it to end.

/// Says that the code has come to `point`, one of [`POINTS`](crate::names::POINTS); does not return if the process is to
/// end there.
#[inline]
pub fn reach(point: &'static str) {
    #[cfg(feature = "failpoints")]
    crate::armed::reach(point);
    #[cfg(not(feature = "failpoints"))]
    let _ = point;
}

/// What a test has set for `bound`, one of [`NUMBERS`](crate::names::NUMBERS); `None` without a test.
#[inline]
#[must_use]
pub fn number(bound: &'static str) -> Option<u64> {
    #[cfg(feature = "failpoints")]
    return crate::armed::number(bound);
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = bound;
        None
    }
}
