//! Are the providers registered in the subscription, and do they offer every type in the region that it is wanted in
//! (contract preview-2025, P3 and 2.2; contract links-2026, section 4)?

use super::needs::{At, Creation, GROUP_TYPE, creations, running};
use super::permissions::{allows, granted, missing};
use super::{Check, Finding, Missing, Subject};
use crate::domain::{Exit, Method, Moves, Replay, Reply, StepId};
use crate::stages::offers::{Offers, PROVIDERS_VERSION, canonical_location};

const REGISTRATION: &str = "registration";
const REGIONS: &str = "regions";

/// One check for each provider of what would be made.
pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let mut providers: Vec<(String, Vec<Creation>)> = Vec::new();
    for creation in creations(subject).into_iter().filter(|creation| creation.kind != GROUP_TYPE) {
        match providers.iter_mut().find(|(name, _)| name == creation.provider()) {
            Some((_, made)) => made.push(creation),
            None => providers.push((creation.provider().to_owned(), vec![creation])),
        }
    }
    providers
        .into_iter()
        .map(|(name, made)| {
            Check::new(REGISTRATION, format!("Provider {name}"), move |replay| {
                provider(subject, &name, &made, replay)
            })
        })
        .collect()
}

fn provider(
    subject: &Subject<'_>,
    name: &str,
    made: &[Creation],
    replay: &mut Replay<'_>,
) -> Moves<Vec<Finding>> {
    let path = format!("{}/providers/{name}", subject.answers.subscription_id());
    let title = format!("Provider {name}");
    let reply = match replay.read(&subject.get(path, PROVIDERS_VERSION))? {
        Ok(reply) => reply,
        Err(error) => return Ok(vec![Finding::refused(REGISTRATION, &title, error)]),
    };
    Ok(vec![registration(subject, name, made, reply, replay)?, regions(made, reply)])
}

fn registration(
    subject: &Subject<'_>,
    name: &str,
    made: &[Creation],
    reply: &Reply,
    replay: &mut Replay<'_>,
) -> Moves<Finding> {
    let title = format!("Provider {name}");
    let steps: Vec<StepId> = made.iter().map(|creation| creation.step.clone()).collect();
    let Some(state) = reply.text("/registrationState") else {
        return Ok(Finding::not_checked(REGISTRATION, &title, "Azure did not say whether it is registered"));
    };
    if state.eq_ignore_ascii_case("Registered") {
        return Ok(Finding::passed(REGISTRATION, &title, "registered"));
    }
    if state.eq_ignore_ascii_case("Registering") {
        let says = "being registered; the first step that needs it waits until it is";
        return Ok(Finding::warned(REGISTRATION, &title, says).at(steps));
    }
    let action = format!("{name}/register/action");
    let by_hand =
        format!("have somebody run `az provider register --namespace {name}`, which takes a minute");
    let Ok((scope, blocks)) = granted(subject, At::Subscription, replay)? else {
        let says =
            format!("not registered in the subscription ({state}); whether you may register it is not known");
        return Ok(Finding::warned(REGISTRATION, &title, says)
            .remedied("register-provider", by_hand)
            .at(steps));
    };
    if allows(&blocks, &action) && is_registered_by_a_step(subject, name) {
        let says = format!(
            "not registered in the subscription ({state}); the first step that needs it registers it, which takes a \
             minute or two and stays so"
        );
        let remedy = format!("nothing; or run `az provider register --namespace {name}` before");
        return Ok(Finding::warned(REGISTRATION, &title, says)
            .remedied("register-provider", remedy)
            .at(steps));
    }
    let says = format!("not registered in the subscription ({state}), and you may not do {action}");
    let lacking = Missing { action, scope, steps: steps.clone() };
    let finding = Finding::stops(REGISTRATION, &title, Exit::NotPermitted, says);
    Ok(missing(finding, vec![lacking]).remedied("register-provider", by_hand))
}

/// True when a running step sends the registration itself.
fn is_registered_by_a_step(subject: &Subject<'_>, name: &str) -> bool {
    let path = format!("/providers/{name}/register").to_lowercase();
    let mut planned = running(subject).flat_map(|step| &step.planned);
    planned.any(|planned| {
        planned.request.method == Method::Post
            && planned.request.path.to_string().to_lowercase().ends_with(&path)
    })
}

fn regions(made: &[Creation], reply: &Reply) -> Finding {
    let title = "Regions";
    let mut offers = Offers::default();
    offers.take(reply);
    let (mut offered, mut refused) = (Vec::new(), Vec::new());
    for creation in made {
        let locations = offers.locations(&creation.kind);
        // A type that tells no region, or is not listed, lies where its parent does.
        if locations.is_empty() || locations.contains(&canonical_location(&creation.location)) {
            let told = format!("{} in {}", creation.provider(), creation.location);
            if !locations.is_empty() && !offered.contains(&told) {
                offered.push(told);
            }
        } else {
            refused.push((creation, locations));
        }
    }
    if refused.is_empty() && offered.is_empty() {
        return Finding::not_checked(REGIONS, title, "Azure did not say where it is offered");
    }
    if refused.is_empty() {
        return Finding::passed(REGIONS, title, format!("offered where you want it: {}", offered.join(", ")));
    }
    let says = refused
        .iter()
        .map(|(creation, _)| format!("{} is not offered in `{}`", creation.kind, creation.location));
    let mut remedies: Vec<String> = Vec::new();
    for (creation, locations) in &refused {
        let key = if creation.kind.ends_with("/IotHubs") { "hub_location" } else { "location" };
        let remedy = format!("set `{key}` to one of: {}", locations.join(", "));
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    Finding::stops(REGIONS, title, Exit::Usage, says.collect::<Vec<_>>().join("; "))
        .remedied("change-region", remedies.join("; "))
        .at(refused.iter().map(|(creation, _)| creation.step.clone()).collect())
}
