//! What `links-2026` reads back of authorities and policy.

use serde_json::Value;

use crate::domain::{Method, Moves, Replay};
use crate::stages::build::{arm, same, text};
use crate::stages::namespace::id::namespace_id;
use crate::stages::recall::Recollection;

const KEYS: [&str; 5] = [
    "certificates.enabled",
    "certificates.root_ca",
    "certificates.issuing_ca",
    "certificates.policy",
    "certificates.leaf_days",
];

/// On where there are authorities. None says little: they may be left out or not made yet; the enrollment group decides.
pub fn authorities(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    if recollection.is_unread("namespace.name") {
        for key in KEYS {
            recollection.unread(key, "it stands in the namespace, which was not found");
        }
        return Ok(());
    }
    let version = recollection.profile.version("Microsoft.DeviceRegistry/namespaces").to_owned();
    let path = format!("{}/certificateAuthorities", namespace_id(&recollection.answers));
    let list = arm(&recollection.answers, Method::Get, path.clone(), &version);
    let found = match recollection.list(replay, &list)? {
        Ok(found) if !found.is_empty() => found,
        Ok(_) => {
            for key in KEYS {
                recollection.unread(key, "the namespace has no certificate authority");
            }
            return Ok(());
        }
        Err(why) => {
            let why = format!("the namespace's authorities tell whether certificates are on, and {why}");
            for key in KEYS {
                recollection.unread(key, &why);
            }
            return Ok(());
        }
    };
    recollection.take("certificates.enabled", "on");
    let of = |kind: &str| -> Vec<Value> {
        let is = |value: &&Value| {
            text(value, "/properties/certificateAuthorityType").is_some_and(|found| same(found, kind))
        };
        found.iter().filter(is).cloned().collect()
    };
    take_one(recollection, "certificates.root_ca", "root authority", &of("Root"));
    let issuing = take_one(recollection, "certificates.issuing_ca", "issuing authority", &of("ICA"));
    let Some(issuing) = issuing else {
        for key in ["certificates.policy", "certificates.leaf_days"] {
            recollection.unread(key, "it stands below the issuing authority, which was not found");
        }
        return Ok(());
    };
    let list =
        arm(&recollection.answers, Method::Get, format!("{path}/{issuing}/certificatePolicies"), &version);
    match recollection.list(replay, &list)? {
        Ok(policies) => {
            take_one(recollection, "certificates.policy", "policy", &policies);
            let days = policies.first().and_then(|policy| {
                policy.pointer("/properties/certificate/validityPeriodInDays").and_then(Value::as_u64)
            });
            match days.filter(|_| policies.len() == 1) {
                Some(days) => recollection.take("certificates.leaf_days", &days.to_string()),
                None => recollection.unread("certificates.leaf_days", "no one policy tells it"),
            }
        }
        Err(why) => {
            recollection.unread("certificates.policy", &why);
            recollection.unread("certificates.leaf_days", &why);
        }
    }
    Ok(())
}

/// Takes the name of the one of `found`, or of the one among several that hubup names by itself.
fn take_one(
    recollection: &mut Recollection<'_>,
    key: &'static str,
    noun: &str,
    found: &[Value],
) -> Option<String> {
    let names: Vec<&str> = found.iter().filter_map(|value| text(value, "/name")).collect();
    let usual = match key {
        "certificates.root_ca" => recollection.answers.root_ca.clone(),
        "certificates.issuing_ca" => recollection.answers.issuing_ca.clone(),
        _ => recollection.answers.policy.clone(),
    };
    let chosen = match names.as_slice() {
        [one] => Some(*one),
        [] => {
            recollection.unread(key, &format!("the namespace has no {noun} yet"));
            None
        }
        several => {
            let why = format!("the namespace has several of the kind {noun}: {}", several.join(", "));
            let chosen = several.iter().find(|name| same(name, &usual)).copied();
            match chosen {
                Some(_) => recollection.doubt(format!("{why}; the one that hubup names by itself was taken")),
                None => {
                    recollection.doubt(format!("{why}; none was taken"));
                    recollection.unread(key, &why);
                }
            }
            chosen
        }
    };
    let chosen = chosen.map(str::to_owned);
    if let Some(name) = &chosen {
        recollection.take(key, name);
    }
    chosen
}
