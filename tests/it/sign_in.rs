//! Every way of signing in against the sandbox: as it goes well, as it fails, and as it ends in the middle of a run.

use std::sync::{Arc, Mutex};

use hubup::azure::{Azure, AzureOptions, Environment, Prompt, Prompts, SignInMethod, Vault, needs_person};
use hubup::domain::{Auth, CallId, ErrorKind, Method, Outputs, Reply, Request, ServiceError};

use crate::support::Cloud;

const PRINCIPAL: &str = include_str!("data/principal.pem");

/// What was prompted, in order.
type Told = Arc<Mutex<Vec<Prompt>>>;

/// A client of `cloud` for a person who opens each page at once, as `who` by the link of its page.
fn person(cloud: &Cloud, sign_in: SignInMethod, who: &'static str) -> (Azure, Told) {
    let told = Told::default();
    let all = told.clone();
    let prompts = Prompts::to(move |prompt| {
        if let Prompt::OpenBrowser { url } = &prompt {
            tokio::spawn(browse(url.clone(), who));
        }
        all.lock().unwrap().push(prompt);
    });
    // By device code tenant and principal are known beforehand, by browser nothing is.
    let known = match sign_in {
        SignInMethod::DeviceCode => cloud.options().environment,
        _ => Environment::default(),
    };
    let environment = Environment { display: true, ..known };
    let options = AzureOptions { sign_in, prompts: Some(prompts), environment, ..cloud.options() };
    (Azure::new(options).unwrap(), told)
}

/// A browser: asks for the page, follows the link that says `who`, lands at hubup.
async fn browse(url: String, who: &'static str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = client.get(&url).header("accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("No real account is asked for"), "{page}");
    let link = page.split("href=\"").find(|link| link.contains(who)).expect("a link for the person");
    let path = link.split('"').next().unwrap().replace("&amp;", "&");
    let target = reqwest::Url::parse(&url).unwrap().join(&path).unwrap();
    let landed = client.get(target).header("accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(landed.contains("You may close this page"), "{landed}");
}

async fn look(azure: &Azure) -> Result<Reply, ServiceError> {
    let request = Request::new(
        Method::Get,
        Auth::ResourceManager,
        "management.azure.com",
        "/subscriptions",
        "2022-12-01",
    );
    azure.call(CallId::fresh(), &request, &Outputs::default(), &Vault::default()).await
}

/// A call as the engine makes it: once more when the token was refused.
async fn persistent_look(azure: &Azure) -> Result<Reply, ServiceError> {
    match look(azure).await {
        Err(error) if error.kind == ErrorKind::Auth && error.retry_after.is_some() => look(azure).await,
        other => other,
    }
}

fn times(told: &Told) -> usize {
    told.lock().unwrap().iter().filter(|prompt| **prompt == Prompt::Done).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_by_browser_and_device_code() {
    let cloud = Cloud::open("").await;
    for (method, name) in [(SignInMethod::Browser, "browser"), (SignInMethod::DeviceCode, "device code")] {
        let (azure, told) = person(&cloud, method, "Sign in as ada");
        let caller = azure.sign_in().await.unwrap();
        assert_eq!((caller.method, caller.name.as_deref()), (name, Some("ada@sandbox.example")));
        assert_eq!(caller.tenant, Some(cloud.sandbox.sign_in().tenant));
        look(&azure).await.unwrap();
        assert_eq!(times(&told), 1);
    }
    let (azure, told) = person(&cloud, SignInMethod::Browser, "Decline");
    let error = azure.sign_in().await.unwrap_err();
    assert!(
        error.message.contains("sign-in by browser failed") && error.message.contains("declined"),
        "{error}"
    );
    assert!(matches!(told.lock().unwrap().last(), Some(Prompt::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_accounts_are_each_their_own() {
    let cloud = Cloud::open("").await;
    let (azure, told) = person(&cloud, SignInMethod::Browser, "Sign in as grace");
    azure.sign_in().await.unwrap();
    azure.sign_in_again(SignInMethod::DeviceCode).await.unwrap();
    let accounts = azure.accounts();
    let named: Vec<_> = accounts.iter().map(|it| (it.name.clone().unwrap(), it.method, it.current)).collect();
    let expected = [
        ("grace@sandbox.example".to_owned(), "browser", false),
        ("ada@sandbox.example".to_owned(), "device code", true),
    ];
    assert_eq!(named, expected);
    let caller = azure.switch_to(Some(&accounts[0].id), None).await.unwrap();
    assert_eq!(caller.name.as_deref(), Some("grace@sandbox.example"));
    look(&azure).await.unwrap();
    // A tenant that is not there leaves all as it was.
    let error = azure.switch_to(None, Some("nowhere.example")).await.unwrap_err();
    assert!(error.message.contains("there is no such tenant"), "{error}");
    assert_eq!(azure.sign_in().await.unwrap().name.as_deref(), Some("grace@sandbox.example"));
    assert_eq!(times(&told), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_proves_itself_by_certificate_and_by_federated_token() {
    let world =
        format!("[sign_in]\ncertificate = '''\n{PRINCIPAL}'''\nfederated_token = \"platform.token.x\"\n");
    let cloud = Cloud::open(&world).await;
    let pem = cloud.folder.path().join("principal.pem");
    let token = cloud.folder.path().join("token");
    std::fs::write(&pem, PRINCIPAL).unwrap();
    std::fs::write(&token, "platform.token.x\n").unwrap();
    let signing = |sign_in: SignInMethod| {
        let mut options = AzureOptions { sign_in, ..cloud.options() };
        options.environment.client_secret = None;
        options.environment.client_certificate = Some(pem.clone());
        options.environment.federated_token_file = Some(token.clone());
        Azure::new(options).unwrap()
    };
    for (method, name) in [
        (SignInMethod::ServicePrincipal, "service principal"),
        (SignInMethod::WorkloadIdentity, "workload identity"),
        (SignInMethod::Auto, "service principal"),
    ] {
        let azure = signing(method);
        assert_eq!(azure.sign_in().await.unwrap().method, name);
        look(&azure).await.unwrap();
    }
    std::fs::write(&token, "another.token.x").unwrap();
    let error = signing(SignInMethod::WorkloadIdentity).sign_in().await.unwrap_err();
    assert!(error.message.starts_with("sign-in by workload identity failed: "), "{error}");

    // The same key, and an application that does not know its certificate.
    let stranger = Cloud::open("").await;
    let mut options = stranger.options();
    options.environment.client_secret = None;
    options.environment.client_certificate = Some(pem);
    let error = Azure::new(options).unwrap().sign_in().await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AADSTS700027"));
    assert!(
        error.message.contains("not registered") && error.message.contains("upload the certificate"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_a_service_asks_for_are_brought_silently_where_entra_allows_it() {
    let cloud = Cloud::open("[sign_in]\ncontext = \"c1\"\n").await;
    let (azure, told) = person(&cloud, SignInMethod::DeviceCode, "");
    azure.sign_in().await.unwrap();
    let error = look(&azure).await.unwrap_err();
    assert_eq!((error.kind, needs_person(&error)), (ErrorKind::Auth, false), "{error}");
    look(&azure).await.unwrap();
    assert_eq!(times(&told), 1);
    // A principal brings them as well.
    persistent_look(&Azure::new(cloud.options()).unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_only_a_person_can_bring_go_into_the_next_sign_in() {
    let cloud = Cloud::open("[sign_in]\ncontext = \"c1\"\ncontext_by_refresh = false\n").await;
    let (azure, told) = person(&cloud, SignInMethod::Browser, "Sign in as ada");
    azure.sign_in().await.unwrap();
    let run = azure.clone();
    let error = persistent_look(&run).await.unwrap_err();
    assert!(needs_person(&error) && error.message.contains("a second factor is asked for"), "{error}");
    azure.sign_in_again(SignInMethod::Browser).await.unwrap();
    look(&run).await.unwrap();
    assert_eq!(times(&told), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_new_sign_in_and_goes_on() {
    // Tokens that are over at once, and refresh tokens that nobody takes.
    let cloud = Cloud::open("[tenant]\ntoken_seconds = 0\n[sign_in]\nrefresh_error = 70043\n").await;
    let (azure, _) = person(&cloud, SignInMethod::DeviceCode, "");
    azure.sign_in().await.unwrap();
    let error = persistent_look(&azure.clone()).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AADSTS70043"));
    assert!(needs_person(&error) && error.message.contains("sign-in by device code failed"), "{error}");
    // The person chooses another way; the run's client goes on by it, with lives of its own world.
    let caller = azure.sign_in_again(SignInMethod::ServicePrincipal).await.unwrap();
    assert_eq!(caller.method, "service principal");
    let error = persistent_look(&azure).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("ExpiredAuthenticationToken"), "{error}");
    assert!(!needs_person(&error), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_that_are_over_need_a_person() {
    let cloud = Cloud::open("[tenant]\ntoken_seconds = 0\n[sign_in]\nrefresh_seconds = 0\n").await;
    let (azure, told) = person(&cloud, SignInMethod::Browser, "Sign in as ada");
    azure.sign_in().await.unwrap();
    let error = persistent_look(&azure).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AADSTS700082"));
    assert!(needs_person(&error), "{error}");
    assert_eq!(times(&told), 1, "nobody is asked in the middle of a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn device_codes_end_as_entra_ends_them() {
    for (world, why) in [
        ("device = \"decline\"", "declined in the browser"),
        ("device = \"ignore\"\ndevice_seconds = 2", "not entered in time"),
    ] {
        let cloud = Cloud::open(&format!("[sign_in]\n{world}\n")).await;
        let (azure, _) = person(&cloud, SignInMethod::DeviceCode, "");
        let error = azure.sign_in().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Auth);
        assert!(error.message.contains(why) && error.message.contains("\nnext: "), "{error}");
    }
}

/// A run of ten minutes in the service's time, whose tokens live one of them.
#[cfg(unix)]
#[test]
fn a_long_run_with_short_tokens_asks_nobody_twice() {
    let account = crate::binary::Account::new();
    // A token of one real second lives a minute at sixty times the speed.
    account.write("world.toml", "[tenant]\ntoken_seconds = 1\n[latency]\nhub = 600\n");
    let example =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).unwrap();
    account.write("hubup.toml", example.replace("#method = \"auto\"", "method = \"device-code\""));
    let ran = account
        .run(&["apply", "--yes", "--sandbox", "--sandbox-world", "world.toml", "--sandbox-speed", "60"])
        .exits(0)
        .tells(&["17 of 17 done"]);
    assert_eq!(ran.err.matches("enter the code").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("You are signed in."), "{}", ran.err);
    assert!(!ran.out.contains("enter the code"), "standard output is for the run");
}

#[cfg(unix)]
#[test]
fn commands_without_a_screen_print_the_code_and_say_why_a_sign_in_failed() {
    let account = crate::binary::Account::new();
    account.write("world.toml", "[sign_in]\ndevice = \"decline\"\n");
    let example =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).unwrap();
    account.write("hubup.toml", example.replace("#method = \"auto\"", "method = \"browser\""));
    let ran = account.run(&["plan", "--sandbox", "--sandbox-world", "world.toml"]).exits(3).tells(&[
        "sign-in by device code failed",
        "declined",
        "run the same command to try again",
    ]);
    // One hint, not one of the sign-in and one of the catalogue.
    assert_eq!((ran.err.matches("do:").count(), ran.err.matches("next:").count()), (1, 0), "{}", ran.err);
    assert!(ran.err.contains("https://microsoft.com/devicelogin"), "{}", ran.err);
}
