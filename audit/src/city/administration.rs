//! Acts to the administration service.

use granary_proto::v1::{
    Envelope, Receipt, Refusal, SubmitActRequest, submit_act_response::Result as Answer,
};

use super::{City, CityError, explain};

impl City {
    /// Submits a signed act and waits until it is in force; a refusal is an answer.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn submit(
        &mut self,
        envelope: Envelope,
    ) -> Result<Result<Receipt, Refusal>, CityError> {
        let request = SubmitActRequest {
            envelope: Some(envelope),
        };
        let answer = self.administration.submit_act(request).await;
        let answer = answer.map_err(|status| explain(&self.server, &status))?;
        match answer.into_inner().result {
            Some(Answer::Receipt(receipt)) => Ok(Ok(receipt)),
            Some(Answer::Refusal(refusal)) => Ok(Err(refusal)),
            None => Err(CityError::Protocol {
                server: self.server.clone(),
                detail: "its answer is empty".into(),
            }),
        }
    }
}
