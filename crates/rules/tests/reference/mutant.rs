//! References that are wrong on purpose.
//!
//! Each deviates from the text in one place. The random cases are only worth something if they tell every one of these
//! from the right one.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Nothing.
    None,
    /// A value is still valid at its event time + `stale_after`.
    ExpiresLater,
    /// A further clear starts the off-delay anew.
    ClearRestartsOffDelay,
    /// A value between the limits stops the off-delay.
    BetweenStopsOffDelay,
    /// Missing data stops the off-delay.
    MissingStopsOffDelay,
    /// Missing data does not end a hold.
    HoldSurvivesMissing,
    /// A hold is over one millisecond later.
    HoldsLonger,
    /// A value between the limits does not end a hold.
    BetweenKeepsHold,
    /// Late observations count in thresholds.
    LateIsJudged,
    /// An observation of the same time as the newest is not late.
    SameTimeIsNotLate,
    /// An input is judged before timers of the same instant.
    InputBeforeTimers,
    /// An input is judged at its own time, also when the key is later.
    TimeRunsBackwards,
    /// Re-evaluations come before holds and off-delays of the same instant.
    ReevaluationFirst,
    /// A tick leaves timers that are due at T.
    TickLeavesDue,
    /// Observations that are not good are values.
    BadIsValue,
    /// Observations that are not good are no arrivals.
    BadIsNoArrival,
    /// An arrival at exactly the end of the silence comes too late.
    SilenceEndsEarlier,
    /// The intake's coming up does not count.
    UpIsIgnored,
    /// Expected sensors count only from their first arrival.
    NothingIsExpected,
    /// A sensor and a node of one id are one member.
    MembersByIdAlone,
    /// Means are rounded.
    RoundsMeans,
    /// Windows reach one pane further back.
    LongerWindow,
    /// Windows end at the instant they are judged, not at the pane's end.
    WindowWithoutPanes,
    /// Windows are judged at inputs only.
    NoPaneTimers,
    /// Count and sum of an empty window are missing.
    EmptyIsMissing,
    /// Of a change's values at one instant, the first to arrive is the last.
    TiesTurned,
    /// A match counts until its time + `within`, included.
    MatchCountsLonger,
    /// Matches count by member, not by what is to be distinct.
    CountsMembers,
    /// Late observations take part in sequences and matches.
    LateTakesPart,
    /// `without` ends the run, but may also start one.
    WithoutStarts,
    /// A run ends at exactly `within` after its first step.
    RunEndsEarlier,
    /// A step must be later than the one before, not only not earlier.
    StepsStrictlyLater,
    /// The first step starts a run anew at any time.
    RestartsAlways,
    /// Completing again does not restart the delay.
    CompletionDoesNotExtend,
    /// A period includes its end.
    PeriodEndsLater,
    /// Nothing is judged when a period begins.
    BeginJudgesNothing,
    /// What leaves at the instant a period begins is still judged then.
    BeginSeesWhatLeaves,
    /// A silence that was too long outside the period is too long at its beginning, although the intake came up since.
    UpDoesNotEndSilence,
    /// Episodes stay open when a period ends.
    PeriodKeepsOpen,
    /// An episode escalates even at the instant its off-delay ends.
    EscalatesFirst,
    /// Composites hold surely also with what is stale.
    StaleIsSure,
    /// Composites are judged at each transition, not at each instant.
    CompositesFlicker,
    /// A spread counts episodes that are still open, not only those that began.
    SpreadCountsOpen,
    /// Of a spread, what is over leaves before the transitions of the same instant count.
    SpreadLeavesFirst,
    /// The same, what is over moves the key's time also while there is no episode, and still counts when a period begins.
    SpreadHasTimers,
    /// A spread ends when `raise` is no longer true.
    SpreadEndsEarly,
    /// An hour that is repeated is learnt again.
    LearnsRepeatedHours,
    /// What a baseline learns weighs the same for ever.
    LearnsWithoutDecay,
}

/// All that are wrong.
#[rustfmt::skip]
pub(crate) const MUTANTS: &[Mutant] = {
    use Mutant::*;
    &[
        ExpiresLater, ClearRestartsOffDelay, BetweenStopsOffDelay, MissingStopsOffDelay, HoldSurvivesMissing,
        HoldsLonger, BetweenKeepsHold, LateIsJudged, SameTimeIsNotLate, InputBeforeTimers, TimeRunsBackwards,
        ReevaluationFirst, TickLeavesDue, BadIsValue, BadIsNoArrival, SilenceEndsEarlier, UpIsIgnored,
        NothingIsExpected, MembersByIdAlone, RoundsMeans, LongerWindow, WindowWithoutPanes, NoPaneTimers,
        EmptyIsMissing, TiesTurned, MatchCountsLonger, CountsMembers, LateTakesPart, WithoutStarts,
        RunEndsEarlier, StepsStrictlyLater, RestartsAlways, CompletionDoesNotExtend, PeriodEndsLater,
        BeginJudgesNothing, PeriodKeepsOpen, BeginSeesWhatLeaves,
        UpDoesNotEndSilence, SpreadLeavesFirst, SpreadHasTimers, EscalatesFirst, StaleIsSure, CompositesFlicker, SpreadCountsOpen,
        SpreadEndsEarly, LearnsRepeatedHours, LearnsWithoutDecay,
    ]
};
