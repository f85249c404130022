//! What proofs may cost: a count, and no clock, so that a verdict is the same on every machine.

/// What may be spent on the proofs about one object, in words of state sets that are computed.
///
/// An endpoint with a filter as people write them takes some tens, one that has to be interpreted some
/// hundreds, and one whose leak is shown by a walk some thousands, so that there is room for tens of the
/// last ones; all of it is spent in some milliseconds, and policy-server gives an evaluation two seconds.
pub const BUDGET: u64 = 500_000;

/// What a set costs besides its words: to be stored, and to be looked for.
pub(super) const SET: usize = 8;

/// The part of the budget that is left.
#[derive(Debug)]
pub struct Budget {
    left: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: BUDGET }
    }
}

/// The budget is spent; nothing was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

impl Budget {
    /// What was spent, in words of state sets.
    #[must_use]
    pub const fn spent(&self) -> u64 {
        BUDGET - self.left
    }

    /// Keeps so many eighths of what is left for later, and says how much that is; the rest may be spent.
    pub(crate) const fn set_aside(&mut self, eighths: u64) -> u64 {
        let kept = self.left / 8 * eighths;
        self.left -= kept;
        kept
    }

    /// Gives back what was kept.
    pub(crate) const fn give_back(&mut self, kept: u64) {
        self.left += kept;
    }

    /// Pays for `words` words.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if that much is not left; then nothing is.
    pub(crate) fn spend(&mut self, words: usize) -> Result<(), TooComplex> {
        let (left, overflow) = self.left.overflowing_sub(words as u64);
        self.left = if overflow { 0 } else { left };
        if overflow { Err(TooComplex) } else { Ok(()) }
    }
}
