//! Shared access signatures against vectors computed apart from this code, and the hosts that get one.

use std::sync::Arc;

use azure_core::credentials::Secret;
use jiff::Timestamp;

use super::cloud::{Cloud, answer, json, options};
use crate::azure::sas::{SasKey, signature};
use crate::azure::{Azure, AzureOptions, Clock, Vault};
use crate::domain::{Auth, CallId, ErrorKind, Method, Outputs, Request};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn key(key: &str) -> SasKey {
    SasKey { key: Secret::new(key.to_owned()), policy: Secret::new("provisioningserviceowner"), now: 0 }
}

#[test]
fn the_signature_matches_a_known_vector() {
    // printf 'my-dps.azure-devices-provisioning.net\n1764000600' | openssl dgst -sha256 -hmac '0123456789abcdef0123456789abcdef' -binary | base64
    let signed = signature("my-dps.azure-devices-provisioning.net", &key(KEY), 1_764_000_600).unwrap();
    assert_eq!(
        signed.secret(),
        "SharedAccessSignature sr=my-dps.azure-devices-provisioning.net&sig=KQAAtalLeDfwYaYBiigeeol87Z7FSsORkCXzNe98IPQ%3D&se=1764000600&skn=provisioningserviceowner"
    );
}

#[test]
fn an_unusable_key_is_refused_without_being_shown() {
    let error = signature("h", &key("not base64 !"), 1).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(!error.message.contains("not base64 !"));
}

fn request(host: &str) -> Request {
    let auth = Auth::DpsSas { key: "dps key".into(), policy: "dps policy".into() };
    Request::new(Method::Get, auth, host, "/enrollmentGroups/g", "2025-07-01-preview")
}

fn vault() -> Vault {
    let vault = Vault::default();
    vault.insert("dps key", Secret::new(KEY));
    vault.insert_open("dps policy", Secret::new("provisioningserviceowner"));
    vault
}

fn at(now: &'static str, cloud: &Arc<Cloud>) -> Azure {
    let clock = Clock::of(move || now.parse::<Timestamp>().unwrap());
    Azure::over(AzureOptions { clock, ..options() }, cloud.clone(), None)
}

#[tokio::test]
async fn calls_are_signed_for_ten_minutes_of_the_services_time() {
    let cloud = Cloud::new(|_| Ok(answer(200, &[("date", "Tue, 24 Nov 2026 10:05:00 GMT")], "{}")));
    let azure = at("2026-11-24T10:00:00Z", &cloud);
    let request = request("my-dps.azure-devices-provisioning.net");
    for _ in 0..2 {
        azure.call(CallId::fresh(), &request, &Outputs::default(), &vault()).await.unwrap();
    }
    let expiries: Vec<_> = cloud
        .all()
        .iter()
        .map(|seen| {
            let signed = seen.header("authorization").unwrap();
            assert!(
                signed.starts_with("SharedAccessSignature sr=my-dps.azure-devices-provisioning.net&sig=")
            );
            assert!(signed.ends_with("&skn=provisioningserviceowner"));
            signed.split("&se=").nth(1).unwrap().split('&').next().unwrap().parse::<i64>().unwrap()
        })
        .collect();
    let ten: Timestamp = "2026-11-24T10:10:00Z".parse().unwrap();
    // The first before the service has told its time, the second after.
    assert_eq!(expiries, [ten.as_second(), ten.as_second() + 300]);
}

#[tokio::test]
async fn only_dps_hosts_of_the_cloud_get_a_signature() {
    let cloud = Cloud::saying(json(200, "{}"));
    let azure = at("2026-11-24T10:00:00Z", &cloud);
    for host in [
        "evil.example",
        "azure-devices-provisioning.net",
        "my-dps.azure-devices-provisioning.net.evil.example",
        "my-dps.azure-devices-provisioning.net:8443",
        "user@my-dps.azure-devices-provisioning.net",
        "management.azure.com",
    ] {
        let error =
            azure.call(CallId::fresh(), &request(host), &Outputs::default(), &vault()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotAzure, "{host}: {error}");
    }
    let missing = request("my-dps.azure-devices-provisioning.net");
    let error =
        azure.call(CallId::fresh(), &missing, &Outputs::default(), &Vault::default()).await.unwrap_err();
    assert!(error.message.contains("{secret: dps key}"), "{error}");
    assert!(cloud.all().is_empty());
}
