//! The town's scores and targets; every name and figure is synthetic.

use granary_core::digest::Digest;
use granary_proto::v1::{self, measure_value::Value, score_service_server::ScoreService};
use prost::Message as _;
use tonic::{Request, Response, Status};

pub struct Scores;

fn words(zh: &str, en: &str) -> Option<v1::Words> {
    Some(v1::Words {
        zh: zh.into(),
        en: en.into(),
    })
}

fn named(code: &str, zh: &str, en: &str) -> Option<v1::Named> {
    Some(v1::Named {
        code: code.into(),
        name: words(zh, en),
    })
}

fn basis() -> Option<v1::Basis> {
    Some(v1::Basis {
        applied_size: 41,
        as_of_ms: 1_618_200_000_000,
        catalogue_version: vec![0xab; 32],
    })
}

fn log() -> Option<v1::LogHead> {
    Some(v1::LogHead {
        origin: "city.example/log".into(),
        size: 41,
        root_hash: vec![0xcd; 32],
    })
}

fn component(code: &str, zh: &str, en: &str, measure: &str, weight: &str) -> v1::Component {
    v1::Component {
        component: named(code, zh, en),
        measure: measure.into(),
        weight: weight.into(),
    }
}

fn timeliness() -> v1::Component {
    component("timeliness", "及时", "timeliness", "on_time_rate", "60")
}

fn speed() -> v1::Component {
    component("speed", "迟报时长", "speed", "median_lateness", "20")
}

fn progress() -> v1::Component {
    component("progress", "目标进度", "progress", "target_progress", "20")
}

fn points(measure: &str, value: Option<Value>, points: &str) -> v1::Points {
    v1::Points {
        value: Some(v1::MeasureValue {
            measure: measure.into(),
            value,
        }),
        points: points.into(),
    }
}

const fn share(numerator: u64, denominator: u64) -> Option<Value> {
    Some(Value::Share(v1::Share {
        numerator,
        denominator,
    }))
}

fn earned(
    on_time: (u64, u64, &str),
    late: (Option<i64>, &str),
    progress: Option<(&str, &str)>,
) -> Vec<v1::Points> {
    let number = progress.map(|(percent, _)| Value::Number(percent.into()));
    vec![
        points("on_time_rate", share(on_time.0, on_time.1), on_time.2),
        points("median_lateness", late.0.map(Value::DurationMs), late.1),
        points(
            "target_progress",
            number,
            progress.map_or("", |(_, points)| points),
        ),
    ]
}

fn standings() -> Vec<v1::Standing> {
    let first = v1::Standing {
        unit: named("U00", "甲县", "Alpha"),
        rank: Some(1),
        movement: Some(1),
        band: Some(0),
        score: "100.00".into(),
        points: earned(
            (12, 12, "60.00"),
            (None, "20.00"),
            Some(("100.00", "20.00")),
        ),
        slots: 12,
        flag: true,
        ..Default::default()
    };
    let second = v1::Standing {
        unit: named("U01", "乙丙丁区", "Beta District"),
        rank: Some(2),
        movement: Some(-1),
        band: Some(1),
        score: "77.33".into(),
        points: earned(
            (2, 3, "40.00"),
            (Some(21_600_000), "18.33"),
            Some(("95.00", "19.00")),
        ),
        slots: 3,
        last: true,
        ..Default::default()
    };
    let unranked = v1::Standing {
        unit: named("GA", "戊己新区直管区", ""),
        points: earned((2, 2, "75.00"), (None, "25.00"), None),
        score: "100.00".into(),
        slots: 2,
        not_ranked: words(
            "只有 2 份应报，少于 3 份，不参加排名",
            "it owes 2 slots, and with fewer than 3 no unit is ranked",
        ),
        ..Default::default()
    };
    vec![first, second, unranked]
}

fn league() -> v1::League {
    let band = |zh, en, units| v1::Band {
        name: words(zh, en),
        share_percent: "50".into(),
        units,
    };
    v1::League {
        scorecard: named("counties", "县（区）报送考核", "County reporting"),
        period: "2021-Q1".into(),
        period_before: "2020-Q4".into(),
        bands: vec![band("好", "good", 1), band("差", "poor", 1)],
        components: vec![timeliness(), speed(), progress()],
        standings: standings(),
        slots_min: 3,
        imported: false,
        pending: 4,
    }
}

fn contribution(
    period: &str,
    state: v1::SlotState,
    numerator: &str,
    denominator: &str,
) -> v1::Contribution {
    v1::Contribution {
        dataset: named("monthly-revenue", "月度财政收入", "Monthly revenue"),
        period: period.into(),
        state: state.into(),
        numerator: numerator.into(),
        denominator: denominator.into(),
        findings: Vec::new(),
    }
}

fn account(
    component: v1::Component,
    points: v1::Points,
    reckoning: (&str, &str),
) -> v1::ComponentAccount {
    v1::ComponentAccount {
        full: component.weight.clone(),
        component: Some(component),
        points: Some(points),
        reckoning: words(reckoning.0, reckoning.1),
        ..Default::default()
    }
}

fn accounts() -> Vec<v1::ComponentAccount> {
    let earned = standings()[1].points.clone();
    let finding = v1::FindingNote {
        edit: "REVENUE.SIGN".into(),
        item: Some("G75".into()),
        status: v1::FindingStatus::Explained.into(),
        opened_index: 12,
    };
    let timely = contribution("2021-M01", v1::SlotState::Timely, "1", "1");
    let late = contribution("2021-M02", v1::SlotState::Late, "0", "1");
    let questioned = v1::Contribution {
        findings: vec![finding],
        ..contribution("2021-M03", v1::SlotState::Timely, "1", "1")
    };
    let text = ("满分 60 × 2/3 = 40.00", "60 points x 2/3 = 40.00");
    let first = v1::ComponentAccount {
        contributions: vec![timely, late, questioned],
        numerator: "2".into(),
        denominator: "3".into(),
        ..account(timeliness(), earned[0].clone(), text)
    };
    let text = (
        "满分 20 × max(0, 1 - 21600000 ms / 259200000 ms)",
        "20 points x max(0, 1 - 21600000 ms / 259200000 ms)",
    );
    let second = v1::ComponentAccount {
        contributions: vec![contribution(
            "2021-M02",
            v1::SlotState::Late,
            "21600000",
            "",
        )],
        ..account(speed(), earned[1].clone(), text)
    };
    let text = (
        "满分 20 × min(100%, 95.00%)",
        "20 points x min(100%, 95.00%)",
    );
    let third = v1::ComponentAccount {
        targets: lines().into_iter().take(1).collect(),
        ..account(progress(), earned[2].clone(), text)
    };
    vec![first, second, third]
}

fn lines() -> Vec<v1::TargetLine> {
    let line = |department: Option<v1::Named>, unit: Option<v1::Named>| v1::TargetLine {
        unit,
        dataset: named("quarterly-accounts", "季度核算", "Quarterly accounts"),
        indicator: named("gdp", "地区生产总值", "Gross regional product"),
        department,
        measure: words("亿元", "CNY 100 million"),
        year: 2021,
        target: "4700".into(),
        half_target: "2350".into(),
        ..Default::default()
    };
    let statistics = || named("statistics", "统计局", "Statistics bureau");
    let known = v1::TargetLine {
        actual: "1079.21".into(),
        through: "2021-Q1".into(),
        progress_percent: "22.96".into(),
        elapsed_percent: "24.66".into(),
        gap: "-79.69".into(),
        pace_needed: "1206.93".into(),
        growth_percent: "-3.20".into(),
        rank: Some(1),
        half_reached: Some(false),
        ..line(statistics(), named("U01", "乙丙丁区", "Beta District"))
    };
    let unknown = line(statistics(), named("U00", "甲县", "Alpha"));
    let finance = line(
        named("finance", "财政局", "Finance bureau"),
        named("U00", "甲县", "Alpha"),
    );
    vec![known, unknown, finance]
}

#[tonic::async_trait]
impl ScoreService for Scores {
    async fn get_league(
        &self,
        request: Request<v1::GetLeagueRequest>,
    ) -> Result<Response<v1::GetLeagueResponse>, Status> {
        let document = v1::LeagueDocument {
            basis: basis(),
            log: log(),
            league: Some(league()),
        };
        let mut sha256 = Digest::of(&document.encode_to_vec()).as_bytes().to_vec();
        // Whoever asks about an instant is lied to.
        if request.into_inner().as_of_ms > 0 {
            sha256[0] ^= 1;
        }
        Ok(Response::new(v1::GetLeagueResponse {
            document: Some(document),
            sha256,
        }))
    }

    async fn explain_score(
        &self,
        _: Request<v1::ExplainScoreRequest>,
    ) -> Result<Response<v1::ExplainScoreResponse>, Status> {
        Ok(Response::new(v1::ExplainScoreResponse {
            basis: basis(),
            log: log(),
            explanation: Some(v1::ScoreExplanation {
                scorecard: league().scorecard,
                period: "2021-Q1".into(),
                standing: standings().get(1).cloned(),
                accounts: accounts(),
            }),
            league_sha256: vec![0xef; 32],
        }))
    }

    async fn list_targets(
        &self,
        _: Request<v1::ListTargetsRequest>,
    ) -> Result<Response<v1::ListTargetsResponse>, Status> {
        Ok(Response::new(v1::ListTargetsResponse {
            basis: basis(),
            log: log(),
            targets: lines(),
        }))
    }
}
