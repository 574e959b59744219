//! Why a city gives no answer, told so that the reader knows what to do.

use std::{error::Error, io, path::PathBuf};

use granary_core::text::Bilingual;
use tonic::{Code, Status};

/// Why the city gave no answer; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// The address cannot be used.
    #[error("{0:?} is not the address of a city: write https://host:port")]
    Address(String),
    /// A file of the identity cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    IdentityFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The identity's files are damaged or do not belong together.
    #[error("the certificate or key in {} cannot be used: {detail}", folder.display())]
    Identity {
        /// The folder.
        folder: PathBuf,
        /// What the cryptography library said.
        detail: String,
    },
    /// Nothing answers at the address.
    #[error("cannot reach {server}: {detail}")]
    Unreachable {
        /// The address.
        server: String,
        /// The chain of causes.
        detail: String,
    },
    /// One side does not believe the other's certificate.
    #[error("no trusted line to {server}: {detail}")]
    Tls {
        /// The address.
        server: String,
        /// What TLS said.
        detail: String,
    },
    /// The certificate is of another kind than the service takes.
    #[error("{server} does not let this certificate in: {detail}")]
    Permission {
        /// The address.
        server: String,
        /// What the server said.
        detail: String,
    },
    /// A filter or another argument is not understood.
    #[error("{server} does not understand the request: {detail}")]
    Request {
        /// The address.
        server: String,
        /// What the server said.
        detail: String,
    },
    /// The other end does not speak this protocol.
    #[error("{server} does not serve granary.v1: {detail}")]
    Protocol {
        /// The address.
        server: String,
        /// What is missing.
        detail: String,
    },
    /// The server cannot answer now.
    #[error("{server} cannot answer now: {detail}")]
    Unavailable {
        /// The address.
        server: String,
        /// What the server said.
        detail: String,
    },
}

impl CityError {
    /// What happened and what to do about it.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let (zh, remedy_zh, remedy_en) = self.words();
        Bilingual::new(format!("{zh}。{remedy_zh}"), format!("{self}. {remedy_en}"))
    }

    /// What happened, in Chinese, and the remedy in both languages.
    fn words(&self) -> (String, &'static str, &'static str) {
        match self {
            Self::Address(text) => (
                format!("“{text}”不是市级系统的地址"),
                "请写成 https://主机:端口，且必须是 https",
                "The line is always encrypted, so http is not taken",
            ),
            Self::IdentityFile { path, error } => (
                format!("无法读取 {}：{error}", path.display()),
                "身份目录应含 ca.pem、client.pem 和 client.key，由市级运维用 granary-aggregator client --role auditor 生成",
                "The identity folder holds ca.pem, client.pem and client.key; the city's operator makes it with granary-aggregator client --role auditor",
            ),
            Self::Identity { folder, detail } => (
                format!("{} 中的证书或密钥无法使用：{detail}", folder.display()),
                "请向市级运维重新索取这三个文件",
                "Ask the city's operator for the three files again",
            ),
            Self::Unreachable { server, detail } => (
                format!("连接不上 {server}：{detail}"),
                "请检查地址和端口、网络和防火墙，以及市级系统是否在运行",
                "Check the address and the port, the network and the firewall, and whether the aggregator is running",
            ),
            Self::Tls { server, detail } => (
                format!("与 {server} 之间没有可信的连接：{detail}"),
                "请检查：ca.pem 是否来自这个市；地址中的主机名是否在服务器证书内（server_names）；客户端证书是否过期；本机时钟是否正确",
                "Check that ca.pem is this city's, that the host name in the address is one of the server certificate's (server_names), that the client certificate has not expired, and that this computer's clock is right",
            ),
            Self::Permission { server, detail } => (
                format!("{server} 不接受这张证书：{detail}"),
                "需要 operator 或 auditor 角色的证书，不能用县级代理的证书。请向市级运维申请",
                "An operator's or auditor's certificate is needed, not an agent's: ask the city's operator for one",
            ),
            Self::Request { server, detail } => (
                format!("{server} 不理解这个请求：{detail}"),
                "请检查 --unit、--dataset、--period 等参数",
                "Check --unit, --dataset, --period and the other arguments",
            ),
            Self::Protocol { server, detail } => (
                format!("{server} 不提供 granary.v1 服务：{detail}"),
                "请检查端口（不是 metrics 端口），以及两边程序的版本",
                "Check the port (not that of the metrics) and the versions of both programs",
            ),
            Self::Unavailable { server, detail } => (
                format!("{server} 暂时无法回答：{detail}"),
                "请稍后再试；若一直如此，请市级运维查看日志",
                "Try again later; if it stays so, the aggregator's log says why",
            ),
        }
    }
}

/// Turns a status into what the person can do about it.
pub(super) fn explain(server: &str, status: &Status) -> CityError {
    let (server, detail) = (server.to_owned(), chain_of_status(status));
    if status.source().is_some_and(caused_by_tls) {
        return CityError::Tls { server, detail };
    }
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => CityError::Permission { server, detail },
        Code::InvalidArgument | Code::OutOfRange | Code::NotFound => {
            CityError::Request { server, detail }
        }
        Code::Unimplemented => CityError::Protocol { server, detail },
        Code::Unavailable | Code::Unknown | Code::DeadlineExceeded | Code::Cancelled
            if status.source().is_some() =>
        {
            CityError::Unreachable { server, detail }
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => CityError::Unavailable { server, detail },
    }
}

/// Whether TLS stands somewhere in the chain of causes; an I/O error may carry it inside.
fn caused_by_tls(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let carried = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || carried.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn chain_of_status(status: &Status) -> String {
    let own = status.message().to_owned();
    let causes = status.source().map(chain).unwrap_or_default();
    match (own.is_empty(), causes.is_empty() || causes == own) {
        (true, true) => status.code().description().to_owned(),
        (true, false) => causes,
        (false, true) => own,
        (false, false) => format!("{own}: {causes}"),
    }
}

/// An error with its causes: "transport error" alone helps nobody.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
