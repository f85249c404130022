//! Where an address stands: what is scraped at `exporter.shop-prod.svc:8080` is in namespace `shop-prod`,
//! whatever the labels of the target say (Kubernetes, "DNS for Services and Pods").

use crate::language::automaton::Membership;
use crate::language::budget::{Budget, TooComplex};

use super::leak::Allowed;
use super::series::Series;
use super::value::{Part, Value};

/// What follows the namespace in the name of a service or a pod.
const KINDS: [&str; 2] = ["svc", "pod"];

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
    /// Of an address that a rule makes which cannot be followed.
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
pub fn stands_outside(
    allowed: &Allowed,
    series: &Series,
    address: &Value,
    budget: &mut Budget,
) -> Result<Option<Standing>, TooComplex> {
    budget.spend(address.size())?;
    let (labels, is_absolute) = host(address);
    // What is no plain name is mapped to one: by IDNA, by the escapes of DNS.
    let is_odd = |part: &Part| matches!(part, Part::Literal(text) if !text.bytes().all(is_plain));
    if labels.iter().any(|label| label.0.iter().any(is_odd)) && !is_address_of_six(address) {
        return Ok(Some(Standing::unknown(address)));
    }
    let mut found = None;
    for (index, label) in labels.iter().enumerate() {
        let is_kind = start(label)
            .text()
            .is_some_and(|text| KINDS.contains(&text));
        // `<service>.<namespace>.svc`; a label that is not known may be two.
        let is_whole = index >= 2 || index == 1 && labels[0].text().is_none();
        if is_kind && is_whole {
            found = outside(allowed, series, &labels[index - 1], false, budget)?;
        }
        if found.is_none() && is_kind && is_whole {
            let namespace = start(&labels[index - 1]);
            found = outside(allowed, series, &namespace, false, budget)?;
        }
        if found.is_some() {
            break;
        }
    }
    let is_qualified = found.is_some();
    // A bare `<service>.<namespace>` may as well be a name of the internet, so only another environment's
    // namespace is told from it.
    if let (None, [_, .., last], false) = (&found, labels.as_slice(), is_absolute) {
        found = outside(allowed, series, last, true, budget)?;
        if found.is_none() {
            found = outside(allowed, series, &start(last), true, budget)?;
        }
    }
    Ok(found.map(|Name(namespace)| Standing {
        address: shown(address),
        namespace,
        is_bare: !is_qualified,
    }))
}

/// The namespaces in which an address may stand that is known, most likely first: the one before `svc` or
/// `pod`, and the last label of a bare name.
#[must_use]
pub fn namespaces(address: &str) -> Vec<String> {
    let (labels, is_absolute) = host(&Value::literal(address));
    let labels: Vec<&str> = labels.iter().filter_map(Value::text).collect();
    let kinds = (2..labels.len()).filter(|&index| KINDS.contains(&labels[index]));
    let mut found: Vec<String> = kinds.map(|index| labels[index - 1].to_owned()).collect();
    if let ([_, .., last], false) = (labels.as_slice(), is_absolute) {
        found.push((*last).to_owned());
    }
    found
}

/// Whether a character of a name surely stands for itself.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii() && byte != b'\\'
}

fn is_address_of_six(address: &Value) -> bool {
    matches!(address.0.first(), Some(Part::Literal(text)) if text.starts_with('['))
}

/// The name of a namespace, where it is known.
struct Name(Option<String>);

/// The namespace of a label of a host, if it may not be seen: its name, where that is known. `foreign` tells
/// whether only those of other environments count.
fn outside(
    allowed: &Allowed,
    series: &Series,
    label: &Value,
    foreign: bool,
    budget: &mut Budget,
) -> Result<Option<Name>, TooComplex> {
    if let Some(text) = label.text() {
        let is_outside = if foreign {
            allowed.is_foreign(text)
        } else {
            allowed.forbids(text)
        };
        return Ok(is_outside.then(|| Name(Some(text.to_owned()))));
    }
    Ok(allowed
        .may_be_outside(series, label, foreign, budget)?
        .then_some(Name(None)))
}

/// The labels of the host's name, in lower case, and whether it ends in a dot.
fn host(address: &Value) -> (Vec<Value>, bool) {
    let mut labels = vec![Value::default()];
    for part in &address.0 {
        let Part::Literal(text) = part else {
            if let Some(label) = labels.last_mut() {
                label.0.push(part.clone());
            }
            continue;
        };
        let text = text.to_lowercase();
        let text = match text.split_once("://") {
            Some((_, after)) if labels.len() == 1 && labels[0].0.is_empty() => after,
            _ => &text,
        };
        let end = text.find([':', '/', '?', '#']);
        let name = &text[..end.unwrap_or(text.len())];
        for (index, piece) in name.split('.').enumerate() {
            if index > 0 {
                labels.push(Value::default());
            }
            if let Some(label) = labels.last_mut() {
                label.push_literal(piece);
            }
        }
        if end.is_some() {
            break;
        }
    }
    let is_absolute = labels.len() > 1 && labels.last().is_some_and(|last| last.0.is_empty());
    if is_absolute {
        labels.pop();
    }
    (labels, is_absolute)
}

/// The label without what is not known at its end, which may be nothing, or a port, or more labels.
fn start(label: &Value) -> Value {
    match label.0.as_slice() {
        [first @ Part::Literal(_), rest @ ..] if !rest.is_empty() => Value(vec![first.clone()]),
        _ => label.clone(),
    }
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
        let series = Series::new(0);
        let value = Value::literal(address);
        let found = stands_outside(&allowed, &series, &value, &mut Budget::default());
        let found = found.expect("a small address");
        let found = found.map(|found| found.namespace.unwrap_or("?".to_owned()));
        assert_eq!(found.as_deref(), namespace);
    }
}
