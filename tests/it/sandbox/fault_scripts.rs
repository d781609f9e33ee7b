//! Fault scripts beside a world: which requests they hit, the shipped ones, and one that replaces another.

use hubup::sandbox::{FaultScript, SandboxOptions, WorldSource, builtin_faults, open};
use serde_json::json;

use super::support::{Azure, east, group_path};

fn group() -> String {
    group_path("?api-version=2025-04-01")
}

/// Which of twenty reads of a group go wrong.
async fn hit(script: &str) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "", 0.0).await;
    azure.put(&group(), east()).await.expect(201);
    azure.sandbox.rehearse(&FaultScript::from_text("mine", script).unwrap()).await.unwrap();
    let mut hit = Vec::new();
    for number in 1..=20 {
        if azure.get(&group()).await.status != 200 {
            hit.push(number);
        }
    }
    azure.sandbox.shutdown().await;
    hit
}

#[tokio::test]
async fn counts_say_which_requests_are_hit() {
    let entry = |more: &str| format!("[[faults]]\nmethod = \"get\"\naction = \"broken\"\n{more}\n");
    for (more, expected) in [
        ("nth = [1, 4]", vec![1, 4]),
        ("first = 3", vec![1, 2, 3]),
        ("after = 17", vec![18, 19, 20]),
        ("after = 2\nfirst = 2", vec![3, 4]),
        ("after = 2\nnth = [1]", vec![3]),
        ("at_most = 2", vec![1, 2]),
        ("probability = 1", (1..=20).collect()),
        ("probability = 0", vec![]),
        ("host = \"*.microsoft.com\"", vec![]),
        ("path = \"*/RESOURCEGROUPS/*\"\nnth = [2]", vec![2]),
    ] {
        assert_eq!(hit(&entry(more)).await, expected, "{more}");
    }
    let chance = |seed: u32| format!("seed = {seed}\n{}", entry("probability = 0.4"));
    let (one, two) = (hit(&chance(1)).await, hit(&chance(2)).await);
    assert_eq!(hit(&chance(1)).await, one);
    assert_ne!(one, two);
    assert!((1..20).contains(&one.len()) && (1..20).contains(&two.len()));
}

#[test]
fn shipped_scripts_are_told_in_a_line() {
    let mut names: Vec<&str> = builtin_faults().iter().map(|(name, _, _)| *name).collect();
    for (name, description, text) in builtin_faults() {
        assert_eq!(FaultScript::builtin(name).unwrap().name(), *name);
        assert!(!description.is_empty() && !description.contains('\n') && description.len() < 100, "{name}");
        assert!(text.starts_with("# "), "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), builtin_faults().len());
    for wanted in [
        "slow-grants",
        "throttled",
        "flaky-network",
        "expired-sign-in",
        "busy-region",
        "policy-denies",
        "name-taken",
        "half-settled-link",
    ] {
        assert!(names.contains(&wanted), "{wanted}");
    }
}

#[tokio::test]
async fn a_script_replaces_the_one_before_and_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let world = "[tenant]\ntoken_seconds = 700\n[[faults]]\nmethod = \"GET\"\naction = \"locked\"\n";
    let azure = Azure::open(folder.path(), world, 0.0).await;
    azure.get(&group()).await.refused(409, "ScopeLocked");
    assert_eq!(azure.sandbox.rehearsal().await, None);
    let short = "token_seconds = 60\n[[faults]]\nmethod = \"GET\"\nnth = [1]\naction = \"conflict\"\n";
    azure.sandbox.rehearse(&FaultScript::from_text("short.toml", short).unwrap()).await.unwrap();
    assert_eq!(azure.sandbox.rehearsal().await.as_deref(), Some("short.toml"));
    azure.get(&group()).await.refused(409, "AnotherOperationInProgress");
    azure.get(&group()).await.refused(404, "ResourceGroupNotFound");
    azure.sandbox.shutdown().await;

    let options = || SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, ..Default::default() };
    let azure = Azure::with(options()).await;
    assert_eq!(azure.sandbox.rehearsal().await.as_deref(), Some("short.toml"));
    let life = |answer: super::support::Answer| answer.expect(200).body["expires_in"].clone();
    let scope = "https://management.azure.com/.default";
    assert_eq!(life(azure.sign_in(scope).await), json!(60));
    azure.get(&group()).await.refused(404, "ResourceGroupNotFound");

    // Another process gives the world another script; what the first one changed is as the world has it.
    let joined = open(options()).await.unwrap();
    assert!(joined.joined());
    joined.rehearse(&FaultScript::builtin("none").unwrap()).await.unwrap();
    assert_eq!(life(azure.sign_in(scope).await), json!(700));
    azure.put(&group(), east()).await.expect(201);
    azure.get(&group()).await.expect(200);
}

#[test]
fn scripts_that_are_no_good_are_told() {
    for (text, told) in [
        ("[[faults]]\naction = \"explode\"\n", "explode"),
        ("[[faults]]\n", "action"),
        ("[[faults]]\naction = \"lost\"\nhots = \"*\"\n", "hots"),
        ("[[faults]]\naction = \"lost\"\n[[faults]]\naction = \"lost\"\nnth = [0]\n", "entry 2"),
        ("[[faults]]\naction = \"lost\"\nprobability = 1.5\n", "between 0 and 1"),
        ("[[faults]]\naction = \"refuse\"\nstatus = 99\n", "between 200 and 599"),
        ("[[faults]]\naction = \"refuse\"\nshape = \"dps\"\ncode = \"Busy\"\n", "number"),
        ("[[faults]]\naction = \"throttle\"\nseconds = -1\n", "seconds"),
        ("[latency]\nhubs = 3\n", "hubs"),
        ("[latency]\nhub = -3\n", "latency.hub"),
        ("[caller]\nroles = []\n", "caller"),
        ("seed = \n", "line 1"),
    ] {
        let error = FaultScript::from_text("mine", text).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("fault script"), "{text} {error}");
    }
    let error = FaultScript::builtin("storm").unwrap_err().to_string();
    assert!(error.contains("`storm`") && error.contains("flaky-network"), "{error}");
}

#[tokio::test]
async fn shipped_scripts_act() {
    for (script, world) in [
        ("throttled", "default"),
        ("policy-denies", "default"),
        ("name-taken", "links-2026"),
        ("busy-region", "links-2026"),
        ("expired-sign-in", "default"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let world = WorldSource::Builtin(world.to_owned());
        let options = SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, world, port: 0 };
        let azure = Azure::with(options).await;
        azure.sandbox.rehearse(&FaultScript::builtin(script).unwrap()).await.unwrap();
        let hub = group_path("/providers/Microsoft.Devices/IotHubs/h?api-version=2023-06-30");
        let dps = group_path("/providers/Microsoft.Devices/provisioningServices/d?api-version=2022-12-12");
        match script {
            "throttled" => {
                // The first may be hit by chance; the second always is.
                azure.put(&group(), east()).await;
                let refused = azure.put(&hub, east()).await.refused(429, "SubscriptionRequestsThrottled");
                assert!(refused.header("retry-after").ends_with("GMT"));
            }
            "policy-denies" => {
                azure.put(&hub, east()).await.refused(403, "RequestDisallowedByPolicy");
            }
            "name-taken" => {
                azure.put(&hub, east()).await.refused(409, "IH409004");
                azure.put(&dps, east()).await.refused(400, "400307");
            }
            "busy-region" => {
                azure.put(&hub, east()).await.refused(503, "ServerBusy");
            }
            _ => {
                let life = azure.sign_in("https://management.azure.com/.default").await.expect(200);
                assert_eq!(life.body["expires_in"], json!(60));
            }
        }
        azure.sandbox.shutdown().await;
    }
}
