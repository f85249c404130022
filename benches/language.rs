//! The two halves of a proof by themselves: a pattern is compiled, and a product is searched for a
//! namespace.
//!
//! The adversary is `(a|b)*a(a|b){14}`, whose deterministic automaton has 2^15 states: kept, a text is
//! found at once; dropped, the walk has to see that there is none.

use std::hint::black_box;
use std::rc::Rc;

use criterion::{Criterion, criterion_group, criterion_main};
use prometheus_env_isolation_policy::language::alphabet::NAMESPACE;
use prometheus_env_isolation_policy::language::automaton::Automaton;
use prometheus_env_isolation_policy::language::budget::Budget;
use prometheus_env_isolation_policy::language::condition::Condition;
use prometheus_env_isolation_policy::language::pattern::Pattern;
use prometheus_env_isolation_policy::language::product::shortest;

const ALLOWED: &str = "dev|.*-dev|kube-system";

fn automaton(pattern: &str) -> Rc<Automaton> {
    let pattern = Pattern::parse(pattern).expect("a pattern that is followed");
    let automaton = Automaton::new(&pattern.expression, pattern.exact);
    Rc::new(automaton.expect("not too large"))
}

fn patterns() -> Vec<(&'static str, String)> {
    let alternatives: Vec<String> = (0..180).map(|index| format!("n{index}-dev")).collect();
    vec![
        (
            "of an environment",
            ".*-dev|monitoring-dev|kube-system".to_owned(),
        ),
        ("180 alternatives", alternatives.join("|")),
        ("a count of 900", "[a-z0-9-]{900}-dev".to_owned()),
        ("exponential", "(a|b)*a(a|b){14}-dev".to_owned()),
    ]
}

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for (name, pattern) in patterns() {
        group.bench_function(name, |bencher| {
            bencher.iter(|| automaton(black_box(&pattern)));
        });
    }
    group.finish();
}

/// Whether what a keep lets through can be outside of the environment.
fn product(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("product");
    let allowed = automaton(ALLOWED);
    for (name, pattern) in patterns() {
        let conditions = [
            Condition::inside(automaton(&pattern)),
            Condition::outside(Rc::clone(&allowed)),
        ];
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                shortest(
                    black_box(&conditions),
                    NAMESPACE,
                    63,
                    &mut Budget::default(),
                )
            });
        });
    }
    let dropped = [
        Condition::inside(automaton("(a|b)*a(a|b){14}")),
        Condition::outside(automaton("[ab]{15,}")),
    ];
    group.bench_function("exponential, dropped", |bencher| {
        bencher.iter(|| shortest(black_box(&dropped), NAMESPACE, 63, &mut Budget::default()));
    });
    group.finish();
}

criterion_group!(benches, compile, product);
criterion_main!(benches);
