//! What an evaluation costs, beside what it costs to ask a policy that does nothing.
//!
//! Each evaluation is made as policy-evaluator makes it: the request is written as JSON, a fresh
//! instance of the compiled module is called, its answer is read. All policies take turns on each
//! request, so that what else the machine does falls on all alike, and medians are compared. Columns
//! are the whole evaluation and the call alone; `make bench` runs it.
//!
//! Peers are policies that are held against the same requests: `--peer NAME FILE SETTINGS`.

mod cases;
#[path = "../tests/policy/module.rs"]
mod module;
mod plot;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use env_isolation_check::answer::payload;
use serde_json::{Value, json};

use cases::{Case, adversaries};
use module::Module;

/// Measures the policy against one that does nothing, and against its peers.
#[derive(Parser)]
struct Arguments {
    /// How often each request is evaluated.
    #[arg(long, default_value_t = 300)]
    rounds: usize,
    /// Only the requests whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// A further policy: its name, its module, and its settings as JSON.
    #[arg(long, num_args = 3, value_names = ["NAME", "FILE", "SETTINGS"], action = clap::ArgAction::Append)]
    peer: Vec<String>,
    /// Where the plot of the growth goes.
    #[arg(long, default_value = "target/performance.svg")]
    plot: PathBuf,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A policy that takes part.
struct Runner {
    name: String,
    policy: Module,
    /// Its own settings; a case's, where it has none.
    settings: Option<Value>,
}

/// What an evaluation took.
#[derive(Clone, Copy)]
struct Took {
    whole: Duration,
    call: Duration,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let load = |name: &str, file: &Path, settings| -> Result<Runner> {
        let policy = Module::load(file)?;
        let name = name.to_owned();
        Ok(Runner {
            name,
            policy,
            settings,
        })
    };
    let mut runners = vec![
        load("no-op", &root.join("noop.wasm"), None)?,
        load("this policy", &root.join("policy.wasm"), None)?,
    ];
    for peer in arguments.peer.chunks_exact(3) {
        let settings =
            serde_json::from_str(&peer[2]).with_context(|| format!("settings of {}", peer[0]))?;
        runners.push(load(&peer[0], Path::new(&peer[1]), Some(settings))?);
    }

    let names = runners[1..]
        .iter()
        .map(|runner| format!(" {} | its call |", runner.name));
    println!(
        "| request | bytes | no-op | its call |{}",
        names.collect::<String>()
    );
    println!("| --- | ---: |{}", " ---: |".repeat(2 * runners.len()));
    let wanted = |name: &str| {
        arguments
            .only
            .as_deref()
            .is_none_or(|only| name.contains(only))
    };
    for case in cases::all().iter().filter(|case| wanted(case.name)) {
        table_row(&runners, case, arguments.rounds)?;
    }

    let ours = &runners[..2];
    println!("\n| adversary | bytes | no-op | its call | this policy | its call |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let adversaries = adversaries::all().into_iter();
    for (name, object, decided) in adversaries.filter(|(name, ..)| wanted(name)) {
        let case = Case {
            name,
            request: cases::request(object),
            settings: json!({"namespaceFilter": "proven"}),
            accepted: decided == adversaries::Decided::Accepted,
        };
        table_row(ours, &case, arguments.rounds / 10)?;
    }

    if arguments.only.is_some() {
        return Ok(());
    }
    let series = |sizes: &[usize], object: &dyn Fn(usize) -> Value| -> Result<Vec<plot::Point>> {
        let point = |&size: &usize| {
            let case = Case {
                name: "",
                request: cases::request(object(size)),
                settings: json!({}),
                accepted: true,
            };
            let took = medians(ours, &case, arguments.rounds / 3)?;
            Ok(plot::Point {
                size,
                noop: took[0].whole,
                policy: took[1].whole,
            })
        };
        sizes.iter().map(point).collect()
    };
    let by_endpoints = series(&[1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], &|size| {
        cases::endpoints(size, true)
    })?;
    let by_size = series(
        &[1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
        &cases::rules,
    )?;
    plot::draw(&arguments.plot, &by_endpoints, &by_size)?;
    println!("\nhow it grows: {}", arguments.plot.display());
    Ok(())
}

/// Prints what each policy took, and its ratio to the first one.
fn table_row(runners: &[Runner], case: &Case, rounds: usize) -> Result<()> {
    let took = medians(runners, case, rounds)?;
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    print!("| {} | {} |", case.name, case.request.to_string().len());
    for (index, one) in took.iter().enumerate() {
        for (duration, noop) in [(one.whole, took[0].whole), (one.call, took[0].call)] {
            if index == 0 {
                print!(" {:.0} µs |", micros(duration));
            } else {
                print!(
                    " {:.0} µs ({:.2}) |",
                    micros(duration),
                    micros(duration) / micros(noop)
                );
            }
        }
    }
    println!();
    Ok(())
}

/// The medians of each policy, which take turns.
fn medians(runners: &[Runner], case: &Case, rounds: usize) -> Result<Vec<Took>> {
    // The first ones fill caches.
    let warm_up = rounds / 10 + 1;
    let mut took: Vec<Vec<Took>> = vec![Vec::new(); runners.len()];
    for round in 0..warm_up + rounds.max(5) {
        for (index, runner) in runners.iter().enumerate() {
            let (one, accepted) = evaluate(runner, case)?;
            ensure!(
                index != 1 || accepted == case.accepted,
                "{}: accepted {accepted}",
                case.name
            );
            if round >= warm_up {
                took[index].push(one);
            }
        }
    }
    let median = |mut durations: Vec<Duration>| {
        durations.sort_unstable();
        durations[durations.len() / 2]
    };
    let medians = |took: Vec<Took>| Took {
        whole: median(took.iter().map(|one| one.whole).collect()),
        call: median(took.iter().map(|one| one.call).collect()),
    };
    Ok(took.into_iter().map(medians).collect())
}

fn evaluate(runner: &Runner, case: &Case) -> Result<(Took, bool)> {
    let settings = runner.settings.as_ref().unwrap_or(&case.settings);
    let start = Instant::now();
    let payload = payload(&case.request, settings);
    let instance = runner.policy.instance()?;
    let called = Instant::now();
    let answer = instance.call("validate", &payload)?;
    let call = called.elapsed();
    let answer: Value = serde_json::from_slice(&answer)?;
    drop(instance);
    let whole = start.elapsed();
    Ok((Took { whole, call }, answer["accepted"] == true))
}
