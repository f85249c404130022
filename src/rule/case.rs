//! What the rules judge: the object of a request, read as what it is.

use crate::json::unreadable::Unreadable;
use crate::resource::prometheus::{self, Prometheus};
use crate::resource::scraped::Scraped;
use crate::resource::{Kind, Object, persistent_volume_claim};
use crate::settings::{Environment, Settings};

/// An object, and what it is judged with.
#[derive(Debug)]
pub struct Case<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The object.
    pub object: &'a Object<'a>,
    /// Its `spec`, as far as it is read.
    pub spec: Spec,
    /// The namespace of the request.
    pub namespace: &'a str,
    /// The object's name.
    pub name: &'a str,
    /// The object as it was before, if it was.
    pub old: Option<&'a Object<'a>>,
    /// The settings.
    pub settings: &'a Settings,
}

/// The read part of a `spec`.
#[derive(Debug)]
pub enum Spec {
    /// Of what holds things to be scraped.
    Scraped(Box<Scraped>),
    /// Of a `PrometheusRule`, of which only labels are read.
    Rules,
    /// Of a `Prometheus`, an agent or a ruler.
    Prometheus(Box<Prometheus>),
    /// Of a claim.
    Claim(persistent_volume_claim::Spec),
}

impl Spec {
    /// Reads the `spec` of an object of this kind, in this namespace.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub fn read(kind: Kind, object: &Object<'_>, namespace: &str) -> Result<Self, Unreadable> {
        if let Some(scraped) = Scraped::read(kind, object, namespace)? {
            return Ok(Self::Scraped(Box::new(scraped)));
        }
        Ok(match kind {
            Kind::Prometheus | Kind::PrometheusAgent | Kind::ThanosRuler => {
                Self::Prometheus(Box::new(prometheus::read(object)?))
            }
            Kind::PersistentVolumeClaim => Self::Claim(object.spec()?),
            _ => Self::Rules,
        })
    }
}

impl Case<'_> {
    /// The environment that the object is scraped, or scrapes, for: its namespace's, or in a shared namespace the one
    /// whose release it carries.
    #[must_use]
    pub fn environment(&self) -> Option<&Environment> {
        let release = self.object.label(&self.settings.release_label);
        self.settings.environment_scraping(self.namespace, release)
    }
}
