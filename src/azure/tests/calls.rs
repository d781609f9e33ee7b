//! Calls through the whole client, over a cloud without sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure_core::credentials::Secret;
use azure_core::error::{Error, ErrorKind as CoreKind};
use serde_json::json as value;

use super::cloud::{CLIENT_SECRET, Cloud, answer, arm, azure, get, json, token_answer, web_token};
use crate::azure::needs_person;
use crate::azure::{Azure, Vault};
use crate::domain::{
    Auth, CallId, ErrorKind, Method, Outputs, Pick, Reply, Request, ServiceError, Text, object,
};

pub(super) async fn call(azure: &Azure, request: &Request) -> Result<Reply, ServiceError> {
    azure.call(CallId::fresh(), request, &Outputs::default(), &Vault::default()).await
}

#[tokio::test]
async fn a_call_carries_id_token_body_and_nothing_else() {
    let cloud = Cloud::saying(json(200, "{}"));
    let azure = azure(&cloud);
    let id = CallId::fresh();
    let body = object([("z", true.into()), ("a", "b".into())]);
    let request = arm(Method::Put, "/subscriptions/s/x").with_body(body).with_header("If-Match", "*");
    azure.call(id, &request, &Outputs::default(), &Vault::default()).await.unwrap();
    let [seen] = cloud.calls().try_into().unwrap();
    assert_eq!(seen.method, "PUT");
    assert_eq!(seen.url, "https://management.azure.com/subscriptions/s/x?api-version=2025-04-01");
    assert_eq!(seen.body, r#"{"z":true,"a":"b"}"#);
    assert_eq!(seen.header("x-ms-client-request-id"), Some(id.to_string().as_str()));
    assert_eq!(seen.header("x-ms-return-client-request-id"), Some("true"));
    assert_eq!(seen.header("authorization"), Some("Bearer signed-in"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("if-match"), Some("*"));
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let cloud = Cloud::saying(json(200, "{}"));
    call(&azure(&cloud), &arm(Method::Post, "/x/listkeys")).await.unwrap();
    let [seen] = cloud.calls().try_into().unwrap();
    assert_eq!(seen.header("content-length"), Some("0"));
    assert_eq!(seen.header("content-type"), None);
    assert_eq!(seen.body, "");
}

#[tokio::test]
async fn each_audience_has_its_own_token() {
    let cloud = Cloud::new(|seen| {
        let scope = seen.body.split("scope=").nth(1).unwrap_or_default();
        Ok(if seen.url.contains("/oauth2/") {
            token_answer(&scope.replace('%', "_"))
        } else {
            json(200, "{}")
        })
    });
    let azure = azure(&cloud);
    let graph = Request::new(Method::Get, Auth::Graph, "graph.microsoft.com", "/v1.0/me", "x");
    for request in [&get("/a"), &graph, &get("/b")] {
        call(&azure, request).await.unwrap();
    }
    let tokens: Vec<_> =
        cloud.calls().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert!(tokens[0].contains("management.azure.com"), "{tokens:?}");
    assert!(tokens[1].contains("graph.microsoft.com"), "{tokens:?}");
    assert_eq!(tokens[0], tokens[2]);
    assert_eq!(cloud.all().len(), 5, "two sign-ins, three calls");
}

#[tokio::test]
async fn other_hosts_get_neither_token_nor_call() {
    let cloud = Cloud::saying(json(200, "{}"));
    let azure = azure(&cloud);
    for host in [
        "evil.example",
        "graph.microsoft.com",
        "management.azure.com.evil.example",
        "management.azure.com:444",
    ] {
        let request = Request::new(Method::Get, Auth::ResourceManager, host, "/", "1");
        let error = call(&azure, &request).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotAzure, "{host}");
        assert!(error.message.contains(host), "{error}");
    }
    for url in [
        "http://management.azure.com/op",
        "https://evil.example/op",
        "https://user@management.azure.com/op",
        "https://login.microsoftonline.com/op",
        "file:///etc/passwd",
        "/op",
        "",
        "https://",
    ] {
        let error = azure.poll(CallId::fresh(), url, &Vault::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotAzure, "{url}");
    }
    assert!(cloud.all().is_empty(), "not even a token was fetched");
}

#[tokio::test]
async fn an_operation_that_repeats_a_key_does_not_tell_it() {
    let key = "c2VjcmV0IGtleSBvZiB0aGUgaHVi+/==";
    let body =
        value!({"status": "Failed", "error": {"code": "BadKey", "message": format!("`{key}` is wrong")}});
    let cloud = Cloud::saying(json(200, &body.to_string()));
    let vault = Vault::default();
    vault.insert("hub key", Secret::new(key));
    let url = "https://management.azure.com/subscriptions/s/operationStatuses/a";
    let reply = azure(&cloud).poll(CallId::fresh(), url, &vault).await.unwrap();
    assert_eq!(reply.text("/error/message"), Some("`{secret: hub key}` is wrong"));
    let refused = Cloud::saying(json(400, &body.to_string()));
    let error = azure(&refused).poll(CallId::fresh(), url, &vault).await.unwrap_err();
    assert!(!error.message.contains(key), "{error}");
}

#[tokio::test]
async fn a_status_url_is_asked_byte_for_byte() {
    let cloud = Cloud::saying(answer(202, &[("retry-after", "10")], ""));
    let signed = "Zm9v+%2F/==~!*()".repeat(320);
    let url = format!(
        "https://management.azure.com/subscriptions/s/operationStatuses/a%20b?api-version=1&t=63&c&h={signed}&=&"
    );
    assert!(url.len() > 5_000);
    azure(&cloud).poll(CallId::fresh(), &url, &Vault::default()).await.unwrap();
    let [seen] = cloud.calls().try_into().unwrap();
    assert_eq!(seen.url, url);
    assert_eq!(seen.method, "GET");
    assert_eq!(seen.header("authorization"), Some("Bearer signed-in"));
}

#[tokio::test]
async fn keys_go_to_the_vault_and_are_masked_in_the_reply() {
    let keys = r#"{"value":[
        {"keyName":"device","primaryKey":"ZGV2aWNl","secondaryKey":"x","rights":"DeviceConnect"},
        {"keyName":"provisioningserviceowner","primaryKey":"b3duZXIgcHJpbWFyeQ==","secondaryKey":"b3duZXIgc2Vjb25k",
         "rights":"ServiceConfig, DeviceConnect, EnrollmentWrite"}]}"#;
    let cloud = Cloud::saying(json(200, keys));
    let azure = azure(&cloud);
    let with = |field: &str| Pick::KeyWithRights {
        rights: vec!["ServiceConfig".into(), "EnrollmentWrite".into()],
        field: field.into(),
    };
    let request = arm(Method::Post, "/dps/listkeys")
        .capturing("dps key", with("primaryKey"))
        .capturing("dps policy", with("keyName"));
    let vault = Vault::default();
    let reply = azure.call(CallId::fresh(), &request, &Outputs::default(), &vault).await.unwrap();
    assert_eq!(vault.get("dps key").unwrap().secret(), "b3duZXIgcHJpbWFyeQ==");
    assert_eq!(vault.get("dps policy").unwrap().secret(), "provisioningserviceowner");
    assert_eq!(reply.body["value"][1]["primaryKey"], value!("{secret: dps key}"));
    let printed = format!("{reply:?} {vault:?} {azure:?}");
    for secret in ["b3duZXIgcHJpbWFyeQ==", "b3duZXIgc2Vjb25k", "ZGV2aWNl"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn a_pick_that_finds_nothing_says_what_was_missing() {
    let cloud =
        Cloud::saying(json(200, r#"{"value":[{"keyName":"d","primaryKey":"k","rights":"DeviceConnect"}]}"#));
    let azure = azure(&cloud);
    let rights = Pick::KeyWithRights {
        rights: vec!["ServiceConfig".into(), "EnrollmentWrite".into()],
        field: "primaryKey".into(),
    };
    let error = call(&azure, &arm(Method::Post, "/x").capturing("dps key", rights)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("ServiceConfig and EnrollmentWrite"), "{error}");
    let error = call(&azure, &arm(Method::Post, "/x").capturing("hub key", Pick::At("/primaryKey".into())))
        .await
        .unwrap_err();
    assert!(error.message.contains("`/primaryKey`") && error.message.contains("hub key"), "{error}");
}

#[tokio::test]
async fn a_secret_that_is_echoed_is_masked() {
    let cloud = Cloud::new(|seen| {
        if seen.url.contains("/oauth2/") {
            return Ok(token_answer("opaque-access-token"));
        }
        let token = seen.header("authorization").unwrap_or_default();
        let body = value!({"error": {"code": "Echo", "message": format!(
            "{token} opaque-access-token {CLIENT_SECRET} {} c2VjcmV0%2bhub%3d SharedAccessKey=abc; {}",
            seen.body, "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln",
        )}});
        Ok(json(400, &body.to_string()))
    });
    let vault = Vault::default();
    vault.insert("hub key", Secret::new("c2VjcmV0+hub="));
    let request = arm(Method::Put, "/x").with_body(object([("key", Text::secret("hub key").into())]));
    let error = azure(&cloud).call(CallId::fresh(), &request, &Outputs::default(), &vault).await.unwrap_err();
    let printed = format!("{error} {error:?}");
    for secret in
        ["opaque-access-token", CLIENT_SECRET, "c2VjcmV0+hub=", "c2VjcmV0%2bhub%3d", "abc;", "eyJhIjoxfQ"]
    {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(cloud.calls()[0].body.contains("c2VjcmV0+hub="), "it was sent");
}

#[tokio::test]
async fn a_write_that_echoes_its_secret_does_not_give_it_back() {
    let cloud = Cloud::new(|seen| {
        Ok(if seen.url.contains("/oauth2/") { token_answer("t") } else { json(200, &seen.body) })
    });
    let vault = Vault::default();
    vault.insert("hub key", Secret::new("c2VjcmV0+hub="));
    let body = object([("anything", Text::secret("hub key").into()), ("primaryKey", "generated".into())]);
    let request = arm(Method::Put, "/x").with_body(body);
    let reply = azure(&cloud).call(CallId::fresh(), &request, &Outputs::default(), &vault).await.unwrap();
    assert_eq!(reply.body, value!({"anything": "{secret: hub key}", "primaryKey": "***"}));
    // What a GET says goes back as it came when it is merged.
    let reply = Cloud::saying(json(200, r#"{"primaryKey":"read"}"#));
    let reply = call(&super::cloud::azure(&reply), &get("/x")).await.unwrap();
    assert_eq!(reply.body, value!({"primaryKey": "read"}));
}

/// A cloud that refuses the first `refusals` calls with 401 and `header`, and gives a new token each time.
fn strict(refusals: usize, header: &'static str) -> std::sync::Arc<Cloud> {
    let tokens = AtomicUsize::new(0);
    let calls = AtomicUsize::new(0);
    Cloud::new(move |seen| {
        if seen.url.contains("/oauth2/") {
            return Ok(token_answer(&format!("token-{}", tokens.fetch_add(1, Ordering::SeqCst))));
        }
        Ok(if calls.fetch_add(1, Ordering::SeqCst) < refusals {
            let body = r#"{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}"#;
            answer(401, &[("www-authenticate", header)], body)
        } else {
            json(200, "{}")
        })
    })
}

#[tokio::test]
async fn a_claims_challenge_asks_for_one_more_try_which_has_a_new_token() {
    let header = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
    let cloud = strict(1, header);
    let challenged = azure(&cloud);
    let error = call(&challenged, &get("/x")).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Auth, Some(Duration::ZERO)));
    call(&challenged, &get("/x")).await.unwrap();
    let tokens: Vec<_> =
        cloud.calls().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);
    // The claims went into the second token request, and into no other.
    let asked: Vec<_> = cloud.all().into_iter().filter(|seen| seen.url.contains("/token")).collect();
    let with: Vec<_> = asked.iter().map(|seen| seen.body.contains("claims=%7B%22access_token%22")).collect();
    assert_eq!(with, [false, true], "{asked:?}");

    // Asked for once more what the token has already, there is nothing left to try without a person.
    let cloud = strict(9, header);
    let refused = azure(&cloud);
    let error = call(&refused, &get("/x")).await.unwrap_err();
    assert!(error.message.contains("stronger sign-in") && !needs_person(&error), "{error}");
    assert_eq!(cloud.calls().len(), 1, "each attempt is a call of its own");
    let error = call(&refused, &get("/x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.contains("sign in as a person") && needs_person(&error), "{error}");

    // Nothing that a shell would act on is offered for pasting.
    let cloud = strict(9, r#"Bearer claims="$(reboot)""#);
    let error = call(&azure(&cloud), &get("/x")).await.unwrap_err();
    assert!(!error.message.contains("reboot"), "{error}");
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced() {
    let cloud = strict(9, "Bearer");
    let refused = azure(&cloud);
    let error = call(&refused, &get("/x")).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Auth, Some("InvalidAuthenticationToken")));
    assert_eq!(error.retry_after, Some(Duration::ZERO));
    assert_eq!(cloud.calls().len(), 1);
    // The next call has a new one.
    call(&refused, &get("/x")).await.unwrap_err();
    assert_eq!(cloud.calls()[1].header("authorization"), Some("Bearer token-1"));

    let cloud = strict(1, "Bearer");
    let kept = azure(&cloud);
    kept.sign_in().await.unwrap();
    let error = call(&kept, &get("/x")).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::ZERO));
    call(&kept, &get("/x")).await.unwrap();
    assert_eq!(cloud.calls().len(), 2);
}

/// A token may be older than a grant: what the caller may not do is asked once more with a new one, and never again with that.
#[tokio::test]
async fn a_token_that_lacks_a_right_is_replaced_once() {
    let (tokens, granted) = (AtomicUsize::new(0), "Bearer token-1");
    let cloud = Cloud::new(move |seen| {
        if seen.url.contains("/oauth2/") {
            return Ok(token_answer(&format!("token-{}", tokens.fetch_add(1, Ordering::SeqCst))));
        }
        let (code, message) = match seen.url.as_str() {
            url if url.contains("/policy") => ("RequestDisallowedByPolicy", "no"),
            url if url.contains("/denied") => ("AuthorizationFailed", "because of the deny assignment x"),
            url if url.contains("/never") => ("AuthorizationFailed", "no"),
            _ if seen.header("authorization") == Some(granted) => return Ok(json(200, "{}")),
            _ => ("AuthorizationFailed", "no"),
        };
        let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
        Ok(answer(403, &[], body))
    });
    let azure = azure(&cloud);
    // No newer token helps against these.
    for path in ["/policy", "/denied"] {
        let error = call(&azure, &get(path)).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Forbidden, None), "{path}");
    }
    let error = call(&azure, &get("/x")).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Forbidden, Some(Duration::ZERO)));
    call(&azure, &get("/x")).await.unwrap();
    let error = call(&azure, &get("/never")).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Forbidden, None));
    assert_eq!(cloud.all().len() - cloud.calls().len(), 2, "one token, and one newer one");
}

#[tokio::test]
async fn callers_that_are_refused_together_fetch_one_new_token() {
    let fetched = AtomicUsize::new(0);
    let cloud = Cloud::new(move |seen| {
        if seen.url.contains("/oauth2/") {
            return Ok(token_answer(&format!("token-{}", fetched.fetch_add(1, Ordering::SeqCst))));
        }
        let expired = seen.header("authorization") == Some("Bearer token-0");
        Ok(if expired { answer(401, &[], "{}") } else { json(200, "{}") })
    });
    let azure = azure(&cloud);
    azure.sign_in().await.unwrap();
    let request = get("/x");
    let all = futures::future::join_all((0..20).map(|_| call(&azure, &request))).await;
    assert!(
        all.iter().all(|reply| reply.as_ref().is_err_and(|error| error.retry_after.is_some())),
        "{all:?}"
    );
    let all = futures::future::join_all((0..20).map(|_| call(&azure, &request))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    let sign_ins = cloud.all().len() - cloud.calls().len();
    assert_eq!(sign_ins, 2, "the first and one for all");
}

#[tokio::test]
async fn what_the_transport_says_decides_the_kind() {
    for (core, kind) in [
        (CoreKind::Connection, ErrorKind::NotSent),
        (CoreKind::Io, ErrorKind::Lost),
        (CoreKind::Other, ErrorKind::Lost),
        (CoreKind::DataConversion, ErrorKind::Lost),
    ] {
        let failing = core.clone();
        let cloud = Cloud::new(move |seen| {
            if seen.url.contains("/oauth2/") {
                return Ok(token_answer("t"));
            }
            let cause = std::io::Error::other("the deepest cause");
            Err(Error::with_error(
                failing.clone(),
                Error::with_error(CoreKind::Io, cause, "middle"),
                "outermost",
            ))
        });
        let error = call(&azure(&cloud), &get("/x")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{core:?}");
        assert_eq!(error.message, "outermost: middle: the deepest cause");
        assert_eq!(cloud.calls().len(), 1, "nothing is repeated here");
    }
}

#[tokio::test]
async fn no_answer_is_repeated_here() {
    for status in [408, 429, 500, 503] {
        let cloud = Cloud::saying(answer(status, &[("retry-after", "5")], ""));
        let error = call(&azure(&cloud), &arm(Method::Put, "/x")).await.unwrap_err();
        assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(5)));
        assert_eq!(cloud.calls().len(), 1, "{status}");
    }
    let cloud = Cloud::saying(answer(404, &[], ""));
    let head = Request { method: Method::Head, ..get("/x") };
    assert_eq!(call(&azure(&cloud), &head).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_malformed_header_is_refused_and_nothing_is_sent() {
    let cloud = Cloud::saying(json(200, "{}"));
    for (name, text) in [("If-Match", "a\r\nX: y"), ("bad name", "x"), ("Größe", "x")] {
        let error = call(&azure(&cloud), &get("/x").with_header(name, text)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
    }
    assert!(cloud.calls().is_empty());
}

#[tokio::test]
async fn the_caller_is_read_from_the_token() {
    let token = web_token(r#"{"tid":"t-1","oid":"o-1","upn":"ada@example.com","appid":"a"}"#);
    let cloud = Cloud::new(move |_| Ok(token_answer(&token)));
    let caller = azure(&cloud).sign_in().await.unwrap();
    assert_eq!(caller.method, "service principal");
    assert_eq!(caller.tenant.as_deref(), Some("t-1"));
    assert_eq!(caller.object_id.as_deref(), Some("o-1"));
    assert_eq!(caller.name.as_deref(), Some("ada@example.com"));
    for opaque in ["opaque", "a.b.c", "..", "a.e30.c"] {
        let cloud = Cloud::new(move |_| Ok(token_answer(opaque)));
        let caller = azure(&cloud).sign_in().await.unwrap();
        assert_eq!((caller.tenant, caller.name), (None, None), "{opaque}");
    }
}
