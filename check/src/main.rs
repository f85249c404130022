//! `env-isolation-check`: manifests in, verdicts out.

mod arguments;
mod helm_command;

use std::io::{BufWriter, IsTerminal, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};
use env_isolation_check::baseline::{Baseline, Known};
use env_isolation_check::chart::Chart;
use env_isolation_check::chosen::Chosen;
use env_isolation_check::config::{self, Config};
use env_isolation_check::explain::Explanation;
use env_isolation_check::fix;
use env_isolation_check::input::Input;
use env_isolation_check::judge::{Judge, Outcome, Verdict};
use env_isolation_check::manifest::Name;
use env_isolation_check::report::{Counts, Format, Part, Report, Style};
use env_isolation_check::unjudged::Unjudged;
use env_isolation_check::yaml::Node;
use env_isolation_check::{manifest, report, settings, yaml};
use prometheus_env_isolation_policy::settings::Settings;
use rayon::prelude::*;
use serde_json::Value;
use similar::TextDiff;

use arguments::{Arguments, Check, Color, Command, Explain, Judging, Output, Reporting};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

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
        Some(Command::Helm(arguments)) => return helm_command::run(&arguments),
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
fn read_settings(judging: &Judging, config: &Config) -> Result<(Value, Settings)> {
    match (&judging.settings, &config.settings) {
        (Some(path), _) | (None, Some(config::Settings::File(path))) => {
            settings::read(&Input::read(path)?)
        }
        (None, Some(config::Settings::Here(input))) => settings::read(input),
        (None, None) => Ok((Value::Null, Settings::default())),
    }
}

/// What the repository says.
fn read_config(judging: &Judging) -> Result<Config> {
    let path = match &judging.config {
        Some(path) => Some(path.clone()),
        None if judging.no_config => None,
        None => Config::around(&std::env::current_dir()?),
    };
    path.map_or_else(|| Ok(Config::default()), |path| Config::read(&path))
}

/// The namespace of objects that name none.
fn namespace<'a>(judging: &'a Judging, config: &'a Config) -> Option<&'a str> {
    let given = judging.namespace.as_ref().or(config.namespace.as_ref());
    given.map(String::as_str)
}

fn explain(arguments: &Explain) -> Result<ExitCode> {
    let config = read_config(&arguments.judging)?;
    let (settings, understood) = read_settings(&arguments.judging, &config)?;
    let is_wanted = |name: &Name| arguments.name.as_ref().is_none_or(|it| *it == name.name);
    let colored = colored(arguments.color);
    let namespace = namespace(&arguments.judging, &config);
    let mut out = BufWriter::new(std::io::stdout());
    let (mut found, mut rejected, mut unreadable) = (false, false, false);
    let chosen = Chosen::new(&arguments.paths, &config)?;
    for (folder, reason) in chosen.unjudged {
        eprintln!("env-isolation-check: {}: {reason}", folder.display());
    }
    let read = chosen.files.iter().map(|file| Input::read(file));
    let rendered = chosen.charts.iter().map(|chart| {
        let rendered = chart.render(&understood.api_groups);
        rendered.with_context(|| chart.name())
    });
    for input in read.chain(rendered) {
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                eprintln!("env-isolation-check: {error:#}");
                unreadable = true;
                continue;
            }
        };
        let chart = input.chart.as_ref();
        let namespace = chart.map(|chart| chart.namespace.as_str()).or(namespace);
        for range in yaml::documents(&input.text) {
            let start = range.start;
            let text = &input.text[range];
            let document = match Node::read(text, start) {
                Ok(document) => document,
                Err(_) if manifest::is_foreign(text) => continue,
                Err(broken) => {
                    let place = broken.offset..broken.offset + 1;
                    eprintln!("{}", report::excerpt(&input, &place, &broken.message));
                    unreadable = true;
                    continue;
                }
            };
            for object in manifest::objects(&document, &understood.api_groups) {
                let name = object.name(namespace);
                if !is_wanted(&name) {
                    continue;
                }
                found = true;
                if name.namespace.is_empty() {
                    eprintln!("{name} names no namespace; give one with --namespace");
                    unreadable = true;
                } else if !manifest::is_namespace(&name.namespace) {
                    eprintln!("{name}: no namespace can have this name");
                    unreadable = true;
                } else if let Some(request) =
                    manifest::request(&object.node.value(), &name.namespace)
                {
                    let explanation = Explanation::of(&request, &settings);
                    rejected |= !explanation.answer.accepted;
                    explanation.write(&name, colored, &mut out)?;
                }
            }
        }
    }
    out.flush()?;
    if !found && !unreadable {
        bail!("there is no such object that the policy is about");
    }
    Ok(ExitCode::from(if unreadable { 2 } else { rejected.into() }))
}

fn check(arguments: &Check) -> Result<ExitCode> {
    let config = read_config(&arguments.judging)?;
    let (settings, understood) = read_settings(&arguments.judging, &config)?;
    let judge = Judge {
        settings: &settings,
        api_groups: &understood.api_groups,
        namespace: namespace(&arguments.judging, &config),
    };
    let chosen = Chosen::new(&arguments.paths, &config)?;
    let mut out = std::io::stdout().lock();
    let mut fixed = 0;
    let mut baseline = match arguments.baseline.as_ref().or(config.baseline.as_ref()) {
        Some(path) if arguments.write_baseline.is_none() => Baseline::read(path)?,
        _ => Baseline::default(),
    };
    let mut report = Report::new(format(arguments), BufWriter::new(std::io::stdout()));
    let mut batch = Batch::default();
    for (path, reason) in chosen.unjudged {
        batch.pass_over(Some(path), reason);
    }
    let mut run = |batch: &mut Batch| {
        let about = (&judge, &understood);
        batch.run(arguments, about, &mut baseline, &mut report, &mut out)
    };
    for file in chosen.files {
        batch.read(file);
        if batch.bytes > BATCH {
            fixed += run(&mut batch)?;
            batch = Batch::default();
        }
    }
    for chart in chosen.charts {
        batch.render(chart, &understood.api_groups);
    }
    fixed += run(&mut batch)?;
    if fixed > 0 && arguments.write {
        let noun = if fixed == 1 {
            "violation"
        } else {
            "violations"
        };
        eprintln!("fixed {fixed} {noun}");
    }
    let counts = report.end()?;
    if arguments.list_exceptions {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(path) = &arguments.write_baseline {
        baseline.write(path)?;
        let count = baseline.len();
        eprintln!("wrote {count} findings into {}", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    for gone in baseline.gone() {
        let Known {
            rule,
            object,
            field,
        } = gone;
        eprintln!("env-isolation-check: gone since the baseline: {object}: {field} ({rule})");
    }
    let wrong = arguments.report.is_wrong(&counts);
    let unknown = counts.unreadable > 0 || arguments.strict && counts.unjudged > 0;
    Ok(ExitCode::from(match (unknown, wrong) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }))
}

/// How much text is judged at once, in bytes.
const BATCH: usize = 1 << 22;

/// How many documents are reported at once.
const DOCUMENTS: usize = 1 << 10;

/// Texts that are judged at once.
#[derive(Default)]
struct Batch {
    inputs: Vec<Input>,
    /// What is known without judging.
    outcomes: Vec<Outcome>,
    bytes: usize,
}

impl Batch {
    fn pass_over(&mut self, path: Option<PathBuf>, reason: Unjudged) {
        let outcome = Outcome::unjudged(self.inputs.len(), 0..0, reason, 0..0);
        self.outcomes.push(outcome);
        self.inputs.push(Input::new(path, String::new()));
    }

    fn read(&mut self, file: PathBuf) {
        match Input::read(&file) {
            Ok(input) if input.path.is_none() && yaml::documents(&input.text).is_empty() => {
                self.pass_over(None, Unjudged::NoInput);
            }
            Ok(input) => {
                self.bytes += input.text.len();
                self.inputs.push(input);
            }
            Err(error) => self.fail(&error, Input::new(Some(file), String::new())),
        }
    }

    fn render(&mut self, chart: Chart, api_groups: &[String]) {
        match chart.render(api_groups) {
            Ok(input) => self.inputs.push(input),
            Err(error) => self.fail(&error, Input::rendered(chart, String::new())),
        }
    }

    fn fail(&mut self, error: &anyhow::Error, input: Input) {
        let message = format!("{error:#}");
        let outcome = Outcome::unreadable(self.inputs.len(), 0..0, message, 0..0);
        self.outcomes.push(outcome);
        self.inputs.push(input);
    }

    /// Judges the texts and reports; with `--fix` or `--write`, how many violations were mended.
    fn run(
        &mut self,
        arguments: &Check,
        (judge, settings): (&Judge<'_>, &Settings),
        baseline: &mut Baseline,
        report: &mut Report<impl Write>,
        out: &mut impl Write,
    ) -> Result<usize> {
        let mut fixed = 0;
        if arguments.fix || arguments.write {
            let outcomes = outcomes(judge, &self.inputs, &documents(&self.inputs))?;
            fixed = fixes(arguments, &mut self.inputs, &outcomes, out)?;
        }
        let mut add = |outcomes: &[Outcome], inputs: &[Input]| {
            if arguments.fix {
                tell_unreadable(outcomes, inputs);
            }
            report.add(&Part {
                inputs,
                outcomes,
                settings,
                title: None,
            })
        };
        for documents in documents(&self.inputs).chunks(DOCUMENTS) {
            let mut outcomes = outcomes(judge, &self.inputs, documents)?;
            if arguments.write_baseline.is_some() {
                baseline.add(&outcomes);
            } else {
                baseline.subtract(&mut outcomes);
            }
            add(&outcomes, &self.inputs)?;
        }
        add(&self.outcomes, &self.inputs)?;
        Ok(fixed)
    }
}

/// The bytes of each document of the inputs, with the index of the input.
fn documents(inputs: &[Input]) -> Vec<(usize, Range<usize>)> {
    let of = |(index, input): (usize, &Input)| {
        let documents = yaml::documents(&input.text).into_iter();
        documents.map(move |document| (index, document))
    };
    inputs.iter().enumerate().flat_map(of).collect()
}

/// The outcomes of documents, in order, judged in parallel.
fn outcomes(
    judge: &Judge<'_>,
    inputs: &[Input],
    documents: &[(usize, Range<usize>)],
) -> Result<Vec<Outcome>> {
    let outcomes: Result<Vec<Vec<Outcome>>> = documents
        .par_iter()
        .map(|(index, document)| judge.document(*index, &inputs[*index], document.clone()))
        .collect();
    Ok(outcomes?.into_iter().flatten().collect())
}

/// Tells on standard error what the patch on standard output leaves out.
fn tell_unreadable(outcomes: &[Outcome], inputs: &[Input]) {
    for outcome in outcomes {
        if outcome.verdict != Verdict::Unreadable {
            continue;
        }
        let input = &inputs[outcome.input];
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
    if arguments.fix {
        return Format::Nothing;
    }
    if arguments.list_exceptions {
        return Format::Exceptions;
    }
    arguments.report.format()
}

impl Reporting {
    /// The format that was asked for.
    fn format(&self) -> Format {
        match self.output {
            Output::Text => Format::Text(Style {
                colored: colored(self.color),
                verbose: self.verbose,
                width: width(),
                most: self.max_findings,
            }),
            Output::Json => Format::Json,
            Output::Sarif => Format::Sarif,
            Output::Github => Format::Github,
        }
    }

    /// Whether it fails because of what was found.
    fn is_wrong(&self, counts: &Counts) -> bool {
        counts.rejected > 0 || self.warnings_as_errors && counts.warnings > 0
    }
}

/// How wide the terminal is that the report goes to, if it goes to one.
fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0.into())
}

fn colored(color: Color) -> bool {
    match color {
        Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        Color::Always => true,
        Color::Never => false,
    }
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
        if input.chart.is_some() {
            let name = input.name();
            eprintln!(
                "env-isolation-check: {name}: not fixed, because Helm renders it: change its templates or values"
            );
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
