//! `env-isolation-check`: manifests in, verdicts out.

mod arguments;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::{CommandFactory, Parser};
use env_isolation_check::explain::Explanation;
use env_isolation_check::fix;
use env_isolation_check::input::{self, Input};
use env_isolation_check::judge::{Judge, Outcome, Verdict};
use env_isolation_check::report::{Format, Report, Style};
use env_isolation_check::yaml::Node;
use env_isolation_check::{manifest, settings, yaml};
use prometheus_env_isolation_policy::policy::validate_settings;
use prometheus_env_isolation_policy::settings::Settings;
use rayon::prelude::*;
use serde_json::Value;
use similar::TextDiff;

use arguments::{Arguments, Check, Color, Command, Explain, Judging, Output};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        // Whoever reads the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("env-isolation-check: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref().is_some_and(kind)
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut out = std::io::stdout();
    match arguments.command {
        None => return check(&arguments.check),
        Some(Command::Explain(arguments)) => return explain(&arguments),
        Some(Command::Completions { shell }) => {
            let mut command = Arguments::command();
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut out);
        }
        Some(Command::Man) => clap_mangen::Man::new(Arguments::command()).render(&mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings as they are passed to the policy, and as they are understood.
fn read_settings(judging: &Judging) -> Result<(Value, Settings)> {
    let value = match &judging.settings {
        Some(path) => settings::read(&Input::read(path)?)?,
        None => Value::Null,
    };
    let text = value.to_string();
    let invalid = |problems| anyhow!("the settings are not valid: {problems}");
    validate_settings(text.as_bytes()).map_err(invalid)?;
    let understood = Settings::read(Some(serde_json::from_str(&text)?)).map_err(invalid)?;
    Ok((value, understood))
}

fn explain(arguments: &Explain) -> Result<ExitCode> {
    let (settings, _) = read_settings(&arguments.judging)?;
    let input = Input::read(&arguments.file)?;
    let namespace = arguments.judging.namespace.as_deref();
    let mut out = std::io::stdout().lock();
    let (mut found, mut rejected, mut unreadable) = (false, false, false);
    for range in yaml::documents(&input.text) {
        let start = range.start;
        let document = match Node::read(&input.text[range], start) {
            Ok(document) => document,
            Err(broken) => {
                let (name, place) = (input.name(), input.place(broken.offset));
                eprintln!("{name}:{}:{}: {}", place.line, place.column, broken.message);
                unreadable = true;
                continue;
            }
        };
        for object in manifest::objects(&document) {
            let name = object.name(namespace);
            if arguments
                .name
                .as_ref()
                .is_some_and(|only| *only != name.name)
            {
                continue;
            }
            found = true;
            if name.namespace.is_empty() {
                eprintln!("{name} names no namespace; give one with --namespace");
                unreadable = true;
            } else if let Some(request) = manifest::request(&object.node.value(), &name.namespace) {
                let explanation = Explanation::of(&request, &settings);
                rejected |= !explanation.response.accepted;
                explanation.write(&name, &mut out)?;
            }
        }
    }
    if !found && !unreadable {
        bail!(
            "{} has no such object that the policy is about",
            input.name()
        );
    }
    Ok(ExitCode::from(if unreadable { 2 } else { rejected.into() }))
}

fn check(arguments: &Check) -> Result<ExitCode> {
    let (settings, understood) = read_settings(&arguments.judging)?;
    let judge = Judge {
        settings: &settings,
        namespace: arguments.judging.namespace.as_deref(),
    };
    let mut inputs = Vec::new();
    let mut unreadable = Vec::new();
    for path in &arguments.paths {
        for file in input::files(path)? {
            match Input::read(&file) {
                Ok(input) => inputs.push(input),
                Err(error) => {
                    let message = format!("{error:#}");
                    unreadable.push(Outcome::unreadable(inputs.len(), 0..0, message, 0..0));
                    inputs.push(Input::new(Some(file), String::new()));
                }
            }
        }
    }
    let mut outcomes = outcomes(&judge, &inputs)?;
    let mut out = std::io::stdout().lock();
    if arguments.fix || arguments.write {
        let fixed = fixes(arguments, &mut inputs, &outcomes, &mut out)?;
        if arguments.write && fixed > 0 {
            let noun = if fixed == 1 {
                "violation"
            } else {
                "violations"
            };
            eprintln!("fixed {fixed} {noun}");
            outcomes = self::outcomes(&judge, &inputs)?;
        }
    }
    outcomes.extend(unreadable);
    let report = Report {
        inputs: &inputs,
        outcomes: &outcomes,
        settings: &understood,
    };
    if arguments.fix {
        tell_unreadable(&report);
    } else {
        report.write(format(arguments), &mut out)?;
    }
    out.flush()?;
    let counts = report.counts();
    let wrong = counts.rejected > 0 || arguments.warnings_as_errors && counts.warnings > 0;
    Ok(ExitCode::from(match (counts.unreadable, wrong) {
        (1.., _) => 2,
        (0, true) => 1,
        (0, false) => 0,
    }))
}

/// Tells on standard error what the patch on standard output leaves out.
fn tell_unreadable(report: &Report<'_>) {
    for outcome in report.outcomes {
        if outcome.verdict != Verdict::Unreadable {
            continue;
        }
        let input = &report.inputs[outcome.input];
        for finding in &outcome.findings {
            let (name, place) = (input.name(), input.place(finding.range.start));
            let (line, column) = (place.line, place.column);
            eprintln!(
                "env-isolation-check: {name}:{line}:{column}: {}",
                finding.message
            );
        }
    }
}

fn format(arguments: &Check) -> Format {
    match arguments.output {
        Output::Text => {
            let terminal =
                || std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let colored = match arguments.color {
                Color::Auto => terminal(),
                Color::Always => true,
                Color::Never => false,
            };
            let verbose = arguments.verbose;
            Format::Text(Style { colored, verbose })
        }
        Output::Json => Format::Json,
        Output::Sarif => Format::Sarif,
        Output::Github => Format::Github,
    }
}

/// The outcomes of all documents, in order, judged in parallel.
fn outcomes(judge: &Judge<'_>, inputs: &[Input]) -> Result<Vec<Outcome>> {
    let documents: Vec<_> = inputs
        .iter()
        .enumerate()
        .flat_map(|(index, input)| {
            let documents = yaml::documents(&input.text).into_iter();
            documents.map(move |document| (index, input, document))
        })
        .collect();
    let outcomes: Result<Vec<Vec<Outcome>>> = documents
        .into_par_iter()
        .map(|(index, input, document)| judge.document(index, input, document))
        .collect();
    Ok(outcomes?.into_iter().flatten().collect())
}

/// Prints the fixes as a patch or writes them; the texts of the inputs are then the new ones. How
/// many violations were mended.
fn fixes(
    arguments: &Check,
    inputs: &mut [Input],
    outcomes: &[Outcome],
    out: &mut impl Write,
) -> Result<usize> {
    let mut mended = 0;
    for of_input in outcomes.chunk_by(|one, other| one.input == other.input) {
        let input = &mut inputs[of_input[0].input];
        let fixed = fix::fixed(input, of_input);
        for (index, reason) in &fixed.left {
            let object = of_input[*index].name.as_ref();
            let name = object.map(ToString::to_string).unwrap_or_default();
            let input = input.name();
            eprintln!("env-isolation-check: {input}: {name}: not fixed, because {reason}");
        }
        if fixed.mended == 0 {
            continue;
        }
        mended += fixed.mended;
        if arguments.fix {
            let name = input.name();
            let name = name.trim_start_matches("./").trim_start_matches('/');
            let diff = TextDiff::from_lines(&input.text, &fixed.text);
            let mut diff = diff.unified_diff();
            write!(
                out,
                "{}",
                diff.header(&format!("a/{name}"), &format!("b/{name}"))
            )?;
            continue;
        }
        let Some(path) = &input.path else {
            bail!("standard input cannot be written; --fix prints the fixes as a patch");
        };
        std::fs::write(path, &fixed.text)
            .with_context(|| format!("cannot write {}", path.display()))?;
        *input = Input::new(input.path.clone(), fixed.text);
    }
    Ok(mended)
}
