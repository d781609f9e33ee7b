//! Tokens are kept by scope, refreshed in time, and fetched once for all who wait.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use azure_core::credentials::AccessToken;
use azure_core::time::OffsetDateTime;
use futures::FutureExt as _;
use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::azure::Clock;
use crate::azure::bearer::Audience;
use crate::azure::token::Tokens;
use crate::domain::{ErrorKind, ServiceError};

/// A clock that is set by hand and a sign-in that counts.
struct Desk {
    now: Arc<AtomicI64>,
    fetched: Arc<AtomicUsize>,
    refuse: Arc<Mutex<bool>>,
    /// Sign-in answers once it is open.
    gate: Arc<Semaphore>,
    tokens: Arc<Tokens>,
}

fn desk(life: i64) -> Desk {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let fetched = Arc::new(AtomicUsize::new(0));
    let refuse = Arc::new(Mutex::new(false));
    let gate = Arc::new(Semaphore::new(1));
    let clock = {
        let now = now.clone();
        Clock::of(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap())
    };
    let fetch = {
        let (now, fetched, refuse, gate) = (now.clone(), fetched.clone(), refuse.clone(), gate.clone());
        Box::new(move |scope: String| {
            let (now, fetched, refuse, gate) = (now.clone(), fetched.clone(), refuse.clone(), gate.clone());
            async move {
                let _open = gate.acquire().await.unwrap();
                let number = fetched.fetch_add(1, Ordering::SeqCst) + 1;
                if *refuse.lock().unwrap() {
                    return Err(ServiceError::local(ErrorKind::Auth, "no"));
                }
                let expires = OffsetDateTime::from_unix_timestamp(now.load(Ordering::SeqCst) + life).unwrap();
                Ok(AccessToken::new(format!("{scope}#{number}"), expires))
            }
            .boxed()
        })
    };
    Desk { now, fetched, refuse, gate, tokens: Arc::new(Tokens::new(fetch, clock)) }
}

impl Desk {
    async fn get(&self, scope: &str) -> Result<String, ServiceError> {
        self.tokens.get(scope).await.map(|token| token.secret.secret().to_owned())
    }

    /// What fifty get who ask while sign-in has not answered yet.
    async fn fifty(&self) -> Vec<Result<String, ServiceError>> {
        self.gate.forget_permits(1);
        let open = async { self.gate.add_permits(1) };
        // In this order: all fifty have asked before the gate opens.
        futures::join!(join_all((0..50).map(|_| self.get("arm"))), open).0
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_token_is_kept_for_its_scope() {
    let desk = desk(3600);
    assert_eq!(desk.get("arm").await.unwrap(), "arm#1");
    assert_eq!(desk.get("arm").await.unwrap(), "arm#1");
    assert_eq!(desk.get("graph").await.unwrap(), "graph#2");
    assert_eq!(desk.get("arm").await.unwrap(), "arm#1");
}

#[tokio::test]
async fn it_is_refreshed_when_too_little_is_left() {
    // (life, kept after, refreshed after): five minutes for long lives, a quarter for short ones.
    for (life, kept, refreshed) in [(3600, 3300, 3301), (600, 450, 451), (60, 45, 46)] {
        let desk = desk(life);
        desk.get("arm").await.unwrap();
        desk.pass(kept);
        assert_eq!(desk.get("arm").await.unwrap(), "arm#1", "{life}");
        desk.pass(refreshed - kept);
        assert_eq!(desk.get("arm").await.unwrap(), "arm#2", "{life}");
    }
}

#[tokio::test]
async fn all_who_wait_share_one_acquisition() {
    let desk = desk(3600);
    let all = desk.fifty().await;
    assert!(all.into_iter().all(|token| token.unwrap() == "arm#1"));
    assert_eq!(desk.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn all_who_wait_share_one_failure_and_the_next_tries_again() {
    let desk = desk(3600);
    *desk.refuse.lock().unwrap() = true;
    let all = desk.fifty().await;
    assert!(all.into_iter().all(|token| token.unwrap_err().kind == ErrorKind::Auth));
    assert_eq!(desk.fetched.load(Ordering::SeqCst), 1);
    *desk.refuse.lock().unwrap() = false;
    assert_eq!(desk.get("arm").await.unwrap(), "arm#2");
}

#[tokio::test]
async fn a_waiter_that_leaves_takes_nothing_from_the_others() {
    let desk = desk(3600);
    {
        desk.gate.forget_permits(1);
        let mut leaving = Box::pin(desk.get("arm"));
        assert!(futures::poll!(leaving.as_mut()).is_pending());
    }
    desk.gate.add_permits(1);
    assert_eq!(desk.get("arm").await.unwrap(), "arm#1");
    assert_eq!(desk.fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refresh_that_fails_early_is_no_failure_yet() {
    let desk = desk(3600);
    desk.get("arm").await.unwrap();
    *desk.refuse.lock().unwrap() = true;
    desk.pass(3400);
    assert_eq!(desk.get("arm").await.unwrap(), "arm#1");
    desk.pass(180);
    assert_eq!(desk.get("arm").await.unwrap_err().kind, ErrorKind::Auth);
}

#[tokio::test]
async fn a_refused_token_is_dropped_unless_there_is_a_newer_one() {
    let desk = desk(3600);
    let refused = desk.tokens.get("arm").await.unwrap().secret;
    desk.tokens.drop_refused("nothing", &refused);
    desk.tokens.drop_refused("arm", &refused);
    assert_eq!(desk.get("arm").await.unwrap(), "arm#2");
    desk.tokens.drop_refused("arm", &refused);
    assert_eq!(desk.get("arm").await.unwrap(), "arm#2");
    assert!(!format!("{:?}", desk.tokens).contains("arm#"));
}

#[test]
fn the_token_of_resource_manager_goes_to_its_host_and_to_those_of_its_regions() {
    let audience = Audience::of("management.azure.com").with_regions();
    let admits = |url: &str| audience.admit(&url.parse().unwrap()).is_ok();
    assert!(
        admits("https://management.azure.com/x") && admits("https://centraluseuap.management.azure.com/x")
    );
    for url in [
        "http://centraluseuap.management.azure.com/x",
        "https://evilmanagement.azure.com/x",
        "https://a.b.management.azure.com/x",
        "https://management.azure.com.evil.example/x",
        "https://centraluseuap.management.azure.com:8443/x",
        "https://user@centraluseuap.management.azure.com/x",
        "https://.management.azure.com/x",
    ] {
        assert!(!admits(url), "{url}");
    }
    let graph = Audience::of("graph.microsoft.com");
    assert!(graph.admit(&"https://eu.graph.microsoft.com/x".parse().unwrap()).is_err());
}
