//! Accepted connections: counted, bounded, and each with what is known about its other end.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::{Connected, TlsConnectInfo};

use super::pace::Pace;
use crate::{settings::Limits, tls::Caller};

/// How long to wait after the operating system refuses to accept, for instance for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A connection that holds its place in the count until it is dropped.
pub(super) struct Connection {
    stream: TcpStream,
    remote: Remote,
    _permit: OwnedSemaphorePermit,
}

/// What is known about the other end; shared by all requests of the connection.
#[derive(Clone)]
pub(super) struct Remote {
    address: Option<SocketAddr>,
    /// Read from the certificate at the first request and kept.
    caller: Arc<OnceLock<Caller>>,
    pace: Option<Arc<Pace>>,
}

/// What tonic puts beside each request.
pub(super) type RemoteInfo = TlsConnectInfo<Remote>;

/// Accepts connections for as long as the result is read, at most `limits.connections_max` at once.
pub(super) fn accept(
    listener: TcpListener,
    limits: Limits,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let permits = Arc::new(Semaphore::new(limits.connections_max));
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    let connection = Connection::new(stream, address, permit, limits);
                    if sender.send(Ok(connection)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

impl Connection {
    fn new(
        stream: TcpStream,
        address: SocketAddr,
        permit: OwnedSemaphorePermit,
        limits: Limits,
    ) -> Self {
        // Answers are small and awaited; where the option cannot be set they are merely slower.
        let _ = stream.set_nodelay(true);
        metrics::gauge!("granary_connections").increment(1);
        let pace = limits
            .submissions_per_second_max
            .map(|rate| Arc::new(Pace::new(rate)));
        let remote = Remote {
            address: Some(address),
            caller: Arc::default(),
            pace,
        };
        Self {
            stream,
            remote,
            _permit: permit,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::gauge!("granary_connections").decrement(1);
    }
}

impl Remote {
    /// Who calls. `certificate` is the one that TLS verified.
    pub(super) fn caller(&self, certificate: Option<&[u8]>) -> &Caller {
        self.caller
            .get_or_init(|| certificate.map_or(Caller::Anonymous, Caller::of_certificate))
    }

    pub(super) fn pace(&self) -> Option<Arc<Pace>> {
        self.pace.clone()
    }

    pub(super) const fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl Connected for Connection {
    type ConnectInfo = Remote;

    fn connect_info(&self) -> Remote {
        self.remote.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
