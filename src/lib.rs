//! A Kubewarden policy that keeps the environments of one cluster apart in their Prometheus
//! stacks, and proves it. This file has the entry points of the WebAssembly module, nothing else;
//! [`admission`] is where a request goes from here.

pub mod admission;
pub mod json;
pub mod language;

pub mod pipeline;
pub mod prove;
pub mod relabel;
pub mod resource;
pub mod rule;
pub mod settings;

/// What the host calls, by the waPC protocol. Only the module has it: natively, the library is
/// asked through [`admission`].
#[cfg(feature = "module")]
mod guest {
    use kubewarden_policy_sdk::protocol_version_guest;
    use kubewarden_policy_sdk::settings::SettingsValidationResponse;
    use wapc_guest::{CallResult, register_function};

    use crate::admission;

    /// Called once by the host, before anything else.
    #[expect(
        unsafe_code,
        reason = "the waPC protocol calls this symbol by its name"
    )]
    #[unsafe(no_mangle)]
    extern "C" fn wapc_init() {
        register_function("validate", validate);
        register_function("validate_settings", validate_settings);
        register_function("protocol_version", protocol_version_guest);
    }

    fn validate(payload: &[u8]) -> CallResult {
        Ok(serde_json::to_vec(&admission::validate(payload))?)
    }

    fn validate_settings(payload: &[u8]) -> CallResult {
        let problems = admission::validate_settings(payload);
        let valid = problems.is_empty();
        Ok(serde_json::to_vec(&SettingsValidationResponse {
            valid,
            message: (!valid).then(|| problems.join("; ")),
        })?)
    }
}
