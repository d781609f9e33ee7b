//! Traces of Microsoft's own clients, played again in a new world: each request must come out as it did for the client.
//!
//! They were recorded while `tests/clients` ran, and `tests/clients/trace.py` took out what one world had made up. A hole is filled
//! with what the reply that taught it says this time; who signs in, and keys of services, are this world's own.

use std::collections::HashMap;

use hubup::sandbox::{SandboxOptions, WorldSource};
use serde_json::Value;

use super::setup::signature;
use super::support::{ARM, Answer, Azure, SUBSCRIPTION};

/// What a client was seen to send, and what came of it.
struct Line {
    method: String,
    host: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    status: u64,
    learn: Vec<(String, String)>,
}

/// Plays a trace, with the holes that are filled and the tokens and keys that were asked for.
struct Player {
    azure: Azure,
    graph: String,
    known: HashMap<String, String>,
    /// Signatures by the host of a provisioning service.
    services: HashMap<String, String>,
}

impl Line {
    fn of(text: &str, known: &HashMap<String, String>) -> Self {
        let mut text = text.to_owned();
        // What this line teaches is no hole yet.
        let whole: Value = serde_json::from_str(&text).unwrap();
        for (hole, value) in known {
            let quoted = serde_json::to_string(value).unwrap();
            text = text.replace(hole, &quoted[1..quoted.len() - 1]);
        }
        let line: Value = serde_json::from_str(&text).unwrap();
        let words = |value: &Value| -> Vec<(String, String)> {
            let pairs = value.as_object().into_iter().flatten();
            pairs.map(|(name, word)| (name.clone(), word.as_str().unwrap().to_owned())).collect()
        };
        let (host, path) =
            line["url"].as_str().unwrap().trim_start_matches("https://").split_once('/').unwrap();
        Self {
            method: line["method"].as_str().unwrap().to_owned(),
            host: host.to_owned(),
            path: format!("/{path}"),
            headers: words(&line["headers"]),
            body: line.get("body").cloned(),
            status: line["status"].as_u64().unwrap(),
            learn: words(&whole["learn"]),
        }
    }
}

impl Player {
    async fn authorization(&mut self, host: &str) -> String {
        match host {
            ARM => format!("Bearer {}", self.azure.token),
            "graph.microsoft.com" => format!("Bearer {}", self.graph),
            _ => {
                if !self.services.contains_key(host) {
                    let signed = self.sign(host).await;
                    self.services.insert(host.to_owned(), signed);
                }
                self.services[host].clone()
            }
        }
    }

    /// Signs for a provisioning service with its owner's key.
    async fn sign(&self, host: &str) -> String {
        let name = host.split('.').next().unwrap();
        let version = "api-version=2022-12-12";
        let listed = format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Devices/provisioningServices?{version}"
        );
        let services = self.azure.get(&listed).await.expect(200);
        let service =
            services.body["value"].as_array().unwrap().iter().find(|service| service["name"] == name);
        let id = service.unwrap_or_else(|| panic!("no service {name}"))["id"].as_str().unwrap().to_owned();
        let keys = format!("{id}/keys/provisioningserviceowner/listkeys?{version}");
        let key = self.azure.arm("POST", &keys, None).await.expect(200).text("/primaryKey");
        signature(host, "provisioningserviceowner", &key, jiff::Timestamp::now().as_second() + 600)
    }

    async fn play(&mut self, line: &Line) -> Answer {
        let authorization = self.authorization(&line.host).await;
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(line.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.azure.send(&line.method, &line.host, &line.path, &headers, line.body.as_ref()).await
    }
}

/// Plays a whole trace in a shipped world at speed 0, which is how it was recorded.
async fn replay(world: &str, trace: &str) {
    let folder = tempfile::tempdir().unwrap();
    let options = SandboxOptions {
        folder: folder.path().to_owned(),
        speed: 0.0,
        world: WorldSource::Builtin(world.to_owned()),
        port: 0,
    };
    let azure = Azure::with(options).await;
    let graph = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    let mut player = Player { azure, graph, known: HashMap::new(), services: HashMap::new() };
    for (place, text) in trace.lines().enumerate() {
        let line = Line::of(text, &player.known);
        let answer = player.play(&line).await;
        let told = format!("line {}: {} {}{}: {}", place + 1, line.method, line.host, line.path, answer.body);
        assert_eq!(u64::from(answer.status), line.status, "{told}");
        for (at, hole) in line.learn {
            let value = match at.strip_prefix("header:") {
                Some(name) => answer.header(name),
                None => answer.text(&at),
            };
            assert!(!value.is_empty(), "no {at} in {told}");
            player.known.insert(hole, value);
        }
    }
    player.azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_sdk_for_python_in_the_model_of_2025() {
    replay("default", include_str!("../data/traces/python-2025.jsonl")).await;
}

#[tokio::test]
async fn the_sdk_for_python_in_the_model_of_2026() {
    replay("links-2026", include_str!("../data/traces/python-2026.jsonl")).await;
}

#[tokio::test]
async fn the_real_az() {
    replay("default", include_str!("../data/traces/az.jsonl")).await;
}

/// The documented sequence, by az where it has the command and by the SDK for the rest.
#[tokio::test]
async fn the_documented_sequence() {
    replay("default", include_str!("../data/traces/seed.jsonl")).await;
}
