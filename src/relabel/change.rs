//! Whether a config by itself can change a label, whatever arrives.

use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::TooComplex;
use crate::language::condition::Condition;
use crate::language::expression::Expression;
use crate::language::product::shortest;

use super::config::{Action, RelabelConfig};
use super::interpreter::Interpreter;
use super::labels::Discovered;
use super::regex::{Made, Regex};
use super::template::Piece;

impl Interpreter {
    /// Whether the config may write or drop some label whose name begins so. A config that cannot be followed may.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to say that it does not.
    pub(crate) fn may_change_any(
        &mut self,
        config: &RelabelConfig,
        prefix: &str,
    ) -> Result<bool, TooComplex> {
        if config.is_filter() {
            return Ok(false);
        }
        if config.is_unknown {
            return Ok(true);
        }
        let Regex::Compiled(regex) = self.compile(&config.regex)? else {
            return Ok(!config.writes_one_label() || config.target_label.starts_with(prefix));
        };
        let begins =
            Expression::Concatenation(vec![Expression::literal(prefix), Expression::anything()]);
        let begins = Condition::inside(Rc::new(Automaton::new(&begins, true)?));
        let names = match config.action {
            Action::LabelDrop => Condition::inside(Rc::clone(&regex.automaton)),
            // What is not exactly known may not be kept.
            Action::LabelKeep if !regex.automaton.is_exact() => return Ok(true),
            Action::LabelKeep => Condition::outside(Rc::clone(&regex.automaton)),
            action => {
                let template = match action {
                    Action::LabelMap => &config.replacement,
                    _ => &config.target_label,
                };
                let groups = &regex.pattern().groups;
                let pieces = self.template(template, &regex)?.into_iter();
                let pieces = pieces.map(|piece| match piece {
                    Piece::Literal(text) => Expression::literal(&text),
                    Piece::Group(group) => groups[group].expression.clone(),
                    Piece::Unknown => Expression::anything(),
                });
                let names = Expression::Concatenation(pieces.collect());
                let Made::Automaton(names) = self.automaton(&names, false)? else {
                    return Ok(true);
                };
                Condition::inside(names)
            }
        };
        let found = shortest(&[begins, names], u128::MAX, usize::MAX, &mut self.budget)?;
        Ok(found.is_some())
    }

    /// Whether the config may write or drop the label. A config that cannot be followed may.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to say that it does not.
    pub(crate) fn may_change(
        &mut self,
        config: &RelabelConfig,
        label: &str,
    ) -> Result<bool, TooComplex> {
        self.may_change_of(config, label, Discovered::Unknown)
    }

    /// The same; `discovered` tells what is known of the labels that Kubernetes discovers.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to say that it does not.
    pub(crate) fn may_change_of(
        &mut self,
        config: &RelabelConfig,
        label: &str,
        discovered: Discovered,
    ) -> Result<bool, TooComplex> {
        if config.is_filter() {
            return Ok(false);
        }
        if config.is_unknown {
            return Ok(true);
        }
        let Regex::Compiled(regex) = self.compile(&config.regex)? else {
            return Ok(!config.writes_one_label() || config.target_label == label);
        };
        Ok(match config.action {
            Action::LabelDrop => self.names(&regex, label)? != Membership::No,
            Action::LabelKeep => self.names(&regex, label)? != Membership::Yes,
            Action::LabelMap => {
                let pieces = self.template(&config.replacement, &regex)?;
                let Some(names) = self.candidates(&regex, &pieces, label)? else {
                    return Ok(false);
                };
                if let Some(from) = names.only_text() {
                    let maps = from != label && self.names(&regex, &from)? != Membership::No;
                    return Ok(maps && self.may_be_there(&from, discovered)?);
                }
                let Made::Automaton(names) = self.automaton(&names, true)? else {
                    return Ok(true);
                };
                // What is mapped to itself stays what it is.
                let own = Automaton::of_texts(&[label])?;
                let mut conditions = vec![
                    Condition::inside(Rc::clone(&regex.automaton)),
                    Condition::inside(names),
                    Condition::outside(Rc::new(own)),
                ];
                let impossible = self.impossible(discovered)?;
                conditions.extend(impossible.map(Condition::outside));
                shortest(&conditions, u128::MAX, usize::MAX, &mut self.budget)?.is_some()
            }
            _ => {
                let pieces = self.template(&config.target_label, &regex)?;
                self.candidates(&regex, &pieces, label)?.is_some()
            }
        })
    }
}
