//! Dialects and profiles as data, the choice between them, and the plan that comes of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::recall::Recall;
use crate::domain::{
    Answers, Auth, Exit, Fault, Field, Method, Plan, PlanError, PlannedStage, Reply, Request, StageId, Step,
};

/// The version of the calls that are made before a profile is chosen: what a provider offers, which groups there are
/// (contract preview-2025, P3 and 1a).
pub(super) const PROVIDERS_VERSION: &str = "2025-04-01";

/// One Azure object model.
pub struct Dialect {
    /// As the setup file names it.
    pub id: &'static str,
    /// The profiles that speak it, the preferred one first.
    pub profiles: &'static [Profile],
    /// Headings with their steps, in the order of the screen.
    pub stages: &'static [&'static Stage],
    /// The same stages in the order of the way back.
    pub way_back: &'static [&'static Stage],
}

/// One set of API versions of a dialect.
pub struct Profile {
    pub id: &'static str,
    pub name: &'static str,
    /// `Provider/type` and the version that must be offered.
    pub offered: &'static [(&'static str, &'static str)],
    /// Types whose version is not chosen by what is offered.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether a credential's policy has a region and tags of its own.
    pub policies_are_tracked: bool,
}

impl Profile {
    /// The api-version of `resource_type`, which one of the two tables names.
    pub fn version(&self, resource_type: &str) -> &'static str {
        self.offered
            .iter()
            .chain(self.fixed)
            .find(|(name, _)| name.eq_ignore_ascii_case(resource_type))
            .map_or("", |(_, version)| version)
    }

    /// All versions by resource type, as the journal keeps them.
    pub fn versions(&self) -> BTreeMap<String, String> {
        self.offered
            .iter()
            .chain(self.fixed)
            .map(|(name, version)| ((*name).into(), (*version).into()))
            .collect()
    }
}

/// One heading with what it asks and what it does.
pub struct Stage {
    pub id: StageId,
    pub heading: &'static str,
    /// What the form asks for this stage.
    pub fields: &'static [Field],
    /// The steps, in the order of the screen; none when the answers leave the stage out.
    pub steps: fn(&Answers, &Profile) -> Vec<Step>,
    /// How its answers are read back from what is there.
    pub recall: Recall,
    /// The steps of the way back, whatever the answers left out: what an earlier run made is found all the same.
    pub teardown: fn(&Answers, &Profile) -> Vec<Step>,
    /// What stays whatever happens, each with the reason.
    pub stays: &'static [(&'static str, &'static str)],
}

/// What the subscription's providers offer: versions and regions by `provider/type`, lower case.
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

    fn offers(&self, resource_type: &str, version: &str) -> bool {
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

    /// What is offered of the types of `profile`, in words.
    fn told(&self, profile: &Profile) -> String {
        let told: Vec<String> = profile
            .offered
            .iter()
            .map(|(name, _)| match self.0.get(&name.to_lowercase()) {
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

/// What was chosen, and why in one line.
#[derive(Clone)]
pub struct Selection {
    pub dialect: &'static Dialect,
    pub profile: &'static Profile,
    pub because: String,
}

/// The requests whose replies make the [`Offers`] that `dialects` are chosen by.
pub fn offer_requests(answers: &Answers, dialects: &[&'static Dialect]) -> Vec<Request> {
    let mut providers: Vec<&str> = dialects
        .iter()
        .flat_map(|dialect| dialect.profiles)
        .flat_map(|profile| profile.offered)
        .filter_map(|(name, _)| name.split_once('/').map(|(provider, _)| provider))
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

/// What a setup was begun with: it is spoken to its end (design, section 3.3).
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Id of the dialect.
    pub dialect: &'a str,
    /// Id of the profile.
    pub profile: &'a str,
}

/// Goes on with what a setup was begun with, as long as that is offered.
fn keep(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
    kept: Kept<'_>,
) -> Result<Selection, Box<Fault>> {
    let dialect = dialects.iter().find(|dialect| dialect.id == kept.dialect);
    let profile =
        dialect.and_then(|dialect| dialect.profiles.iter().find(|profile| profile.id == kept.profile));
    let (Some(dialect), Some(profile)) = (dialect, profile) else {
        let says = format!(
            "the setup was begun in {} {}, which this hubup does not speak",
            kept.dialect, kept.profile
        );
        return Err(Box::new(Fault::new(says, "go on with the hubup that began it").exiting(Exit::Usage)));
    };
    if !profile.offered.iter().all(|(name, version)| offers.offers(name, version)) {
        let says = format!(
            "the setup was begun with {}, which the subscription does not offer any more: it offers {}",
            profile.name,
            offers.told(profile)
        );
        let remedy = "take it down with `hubup destroy` and begin anew, or go on where that is offered";
        return Err(Box::new(Fault::new(says, remedy).exiting(Exit::Usage)));
    }
    check_regions(answers, offers, profile)?;
    let because = format!("kept from the run before, {}", profile.name);
    Ok(Selection { dialect, profile, because })
}

/// Chooses among `dialects` by what the subscription offers (design, section 3.3). The fault of an empty choice names
/// what is offered. A setup that goes on keeps what it was begun with.
pub fn choose(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
    kept: Option<Kept<'_>>,
) -> Result<Selection, Box<Fault>> {
    if let Some(kept) = kept {
        return keep(answers, offers, dialects, kept);
    }
    let selection = spoken(answers, offers, dialects)?;
    check_regions(answers, offers, selection.profile)?;
    Ok(selection)
}

/// What the answers want and the subscription offers, wherever things lie: enough to look with.
pub(super) fn spoken(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
) -> Result<Selection, Box<Fault>> {
    let wanted: Vec<_> = dialects
        .iter()
        .filter(|dialect| answers.dialect == "auto" || answers.dialect == dialect.id)
        .collect();
    for dialect in &wanted {
        for profile in dialect.profiles {
            if profile.offered.iter().all(|(name, version)| offers.offers(name, version)) {
                let because = format!(
                    "{} {}: the subscription offers {}",
                    if answers.dialect == "auto" { "chosen by what is offered," } else { "asked for," },
                    profile.name,
                    profile
                        .offered
                        .iter()
                        .map(|(name, version)| format!(
                            "{} {version}",
                            name.rsplit('/').next().unwrap_or(name)
                        ))
                        .collect::<Vec<_>>()
                        .join(", ")
                );
                return Ok(Selection { dialect, profile, because });
            }
        }
    }
    let told = wanted.first().and_then(|dialect| dialect.profiles.first());
    let offered = told.map(|profile| offers.told(profile)).unwrap_or_default();
    let spoken: Vec<_> = wanted
        .iter()
        .flat_map(|dialect| dialect.profiles)
        .map(|profile| {
            let versions: Vec<_> =
                profile.offered.iter().map(|(name, version)| format!("{name} {version}")).collect();
            format!("{} ({})", profile.name, versions.join(", "))
        })
        .collect();
    Err(Box::new(
        Fault::new(
            format!("the subscription offers nothing that hubup speaks: it offers {offered}"),
            format!("use a subscription that offers one of: {}", spoken.join("; ")),
        )
        .meaning("the preview API versions of these resource types are not, or no longer, offered here")
        .exiting(Exit::Usage),
    ))
}

fn check_regions(answers: &Answers, offers: &Offers, profile: &Profile) -> Result<(), Box<Fault>> {
    for (name, _) in profile.offered {
        let locations = offers.locations(name);
        // Only the hub may lie apart from the rest (contract preview-2025, 2.2).
        let is_hub = name.ends_with("/IotHubs");
        let (key, wanted) =
            if is_hub { ("hub_location", &answers.hub_location) } else { ("location", &answers.location) };
        if !locations.is_empty() && !locations.contains(&canonical_location(wanted)) {
            return Err(Box::new(
                Fault::new(
                    format!("{name} is not offered in `{wanted}`"),
                    format!("set `{key}` to one of: {}", locations.join(", ")),
                )
                .exiting(Exit::Usage),
            ));
        }
    }
    Ok(())
}

/// The plan of `dialect` for `answers`; stages without steps are left out.
pub fn plan(dialect: &Dialect, profile: &Profile, answers: &Answers) -> Result<Plan, PlanError> {
    planned(dialect.stages, |stage| (stage.steps)(answers, profile))
}

/// The plan that takes away what the plan of `dialect` for `answers` makes.
pub fn teardown_plan(dialect: &Dialect, profile: &Profile, answers: &Answers) -> Result<Plan, PlanError> {
    planned(dialect.way_back, |stage| (stage.teardown)(answers, profile))
}

fn planned(stages: &[&'static Stage], steps: impl Fn(&Stage) -> Vec<Step>) -> Result<Plan, PlanError> {
    let stages = stages
        .iter()
        .map(|stage| PlannedStage {
            id: stage.id.clone(),
            heading: stage.heading.to_owned(),
            steps: steps(stage),
        })
        .filter(|stage| !stage.steps.is_empty())
        .collect();
    Plan::new(stages)
}

/// What a teardown never takes away, each with the reason.
pub fn stays(dialect: &Dialect) -> impl Iterator<Item = (&'static str, &'static str)> {
    dialect.way_back.iter().flat_map(|stage| stage.stays).copied()
}
