//! The administration service: the operator's signed acts, the keys, the state digest.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use granary_core::{
    access::Access,
    digest::Digest,
    ledger::{Act, Deed, LogIndex, Refusal, RefusalCode, act, import, sampling},
};
use granary_proto::v1::{
    self, administration_service_server::AdministrationService, submit_act_response,
};
use tonic::{Request, Response, Status};

use super::{
    City, access, applied, evidence,
    failure::{Failure, Need},
    guard,
};
use crate::{
    backup::{IMAGES, Image},
    convert, events,
    ingress::Received,
    project::{self, Derived, StoredView},
    site::Site,
};

/// How often the state is digested anew where entries were folded meanwhile.
const DIGEST_ATTEMPTS: usize = 10;

/// The service.
pub(super) struct Administration {
    pub(super) city: Arc<City>,
    pub(super) images: Images,
}

/// Where images for backups are made. One is made at a time.
#[derive(Clone)]
pub(super) struct Images {
    site: Site,
    busy: Arc<Mutex<()>>,
}

impl Images {
    pub(super) fn new(site: Site) -> Self {
        Self {
            site,
            busy: Arc::default(),
        }
    }

    fn make(&self, city: &City) -> Result<Image, Failure> {
        let Ok(_alone) = self.busy.try_lock() else {
            return Err(Failure::NotReady(
                "an image is being made already: wait for it",
            ));
        };
        let (journal, derived) = (city.handle.journal(), city.handle.derived());
        let started = Instant::now();
        let made = Image::make(&self.site, journal, derived, city.clock.now_ms());
        events::BackupImage {
            result: &made,
            took: started.elapsed(),
        }
        .emit();
        made.map_err(Failure::internal)
    }
}

#[tonic::async_trait]
impl AdministrationService for Administration {
    async fn submit_act(
        &self,
        request: Request<v1::SubmitActRequest>,
    ) -> Result<Response<v1::SubmitActResponse>, Status> {
        guard::person(&request, Need::Operator)?;
        let result = match received(request.into_inner().envelope) {
            Ok(received) => match contradiction(&self.city, &received).await? {
                None => in_force(&self.city, received).await?,
                Some(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        let result = match result {
            Ok(receipt) => submit_act_response::Result::Receipt(receipt),
            Err(refusal) => submit_act_response::Result::Refusal(convert::refusal(refusal)),
        };
        Ok(Response::new(v1::SubmitActResponse {
            result: Some(result),
        }))
    }

    async fn list_keys(
        &self,
        request: Request<v1::ListKeysRequest>,
    ) -> Result<Response<v1::ListKeysResponse>, Status> {
        let unit = request.get_ref().unit.clone();
        access::person(&self.city, &request, Need::Operator, Access::Keys, unit).await?;
        Ok(Response::new(enrolled(
            &self.city,
            &request.into_inner().unit,
        )))
    }

    async fn get_state_digest(
        &self,
        request: Request<v1::GetStateDigestRequest>,
    ) -> Result<Response<v1::GetStateDigestResponse>, Status> {
        guard::person(&request, Need::Operator)?;
        let derived = Arc::clone(self.city.handle.derived());
        let (applied_size, digest) = super::blocking(move || state_digest(&derived)).await?;
        Ok(Response::new(v1::GetStateDigestResponse {
            state_digest: digest.as_bytes().to_vec(),
            applied_size,
        }))
    }

    async fn make_backup_image(
        &self,
        request: Request<v1::MakeBackupImageRequest>,
    ) -> Result<Response<v1::MakeBackupImageResponse>, Status> {
        // A backup is a reading of everything.
        let what = "backup image";
        access::person(&self.city, &request, Need::Operator, Access::Journal, what).await?;
        let (images, city) = (self.images.clone(), Arc::clone(&self.city));
        let image = super::blocking(move || images.make(&city)).await?;
        let name = image.folder.file_name().unwrap_or_default();
        Ok(Response::new(v1::MakeBackupImageResponse {
            path: format!("{IMAGES}/{}", name.to_string_lossy()),
            signed_entries: image.signed_entries,
            origin: self.city.handle.journal().origin().to_owned(),
        }))
    }
}

/// Why history cannot be imported beside what was imported before, evidence not be asked for, or a step of a random
/// verification comes at the wrong time. Admission knows neither slots nor an entry's place, and the fold, which has the last
/// word, would only leave the entry without effect.
pub(super) async fn contradiction(
    city: &Arc<City>,
    received: &Received,
) -> Result<Option<Refusal>, Failure> {
    // What cannot be decoded is refused by admission.
    let Ok(Act { deed, .. }) = Act::decode(&received.payload) else {
        return Ok(None);
    };
    if let Deed::RequestEvidence { slot, sha256, .. } = deed {
        return evidence::unnamed(city, slot, sha256).await;
    }
    let city = Arc::clone(city);
    if let Deed::Sample(step) = &deed {
        let next = applied(city.handle.derived()).map_err(Failure::internal)?;
        let registry = city.handle.registry();
        return Ok(sampling::early(&registry, step, LogIndex(next)));
    }
    let Deed::ImportHistory {
        dataset, arrivals, ..
    } = deed
    else {
        return Ok(None);
    };
    super::blocking(move || {
        let view = StoredView {
            derived: city.handle.derived(),
            journal: city.handle.journal(),
        };
        import::conflict(&view, &dataset, &arrivals).map_err(Failure::internal)
    })
    .await
}

/// Enters an act and waits until it is in force.
pub(super) async fn in_force(
    city: &City,
    received: Received,
) -> Result<Result<v1::Receipt, Refusal>, Failure> {
    let accepted = match city.handle.submit_wait(received).await {
        Ok(accepted) => accepted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    city.handle
        .wait_applied(accepted.index())
        .await
        .map_err(|_| Failure::Stopping)?;
    Ok(accepted
        .receipt(city.handle.journal())
        .map(convert::receipt))
}

/// The digest of the rows and how many entries they hold. Rows move on while they are digested; what is told belongs
/// together, because the number was the same before and after.
fn state_digest(derived: &Derived) -> Result<(u64, Digest), Failure> {
    for _ in 0..DIGEST_ATTEMPTS {
        let before = applied(derived).map_err(Failure::internal)?;
        let digest = project::state_digest(derived).map_err(Failure::internal)?;
        if applied(derived).map_err(Failure::internal)? == before {
            return Ok((before, digest));
        }
    }
    Err(Failure::NotReady(
        "entries are being folded all the time: ask again when it is quieter",
    ))
}

/// An act's envelope as received.
pub(super) fn received(envelope: Option<v1::Envelope>) -> Result<Received, Refusal> {
    let received = convert::received(envelope)?;
    if received.payload_type == act::PAYLOAD_TYPE {
        return Ok(received);
    }
    Err(Refusal::new(
        RefusalCode::PayloadType,
        format!("此处只接收 {}", act::PAYLOAD_TYPE),
        format!("only {} is taken here", act::PAYLOAD_TYPE),
    ))
}

fn enrolled(city: &City, unit: &str) -> v1::ListKeysResponse {
    let registry = city.handle.registry();
    let wanted = registry
        .keys()
        .filter(|(_, key)| unit.is_empty() || key.unit.as_str() == unit);
    let mut keys: Vec<_> = wanted
        .map(|(key_id, key)| v1::EnrolledKey {
            key_id: key_id.as_bytes().to_vec(),
            unit: key.unit.to_string(),
            suite: key.row.suite,
            public_key: key.row.public_key.clone(),
            label: key.row.label.clone(),
            enrolled_index: key.row.enrolled_index,
            revoked_index: key.row.revoked_index,
            role: key.row.role,
            successor: key.row.successor.clone(),
        })
        .collect();
    keys.sort_by(|a, b| (&a.unit, a.enrolled_index).cmp(&(&b.unit, b.enrolled_index)));
    v1::ListKeysResponse { keys }
}
