//! The report for people.

use granary_core::text::{Bilingual, Language};
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

use super::{
    model::{
        AnswerReport, ConsequenceReport, FaultReport, FindingReport, HistoryReport, Outcome,
        Report, StatementReport, UnjudgedReport, Words,
    },
    table::Table,
};
use crate::intake::say;

/// Writes the report as text: the result in the first line, then why, then what to do. Times are shown in `zone`.
#[must_use]
pub fn render(report: &Report, language: Language, zone: &TimeZone) -> String {
    let mut page = Page {
        language,
        zone,
        lines: Vec::new(),
    };
    page.result(report);
    if !report.faults.is_empty() {
        page.faults(&report.faults);
    }
    for statement in &report.statements {
        page.statement(statement);
    }
    page.next_steps(report);
    page.foot(report);
    let mut text = page.lines.join("\n");
    text.push('\n');
    text
}

struct Page<'a> {
    language: Language,
    zone: &'a TimeZone,
    lines: Vec<String>,
}

impl Page<'_> {
    fn pick(&self, text: Bilingual) -> String {
        match self.language {
            Language::Zh => text.zh,
            Language::En => text.en,
        }
    }

    fn words<'w>(&self, words: &'w Words) -> &'w str {
        words.get(self.language)
    }

    fn line(&mut self, text: Bilingual) {
        let text = self.pick(text);
        self.lines.push(text);
    }

    fn heading(&mut self, text: Bilingual) {
        self.lines.push(String::new());
        self.line(text);
    }

    fn table(&mut self, table: &Table, indent: usize) {
        self.lines.extend(table.lines(indent));
    }

    fn time(&self, at_ms: i64) -> String {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        ZonedDateTime::new(at, self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S (UTC%:z)")
            .to_string()
    }

    fn result(&mut self, report: &Report) {
        let file = &report.file;
        self.line(match report.outcome {
            Outcome::Sent | Outcome::Repeated if report.held_back.is_some() => say!(
                "【停止报送，未发送】{file}：已签名并保存在本机；原因和办法见“下一步”",
                "STOPPED, NOT SENT: {file} is signed and kept on this computer; why, and what to do, stands under \"What to do next\""
            ),
            Outcome::Ready => say!(
                "【可以报送】{file}：预审通过，尚未发送",
                "READY: {file} passes the preflight; nothing was sent"
            ),
            Outcome::Sent => say!(
                "【已发送，待市局答复】{file}：已签名并存入发送队列",
                "SENT: {file} is signed and queued; the city's answer is awaited"
            ),
            Outcome::Repeated => say!(
                "【重复】{file}：相同内容已报送过，没有再次发送",
                "REPEATED: {file} says what was handed in before; nothing was sent again"
            ),
            Outcome::Accepted => say!(
                "【已受理】{file}：市局已收到并受理",
                "ACCEPTED: the city has received and accepted {file}"
            ),
            Outcome::Returned => say!(
                "【退回】{file}：强制性审核未通过，请改正后重新报送",
                "RETURNED: {file} fails a validity edit; correct it and hand it in again"
            ),
            Outcome::Refused => say!(
                "【未受理】{file}：无法读取或不能接收，没有报送成功",
                "REFUSED: {file} could not be read or admitted; it is not reported"
            ),
        });
    }

    fn faults(&mut self, faults: &[FaultReport]) {
        let count = faults.len();
        self.heading(say!("需要改正（{count} 处）", "To correct ({count})"));
        for (index, fault) in faults.iter().enumerate() {
            let place = self.words(&fault.place);
            let whole = self.pick(say!("整个文件", "the file as a whole"));
            let place = if place.is_empty() { &whole } else { place };
            let (problem, remedy) = (self.words(&fault.problem), self.words(&fault.remedy));
            let number = index + 1;
            let lines = match self.language {
                Language::Zh => [
                    format!("{number:>3}. {place}"),
                    format!("     问题：{problem}"),
                    format!("     办法：{remedy}"),
                ],
                Language::En => [
                    format!("{number:>3}. {place}"),
                    format!("     Found: {problem}"),
                    format!("     To do: {remedy}"),
                ],
            };
            self.lines.extend(lines);
        }
    }

    fn statement(&mut self, statement: &StatementReport) {
        self.what_was_read(statement);
        self.earlier(statement);
        let findings = findings_of(statement);
        if !findings.is_empty() {
            self.findings(&findings);
        }
        if !statement.unjudged.is_empty() {
            self.unjudged(&statement.unjudged);
        }
        if !statement.consequences.is_empty() {
            self.consequences(&statement.consequences);
        }
        if let Some(answer) = &statement.answer {
            self.answer(answer);
        }
    }

    fn what_was_read(&mut self, statement: &StatementReport) {
        self.heading(say!("读到的内容", "What was read"));
        let (unit, dataset) = (&statement.unit, &statement.dataset);
        let (values, absent) = (statement.values, statement.absent);
        let mut table = Table::new(&[]);
        let mut pair = |key: String, value: String| table.row(vec![key, value]);
        let named = |words: &Words, code: &str| match self.language {
            Language::Zh => format!("{}（{code}）", words.zh),
            Language::En => format!("{} ({code})", words.en),
        };
        pair(
            self.pick(say!("填报单位", "Unit")),
            named(&unit.name, &unit.code),
        );
        pair(
            self.pick(say!("报表", "Dataset")),
            named(&dataset.name, &dataset.code),
        );
        pair(
            self.pick(say!("报告期", "Period")),
            statement.period.clone(),
        );
        pair(
            self.pick(say!("数值", "Figures")),
            self.pick(say!(
                "{values} 个有数值，{absent} 个注明无数值",
                "{values} with a value, {absent} stated to be absent"
            )),
        );
        if let Some(revision) = statement.revision {
            let first = if revision == 1 {
                say!("首次报送", "first statement")
            } else {
                say!("修订", "a revision")
            };
            pair(
                self.pick(say!("版次", "Revision")),
                format!("{revision} ({})", self.pick(first)),
            );
        }
        if let Some(history) = &statement.history {
            pair(
                self.pick(say!("往期数据", "Own records")),
                self.pick(self.known(history)),
            );
        }
        self.table(&table, 2);
        for told in &statement.told {
            let (place, text) = (self.words(&told.place), self.words(&told.text));
            let line = match (place.is_empty(), self.language) {
                (true, Language::Zh | Language::En) => format!("  · {text}"),
                (false, Language::Zh) => format!("  · {place}：{text}"),
                (false, Language::En) => format!("  · {place}: {text}"),
            };
            self.lines.push(line);
        }
    }

    fn earlier(&mut self, statement: &StatementReport) {
        let Some(earlier) = &statement.earlier else {
            return;
        };
        let (at, file, revision) = (
            self.time(earlier.prepared_at_ms),
            &earlier.file,
            earlier.revision,
        );
        let state = if earlier.accepted {
            say!("已受理", "accepted")
        } else {
            say!("待答复", "answer awaited")
        };
        let state = self.pick(state);
        self.line(say!(
            "  · 相同内容已于 {at} 由文件 {file} 报送（版次 {revision}，{state}）",
            "  · the same was handed in at {at} as {file} (revision {revision}, {state})"
        ));
    }

    /// As of when the unit's other records were known.
    fn known(&self, history: &HistoryReport) -> Bilingual {
        let (Some(at_ms), Some(next_index)) = (history.city_time_ms, history.next_index) else {
            return say!(
                "本机尚未取齐本单位的往期数据",
                "the unit's other records have not all been fetched here yet"
            );
        };
        let at = self.time(at_ms);
        say!(
            "截至 {at}（市局时钟），日志第 {next_index} 条之前",
            "as of {at} by the city's clock, journal entries before {next_index}"
        )
    }

    fn unjudged(&mut self, unjudged: &[UnjudgedReport]) {
        let count = unjudged.len();
        self.heading(say!(
            "由市局审核（{count} 个）：本机没有所需的往期数据",
            "The city will judge ({count}): figures that are needed are not known here"
        ));
        for (index, one) in unjudged.iter().enumerate() {
            let (number, edit, hidden) = (index + 1, &one.edit, one.hidden.join(", "));
            let message = self.words(&one.message).to_owned();
            let explained = match one.explained {
                true => say!("；已附说明", "; an explanation goes along"),
                false => Bilingual::default(),
            };
            let Bilingual { zh, en } = explained;
            self.line(say!(
                "{number:>3}. {edit}  尚未判断：“{message}”",
                "{number:>3}. {edit}  not judged yet: \"{message}\""
            ));
            self.line(say!("     缺 {hidden}{zh}", "     not known: {hidden}{en}"));
        }
    }

    fn consequences(&mut self, consequences: &[ConsequenceReport]) {
        let count = consequences.len();
        self.heading(say!(
            "影响其他报告期（{count} 个）：本次数值使下列已报数据不符",
            "Other records ({count}): with these figures what was reported there no longer holds"
        ));
        for (index, one) in consequences.iter().enumerate() {
            let number = index + 1;
            let (dataset, period) = (self.words(&one.dataset.name).to_owned(), &one.period);
            let (edit, item) = (&one.finding.edit, item_of(&one.finding));
            let before = match one.failed_before {
                true => say!(
                    "（原已不符，说明须重新给出）",
                    " (failed before as well; explain it anew)"
                ),
                false => Bilingual::default(),
            };
            let before = self.pick(before);
            self.lines.push(format!(
                "{number:>3}. {period} {dataset}  {edit}{item}{before}"
            ));
            self.lines
                .push(format!("     {}", self.words(&one.finding.message)));
        }
        self.line(say!(
            "     那些数值无误时，请在该报告期的文件中写明原因，重新放入。",
            "     Where those figures are right, say why in the file of that period and hand it in again."
        ));
    }

    fn findings(&mut self, findings: &[&FindingReport]) {
        let count = findings.len();
        self.heading(say!("审核问题（{count} 个）", "Findings ({count})"));
        for (index, finding) in findings.iter().enumerate() {
            self.finding(index + 1, finding);
        }
    }

    fn finding(&mut self, number: usize, finding: &FindingReport) {
        let kind = if finding.validity {
            say!("强制性审核，必须改正", "validity edit, must be corrected")
        } else if finding.explanation.is_some() {
            say!("核实性审核，已说明", "quality edit, explained")
        } else {
            say!("核实性审核，请核实或说明", "quality edit, check or explain")
        };
        let (kind, edit) = (self.pick(kind), &finding.edit);
        let item = item_of(finding);
        self.lines
            .push(format!("{number:>3}. {edit}{item}  {kind}"));
        let message = self.words(&finding.message).to_owned();
        self.lines.push(format!("     {message}"));
        let mut table = Table::new(&[1]);
        for operand in &finding.operands {
            let blank = self.pick(say!("未填", "blank"));
            let value = operand.value.clone().unwrap_or(blank);
            let place = self.words(&operand.place).to_owned();
            let name = self.words(&operand.indicator.name).to_owned();
            table.row(vec![name, value, place]);
        }
        self.table(&table, 7);
        let suspicion = self.words(&finding.suspicion).to_owned();
        if !suspicion.is_empty() {
            self.lines.push(format!("     {suspicion}"));
        }
        if let Some(explanation) = &finding.explanation {
            self.line(say!(
                "     说明：{explanation}",
                "     Explanation: {explanation}"
            ));
        }
    }

    fn answer(&mut self, answer: &AnswerReport) {
        if let Some(code) = &answer.code {
            let message = self.words(&answer.message).to_owned();
            self.heading(say!("市局的答复", "The city's answer"));
            self.lines.push(format!("  {message} ({code})"));
            return;
        }
        let (Some(index), Some(received_at_ms)) = (answer.index, answer.received_at_ms) else {
            return;
        };
        self.heading(say!("回执", "Receipt"));
        let mut table = Table::new(&[]);
        let mut pair = |key: Bilingual, value: String| table.row(vec![self.pick(key), value]);
        pair(say!("日志序号", "Journal index"), index.to_string());
        let at = self.time(received_at_ms);
        pair(
            say!("收到时间", "Received"),
            self.pick(say!("{at}，以市局时钟为准", "{at}, by the city's clock")),
        );
        for (row, line) in answer.checkpoint.iter().enumerate() {
            let key = if row == 0 {
                say!("检查点", "Checkpoint")
            } else {
                Bilingual::default()
            };
            pair(key, line.clone());
        }
        if let Some(file) = &answer.receipt_file {
            pair(say!("回执文件", "Receipt file"), file.clone());
            pair(
                say!("如何验证", "To verify"),
                format!("granary-agent verify {file}"),
            );
        }
        self.table(&table, 2);
    }

    fn next_steps(&mut self, report: &Report) {
        let mut findings = report.statements.iter().flat_map(findings_of);
        let open = findings.any(|f| !f.validity && f.explanation.is_none());
        self.heading(say!("下一步", "What to do next"));
        match report.outcome {
            Outcome::Sent | Outcome::Repeated if report.held_back.is_some() => self.held_back(report),
            Outcome::Ready => self.line(say!("  把文件放进 inbox 文件夹即可报送。", "  Put the file into the folder inbox to report it.")),
            Outcome::Sent if is_unsigned(report) => self.unsigned(report),
            Outcome::Sent => self.line(say!("  不用做什么。断网也不要紧，联网后会自动发送；答复到达后，文件会移到 accepted、returned 或 refused。", "  Nothing. If the line is down it is sent later by itself; when the answer comes the file moves to accepted, returned or refused.")),
            Outcome::Repeated => self.line(say!("  不用做什么。如要更正，请修改数值后重新放入。", "  Nothing. To correct something, change the figures and hand the file in again.")),
            Outcome::Accepted => self.line(say!("  保存好回执文件，它证明报送的内容和时间。", "  Keep the receipt: it proves what was reported and when.")),
            Outcome::Returned => self.line(say!("  按上面的问题改正数值，把改好的文件重新放进 inbox。截止时间不因退回而延后。", "  Correct the figures as said above and put the corrected file into inbox. The deadline does not move.")),
            Outcome::Refused => self.line(say!("  按上面的办法改正，把改好的文件重新放进 inbox。", "  Do what is said above and put the corrected file into inbox.")),
        }
        if open {
            self.line(say!(
                "  核实性审核的问题：数值无误时请写明原因，例如在“说明”列，或加一行“# 说明 审核关系编号: 原因”，再重新放入。",
                "  For a quality edit: if the figure is right, say why, in a column \"explanation\" or in a line \"# explain EDIT.ID: the reason\", and hand the file in again."
            ));
        }
    }

    /// Nothing is sent for now, so this comes instead of "nothing to do".
    fn held_back(&mut self, report: &Report) {
        if let Some(why) = &report.held_back {
            let lines = self.words(why).lines().map(|line| format!("  {line}"));
            self.lines.extend(lines.collect::<Vec<_>>());
        }
    }

    /// Nothing is sent before others have signed, so this comes instead of "nothing to do".
    fn unsigned(&mut self, report: &Report) {
        let waiting = report.statements.iter().filter(|s| s.answer.is_none());
        let who: Vec<&Words> = waiting.filter_map(|s| s.still_to_sign.as_ref()).collect();
        for who in who {
            let who = self.words(who);
            self.line(say!(
                "  还须签名：{who}。请其在自己的电脑上对 waiting 文件夹中的文件运行 granary-agent sign；签齐后自动发送，到达市局的时间以那时为准。",
                "  To be signed by {who}: have them run granary-agent sign on the file in the folder waiting. It is sent when all have signed; what counts is when the city receives it."
            ));
        }
    }

    fn foot(&mut self, report: &Report) {
        let at = self.time(report.written_at_ms);
        self.lines.push(String::new());
        self.line(say!(
            "本报告写于 {at}（本机时钟）",
            "This report was written at {at} by this machine's clock"
        ));
        if let Some(sha256) = &report.sha256 {
            self.line(say!(
                "文件 SHA-256：{sha256}",
                "SHA-256 of the file: {sha256}"
            ));
        }
    }
}

/// The city's findings, where it has any, else those of the preflight; and in any case those on the unit's other records, which an answer
/// does not tell.
fn findings_of(statement: &StatementReport) -> Vec<&FindingReport> {
    let city = statement.answer.as_ref().map(|answer| &answer.findings[..]);
    match city.filter(|findings| !findings.is_empty()) {
        Some(city) => {
            let beyond = statement.findings.iter().filter(|f| f.beyond);
            city.iter().chain(beyond).collect()
        }
        None => statement.findings.iter().collect(),
    }
}

fn item_of(finding: &FindingReport) -> String {
    let item = finding.item.as_ref();
    item.map_or(String::new(), |item| format!(" [{item}]"))
}

fn is_unsigned(report: &Report) -> bool {
    let mut waiting = report.statements.iter().filter(|s| s.answer.is_none());
    waiting.any(|statement| statement.still_to_sign.is_some())
}
