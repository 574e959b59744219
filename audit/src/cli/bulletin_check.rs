//! `bulletin-check`: a published bulletin against the one that an exported journal gives, byte for byte.

use granary_core::{bulletin::Bulletin, digest::Digest, period::Period, text::Bilingual};
use prost::Message as _;

use super::{
    DOES_NOT_HOLD, HOLDS, Response,
    args::BulletinCheck,
    bulletin::{self, Ground},
};
use crate::{bulletin::compare, progress::Screen, words::Manner};

/// Both documents.
struct Pair {
    published: Bulletin,
    computed: Bulletin,
}

/// Computes the document again for the period, instant and size that the published one names, and compares.
pub(super) fn checked(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &BulletinCheck,
) -> Response {
    match pair(manner, screen, ask) {
        Err(message) => Response::failed(manner, &message),
        Ok(pair) => told(manner, as_json, &pair),
    }
}

fn pair(manner: &Manner, screen: Screen, ask: &BulletinCheck) -> Result<Pair, Bilingual> {
    let published = bulletin::read_document(&ask.document)?;
    let ground = Ground {
        file: &ask.archive,
        log_key: ask.log_key.as_deref(),
        period: period(&published)?,
        as_of_ms: Some(published.basis.as_of_ms),
        size: Some(published.log.size),
    };
    let computed = bulletin::recomputed(manner, screen, &ground)?;
    Ok(Pair {
        published,
        computed,
    })
}

fn period(published: &Bulletin) -> Result<Period, Bilingual> {
    published.period.parse().map_err(|_| {
        let period = &published.period;
        Bilingual::new(
            format!("通报里的报告期 {period} 无法识别"),
            format!("the bulletin's period {period} cannot be read"),
        )
    })
}

fn told(manner: &Manner, as_json: bool, pair: &Pair) -> Response {
    let differences = compare::differences(&pair.published, &pair.computed);
    let code = if pair.published == pair.computed {
        HOLDS
    } else {
        DOES_NOT_HOLD
    };
    if as_json {
        Response::json(&json(pair, &differences), code)
    } else {
        Response::answer(text(manner, pair, &differences), code)
    }
}

fn text(manner: &Manner, pair: &Pair, differences: &[Bilingual]) -> String {
    let (published, computed) = digests(pair);
    let size = pair.published.log.size;
    if published == computed {
        let line = Bilingual::new(
            format!("成立：由日志前 {size} 条重新算出的通报逐字节相同\nSHA-256：{computed}\n"),
            format!(
                "it holds: the first {size} entries give the same bulletin, byte for byte\nSHA-256: {computed}\n"
            ),
        );
        return line.get(manner.language).to_owned();
    }
    let head = Bilingual::new(
        format!("不成立：由日志前 {size} 条算出的通报与此不同\n"),
        format!("it does not hold: the first {size} entries give another bulletin\n"),
    );
    let lines = differences
        .iter()
        .map(|line| format!("  {}\n", line.get(manner.language)));
    let last = Bilingual::new(
        format!("通报的 SHA-256：{published}\n算出的 SHA-256：{computed}\n"),
        format!("SHA-256 published: {published}\nSHA-256 computed:  {computed}\n"),
    );
    let lines: String = lines.collect();
    format!(
        "{}{lines}{}",
        head.get(manner.language),
        last.get(manner.language)
    )
}

fn json(pair: &Pair, differences: &[Bilingual]) -> serde_json::Value {
    let (published, computed) = digests(pair);
    let differences = differences
        .iter()
        .map(|line| serde_json::json!({"zh": line.zh, "en": line.en}));
    serde_json::json!({
        "holds": published == computed,
        "published_sha256": published.to_string(),
        "computed_sha256": computed.to_string(),
        "differences": differences.collect::<Vec<_>>(),
    })
}

/// Of the published and of the computed document. Equal documents have equal bytes, since a read document is canonical.
fn digests(pair: &Pair) -> (Digest, Digest) {
    (
        Digest::of(&pair.published.encode_to_vec()),
        Digest::of(&pair.computed.encode_to_vec()),
    )
}
