//! The bulletin service: the document of a period.
//!
//! A bulletin names the tree of the journal prefix that it stands on, so it is computed as a league table is:
//! only where exactly that prefix has a say in it ([`steady`]).

use std::sync::Arc;

use granary_core::{access::Access, bulletin, period::Period};
use granary_proto::v1::{self, bulletin_service_server::BulletinService};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{
    City, access, blocking,
    failure::{Failure, Need},
    steady::{log_head, steady},
};

/// The service.
pub(super) struct Bulletins {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl BulletinService for Bulletins {
    async fn get_bulletin(
        &self,
        request: Request<v1::GetBulletinRequest>,
    ) -> Result<Response<v1::GetBulletinResponse>, Status> {
        let what = request.get_ref().period.clone();
        access::person(&self.city, &request, Need::Person, Access::Bulletin, what).await?;
        let city = Arc::clone(&self.city);
        let request = request.into_inner();
        Ok(Response::new(
            blocking(move || bulletin(&city, &request)).await?,
        ))
    }
}

/// The document of a period, and the newest checkpoint.
pub(super) fn bulletin(
    city: &City,
    request: &v1::GetBulletinRequest,
) -> Result<v1::GetBulletinResponse, Failure> {
    let period = Period::parse(&request.period).map_err(|e| Failure::invalid("period", e))?;
    let (basis, bulletin) = steady(city, request.as_of_ms, |known| {
        let unnamed = (bulletin::Basis::default(), bulletin::LogHead::default());
        bulletin::assemble(known, period, unnamed.0, unnamed.1).map_err(Failure::internal)
    })?;
    let document = bulletin::Bulletin {
        log: log_head(city, basis.applied_size)?,
        basis,
        ..bulletin
    };
    Ok(v1::GetBulletinResponse {
        document: document.encode_to_vec(),
        checkpoint: city.handle.journal().checkpoint().to_string(),
    })
}
