//! Two principals of one world: Ada, a person, owns the subscription and gives roles; the application, which owns nothing,
//! tries them out.

use serde_json::{Value, json};

use super::kinds::subscription;
use crate::sandbox::links::setup::{at, world};
use crate::sandbox::support::{ARM, Answer, Azure, CALM};

pub const APPLICATION: &str = "55555555-5555-4555-8555-555555555555";
pub const CLIENT: &str = "44444444-4444-4444-8444-444444444444";

/// A world with Ada's token in front, and the application's.
pub struct Two {
    pub azure: Azure,
    pub application: String,
    _folder: tempfile::TempDir,
}

/// Blocks of one permission: actions, notActions, dataActions, notDataActions.
pub type Block<'text> = [&'text [&'text str]; 4];

impl Two {
    pub async fn open(more: &str) -> Self {
        let people = "[sign_in]\ndevice_polls = 0\n[[sign_in.people]]\nname = \"ada@sandbox.example\"\nobject_id = \"77777777-7777-4777-8777-777777777777\"\nroles = [\"Owner\"]\n";
        let text = format!("base = \"both-models\"\n{CALM}fill_in = 0\n[caller]\nroles = []\n{people}{more}");
        let (folder, mut azure) = world(&text).await;
        let application = std::mem::take(&mut azure.token);
        let base = format!("http://{}/organizations/oauth2/v2.0", azure.sandbox.address());
        let post = async |path: &str, form: &[(&str, &str)]| {
            let request = azure.client.post(format!("{base}/{path}"));
            Azure::read(request.header("host", "login.microsoftonline.com").form(form)).await.expect(200)
        };
        let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        let scope = "https://management.azure.com/.default";
        let code = post("devicecode", &[("client_id", client), ("scope", scope)]).await.text("/device_code");
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client),
            ("device_code", code.as_str()),
        ];
        azure.token = post("token", &form).await.text("/access_token");
        Self { azure, application, _folder: folder }
    }

    /// Asks as the application.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.application);
        let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
        self.azure.send(method, ARM, path, &headers, body).await
    }

    pub async fn may(&self, method: &str, path: &str, body: Option<&Value>) -> bool {
        let answer = self.ask(method, path, body).await;
        let refused = answer.code() == "AuthorizationFailed";
        assert_eq!(refused, answer.status == 403, "{method} {path}: {}", answer.body);
        !refused
    }

    /// Defines a role, or defines it anew.
    pub async fn define(&self, number: u32, blocks: &[Block<'_>]) -> String {
        let guid = format!("00000000-0000-4000-8000-{number:012}");
        let permissions: Vec<Value> = blocks
            .iter()
            .map(|[actions, not, data, not_data]| {
                json!({"actions": actions, "notActions": not, "dataActions": data, "notDataActions": not_data})
            })
            .collect();
        let body = json!({"properties": {
            "roleName": format!("role {number}"), "type": "CustomRole",
            "assignableScopes": [subscription("")], "permissions": permissions,
        }});
        let path = subscription(&format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"));
        self.azure.put(&at(&path, "2022-04-01"), body).await.expect(201);
        guid
    }

    /// Gives the application a role; the assignment's path comes back.
    pub async fn give(&self, scope: &str, role: &str) -> String {
        let given = self.azure.assign(scope, APPLICATION, role).await.expect(201);
        at(&given.text("/id"), "2022-04-01")
    }

    pub async fn take(&self, assignment: &str) {
        self.azure.arm("DELETE", assignment, None).await.expect(200);
    }
}
