//! Puts the policy's module into the program, where it was built (`make policy.wasm`). Without it
//! the workspace builds as well, and the program asks for `--policy`.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm");
    println!("cargo::rerun-if-changed={}", module.display());
    println!("cargo::rustc-check-cfg=cfg(embedded)");
    let bytes = if module.exists() {
        // For the tests, which ask the policy.
        println!("cargo::rustc-cfg=embedded");
        std::fs::read(module)?
    } else {
        Vec::new()
    };
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
    std::fs::write(out.unwrap_or_default().join("policy.wasm"), bytes)
}
