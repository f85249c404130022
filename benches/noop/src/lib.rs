//! A policy that accepts without reading: what every evaluation costs at least. The benchmarks
//! measure against it.

use wapc_guest::register_function;

/// Called once by the host, before anything else.
#[expect(
    unsafe_code,
    reason = "the waPC protocol calls this symbol by its name"
)]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", |_payload| Ok(br#"{"accepted":true}"#.to_vec()));
    // Without these, policy-server does not start with it, and kwctl does not annotate it.
    register_function("validate_settings", |_payload| {
        Ok(br#"{"valid":true}"#.to_vec())
    });
    register_function("protocol_version", |_payload| Ok(br#""v1""#.to_vec()));
}
