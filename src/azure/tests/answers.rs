//! Every form of answer, whole and broken, read alone.

use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json as value;

use super::cloud::{answer, json};
use crate::azure::reply::Answer;
use crate::domain::{ErrorKind, ServiceError};

type Headers = &'static [(&'static str, &'static str)];

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn error(answer: Answer) -> ServiceError {
    answer.into_reply(now()).unwrap_err()
}

#[test]
fn each_error_shape_gives_kind_code_and_message() {
    use ErrorKind::{Auth, Conflict, Forbidden, NotFound, Refused, Service, Throttled};
    let cases: &[(u16, &str, ErrorKind, Option<&str>, &str)] = &[
        // Resource Manager.
        (
            404,
            r#"{"error":{"code":"ResourceNotFound","message":"not there"}}"#,
            NotFound,
            Some("ResourceNotFound"),
            "not there",
        ),
        (
            403,
            r#"{"error":{"code":"AuthorizationFailed","message":"no action"}}"#,
            Forbidden,
            Some("AuthorizationFailed"),
            "no action",
        ),
        (
            409,
            r#"{"error":{"code":"AnotherOperationInProgress","message":"busy"}}"#,
            Conflict,
            Some("AnotherOperationInProgress"),
            "busy",
        ),
        (410, r#"{"error":{"code":"Gone","message":"gone"}}"#, NotFound, Some("Gone"), "gone"),
        (
            412,
            r#"{"error":{"code":"PreconditionFailed","message":"stale"}}"#,
            Conflict,
            Some("PreconditionFailed"),
            "stale",
        ),
        // Details that say more, and details that say the same.
        (
            400,
            r#"{"error":{"code":"Bad","message":"outer","details":[{"code":"IH400913","message":"inner"}]}}"#,
            Refused,
            Some("Bad"),
            "outer; IH400913: inner",
        ),
        (
            400,
            r#"{"error":{"code":"Bad","message":"same","details":[{"code":"X","message":"same"}]}}"#,
            Refused,
            Some("Bad"),
            "same",
        ),
        (
            400,
            r#"{"error":{"code":"Bad","message":"outer","details":[{"error":{"code":"Deep","message":"cause"}}]}}"#,
            Refused,
            Some("Bad"),
            "outer; Deep: cause",
        ),
        // A provider's whole error as text.
        (
            400,
            r#"{"error":{"code":"Bad","message":"{\"error\":{\"code\":\"IH400913\",\"message\":\"lacks\"}}"}}"#,
            Refused,
            Some("Bad"),
            "IH400913: lacks",
        ),
        // Hub: flat, text code; DPS: flat, number.
        (
            400,
            r#"{"code":"IH400913","httpStatusCode":"BadRequest","message":"lacks permissions","details":"the details"}"#,
            Refused,
            Some("IH400913"),
            "lacks permissions; the details",
        ),
        (
            400,
            r#"{"code":400209,"httpStatusCode":"BadRequest","message":"bad dps","details":null}"#,
            Refused,
            Some("400209"),
            "bad dps",
        ),
        // DPS data plane.
        (
            409,
            r#"{"errorCode":409001,"trackingId":"t","message":"exists","info":{},"timestampUtc":"x"}"#,
            Conflict,
            Some("409001"),
            "exists",
        ),
        // Graph and sign-in.
        (
            400,
            r#"{"error":{"code":"Request_BadRequest","message":"filter","innerError":{"date":"d"}}}"#,
            Refused,
            Some("Request_BadRequest"),
            "filter",
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: wrong"}"#,
            Auth,
            Some("invalid_client"),
            "AADSTS7000215: wrong",
        ),
        (
            404,
            r#"{"odata.error":{"code":"NF","message":{"lang":"en","value":"no such"}}}"#,
            NotFound,
            Some("NF"),
            "no such",
        ),
        // Case, arrays, emptiness.
        (400, r#"{"Message":"ErrorCode:X","ExceptionMessage":"y"}"#, Refused, None, "ErrorCode:X"),
        (500, r#"[{"error":{"code":"InArray","message":"m"}}]"#, Service, Some("InArray"), "m"),
        (400, r#""just text""#, Refused, None, "just text"),
        (400, "{}", Refused, None, "HTTP 400 without a message"),
        (400, r#"["\u0000"]"#, Refused, None, "HTTP 400 without a message"),
        (400, "null", Refused, None, "HTTP 400 without a message"),
        (403, "", Forbidden, None, "HTTP 403 without a body"),
        (404, "   ", NotFound, None, "HTTP 404 without a body"),
        (408, "", Service, None, "HTTP 408 without a body"),
        (503, "", Service, None, "HTTP 503 without a body"),
        (
            429,
            r#"{"error":{"code":"TooManyRequests","message":"slow down"}}"#,
            Throttled,
            Some("TooManyRequests"),
            "slow down",
        ),
        (422, r#"{"error":{"code":"U","message":"m"}}"#, Refused, Some("U"), "m"),
        // Cut in the middle.
        (400, r#"{"error":{"code":"Ba"#, Refused, None, r#"{"error":{"code":"Ba"#),
    ];
    for (status, body, kind, code, message) in cases {
        let error = error(json(*status, body));
        assert_eq!(
            (error.kind, error.code.as_deref(), error.message.as_str()),
            (*kind, *code, *message),
            "{body}"
        );
        assert_eq!(error.status, Some(*status), "{body}");
    }
}

#[test]
fn ids_and_header_code_are_kept_and_cleaned() {
    let headers = [
        ("x-ms-request-id", "request\u{1b}[31m-1"),
        ("x-ms-correlation-request-id", "correlation-1"),
        ("x-ms-error-code", "404201"),
        ("retry-after", "7"),
    ];
    let error = error(answer(404, &headers, ""));
    assert_eq!(error.request_id.as_deref(), Some("request[31m-1"));
    assert_eq!(error.correlation_id.as_deref(), Some("correlation-1"));
    assert_eq!(error.code.as_deref(), Some("404201"));
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn what_is_not_azure_is_told_apart() {
    let page = "<html><head><title>Corporate \u{1b}[2Jproxy</title></head><body>no</body></html>";
    let html = [("content-type", "text/html; charset=utf-8")];
    for (status, kind) in [
        (200, ErrorKind::NotAzure),
        (400, ErrorKind::NotAzure),
        (401, ErrorKind::NotAzure),
        (403, ErrorKind::NotAzure),
        (404, ErrorKind::NotAzure),
        (407, ErrorKind::NotAzure),
        (429, ErrorKind::Throttled),
        (502, ErrorKind::Service),
        (503, ErrorKind::Service),
    ] {
        let error = error(answer(status, &html, page));
        assert_eq!(error.kind, kind, "{status}");
        assert!(error.message.contains("Corporate [2Jproxy"), "{}", error.message);
        assert!(!error.message.contains('\u{1b}'));
    }
    let moved = error(answer(302, &[("location", "https://portal.example/login?token=secret")], ""));
    assert_eq!(moved.kind, ErrorKind::NotAzure);
    assert_eq!(moved.message, "HTTP 302, a redirect to `https://portal.example/login`: Azure sends none");
    assert_eq!(error(answer(304, &[], "")).kind, ErrorKind::NotAzure);
    assert_eq!(error(answer(601, &[], "")).kind, ErrorKind::NotAzure);
    assert_eq!(error(answer(200, &[], "plain words")).kind, ErrorKind::NotAzure);
    assert_eq!(error(json(200, r#"{"value":[{"name":"#)).kind, ErrorKind::Lost);
}

#[test]
fn absurd_texts_are_cut_and_disarmed() {
    let long = format!(
        r#"{{"error":{{"code":"{}","message":"{}"}}}}"#,
        "C".repeat(10_000),
        "\\u001b]0;x\\u0007 m".repeat(10_000)
    );
    let error = error(json(400, &long));
    assert!(error.message.chars().count() <= 2_001);
    assert!(error.code.unwrap_or_default().chars().count() <= 121);
    assert!(!error.message.contains(['\u{1b}', '\u{7}']));
    let deep = format!("{}{}", r#"{"error":"#.repeat(100), "}".repeat(100));
    assert_eq!(super::answers::error(json(400, &deep)).kind, ErrorKind::Refused);
    // Deeper than the parser goes: text, and no crash.
    let deeper = "[".repeat(100_000);
    assert_eq!(super::answers::error(json(400, &deeper)).kind, ErrorKind::Refused);
    assert_eq!(super::answers::error(json(200, &deeper)).kind, ErrorKind::NotAzure);
    // No text at all.
    assert_eq!(super::answers::error(answer(400, &[], vec![0xff, 0xfe, 0x00])).kind, ErrorKind::Refused);
}

#[test]
fn a_reply_keeps_what_steps_and_engine_need() {
    let headers = [
        ("etag", "\"1\""),
        ("azure-asyncoperation", "https://management.azure.com/op?x"),
        ("location", "/relative"),
        ("date", "Tue, 24 Nov 2026 10:00:00 GMT"),
        ("x-ms-request-id", "r"),
        ("x-ms-correlation-request-id", "c"),
    ];
    let reply = answer(201, &headers, "\u{feff}{\"b\":1,\"a\":2}").into_reply(now()).unwrap();
    assert_eq!(reply.status, 201);
    assert_eq!(serde_json::to_string(&reply.body).unwrap(), r#"{"b":1,"a":2}"#);
    assert_eq!(reply.etag.as_deref(), Some("\"1\""));
    assert_eq!(reply.async_operation.as_deref(), Some("https://management.azure.com/op?x"));
    assert_eq!(reply.location.as_deref(), Some("/relative"));
    assert_eq!(reply.date.as_deref(), Some("Tue, 24 Nov 2026 10:00:00 GMT"));
    let bodied = json(200, r#"{"etag":"AAAA"}"#).into_reply(now()).unwrap();
    assert_eq!(bodied.etag.as_deref(), Some("AAAA"));
    assert_eq!(answer(204, &[], "").into_reply(now()).unwrap().body, value!(null));
}

#[test]
fn waits_are_exact_first_then_seconds_then_dates() {
    let cases: &[(Headers, Option<Duration>)] = &[
        (&[], None),
        (&[("retry-after", "15")], Some(Duration::from_secs(15))),
        (&[("retry-after", "0")], Some(Duration::ZERO)),
        (&[("retry-after", "86400")], Some(Duration::from_hours(24))),
        (&[("retry-after", "3"), ("retry-after-ms", "250")], Some(Duration::from_millis(250))),
        (&[("retry-after", "3"), ("x-ms-retry-after-ms", "40")], Some(Duration::from_millis(40))),
        (&[("retry-after", "Tue, 24 Nov 2026 10:00:30 GMT")], Some(Duration::from_secs(30))),
        // This machine's clock is two minutes slow: the service's own counts.
        (
            &[("retry-after", "Tue, 24 Nov 2026 10:02:30 GMT"), ("date", "Tue, 24 Nov 2026 10:02:00 GMT")],
            Some(Duration::from_secs(30)),
        ),
        (&[("retry-after", "Tue, 24 Nov 2026 09:00:00 GMT")], Some(Duration::ZERO)),
        (&[("retry-after", "1.5")], Some(Duration::from_millis(1500))),
        (&[("retry-after", "99999999999999999999")], Some(Duration::from_secs(u64::from(u32::MAX)))),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "NaN")], None),
        (&[("retry-after", "soon")], None),
    ];
    for (headers, wait) in cases {
        assert_eq!(answer(202, headers, "").retry_after(now()), *wait, "{headers:?}");
    }
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(
        status in any::<u16>(),
        headers in vec(("[a-z-]{1,12}", ".{0,40}"), 0..4),
        wait in ".{0,20}",
        body in vec(any::<u8>(), 0..300),
    ) {
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("retry-after", &wait));
        headers.push(("www-authenticate", &wait));
        let reply = answer(status, &headers, body).into_reply(now());
        prop_assert_eq!(reply.is_ok(), reply.is_ok_and(|reply| (200..300).contains(&reply.status)));
    }

    #[test]
    fn every_json_error_gives_a_message(status in 400u16..600, body in json_text()) {
        let error = error(json(status, &body));
        prop_assert!(!error.message.is_empty());
        prop_assert!(!error.message.contains(|c: char| c.is_control() && c != '\n'));
    }
}

/// JSON made of the words that errors are made of.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(value!(null)),
        any::<i64>().prop_map(|n| value!(n)),
        ".{0,30}".prop_map(|text| value!(text)),
    ];
    let names = prop::sample::select(vec![
        "error",
        "code",
        "message",
        "details",
        "innererror",
        "errorCode",
        "Message",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| value!(items)),
            vec((names.clone(), inner), 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
    .prop_map(|value: serde_json::Value| value.to_string())
}
