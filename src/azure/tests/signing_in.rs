//! The ways of signing in, the order, and what is said when none works.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::Duration;

use azure_core::error::{Error, ErrorKind as CoreKind};

use super::cloud::{CLIENT_SECRET, Cloud, answer, azure, json, options, web_token};
use crate::azure::credentials::Way;
use crate::azure::sign_in::judged as judge;
use crate::azure::{Azure, AzureOptions, Environment, SignInMethod, Timeouts};
use crate::domain::{ErrorKind, ServiceError};

async fn refused(cloud: &std::sync::Arc<Cloud>) -> ServiceError {
    azure(cloud).sign_in().await.unwrap_err()
}

#[tokio::test]
async fn the_words_of_entra_survive_their_line_breaks() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided keys are expired.\r\nTrace ID: 1\r\nSee \"docs\".","error_codes":[7000222]}"#;
    let cloud = Cloud::new(move |_| Ok(json(401, body)));
    let error = azure(&cloud).sign_in().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.contains("AADSTS7000222: The provided keys are expired. Trace ID: 1"), "{error}");
    assert!(!error.message.contains("borrowed"), "{error}");
}

#[tokio::test]
async fn a_principal_is_signed_in_at_the_clouds_login_host() {
    let cloud = Cloud::saying(json(200, "{}"));
    azure(&cloud).sign_in().await.unwrap();
    let [seen] = cloud.all().try_into().unwrap();
    assert_eq!(
        seen.url,
        "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token"
    );
    assert!(seen.body.contains("scope=https%3A%2F%2Fmanagement.azure.com%2F.default"), "{}", seen.body);
    assert!(seen.body.contains("client_id=22222222"), "{}", seen.body);
    // The setup's tenant goes before the environment's.
    let options = AzureOptions { tenant: Some("other-tenant".into()), ..options() };
    Azure::over(options, cloud.clone(), None).sign_in().await.unwrap();
    assert!(cloud.all()[1].url.contains("/other-tenant/"));
}

#[tokio::test]
async fn refused_credentials_are_an_auth_error_in_entras_words() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\r\nTrace ID: t","error_codes":[7000215]}"#;
    let cloud = Cloud::new(move |_| Ok(json(401, body)));
    let error = refused(&cloud).await;
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(
        error.message.contains("service principal") && error.message.contains("AADSTS7000215"),
        "{error}"
    );
    assert!(!error.message.contains("troubleshoot") && !error.message.contains(CLIENT_SECRET), "{error}");
    assert_eq!(cloud.all().len(), 1);
}

#[tokio::test]
async fn a_sign_in_that_is_down_is_not_one_that_says_no() {
    let html = [("content-type", "text/html")];
    for (reply, kind) in [
        (answer(503, &html, "<html>"), ErrorKind::NotSent),
        (answer(500, &[], "{}"), ErrorKind::NotSent),
        (answer(200, &html, "<html>portal</html>"), ErrorKind::NotAzure),
        (answer(404, &html, "<html>not here</html>"), ErrorKind::NotAzure),
        (answer(302, &[("location", "https://portal.example")], ""), ErrorKind::NotAzure),
        (answer(200, &[], ""), ErrorKind::NotAzure),
        (answer(429, &[("retry-after", "9")], "{}"), ErrorKind::Throttled),
    ] {
        let status = reply.status;
        let cloud = Cloud::new(move |_| Ok(reply.clone()));
        let error = refused(&cloud).await;
        assert_eq!(error.kind, kind, "{status}: {error}");
        assert!(error.message.contains("login.microsoftonline.com"), "{error}");
        assert_eq!(error.retry_after, (status == 429).then(|| Duration::from_secs(9)));
    }
    for core in [CoreKind::Connection, CoreKind::Io] {
        let cloud = Cloud::new(move |_| Err(Error::with_message(core.clone(), "the network is down")));
        let error = refused(&cloud).await;
        assert_eq!(error.kind, ErrorKind::NotSent);
        assert!(error.message.contains("the network is down"), "{error}");
    }
}

#[tokio::test]
async fn a_bad_tenant_is_refused_before_any_call() {
    let cloud = Cloud::saying(json(200, "{}"));
    for tenant in ["a/../b", "x; reboot", "$(reboot)"] {
        let options = AzureOptions { tenant: Some(tenant.into()), ..options() };
        let error = Azure::new(options.clone()).unwrap_err().to_string();
        assert!(error.contains("tenant"), "{error}");
        let error = Azure::over(options, cloud.clone(), None).sign_in().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Auth, "{error}");
    }
    assert!(cloud.all().is_empty());
}

/// Options for a machine where `az` is `script`, or is not there.
#[cfg(unix)]
fn with_az(script: Option<&str>, sign_in: SignInMethod) -> (tempfile::TempDir, AzureOptions) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    if let Some(script) = script {
        let az = folder.path().join("az");
        std::fs::write(&az, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let environment = Environment { path: Some(folder.path().into()), ..Environment::default() };
    // With a route nobody is probed, so the test calls nobody.
    let routes = vec![("nobody.example".to_owned(), "http://127.0.0.1:1".to_owned())];
    (folder, AzureOptions { routes, sign_in, environment, ..AzureOptions::default() })
}

#[cfg(unix)]
async fn sign_in(options: AzureOptions) -> Result<crate::azure::Caller, ServiceError> {
    let cloud = Cloud::saying(json(200, "{}"));
    Azure::over(options, cloud, None).sign_in().await
}

#[cfg(unix)]
#[tokio::test]
async fn the_azure_cli_is_asked_with_tenant_and_scope_and_without_a_keyboard() {
    let token = web_token(r#"{"tid":"t","upn":"ada@example.com"}"#);
    let script = format!(
        r#"[ "$*" = "account get-access-token -o json --scope https://management.azure.com/.default --tenant contoso" ] || {{ echo "args: $*" >&2; exit 2; }}
read line && {{ echo "read: $line" >&2; exit 3; }}
echo '{{"accessToken":"{token}","expires_on":4102444800,"tokenType":"Bearer"}}'"#
    );
    let (_folder, options) = with_az(Some(&script), SignInMethod::AzureCli);
    let caller = sign_in(AzureOptions { tenant: Some("contoso".into()), ..options }).await.unwrap();
    assert_eq!((caller.method, caller.name.as_deref()), ("Azure CLI", Some("ada@example.com")));
}

#[cfg(unix)]
#[tokio::test]
async fn a_cli_that_fails_is_quoted() {
    let (_folder, options) = with_az(
        Some("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1"),
        SignInMethod::AzureCli,
    );
    let error = sign_in(options).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.contains("Please run 'az login'"), "{error}");

    let (_folder, options) = with_az(Some("echo not json"), SignInMethod::AzureCli);
    assert_eq!(sign_in(options).await.unwrap_err().kind, ErrorKind::Auth);
}

#[cfg(unix)]
#[tokio::test]
async fn a_cli_that_hangs_is_ended_with_all_that_it_started() {
    // The fifo is open for writing while any of them lives: reading it to its end proves that none does.
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (started, has_started) = tokio::sync::oneshot::channel();
    let reading = std::thread::spawn({
        let fifo = fifo.clone();
        move || {
            let mut lines = BufReader::new(std::fs::File::open(fifo).unwrap()).lines();
            started.send(lines.next().unwrap().unwrap()).unwrap();
            lines.count()
        }
    });
    let script = format!("exec 9>{}\necho started >&9\nwhile :; do :; done", fifo.display());
    let (_az, hanging) = with_az(Some(&script), SignInMethod::AzureCli);
    tokio::select! {
        signed_in = sign_in(hanging) => panic!("{signed_in:?}"),
        started = has_started => assert_eq!(started.unwrap(), "started"),
    }
    assert_eq!(reading.join().unwrap(), 0);

    let (_az, hanging) = with_az(Some("while :; do :; done"), SignInMethod::AzureCli);
    let timeouts = Timeouts { sign_in: Duration::from_millis(200), ..Timeouts::default() };
    let error = sign_in(AzureOptions { timeouts, ..hanging }).await.unwrap_err();
    assert!(error.message.contains("gave no token within 0.2 s"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn when_no_way_works_each_gives_its_own_reason() {
    let (_folder, mut options) = with_az(None, SignInMethod::Auto);
    options.environment.client_id = Some("22222222".into());
    let error = sign_in(options).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    let lines: Vec<_> = error.message.lines().collect();
    assert_eq!(lines[0], "no way to sign in worked");
    assert_eq!(
        lines[1],
        "- service principal: AZURE_TENANT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) not set"
    );
    assert_eq!(lines[2], "- workload identity: AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE not set");
    assert_eq!(lines[3], "- App Service identity: IDENTITY_ENDPOINT and IDENTITY_HEADER not set");
    assert!(lines[4].starts_with("- Azure CLI: ") && lines[4].contains("not found on PATH"), "{}", lines[4]);
    assert!(
        lines[5].starts_with("- Azure Developer CLI: ") && lines[5].contains("not found"),
        "{}",
        lines[5]
    );
    assert_eq!(lines[6], "- virtual machine identity: not tried while `[network] routes` are set");
    assert!(lines[7].starts_with("next: run `az login`"), "{}", lines[7]);
}

#[test]
fn a_machine_without_a_metadata_service_is_not_cut_off_from_azure() {
    let judged = |sign_in, way| judge(sign_in, way, ServiceError::local(ErrorKind::NotSent, "no route")).kind;
    assert_eq!(judged(SignInMethod::Auto, Way::VirtualMachine), ErrorKind::Auth);
    assert_eq!(judged(SignInMethod::Auto, Way::AppService), ErrorKind::NotSent);
    assert_eq!(judged(SignInMethod::ManagedIdentity, Way::VirtualMachine), ErrorKind::NotSent);
}

#[cfg(unix)]
#[tokio::test]
async fn a_principal_that_is_refused_is_not_replaced_by_somebody_else() {
    let (_folder, mut options) = with_az(Some("echo must not run >&2; exit 1"), SignInMethod::Auto);
    options.environment =
        Environment { path: options.environment.path, ..super::cloud::options().environment };
    let cloud = Cloud::new(|_| Ok(json(401, r#"{"error":"invalid_client","error_description":"no"}"#)));
    let error = Azure::over(options, cloud, None).sign_in().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(error.message.starts_with("sign-in by service principal failed"), "{error}");
}

#[tokio::test]
async fn a_chosen_method_that_lacks_its_variables_says_so() {
    let cloud = Cloud::saying(json(200, "{}"));
    let options = AzureOptions { sign_in: SignInMethod::ServicePrincipal, ..AzureOptions::default() };
    let error = Azure::over(options, cloud.clone(), None).sign_in().await.unwrap_err();
    assert!(
        error.message.contains("AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) not set"),
        "{error}"
    );
    assert!(cloud.all().is_empty());
}

#[test]
fn an_environment_does_not_print_its_values() {
    let printed = format!("{:?}", options());
    assert!(printed.contains("AZURE_CLIENT_SECRET"), "{printed}");
    for value in [CLIENT_SECRET, "22222222-2222"] {
        assert!(!printed.contains(value), "{printed}");
    }
}

/// azure_identity reads the process's environment, so this one runs in a process of its own.
#[test]
fn an_app_service_identity_is_asked_at_its_endpoint_past_routes_and_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/msi/token", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0);
        }
        let token = web_token(r#"{"oid":"identity","appid":"the-app"}"#);
        let body = format!(
            r#"{{"access_token":"{token}","expires_on":"4102444800","token_type":"Bearer","resource":"https://management.azure.com"}}"#
        );
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        reader.get_mut().write_all(reply.as_bytes()).unwrap();
        head
    });
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "azure::tests::signing_in::in_a_process_of_its_own", "--nocapture"])
        .env("IDENTITY_ENDPOINT", &endpoint)
        .env("IDENTITY_HEADER", "the-identity-header")
        .env("HUBUP_TEST_CHILD", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("signed in as the-app by App Service identity"), "{said}");
    let head = server.join().unwrap().to_lowercase();
    assert!(
        head.starts_with("get /msi/token?api-version=2019-08-01&resource=https%3a%2f%2fmanagement.azure.com"),
        "{head}"
    );
    assert!(head.contains("x-identity-header: the-identity-header"), "{head}");
}

/// The other half of the test above; alone it has nothing to do.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the variables are the subject of this test")]
async fn in_a_process_of_its_own() {
    if std::env::var("HUBUP_TEST_CHILD").is_err() {
        return;
    }
    let environment = Environment {
        identity_endpoint: std::env::var("IDENTITY_ENDPOINT").ok(),
        identity_header: std::env::var("IDENTITY_HEADER").ok().map(Into::into),
        https_proxy: Some("http://127.0.0.1:1".into()),
        ..Environment::default()
    };
    let routes = vec![("nobody.example".to_owned(), "http://127.0.0.1:1".to_owned())];
    let options = AzureOptions { routes, environment, ..AzureOptions::default() };
    let caller = Azure::new(options).unwrap().sign_in().await.unwrap();
    println!("signed in as {} by {}", caller.name.unwrap(), caller.method);
}
