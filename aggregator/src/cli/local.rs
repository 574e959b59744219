//! Commands that work on folders of this machine.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use granary_core::{
    catalogue::{Bundle, Catalogue, Fault},
    digest::Digest,
    envelope::Suite,
    fingerprint,
    text::{Bilingual, Language},
};
use jiff::Timestamp;

use super::{
    ClientArgs, InitArgs, RoleWord,
    screen::{Complaint, Screen},
};
use crate::{
    clock::{Clock as _, SystemClock},
    examination::{Examined, Unsound, examine},
    init::{self, Plan},
    journal::Journal,
    project::{self, Derived},
    serve,
    site::{self, OperatorFolder, Site},
    tls::Role,
};

/// How often a rebuild tells how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Makes a data folder and says what is where.
pub(super) fn init(args: InitArgs, screen: &Screen) -> Result<(), Complaint> {
    let plan = Plan {
        data: args.data,
        origin: args.name,
        server_names: args.server_name,
    };
    let suite = Suite::parse(&args.suite).unwrap_or(Suite::Ed25519);
    let made = init::init_with(&plan, suite, Arc::new(SystemClock))?;
    let (data, operator) = (plan.data.display(), made.site.operator());
    let operator = operator.folder().display();
    screen.say(
        format!("已建立数据目录 {data}"),
        format!("made the data folder {data}"),
    );
    tell_what_is_where(screen);
    screen.say(
        format!("操作员密钥 {}", made.operator_key_id),
        format!("operator key {}", made.operator_key_id),
    );
    screen.say(
        "日志公钥（请公布，回执据此核验）：",
        "the log's public key (publish it: receipts are verified by it):",
    );
    screen.print(format!("  {}", made.verifier_key));
    let authority = made.site.authority()?.certificate_sha256();
    let words = fingerprint::words(&authority, screen.language());
    screen.say(
        format!("证书机构的核对词（各单位登记时看到同样的词语）：{words}"),
        format!("the authority in words (every office sees the same at its enrolment): {words}"),
    );
    super::people::invite_first(&plan.data, screen)?;
    screen.say("下一步：", "next:");
    screen.print(format!("  granary-aggregator serve --data {data}"));
    screen.print(format!(
        "  granary-aggregator catalogue publish DIR --operator {operator}"
    ));
    Ok(())
}

/// The parts of a new data folder, and what each must never lose.
fn tell_what_is_where(screen: &Screen) {
    screen.print(format!(
        "  granary.toml      {}",
        pick(screen, "设置", "settings")
    ));
    screen.print(format!("  ca.pem ca.key     {}", pick(screen, "证书机构（30 年）。ca.key 丢失或泄露，所有证书作废", "certification authority (30 years). Where ca.key is lost or known, every certificate is worthless")));
    screen.print(format!(
        "  server.pem .key   {}",
        pick(
            screen,
            "服务证书（2 年，到期前启动时自动更新）",
            "server certificate (2 years, made anew at a start near its end)"
        )
    ));
    screen.print(format!(
        "  log.key log.vkey  {}",
        pick(
            screen,
            "日志签名密钥。回执靠它证明，务必另存备份",
            "the log's key. Receipts are proved by it: keep a copy elsewhere"
        )
    ));
    screen.print(format!(
        "  journal/          {}",
        pick(
            screen,
            "日志，已写入第一条记录",
            "the journal, with its first entry"
        )
    ));
    screen.print(format!(
        "  people/           {}",
        pick(screen, "控制台的人员", "the console's people")
    ));
    screen.print(format!("  operator/         {}", pick(screen, "操作员的密钥和证书。请移到操作员的电脑，服务器不需要", "the operator's key and certificate. Carry it to the operator's computer: the server does not need it")));
}

/// Issues a client certificate into a new folder.
pub(super) fn client(args: &ClientArgs, screen: &Screen) -> Result<(), Complaint> {
    let role = match args.role {
        RoleWord::Operator => Role::Operator,
        RoleWord::Auditor => Role::Auditor,
    };
    let site = Site::new(&args.data);
    let verifier_key = site::read(&site.log_verifier_key())?;
    let now = Timestamp::from_millisecond(SystemClock.now_ms())?;
    let folder = OperatorFolder::new(&args.out);
    init::make_client_folder(&folder, &site.authority()?, role, verifier_key.trim(), now)?;
    let (out, word) = (args.out.display(), role.word());
    screen.say(
        format!("已在 {out} 签发 {word} 证书（2 年）：client.pem client.key ca.pem log.vkey"),
        format!("issued a certificate for the role {word} (2 years) in {out}: client.pem client.key ca.pem log.vkey"),
    );
    if matches!(role, Role::Operator) {
        screen.say(
            "签署操作还需要 operator.key，请从 init 所建的 operator/ 复制",
            "to sign acts it also needs operator.key: copy it from the operator/ folder that init made",
        );
    }
    Ok(())
}

/// Reads a catalogue that holds.
pub(super) fn read_sound_catalogue(folder: &Path) -> Result<Catalogue, Complaint> {
    parse_catalogue(&Bundle::new(read_catalogue(folder)?)?)
}

fn parse_catalogue(bundle: &Bundle) -> Result<Catalogue, Complaint> {
    Catalogue::parse(bundle).map_err(|faults| faulty(&faults))
}

fn faulty(faults: &[Fault]) -> Complaint {
    let mut lines: Vec<Bilingual> = faults
        .iter()
        .map(|fault| Bilingual::new(fault.text(Language::Zh), fault.text(Language::En)))
        .collect();
    let count = lines.len();
    lines.push(Bilingual::new(
        format!("共 {count} 处错误"),
        format!("{count} faults"),
    ));
    Complaint::lines(lines)
}

/// Reads a catalogue's files and tells every fault.
pub(super) fn check_catalogue(folder: &Path, screen: &Screen) -> Result<Bundle, Complaint> {
    let bundle = Bundle::new(read_catalogue(folder)?)?;
    let Examined { catalogue, remarks } = examine(&bundle).map_err(|unsound| match unsound {
        Unsound::Faults(faults) => faulty(&faults),
        Unsound::Contradictions(lines) => Complaint::lines(lines),
    })?;
    for remark in remarks {
        screen.say(remark.zh, remark.en);
    }
    let edits: usize = catalogue
        .datasets()
        .iter()
        .map(|dataset| dataset.edits().len())
        .sum();
    let (units, indicators, datasets) = (
        catalogue.units().len(),
        catalogue.indicators().len(),
        catalogue.datasets().len(),
    );
    screen.say(
        format!("目录无误：{units} 个单位，{indicators} 个指标，{datasets} 张报表，{edits} 条审核规则"),
        format!("the catalogue is sound: {units} units, {indicators} indicators, {datasets} datasets, {edits} edits"),
    );
    screen.say(
        format!("版本 {}", catalogue.version()),
        format!("version {}", catalogue.version()),
    );
    Ok(bundle)
}

/// The `.toml` files directly in a folder, by name.
fn read_catalogue(folder: &Path) -> Result<BTreeMap<String, String>, Complaint> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        let path = path.display();
        Complaint::new(
            format!("无法读取 {path}：{error}"),
            format!("cannot read {path}: {error}"),
        )
    };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".toml") || name.starts_with('.') {
            continue;
        }
        let size = fs::metadata(&path)
            .map_err(|error| failed(&path, &error))?
            .len();
        if size > Bundle::LEN_BYTES_MAX as u64 {
            return Err(failed(&path, &"it is larger than a whole catalogue may be"));
        }
        files.insert(
            name,
            fs::read_to_string(&path).map_err(|error| failed(&path, &error))?,
        );
    }
    if files.is_empty() {
        return Err(failed(folder, &"it holds no .toml files"));
    }
    Ok(files)
}

/// Drops the derived state and folds the journal again.
pub(super) fn rebuild(data: &Path, screen: &Screen) -> Result<(), Complaint> {
    let journal = Arc::new(Journal::open(data)?);
    Derived::remove(data)?;
    let derived = Arc::new(Derived::open(data)?);
    let (start, size) = (Instant::now(), journal.size());
    let folding = std::thread::spawn({
        let (journal, derived) = (Arc::clone(&journal), Arc::clone(&derived));
        move || project::catch_up(&journal, &derived)
    });
    while !folding.is_finished() {
        // The fold may end at any moment, so the wait is short; it is woken by nothing else.
        std::thread::park_timeout(PROGRESS_INTERVAL);
        let applied = serve::applied(&derived)?;
        screen.progress(
            format!("已重放 {applied} / {size} 条"),
            format!("folded {applied} of {size} entries"),
        );
    }
    screen.end_progress();
    let lost = || Complaint::new("重建线程异常终止", "the fold ended unexpectedly");
    let applied = folding.join().map_err(|_| lost())??;
    let seconds = start.elapsed().as_secs_f64();
    screen.say(
        format!("已由 {applied} 条记录重建派生状态，用时 {seconds:.2} 秒"),
        format!("rebuilt the derived state from {applied} entries in {seconds:.2} s"),
    );
    print_digest(applied, project::state_digest(&derived)?, screen);
    Ok(())
}

/// The digest of a stopped server's derived state, caught up with the journal.
pub(super) fn state_digest(data: &Path, screen: &Screen) -> Result<(), Complaint> {
    let journal = Arc::new(Journal::open(data)?);
    let derived = Arc::new(Derived::open(data)?);
    let applied = project::catch_up(&journal, &derived)?;
    print_digest(applied, project::state_digest(&derived)?, screen);
    Ok(())
}

/// One line: the digest, and how many entries it stands on.
pub(super) fn print_digest(applied: u64, digest: Digest, screen: &Screen) {
    screen.say(
        format!("{digest}  {applied} 条"),
        format!("{digest}  {applied} entries"),
    );
}

const fn pick<'a>(screen: &Screen, zh: &'a str, en: &'a str) -> &'a str {
    match screen.language() {
        Language::Zh => zh,
        Language::En => en,
    }
}
