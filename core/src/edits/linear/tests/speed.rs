//! How long it takes, and how often it gives up. `cargo test -p granary-core --lib linear::tests::speed -- --ignored --nocapture`.

use std::time::Instant;

use super::*;
use crate::edits::linear::{Limit, examine, localise};

/// A record of thirty cells that satisfies the twelve edits.
const SOUND: &str = "gdp=500.76 gdp_primary=98.35 gdp_secondary=82.65 gdp_tertiary=319.76 agri_crops=60.30 agri_livestock=38.05
    ind_mining=12.00 ind_manufacturing=33.42 ind_construction=37.23 svc_trade=100.00 svc_transport=50.00 svc_finance=69.76
    svc_other=100.00 investment=210.00 retail_sales=120.55 fiscal_revenue=26.70 fiscal_expenditure=300.10
    income_urban=30123.00 income_rural=10456.00 population=250.78 pop_urban=99.06 urban_share=39.50 employed=140.20
    electricity=33.10 gdp_growth=8.30 investment_growth=9.10 retail_growth=12.00 fiscal_revenue_growth=4.20
    income_urban_growth=7.00 electricity_growth=6.60";

fn changed(changes: &str) -> Record {
    let mut record = Record::parse(SOUND);
    record.cells.extend(Record::parse(changes).cells);
    record
}

fn time(name: &str, mut run: impl FnMut() -> String) {
    let mut times: Vec<f64> = Vec::new();
    let mut said = String::new();
    for _ in 0..200 {
        let start = Instant::now();
        said = run();
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: median {:.0} us, worst {:.0} us: {said}",
        times[100], times[199]
    );
}

#[test]
#[ignore = "measures"]
fn speed() {
    let edits = edits(TWELVE);
    let edits: Vec<&Edit> = edits.iter().collect();
    let cases = [
        ("none fails", ""),
        ("one cell", "ind_construction=37.26 ind_mining=12.10"),
        ("balance", "gdp_secondary=92.65"),
        ("two cells", "gdp_secondary=92.65 svc_other=10.00"),
        ("three", "gdp=5.00 income_urban=3.00 employed=999.00"),
        ("product", "urban_share=93.50"),
        ("zero gdp", "gdp=0"),
        (
            "all balances",
            "gdp=1.00 gdp_primary=2.00 gdp_secondary=3.00 gdp_tertiary=5.00 pop_urban=7.00",
        ),
        (
            "scrambled",
            "gdp=1.13 gdp_primary=21.70 gdp_secondary=356.98 gdp_tertiary=-57.11 agri_crops=98.22 ind_mining=977.36 svc_trade=-432.22
            pop_urban=7.00 employed=8888.00 investment=-3.00 svc_other=77.77 income_urban=3.00 electricity=-6.00",
        ),
    ];
    for (name, changes) in cases {
        let record = changed(changes);
        time(name, || {
            let found = localise(&edits, &record, &|_| 1, Limit::default());
            let sets: Vec<usize> = found.parts.iter().map(|part| part.sets.len()).collect();
            format!(
                "weight {} sets {sets:?} proven {}",
                found.weight(),
                found.proven()
            )
        });
    }
    time("examine", || examine(&edits).len().to_string());
}
