//! Which streams a source offers.

use crate::{
    Engine, EngineError,
    host::{SourceGuest, World},
};
use rapidbyte_plans::{
    catalog::Catalog,
    spec::{EndSpec, Limits},
};

impl Engine {
    /// All streams that the source's user may read.
    ///
    /// # Errors
    /// What the source, or its connector, met.
    pub async fn discover(&self, source: &EndSpec) -> Result<Catalog, EngineError> {
        let around = self.surroundings(&Limits::default());
        let mut open = self.open::<SourceGuest>(source, &around).await?;
        let catalog = open.guest.discover().await?;
        open.guest.close().await?;
        Ok(catalog)
    }
}
