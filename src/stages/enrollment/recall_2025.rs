//! What is read back of enrollment: the group, asked of the DPS service plane (contract preview-2025, section 9), and what
//! it says about certificates.

use serde_json::Value;

use crate::domain::{Certificates, Method, Moves, Replay, object};
use crate::stages::build::{same, text};
use crate::stages::dps;
use crate::stages::dps::id::dps_id;
use crate::stages::enrollment::service::{service_keys, signed};
use crate::stages::recall::{Recollection, reason};

/// A service holds that many groups at most (contract preview-2025, section 9).
const MOST_GROUPS: &str = "100";

/// The enrollment group of `preview-2025`.
pub fn group(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    named(recollection, replay, "/credentialPolicyName", &["certificates.policy", "certificates.leaf_days"])
}

/// The enrollment group, which names its policy at `policy`; `about` are the answers that certificates decide.
pub(super) fn named(
    recollection: &mut Recollection<'_>,
    replay: &mut Replay<'_>,
    policy: &str,
    about: &[&'static str],
) -> Moves<()> {
    let groups = match groups(recollection, replay)? {
        Ok(groups) => groups,
        Err(why) => {
            recollection.unread("enrollment.group", &why);
            return Ok(());
        }
    };
    let with_key: Vec<&Value> =
        groups.iter().filter(|group| text(group, "/attestation/type") == Some("symmetricKey")).collect();
    let id = |group: &Value| text(group, "/enrollmentGroupId").unwrap_or_default().to_owned();
    // Other groups may have been added since; the one that hubup names by itself is hubup's.
    let usual =
        with_key.iter().find(|group| same(&id(group), &recollection.answers.enrollment_group)).copied();
    let chosen = match (with_key.as_slice(), usual) {
        ([one], _) => one,
        ([], _) => {
            let why = "the provisioning service has no enrollment group with a symmetric key yet";
            recollection.unread("enrollment.group", why);
            return Ok(());
        }
        (several, usual) => {
            let names: Vec<String> = several.iter().map(|group| id(group)).collect();
            let why = format!("the provisioning service has several enrollment groups: {}", names.join(", "));
            let Some(usual) = usual else {
                recollection.doubt(format!("{why}; none was taken"));
                recollection.unread("enrollment.group", &why);
                return Ok(());
            };
            recollection.doubt(format!("{why}; the one that hubup names by itself was taken"));
            usual
        }
    };
    recollection.take("enrollment.group", &id(chosen));
    tell_of_certificates(recollection, text(chosen, policy), about);
    Ok(())
}

/// A group names its policy exactly when certificates are on.
fn tell_of_certificates(recollection: &mut Recollection<'_>, policy: Option<&str>, about: &[&'static str]) {
    match policy.filter(|policy| !policy.is_empty()) {
        Some(policy) if recollection.is_unread("certificates.policy") => {
            recollection.take("certificates.enabled", "on");
            recollection.take("certificates.policy", policy);
        }
        Some(policy) if !same(policy, &recollection.answers.policy) => {
            recollection.doubt(format!("the enrollment group names another policy, {policy}"));
        }
        None if recollection.is_unread("certificates.enabled") => {
            recollection.take("certificates.enabled", "off");
            for key in about {
                recollection.needless(key);
            }
        }
        None if recollection.answers.certificates != Certificates::Off => {
            recollection.doubt("certificates are on, and the enrollment group names no policy".to_owned());
        }
        Some(_) | None => {}
    }
}

fn groups(recollection: &Recollection<'_>, replay: &mut Replay<'_>) -> Moves<Result<Vec<Value>, String>> {
    let answers = &recollection.answers;
    let Some(host) = recollection.known.get(&dps::CREATE, "serviceOperationsHostName") else {
        return Ok(Err(
            "it stands in the provisioning service, which was not found or has no host yet".to_owned()
        ));
    };
    let keys = service_keys(answers, &recollection.profile, dps_id(answers).into());
    if let Err(why) = recollection.look(replay, &keys)? {
        return Ok(Err(format!("asking for it takes a key of the provisioning service, and {why}")));
    }
    // A POST that only reads ("Enrollment Group - Query" of the service's REST reference).
    let query =
        signed(&recollection.profile, Method::Post, host.into(), "/enrollmentGroups/query".to_owned())
            .asking()
            .with_header("x-ms-max-item-count", MOST_GROUPS)
            .with_body(object([("query", "SELECT * FROM enrollmentGroups".into())]));
    // Whatever befalls this host says nothing of Resource Manager.
    Ok(match replay.read(&query)? {
        Ok(reply) => match reply.body.as_array() {
            Some(groups) => Ok(groups.clone()),
            None => Err("the provisioning service answered without a list of groups".to_owned()),
        },
        Err(error) => Err(format!("the provisioning service does not tell: {}", reason(error))),
    })
}
