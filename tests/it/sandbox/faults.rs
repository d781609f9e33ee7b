//! Every action of a fault script over real HTTP: what is done and not answered, what is answered and not done.

use serde_json::{Value, json};

use super::support::{ARM, Azure, CALM, east, group_path};

/// A world in which the first PUT of a group goes wrong.
async fn scripted(action: &str, more: &str) -> (tempfile::TempDir, Azure) {
    at_speed(action, more, 60.0).await
}

async fn at_speed(action: &str, more: &str, speed: f64) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{CALM}[[faults]]\nmethod = \"PUT\"\npath = \"*/resourceGroups/*\"\nnth = [1]\naction = \"{action}\"\n{more}\n"
    );
    let azure = Azure::open(folder.path(), &script, speed).await;
    (folder, azure)
}

fn path() -> String {
    group_path("?api-version=2025-04-01")
}

fn raw_put(azure: &Azure) -> reqwest::RequestBuilder {
    azure
        .client
        .put(format!("http://{}{}", azure.sandbox.address(), path()))
        .header("host", ARM)
        .header("authorization", format!("Bearer {}", azure.token))
        .header("content-type", "application/json")
        .body(east().to_string())
}

#[tokio::test]
async fn answers_that_do_nothing() {
    for (action, status) in [
        ("refuse", 400),
        ("forbidden", 403),
        ("locked", 409),
        ("throttle", 429),
        ("conflict", 409),
        ("unavailable", 503),
        ("broken", 500),
        ("timed-out", 408),
        ("bad-gateway", 502),
        ("gateway-timeout", 504),
        ("expired", 401),
        ("escapes", 400),
        ("html", 502),
        ("redirect", 307),
    ] {
        let (_folder, azure) = scripted(action, "seconds = 30").await;
        let refused = azure.put(&path(), east()).await.expect(status);
        assert_eq!(refused.header("retry-after-ms"), "500", "{action}");
        match action {
            "html" => assert_eq!(refused.header("content-type"), "text/html"),
            "expired" => assert!(refused.header("www-authenticate").starts_with("Bearer")),
            "redirect" => {
                assert_eq!(refused.header("location"), format!("https://elsewhere.example{}", path()));
            }
            "escapes" => assert!(refused.text("/error/message").contains("\u{1b}[2J")),
            _ => assert!(!refused.code().is_empty()),
        }
        azure.get(&path()).await.refused(404, "ResourceGroupNotFound");
        azure.put(&path(), east()).await.expect(201);
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn usual_words_may_be_replaced() {
    let more = "status = 412\ncode = \"Changed\"\nmessage = \"\\u001b[31mNo.\"";
    let (_folder, azure) = scripted("conflict", more).await;
    let refused = azure.put(&path(), east()).await.expect(412);
    assert_eq!(refused.body, json!({"error": {"code": "Changed", "message": "\u{1b}[31mNo."}}));
    assert_eq!(refused.header("retry-after"), "");
    let more = "status = 200\nbody = { nameAvailable = false, reason = \"AlreadyExists\" }";
    let (_folder, azure) = scripted("refuse", more).await;
    let answered = azure.put(&path(), east()).await.expect(200);
    assert_eq!(answered.body, json!({"nameAvailable": false, "reason": "AlreadyExists"}));
}

#[tokio::test]
async fn an_expired_token_may_ask_for_claims() {
    let (_folder, azure) = scripted("expired", "claims = true").await;
    let refused = azure.put(&path(), east()).await.refused(401, "ExpiredAuthenticationToken");
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_claims\", claims=\"eyJ"), "{challenge}");
}

#[tokio::test]
async fn waits_are_told_in_every_form() {
    for (form, milliseconds, seconds) in [
        ("retry_after_as = \"both\"", "30000", "30"),
        ("retry_after_as = \"seconds\"", "", "30"),
        ("retry_after_as = \"milliseconds\"", "30000", ""),
    ] {
        let (_folder, azure) = at_speed("throttle", &format!("retry_after = 30\n{form}"), 1.0).await;
        let refused = azure.put(&path(), east()).await.expect(429);
        assert_eq!(refused.header("retry-after-ms"), milliseconds, "{form}");
        assert_eq!(refused.header("retry-after"), seconds, "{form}");
        azure.sandbox.shutdown().await;
    }
    let (_folder, azure) = at_speed("throttle", "retry_after = 30\nretry_after_date = true", 1.0).await;
    let refused = azure.put(&path(), east()).await.expect(429);
    let read = |name: &str| {
        let text = refused.header(name);
        jiff::fmt::rfc2822::parse(&text.replace("GMT", "+0000")).unwrap().timestamp().as_second()
    };
    let wait = read("retry-after") - read("date");
    assert!((30..=31).contains(&wait), "{wait}");
    assert_eq!(refused.header("retry-after-ms"), "");
}

#[tokio::test]
async fn answers_that_do_not_arrive() {
    for (action, done) in
        [("reset", false), ("lost", true), ("torn", true), ("hang", false), ("hang-after", true)]
    {
        let (_folder, azure) = scripted(action, "").await;
        let asked = async {
            match raw_put(&azure).send().await {
                Ok(response) => response.bytes().await.is_ok(),
                Err(_) => false,
            }
        };
        if action.starts_with("hang") {
            // Until the client gives up: here, when what was asked for is done or another answer has come.
            let looked = async {
                loop {
                    let found = azure.get(&path()).await.status;
                    if !done || found == 200 {
                        break found;
                    }
                }
            };
            tokio::select! {
                arrived = asked => panic!("{action} answered: {arrived}"),
                _ = looked => {}
            }
        } else {
            assert!(!asked.await, "{action}");
        }
        assert_eq!(azure.get(&path()).await.status, if done { 200 } else { 404 }, "{action}");
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn a_sandbox_stops_although_an_answer_hangs() {
    let (_folder, azure) = scripted("hang-after", "").await;
    let hanging = tokio::spawn(raw_put(&azure).send());
    while azure.get(&path()).await.status != 200 {}
    azure.sandbox.shutdown().await;
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn slow_and_absurdly_long_answers_are_whole() {
    let (_folder, azure) = scripted("slow", "seconds = 0.2").await;
    azure.put(&path(), east()).await.expect(201);
    let (_folder, azure) = scripted("huge", "megabytes = 3").await;
    let bytes = raw_put(&azure).send().await.unwrap().bytes().await.unwrap();
    assert!(bytes.len() > 3 * 1024 * 1024);
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["name"], "devices");
    let (_folder, azure) = scripted("huge", "megabytes = 4096").await;
    // Whoever has had enough goes away.
    let response = raw_put(&azure).send().await.unwrap();
    drop(response);
    azure.get(&path()).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn dates_may_be_off() {
    let (_folder, azure) = scripted("skewed", "seconds = -3600").await;
    let read = |answer: &super::support::Answer| {
        let text = answer.header("date").replace("GMT", "+0000");
        jiff::fmt::rfc2822::parse(&text).unwrap().timestamp().as_second()
    };
    let wrong = read(&azure.put(&path(), east()).await.expect(201));
    let right = read(&azure.get(&path()).await.expect(200));
    assert!((3600..3700).contains(&(right - wrong)));
}

#[tokio::test]
async fn what_was_accepted_is_hidden_for_a_while() {
    let (_folder, azure) = scripted("hidden", "times = 2").await;
    azure.put(&path(), east()).await.expect(201);
    for _ in 0..2 {
        azure.get(&path()).await.refused(404, "ResourceNotFound");
    }
    azure.get(&path()).await.expect(200);
}

/// The first PUT of a namespace goes wrong in a world where nothing waits.
async fn accepted(action: &str, more: &str) -> (tempfile::TempDir, Azure, super::support::Answer) {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{CALM}[[faults]]\nmethod = \"PUT\"\npath = \"*/namespaces/*\"\nnth = [1]\naction = \"{action}\"\n{more}\n"
    );
    let azure = Azure::open(folder.path(), &script, 0.0).await;
    azure.put(&path(), east()).await.expect(201);
    let namespace =
        group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-1?api-version=2025-11-01-preview");
    let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    let answer = azure.put(&namespace, body).await.expect(201);
    (folder, azure, answer)
}

#[tokio::test]
async fn status_urls_that_lead_elsewhere_or_nowhere() {
    let header = "azure-asyncoperation";
    let (_folder, azure, answer) = accepted("relative-status", "").await;
    let relative = answer.header(header);
    assert!(relative.starts_with("/subscriptions/"), "{relative}");
    azure.get(&relative).await.expect(200);
    for (more, host) in
        [("", "https://elsewhere.example/"), ("to = \"https://evil.example/\"", "https://evil.example/")]
    {
        let (_folder, _azure, answer) = accepted("foreign-status", more).await;
        let foreign = answer.header(header);
        assert!(foreign.starts_with(&format!("{host}subscriptions/")), "{foreign}");
    }
    let (_folder, _azure, answer) = accepted("no-status", "").await;
    assert_eq!((answer.header(header), answer.header("location")), (String::new(), String::new()));
    let (_folder, azure, answer) = accepted("no-retry-after", "").await;
    assert_eq!(
        (answer.header("retry-after"), answer.header("retry-after-ms")),
        (String::new(), String::new())
    );
    assert_eq!(azure.poll(&answer.header(header)).await.0.text("/status"), "Succeeded");
}

#[tokio::test]
async fn status_urls_that_are_not_found() {
    let poll = |answer: &super::support::Answer| {
        answer.header("azure-asyncoperation").strip_prefix("https://management.azure.com").unwrap().to_owned()
    };
    let (_folder, azure, answer) = accepted("status-late", "times = 3").await;
    for _ in 0..3 {
        azure.get(&poll(&answer)).await.refused(404, "ResourceNotFound");
    }
    assert_eq!(azure.poll(&answer.header("azure-asyncoperation")).await.0.text("/status"), "Succeeded");
    let (_folder, azure, answer) = accepted("status-gone", "status = 410\ncode = \"Gone\"").await;
    for _ in 0..5 {
        azure.get(&poll(&answer)).await.refused(410, "Gone");
    }
    let namespace =
        group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-1?api-version=2025-11-01-preview");
    azure.get(&namespace).await.expect(200);
    assert_eq!(azure.get(&namespace).await.text("/properties/provisioningState"), "Succeeded");
}
