//! Expressions name metrics that the program has, with labels that they have; alerts have sections.

use std::collections::{BTreeMap, BTreeSet};

use granary_aggregator::metrics::{Kind, NAMES, Name};
use serde_json::Value;

use crate::text;

/// The series that a metric has in Prometheus' text.
fn series() -> BTreeMap<String, &'static Name> {
    let mut series = BTreeMap::new();
    for name in NAMES {
        if name.kind == Kind::Histogram {
            for end in ["_bucket", "_sum", "_count"] {
                series.insert(format!("{}{end}", name.name), name);
            }
        } else {
            series.insert(name.name.to_owned(), name);
        }
    }
    series
}

/// What an expression names that is not there, or labels that the metric has not.
fn strange(expression: &str) -> Vec<String> {
    let series = series();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        rest = &rest[start..];
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        rest = after;
        if !name.starts_with("granary_") && !name.starts_with("process_") {
            // A string, such as a label's value, is not a name.
            rest = rest
                .strip_prefix("=~\"")
                .map_or(rest, |text| text.split_once('"').unwrap().1);
            rest = rest
                .strip_prefix("=\"")
                .map_or(rest, |text| text.split_once('"').unwrap().1);
            continue;
        }
        let Some(metric) = series.get(name) else {
            found.push(name.to_owned());
            continue;
        };
        let Some(labels) = after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'))
        else {
            continue;
        };
        for matcher in labels.0.split(',') {
            let label = matcher.split(['=', '!']).next().unwrap().trim();
            if !metric.labels.contains(&label) && !["job", "instance"].contains(&label) {
                found.push(format!("{name}{{{label}}}"));
            }
        }
    }
    found
}

/// The expressions of the rules.
fn rules() -> Vec<(String, String)> {
    let text = text("deploy/prometheus/granary.rules.yml");
    let alerts = text.split("- alert: ").skip(1);
    alerts
        .map(|alert| {
            let (name, rest) = alert.split_once('\n').unwrap();
            let (_, rest) = rest.split_once("expr: ").unwrap();
            let (expression, _) = rest.split_once("        for: ").unwrap();
            (name.to_owned(), expression.to_owned())
        })
        .collect()
}

#[test]
fn a_strange_name_and_a_strange_label_are_found() {
    assert_eq!(
        strange("sum by (le) (rate(granary_commit_seconds_bucket[5m])) > 1"),
        [""; 0]
    );
    assert_eq!(
        strange("granary_slots{state=\"granary_x\"} - granary_gone_total"),
        ["granary_gone_total"]
    );
    assert_eq!(
        strange("granary_commit_seconds"),
        ["granary_commit_seconds"]
    );
    assert_eq!(
        strange("granary_slots{instance=~\"a\", colour=\"b\"}"),
        ["granary_slots{colour}"]
    );
}

#[test]
fn every_rule_names_metrics_that_there_are_and_every_alert_says_what_to_do() {
    let page = text("docs/OPERATIONS.md");
    let rules = rules();
    assert!(rules.len() >= 20, "{rules:?}");
    let mut alerts = BTreeSet::new();
    for (alert, expression) in &rules {
        assert_eq!(strange(expression), [""; 0], "{alert}: {expression}");
        let (_, section) = page
            .split_once(&format!("\n### {alert}\n"))
            .unwrap_or_else(|| panic!("docs/OPERATIONS.md has no section {alert}"));
        let section = section.split("\n### ").next().unwrap();
        let section = section.split("\n## ").next().unwrap();
        // What to do, in both languages.
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let paragraphs: Vec<&str> = section.trim().split("\n\n").collect();
        assert!(
            paragraphs.len() == 2 && paragraphs[1].starts_with(|c: char| is_chinese(c) || c == '`'),
            "{alert}"
        );
        alerts.insert(alert.as_str());
    }
    let sections = page
        .lines()
        .filter_map(|line| line.strip_prefix("### Granary"));
    for section in sections {
        let alert = format!("Granary{section}");
        assert!(alerts.contains(alert.as_str()), "no alert {alert} is left");
    }
    let tested = text("deploy/prometheus/granary.rules.test.yml");
    for alert in alerts {
        let fires = format!("alertname: {alert}\n        exp_alerts:\n          - exp_labels:");
        let is_quiet = format!("alertname: {alert}\n        exp_alerts: []");
        assert!(
            tested.contains(&fires) && tested.contains(&is_quiet),
            "{alert}"
        );
    }
}

/// The expressions of the dashboard, with their panel.
pub(crate) fn panels() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&text("deploy/grafana/granary.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .flat_map(|panel| {
            let title = panel["title"].as_str().unwrap();
            let targets = panel["targets"].as_array().unwrap().iter();
            targets.map(move |target| {
                (
                    title.to_owned(),
                    target["expr"].as_str().unwrap().to_owned(),
                )
            })
        })
        .collect()
}

#[test]
fn every_panel_names_metrics_that_there_are() {
    let panels = panels();
    assert!(panels.len() >= 25);
    for (title, expression) in panels {
        assert_eq!(strange(&expression), [""; 0], "{title}: {expression}");
    }
}
