//! Where an address stands: what is scraped at `exporter.shop-prod.svc:8080` is in namespace `shop-prod`,
//! whatever the labels of the target say (Kubernetes, "DNS for Services and Pods").

use std::rc::Rc;

use crate::language::alphabet::{Class, OTHER};
use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::language::expression::Expression;

use super::leak::Allowed;
use super::solver::is_possible;
use crate::relabel::state::State;
use crate::relabel::value::{Part, Value};

/// What follows the namespace in the name of a service or a pod.
const KINDS: [&str; 2] = ["svc", "pod"];

/// What names are mapped from: by IDNA, by the escapes of DNS.
const ODD: Class = Class::exactly(1 << OTHER | 1 << b'\\');

/// Where an address stands that should not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The address; what is not known of it is `*`.
    pub address: String,
    /// The namespace, where it is known.
    pub namespace: Option<String>,
    /// Whether it is only told from a bare `<service>.<namespace>`, which may be a name of the internet.
    pub is_bare: bool,
}

impl Standing {
    /// Of an address that a config makes which cannot be followed.
    #[must_use]
    pub fn unknown(address: &Value) -> Self {
        Self {
            address: shown(address),
            namespace: None,
            is_bare: false,
        }
    }
}

/// Where the address stands, if that is, or may be, a namespace that may not be seen.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn stands_outside(
    allowed: &Allowed,
    state: &State,
    address: &Value,
    budget: &mut Budget,
) -> Result<Option<Standing>, TooComplex> {
    budget.spend(address.size())?;
    let Some(text) = address.text() else {
        let is_outside = may_stand_outside(allowed, state, address, budget)?;
        return Ok(is_outside.then(|| Standing::unknown(address)));
    };
    let (labels, is_absolute) = host(text);
    // What is no plain name is mapped to one: by IDNA, by the escapes of DNS.
    let is_plain = |label: &String| label.bytes().all(|byte| byte.is_ascii() && byte != b'\\');
    if !labels.iter().all(is_plain) {
        return Ok(Some(Standing::unknown(address)));
    }
    let of_cluster = |index: &usize| KINDS.contains(&labels[*index].as_str());
    let qualified = (2..labels.len()).filter(of_cluster);
    let mut qualified = qualified.map(|index| &labels[index - 1]);
    let found = qualified.find(|label| allowed.forbids(label));
    let is_bare = found.is_none();
    // A bare `<service>.<namespace>` may as well be a name of the internet, so only another environment's
    // namespace is told from it.
    let bare = || match labels.as_slice() {
        [_, .., last] if !is_absolute => Some(last),
        _ => None,
    };
    let found = found.or_else(|| bare().filter(|label| allowed.is_foreign(label)));
    Ok(found.map(|namespace| Standing {
        address: text.to_owned(),
        namespace: Some(namespace.clone()),
        is_bare,
    }))
}

/// Whether an address of which not all is known may stand in a namespace that may not be seen. What is nothing
/// but labels of the target's, with a port perhaps, is their business, as far as they have a choice.
fn may_stand_outside(
    allowed: &Allowed,
    state: &State,
    address: &Value,
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    let host = without_port(address);
    let is_odd = |character: char| !character.is_ascii() || character == '\\';
    let has_odd = |part: &Part| matches!(part, Part::Literal(text) if text.contains(is_odd));
    if host.0.iter().any(has_odd) {
        return Ok(true);
    }
    let is_business = state.is_found(&host) && is_business_of_a_label(&host, allowed);
    if is_business
        && host
            .variables()
            .all(|variable| state.is_as_discovered(variable))
    {
        return Ok(false);
    }
    let languages = allowed
        .addresses
        .get_or_init(|| Languages::new(allowed, budget));
    let languages = languages.as_ref().map_err(|&error| error)?;
    let inside =
        |state: State, language: &Rc<Automaton>| state.constrained(&host, language, true, None);
    let outside =
        |state: State, language: &Rc<Automaton>| state.constrained(&host, language, false, None);
    if is_business {
        let seen = inside(state.clone(), &languages.seen);
        let mut elsewhere = Some(state.clone());
        for language in &languages.of_the_cluster {
            elsewhere = elsewhere.and_then(|state| outside(state, language));
        }
        for choice in [seen, elsewhere].into_iter().flatten() {
            // Where text is added, it is told by that what is no name.
            let is_whole = host.plain_variable().is_some();
            let choice = if is_whole {
                inside(choice, &languages.plain)
            } else {
                Some(choice)
            };
            if let Some(choice) = choice
                && is_possible(&choice, None, budget)?
            {
                return Ok(false);
            }
        }
    }
    for language in &languages.of_the_cluster {
        let it = inside(state.clone(), language);
        let it = it.and_then(|state| outside(state, &languages.seen));
        if let Some(it) = it
            && is_possible(&it, None, budget)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The address up to its port, as far as that is to be seen.
fn without_port(address: &Value) -> Value {
    let mut host = Value::default();
    for part in &address.0 {
        match part {
            Part::Literal(text) => {
                let name = text.split(':').next().unwrap_or_default();
                host.push_literal(name);
                if name.len() < text.len() {
                    break;
                }
            }
            Part::Variable(..) => host.0.push(part.clone()),
        }
    }
    host
}

/// Whether labels decide where it stands: no config adds to the name of the host, but perhaps a domain at its end.
fn is_business_of_a_label(host: &Value, allowed: &Allowed) -> bool {
    // What is no part of a name, such as a separator that a label may have, too, makes none.
    let is_of_a_name = |character: char| character.is_alphanumeric() || ".-[\\".contains(character);
    let named = host
        .0
        .iter()
        .enumerate()
        .filter_map(|(place, part)| match part {
            Part::Literal(text) if text.contains(is_of_a_name) => Some((place, text)),
            _ => None,
        });
    let named: Vec<(usize, &String)> = named.collect();
    let domain = match named.as_slice() {
        [] => return true,
        [(place, text)] if place + 1 == host.0.len() => text.strip_prefix('.'),
        _ => None,
    };
    let Some(domain) = domain else {
        return false;
    };
    let (labels, _) = self::host(domain);
    let is_kind = |label: &String| KINDS.contains(&label.as_str());
    !labels.iter().any(is_kind) && !labels.last().is_some_and(|last| allowed.is_foreign(last))
}

/// The longest label of a name, in bytes (RFC 1035).
const LABEL: u32 = 63;

/// The languages of addresses in a cluster.
#[derive(Debug)]
pub(crate) struct Languages {
    /// Those that stand in it: `<service>.<namespace>.svc`, a bare `<service>.<namespace>` of another
    /// environment, and names that may be mapped to such ones.
    of_the_cluster: Vec<Rc<Automaton>>,
    /// Those that surely stand in a namespace that may be seen: the last one named counts.
    seen: Rc<Automaton>,
    /// Those that a label can really choose: names and numbers, with a port perhaps.
    plain: Rc<Automaton>,
}

impl Languages {
    fn new(allowed: &Allowed, budget: &mut Budget) -> Result<Self, TooComplex> {
        let all = |parts: Vec<Expression>| Expression::Concatenation(parts);
        let maybe = |expression: Expression| expression.repeated(0, Some(1));
        let any = || Expression::anything();
        let bracket = || maybe(Expression::literal("]"));
        let odd = || Expression::Class(ODD);
        let kinds = || Expression::Alternation(KINDS.map(name).to_vec());
        let dot = || Expression::literal(".");
        let globs = |automaton: &Automaton| {
            let globs = automaton.globs().unwrap_or_default();
            Expression::Alternation(globs.iter().map(|glob| name(glob)).collect())
        };
        let mut make = |expression: &Expression| -> Result<Rc<Automaton>, TooComplex> {
            let automaton = Automaton::new(expression, true)?;
            budget.spend(automaton.states() * automaton.words())?;
            Ok(Rc::new(automaton))
        };
        // Of other characters no name is made.
        let of_names = Class::WORD.union(Class::character('-')).union(ODD);
        let of_domains = of_names.union(Class::character('.'));
        let domains = || Expression::Class(of_domains).repeated(0, None);
        let namespace = Expression::Class(of_names).repeated(0, None);
        // A port may have a name.
        let of_ports = Expression::Class(of_names).repeated(0, None);
        let port = || maybe(all(vec![Expression::literal(":"), of_ports.clone()]));
        let end = || all(vec![bracket(), port()]);
        let of_name = || Expression::Class(of_names).repeated(0, None);
        let odd_kind = all(vec![of_name(), odd(), of_name()]);
        let kind = Expression::Alternation(vec![kinds(), odd_kind]);
        let rest = Expression::Class(of_domains).repeated(0, None);
        let rest = maybe(all(vec![dot(), rest]));
        let mut of_the_cluster = vec![
            make(&all(vec![
                any(),
                dot(),
                namespace,
                dot(),
                kind,
                rest,
                end(),
            ]))?,
            make(&all(vec![any(), odd(), domains(), end()]))?,
        ];
        if let Some(foreign) = allowed.foreign() {
            of_the_cluster.push(make(&all(vec![any(), dot(), globs(foreign), end()]))?);
        }
        let domain = maybe(name(".cluster.local"));
        let named = vec![any(), dot(), globs(allowed.visible()), dot(), kinds()];
        let digits = Expression::Class(Class::DIGIT).repeated(0, None);
        let number = maybe(all(vec![Expression::literal(":"), digits]));
        let seen = named.into_iter().chain([domain, maybe(dot()), number]);
        let of_plain = Class::WORD.union(Class::character('-'));
        let label = || Expression::Class(of_plain).repeated(1, Some(LABEL));
        let more = all(vec![dot(), label()]).repeated(0, None);
        let plain = make(&all(vec![label(), more, port()]))?;
        Ok(Self {
            plain,
            of_the_cluster,
            seen: make(&all(seen.collect()))?,
        })
    }
}

/// A name, or a glob of one label of it, in any case.
fn name(glob: &str) -> Expression {
    let part = |character| match character {
        '*' => {
            Expression::Class(Class::exactly(!ODD.may & not_one_of(b".:").may)).repeated(0, None)
        }
        letter => Expression::Class(Class::folded_range(letter, letter)),
    };
    Expression::Concatenation(glob.chars().map(part).collect())
}

/// Every character but these.
fn not_one_of(characters: &[u8]) -> Class {
    let set = characters.iter().fold(0, |set, byte| set | 1_u128 << byte);
    Class::exactly(!set)
}

/// The namespaces in which an address may stand that is known, most likely first: the one before `svc` or
/// `pod`, and the last label of a bare name.
#[must_use]
pub fn namespaces(address: &str) -> Vec<String> {
    let (labels, is_absolute) = host(address);
    let kinds = (2..labels.len()).filter(|&index| KINDS.contains(&labels[index].as_str()));
    let mut found: Vec<String> = kinds.map(|index| labels[index - 1].clone()).collect();
    if let ([_, .., last], false) = (labels.as_slice(), is_absolute) {
        found.push(last.clone());
    }
    found
}

/// The labels of the host's name, in lower case, and whether it ends in a dot.
fn host(address: &str) -> (Vec<String>, bool) {
    let address = address.to_lowercase();
    let address = address
        .split_once("://")
        .map_or(&*address, |(_, after)| after);
    let inner = address
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    // Between brackets stands an address of IPv6; older versions of Go take a name there, too.
    let address = match inner {
        Some(inner) if inner.contains(':') => "",
        Some(inner) => inner,
        None => address,
    };
    let name = address
        .split([':', '/', '?', '#'])
        .next()
        .unwrap_or_default();
    let mut labels: Vec<String> = name.split('.').map(str::to_owned).collect();
    let is_absolute = labels.len() > 1 && labels.last().is_some_and(String::is_empty);
    if is_absolute {
        labels.pop();
    }
    (labels, is_absolute)
}

fn shown(address: &Value) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Variable(..) => "*".to_owned(),
    };
    address.0.iter().map(part).collect()
}

impl Allowed {
    /// Whether the text is a namespace of another environment.
    #[must_use]
    pub fn is_foreign(&self, text: &str) -> bool {
        let foreign = self.foreign();
        foreign.is_some_and(|foreign| foreign.contains(text) == Membership::Yes)
            && self.forbids(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::service("exporter.shop-prod.svc:8080", Some("shop-prod"))]
    #[case::qualified("exporter.shop-prod.svc.cluster.local", Some("shop-prod"))]
    #[case::absolute("exporter.shop-prod.svc.cluster.local.:80", Some("shop-prod"))]
    #[case::pod_of_a_service("web-0.exporter.shop-prod.svc", Some("shop-prod"))]
    #[case::pod("10-0-0-1.shop-prod.pod.cluster.local", Some("shop-prod"))]
    #[case::capitals("EXPORTER.SHOP-PROD.SVC:8080", Some("shop-prod"))]
    #[case::with_a_scheme("http://exporter.shop-prod.svc/x", Some("shop-prod"))]
    #[case::of_nobody("exporter.cert-manager.svc", Some("cert-manager"))]
    #[case::bare("exporter.shop-prod:8080", Some("shop-prod"))]
    #[case::bare_of_nobody("prometheus.io:80", None)]
    #[case::bare_and_absolute("exporter.shop-prod.:80", None)]
    #[case::own("exporter.shop-dev.svc:8080", None)]
    #[case::shared("exporter.kube-system.svc", None)]
    #[case::service_only("exporter:8080", None)]
    #[case::address("10.0.0.1:9100", None)]
    #[case::address_of_six("[fd00::1]:9100", None)]
    #[case::in_brackets("[exporter.shop-prod.svc]:80", Some("shop-prod"))]
    #[case::bare_in_brackets("[exporter.shop-prod]:80", Some("shop-prod"))]
    #[case::namespace_only("shop-prod.svc", None)]
    #[case::wide_dots("exporter。shop-prod。svc:80", Some("?"))]
    #[case::wide_letters("ｅxporter.ｓhop-prod.svc:80", Some("?"))]
    #[case::escaped("exporter.shop\\045prod.svc", Some("?"))]
    fn knows_where_an_address_stands(#[case] address: &str, #[case] namespace: Option<&str>) {
        let globs = |globs: &'static [&str]| globs.iter().copied();
        let allowed = Allowed::new(
            globs(&["dev", "*-dev", "kube-system"]),
            globs(&["prod", "*-prod"]),
            Vec::new(),
        )
        .expect("small globs");
        let state = State::new(0);
        let value = Value::literal(address);
        let found = stands_outside(&allowed, &state, &value, &mut Budget::default());
        let found = found.expect("a small address");
        let found = found.map(|found| found.namespace.unwrap_or("?".to_owned()));
        assert_eq!(found.as_deref(), namespace);
    }
}
