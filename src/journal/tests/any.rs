//! Records of every kind, and bytes of no kind.

use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::domain::{Ask, Choice, ErrorKind, Exit, Fault, Outcome, Question, Wait, Who};

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z.]{1,12}", any::<String>()]
}

fn step() -> impl Strategy<Value = StepId> {
    words().prop_map(StepId::from)
}

fn call() -> impl Strategy<Value = CallId> {
    any::<u128>().prop_map(|number| CallId(Uuid::from_u128(number)))
}

fn body() -> impl Strategy<Value = Option<Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(words(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    // A body that is null is not told apart from none, nor need it be.
    prop::option::of(tree)
}

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::Get, Method::Head, Method::Put, Method::Post, Method::Delete])
}

fn fault() -> impl Strategy<Value = Fault> {
    (words(), words(), prop::option::of(words())).prop_map(|(says, remedy, code)| {
        let mut fault = Fault::new(says, remedy).exiting(Exit::NotPermitted);
        fault.code = code;
        fault
    })
}

fn event() -> impl Strategy<Value = RunEvent> {
    let outcomes = vec![Outcome::Done, Outcome::AlreadyThere, Outcome::Blocked, Outcome::Failed];
    prop_oneof![
        (words(), prop::option::of(words()), any::<bool>()).prop_map(|(name, continues, sandbox)| {
            let mut header = header(&RunId(name.clone()), continues.as_deref());
            header.answers.tags.insert(name.clone(), name);
            header.sandbox = sandbox;
            RunEvent::RunStarted(Box::new(header))
        }),
        step().prop_map(|step| RunEvent::StepQueued { step }),
        (step(), any::<bool>()).prop_map(|(step, look)| RunEvent::StepStarted { step, look }),
        (call(), prop::option::of(step()), prop::option::of(call()), method(), words(), body()).prop_map(
            |(call, step, retry_of, method, url, body)| {
                let headers = vec![(url.clone(), url.clone())];
                let shown = Shown { method, url, headers, body };
                RunEvent::CallStarted(Box::new(CallRecord {
                    call,
                    step,
                    purpose: Purpose::Prove,
                    shown,
                    retry_of,
                }))
            }
        ),
        (call(), prop::option::of(step()), method(), words(), any::<u64>(), body()).prop_map(
            |(call, step, method, text, millis, body)| {
                let RunEvent::CallFinished(mut reply) = call_finished(0, call).event else {
                    unreachable!("it makes a finished call")
                };
                *reply = ReplyRecord { step, method, millis, body, ..*reply };
                reply.target.clone_from(&text);
                reply.message = Some(text);
                reply.error = Some(ErrorKind::Lost);
                reply.status = None;
                RunEvent::CallFinished(reply)
            }
        ),
        (step(), call(), words()).prop_map(|(step, call, poll)| RunEvent::OperationAccepted {
            step,
            call,
            wait: Wait::AsyncOperation { poll }
        }),
        (step(), call(), words()).prop_map(|(step, call, state)| RunEvent::OperationEnded {
            step,
            call,
            state
        }),
        (step(), words(), any::<u64>(), any::<u64>())
            .prop_map(|(step, why, millis, bound)| RunEvent::StepWaiting { step, why, millis, bound }),
        (any::<u64>(), step(), words(), prop::option::of(words())).prop_map(
            |(number, step, question, under_yes)| {
                let choices = vec![("use".to_owned(), question.clone())];
                let ask = Ask { question, differs: Vec::new(), choices, under_yes };
                RunEvent::Asked(Question { number, step, ask })
            }
        ),
        (any::<u64>(), step(), words()).prop_map(|(number, step, choice)| {
            RunEvent::Answered(Choice { number, step, choice, by: Who::Flag })
        }),
        (step(), prop::collection::vec(step(), 0..3), words())
            .prop_map(|(step, steps, why)| RunEvent::RedoStarted { step, steps, why }),
        (
            step(),
            prop::sample::select(outcomes),
            prop::option::of(words()),
            prop::option::of(fault().prop_map(Box::new)),
            prop::collection::btree_map(words(), words(), 0..3)
        )
            .prop_map(|(step, outcome, note, fault, outputs)| RunEvent::StepFinished {
                step,
                outcome,
                note,
                fault,
                outputs
            }),
        (step(), words()).prop_map(|(step, why)| RunEvent::StepReset { step, why }),
        (prop::option::of(step()), words()).prop_map(|(step, text)| RunEvent::Noted { step, text }),
        Just(RunEvent::RunFinished { exit: Exit::Left }),
        Just(RunEvent::Unknown),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_records_are_read_back(events in prop::collection::vec(event(), 0..12)) {
        let place = Place::new();
        let mut writer = place.writer("r1");
        let begin = RunEvent::RunStarted(Box::new(header(&RunId("r1".into()), None)));
        let mut records = vec![record(0, begin)];
        records.extend((1..).zip(events).map(|(seq, event)| record(seq, event)));
        for record in &records {
            writer.append(record, Durability::Written).unwrap();
        }
        let journal = read(writer.path()).unwrap();
        prop_assert_eq!(&journal.records, &records);
        prop_assert!(!journal.torn);
        let log = JournalLog::of(&[journal]);
        prop_assert_eq!(log.lines(0..usize::MAX).len(), log.len());
    }

    #[test]
    fn any_bytes_after_the_first_line_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let place = Place::new();
        let mut content = first_line(|_| {});
        content.extend(tail);
        match read(&place.file("r1.jsonl", &content)) {
            Ok(journal) => prop_assert_eq!(journal.records.len(), 1),
            Err(JournalError::Damaged { line, .. }) => prop_assert!(line > 1),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
