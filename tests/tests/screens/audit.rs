//! What `granary-audit` computes from the exported journal, at the instant that the screens are looked at.

use std::{cell::RefCell, collections::BTreeMap, path::PathBuf, sync::Arc};

use granary_audit::{
    access::{ActLine, Acts},
    replay::{Options, Replayed, replay},
};
use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, IndicatorCode, UnitCode},
    period::Period,
};
use serde_json::Value;

use crate::{
    history::{NOW, at_ms, now_text},
    support::{City, run},
};

/// The auditor, with the file.
pub(crate) struct Audit {
    file: PathBuf,
    pub(crate) now_ms: i64,
    /// The replayed journal itself, for what no command lists.
    pub(crate) journal: Replayed,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Every act of the journal, as the auditor's program reads them off.
    pub(crate) acts: Vec<ActLine>,
    /// Every slot, by dataset, period, unit.
    pub(crate) slots: Vec<Value>,
    /// Every finding, by dataset, period, unit, edit, item.
    pub(crate) findings: Vec<Value>,
    /// Every deadline of last year and this one, in order.
    pub(crate) deadlines: Vec<Value>,
    /// What was answered already.
    answers: RefCell<BTreeMap<String, Value>>,
}

impl Audit {
    pub(crate) fn of(city: &City) -> Self {
        let said = city.export(&[]);
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{}", said.output);
        let file = city.path("city.granary");
        let journal = replay(&file, &Options::default(), &mut |_| {}).unwrap();
        let mut audit = Self {
            catalogue: Arc::clone(journal.catalogue().unwrap()),
            acts: Acts::read(&file).unwrap().acts,
            file,
            now_ms: at_ms(NOW),
            journal,
            slots: Vec::new(),
            findings: Vec::new(),
            deadlines: Vec::new(),
            answers: RefCell::default(),
        };
        audit.slots = list(&audit.ask(&["slots", "--limit", "100000"]), "slots");
        audit.findings = list(&audit.plain(&["findings", "--limit", "100000"]), "findings");
        for year in ["2025", "2026"] {
            let deadlines = audit.plain(&["calendar", "--year", year]);
            audit.deadlines.extend(list(&deadlines, "entries"));
        }
        audit
    }

    /// What the program answers about the instant.
    pub(crate) fn ask(&self, question: &[&str]) -> Value {
        self.plain(&[question, &["--as-of", &now_text()]].concat())
    }

    /// What it answers to questions that know no instant.
    pub(crate) fn plain(&self, question: &[&str]) -> Value {
        let asked = question.join(" ");
        if let Some(known) = self.answers.borrow().get(&asked) {
            return known.clone();
        }
        let file = self.file.display().to_string();
        let said = run(&[question, &["--json", "--lang", "en", "--export", &file]].concat());
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{question:?}");
        let answer: Value = serde_json::from_str(&said.output).unwrap();
        self.answers.borrow_mut().insert(asked, answer.clone());
        answer
    }

    /// What the replay says of the journal as a whole.
    pub(crate) fn replayed(&self) -> Value {
        let said = run(&[
            "replay",
            &self.file(),
            "--as-of",
            &now_text(),
            "--json",
            "--lang",
            "en",
        ]);
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{}", said.output);
        serde_json::from_str(&said.output).unwrap()
    }

    pub(crate) fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// The points of a series; every vintage of them, or those in force.
    pub(crate) fn series(
        &self,
        (unit, dataset, indicator, item): (&str, &str, &str, &str),
        vintages: bool,
    ) -> Vec<Value> {
        let mut question = vec!["series", "--unit", unit, "--dataset", dataset];
        question.extend(["--indicator", indicator]);
        if !item.is_empty() {
            question.extend(["--item", item]);
        }
        if vintages {
            question.push("--vintages");
        }
        list(&self.ask(&question), "points")
    }

    pub(crate) fn unit(&self, code: &str) -> String {
        let unit = self.catalogue.unit(&UnitCode::new(code).unwrap());
        unit.unwrap().name().en.clone()
    }

    pub(crate) fn dataset(&self, code: &str) -> String {
        let dataset = self.catalogue.dataset(&DatasetCode::new(code).unwrap());
        dataset.unwrap().name().en.clone()
    }

    /// The name of an indicator, and of its unit of measure.
    pub(crate) fn indicator(&self, code: &str) -> (String, String) {
        let code = IndicatorCode::new(code).unwrap();
        let indicator = self.catalogue.indicator(&code).unwrap();
        let measure = self.catalogue.measure(indicator.unit_of_measure()).unwrap();
        (indicator.name().en.clone(), measure.name().en.clone())
    }

    /// The period that people work at: the newest that is due within two weeks or was.
    pub(crate) fn current(&self, dataset: &str) -> Option<Period> {
        let is_near = |period: &Period| {
            let period = period.to_string();
            let is_its = |entry: &&Value| entry["dataset"] == dataset && entry["period"] == *period;
            let due_ms = self
                .deadlines
                .iter()
                .find(is_its)
                .and_then(|entry| entry["due_at_ms"].as_i64());
            due_ms.is_some_and(|due_ms| due_ms <= self.now_ms + 14 * 86_400_000)
        };
        self.periods(dataset).into_iter().rev().find(is_near)
    }

    /// The periods of a dataset for which slots are owed and reports are taken.
    pub(crate) fn periods(&self, dataset: &str) -> Vec<Period> {
        let own = self.slots.iter().filter(|slot| slot["dataset"] == dataset);
        let own = own.map(|slot| Period::parse(slot["period"].as_str().unwrap()).unwrap());
        let mut own: Vec<Period> = own
            .filter(|period| period.first_day() <= crate::words::day(self.now_ms))
            .collect();
        own.sort_unstable();
        own.dedup();
        own
    }
}

/// A list of an answer, which must be whole.
pub(crate) fn list(answer: &Value, name: &str) -> Vec<Value> {
    assert_ne!(answer["truncated"], true);
    answer[name].as_array().unwrap().clone()
}
