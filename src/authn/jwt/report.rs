//! What became of each rule.

use super::{Refusal, Rule};

/// Hears about each rule that was applied, and decides whether to go on.
pub(super) trait Judge {
    /// Answers an error to end the judgement.
    fn hear(&mut self, rule: Rule, outcome: Result<(), Refusal>) -> Result<(), Refusal>;

    /// The same for a rule whose answer the following ones need.
    fn need<T>(&mut self, rule: Rule, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        match outcome {
            Ok(answer) => self.hear(rule, Ok(())).map(|()| answer),
            Err(refusal) => {
                self.hear(rule, Err(refusal))?;
                Err(refusal)
            }
        }
    }
}

/// Ends at the first rule that does not hold: for logins.
pub(super) struct FirstRefusal;

impl Judge for FirstRefusal {
    #[inline]
    fn hear(&mut self, _: Rule, outcome: Result<(), Refusal>) -> Result<(), Refusal> {
        outcome
    }
}

/// Which rules a token keeps: for whoever wants to know why it is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(Vec<(Rule, Result<(), Refusal>)>);

impl Judge for Report {
    fn hear(&mut self, rule: Rule, outcome: Result<(), Refusal>) -> Result<(), Refusal> {
        self.0.push((rule, outcome));
        Ok(())
    }
}

impl Report {
    /// Whether the token keeps `rule`; `None` where that could not be looked at, because of a rule before it or because there was
    /// nothing to compare with.
    #[must_use]
    pub fn outcome(&self, rule: Rule) -> Option<Result<(), Refusal>> {
        self.0.iter().find(|(heard, _)| *heard == rule).map(|(_, outcome)| *outcome)
    }

    /// Why a login with the token is refused: the first rule that it does not keep.
    ///
    /// # Errors
    ///
    /// The [`Refusal`].
    pub fn verdict(&self) -> Result<(), Refusal> {
        self.0.iter().try_for_each(|(_, outcome)| *outcome)
    }
}
