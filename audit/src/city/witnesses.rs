//! The witness keys that units have enrolled, as the city tells them.

use granary_core::{
    code::UnitCode,
    ledger::{EnrolledWitness, LogIndex},
    log::WitnessKey,
};
use granary_proto::v1::{ListWitnessesRequest, Witness};

use super::{City, CityError, explain};

impl City {
    /// Lists the enrolled witness keys. This is the city's word; a replayed journal proves it.
    ///
    /// # Errors
    /// [`CityError`]; [`CityError::Protocol`] also where a key cannot be read.
    pub async fn witnesses(&mut self) -> Result<Vec<EnrolledWitness>, CityError> {
        let answer = self
            .witnesses
            .list_witnesses(ListWitnessesRequest::default())
            .await;
        let answer = answer.map_err(|status| explain(&self.server, &status))?;
        let listed = answer.into_inner().witnesses;
        let unreadable = |witness: &Witness| CityError::Protocol {
            server: self.server.clone(),
            detail: format!("the witness key of {} cannot be read", witness.unit),
        };
        listed
            .iter()
            .map(|witness| read(witness).ok_or_else(|| unreadable(witness)))
            .collect()
    }
}

fn read(witness: &Witness) -> Option<EnrolledWitness> {
    Some(EnrolledWitness {
        unit: UnitCode::new(&witness.unit).ok()?,
        key: WitnessKey::parse(&witness.verifier_key).ok()?,
        enrolled_index: LogIndex(witness.enrolled_index),
    })
}
