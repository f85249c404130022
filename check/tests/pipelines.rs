//! The pre-commit hook, the GitHub Action and the README: what they run is run here.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn yaml(name: &str) -> Value {
    let text = std::fs::read_to_string(root().join(name)).expect("a file");
    serde_saphyr::from_str(&text).expect("YAML")
}

/// A command in the folder of examples, for which the program is where this test's is.
fn command(program: &str) -> Command {
    let built = Path::new(env!("CARGO_BIN_EXE_env-isolation-check"));
    let mut command = Command::new(program);
    command.current_dir(root().join("examples")).env(
        "CARGO_TARGET_DIR",
        built.ancestors().nth(2).expect("a target folder"),
    );
    command
}

fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(all).expect("UTF-8")
}

#[rstest]
#[case("after/kubelet.yaml", 1)]
#[case("fixed/kubelet.yaml", 0)]
fn the_hook_judges_the_files_that_it_is_given(#[case] file: &str, #[case] code: i32) {
    let hook = &yaml(".pre-commit-hooks.yaml")[0];
    let entry = root().join(hook["entry"].as_str().expect("an entry"));
    let output = command(entry.to_str().expect("a path"))
        .arg(file)
        .output()
        .expect("an end");
    assert_eq!(output.status.code(), Some(code), "{}", text(&output));
}

#[rstest]
#[case(&[("paths", "after/kubelet.yaml")], 1, "::error file=after/kubelet.yaml,line=45,")]
#[case(&[("paths", "fixed  */kubelet.y?ml"), ("output", "text")], 1, "16 objects: 14 accepted, 2 rejected for 4 violations")]
#[case(&[("paths", "fixed"), ("settings", "settings.yaml"), ("warnings-as-errors", "true")], 0, "")]
#[case(&[("paths", "$(exit 3)")], 2, "cannot read $(exit")]
fn the_action_runs_with_its_inputs(
    #[case] given: &[(&str, &str)],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let action = yaml("action.yml");
    let step = &action["runs"]["steps"][0];
    let mut bash = command("bash");
    bash.arg("-e")
        .arg("-c")
        .arg(step["run"].as_str().expect("a script"));
    bash.env("GITHUB_ACTION_PATH", root());
    for (variable, expression) in step["env"].as_object().expect("variables") {
        let expression = expression.as_str().expect("an expression");
        // Where the action comes from. Without it nothing is downloaded, which hack/release-test tests.
        if expression.contains("github.") {
            continue;
        }
        let input = expression
            .strip_prefix("${{ inputs.")
            .and_then(|it| it.strip_suffix(" }}"));
        let input = input.expect("an input");
        let value = given
            .iter()
            .find(|(name, _)| *name == input)
            .map(|(_, value)| *value);
        let default = action["inputs"][input]["default"].as_str();
        bash.env(variable, value.or(default).expect("a value"));
    }
    let output = bash.output().expect("an end");
    let text = text(&output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let prompt = "```console\n$ env-isolation-check ";
    let (_, shown) = readme.split_once(prompt).expect("an example");
    let (arguments, shown) = shown.split_once('\n').expect("its output");
    let (shown, _) = shown.split_once("```").expect("its end");
    let mut program = command(env!("CARGO_BIN_EXE_env-isolation-check"));
    let output = program
        .current_dir(root())
        .args(arguments.split(' '))
        .output();
    assert_eq!(text(&output.expect("an end")), shown);
}
