//! What the tests of more than one subject do at the data planes.

use serde_json::json;

use crate::sandbox::setup::{A, dps_id, signature};
use crate::sandbox::support::{Answer, Azure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub const GLOBAL: &str = "global.azure-devices-provisioning.net";

pub fn soon() -> i64 {
    jiff::Timestamp::now().as_second() + 600
}

const VERSION: &str = "api-version=2025-07-01-preview";

impl Azure {
    /// The path of a device of the older model's service, and its signature.
    async fn device(&self, group: &str, name: &str) -> (String, String) {
        let path = format!("{}?api-version={}", dps_id(), A.dps);
        let scope = self.get(&path).await.expect(200).text("/properties/idScope");
        let signed = self.owner_signature(A).await;
        let proof =
            self.enrollment("POST", &format!("{group}/attestationmechanism"), &signed, None, None).await;
        let key = STANDARD.decode(proof.expect(200).text("/symmetricKey/primaryKey")).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(name.as_bytes());
        let derived = STANDARD.encode(mac.finalize().into_bytes());
        let resource = format!("{scope}%2Fregistrations%2F{name}");
        (format!("/{scope}/registrations/{name}"), signature(&resource, "registration", &derived, soon()))
    }

    /// Asks for a device's registration.
    pub async fn begin_registration(&self, group: &str, name: &str) -> Answer {
        let (base, signed) = self.device(group, name).await;
        let body = json!({"registrationId": name});
        let headers = [("authorization", signed.as_str())];
        self.send("PUT", GLOBAL, &format!("{base}/register?{VERSION}"), &headers, Some(&body)).await
    }

    /// Registers devices of a group of the older model's service, each to its end.
    pub async fn register_devices(&self, group: &str, names: &[&str]) {
        for name in names {
            let operation = self.begin_registration(group, name).await.expect(202).text("/operationId");
            let (base, signed) = self.device(group, name).await;
            let headers = [("authorization", signed.as_str())];
            let path = format!("{base}/operations/{operation}?{VERSION}");
            let mut end = self.send("GET", GLOBAL, &path, &headers, None).await;
            for _ in 0..5 {
                if end.status == 202 {
                    end = self.send("GET", GLOBAL, &path, &headers, None).await;
                }
            }
            assert_eq!(end.text("/status"), "assigned", "{}", end.body);
        }
    }
}
