//! Questions to the forecast service.

use granary_proto::v1::{
    GetArrivalsRequest, GetArrivalsResponse, GetCalibrationRequest, GetCalibrationResponse,
    ListRisksRequest, ListRisksResponse,
};

use super::{City, CityError, explain};

impl City {
    /// Lists open slots, the most endangered first.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn risks(
        &mut self,
        request: ListRisksRequest,
    ) -> Result<ListRisksResponse, CityError> {
        let answer = self.forecasts.list_risks(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Gives what was expected of a dataset and period by when, and what arrived.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn arrivals(
        &mut self,
        request: GetArrivalsRequest,
    ) -> Result<GetArrivalsResponse, CityError> {
        let answer = self.forecasts.get_arrivals(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }

    /// Replays history and scores the forecasts.
    ///
    /// # Errors
    /// [`CityError`].
    pub async fn calibration(
        &mut self,
        request: GetCalibrationRequest,
    ) -> Result<GetCalibrationResponse, CityError> {
        let answer = self.forecasts.get_calibration(request).await;
        Ok(answer
            .map_err(|status| explain(&self.server, &status))?
            .into_inner())
    }
}
