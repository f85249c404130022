//! Requests, and the module that answers them, compiled once. The library is asked, too: it must
//! give the same answer, byte for byte.

use std::path::Path;
use std::sync::LazyLock;

use env_isolation_check::answer::{Answer, Violation, payload};
use env_isolation_check::manifest;
use prometheus_env_isolation_policy::admission;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::module::Module;

/// The compiled module.
static POLICY: LazyLock<Module> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy.wasm");
    Module::load(&path).expect("run `make policy.wasm` first")
});

/// The lines of a golden file.
pub(crate) fn lines<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = std::fs::read_to_string(folder.join(name)).expect("a golden file");
    let parsed = |line: &str| serde_json::from_str(line).expect("a golden line");
    let all: Vec<T> = text.lines().map(parsed).collect();
    assert!(all.len() > 300, "{name} is cut off");
    all
}

/// YAML as JSON.
pub(crate) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("a test's YAML")
}

/// The verdict on the creation of an object under these settings.
pub(crate) fn create(object: &Value, settings: &Value) -> Answer {
    evaluate(&manifest_request(object), settings)
}

/// The request to create an object.
pub(crate) fn manifest_request(object: &Value) -> Value {
    let namespace = object["metadata"]["namespace"].as_str();
    manifest::request(object, namespace.expect("a test's object has a namespace"))
        .expect("a test's object is of a kind that is judged")
}

/// The verdict on a request.
pub(crate) fn evaluate(request: &Value, settings: &Value) -> Answer {
    answer(&payload(request, settings))
}

/// The answer to a payload, whatever it is.
pub(crate) fn answer(payload: &[u8]) -> Answer {
    let answer = call("validate", payload);
    let library = serde_json::to_string(&admission::validate(payload)).expect("JSON");
    assert_eq!(answer, library, "{}", String::from_utf8_lossy(payload));
    serde_json::from_str(&answer).expect("an answer")
}

/// What is wrong with settings.
pub(crate) fn problems(settings: &Value) -> Option<String> {
    let settings = settings.to_string();
    let answer: Value =
        serde_json::from_str(&call("validate_settings", settings.as_bytes())).expect("an answer");
    let message = answer["message"].as_str().map(str::to_owned);
    assert_eq!(answer["valid"], message.is_none());
    let problems = admission::validate_settings(settings.as_bytes());
    assert_eq!(message.clone().unwrap_or_default(), problems.join("; "));
    message
}

/// What a function of the module answers.
fn call(function: &str, payload: &[u8]) -> String {
    let instance = POLICY.instance().expect("an instance");
    let answer = instance.call(function, payload).expect("no trap");
    String::from_utf8(answer).expect("UTF-8")
}

/// The request to change an object.
pub(crate) fn update(old: &Value, new: &Value) -> Value {
    let mut request = manifest_request(new);
    request["operation"] = "UPDATE".into();
    request["oldObject"] = old.clone();
    request
}

/// The only violation.
pub(crate) fn only(answer: &Answer) -> Violation {
    let violations = answer.violations().expect("the annotation");
    let [violation] = violations.as_slice() else {
        panic!("expected one violation: {:?}", answer.message);
    };
    violation.clone()
}

/// The object after all fixes; none if a violation has none.
pub(crate) fn fixed(object: &Value, answer: &Answer) -> Option<Value> {
    let mut object = object.clone();
    for violation in answer.violations().expect("the annotation") {
        let patch: json_patch::Patch =
            serde_json::from_value(violation.fix?).expect("a JSON Patch");
        json_patch::patch(&mut object, &patch).expect("a patch that applies");
    }
    Some(object)
}

/// Mode `proven`.
pub(crate) fn proven() -> Value {
    json!({"namespaceFilter": "proven"})
}

/// A `ServiceMonitor` in `shop-dev` with one endpoint, given as YAML flow, and a namespace selector.
pub(crate) fn monitor(selector: &str, endpoint: &str) -> Value {
    yaml(&format!(
        "{{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, \
         metadata: {{name: shop, namespace: shop-dev, labels: {{release: monitoring-dev}}}}, \
         spec: {{selector: {{matchLabels: {{app: shop}}}}, namespaceSelector: {selector}, \
         endpoints: [{endpoint}]}}}}"
    ))
}
