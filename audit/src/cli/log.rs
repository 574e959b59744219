//! `log`: follows a log over HTTP from the head that was kept.

use granary_core::text::Bilingual;

use super::{DOES_NOT_HOLD, HOLDS, Response, args::Follow, offline};
use crate::{
    follow::{self, Plan},
    json,
    progress::{Meter, Screen},
    table,
    words::Manner,
};

/// Checks what is new in the log.
pub(super) fn log(manner: &Manner, screen: Screen, as_json: bool, ask: &Follow) -> Response {
    match followed(manner, screen, as_json, ask) {
        Ok(response) => response,
        Err(message) => Response::failed(manner, &message),
    }
}

/// `Err` where the log could not be looked at.
fn followed(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Follow,
) -> Result<Response, Bilingual> {
    let plan = Plan {
        url: ask.url.clone(),
        log_key: offline::log_key(&ask.log_key)?,
        head: ask.head.clone(),
        newest_max: ask.newest.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Bilingual::new(
                format!("无法启动：{error}"),
                format!("cannot start: {error}"),
            )
        })?;
    let mut meter = Meter::start(screen, manner.language);
    let followed = runtime.block_on(follow::follow(&plan, &mut |progress| meter.tell(progress)));
    meter.end();
    match followed {
        Ok(followed) if as_json => Ok(Response::json(&json::followed(&followed), HOLDS)),
        Ok(followed) => Ok(Response::answer(
            table::followed(manner, &ask.head, &followed),
            HOLDS,
        )),
        Err(fault) if !fault.is_of_the_log() => Err(fault.message()),
        Err(fault) if as_json => Ok(Response::json(&json::log_fault(&fault), DOES_NOT_HOLD)),
        Err(fault) => Ok(Response::answer(
            table::log_fault(manner, &ask.head, &fault),
            DOES_NOT_HOLD,
        )),
    }
}
