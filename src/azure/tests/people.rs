//! People sign in by browser and by device code; what is kept of it, and what a run does when it ends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::http::Url;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::calls::call;
use super::cloud::{Cloud, Seen, get, json, web_token};
use crate::azure::reply::Answer;
use crate::azure::{Azure, AzureOptions, Environment, Prompt, Prompts, SignInMethod, Timeouts, needs_person};
use crate::domain::ErrorKind;

/// What was prompted, in order.
type Told = Arc<Mutex<Vec<Prompt>>>;

fn person(
    cloud: &Arc<Cloud>,
    sign_in: SignInMethod,
) -> (Azure, Told, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let told = Told::default();
    let (urls, opened) = tokio::sync::mpsc::unbounded_channel();
    let all = told.clone();
    let prompts = Prompts::to(move |prompt| {
        if let Prompt::OpenBrowser { url } = &prompt {
            urls.send(url.clone()).unwrap();
        }
        all.lock().unwrap().push(prompt);
    });
    let options = AzureOptions {
        sign_in,
        prompts: Some(prompts),
        environment: Environment { display: true, ..Environment::default() },
        ..AzureOptions::default()
    };
    (Azure::over(options, cloud.clone(), None), told, opened)
}

fn grant(number: usize) -> Answer {
    let token = web_token(&format!(r#"{{"tid":"home","oid":"ada","upn":"ada@contoso.com","n":{number}}}"#));
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{token}","refresh_token":"refresh-{number}"}}"#
    );
    json(200, &body)
}

fn denied(error: &str, says: &str) -> Answer {
    json(400, &format!(r#"{{"error":"{error}","error_description":"{says}\r\nTrace ID: t"}}"#))
}

const CODE: &str = r#"{"device_code":"the-device-code","user_code":"ABCD-EFGH","verification_uri":"https://microsoft.com/devicelogin","expires_in":"900","interval":5}"#;

/// A cloud that answers the looks at a device code in turn; the last answer holds on.
fn device(answers: Vec<Answer>) -> Arc<Cloud> {
    let looks = Mutex::new(0);
    Cloud::new(move |seen: &Seen| {
        if seen.url.ends_with("/devicecode") {
            return Ok(json(200, CODE));
        }
        if !seen.url.starts_with("https://login.") {
            return Ok(json(200, "{}"));
        }
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        Ok(answers[(*looks - 1).min(answers.len() - 1)].clone())
    })
}

#[tokio::test(start_paused = true)]
async fn a_device_code_is_asked_for_as_slowly_as_entra_wants() {
    let pending = || denied("authorization_pending", "AADSTS70016: pending.");
    let cloud = device(vec![pending(), denied("slow_down", "too often"), pending(), grant(1)]);
    let (azure, told, _) = person(&cloud, SignInMethod::DeviceCode);
    let begun = tokio::time::Instant::now();
    let caller = azure.sign_in().await.unwrap();
    assert_eq!((caller.method, caller.name.as_deref()), ("device code", Some("ada@contoso.com")));
    // 5 and 5, then 10 and 10.
    assert_eq!(begun.elapsed().as_secs(), 30);
    let code = Prompt::DeviceCode {
        user_code: "ABCD-EFGH".into(),
        url: "https://microsoft.com/devicelogin".into(),
        expires_in: Duration::from_mins(15),
    };
    assert_eq!(*told.lock().unwrap(), [code, Prompt::Done]);
    let [asked, look, ..] =
        cloud.all().try_into().unwrap_or_else(|all: Vec<Seen>| [all[0].clone(), all[1].clone()]);
    assert_eq!(asked.url, "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode");
    assert!(asked.body.contains("client_id=04b07795-8ddb-461a-bbee-02f9e1bf7b46"), "{}", asked.body);
    assert!(asked.body.contains("offline_access"), "{}", asked.body);
    assert!(look.body.contains("device_code=the-device-code"), "{}", look.body);
    // Nobody is asked again.
    azure.sign_in().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_code_that_comes_to_nothing_says_why_and_what_next() {
    let down = super::cloud::answer(503, &[], "");
    for (answers, why) in [
        (vec![denied("authorization_declined", "no")], "declined in the browser"),
        (vec![denied("access_denied", "no")], "declined in the browser"),
        (vec![denied("expired_token", "late")], "not entered in time"),
        (vec![denied("code_expired", "late")], "not entered in time"),
        (vec![denied("authorization_pending", "wait")], "not entered in time"),
        (vec![down, denied("authorization_declined", "no")], "declined in the browser"),
        (vec![denied("invalid_grant", "AADSTS53003: Blocked.")], "conditional access policy"),
    ] {
        let (azure, told, _) = person(&device(answers), SignInMethod::DeviceCode);
        let error = azure.sign_in().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Auth, "{error}");
        assert!(error.message.starts_with("sign-in by device code failed: "), "{error}");
        assert!(error.message.contains(why) && error.message.contains("\nnext: "), "{error}");
        assert!(matches!(told.lock().unwrap().last(), Some(Prompt::Failed(_))));
    }
}

/// What a browser's GET of `target` is answered with.
async fn browse(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

/// The parameters of an authorization, and where its listener is.
struct Asked {
    url: Url,
    address: String,
}

impl Asked {
    fn of(url: &str) -> Self {
        let url = Url::parse(url).unwrap();
        let mut asked = Self { url, address: String::new() };
        let redirect = Url::parse(&asked.value("redirect_uri")).unwrap();
        assert_eq!(redirect.host_str(), Some("localhost"));
        asked.address = format!("127.0.0.1:{}", redirect.port().unwrap());
        asked
    }

    fn value(&self, name: &str) -> String {
        self.url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
    }
}

#[tokio::test]
async fn a_browser_brings_the_code_past_strays_and_wrong_states() {
    let cloud = Cloud::new(|seen| Ok(if seen.url.contains("/token") { grant(1) } else { json(200, "{}") }));
    let (azure, told, mut opened) = person(&cloud, SignInMethod::Browser);
    let visiting = async {
        let asked = Asked::of(&opened.recv().await.unwrap());
        let (state, address) = (asked.value("state"), asked.address.as_str());
        // A connection that is opened ahead of need, and one that speaks no HTTP.
        let _idle = TcpStream::connect(address).await.unwrap();
        TcpStream::connect(address).await.unwrap().write_all(b"\x16\x03\x01 what\r\n\r\n").await.unwrap();
        for (target, status) in [
            ("/favicon.ico".to_owned(), "404"),
            ("/".to_owned(), "404"),
            ("/?code=stolen&state=guess".to_owned(), "400"),
            ("/?code=stolen".to_owned(), "400"),
            ("/?error=access_denied&state=guess".to_owned(), "400"),
            (format!("/elsewhere?code=x&state={state}"), "404"),
        ] {
            let page = browse(address, &target).await;
            assert!(page.starts_with(&format!("HTTP/1.1 {status}")), "{target}: {page}");
            assert!(!page.contains("stolen"), "{page}");
        }
        let page = browse(address, &format!("/?code=the-code&state={state}")).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("You may close this page"), "{page}");
        asked
    };
    let (signed_in, asked) = tokio::join!(azure.sign_in(), visiting);
    assert_eq!(signed_in.unwrap().method, "browser");
    assert!(
        asked
            .url
            .as_str()
            .starts_with("https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?")
    );
    assert_eq!(asked.value("code_challenge_method"), "S256");
    let [redeemed] = cloud.all().try_into().unwrap();
    let body = Url::parse(&format!("http://x/?{}", redeemed.body)).unwrap();
    let value = |name: &str| body.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((value("code").as_str(), value("redirect_uri")), ("the-code", asked.value("redirect_uri")));
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(value("code_verifier"))), asked.value("code_challenge"));
    assert!(!asked.url.as_str().contains(&value("code_verifier")));
    assert_eq!(told.lock().unwrap().last(), Some(&Prompt::Done));
}

#[tokio::test]
async fn a_browser_that_says_no_is_quoted() {
    let (azure, _, mut opened) = person(&Cloud::saying(json(200, "{}")), SignInMethod::Browser);
    let visiting = async {
        let asked = Asked::of(&opened.recv().await.unwrap());
        let target = format!(
            "/?error=access_denied&error_description=AADSTS65004%3A+User+declined.&state={}",
            asked.value("state")
        );
        browse(&asked.address, &target).await
    };
    let (signed_in, _) = tokio::join!(azure.sign_in(), visiting);
    let error = signed_in.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AADSTS65004"));
    assert!(error.message.contains("the request for consent was declined"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_never_answers_is_waited_for_so_long_and_no_longer() {
    let (azure, _, _opened) = person(&Cloud::saying(json(200, "{}")), SignInMethod::Browser);
    let begun = tokio::time::Instant::now();
    let error = azure.sign_in().await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), Timeouts::default().person.as_secs());
    assert!(error.message.contains("gave no answer within 300 s"), "{error}");
    assert!(error.message.contains("device-code"), "{error}");
}

#[tokio::test]
async fn without_a_screen_the_browser_becomes_a_device_code_and_without_anybody_an_error() {
    let cloud = device(vec![denied("authorization_declined", "no")]);
    let told = Told::default();
    let all = told.clone();
    let options = AzureOptions {
        sign_in: SignInMethod::Browser,
        prompts: Some(Prompts::to(move |prompt| all.lock().unwrap().push(prompt))),
        ..AzureOptions::default()
    };
    tokio::time::pause();
    let error = Azure::over(options.clone(), cloud.clone(), None).sign_in().await.unwrap_err();
    assert!(error.message.starts_with("sign-in by device code"), "{error}");
    assert!(matches!(told.lock().unwrap()[0], Prompt::DeviceCode { .. }));

    let nobody = AzureOptions { prompts: None, ..options };
    let error = Azure::over(nobody, cloud, None).sign_in().await.unwrap_err();
    assert!(needs_person(&error) && error.message.contains("nobody is here to be asked"), "{error}");
}

/// Signed in by device code at a cloud whose token endpoint is `token`.
async fn signed_in(
    token: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
) -> (Azure, Arc<Cloud>, Told) {
    let count = Mutex::new(0);
    let cloud = Cloud::new(move |seen: &Seen| {
        if seen.url.ends_with("/devicecode") {
            return Ok(json(200, CODE));
        }
        if !seen.url.starts_with("https://login.") {
            return Ok(json(200, "{}"));
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        Ok(token(seen, *count))
    });
    let (azure, told, _) = person(&cloud, SignInMethod::DeviceCode);
    azure.sign_in().await.unwrap();
    (azure, cloud, told)
}

#[tokio::test(start_paused = true)]
async fn other_scopes_come_by_the_newest_refresh_token_in_the_persons_tenant() {
    let (azure, cloud, told) = signed_in(|_, number| grant(number)).await;
    let scope = |host: &str| {
        crate::domain::Request::new(
            crate::domain::Method::Get,
            crate::domain::Auth::Graph,
            host,
            "/v1.0/me",
            "",
        )
    };
    call(&azure, &scope("graph.microsoft.com")).await.unwrap();
    azure.switch_to(None, Some("other")).await.unwrap();
    let asked: Vec<_> = cloud.all().into_iter().filter(|seen| seen.url.ends_with("/token")).collect();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[1].url.contains("/home/") && asked[1].body.contains("refresh_token=refresh-1"),
        "{:?}",
        asked[1]
    );
    assert!(asked[1].body.contains("scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"), "{:?}", asked[1]);
    assert!(
        asked[2].url.contains("/other/") && asked[2].body.contains("refresh_token=refresh-2"),
        "{:?}",
        asked[2]
    );
    assert_eq!(told.lock().unwrap().len(), 2, "nobody was asked again");
    let [account] = azure.accounts().try_into().unwrap();
    assert_eq!((account.id.as_str(), account.method, account.current), ("home/ada", "device code", true));
    assert!(!format!("{azure:?}{account:?}").contains("refresh-"));
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_ends_in_mid_run_is_told_from_one_that_is_down_and_can_be_replaced() {
    let state = Arc::new(Mutex::new("good"));
    let now = state.clone();
    let (azure, cloud, told) = signed_in(move |seen, number| {
        if seen.body.contains("device_code=") {
            return grant(number);
        }
        match *now.lock().unwrap() {
            "down" => super::cloud::answer(503, &[], ""),
            "busy" => denied("temporarily_unavailable", "AADSTS90033: later"),
            "gone" => denied("invalid_grant", "AADSTS700082: The refresh token has expired."),
            "factor" => denied("interaction_required", "AADSTS50076: Use a second factor."),
            "unnamed" => denied("invalid_grant", "It is gone."),
            _ => grant(number),
        }
    })
    .await;
    let fresh = |state_is: &'static str| {
        *state.lock().unwrap() = state_is;
        let azure = azure.clone();
        // Another scope's token is not there, so one is asked for.
        async move { azure.switch_to(None, None).await }
    };
    for (now, person) in
        [("down", false), ("busy", false), ("gone", true), ("factor", true), ("unnamed", true)]
    {
        let error = fresh(now).await.unwrap_err();
        assert_eq!(needs_person(&error), person, "{now}: {error}");
        assert_eq!(error.kind, if person { ErrorKind::Auth } else { ErrorKind::NotSent }, "{error}");
        // Whoever was signed in still is.
        call(&azure, &get("/x")).await.unwrap();
    }
    assert!(fresh("gone").await.unwrap_err().message.contains("it was not used for too long"));

    // The run holds a clone; it goes on as who signs in.
    let run = azure.clone();
    *state.lock().unwrap() = "good";
    azure.sign_in_again(SignInMethod::DeviceCode).await.unwrap();
    call(&run, &get("/after")).await.unwrap();
    let calls = cloud.calls();
    let (before, after) = (&calls[calls.len() - 2], &calls[calls.len() - 1]);
    assert_ne!(before.header("authorization"), after.header("authorization"));
    assert_eq!(azure.accounts().len(), 1, "the same person signed in again");
    assert_eq!(told.lock().unwrap().iter().filter(|prompt| **prompt == Prompt::Done).count(), 2);
    fresh("good").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_sign_in_that_fails_leaves_the_former() {
    let cloud = device(vec![grant(1), denied("authorization_declined", "no"), grant(3)]);
    let (azure, _, _) = person(&cloud, SignInMethod::DeviceCode);
    azure.sign_in().await.unwrap();
    azure.sign_in_again(SignInMethod::DeviceCode).await.unwrap_err();
    call(&azure, &get("/x")).await.unwrap();
    azure.sign_in_again(SignInMethod::ServicePrincipal).await.unwrap_err();
    assert_eq!(azure.sign_in().await.unwrap().method, "device code");
    assert!(azure.switch_to(Some("nobody"), None).await.unwrap_err().message.contains("nobody signed in"));
}
