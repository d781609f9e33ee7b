//! Service principals by certificate and by federated token; what is found without a person.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::cloud::{Cloud, Seen, json, options};
use crate::azure::credentials::{code_in, in_words};
use crate::azure::{Azure, AzureOptions, SignInMethod, detect, needs_person};
use crate::domain::{ErrorKind, ServiceError};

const PRINCIPAL: &str = include_str!("../../../tests/it/data/principal.pem");

fn with_certificate(path: &Path) -> AzureOptions {
    let mut options = options();
    options.environment.client_secret = None;
    options.environment.client_certificate = Some(path.to_owned());
    options
}

fn value(seen: &Seen, name: &str) -> String {
    let url = azure_core::http::Url::parse(&format!("http://x/?{}", seen.body)).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(feature = "tls-ring")]
#[tokio::test]
async fn a_certificate_signs_an_assertion_for_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("principal.pem");
    std::fs::write(&path, PRINCIPAL).unwrap();
    let cloud = Cloud::saying(json(200, "{}"));
    Azure::over(with_certificate(&path), cloud.clone(), None).sign_in().await.unwrap();
    let [seen] = cloud.all().try_into().unwrap();
    assert_eq!(
        value(&seen, "client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(value(&seen, "client_secret"), "");
    let assertion = value(&seen, "client_assertion");
    let part = |index: usize| -> Value {
        let part = assertion.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0)["alg"], "PS256");
    let claims = part(1);
    assert_eq!(claims["aud"], seen.url);
    assert_eq!((&claims["iss"], &claims["sub"]), (&claims["sub"], &Value::from(value(&seen, "client_id"))));
    assert!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap() <= 600);
}

#[cfg(feature = "tls-ring")]
#[tokio::test]
async fn a_certificate_that_cannot_be_used_says_why_and_shows_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("principal.pem");
    let begin = PRINCIPAL.find("-----BEGIN CERTIFICATE").unwrap();
    let (key, certificate) = PRINCIPAL.split_at(begin);
    let broken = PRINCIPAL.replacen("MII", "AAA", 1);
    for (text, why) in [
        (key.to_owned(), "holds no certificate"),
        (certificate.to_owned(), "holds no private key"),
        (PRINCIPAL.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "a password protects"),
        (PRINCIPAL.replace("PRIVATE KEY", "EC PRIVATE KEY"), "holds no RSA key"),
        (broken, "cannot be used"),
        ("not PEM at all".to_owned(), "holds no certificate"),
        ("  \n".to_owned(), "it is empty"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let cloud = Cloud::saying(json(200, "{}"));
        let error = Azure::over(with_certificate(&path), cloud.clone(), None).sign_in().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Auth);
        assert!(error.message.starts_with("sign-in by service principal failed: "), "{error}");
        assert!(error.message.contains(why) && error.message.contains("\nnext: "), "{why}: {error}");
        assert!(error.message.contains("AZURE_CLIENT_CERTIFICATE_PATH"), "{error}");
        assert!(!error.message.contains("MIIE") && cloud.all().is_empty(), "{error}");
    }
    let cloud = Cloud::saying(json(200, "{}"));
    let nowhere = with_certificate(&folder.path().join("nowhere.pem"));
    let error = Azure::over(nowhere, cloud, None).sign_in().await.unwrap_err();
    assert!(error.message.contains("nowhere.pem") && error.message.contains("cannot be used"), "{error}");
}

#[tokio::test]
async fn a_federated_token_is_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let mut options = options();
    options.environment.client_secret = None;
    options.environment.federated_token_file = Some(path.clone());
    let cloud = Cloud::saying(json(200, "{}"));
    let azure = Azure::over(options, cloud.clone(), None);
    for token in ["first.token.x", "second.token.y"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        let caller = azure.sign_in_again(SignInMethod::Auto).await.unwrap();
        assert_eq!(caller.method, "workload identity");
        assert_eq!(value(cloud.all().last().unwrap(), "client_assertion"), token);
    }
    // It is set on purpose: a file that is gone is no reason to go on as somebody else.
    std::fs::remove_file(&path).unwrap();
    let error = azure.sign_in_again(SignInMethod::Auto).await.unwrap_err();
    assert!(error.message.starts_with("sign-in by workload identity failed: "), "{error}");
    assert!(error.message.contains("AZURE_FEDERATED_TOKEN_FILE"), "{error}");
    // An assertion that Entra repeats stays hidden.
    std::fs::write(&path, "third.token.z").unwrap();
    let echo =
        r#"{"error":"invalid_client","error_description":"AADSTS700213: third.token.z fits nothing."}"#;
    let options = {
        let mut options = super::cloud::options();
        options.environment.client_secret = None;
        options.environment.federated_token_file = Some(path);
        options
    };
    let error =
        Azure::over(options, Cloud::new(move |_| Ok(json(401, echo))), None).sign_in().await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("AADSTS700213"));
    assert!(error.message.contains("the token's subject") && !error.message.contains("third"), "{error}");
}

#[test]
fn codes_are_found_and_told_from_one_another() {
    assert_eq!(code_in("x AADSTS50076: y AADSTS1: z").as_deref(), Some("AADSTS50076"));
    for text in ["", "AADSTS", "AADSTS: x", "aadsts50076"] {
        assert_eq!(code_in(text), None, "{text}");
    }
    let error = |code: &str, kind| ServiceError { code: Some(code.into()), ..ServiceError::local(kind, "") };
    for code in ["AADSTS700082", "AADSTS70043", "AADSTS50076", "AADSTS50173", "interaction_required"] {
        assert!(needs_person(&error(code, ErrorKind::Auth)), "{code}");
        assert!(!needs_person(&error(code, ErrorKind::Forbidden)), "{code}");
    }
    for code in
        ["AADSTS7000215", "AADSTS700016", "AADSTS53003", "AADSTS99999999999", "ExpiredAuthenticationToken"]
    {
        assert!(!needs_person(&error(code, ErrorKind::Auth)), "{code}");
    }
    assert!(in_words("AADSTS7000222").unwrap().means.contains("expired"));
}

/// A folder with these commands in it.
#[cfg(unix)]
fn commands(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in scripts {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[cfg(unix)]
fn on_path(folder: &tempfile::TempDir) -> AzureOptions {
    let mut options = AzureOptions {
        routes: vec![("nobody.example".to_owned(), "http://127.0.0.1:1".to_owned())],
        ..AzureOptions::default()
    };
    options.environment.path = Some(folder.path().into());
    options
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_there_is_named_and_what_is_not_says_why() {
    let folder = commands(&[
        ("az", r#"echo '{"name":"Factory","user":{"name":"ada@contoso.com"}}'"#),
        ("azd", r#"echo '{"status":"unauthenticated"}'"#),
    ]);
    let mut options = on_path(&folder);
    options.environment.client_id = Some("client".into());
    let found = detect(&options).await;
    let of = |method| found.iter().find(|it| it.method == method).unwrap();
    let az = of(SignInMethod::AzureCli);
    assert!(az.usable && az.why_not.is_none());
    assert_eq!(az.what, "az: signed in as ada@contoso.com, subscription Factory");
    let why = |method| of(method).why_not.clone().unwrap();
    assert!(!of(SignInMethod::AzureDeveloperCli).usable);
    assert!(why(SignInMethod::AzureDeveloperCli).contains("azd auth login"));
    assert!(why(SignInMethod::ServicePrincipal).starts_with("AZURE_TENANT_ID and AZURE_CLIENT_SECRET"));
    assert!(why(SignInMethod::WorkloadIdentity).contains("AZURE_FEDERATED_TOKEN_FILE not set"));
    assert!(why(SignInMethod::ManagedIdentity).contains("routes"));
    assert!(why(SignInMethod::Browser).contains("no screen"));
    assert!(of(SignInMethod::DeviceCode).usable);

    let folder = commands(&[
        ("az", "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1"),
        ("azd", r#"echo '{"status":"success","expiresOn":"x"}'"#),
    ]);
    let mut options = on_path(&folder);
    options.environment = crate::azure::Environment {
        identity_endpoint: Some("http://127.0.0.1:1/msi".into()),
        identity_header: Some("header".into()),
        display: true,
        path: options.environment.path,
        ..super::cloud::options().environment
    };
    let found = detect(&options).await;
    let of = |method| found.iter().find(|it| it.method == method).unwrap();
    assert!(of(SignInMethod::AzureCli).why_not.as_ref().unwrap().contains("Please run 'az login'"));
    for method in [
        SignInMethod::AzureDeveloperCli,
        SignInMethod::ServicePrincipal,
        SignInMethod::ManagedIdentity,
        SignInMethod::Browser,
    ] {
        assert!(of(method).usable, "{method:?}");
    }
    assert!(!format!("{found:?}").contains(super::cloud::CLIENT_SECRET));
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_are_not_there_or_hang_hold_nobody_up() {
    let folder = commands(&[("az", "while :; do :; done")]);
    let found = detect(&on_path(&folder)).await;
    let of = |method| found.iter().find(|it| it.method == method).unwrap();
    let az = of(SignInMethod::AzureCli);
    assert!(az.usable && az.why_not.as_ref().unwrap().contains("within 2 s"), "{az:?}");
    assert!(of(SignInMethod::AzureDeveloperCli).why_not.as_ref().unwrap().contains("not on PATH"));
}

#[cfg(unix)]
#[tokio::test]
async fn azd_signs_in_and_a_cli_whose_sign_in_ended_needs_a_person() {
    let token = super::cloud::web_token(r#"{"upn":"ada@contoso.com"}"#);
    let script = format!(r#"echo '{{"token":"{token}","expiresOn":"2100-01-01T00:00:00Z"}}'"#);
    let folder = commands(&[("azd", &script)]);
    let options = AzureOptions { sign_in: SignInMethod::Auto, ..on_path(&folder) };
    let azure = Azure::over(options, Cloud::saying(json(200, "{}")), None);
    assert_eq!(azure.sign_in().await.unwrap().method, "Azure Developer CLI");

    let folder = commands(&[("az", "echo 'ERROR: AADSTS70043: The refresh token has expired.' >&2; exit 1")]);
    let options = AzureOptions { sign_in: SignInMethod::AzureCli, ..on_path(&folder) };
    let error = Azure::over(options, Cloud::saying(json(200, "{}")), None).sign_in().await.unwrap_err();
    assert!(needs_person(&error), "{error}");
    assert!(error.message.contains("rule on how often to sign in"), "{error}");
}
