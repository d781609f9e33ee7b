//! Requests to the DPS service plane, and the key that signs them (contract preview-2025, 7a and 7b).

use crate::domain::{Answers, Auth, Method, Pick, Request, Text};
use serde_json::Value;

use crate::stages::build::{Difference, Follows, arm, compare};
use crate::stages::dialect::Profile;
use crate::stages::ensure::Verdict;

/// The vault's names for the service key and its policy.
const KEY: &str = "dps key";
const KEY_POLICY: &str = "dps key policy";

/// A request to the service plane at `host`; it is signed with what [`service_keys`] reads.
pub(super) fn signed(profile: &Profile, method: Method, host: Text, path: String) -> Request {
    let auth = Auth::DpsSas { key: KEY.to_owned(), policy: KEY_POLICY.to_owned() };
    Request::new(method, auth, host, path, profile.version("DPS service plane"))
}

/// [`signed`], about the group.
pub(super) fn group_request(answers: &Answers, profile: &Profile, method: Method, host: Text) -> Request {
    signed(profile, method, host, format!("/enrollmentGroups/{}", answers.enrollment_group))
}

/// The read of the key that such requests are signed with; `service` is the id of the provisioning service.
pub(super) fn service_keys(answers: &Answers, profile: &Profile, service: Text) -> Request {
    // A policy whose rights hold both is what the CLI looks for (contract preview-2025, 7a).
    let pick = |field: &str| Pick::KeyWithRights {
        rights: vec!["ServiceConfig".to_owned(), "EnrollmentWrite".to_owned()],
        field: field.to_owned(),
    };
    let version = profile.version("Microsoft.Devices/provisioningServices");
    arm(answers, Method::Post, service.then("/listkeys"), version)
        .capturing(KEY, pick("primaryKey"))
        .capturing(KEY_POLICY, pick("keyName"))
}

/// An update replaces the whole group, its keys with it, and devices hold keys that were derived from them.
pub(super) const WHOLE: Follows = Follows::Never("a group is only replaced as a whole, and its keys with it");

/// Judges what no dialect names differently, after what `differs` already.
pub(super) fn judge_rest(mut differs: Vec<Difference>, value: &Value) -> Verdict {
    // Left out means enabled (specification of the service plane, `provisioningStatus`).
    if value.get("provisioningStatus").is_some() {
        compare(&mut differs, "provisioning status", value, "/provisioningStatus", "enabled", WHOLE);
    }
    compare(&mut differs, "attestation", value, "/attestation/type", "symmetricKey", WHOLE);
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}
