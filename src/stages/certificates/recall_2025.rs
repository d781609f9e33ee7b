//! What `preview-2025` reads back of credential and policy.

use serde_json::Value;

use crate::domain::{Method, Moves, Replay};
use crate::stages::build::{arm, text};
use crate::stages::namespace::id::namespace_id;
use crate::stages::recall::Recollection;

/// On where there is a credential. None says little: it may be left out or not made yet; the enrollment group decides.
pub fn credential(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let all = ["certificates.enabled", "certificates.policy", "certificates.leaf_days"];
    if recollection.is_unread("namespace.name") {
        for key in all {
            recollection.unread(key, "it stands in the namespace, which was not found");
        }
        return Ok(());
    }
    let answers = &recollection.answers;
    let version = recollection.profile.version("Microsoft.DeviceRegistry/namespaces");
    let path = format!("{}/credentials/default", namespace_id(answers));
    let list = arm(answers, Method::Get, format!("{path}/policies"), version);
    let look = arm(answers, Method::Get, path, version);
    if let Err(why) = recollection.look(replay, &look)? {
        let why = format!("the namespace's credential tells whether certificates are on, and {why}");
        for key in all {
            recollection.unread(key, &why);
        }
        return Ok(());
    }
    recollection.take("certificates.enabled", "on");
    let why = match recollection.list(replay, &list)? {
        Ok(policies) => match policies.as_slice() {
            [policy] => {
                take_policy(recollection, policy);
                return Ok(());
            }
            [] => "the namespace has no policy yet".to_owned(),
            several => {
                let names: Vec<&str> = several.iter().filter_map(|policy| text(policy, "/name")).collect();
                let why = format!("the namespace has several policies: {}", names.join(", "));
                recollection.doubt(format!("{why}; none was taken"));
                why
            }
        },
        Err(why) => why,
    };
    recollection.unread("certificates.policy", &why);
    recollection.unread("certificates.leaf_days", &why);
    Ok(())
}

fn take_policy(recollection: &mut Recollection<'_>, policy: &Value) {
    recollection.take("certificates.policy", text(policy, "/name").unwrap_or_default());
    let days = policy
        .pointer("/properties/certificate/leafCertificateConfiguration/validityPeriodInDays")
        .and_then(Value::as_u64);
    recollection.take("certificates.leaf_days", &days.unwrap_or_default().to_string());
}
