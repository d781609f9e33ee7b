//! Where the form finds answers that exist: lists of the subscription, and the regions that it offers.

use super::build::arm;
use super::dialect::Dialect;
use super::offers::{Offers, PROVIDERS_VERSION, SUBSCRIPTIONS_VERSION};
use crate::domain::{Answers, Method, Request};

/// The subscriptions of the signed-in account ("Subscriptions - List" of the REST reference).
pub fn subscriptions(answers: &Answers) -> Request {
    arm(answers, Method::Get, "/subscriptions", SUBSCRIPTIONS_VERSION)
}

/// The tenants of the signed-in account ("Tenants - List" of the REST reference).
pub fn tenants(answers: &Answers) -> Request {
    arm(answers, Method::Get, "/tenants", SUBSCRIPTIONS_VERSION)
}

/// The groups of the subscription (contract preview-2025, 1a).
pub(super) fn groups(answers: &Answers) -> Request {
    arm(answers, Method::Get, format!("{}/resourcegroups", answers.subscription_id()), PROVIDERS_VERSION)
}

/// The resources of `resource_type` in the group, where there is one, told by Resource Manager: no provider is asked.
pub(super) fn of_type(answers: &Answers, resource_type: &str) -> Request {
    let path = format!("{}/resources", answers.resource_group_id());
    arm(answers, Method::Get, path, PROVIDERS_VERSION)
        .with_query("$filter", format!("resourceType eq '{resource_type}'"))
}

/// The regions in which everything of some dialect that `answers` may come to is offered, as canonical names in order.
pub fn regions(dialects: &[&'static Dialect], answers: &Answers, offers: &Offers) -> Vec<String> {
    let wanted = dialects.iter().filter(|dialect| answers.dialect == "auto" || answers.dialect == dialect.id);
    let mut regions: Vec<String> = wanted
        .flat_map(|dialect| dialect.profiles)
        .filter(|row| {
            row.offered
                .iter()
                .all(|offered| offered.versions.iter().any(|version| offers.offers(offered.first(), version)))
        })
        .flat_map(|row| {
            // A type that names no region is offered in all.
            let mut lists = row
                .offered
                .iter()
                .map(|offered| offers.locations(offered.first()))
                .filter(|list| !list.is_empty());
            let first = lists.next().unwrap_or_default();
            let rest: Vec<Vec<String>> = lists.collect();
            first.into_iter().filter(move |region| rest.iter().all(|list| list.contains(region)))
        })
        .collect();
    regions.sort_unstable();
    regions.dedup();
    regions
}
