//! Every path is described, and answers what its description says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Reader, reporting, token};
use crate::{people::TokenScope, serve::api};

/// One question for each path at least.
const QUESTIONS: [&str; 32] = [
    "/completeness",
    "/completeness?group_by=unit&under=520100&imported=true",
    "/completeness?group_by=dataset-period&dataset=monthly-revenue&period=2022-M03",
    "/slots?page_size=50",
    "/slots?state=missing,late&as_of=2022-05-01T00:00:00%2B08:00",
    "/slots/520100/quarterly-accounts/2021-Q3",
    "/slots/520200/monthly-revenue/2022-M03",
    "/measures?group_by=unit",
    "/measures?group_by=level&page_size=1",
    "/units/520100",
    "/units",
    "/series?unit=520100&dataset=monthly-revenue&indicator=revenue&vintages=true",
    "/series?unit=520100&dataset=monthly-revenue&indicator=revenue&first_period=2022-M01&last_period=2022-M12",
    "/findings",
    "/findings?status=open,explained&localise=true",
    "/screening/quarterly-accounts/2021-Q3",
    "/recheck/quarterly-accounts",
    "/league/prefectures/2022-Q1",
    "/league/prefectures/2022-Q1/520100",
    "/targets?year=2022",
    "/today",
    "/calendar?month=2022-M03",
    "/calendar",
    "/risks?overdue=true",
    "/risks?chance_percent_min=50&lines_max=5",
    "/arrivals/monthly-revenue/2022-M03",
    "/agents",
    "/log",
    "/datasets",
    "/indicators",
    "/scorecards",
    "/token",
];

#[test]
fn the_kept_document_is_the_one_that_is_served() {
    let text = api::document_text().unwrap();
    let kept = include_str!("../../../../../docs/openapi.json");
    if kept != text {
        let made = std::env::temp_dir().join("openapi.json");
        std::fs::write(&made, &text).unwrap();
        panic!(
            "docs/openapi.json is another: if the change is meant, copy {}",
            made.display()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_answers_by_its_schema() {
    let town = reporting().await;
    let reader = Reader::new(&town, &token(&town, "all", &TokenScope::ALL, None));
    let document = reader.get("/api/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let mut asked = BTreeSet::from(["/api/v1/log/receipts/{index}".to_owned()]);
    let receipt = reader.get("/api/v1/log/receipts/3").await;
    assert!(
        receipt.body.starts_with("c2sp.org/tlog-proof@v1"),
        "{}",
        receipt.body
    );
    for question in QUESTIONS {
        let answer = reader.get(&format!("/api/v1{question}")).await;
        assert_eq!(answer.status, 200, "{question}: {}", answer.body);
        let path = described(&paths, question);
        fits(&document, &path, "200", &answer, question);
        asked.insert(path);
    }
    assert_eq!(
        asked,
        paths.iter().cloned().collect(),
        "a path is not asked"
    );
    for question in ["/slots?nonsense=1", "/units/999999", "/series"] {
        let answer = reader.get(&format!("/api/v1{question}")).await;
        let path = described(&paths, question);
        fits(&document, &path, "default", &answer, question);
    }
}

/// The path of the document that a question is for; one without variables goes before one with them.
fn described(paths: &[String], question: &str) -> String {
    let path = format!("/api/v1{}", question.split('?').next().unwrap());
    let is_it = |template: &&String| {
        let (parts, given) = (template.split('/'), path.split('/'));
        parts.clone().count() == given.clone().count()
            && parts
                .zip(given)
                .all(|(part, text)| part.starts_with('{') || part == text)
    };
    let found = paths
        .iter()
        .filter(is_it)
        .min_by_key(|path| path.matches('{').count());
    found
        .unwrap_or_else(|| panic!("{question} is not described"))
        .clone()
}

/// Whether an answer is what the document says. Schemas name no further properties, so each that is there must be described as well.
fn fits(document: &Value, path: &str, status: &str, answer: &Answer, question: &str) {
    let content = &document["paths"][path]["get"]["responses"][status]["content"];
    let (kind, described) = content.as_object().unwrap().iter().next().unwrap();
    assert_eq!(
        answer.field("content-type"),
        Some(kind.as_str()),
        "{question}"
    );
    let mut components = document["components"].clone();
    close(&mut components["schemas"]);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": described["schema"]["$ref"],
        "components": components,
    });
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let value = answer.json();
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{question}: {faults:?}\n{value:#}");
}

/// Lets no schema of an object take what it does not name.
fn close(schemas: &mut Value) {
    for schema in schemas.as_object_mut().unwrap().values_mut() {
        if schema["properties"].is_object() {
            schema["additionalProperties"] = json!(false);
        }
    }
}
