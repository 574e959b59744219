//! Each measure in one line, for the foot of a table. `docs/METRICS.md` has the whole definition.

use crate::text::Bilingual;

use super::Measure;

impl Measure {
    /// How it is computed, in one line.
    #[must_use]
    pub fn definition(self) -> Bilingual {
        let (zh, en) = self.formula();
        Bilingual::new(zh, en)
    }

    const fn formula(self) -> (&'static str, &'static str) {
        match self {
            Self::ReportingRate => (
                "(按时 + 迟报) / (应报 - 免报)",
                "(timely + late) / (expected - exempt)",
            ),
            Self::OnTimeRate => ("按时 / (应报 - 免报)", "timely / (expected - exempt)"),
            Self::MedianLateness => (
                "迟报各份的迟报时长，最近秩法的中位数",
                "of the late slots, by nearest rank",
            ),
            Self::NinetiethLateness => (
                "迟报各份的迟报时长，最近秩法的第 90 百分位",
                "of the late slots, by nearest rank",
            ),
            Self::RequiredCells => (
                "有值的必填格 / 已合格和未报各份的必填格",
                "required cells with a value / required cells of accepted and missing slots",
            ),
            Self::FirstTimeAcceptance => (
                "首次报送即合格的份数 / 收到过报送的份数",
                "slots whose first snapshot was accepted / slots received",
            ),
            Self::QualityEdits => (
                "现行数据有核实性问题的份数 / 已合格的份数",
                "slots with a standing finding of a quality edit / slots accepted",
            ),
            Self::ExplainedShare => (
                "已说明、采纳或更正的核实性问题 / 全部核实性问题",
                "explained, accepted or corrected / all findings of quality edits",
            ),
            Self::ResponseTime => (
                "从问题提出到说明或更正的平均时间",
                "mean time from a finding's opening until it was explained or corrected",
            ),
            Self::MeanRevision => (
                "(现值 - 初值) / |初值| 的平均，%",
                "mean of (latest - first) / |first|, in %",
            ),
            Self::MeanAbsoluteRevision => (
                "|现值 - 初值| / |初值| 的平均，%",
                "mean of |latest - first| / |first|, in %",
            ),
            Self::RelativeMeanAbsoluteRevision => (
                "|现值 - 初值| 之和 / |现值| 之和，%，各计量单位分别计算",
                "sum of |latest - first| / sum of |latest|, in %, for each unit of measure",
            ),
            Self::LowQuality => (
                "空报、全零、照抄上期、按时但被退回的份数 / 收到过报送的份数",
                "slots empty, all zero, copied from the period before, or in time but returned / slots received",
            ),
            Self::SystemUse => (
                "经代理报送的份数 / (经代理报送 + 仅有导入历史) 的份数",
                "slots reported through an agent / those and the ones that imported history alone settles",
            ),
        }
    }
}
