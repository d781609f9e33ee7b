//! Is there room for one more hub, provisioning service and credential (preflight call P10)?
//!
//! Only the first is asked of Azure; the other limits are the documented ones, so they warn and stop nothing.

use serde_json::Value;

use super::needs::{Creation, creations, of_kind};
use super::{Check, Finding, Subject, list};
use crate::domain::{ErrorKind, Exit, Moves, Replay};
use crate::stages::build::{same, text};
use crate::stages::offers::canonical_location;

const ID: &str = "quotas";
const HUB: &str = "Microsoft.Devices/IotHubs";
const DPS: &str = "Microsoft.Devices/provisioningServices";
const NAMESPACE: &str = "Microsoft.DeviceRegistry/namespaces";
const CREDENTIAL: &str = "Microsoft.DeviceRegistry/namespaces/credentials";

/// Provisioning services in one subscription (common knowledge of the service's limits; not verified).
const MOST_SERVICES: usize = 10;
/// Credentials of one tenant in one region (contract preview-2025; one source).
const MOST_CREDENTIALS: usize = 2;
/// Namespaces whose credential is looked for: more would take longer than anybody waits for a check.
const MOST_LOOKS: usize = 10;

pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let creations = creations(subject);
    let mut checks = Vec::new();
    let mut add = |kind: &str, title: &'static str, look: Counted| {
        if let Some(made) = of_kind(&creations, kind).cloned() {
            checks.push(Check::new(ID, title, move |replay| Ok(vec![look(subject, &made, title, replay)?])));
        }
    };
    add(HUB, "Room for an IoT hub", hubs);
    add(DPS, "Room for a provisioning service", services);
    add(CREDENTIAL, "Room for a credential", credentials);
    checks
}

type Counted = fn(&Subject<'_>, &Creation, &'static str, &mut Replay<'_>) -> Moves<Finding>;

fn hubs(
    subject: &Subject<'_>,
    made: &Creation,
    title: &'static str,
    replay: &mut Replay<'_>,
) -> Moves<Finding> {
    let path = format!("{}/providers/Microsoft.Devices/usages", subject.answers.subscription_id());
    let usages = match list(replay, &subject.get(path, &made.version))? {
        Ok(usages) => usages,
        Err(error) => return Ok(Finding::refused(ID, title, &error)),
    };
    let tier = made.content.get("sku").and_then(|sku| text(sku, "/name")).unwrap_or_default();
    let wants_free = tier.to_ascii_uppercase().starts_with('F');
    let mut counts = Vec::new();
    for usage in &usages {
        let name = text(usage, "/name/value").or_else(|| text(usage, "/name")).unwrap_or_default();
        let is_free = name.to_ascii_lowercase().contains("free");
        let number = |key: &str| usage.get(key).and_then(Value::as_u64);
        if let (true, Some(used), Some(limit)) =
            (is_free == wants_free, number("currentValue"), number("limit"))
        {
            counts.push((used, limit));
        }
    }
    let Some((used, limit)) = counts.iter().copied().min_by_key(|(used, limit)| limit.saturating_sub(*used))
    else {
        return Ok(Finding::not_checked(ID, title, "Azure did not say how many are allowed"));
    };
    if used < limit {
        return Ok(Finding::passed(ID, title, format!("{used} of {limit} are used")));
    }
    match replay.read(&subject.get(made.id.clone(), &made.version))? {
        Ok(_) => Ok(Finding::passed(ID, title, format!("{used} of {limit} are used, yours among them"))),
        Err(error) if error.kind == ErrorKind::NotFound => {
            let says = format!("{used} of {limit} are used in this subscription");
            let remedy =
                "delete a hub that nobody needs, use another subscription, or ask Azure support for more";
            let finding = Finding::stops(ID, title, Exit::Failed, says);
            Ok(finding.remedied("raise-quota", remedy).at(vec![made.step.clone()]))
        }
        Err(error) => Ok(Finding::refused(ID, title, error)),
    }
}

fn services(
    subject: &Subject<'_>,
    made: &Creation,
    title: &'static str,
    replay: &mut Replay<'_>,
) -> Moves<Finding> {
    let path = format!("{}/providers/{DPS}", subject.answers.subscription_id());
    let found = match list(replay, &subject.get(path, &made.version))? {
        Ok(found) => found,
        Err(error) => return Ok(Finding::refused(ID, title, &error)),
    };
    let ours = found.iter().any(|service| text(service, "/id").is_some_and(|id| same(id, &made.id)));
    let used = found.len();
    if ours || used < MOST_SERVICES {
        return Ok(Finding::passed(ID, title, format!("{used} of the usual {MOST_SERVICES} are used")));
    }
    let says =
        format!("{used} are used, of the usual {MOST_SERVICES} of a subscription; Azure may refuse one more");
    let remedy = "delete one that nobody needs, use another subscription, or ask Azure support for more";
    Ok(Finding::warned(ID, title, says).remedied("raise-quota", remedy).at(vec![made.step.clone()]))
}

/// Counts the credentials of the region in this subscription; those of other subscriptions of the tenant are not seen.
fn credentials(
    subject: &Subject<'_>,
    made: &Creation,
    title: &'static str,
    replay: &mut Replay<'_>,
) -> Moves<Finding> {
    let path = format!("{}/providers/{NAMESPACE}", subject.answers.subscription_id());
    let found = match list(replay, &subject.get(path, &made.version))? {
        Ok(found) => found,
        Err(error) => return Ok(Finding::refused(ID, title, &error)),
    };
    let region = canonical_location(&made.location);
    let nearby: Vec<&str> = found
        .iter()
        .filter(|namespace| text(namespace, "/location").is_some_and(|at| canonical_location(at) == region))
        .filter_map(|namespace| text(namespace, "/id"))
        .collect();
    let mut used = 0;
    for namespace in nearby.iter().take(MOST_LOOKS) {
        let credential = format!("{namespace}/credentials/default");
        if same(&credential, &made.id) {
            // An own one takes no more room than it has.
            if replay.read(&subject.get(credential, &made.version))?.is_ok() {
                return Ok(Finding::passed(ID, title, "yours is there already"));
            }
            continue;
        }
        used += usize::from(replay.read(&subject.get(credential, &made.version))?.is_ok());
        if used >= MOST_CREDENTIALS {
            let says = format!(
                "{used} are used in {region}, of the usual {MOST_CREDENTIALS} of a tenant; Azure may refuse one more"
            );
            let remedy = "choose another `location`, or delete a credential that nobody needs";
            return Ok(Finding::warned(ID, title, says)
                .remedied("raise-quota", remedy)
                .at(vec![made.step.clone()]));
        }
    }
    if nearby.len() > MOST_LOOKS {
        let says =
            format!("{region} has {} namespaces, of which the first {MOST_LOOKS} were seen", nearby.len());
        return Ok(Finding::not_checked(ID, title, says));
    }
    Ok(Finding::passed(ID, title, format!("{used} of the usual {MOST_CREDENTIALS} are used in {region}")))
}
