//! `serve`: settings first, then the log, then the runtime.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use granary_core::text::Bilingual;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    ServeArgs,
    screen::{Complaint, Screen},
};
use crate::{
    clock::SystemClock,
    logging,
    metrics::{self, Metrics},
    notices::NoticeSettings,
    serve::Server,
    settings::{Fault, Settings, Sources},
    site::Site,
};

/// Serves until a signal.
pub(super) fn run(
    args: ServeArgs,
    environment: BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), Complaint> {
    let file = settings_file(&args, &environment);
    let named = args
        .notices
        .or_else(|| environment.get("GRANARY_NOTICES").map(PathBuf::from));
    let sources = Sources {
        file: file.as_deref(),
        environment: environment.clone(),
        flags: args.settings.given,
    };
    let settings = Settings::read(&sources).map_err(|faults| complain(&faults))?;
    let notices = notices(named, &settings.data, &environment)?;
    logging::install(settings.log_format, &settings.log_filter)?;
    let _traces = granary_trace::install(settings.traces.as_ref(), env!("CARGO_PKG_VERSION"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(&settings, notices, screen))
}

/// The notices file that is named, else the data folder's own, where there is one.
fn notices(
    named: Option<PathBuf>,
    data: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Option<NoticeSettings>, Complaint> {
    let own = Site::new(data).notices();
    let file = named.or_else(|| own.exists().then_some(own));
    let read = |file: PathBuf| NoticeSettings::read(&file, environment);
    file.map(read)
        .transpose()
        .map_err(|faults| complain(&faults))
}

async fn serve(
    settings: &Settings,
    notices: Option<NoticeSettings>,
    screen: &Screen,
) -> Result<(), Complaint> {
    let metrics = match settings.metrics_listen {
        Some(address) => Some(Metrics::bind(metrics::install()?, address).await?),
        None => None,
    };
    let metrics_address = metrics.as_ref().map(Metrics::address).transpose()?;
    let mut server = Server::open(settings, Arc::new(SystemClock), metrics).await?;
    if let Some(notices) = notices {
        server.tell(&settings.data, notices)?;
    }
    let address = server.address()?;
    tracing::info!(%address, ?metrics_address, data = %settings.data.display(), "serving");
    screen.say(
        format!("服务已启动：https://{address}"),
        format!("serving on https://{address}"),
    );
    if let Some(log) = server.log_address()? {
        screen.say(
            format!("日志公开于 http://{log}/checkpoint"),
            format!("the log is public at http://{log}/checkpoint"),
        );
    }
    if let Some(console) = server.console_address()? {
        let scheme = if settings.console_tls {
            "https"
        } else {
            "http"
        };
        screen.say(
            format!("控制台：{scheme}://{console}"),
            format!("the console is at {scheme}://{console}"),
        );
    }
    // Both are asked for before the first is awaited, so that no signal kills what is half set up.
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(server.run(shutdown).await?)
}

/// The file that is named, else the data folder's own, where there is one.
fn settings_file(args: &ServeArgs, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = args
        .config
        .clone()
        .or_else(|| environment.get("GRANARY_CONFIG").map(PathBuf::from));
    named.or_else(|| {
        let data = args
            .settings
            .given
            .get("data")
            .or_else(|| environment.get("GRANARY_DATA"))?;
        let file = Site::new(data.as_ref()).settings();
        file.exists().then_some(file)
    })
}

/// Tells every fault of a file.
pub(super) fn complain(faults: &[Fault]) -> Complaint {
    let line = |fault: &Fault| {
        let Fault {
            place,
            message,
            remedy,
        } = fault;
        Bilingual::new(
            format!("{place}：{}；{}", message.zh, remedy.zh),
            format!("{place}: {}; {}", message.en, remedy.en),
        )
    };
    Complaint::lines(faults.iter().map(line).collect())
}
