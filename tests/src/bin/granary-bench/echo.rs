//! The thinnest server that speaks the collection service: each answer carries the payload back as its receipt's entry.
//!
//! It decodes and encodes the real messages over mutual TLS on loopback and does nothing else, so it is the limit of what any
//! server could reach with this load generator. It runs in this process on threads of its own.

use std::{net::SocketAddr, thread};

use granary_proto::v1::{
    self, PushRequest, PushResponse,
    collection_service_server::{CollectionService, CollectionServiceServer},
    push_answer,
    push_response::Message,
    submit_response,
};
use tokio::{net::TcpListener, runtime, sync::oneshot};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Server, ServerTlsConfig, server::TcpIncoming},
};

use crate::{city, context::Outcome, tls};

/// A running echo; it ends when this is dropped.
pub(crate) struct EchoServer {
    address: SocketAddr,
    client: tonic::transport::ClientTlsConfig,
    _stop: oneshot::Sender<()>,
}

impl EchoServer {
    /// Starts it on a runtime of its own with two threads.
    pub(crate) fn start() -> Outcome<Self> {
        let ends = tls::ends()?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let server = ends.server;
        thread::spawn(move || runtime.block_on(serve(listener, server, stopped)));
        Ok(Self {
            address,
            client: ends.client,
            _stop: stop,
        })
    }

    /// As many connections to it.
    pub(crate) async fn channels(&self, count: usize) -> Outcome<Vec<Channel>> {
        let mut channels = Vec::new();
        for _ in 0..count {
            channels.push(city::connect(self.address, self.client.clone()).await?);
        }
        Ok(channels)
    }
}

async fn serve(
    listener: TcpListener,
    tls: ServerTlsConfig,
    stopped: oneshot::Receiver<()>,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stopped = async move {
        // Dropping the sender is the signal.
        let _ = stopped.await;
    };
    Server::builder()
        .tls_config(tls)?
        .add_service(CollectionServiceServer::new(Echo))
        .serve_with_incoming_shutdown(incoming, stopped)
        .await
}

struct Echo;

#[tonic::async_trait]
impl CollectionService for Echo {
    type PushStream = std::pin::Pin<Box<dyn Stream<Item = Result<PushResponse, Status>> + Send>>;

    async fn rotate_key(
        &self,
        _: Request<v1::RotateKeyRequest>,
    ) -> Result<Response<v1::RotateKeyResponse>, Status> {
        Err(Status::unimplemented("an echo knows no keys"))
    }

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        let receipt = receipt(request.into_inner().envelope);
        Ok(Response::new(v1::SubmitResponse {
            result: Some(submit_response::Result::Receipt(receipt)),
        }))
    }

    async fn push(
        &self,
        request: Request<Streaming<PushRequest>>,
    ) -> Result<Response<Self::PushStream>, Status> {
        let window = v1::PushWindow {
            submissions_max: 1_024,
            bytes_max: 16 << 20,
        };
        let first = PushResponse {
            message: Some(Message::Window(window)),
        };
        let answers = request.into_inner().map(|request| request.map(answer));
        Ok(Response::new(Box::pin(
            tokio_stream::once(Ok(first)).chain(answers),
        )))
    }

    async fn fetch_catalogue(
        &self,
        _: Request<v1::FetchCatalogueRequest>,
    ) -> Result<Response<v1::FetchCatalogueResponse>, Status> {
        Err(Status::unimplemented("an echo has no catalogue"))
    }

    async fn fetch_assessments(
        &self,
        _: Request<v1::FetchAssessmentsRequest>,
    ) -> Result<Response<v1::FetchAssessmentsResponse>, Status> {
        Err(Status::unimplemented("an echo assesses nothing"))
    }

    async fn fetch_records(
        &self,
        _: Request<v1::FetchRecordsRequest>,
    ) -> Result<Response<v1::FetchRecordsResponse>, Status> {
        Err(Status::unimplemented("an echo keeps nothing"))
    }
}

fn answer(request: PushRequest) -> PushResponse {
    let result = Some(push_answer::Result::Receipt(receipt(request.envelope)));
    PushResponse {
        message: Some(Message::Answer(v1::PushAnswer {
            sequence: request.sequence,
            result,
        })),
    }
}

fn receipt(envelope: Option<v1::Envelope>) -> v1::Receipt {
    let entry = envelope
        .map(|envelope| envelope.payload.to_vec())
        .unwrap_or_default();
    v1::Receipt {
        entry,
        ..v1::Receipt::default()
    }
}
