//! Whether a rule by itself can change a label, whatever arrives.

use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::TooComplex;
use crate::language::condition::Condition;
use crate::language::product::shortest;

use super::interpret::Interpreter;
use super::label_map::candidates;
use super::rule::{Action, Rule};
use super::template;

impl Interpreter {
    /// Whether the rule may write or drop the label. A rule that cannot be followed may.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to say that it does not.
    pub fn may_change(&mut self, rule: &Rule, label: &str) -> Result<bool, TooComplex> {
        if matches!(
            rule.action,
            Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual
        ) {
            return Ok(false);
        }
        if rule.has_placeholder() {
            return Ok(true);
        }
        let Ok(regex) = self.compile(&rule.regex)? else {
            return Ok(!rule.writes_one_label() || rule.target_label == label);
        };
        Ok(match rule.action {
            Action::LabelDrop => regex.automaton.contains(label) != Membership::No,
            Action::LabelKeep => regex.automaton.contains(label) != Membership::Yes,
            Action::LabelMap => {
                let pieces = template::parse(&rule.replacement, &regex.pattern().groups);
                let Some(names) = candidates(&regex, &pieces, label) else {
                    return Ok(false);
                };
                let Some(names) = Automaton::new(&names, true) else {
                    return Ok(true);
                };
                // What is mapped to itself stays what it is.
                let own = Automaton::of_texts(&[label]).ok_or(TooComplex)?;
                let conditions = [
                    Condition::inside(Rc::clone(&regex.automaton)),
                    Condition::inside(Rc::new(names)),
                    Condition::outside(Rc::new(own)),
                ];
                shortest(&conditions, u128::MAX, usize::MAX, &mut self.budget)?.is_some()
            }
            _ => {
                let pieces = template::parse(&rule.target_label, &regex.pattern().groups);
                candidates(&regex, &pieces, label).is_some()
            }
        })
    }
}
