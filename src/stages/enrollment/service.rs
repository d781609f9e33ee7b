//! Requests to the DPS service plane, and the key that signs them (contract preview-2025, 7a and 7b).

use crate::domain::{Answers, Auth, Method, Pick, Request, Text};
use crate::stages::build::arm;
use crate::stages::dialect::Profile;

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
