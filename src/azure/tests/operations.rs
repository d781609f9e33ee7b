//! The poller over every header style, and over every word that an operation can say.

use jiff::Timestamp;

use super::cloud::{answer, json};
use crate::azure::poll::{Status, follow, judge, wait_of};
use crate::azure::reply::Answer;
use crate::domain::{ErrorKind, Method, Reply, ServiceError, Wait};

const ASKED: &str = "https://management.azure.com/subscriptions/s/x?api-version=1";

/// Method, status, headers, and what is followed.
type Case<'a> = (Method, u16, &'a [(&'a str, &'a str)], Option<Wait>);

fn reply(answer: Answer) -> Reply {
    answer.into_reply(Timestamp::UNIX_EPOCH).unwrap()
}

fn looked(answer: Answer) -> Result<Reply, ServiceError> {
    answer.into_reply(Timestamp::UNIX_EPOCH)
}

fn operation() -> Wait {
    Wait::AsyncOperation { poll: "https://management.azure.com/op".into() }
}

fn location() -> Wait {
    Wait::Location { poll: "https://management.azure.com/result".into() }
}

#[test]
fn an_accepted_call_is_followed_by_its_headers() {
    let op = ("azure-asyncoperation", "https://management.azure.com/op?t=1&c&s=%2B");
    let at = ("location", "https://management.azure.com/result?a=b");
    let by_op = Some(Wait::AsyncOperation { poll: op.1.into() });
    let by_location = Some(Wait::Location { poll: at.1.into() });
    let cases: &[Case<'_>] = &[
        (Method::Put, 201, &[op], by_op.clone()),
        (Method::Put, 201, &[op, at], by_op.clone()),
        (Method::Delete, 202, &[at, op], by_op.clone()),
        (Method::Put, 200, &[op], by_op),
        (Method::Put, 201, &[at], by_location.clone()),
        (Method::Post, 202, &[at], by_location.clone()),
        (Method::Patch, 202, &[at], by_location),
        (Method::Put, 200, &[at], None),
        (Method::Delete, 204, &[at], None),
        (Method::Put, 200, &[], None),
        (Method::Post, 202, &[], None),
        (Method::Get, 202, &[at, op], None),
    ];
    for (method, status, headers, wait) in cases {
        assert_eq!(
            wait_of(&reply(answer(*status, headers, "")), *method, ASKED),
            *wait,
            "{method} {status} {headers:?}"
        );
    }
}

#[test]
fn relative_status_urls_belong_to_the_host_that_was_asked() {
    let cases = [
        ("/subscriptions/s/op?x=%2f&y", "https://management.azure.com/subscriptions/s/op?x=%2f&y"),
        ("op/1", "https://management.azure.com/subscriptions/s/op/1"),
        ("//elsewhere.example/op", "https://elsewhere.example/op"),
        ("http://elsewhere.example/op", "http://elsewhere.example/op"),
    ];
    for (given, poll) in cases {
        let wait = wait_of(&reply(answer(202, &[("location", given)], "")), Method::Post, ASKED);
        assert_eq!(wait, Some(Wait::Location { poll: poll.into() }));
    }
}

#[test]
fn a_look_may_name_the_next_status_url() {
    let next = "https://management.azure.com/result/2";
    let moved = reply(answer(202, &[("location", next)], ""));
    assert_eq!(follow(&location(), &moved), Wait::Location { poll: next.into() });
    assert_eq!(follow(&operation(), &moved), operation());
    assert_eq!(follow(&location(), &reply(answer(200, &[("location", next)], "{}"))), location());
    assert_eq!(follow(&location(), &reply(answer(202, &[], ""))), location());
}

#[test]
fn an_operation_status_is_judged_by_its_word() {
    for (body, status) in [
        (r#"{"status":"InProgress"}"#, Status::Running),
        (r#"{"status":"Accepted","percentComplete":10}"#, Status::Running),
        (r#"{"status":"succeeded"}"#, Status::Succeeded),
        (r#"{"status":"SUCCEEDED","error":null}"#, Status::Succeeded),
        (r#"{"id":"/x","properties":{"provisioningState":"Succeeded"}}"#, Status::Succeeded),
        (r#"{"id":"/x","properties":{"provisioningState":"Updating"}}"#, Status::Running),
        (r#"{"id":"/x"}"#, Status::Succeeded),
        ("", Status::Succeeded),
    ] {
        assert_eq!(judge(&operation(), &looked(json(200, body))), status, "{body}");
    }
    assert_eq!(judge(&operation(), &looked(answer(202, &[], ""))), Status::Running);
    assert_eq!(judge(&operation(), &looked(answer(204, &[], ""))), Status::Succeeded);
}

#[test]
fn a_failed_operation_keeps_its_own_words() {
    for (wait, body, kind, code, message) in [
        (
            operation(),
            r#"{"status":"Failed","error":{"code":"IH400913","message":"lacks"}}"#,
            ErrorKind::Refused,
            Some("IH400913"),
            "lacks",
        ),
        (
            operation(),
            r#"{"status":"failed","error":{"code":400913,"message":"lacks"}}"#,
            ErrorKind::Refused,
            Some("400913"),
            "lacks",
        ),
        (
            operation(),
            r#"{"status":"Failed","properties":{"error":{"code":"X","message":"y"}}}"#,
            ErrorKind::Refused,
            Some("X"),
            "y",
        ),
        (
            operation(),
            r#"{"status":"Failed"}"#,
            ErrorKind::Refused,
            None,
            "the operation failed, and Azure does not say why",
        ),
        (
            operation(),
            r#"{"status":"Canceled","error":null}"#,
            ErrorKind::Cancelled,
            None,
            "the operation was cancelled, and Azure does not say why",
        ),
        (
            operation(),
            r#"{"status":"CANCELLED","error":{"code":"C","message":"m"}}"#,
            ErrorKind::Cancelled,
            Some("C"),
            "m",
        ),
        (
            operation(),
            r#"{"id":"/x","properties":{"provisioningState":"Failed"}}"#,
            ErrorKind::Refused,
            None,
            "the operation failed, and Azure does not say why",
        ),
        (
            location(),
            r#"{"status":"Failed","error":{"code":"X","message":"y"}}"#,
            ErrorKind::Refused,
            Some("X"),
            "y",
        ),
    ] {
        let Status::Failed(error) = judge(&wait, &looked(json(200, body))) else { panic!("{body}") };
        assert_eq!((error.kind, error.code.as_deref(), error.message.as_str()), (kind, code, message));
    }
}

#[test]
fn a_location_is_judged_by_its_status() {
    assert_eq!(judge(&location(), &looked(answer(202, &[], ""))), Status::Running);
    assert_eq!(judge(&location(), &looked(json(202, r#"{"status":"InProgress"}"#))), Status::Running);
    for status in [200, 201, 204] {
        assert_eq!(judge(&location(), &looked(answer(status, &[], ""))), Status::Succeeded);
    }
}

#[test]
fn a_look_that_fails_is_not_an_operation_that_failed() {
    for wait in [operation(), location()] {
        for status in [404, 410] {
            assert_eq!(judge(&wait, &looked(json(status, "{}"))), Status::Lost);
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(judge(&wait, &looked(answer(status, &[], ""))), Status::Running, "{status}");
        }
        for kind in [ErrorKind::NotSent, ErrorKind::Lost] {
            assert_eq!(judge(&wait, &Err(ServiceError::local(kind, "x"))), Status::Running);
        }
        for (status, kind) in [
            (400, ErrorKind::Refused),
            (401, ErrorKind::Auth),
            (403, ErrorKind::Forbidden),
            (409, ErrorKind::Conflict),
        ] {
            let Status::Failed(error) = judge(&wait, &looked(json(status, "{}"))) else { panic!("{status}") };
            assert_eq!(error.kind, kind);
        }
    }
}
