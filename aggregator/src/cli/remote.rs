//! Commands that ask the running server, over mutual TLS with the certificate of an operator's or auditor's folder.

use std::{future::Future, time::Duration};

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use granary_core::{
    catalogue::{Bundle, Catalogue},
    digest::Digest,
    envelope::{KeyId, KeyRole, Suite},
};
use granary_proto::v1::{
    self, administration_service_client::AdministrationServiceClient,
    collection_service_client::CollectionServiceClient,
    monitoring_service_client::MonitoringServiceClient,
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::{
    Connection, local,
    screen::{Complaint, Screen},
};
use crate::site::{self, OperatorFolder};

/// How long to wait for a connection, and for an answer.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(300);

/// Runs one command's conversation.
pub(super) fn block_on<T>(
    conversation: impl Future<Output = Result<T, Complaint>>,
) -> Result<T, Complaint> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(conversation)
}

/// Connects.
pub(super) async fn connect(connection: &Connection) -> Result<Channel, Complaint> {
    let folder = OperatorFolder::new(&connection.operator);
    let authority = site::read(&folder.authority_certificate())?;
    let certificate = site::read(&folder.client_certificate())?;
    let key = site::read(&folder.client_key())?;
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .identity(Identity::from_pem(certificate, key));
    let endpoint = Endpoint::from_shared(connection.server.clone())?
        .connect_timeout(CONNECT_MAX)
        .timeout(ANSWER_MAX)
        .tls_config(tls)?;
    endpoint
        .connect()
        .await
        .map_err(|error| unreachable(&connection.server, &error))
}

/// The administration service.
pub(super) async fn administration(
    connection: &Connection,
) -> Result<AdministrationServiceClient<Channel>, Complaint> {
    Ok(AdministrationServiceClient::new(connect(connection).await?))
}

/// The monitoring service.
pub(super) async fn monitoring(
    connection: &Connection,
) -> Result<MonitoringServiceClient<Channel>, Complaint> {
    let client = MonitoringServiceClient::new(connect(connection).await?);
    Ok(client.max_decoding_message_size(64 << 20))
}

/// The catalogue in force.
pub(super) async fn catalogue(connection: &Connection) -> Result<Catalogue, Complaint> {
    let client = CollectionServiceClient::new(connect(connection).await?);
    let mut client = client.max_decoding_message_size(64 << 20);
    let answer = client.fetch_catalogue(v1::FetchCatalogueRequest::default());
    let answer = answer.await.map_err(|status| failed(&status))?.into_inner();
    if answer.bundle.is_empty() {
        return Err(Complaint::new(
            "尚未发布目录",
            "no catalogue has been published",
        ));
    }
    let unfit = |error: &dyn std::fmt::Display| {
        Complaint::new(
            format!("无法使用服务给出的目录：{error}；请用同一版本的程序"),
            format!(
                "the server's catalogue cannot be used: {error}; use a program of the same version"
            ),
        )
    };
    let bundle = Bundle::decode(&answer.bundle).map_err(|error| unfit(&error))?;
    if bundle.version().as_bytes()[..] != answer.version {
        return Err(unfit(&"it is not the version that the server names"));
    }
    Catalogue::parse(&bundle).map_err(|faults| {
        let first = faults.first().map(ToString::to_string);
        unfit(&first.unwrap_or_default())
    })
}

/// Prints how far the server is.
pub(super) fn status(connection: &Connection, screen: &Screen) -> Result<(), Complaint> {
    let status = block_on(async {
        let mut client = monitoring(connection).await?;
        Ok(client
            .get_status(v1::GetStatusRequest {})
            .await
            .map_err(|s| failed(&s))?
            .into_inner())
    })?;
    let (size, applied) = (status.journal_size, status.applied_size);
    screen.say(
        format!("程序版本 {}", status.version),
        format!("program version {}", status.version),
    );
    screen.say(
        format!("日志 {size} 条，已汇总 {applied} 条"),
        format!("journal {size} entries, {applied} folded"),
    );
    match Digest::from_slice(&status.catalogue_version) {
        Some(version) => screen.say(
            format!("目录版本 {version}"),
            format!("catalogue {version}"),
        ),
        None => screen.say("尚未发布目录", "no catalogue has been published"),
    }
    screen.print(status.checkpoint.trim_end());
    if status.alarm.is_empty() {
        return Ok(());
    }
    let alarm = &status.alarm;
    Err(Complaint::new(
        format!("警报：{alarm}"),
        format!("alarm: {alarm}"),
    ))
}

/// Prints the running server's state digest.
pub(super) fn state_digest(connection: &Connection, screen: &Screen) -> Result<(), Complaint> {
    let answer = block_on(async {
        let mut client = administration(connection).await?;
        Ok(client
            .get_state_digest(v1::GetStateDigestRequest {})
            .await
            .map_err(|s| failed(&s))?
            .into_inner())
    })?;
    let digest = Digest::from_slice(&answer.state_digest);
    let digest = digest.ok_or_else(|| Complaint::new("应答无效", "the answer is not a digest"))?;
    local::print_digest(answer.applied_size, digest, screen);
    Ok(())
}

/// Prints the keys that are or were enrolled.
pub(super) fn list_keys(
    unit: String,
    connection: &Connection,
    screen: &Screen,
) -> Result<(), Complaint> {
    let keys = block_on(keys(unit, connection))?;
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(match screen.language() {
        granary_core::text::Language::Zh => {
            ["密钥", "单位", "身份", "算法", "备注", "登记于", "失效于"]
        }
        granary_core::text::Language::En => [
            "key",
            "unit",
            "role",
            "suite",
            "label",
            "enrolled at entry",
            "ended at entry",
        ],
    });
    for key in &keys {
        let key_id = Digest::from_slice(&key.key_id)
            .map(|id| id.to_string())
            .unwrap_or_default();
        let successor = KeyId::from_slice(&key.successor);
        let successor = successor.map(|id| format!(" → {}", id.short()));
        let revoked = key
            .revoked_index
            .map(|index| format!("{index}{}", successor.unwrap_or_default()))
            .unwrap_or_default();
        let role = KeyRole::from_number(key.role).unwrap_or_default().name();
        let suite = Suite::from_number(key.suite).map_or("?", Suite::word);
        let enrolled = key.enrolled_index.to_string();
        table.add_row([
            key_id.get(..16).unwrap_or_default(),
            &key.unit,
            role.get(screen.language()),
            suite,
            &key.label,
            &enrolled,
            &revoked,
        ]);
    }
    screen.print(table);
    Ok(())
}

/// The enrolled keys of a unit, or of all.
pub(super) async fn keys(
    unit: String,
    connection: &Connection,
) -> Result<Vec<v1::EnrolledKey>, Complaint> {
    let mut client = administration(connection).await?;
    let answer = client.list_keys(v1::ListKeysRequest { unit }).await;
    Ok(answer.map_err(|status| failed(&status))?.into_inner().keys)
}

/// A call that ended with a status.
pub(super) fn failed(status: &tonic::Status) -> Complaint {
    let (code, message) = (status.code(), status.message());
    Complaint::new(
        format!("服务未能完成（{code:?}）：{message}"),
        format!("the server did not do it ({code:?}): {message}"),
    )
}

/// The transport's own sentence says little; its causes say why.
fn unreachable(server: &str, error: &tonic::transport::Error) -> Complaint {
    let mut why = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        why.push(error.to_string());
        cause = error.source();
    }
    let why = why.join(": ");
    Complaint::new(
        format!(
            "无法连接 {server}：{why}；请检查 --server、服务是否运行，以及主机名是否在服务证书中"
        ),
        format!(
            "cannot connect to {server}: {why}; check --server, whether the server runs, and whether its certificate holds that host name"
        ),
    )
}
