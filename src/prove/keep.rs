//! The confining keep that mode `required` demands.

use crate::language::budget::TooComplex;
use crate::relabel::config::{Action, RelabelConfig};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::keep::lets_through;
use crate::relabel::regex::Regex;

use super::leak::{Allowed, MAX_NAMESPACE};

/// Whether the config is a *confining keep*: by itself, whatever arrives, it lets only allowed
/// namespaces through, in label `namespace` or (where `target` is set) in
/// `__meta_kubernetes_namespace`.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove it.
pub(crate) fn is_confining_keep(
    config: &RelabelConfig,
    target: bool,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    if config.action != Action::Keep || config.is_unknown {
        return Ok(false);
    }
    let is_namespace = |source: &String| {
        source == "namespace" || target && source == "__meta_kubernetes_namespace"
    };
    if let [source] = config.source_labels.as_slice()
        && is_namespace(source)
        && let Regex::Compiled(regex) = interpreter.compile(&config.regex)?
        && allowed.includes(&regex.automaton, &mut interpreter.budget)?
    {
        return Ok(true);
    }
    for (place, source) in config.source_labels.iter().enumerate() {
        if is_namespace(source)
            && !lets_through(
                config,
                place,
                allowed.forbidden().to_vec(),
                MAX_NAMESPACE,
                interpreter,
            )?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
