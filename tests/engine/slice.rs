//! The slice: what a filter by a label costs that is never about a namespace.

use rstest::rstest;

use prometheus_env_isolation_policy::prove::run;
use prometheus_env_isolation_policy::relabel::config::{Action, RelabelConfig};
use prometheus_env_isolation_policy::relabel::interpreter::Interpreter;

use super::fast_path::{allowed, confined, keep};

fn spent(metric_relabelings: Vec<RelabelConfig>) -> u64 {
    let mut job = confined();
    job.metric_relabelings = metric_relabelings;
    let mut interpreter = Interpreter::default();
    let found = run(&job, &allowed(), &mut interpreter).expect("a small job");
    assert!(!found.leaks());
    interpreter.budget.spent()
}

/// A list of metrics is left out wherever it stands, so that it costs to be looked at, not to be run.
#[rstest]
#[case::before_a_keep(|list| vec![list, keep("namespace", ".*-dev")])]
#[case::after_it(|list| vec![keep("namespace", ".*-dev"), list])]
#[case::before_a_joined_one(|list| vec![list, keep("namespace", ".*-dev"), keep("le", "a")])]
fn a_filter_by_another_label_is_left_out(#[case] with: fn(RelabelConfig) -> Vec<RelabelConfig>) {
    let filter = |regex: &'static str| {
        RelabelConfig::filter(Action::Drop, vec!["__name__".to_owned()], regex)
    };
    let large = spent(with(filter("(.*a.{30}b|.*c.{40}d|.*e.{50}f)")));
    assert_eq!(large, spent(with(filter("a"))));
}
