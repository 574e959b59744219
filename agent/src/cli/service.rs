//! `granary-agent service`: the agent as a Windows service.
//!
//! The service manager starts `granary-agent --dir DIR service run` and asks it to stop; in between it is `granary-agent run`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use clap::Subcommand;
use granary_core::text::Bilingual;
use tokio::sync::oneshot;
use windows_service::{
    define_windows_service,
    service::{
        ServiceAccess, ServiceControl, ServiceControlAccept, ServiceErrorControl, ServiceExitCode,
        ServiceInfo, ServiceStartType, ServiceState, ServiceStatus, ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use crate::cli::{Ended, language, not_now, out};
use crate::log_file::LogFile;
use crate::settings::Settings;
use crate::{run, stamp};

pub(super) const HELP: &str =
    "Examples (示例), in a command window of an administrator (以管理员身份):
  granary-agent --dir C:\\granary service install
  sc start granary-agent
  granary-agent --dir C:\\granary service remove";

const NAME: &str = "granary-agent";
/// How long the service manager is told to wait for the end: answers on their way are waited for.
const STOP: Duration = Duration::from_secs(30);
/// Where the service works; its main function has no arguments of ours.
static DIR: OnceLock<PathBuf> = OnceLock::new();

/// What is to be done.
#[derive(Subcommand)]
pub(super) enum Action {
    /// Install it, to start with the machine (安装)
    Install,
    /// Remove it; folders, keys and receipts stay (移除)
    Remove,
    /// What the service manager calls (由系统调用)
    #[command(hide = true)]
    Run,
}

/// Does it.
pub(super) fn act(dir: &Path, action: &Action) -> Result<Ended, Ended> {
    let done = match action {
        Action::Install => install(dir),
        Action::Remove => remove(),
        Action::Run => {
            let _ = DIR.set(dir.to_path_buf());
            service_dispatcher::start(NAME, ffi_service_main)
        }
    };
    done.map_err(|error| {
        Ended::NotNow(Bilingual::new(
            format!("服务管理器不允许（{error}）。请在管理员命令窗口中执行"),
            format!(
                "the service manager refuses ({error}): use a command window of an administrator"
            ),
        ))
    })?;
    Ok(Ended::Done)
}

fn install(dir: &Path) -> windows_service::Result<()> {
    let manager =
        ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CREATE_SERVICE)?;
    let system = windows_service::Error::Winapi;
    let dir = std::path::absolute(dir).map_err(system)?;
    let info = ServiceInfo {
        name: NAME.into(),
        display_name: "Granary agent (颗粒归仓采集端)".into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: std::env::current_exe().map_err(system)?,
        launch_arguments: vec![
            "--dir".into(),
            dir.into_os_string(),
            "service".into(),
            "run".into(),
        ],
        dependencies: Vec::new(),
        // The account that has no rights but its own; the folder is to be given to it.
        account_name: Some("NT AUTHORITY\\LocalService".into()),
        account_password: None,
    };
    manager.create_service(&info, ServiceAccess::QUERY_STATUS)?;
    out::line(
        "已安装为服务 granary-agent，随系统启动；立即启动：sc start granary-agent\ninstalled as the service granary-agent, which starts with the machine; to start it now: sc start granary-agent",
    );
    Ok(())
}

fn remove() -> windows_service::Result<()> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    manager.open_service(NAME, ServiceAccess::DELETE)?.delete()
}

define_windows_service!(ffi_service_main, service_main);

fn service_main(_arguments: Vec<OsString>) {
    if let Err(error) = serve() {
        tracing::error!(%error, "the service could not tell the service manager how it stands");
    }
}

fn serve() -> windows_service::Result<()> {
    let (stop, stopped) = oneshot::channel();
    let stop = Mutex::new(Some(stop));
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            drop(stop.lock().unwrap_or_else(PoisonError::into_inner).take());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let handle = service_control_handler::register(NAME, handler)?;
    tell(&handle, ServiceState::Running, 0)?;
    let ended = work(stopped);
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "the service ends");
            1
        }
    };
    tell(&handle, ServiceState::Stopped, code)
}

/// `granary-agent run`, until the service manager wants it to end.
fn work(stopped: oneshot::Receiver<()>) -> Result<(), String> {
    let dir = DIR.get().ok_or("no folder was given")?;
    let environment = std::env::vars().collect();
    let settings =
        Settings::load(dir, &environment).map_err(|faults| faults.text(language(&environment)))?;
    stamp::claim(&settings.state).map_err(|error| error.words().en)?;
    LogFile::under(&settings.state, settings.log).install();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let until = async { drop(stopped.await) };
    let ended = runtime.block_on(run::run(settings, until));
    ended.map_err(|error| match not_now(&error) {
        Ended::NotNow(why) => why.en,
        Ended::Done | Ended::Returned | Ended::Refused | Ended::Spooled => String::new(),
    })
}

fn tell(
    handle: &ServiceStatusHandle,
    state: ServiceState,
    code: u32,
) -> windows_service::Result<()> {
    let accepted = match state {
        ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
        _ => ServiceControlAccept::empty(),
    };
    handle.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: accepted,
        exit_code: ServiceExitCode::Win32(code),
        checkpoint: 0,
        wait_hint: STOP,
        process_id: None,
    })
}
