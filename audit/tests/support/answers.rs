//! The town's answers; every name and figure is synthetic.

use std::sync::Arc;

use granary_core::measures::Measure;
use granary_proto::v1::{
    self, measure_service_server::MeasureService, monitoring_service_server::MonitoringService,
};
use tonic::{Request, Response, Status};

/// Slots in all; the server gives at most three a page.
pub const SLOTS: usize = 7;
const PAGE: usize = 3;
const DAY_MS: i64 = 86_400_000;
const DUE_MS: i64 = 1_634_011_200_000;

#[derive(Clone)]
pub struct Monitoring {
    /// What stands in the certificate of somebody who may not call.
    pub stranger: Arc<Vec<u8>>,
}

impl Monitoring {
    fn let_in<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let certificates = request.peer_certs().unwrap();
        let certificate = certificates.first().unwrap();
        let is_stranger = certificate
            .windows(self.stranger.len())
            .any(|part| part == self.stranger.as_slice());
        if is_stranger {
            return Err(Status::permission_denied(
                "this service needs an operator's or auditor's certificate",
            ));
        }
        Ok(())
    }
}

pub(super) fn basis(applied_size: u64, as_of_ms: i64) -> Option<v1::Basis> {
    Some(v1::Basis {
        applied_size,
        as_of_ms: if as_of_ms == 0 {
            DUE_MS + DAY_MS
        } else {
            as_of_ms
        },
        catalogue_version: vec![0xab; 32],
    })
}

fn counts(timely: u64, late: u64, missing: u64, exempt: u64, pending: u64) -> v1::StateCounts {
    v1::StateCounts {
        expected: timely + late + missing + exempt + pending,
        timely,
        late,
        missing,
        exempt,
        pending,
    }
}

fn row(unit: &str, zh: &str, en: &str, counts: v1::StateCounts) -> v1::CompletenessRow {
    v1::CompletenessRow {
        unit: unit.into(),
        counts: Some(counts),
        name_zh: zh.into(),
        name_en: en.into(),
        imported: u64::from(unit == "520302") * 3,
        ..Default::default()
    }
}

fn measures_row(unit: &str, zh: &str, counts: v1::StateCounts, late: u64) -> v1::MeasuresRow {
    use v1::measure_value::Value;
    let share = |numerator| {
        let denominator = 8;
        Value::Share(v1::Share {
            numerator,
            denominator,
        })
    };
    let value = |measure: Measure| {
        let value = match measure {
            Measure::MedianLateness | Measure::NinetiethLateness if late == 0 => None,
            Measure::MedianLateness => Some(Value::DurationMs(DAY_MS / 2)),
            Measure::NinetiethLateness => Some(Value::DurationMs(3 * DAY_MS)),
            Measure::ResponseTime => Some(Value::DurationMs(5_400_000)),
            Measure::MeanRevision => Some(Value::Number("-0.25".into())),
            Measure::MeanAbsoluteRevision => Some(Value::Number("3.333333".into())),
            Measure::RelativeMeanAbsoluteRevision => Some(Value::Number("6.25".into())),
            Measure::ReportingRate
            | Measure::OnTimeRate
            | Measure::RequiredCells
            | Measure::FirstTimeAcceptance
            | Measure::QualityEdits
            | Measure::ExplainedShare
            | Measure::LowQuality
            | Measure::SystemUse => Some(share(8 - late)),
        };
        v1::MeasureValue {
            measure: measure.word().into(),
            value,
        }
    };
    v1::MeasuresRow {
        unit: unit.into(),
        name_zh: zh.into(),
        counts: Some(counts),
        imported: late,
        measures: Measure::ALL.iter().map(|measure| value(*measure)).collect(),
        last_seen_ms: (late > 0).then_some(DUE_MS),
        ..Default::default()
    }
}

#[tonic::async_trait]
impl MeasureService for Monitoring {
    async fn list_measures(
        &self,
        request: Request<v1::ListMeasuresRequest>,
    ) -> Result<Response<v1::ListMeasuresResponse>, Status> {
        self.let_in(&request)?;
        let request = request.into_inner();
        let rows = if request.page_token.is_empty() {
            vec![measures_row("520100", "甲市", counts(6, 1, 1, 0, 0), 1)]
        } else {
            vec![measures_row("520302", "乙丙丁区", counts(8, 0, 0, 0, 0), 0)]
        };
        let more = request.page_token.is_empty();
        Ok(Response::new(v1::ListMeasuresResponse {
            basis: basis(41, request.as_of_ms),
            rows,
            total: Some(measures_row("", "", counts(14, 1, 1, 0, 0), 1)),
            next_page_token: if more { "1".into() } else { String::new() },
        }))
    }
}

fn slot(index: usize) -> v1::Slot {
    let late = index.is_multiple_of(2);
    v1::Slot {
        unit: format!("52010{index}"),
        dataset: "quarterly-accounts".into(),
        period: "2021-Q3".into(),
        state: if late {
            v1::SlotState::Late
        } else {
            v1::SlotState::Missing
        }
        .into(),
        due_at_ms: DUE_MS,
        first_received_at_ms: late.then_some(DUE_MS + 1),
        first_accepted_at_ms: late.then_some(DUE_MS + DAY_MS),
        last_revised_at_ms: late.then_some(DUE_MS + DAY_MS),
        returned_count: u32::from(late),
        revision: u32::from(late) * 2,
        lateness_ms: if late { DAY_MS } else { 0 },
        unit_name_zh: "某某县".into(),
        unit_name_en: "County".into(),
        opened_at_ms: Some(DUE_MS - 100 * DAY_MS),
        locked_at_ms: None,
        received_count: u32::from(late) * 3,
        imported_at_ms: (index == 6).then_some(DUE_MS + DAY_MS),
        imported: index == 6,
    }
}

fn decimal(mantissa: i64, scale: u32) -> Option<v1::Decimal> {
    Some(v1::Decimal { mantissa, scale })
}

fn finding(status: v1::FindingStatus, explanation: &str) -> v1::Finding {
    v1::Finding {
        unit: "621100".into(),
        dataset: "annual-accounts".into(),
        period: "2021-A1".into(),
        failure: Some(v1::Failure {
            edit: "SECONDARY.PARTS".into(),
            kind: v1::EditKind::Quality.into(),
            item: None,
            left: decimal(10_050, 2),
            right: decimal(10_053, 2),
            imbalance: decimal(-3, 2),
            message_zh: "第二产业增加值 100.50 不等于工业与建筑业之和 100.53，相差 -0.03".into(),
            message_en:
                "Secondary industry 100.50 differs from industry plus construction 100.53 by -0.03"
                    .into(),
            explanation: explanation.into(),
        }),
        status: status.into(),
        snapshot_index: 12,
        opened_index: 12,
        changed_index: 15,
        catalogue_version: vec![0xab; 32],
        unit_name_zh: "某市".into(),
        unit_name_en: "Some City".into(),
        decision_reason: String::new(),
        suspicion_zh: "最可能有误：建筑业（37.26）；37.23 可使各条成立".into(),
        suspicion_en: "most likely wrong: construction (37.26); 37.23 would fit".into(),
    }
}

fn flag() -> v1::DetectorFlag {
    v1::DetectorFlag {
        detector: "ELECTRICITY.OUTLIER".into(),
        method: "modified-z".into(),
        unit: "520302".into(),
        item: None,
        indicator: "electricity".into(),
        statistic: "10.117".into(),
        lower: "27.104".into(),
        upper: "44.895".into(),
        p_value: String::new(),
        message_zh: "用电量 81 远离本单位以往各期（27.104 至 44.895）".into(),
        message_en: "electricity 81 is far from the unit's own history (27.104 to 44.895)".into(),
        unit_name_zh: "乙丙丁区".into(),
        unit_name_en: "Beta District".into(),
    }
}

fn summaries() -> Vec<v1::DetectorSummary> {
    let judged = v1::DetectorSummary {
        detector: "ELECTRICITY.OUTLIER".into(),
        method: "modified-z".into(),
        tests: 3000,
        flags: 1,
        not_computable: 0,
        reason_zh: String::new(),
        reason_en: String::new(),
        expected_by_chance_milli: Some(8_250),
    };
    let unjudged = v1::DetectorSummary {
        detector: "GDP.DIGITS".into(),
        method: "first-digit".into(),
        tests: 0,
        flags: 0,
        not_computable: 1,
        reason_zh: "数值跨度不足".into(),
        reason_en: "the figures span too few powers of ten".into(),
        expected_by_chance_milli: None,
    };
    vec![judged, unjudged]
}

#[tonic::async_trait]
impl MonitoringService for Monitoring {
    async fn get_completeness(
        &self,
        request: Request<v1::GetCompletenessRequest>,
    ) -> Result<Response<v1::GetCompletenessResponse>, Status> {
        self.let_in(&request)?;
        let request = request.into_inner();
        let rows = vec![
            row("520100", "甲市", "Alpha", counts(6, 1, 1, 0, 0)),
            row("520302", "乙丙丁区", "Beta District", counts(4, 0, 0, 2, 2)),
            row("GA", "戊己新区直管区", "", counts(0, 0, 0, 8, 0)),
        ];
        Ok(Response::new(v1::GetCompletenessResponse {
            basis: basis(41, request.as_of_ms),
            rows,
            total: Some(counts(10, 1, 1, 10, 2)),
            total_imported: 3,
        }))
    }

    async fn screen_period(
        &self,
        request: Request<v1::ScreenPeriodRequest>,
    ) -> Result<Response<v1::ScreenPeriodResponse>, Status> {
        self.let_in(&request)?;
        Ok(Response::new(v1::ScreenPeriodResponse {
            basis: basis(41, 0),
            flags: vec![flag()],
            summaries: summaries(),
            truncated: false,
        }))
    }

    async fn recheck_dataset(
        &self,
        request: Request<v1::RecheckDatasetRequest>,
    ) -> Result<Response<v1::RecheckDatasetResponse>, Status> {
        self.let_in(&request)?;
        let counts = v1::EditCounts {
            edit: "GDP.BALANCE".into(),
            kind: v1::EditKind::Validity.into(),
            holds: 35_990,
            fails: 0,
            undecided: 10,
            message_zh: "地区生产总值不等于三次产业之和".into(),
            message_en: "GDP differs from the sum of its industries".into(),
        };
        Ok(Response::new(v1::RecheckDatasetResponse {
            basis: basis(41, 0),
            records: 36_000,
            edits: vec![counts],
        }))
    }

    async fn list_slots(
        &self,
        request: Request<v1::ListSlotsRequest>,
    ) -> Result<Response<v1::ListSlotsResponse>, Status> {
        self.let_in(&request)?;
        let request = request.into_inner();
        let units = request.filter.iter().flat_map(|filter| &filter.units);
        if units.eq(["520198"]) {
            return Ok(Response::new(v1::ListSlotsResponse {
                basis: basis(41, request.as_of_ms),
                slots: super::calendar::slots(),
                next_page_token: String::new(),
            }));
        }
        let first: usize = if request.page_token.is_empty() {
            0
        } else {
            request.page_token.parse().unwrap()
        };
        let rows = PAGE.min(request.page_size as usize);
        let end = (first + rows).min(SLOTS);
        Ok(Response::new(v1::ListSlotsResponse {
            // The journal grows while the pages are read.
            basis: basis(41 + first as u64, request.as_of_ms),
            slots: (first..end).map(slot).collect(),
            next_page_token: if end < SLOTS {
                end.to_string()
            } else {
                String::new()
            },
        }))
    }

    async fn list_findings(
        &self,
        request: Request<v1::ListFindingsRequest>,
    ) -> Result<Response<v1::ListFindingsResponse>, Status> {
        self.let_in(&request)?;
        let findings = vec![
            finding(v1::FindingStatus::Open, ""),
            finding(
                v1::FindingStatus::Explained,
                "第二产业不含开采专业及辅助性活动等（excludes auxiliary activities）",
            ),
        ];
        Ok(Response::new(v1::ListFindingsResponse {
            basis: basis(41, 0),
            findings,
            next_page_token: String::new(),
        }))
    }

    async fn get_series(
        &self,
        request: Request<v1::GetSeriesRequest>,
    ) -> Result<Response<v1::GetSeriesResponse>, Status> {
        self.let_in(&request)?;
        let point = |revision: u32, value: Option<v1::Decimal>, status: v1::ObservationStatus| {
            v1::SeriesPoint {
                period: "2021-Q3".into(),
                value,
                status: status.into(),
                revision,
                index: 10 + u64::from(revision),
                received_at_ms: DUE_MS + i64::from(revision) * DAY_MS,
            }
        };
        Ok(Response::new(v1::GetSeriesResponse {
            basis: basis(41, request.into_inner().as_of_ms),
            points: vec![
                point(1, None, v1::ObservationStatus::Missing),
                point(2, decimal(328_080, 2), v1::ObservationStatus::Provisional),
            ],
        }))
    }

    async fn list_agents(
        &self,
        _: Request<v1::ListAgentsRequest>,
    ) -> Result<Response<v1::ListAgentsResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn get_status(
        &self,
        _: Request<v1::GetStatusRequest>,
    ) -> Result<Response<v1::GetStatusResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
}
