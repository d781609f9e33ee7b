//! What a subscription's providers offer: resource types with their api-versions and regions.

use std::collections::BTreeMap;

use serde_json::Value;

use super::dialect::{Dialect, ProfileRow};
use crate::domain::{Answers, Auth, Method, Reply, Request};

/// The version of the calls that are made before a profile is chosen: what a provider offers, which groups there are
/// (contract preview-2025, P3 and 1a).
pub(super) const PROVIDERS_VERSION: &str = "2025-04-01";
/// Of `checkPolicyRestrictions` (preflight call P9).
pub(super) const POLICY_VERSION: &str = "2022-03-01";
/// Of the locks of a scope (preflight call P11).
pub(super) const LOCKS_VERSION: &str = "2016-09-01";

/// The version in which subscriptions are listed.
pub(super) const SUBSCRIPTIONS_VERSION: &str = "2022-12-01";

/// Versions and regions by `provider/type`, lower case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offers(BTreeMap<String, Offer>);

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Offer {
    versions: Vec<String>,
    locations: Vec<String>,
}

impl Offers {
    /// Takes in the reply of one of [`offer_requests`].
    pub fn take(&mut self, reply: &Reply) {
        let Some(provider) = reply.text("/namespace") else { return };
        let types = reply.body.pointer("/resourceTypes").and_then(Value::as_array);
        for resource_type in types.into_iter().flatten() {
            let Some(name) = resource_type["resourceType"].as_str() else { continue };
            let texts = |key: &str| -> Vec<String> {
                let list = resource_type[key].as_array();
                list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let offer = Offer { versions: texts("apiVersions"), locations: texts("locations") };
            self.0.insert(format!("{provider}/{name}").to_lowercase(), offer);
        }
    }

    /// True when `resource_type` is offered in `version`.
    pub fn offers(&self, resource_type: &str, version: &str) -> bool {
        self.0
            .get(&resource_type.to_lowercase())
            .is_some_and(|offer| offer.versions.iter().any(|offered| offered.eq_ignore_ascii_case(version)))
    }

    /// The regions of `resource_type` as canonical names; empty when the service did not tell.
    pub fn locations(&self, resource_type: &str) -> Vec<String> {
        let offer = self.0.get(&resource_type.to_lowercase());
        offer
            .map(|offer| offer.locations.iter().map(|name| canonical_location(name)).collect())
            .unwrap_or_default()
    }

    /// What is offered of the types of `row`, in words.
    pub(super) fn told(&self, row: &ProfileRow) -> String {
        let types = row.offered.iter().flat_map(|offered| offered.types);
        let told: Vec<String> = types
            .map(|name| match self.0.get(&name.to_lowercase()) {
                Some(offer) if !offer.versions.is_empty() => format!("{name} {}", offer.versions.join(", ")),
                _ => format!("{name} not at all"),
            })
            .collect();
        told.join("; ")
    }
}

/// A region's name as ARM compares it: `East US 2` is `eastus2`.
pub fn canonical_location(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

/// The requests whose replies make the [`Offers`] that `dialects` are chosen by.
pub fn offer_requests(answers: &Answers, dialects: &[&'static Dialect]) -> Vec<Request> {
    let mut providers: Vec<&str> = dialects
        .iter()
        .flat_map(|dialect| dialect.profiles)
        .flat_map(|row| row.offered)
        .flat_map(|offered| offered.types)
        .filter_map(|name| name.split_once('/').map(|(provider, _)| provider))
        .collect();
    providers.sort_unstable();
    providers.dedup();
    providers
        .into_iter()
        .map(|provider| {
            let path = format!("{}/providers/{provider}", answers.subscription_id());
            let host = answers.cloud.resource_manager.clone();
            Request::new(Method::Get, Auth::ResourceManager, host, path, PROVIDERS_VERSION)
        })
        .collect()
}
