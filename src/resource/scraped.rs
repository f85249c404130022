//! The kinds that hold things to be scraped.

use super::endpoint::Monitor;
use super::probe::{self, Probe};
use super::scrape_config::{self, ScrapeConfig};
use super::{Kind, Object, pod_monitor, service_monitor};
use crate::json::unreadable::Unreadable;

/// What holds things to be scraped.
#[derive(Debug)]
pub enum Scraped {
    /// A `ServiceMonitor` or a `PodMonitor`.
    Monitor(Monitor),
    /// A `Probe`.
    Probe(Probe),
    /// A `ScrapeConfig`.
    ScrapeConfig(ScrapeConfig),
}

impl Scraped {
    /// Reads an object in this namespace; none of another kind.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub fn read(
        kind: Kind,
        object: &Object<'_>,
        namespace: &str,
    ) -> Result<Option<Self>, Unreadable> {
        Ok(Some(match kind {
            Kind::ServiceMonitor => Self::Monitor(service_monitor::read(object)?),
            Kind::PodMonitor => Self::Monitor(pod_monitor::read(object, namespace)?),
            Kind::Probe => Self::Probe(probe::read(object)?),
            Kind::ScrapeConfig => Self::ScrapeConfig(scrape_config::read(object)?),
            _ => return Ok(None),
        }))
    }
}
