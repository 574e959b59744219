//! The city's answers, over gRPC with mutual TLS.
//!
//! The identity folder holds `ca.pem` (the city's certification authority, the only one believed), `client.pem` and
//! `client.key` (an operator's or auditor's certificate and its key). Every wait, message and listing has a bound: a
//! listing that has more rows than were asked for says so.

mod administration;
mod error;
mod forecast;
mod evidence;
mod witnesses;

use std::{path::Path, time::Duration};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    digest::Digest,
};
use granary_proto::v1::{
    Basis, ExplainScoreRequest, ExplainScoreResponse, FetchCatalogueRequest, Finding,
    GetBulletinRequest, GetBulletinResponse, GetCompletenessRequest, GetCompletenessResponse,
    GetLeagueRequest, GetLeagueResponse, GetSeriesRequest, GetSeriesResponse, ListFindingsRequest,
    ListMeasuresRequest, ListSlotsRequest, ListTargetsRequest, ListTargetsResponse, MeasuresRow,
    RecheckDatasetRequest, RecheckDatasetResponse, ScreenPeriodRequest, ScreenPeriodResponse, Slot,
    StreamJournalRequest, StreamJournalResponse, access_service_client::AccessServiceClient,
    administration_service_client::AdministrationServiceClient,
    bulletin_service_client::BulletinServiceClient,
    collection_service_client::CollectionServiceClient,
    evidence_service_client::EvidenceServiceClient, forecast_service_client::ForecastServiceClient,
    journal_service_client::JournalServiceClient, measure_service_client::MeasureServiceClient,
    monitoring_service_client::MonitoringServiceClient, score_service_client::ScoreServiceClient,
    stream_journal_response, witness_service_client::WitnessServiceClient,
};
use tonic::{
    Streaming,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use self::error::{chain, explain};
pub use self::{
    error::CityError,
    evidence::{AccessStream, DownloadError},
};

/// The file of the city's certification authority in an identity folder.
pub const AUTHORITY_FILE: &str = "ca.pem";
/// The file of the client certificate in an identity folder.
pub const CERTIFICATE_FILE: &str = "client.pem";
/// The file of the client certificate's key in an identity folder.
pub const KEY_FILE: &str = "client.key";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// The largest answer that is read. The server bounds a page to a few megabytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Rows asked for at once.
const PAGE_ROWS: usize = 1_000;
/// The most rows of measures.
const MEASURED_ROWS_MAX: usize = 1_000_000;

/// A connection to one city.
pub struct City {
    server: String,
    client: MonitoringServiceClient<Channel>,
    collection: CollectionServiceClient<Channel>,
    measures: MeasureServiceClient<Channel>,
    scores: ScoreServiceClient<Channel>,
    forecasts: ForecastServiceClient<Channel>,
    journal: JournalServiceClient<Channel>,
    bulletins: BulletinServiceClient<Channel>,
    evidence: EvidenceServiceClient<Channel>,
    accesses: AccessServiceClient<Channel>,
    administration: AdministrationServiceClient<Channel>,
    witnesses: WitnessServiceClient<Channel>,
}

/// The journal, as it comes.
pub struct JournalStream {
    server: String,
    messages: Streaming<StreamJournalResponse>,
}

/// Rows from one or more pages, with what they stand on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing<T> {
    /// What the first page stands on.
    pub basis: Basis,
    /// How many entries the state held at the last page; larger where the journal grew in between.
    pub applied_size_last: u64,
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
}

/// Measures: a row for each group of slots, and one for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The rows.
    pub listing: Listing<MeasuresRow>,
    /// All slots together.
    pub total: MeasuresRow,
}

impl City {
    /// Reads the identity and prepares a line; it connects with the first question.
    ///
    /// # Errors
    /// [`CityError::Address`], [`CityError::IdentityFile`] or [`CityError::Identity`].
    pub fn new(server: &str, identity: &Path) -> Result<Self, CityError> {
        let address = if server.contains("://") {
            server.to_owned()
        } else {
            format!("https://{server}")
        };
        let endpoint = Endpoint::from_shared(address.clone())
            .ok()
            .filter(|endpoint| endpoint.uri().scheme_str() == Some("https"))
            .filter(|endpoint| endpoint.uri().host().is_some_and(|host| !host.is_empty()))
            .ok_or_else(|| CityError::Address(server.to_owned()))?;
        let read = |name: &str| {
            let path = identity.join(name);
            std::fs::read(&path).map_err(|error| CityError::IdentityFile { path, error })
        };
        let authority = Certificate::from_pem(read(AUTHORITY_FILE)?);
        let own = Identity::from_pem(read(CERTIFICATE_FILE)?, read(KEY_FILE)?);
        let tls = ClientTlsConfig::new()
            .ca_certificate(authority)
            .identity(own);
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .tls_config(tls)
            .map_err(|error| CityError::Identity {
                folder: identity.to_path_buf(),
                detail: chain(&error),
            })?
            .connect_lazy();
        let collection = CollectionServiceClient::new(channel.clone());
        let client = MonitoringServiceClient::new(channel.clone());
        let measures = MeasureServiceClient::new(channel.clone());
        let scores = ScoreServiceClient::new(channel.clone());
        let forecasts = ForecastServiceClient::new(channel.clone());
        let journal = JournalServiceClient::new(channel.clone());
        let bulletins = BulletinServiceClient::new(channel.clone());
        let evidence = EvidenceServiceClient::new(channel.clone());
        let accesses = AccessServiceClient::new(channel.clone());
        let administration = AdministrationServiceClient::new(channel.clone());
        let witnesses = WitnessServiceClient::new(channel);
        Ok(Self {
            server: address,
            client: client.max_decoding_message_size(ANSWER_BYTES_MAX),
            collection: collection.max_decoding_message_size(ANSWER_BYTES_MAX),
            measures: measures.max_decoding_message_size(ANSWER_BYTES_MAX),
            scores: scores.max_decoding_message_size(ANSWER_BYTES_MAX),
            forecasts: forecasts.max_decoding_message_size(ANSWER_BYTES_MAX),
            journal: journal.max_decoding_message_size(ANSWER_BYTES_MAX),
            bulletins: bulletins.max_decoding_message_size(ANSWER_BYTES_MAX),
            evidence,
            accesses,
            administration,
            witnesses: witnesses.max_decoding_message_size(ANSWER_BYTES_MAX),
        })
    }

    /// Fetches the catalogue in force and reads it.
    ///
    /// # Errors
    /// [`CityError`]; [`CityError::Protocol`] also where what comes is not the catalogue that the city names.
    pub async fn catalogue(&mut self) -> Result<Catalogue, CityError> {
        let request = FetchCatalogueRequest::default();
        let answer = self.collection.fetch_catalogue(request).await;
        let answer = answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner();
        let server = self.server.clone();
        if answer.version.is_empty() {
            let detail = "it has published no catalogue yet".to_owned();
            return Err(CityError::Unavailable { server, detail });
        }
        let bundle = Bundle::decode(&answer.bundle);
        let bundle = bundle
            .map_err(|error| error.to_string())
            .and_then(|bundle| {
                let is_named = bundle.version().as_bytes()[..] == answer.version;
                is_named
                    .then_some(bundle)
                    .ok_or_else(|| "its catalogue is not the one it names".into())
            });
        let parsed = bundle.and_then(|bundle| {
            let parsed = Catalogue::parse(&bundle);
            parsed.map_err(|faults| faults.first().map(ToString::to_string).unwrap_or_default())
        });
        parsed.map_err(|detail| CityError::Protocol { server, detail })
    }

    /// Asks for the bulletin of a period.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn bulletin(
        &mut self,
        request: GetBulletinRequest,
    ) -> Result<GetBulletinResponse, CityError> {
        let answer = self.bulletins.get_bulletin(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Counts the slots in each state.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn completeness(
        &mut self,
        request: GetCompletenessRequest,
    ) -> Result<GetCompletenessResponse, CityError> {
        let answer = self.client.get_completeness(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Computes measures, over as many pages as it takes.
    ///
    /// # Errors
    /// [`CityError`]; nothing is returned of a listing that broke off.
    pub async fn measures(
        &mut self,
        mut request: ListMeasuresRequest,
    ) -> Result<Measured, CityError> {
        let mut measured = Measured::default();
        loop {
            let have = measured.listing.rows.len();
            request.page_size = page_rows(MEASURED_ROWS_MAX, have);
            let answer = self.measures.list_measures(request.clone()).await;
            let page = answer
                .map_err(|status| explain(&self.server, &status))?
                .into_inner();
            let next = std::mem::replace(&mut request.page_token, page.next_page_token);
            measured.total = page.total.unwrap_or_default();
            let listing = &mut measured.listing;
            if !listing.add(
                page.basis,
                page.rows,
                MEASURED_ROWS_MAX,
                &request.page_token,
            ) {
                return Ok(measured);
            }
            self.check_progress(&next, &request.page_token)?;
        }
    }

    /// Lists slots, at most `rows_max`, over as many pages as it takes.
    ///
    /// # Errors
    /// [`CityError`]; nothing is returned of a listing that broke off.
    pub async fn slots(
        &mut self,
        mut request: ListSlotsRequest,
        rows_max: usize,
    ) -> Result<Listing<Slot>, CityError> {
        let mut listing = Listing::default();
        loop {
            request.page_size = page_rows(rows_max, listing.rows.len());
            let answer = self.client.list_slots(request.clone()).await;
            let page = answer
                .map_err(|status| explain(&self.server, &status))?
                .into_inner();
            let next = std::mem::replace(&mut request.page_token, page.next_page_token);
            if !listing.add(page.basis, page.slots, rows_max, &request.page_token) {
                return Ok(listing);
            }
            self.check_progress(&next, &request.page_token)?;
        }
    }

    /// Lists findings, at most `rows_max`, over as many pages as it takes.
    ///
    /// # Errors
    /// [`CityError`]; nothing is returned of a listing that broke off.
    pub async fn findings(
        &mut self,
        mut request: ListFindingsRequest,
        rows_max: usize,
    ) -> Result<Listing<Finding>, CityError> {
        let mut listing = Listing::default();
        loop {
            request.page_size = page_rows(rows_max, listing.rows.len());
            let answer = self.client.list_findings(request.clone()).await;
            let page = answer
                .map_err(|status| explain(&self.server, &status))?
                .into_inner();
            let next = std::mem::replace(&mut request.page_token, page.next_page_token);
            if !listing.add(page.basis, page.findings, rows_max, &request.page_token) {
                return Ok(listing);
            }
            self.check_progress(&next, &request.page_token)?;
        }
    }

    /// Applies the catalogue's detectors to one period.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn screen(
        &mut self,
        request: ScreenPeriodRequest,
    ) -> Result<ScreenPeriodResponse, CityError> {
        let answer = self.client.screen_period(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Judges all current figures of a dataset.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn recheck(
        &mut self,
        request: RecheckDatasetRequest,
    ) -> Result<RecheckDatasetResponse, CityError> {
        let answer = self.client.recheck_dataset(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Reads one indicator's series.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn series(
        &mut self,
        request: GetSeriesRequest,
    ) -> Result<GetSeriesResponse, CityError> {
        let answer = self.client.get_series(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Draws up a league table. Its digest is computed here again.
    ///
    /// # Errors
    /// [`CityError`]; [`CityError::Protocol`] where the digest is not that of the document.
    pub async fn league(
        &mut self,
        request: GetLeagueRequest,
    ) -> Result<GetLeagueResponse, CityError> {
        let answer = self.scores.get_league(request).await;
        let answer = answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner();
        let bytes = answer.document.as_ref().map(prost::Message::encode_to_vec);
        let digest = Digest::of(&bytes.unwrap_or_default());
        if digest.as_bytes().as_slice() == answer.sha256.as_slice() {
            return Ok(answer);
        }
        Err(CityError::Protocol {
            server: self.server.clone(),
            detail: "the table's SHA-256 is not that of its bytes".to_owned(),
        })
    }

    /// Asks how a score came about.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn explain_score(
        &mut self,
        request: ExplainScoreRequest,
    ) -> Result<ExplainScoreResponse, CityError> {
        let answer = self.scores.explain_score(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Lists the progress towards a year's targets.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn targets(
        &mut self,
        request: ListTargetsRequest,
    ) -> Result<ListTargetsResponse, CityError> {
        let answer = self.scores.list_targets(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Opens the stream of the journal from an entry on.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn journal(&mut self, from_index: u64) -> Result<JournalStream, CityError> {
        let request = StreamJournalRequest { from_index };
        let answer = self.journal.stream_journal(request).await;
        let messages = answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner();
        Ok(JournalStream {
            server: self.server.clone(),
            messages,
        })
    }

    /// A listing whose next page is the same page again would never end.
    fn check_progress(&self, token: &str, next: &str) -> Result<(), CityError> {
        if token != next {
            return Ok(());
        }
        Err(CityError::Protocol {
            server: self.server.clone(),
            detail: "the same page comes again and again".to_owned(),
        })
    }
}

impl JournalStream {
    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// [`CityError`]; what came before is whole.
    pub async fn next(&mut self) -> Result<Option<stream_journal_response::Message>, CityError> {
        let message = self.messages.message().await;
        let message = message.map_err(|status| explain(&self.server, &status))?;
        Ok(message.and_then(|message| message.message))
    }
}

impl<T> Listing<T> {
    /// Takes over a page; whether another one is wanted.
    fn add(&mut self, basis: Option<Basis>, rows: Vec<T>, rows_max: usize, next: &str) -> bool {
        let basis = basis.unwrap_or_default();
        self.applied_size_last = self.applied_size_last.max(basis.applied_size);
        if self.basis == Basis::default() {
            self.basis = basis;
        }
        self.rows.extend(rows);
        self.truncated =
            self.rows.len() > rows_max || (self.rows.len() == rows_max && !next.is_empty());
        self.rows.truncate(rows_max);
        !next.is_empty() && self.rows.len() < rows_max
    }
}

fn page_rows(rows_max: usize, have: usize) -> u32 {
    let wanted = rows_max.saturating_sub(have).clamp(1, PAGE_ROWS);
    u32::try_from(wanted).unwrap_or(u32::MAX)
}
