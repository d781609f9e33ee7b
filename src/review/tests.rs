//! The review of real records of format 1, changed where a case needs it, and its forms.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::{Detail, Only, Review, Source, SourceRun, markdown, text};
use crate::domain::{Exit, Outcome, Record, RunEvent, RunHeader, RunId, RunKind, StepId, Who};

const COMPLETE: &str = include_str!("../../tests/it/data/format1-complete.jsonl");
const FAILED: &str = include_str!("../../tests/it/data/format1-failed.jsonl");

/// The detail levels.
const DETAILS: [Detail; 3] = [Detail::NotWell, Detail::Steps, Detail::Bodies];

/// A run that a case may change.
#[derive(Clone)]
struct Run {
    header: RunHeader,
    records: Vec<Record>,
    torn: bool,
}

impl Run {
    fn of(journal: &str) -> Self {
        let records: Vec<Record> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let RunEvent::RunStarted(header) = &records[0].event else { panic!() };
        Self { header: (**header).clone(), records, torn: false }
    }

    /// A run after `before` that has only begun.
    fn after(before: &Self, kind: RunKind) -> Self {
        let mut header = before.header.clone();
        header.continues = Some(before.header.run.clone());
        header.run = RunId(format!("{}-next", before.header.run));
        header.kind = kind;
        let at = before.records.last().unwrap().at + SignedDuration::from_hours(24);
        let begin = Record { at, seq: 0, event: RunEvent::RunStarted(Box::new(header.clone())) };
        Self { header, records: vec![begin], torn: false }
    }

    /// This run going on, a second later, with the event whose members are `event`.
    fn then(mut self, event: Value) -> Self {
        let last = self.records.last().unwrap();
        let (at, seq) = (last.at + SignedDuration::from_secs(1), last.seq + 1);
        let event: RunEvent = serde_json::from_value(event).unwrap();
        assert_ne!(event, RunEvent::Unknown);
        self.records.push(Record { at, seq, event });
        self
    }

    fn started(self, step: &str) -> Self {
        self.then(json!({ "event": "step-started", "step": step }))
    }

    fn looked(self, step: &str) -> Self {
        self.then(json!({ "event": "step-started", "step": step, "look": true }))
    }

    fn ended(self, step: &str, outcome: &str) -> Self {
        self.then(json!({ "event": "step-finished", "step": step, "outcome": outcome }))
    }
}

fn review(runs: &[&Run]) -> Review {
    let runs = runs
        .iter()
        .map(|run| SourceRun { header: &run.header, records: &run.records, torn: run.torn })
        .collect();
    let source = Source { runs, missing: None, flags: " --sandbox".to_owned() };
    Review::of(&source).unwrap()
}

/// Wrapped text as one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line of Markdown without its code spans.
fn outside_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let ticks: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let (before, after) = (&rest[..at], &rest[at + ticks.len()..]);
        outside.push_str(before);
        let is_end =
            |found: &usize| !after[..*found].ends_with('`') && !after[found + ticks.len()..].starts_with('`');
        let end = after.match_indices(&ticks).map(|(found, _)| found).find(is_end);
        rest = match end {
            Some(end) if !before.ends_with('\\') => &after[end + ticks.len()..],
            _ => after,
        };
    }
    outside + rest
}

#[test]
fn nothing_is_told_of_no_run() {
    assert_eq!(Review::of(&Source::default()), None);
}

#[test]
fn a_complete_run_leaves_nothing() {
    let review = review(&[&Run::of(COMPLETE)]);
    assert_eq!((review.counts.done, review.counts.all), (17, 17));
    assert!(review.left.is_empty() && review.goes_on_with.is_none());
    let hub = review.step("hub.create").unwrap();
    assert_eq!((hub.state, hub.attempts, hub.tries.len()), ("done", 1, 1));
    assert!(hub.seconds > 0.0 && hub.started < hub.ended);
    assert_eq!((hub.operations.len(), hub.operations[0].state.as_deref()), (1, Some("Succeeded")));
    assert!(!hub.correlation_ids.is_empty() && !hub.request_ids.is_empty());
    let mut puts = hub.exchanges.iter().filter(|exchange| exchange.method.as_str() == "PUT");
    let put = puts.rfind(|put| put.status == Some(201)).unwrap();
    assert!(put.answered && put.error.is_none() && put.request_id.is_some());
    assert_eq!(put.call.short(), put.short);
    let run = review.newest().unwrap();
    assert_eq!((run.exit, run.exit_code, run.calls), (Some(Exit::Complete), Some(0), 76));
    let told: usize = review.steps().map(|step| step.exchanges.len()).sum();
    assert_eq!(told + review.exchanges.len(), run.calls, "no call is lost");
}

#[test]
fn a_failure_is_told_with_reason_remedy_and_ids() {
    let review = review(&[&Run::of(FAILED)]);
    let step = review.step("access.hub-app").unwrap();
    assert_eq!((step.state, step.code.as_deref()), ("failed", Some("Authorization_RequestDenied")));
    assert_eq!(step.reason.as_deref(), Some("Insufficient privileges to complete the operation."));
    let fault = step.fault.as_ref().unwrap();
    assert!(fault.means.is_some());
    assert_eq!(step.remedy.as_ref(), Some(&fault.remedy));
    // What was blocked names what it came from, however far back.
    let blocked = review.step("enrollment.group").unwrap();
    assert_eq!(blocked.outcome, Some(Outcome::Blocked));
    assert!(blocked.reason.as_ref().unwrap().contains("dps.create"));
    assert_eq!(blocked.remedy.as_deref(), Some("settle `access.adr-role` first"));
    assert_eq!(review.goes_on_with.as_deref(), Some("hubup apply --sandbox"));
    let left: Vec<&str> = review.left.iter().map(|left| left.step.as_str()).collect();
    assert_eq!(left.len(), review.counts.failed + review.counts.blocked);
    assert!(left.contains(&"access.hub-app") && left.contains(&"sync.synchronize"));
}

#[test]
fn the_newest_outcome_and_the_attempts_of_all_runs_are_told() {
    let first = Run::of(FAILED);
    let second = Run::after(&first, RunKind::Setup)
        .looked("access.identity")
        .ended("access.identity", "already-there")
        .then(json!({ "event": "step-reset", "step": "access.hub-app", "why": "retried" }))
        .started("access.hub-app")
        .ended("access.hub-app", "done");
    let review = review(&[&first, &second]);
    let identity = review.step("access.identity").unwrap();
    assert_eq!((identity.outcome, identity.attempts), (Some(Outcome::AlreadyThere), 1));
    assert_eq!(identity.tries.iter().map(|tried| tried.look).collect::<Vec<_>>(), [false, true]);
    let app = review.step("access.hub-app").unwrap();
    assert_eq!((app.outcome, app.attempts, app.fault.as_ref()), (Some(Outcome::Done), 2, None));
    assert_eq!(app.tries[0].outcome, Some(Outcome::Failed));
    assert_eq!(app.tries[0].code.as_deref(), Some("Authorization_RequestDenied"));
    assert_eq!(app.tries[1].again_because.as_deref(), Some("retried"));
    // A day lies between the runs, and none of it was spent.
    assert!(app.seconds < 60.0, "{}", app.seconds);
    assert_eq!(app.started, app.tries[0].started);
    assert_eq!(app.ended, app.tries[1].ended);
    // Not looked at again: it is told how it ended before, and not as if it held.
    let group = review.step("access.resource-group").unwrap();
    assert_eq!((group.outcome, group.was), (None, Some(Outcome::Done)));
    assert_eq!(group.reason.as_deref(), Some("done in an earlier run, not looked at since"));
    assert!(text(&review, Detail::NotWell).contains("done in an earlier run, not looked at since"));
}

#[test]
fn a_run_may_have_been_killed_after_any_record() {
    for journal in [COMPLETE, FAILED] {
        let whole = Run::of(journal);
        for length in 1..whole.records.len() {
            let mut run = whole.clone();
            run.records.truncate(length);
            run.torn = true;
            let review = review(&[&run]);
            assert_eq!(review.newest().unwrap().exit, None);
            for detail in DETAILS {
                assert!(flat(&text(&review, detail)).contains("it was killed or still runs"));
                assert!(markdown(&review, detail).contains("its last line is not whole"));
            }
            let counted = review.counts;
            let of_all = counted.done
                + counted.running
                + counted.failed
                + counted.blocked
                + counted.skipped
                + counted.left;
            assert_eq!(of_all, 17);
            assert_eq!(review.left.len(), 17 - counted.done - counted.skipped);
        }
    }
}

#[test]
fn what_was_under_way_is_told_as_such() {
    let whole = Run::of(COMPLETE);
    let accepted = |record: &Record| matches!(&record.event, RunEvent::OperationAccepted { step, .. } if step.as_str() == "hub.create");
    let mut run = whole.clone();
    let place = run.records.iter().position(accepted).unwrap();
    run.records.truncate(place + 1);
    let first = review(&[&run]);
    let hub = first.step("hub.create").unwrap();
    assert_eq!((hub.state, hub.in_azures_hands, hub.outcome), ("waiting", true, None));
    assert_eq!(hub.remedy.as_deref(), Some("run `hubup apply --sandbox`, which follows it to its end"));
    assert_eq!(hub.operations[0].state, None);
    assert!(!hub.operations[0].status_url.contains('?'));
    assert!(hub.tries[0].ended.is_none() && hub.ended.is_none());

    // A call without an end on record.
    let sent = |record: &Record| matches!(record.event, RunEvent::CallStarted(_));
    let place = whole.records.iter().rposition(sent).unwrap();
    let mut run = whole.clone();
    run.records.truncate(place + 1);
    let review = review(&[&run]);
    let open: Vec<_> =
        review.steps().flat_map(|step| &step.exchanges).filter(|exchange| !exchange.answered).collect();
    assert!(!open.is_empty());
    assert!(flat(&text(&review, Detail::Steps)).contains("no end on record"));
}

#[test]
fn questions_redos_waits_and_remarks_are_told() {
    let run = Run::of(FAILED)
        .then(json!({
            "event": "asked", "number": 1, "step": "hub.create", "question": "It is there. What now?",
            "differs": ["location: westus2 (you said eastus2)"],
            "choices": [["use", "use it as it is"], ["stop", "stop here"]], "under_yes": null,
        }))
        .then(json!({ "event": "answered", "number": 1, "step": "hub.create", "choice": "use", "by": "flag" }))
        .then(json!({ "event": "redo-started", "step": "hub.create", "steps": ["access.adr-role"], "why": "a grant is gone" }))
        .then(json!({ "event": "step-waiting", "step": "hub.create", "why": "Activating", "millis": 1500, "bound": 9000 }))
        .then(json!({ "event": "step-waiting", "step": "hub.create", "why": "Activating", "millis": 1500, "bound": 9000 }))
        .then(json!({ "event": "noted", "step": "hub.create", "text": "the name was taken" }))
        .then(json!({ "event": "noted", "text": "left at your word" }));
    let review = review(&[&run]);
    let hub = review.step("hub.create").unwrap();
    assert_eq!((hub.questions[0].choice.as_deref(), hub.questions[0].by), (Some("use"), Some(Who::Flag)));
    assert_eq!((hub.waits[0].times, hub.waits[0].seconds), (2, 3.0));
    assert_eq!(review.remarks[0].text, "left at your word");
    let told = text(&review, Detail::Steps);
    for wanted in [
        "Asked        It is there. What now?",
        "Differs      location: westus2 (you said eastus2)",
        "Answered     use (use it as it is), by a flag",
        "Ran again    access.adr-role: a grant is gone",
        "Waited       Activating: 2 times, 3 s",
        "Remark       the name was taken",
        "left at your word",
    ] {
        assert!(told.contains(wanted), "no `{wanted}`:\n{told}");
    }
}

#[test]
fn a_teardown_is_told_by_its_own_steps() {
    let setup = Run::of(COMPLETE);
    let mut teardown = Run::after(&setup, RunKind::Teardown);
    for step in teardown.header.stages.iter_mut().flat_map(|stage| &mut stage.steps) {
        step.id = StepId::from(format!("gone.{}", step.id));
        step.needs.clear();
    }
    teardown.records[0].event = RunEvent::RunStarted(Box::new(teardown.header.clone()));
    let teardown = teardown.started("gone.hub.create").ended("gone.hub.create", "done");
    let review = review(&[&setup, &teardown]);
    assert_eq!((review.kind, review.runs.len(), review.counts.done), (RunKind::Teardown, 2, 1));
    assert!(review.step("hub.create").is_none());
    assert_eq!(review.goes_on_with.as_deref(), Some("hubup destroy --sandbox"));
    let told = text(&review, Detail::NotWell);
    assert!(told.starts_with("hubup: teardown of contoso-factory, in the sandbox"), "{told}");
    assert!(told.contains(&format!("hubup review {}", setup.header.run)), "{told}");
}

#[test]
fn a_step_that_the_plan_lost_is_still_told() {
    let first = Run::of(COMPLETE);
    let mut second = Run::after(&first, RunKind::Setup);
    for stage in &mut second.header.stages {
        stage.steps.retain(|step| step.id.as_str() != "certificates.policy");
    }
    second.records[0].event = RunEvent::RunStarted(Box::new(second.header.clone()));
    let review = review(&[&first, &second]);
    let last = review.stages.last().unwrap();
    assert_eq!((last.id.as_str(), last.steps.len()), ("earlier", 1));
    assert_eq!(last.steps[0].was, Some(Outcome::Done));
    assert!(review.left.iter().all(|left| left.step.as_str() != "certificates.policy"));
    assert!(text(&review, Detail::NotWell).contains("No longer part of the plan"));
}

#[test]
fn words_choose_steps() {
    let first = Run::of(FAILED);
    let run = Run::after(&first, RunKind::Setup)
        .ended("enrollment.group", "skipped")
        .started("hub.create")
        .ended("hub.create", "cancelled")
        .started("dps.create")
        .ended("dps.create", "warned");
    let review = review(&[&first, &run]);
    let parts = ["done", "already there", "warned", "skipped", "failed", "LEFT"];
    let parts: Vec<Only> = parts.iter().map(|word| word.parse().unwrap()).collect();
    for step in review.steps() {
        assert_eq!(parts.iter().filter(|only| only.takes(step)).count(), 1, "{}", step.id);
    }
    for word in
        ["done", "already-there", "warned", "skipped", "blocked", "failed", "cancelled", "left", "not-well"]
    {
        assert_eq!(word.parse::<Only>().unwrap().to_string(), word);
    }
    let error = "broken".parse::<Only>().unwrap_err();
    assert!(error.contains("skipped") && error.contains("left"), "{error}");

    let some = review.clone().only(&["skipped".parse().unwrap(), "cancelled".parse().unwrap()]);
    let ids: Vec<&str> = some.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["hub.create", "enrollment.group"]);
    assert_eq!(some.counts, review.counts);
    assert_eq!(review.clone().only(&[]), review);
    let none = review.only(&["done".parse().unwrap()]);
    for told in [text(&none, Detail::Steps), markdown(&none, Detail::Steps)] {
        assert!(told.contains("No step is as you asked."), "{told}");
    }
}

#[test]
fn lines_fit_eighty_columns_unless_one_word_does_not() {
    for journal in [COMPLETE, FAILED] {
        let review = review(&[&Run::of(journal)]);
        for line in text(&review, Detail::Steps).lines() {
            let words = line.trim_start();
            assert!(line.width() <= 80 || !words.trim_end().contains("  ") && !words.contains(' '), "{line}");
        }
    }
}

#[test]
fn text_from_outside_is_only_text() {
    let nasty = "\u{1b}[31m|`x`<script>\u{202e}\n# *bold* [a](b) ```\n```";
    let run = Run::of(FAILED)
        .started("hub.create")
        .then(json!({
            "event": "step-finished", "step": "hub.create", "outcome": "failed",
            "fault": { "says": nasty, "code": nasty, "means": nasty, "checked": nasty, "remedy": nasty,
                       "correlation_id": nasty, "request_id": nasty, "exit": "failed" },
        }))
        .then(json!({ "event": "noted", "text": nasty }))
        .then(json!({
            "event": "call-started", "call": "00000000-0000-0000-0000-000000000001", "step": "hub.create",
            "purpose": "change", "method": "PUT", "url": nasty, "headers": [["x", nasty]], "body": { "a": nasty },
        }))
        .then(json!({
            "event": "call-finished", "call": "00000000-0000-0000-0000-000000000001", "step": "hub.create",
            "method": "PUT", "target": nasty, "status": 400, "millis": 1, "error": "refused", "code": nasty,
            "message": nasty, "state": nasty, "body": nasty,
        }));
    let mut review = review(&[&run]);
    review.setup = nasty.to_owned();
    review.chosen_because = nasty.to_owned();
    for detail in DETAILS {
        let (plain, marked) = (text(&review, detail), markdown(&review, detail));
        for told in [&plain, &marked] {
            assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told}");
            assert!(!told.contains('\u{202e}'), "{told}");
        }
        // Outside of fences nothing of it acts, and no fence is closed by what it holds.
        let mut fence: Option<String> = None;
        for line in marked.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 && line.ends_with("json") => fence = Some(ticks),
                None => {
                    let outside = outside_code(line);
                    assert!(!outside.contains("<script>") && !outside.contains("[a]("), "{line}");
                    assert!(!line.starts_with("# *bold"), "{line}");
                }
            }
            if fence.is_none() && line.starts_with("| ") {
                let bars = line.replace("\\|", "").matches('|').count();
                assert_eq!(bars, 7, "{line}");
            }
        }
        assert_eq!(fence, None);
        assert!(marked.contains("\\|\\`x\\`&lt;script&gt;"), "{marked}");
    }
}

#[test]
fn the_json_form_is_the_value() {
    let review = review(&[&Run::of(FAILED)]);
    let json = serde_json::to_value(&review).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["kind"], "setup");
    assert_eq!(json["runs"][0]["exit"], "not-permitted");
    assert_eq!(json["counts"]["all"], 17);
    let step = &json["stages"][0]["steps"][2];
    assert_eq!(step["id"], "access.hub-app");
    for member in ["outcome", "state", "started", "ended", "seconds", "attempts", "reason", "remedy", "code"]
    {
        assert!(!step[member].is_null(), "{member}");
    }
    assert_eq!(step["exchanges"][0]["method"], "GET");
    assert_eq!(step["fault"]["status"], 403);
}

#[test]
fn a_clock_that_was_set_back_takes_no_time() {
    let mut run = Run::of(COMPLETE);
    let count = run.records.len();
    for record in &mut run.records[count / 2..] {
        record.at = Timestamp::UNIX_EPOCH;
    }
    let review = review(&[&run]);
    assert!(review.steps().all(|step| step.seconds >= 0.0));
    assert!(review.newest().unwrap().seconds >= 0.0);
}

#[test]
fn the_forms_look_as_they_should() {
    let review = review(&[&Run::of(FAILED)]);
    insta::assert_snapshot!("text", text(&review, Detail::NotWell));
    let failed = review.only(&["failed".parse().unwrap()]);
    insta::assert_snapshot!("markdown", markdown(&failed, Detail::Steps));
}
