//! Arrows between the modules point one way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each module of `src`, with those that it may use besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("lib", &["admission"]),
    (
        "admission",
        &["json", "prove", "resource", "rule", "settings"],
    ),
    (
        "rule",
        &[
            "json", "language", "pipeline", "prove", "relabel", "resource", "settings",
        ],
    ),
    ("prove", &["language", "pipeline", "relabel"]),
    (
        "pipeline",
        &["json", "language", "relabel", "resource", "settings"],
    ),
    ("relabel", &["language"]),
    ("resource", &["json", "relabel"]),
    ("settings", &["json", "language"]),
    ("language", &[]),
    ("json", &[]),
];

/// The modules that a file uses.
fn used(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    let name = |path: &str| -> String {
        path.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    paths.map(name).filter(|name| !name.is_empty()).collect()
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn modules_use_only_those_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut seen = BTreeSet::new();
    for path in all {
        let within = path
            .strip_prefix(&source)
            .expect("within src")
            .with_extension("");
        let own = within
            .iter()
            .next()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == own)
            .unwrap_or_else(|| panic!("src/{own} is missing in the table of arrows"));
        let text = fs::read_to_string(&path).expect("a source file");
        for module in used(&text) {
            let is_allowed = module == own || allowed.contains(&module.as_str());
            assert!(is_allowed, "{} uses {module}", within.display());
            seen.insert((own.clone(), module));
        }
    }
    for (name, allowed) in ARROWS.iter().filter(|(name, _)| *name != "lib") {
        for other in *allowed {
            let arrow = ((*name).to_owned(), (*other).to_owned());
            assert!(seen.contains(&arrow), "{name} uses no {other}");
        }
    }
}

#[test]
fn no_module_uses_one_that_uses_it() {
    let uses = |name: &str| {
        ARROWS
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, all)| *all)
    };
    for (name, allowed) in ARROWS {
        let mut below: Vec<&str> = allowed.to_vec();
        let mut reached = BTreeSet::new();
        while let Some(next) = below.pop() {
            assert_ne!(next, *name, "a circle of arrows");
            if reached.insert(next) {
                below.extend(uses(next).unwrap_or_else(|| panic!("{next} is missing")));
            }
        }
    }
}
