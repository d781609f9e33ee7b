//! Tests of the catalogue: every code of the contracts' tables leads to an entry, and the closest condition wins.

use std::collections::BTreeSet;

use super::{Explained, entries, explain, find};
use crate::domain::{ErrorKind, Exit, Fault, ServiceError};

fn error(kind: ErrorKind, status: Option<u16>, code: &str, message: &str) -> ServiceError {
    let code = (!code.is_empty()).then(|| code.to_owned());
    ServiceError { status, code, ..ServiceError::local(kind, message) }
}

fn key(kind: ErrorKind, status: u16, code: &str, message: &str) -> Option<&'static str> {
    find(&error(kind, Some(status), code, message)).map(|entry| entry.key)
}

#[test]
fn entries_are_whole_and_told_apart() {
    let mut keys = BTreeSet::new();
    for entry in entries() {
        assert!(keys.insert(entry.key), "{} stands twice", entry.key);
        assert!(entry.key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", entry.key);
        assert!(!entry.matches.is_empty() && !entry.places.is_empty(), "{} fits nothing", entry.key);
        for text in [entry.meaning, entry.remedy, entry.source, entry.reaction.told()] {
            assert!(text.len() > 4, "{}: a text is missing", entry.key);
            assert!(
                !text.contains("  ") && !text.ends_with('.') && !text.contains('!'),
                "{}: {text}",
                entry.key
            );
        }
        for code in entry.matches.iter().flat_map(|condition| condition.codes()) {
            assert!(!code.trim().is_empty(), "{} has an empty code", entry.key);
        }
    }
}

/// The codes of contract preview-2025 (1.3 and the stages), contract links-2026 (section 9 and the stages), field notes 4.2,
/// and the sign-in codes that are asked for; written from them by hand.
const OF_THE_TABLES: &[(&str, &str)] = &[
    // preview-2025, 1.3
    ("MissingSubscriptionRegistration", "provider-not-registered"),
    ("AuthorizationFailed", "not-permitted"),
    ("AnotherOperationInProgress", "busy"),
    ("LocationNotAvailableForResourceType", "region-not-offered"),
    ("ParentResourceNotFound", "parent-missing"),
    // preview-2025, stages
    ("InvalidResourceGroupLocation", "group-elsewhere"),
    ("Request_ResourceNotFound", "app-not-in-tenant"),
    ("RoleAssignmentExists", "role-exists"),
    ("PrincipalNotFound", "principal-not-found"),
    ("RoleAssignmentUpdateNotPermitted", "role-assignment-bound"),
    ("RoleDefinitionWithSameNameExists", "role-name-taken"),
    ("InvalidActionOrNotAction", "role-refused"),
    ("RoleDefinitionDoesNotExist", "role-not-known-yet"),
    ("RoleDefinitionHasAssignments", "role-in-use"),
    ("CredentialQuotaExceeded", "credential-quota"),
    ("400913", "grant-not-effective"),
    ("IH400913", "grant-not-effective"),
    ("ResourceNotFound", "not-found"),
    // links-2026, section 9
    ("AdrMiNotAuthorized", "roles-not-replicated"),
    ("LinkableResourceNotReady", "roles-not-replicated"),
    ("LinkInitiateFailed", "roles-not-replicated"),
    ("NamespaceMiTokenAcquisitionFailed", "roles-not-replicated"),
    ("OutboundIdentityUnavailable", "roles-not-replicated"),
    ("ResourceProvisioningInProgress", "namespace-settling"),
    ("ResourceProvisioningFailed", "namespace-failed"),
    ("EndpointUsedByNestedDevices", "namespace-ghost"),
    ("PolicyRequiresIssuingCa", "policy-under-root"),
    ("IH400158", "identity-at-creation-only"),
    ("IH409313", "hub-list-owned"),
    ("400004", "enrollment-refused"),
    ("403000", "dps-not-authorized"),
    ("401001", "hub-not-active"),
    ("DisallowedResourceOperation", "model-closed"),
    ("ADRLinkingFailed", "link-failed"),
    ("ServerBusy", "azure-could-not-answer"),
    ("ServerTimeout", "azure-could-not-answer"),
    ("ServiceUnavailable", "azure-could-not-answer"),
    // field notes, 4.2
    ("RequestDisallowedByPolicy", "policy-denies"),
    ("IH400307", "name-taken"),
    ("404002", "hub-not-active"),
    ("IH400303", "already-linked"),
    ("401003", "signature-refused"),
    ("Canceled", "operation-cancelled"),
    ("Cancelled", "operation-cancelled"),
    ("Conflict", "conflict"),
    // preflight
    ("ScopeLocked", "locked"),
    ("DenyAssignmentAuthorizationFailed", "denied-by-assignment"),
    // sign-in
    ("AADSTS50034", "account-unknown"),
    ("AADSTS50053", "account-locked"),
    ("AADSTS50055", "password-expired"),
    ("AADSTS50057", "account-disabled"),
    ("AADSTS50076", "mfa-needed"),
    ("AADSTS50079", "mfa-not-set-up"),
    ("AADSTS50105", "not-assigned"),
    ("AADSTS50126", "password-wrong"),
    ("AADSTS50173", "sign-in-revoked"),
    ("AADSTS53000", "device-not-managed"),
    ("AADSTS53003", "conditional-access"),
    ("AADSTS65001", "consent-needed"),
    ("AADSTS70008", "sign-in-expired"),
    ("AADSTS70011", "scope-refused"),
    ("AADSTS70043", "sign-in-expired"),
    ("AADSTS700016", "app-unknown"),
    ("AADSTS700024", "assertion-expired"),
    ("AADSTS700027", "certificate-refused"),
    ("AADSTS700082", "sign-in-expired"),
    ("AADSTS7000215", "secret-wrong"),
    ("AADSTS7000222", "secret-expired"),
    ("AADSTS90002", "tenant-unknown"),
    ("AADSTS900023", "tenant-unknown"),
    ("AADSTS530003", "device-not-managed"),
];

#[test]
fn every_code_of_the_tables_is_explained() {
    for (code, key) in OF_THE_TABLES {
        for typed in [(*code).to_owned(), code.to_lowercase(), format!(" `{code}` ")] {
            match explain(&typed) {
                Explained::Known(found) => {
                    assert!(found.iter().any(|entry| entry.key == *key), "{typed} leads to {found:?}");
                }
                Explained::Unknown(_) => panic!("{typed} is not known"),
            }
        }
    }
}

#[test]
fn a_code_goes_before_a_sign_and_a_sign_before_a_status() {
    use ErrorKind::{Auth, Conflict, Forbidden, NotFound, Refused, Service, Throttled};
    let cases = [
        (Refused, 400, "PrincipalNotFound", "x", "principal-not-found"),
        (Refused, 400, "BadRequest", "Principal 1 does not exist in the directory 2.", "principal-not-found"),
        (
            Refused,
            400,
            "BadRequest",
            "IH400913: it does not have the required DeviceRegistry permissions",
            "grant-not-effective",
        ),
        (Refused, 400, "IH400913", "no", "grant-not-effective"),
        // The cause stands in a nested error, which the message names.
        (Conflict, 409, "Conflict", "x; RequestDisallowedByPolicy: tags", "policy-denies"),
        (Conflict, 409, "Conflict", "the hub is in transition", "busy"),
        (Conflict, 409, "Conflict", "x", "conflict"),
        (Conflict, 412, "Conflict", "x", "changed-meanwhile"),
        (Conflict, 409, "MissingSubscriptionRegistration", "x", "provider-not-registered"),
        (Forbidden, 403, "AuthorizationFailed", "x", "not-permitted"),
        (Forbidden, 403, "AuthorizationFailed", "because of the deny assignment 1", "denied-by-assignment"),
        (Refused, 200, "AuthorizationFailed", "x", "roles-not-replicated"),
        (Refused, 200, "LinkableResourceNotReady", "the hub is in state Creating", "link-target-unfinished"),
        (Refused, 400, "400004", "the namespace is not known", "namespace-unknown-to-dps"),
        (Refused, 400, "400004", "the api-version is not supported", "version-not-served"),
        (Refused, 400, "400004", "no", "enrollment-refused"),
        (Forbidden, 403, "403000", "no", "dps-not-authorized"),
        // Never a bare number in a text.
        (Forbidden, 403, "", "see 400913", "forbidden"),
        (NotFound, 404, "", "", "not-found"),
        (NotFound, 404, "Request_ResourceNotFound", "", "app-not-in-tenant"),
        (Throttled, 429, "Whatever", "", "throttled"),
        (Service, 503, "Whatever", "", "azure-could-not-answer"),
        (Refused, 200, "Whatever", "", "operation-failed"),
        (Auth, 401, "ExpiredAuthenticationToken", "", "token-refused"),
        (Auth, 400, "invalid_grant", "AADSTS700082: The refresh token has expired.", "sign-in-expired"),
        (Auth, 400, "", "sign-in by x failed: AADSTS70008: expired", "sign-in-expired"),
        (Auth, 400, "invalid_grant", "AADSTS50076: x", "mfa-needed"),
        (Auth, 400, "invalid_client", "nothing more", "sign-in-needed"),
    ];
    for (kind, status, code, message, wanted) in cases {
        assert_eq!(key(kind, status, code, message), Some(wanted), "{status} {code} {message}");
    }
}

#[test]
fn an_unknown_code_is_told_as_unknown_with_the_ids_to_quote() {
    for (kind, status) in [(ErrorKind::Refused, 400), (ErrorKind::Conflict, 409), (ErrorKind::Forbidden, 403)]
    {
        let mut error = error(kind, Some(status), "SomethingOfItsOwn", "no");
        error.request_id = Some("r-1".to_owned());
        error.correlation_id = Some("c-1".to_owned());
        let fault = Fault::from(&error);
        assert!(fault.means.as_deref().is_some_and(|means| means.contains("SomethingOfItsOwn")), "{fault:?}");
        assert!(fault.remedy.contains("quote"), "{fault:?}");
        assert_eq!(
            (fault.request_id.as_deref(), fault.correlation_id.as_deref()),
            (Some("r-1"), Some("c-1"))
        );
    }
    let unknown = Fault::from(&error(ErrorKind::Refused, Some(400), "SomethingOfItsOwn", "no"));
    assert_eq!((unknown.key, unknown.exit), (None, Exit::Failed));
    let known = Fault::from(&error(ErrorKind::Conflict, Some(409), "Conflict", "no"));
    assert!(!known.means.unwrap_or_default().contains("does not know"));
}

#[test]
fn a_fault_carries_the_key_and_older_journals_are_read() {
    let fault = Fault::from(&error(ErrorKind::Refused, Some(400), "PrincipalNotFound", "no"));
    assert_eq!(fault.key.as_deref(), Some("principal-not-found"));
    let mut written = serde_json::to_value(&fault).expect("a fault is written");
    assert_eq!(written["key"], "principal-not-found");
    written.as_object_mut().expect("an object").remove("key");
    let read: Fault = serde_json::from_value(written).expect("a fault of before is read");
    assert_eq!(read, Fault { key: None, ..fault });
    let local = serde_json::to_value(Fault::new("says", "remedy")).expect("a fault is written");
    assert!(local.get("key").is_none(), "{local}");
}

#[test]
fn kinds_lead_to_their_exit_codes() {
    for (kind, exit) in [
        (ErrorKind::NotSent, Exit::NotReached),
        (ErrorKind::Lost, Exit::NotReached),
        (ErrorKind::Throttled, Exit::Failed),
        (ErrorKind::Conflict, Exit::Failed),
        (ErrorKind::NotFound, Exit::Failed),
        (ErrorKind::Auth, Exit::SignIn),
        (ErrorKind::Forbidden, Exit::NotPermitted),
        (ErrorKind::Refused, Exit::Failed),
        (ErrorKind::Service, Exit::Failed),
        (ErrorKind::NotAzure, Exit::NotReached),
        (ErrorKind::Cancelled, Exit::Failed),
        (ErrorKind::StillRunning, Exit::Left),
        (ErrorKind::Left, Exit::Left),
    ] {
        assert_eq!(Fault::from(&ServiceError::local(kind, "x")).exit, exit, "{kind:?}");
    }
}

#[test]
fn what_is_typed_is_found_as_people_type_it() {
    let keys = |typed: &str| match explain(typed) {
        Explained::Known(found) => found.iter().map(|entry| entry.key).collect::<Vec<_>>(),
        Explained::Unknown(_) => Vec::new(),
    };
    for typed in ["AADSTS50076", "aadsts50076", "50076"] {
        assert_eq!(keys(typed), ["mfa-needed"]);
    }
    for typed in ["429", "HTTP 429", "http429", "HTTP/429"] {
        assert_eq!(keys(typed), ["throttled"], "{typed}");
    }
    assert_eq!(keys("412"), ["changed-meanwhile"]);
    assert_eq!(keys("HTTP 407"), ["proxy-sign-in"]);
    assert_eq!(keys("503"), ["azure-could-not-answer"]);
    assert_eq!(keys("principal-not-found"), ["principal-not-found"]);
    assert_eq!(keys("400004").len(), 3, "one code, three meanings");
    assert_eq!(keys("AuthorizationFailed").len(), 3);
    for (typed, near) in [
        ("PrincipalNotFund", "PrincipalNotFound"),
        ("AADSTS50077", "AADSTS50076"),
        ("Quota", "QuotaExceeded"),
    ] {
        match explain(typed) {
            Explained::Unknown(nearest) => assert!(nearest.contains(&near), "{typed}: {nearest:?}"),
            Explained::Known(found) => panic!("{typed} is {found:?}"),
        }
    }
    for odd in ["", " ", "\u{1b}[2J", "é", "IHé", "AADSTS", "999999999999", &"x".repeat(100_000)] {
        assert!(matches!(explain(odd), Explained::Unknown(_)), "{odd:.20}");
    }
}
