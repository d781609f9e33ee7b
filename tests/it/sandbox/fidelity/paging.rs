//! Pages: every list followed to its end gives each entry once, and a link is good for its own list only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds::{GROUPS, IDENTITIES, ids, kinds, list_at, subscription, whole};
use crate::sandbox::links::setup::{at, world};
use crate::sandbox::setup::{A, DPS_HOST, group_body};
use crate::sandbox::support::{ARM, Answer, Azure, CALM, east, group_path};

const GRAPH: &str = "graph.microsoft.com";

fn behind(link: &str) -> String {
    link.replacen("https://management.azure.com", "", 1).replacen("https://graph.microsoft.com", "", 1)
}

/// Every page of a list.
async fn pages(azure: &Azure, first: &str) -> Vec<Answer> {
    let mut all = vec![azure.get(first).await.expect(200)];
    loop {
        let next = behind(&all.last().unwrap().text("/nextLink"));
        if next.is_empty() {
            return all;
        }
        all.push(azure.get(&next).await.expect(200));
        assert!(all.len() < 100, "the pages of {first} never end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_of_every_kind_is_whole_in_pages() {
    let (_folder, azure) = whole("[paging]\nitems = 1\n").await;
    let mut seen = BTreeMap::new();
    for kind in kinds(&azure).await {
        for list in &kind.lists {
            let first = list_at(&kind, list);
            if seen.contains_key(&first) {
                continue;
            }
            let all = pages(&azure, &first).await;
            let mut found: Vec<String> = Vec::new();
            for page in &all {
                let ids = ids(&page.body);
                assert!(ids.len() == 1, "{first}: {}", page.body);
                found.extend(ids);
            }
            let whole = found.len();
            found.sort();
            found.dedup();
            assert_eq!(found.len(), whole, "{first}: an entry came twice");
            seen.insert(first, whole);
        }
    }
    let many = seen.values().filter(|count| **count > 1).count();
    assert!(many > 10, "{seen:?}");
    // What is neither resource nor list of one kind.
    let authorization =
        |kind: &str| at(&group_path(&format!("/providers/Microsoft.Authorization/{kind}")), "2022-04-01");
    for path in [
        authorization("permissions"),
        authorization("denyAssignments"),
        at("/subscriptions", "2022-12-01"),
        at(&subscription("/providers"), GROUPS),
    ] {
        assert!(pages(&azure, &path).await.len() <= 7, "{path}");
    }
}

async fn groups(azure: &Azure, count: usize) {
    for index in 0..count {
        azure
            .put(&at(&subscription(&format!("/resourceGroups/group-{index}")), GROUPS), east())
            .await
            .expect(201);
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let entries = answer.body["value"].as_array().unwrap();
    entries.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_its_own_list_and_as_it_was_given() {
    let (_folder, azure) = world(&format!("{CALM}[paging]\nitems = 2\n")).await;
    groups(&azure, 5).await;
    let list = at(&subscription("/resourcegroups"), GROUPS);
    let next = behind(&azure.get(&list).await.expect(200).text("/nextLink"));
    let token = next.split_once("$skiptoken=").unwrap().1.to_owned();
    assert_eq!(names(&azure.get(&next).await.expect(200)), ["group-2", "group-3"]);
    // Clients encode the name of the parameter as they like; the answer's own link leads on all the same.
    let encoded = azure.get(&next.replace("$skiptoken", "%24skiptoken")).await.expect(200);
    let last = behind(&encoded.text("/nextLink"));
    assert_eq!(last.matches("skiptoken").count(), 1, "{last}");
    assert_eq!(names(&azure.get(&last).await.expect(200)), ["group-4"]);
    let mut turned = token.clone();
    let letter = if turned.starts_with('N') { "M" } else { "N" };
    turned.replace_range(0..1, letter);
    for wrong in ["4", "", "x.y", &turned, &token[..token.len() - 1], &format!("{token}0")] {
        azure.get(&format!("{list}&$skiptoken={wrong}")).await.refused(400, "InvalidSkipToken");
    }
    let other = at(&subscription("/resources"), GROUPS);
    azure.get(&format!("{other}&$skiptoken={token}")).await.refused(400, "InvalidSkipToken");
    let filtered = format!("{list}&$filter=tagName%20eq%20'a'&$skiptoken={token}");
    azure.get(&filtered).await.refused(400, "InvalidSkipToken");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_between_two_pages_neither_doubles_nor_hides() {
    let (_folder, azure) = world(&format!("{CALM}[paging]\nitems = 2\n")).await;
    groups(&azure, 6).await;
    let remove = async |name: &str| {
        let path = at(&subscription(&format!("/resourceGroups/{name}")), GROUPS);
        let accepted = azure.arm("DELETE", &path, None).await.expect(202);
        azure.poll(&accepted.header("location")).await;
    };
    let first = azure.get(&at(&subscription("/resourcegroups"), GROUPS)).await.expect(200);
    assert_eq!(names(&first), ["group-0", "group-1"]);
    // One that was shown, and one more that comes before it.
    remove("group-0").await;
    azure.put(&at(&subscription("/resourceGroups/group-00"), GROUPS), east()).await.expect(201);
    azure.put(&at(&subscription("/resourceGroups/a-group"), GROUPS), east()).await.expect(201);
    let second = azure.get(&behind(&first.text("/nextLink"))).await.expect(200);
    assert_eq!(names(&second), ["group-2", "group-3"]);
    // The last that was shown.
    remove("group-3").await;
    let third = azure.get(&behind(&second.text("/nextLink"))).await.expect(200);
    assert_eq!(names(&third), ["group-4", "group-5"]);
    assert_eq!(third.text("/nextLink"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resource_managers_own_lists_take_top() {
    let (_folder, azure) = world(CALM).await;
    groups(&azure, 5).await;
    let list = at(&subscription("/resourcegroups"), GROUPS);
    let all = pages(&azure, &format!("{list}&$top=2")).await;
    assert_eq!(all.iter().map(|page| names(page).len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(names(&azure.get(&format!("{list}&$top=9")).await.expect(200)).len(), 5);
    for wrong in ["0", "-1", "many"] {
        azure.get(&format!("{list}&$top={wrong}")).await.refused(400, "InvalidTopInQueryString");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_pages_by_top_and_by_the_worlds_size() {
    for (knob, top, wanted) in
        [("", "&$top=2", 3), ("[paging]\nitems = 1\n", "", 6), ("[paging]\nitems = 2\n", "&$top=5", 3)]
    {
        let (_folder, azure) = world(&format!("{CALM}{knob}")).await;
        azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
        for index in 0..4 {
            let id = group_path(&format!(
                "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own-{index}"
            ));
            azure.put(&at(&id, IDENTITIES), east()).await.expect(201);
        }
        let token =
            azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
        let bearer = format!("Bearer {token}");
        let get =
            async |path: &str| azure.send("GET", GRAPH, path, &[("authorization", &bearer)], None).await;
        let first = format!("/v1.0/servicePrincipals?$select=id{top}");
        let (mut next, mut found, mut count) = (first.clone(), Vec::new(), 0);
        while !next.is_empty() {
            let page = get(&next).await.expect(200);
            found.extend(page.body["value"].as_array().unwrap().iter().map(|one| one["id"].to_string()));
            assert!(
                page.text("/@odata.nextLink").is_empty()
                    || page.text("/@odata.nextLink").contains("$select=id")
            );
            next = behind(&page.text("/@odata.nextLink"));
            count += 1;
        }
        let all = found.len();
        found.sort();
        found.dedup();
        // The caller, the hubs' application, and four identities.
        assert_eq!((count, all, found.len()), (wanted, 6, 6), "{knob}{top}");
        for wrong in ["$top=0", "$top=1000", "$top=x", "$skiptoken=4", "$skiptoken=x.y"] {
            get(&format!("/v1.0/servicePrincipals?{wrong}")).await.refused(400, "Request_BadRequest");
        }
    }
}

/// Asks for the pages of a query of a service's data plane.
async fn query(azure: &Azure, path: &str, size: Option<&str>, signed: &str) -> Vec<Vec<Value>> {
    let body = json!({"query": "SELECT * FROM enrollmentGroups"});
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let mut headers = vec![("authorization", signed), ("x-ms-continuation", token.as_str())];
        headers.extend(size.map(|size| ("x-ms-max-item-count", size)));
        let page = azure.send("POST", DPS_HOST, path, &headers, Some(&body)).await.expect(200);
        all.push(page.body.as_array().unwrap().clone());
        assert!(!page.header("x-ms-item-type").is_empty());
        token = page.header("x-ms-continuation");
        if token.is_empty() || all.len() > 20 {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_plane_pages_by_headers() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    let signed = azure.owner_signature(A).await;
    for index in 2..=5 {
        let name = format!("group-{index}");
        let mut body = group_body("default");
        body["enrollmentGroupId"] = json!(name);
        azure.enrollment("PUT", &name, &signed, None, Some(&body)).await.expect(200);
    }
    azure.register_devices("group-1", &["one", "two", "three"]).await;
    let version = "api-version=2025-07-01-preview";
    let groups = format!("/enrollmentGroups/query?{version}");
    let registrations = format!("/registrations/group-1/query?{version}");
    for (path, name, sizes) in [
        (&groups, "enrollmentGroupId", [2, 2, 1].as_slice()),
        (&registrations, "registrationId", [2, 1].as_slice()),
    ] {
        let all = query(&azure, path, Some("2"), &signed).await;
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{all:?}");
        let mut found: Vec<String> = all.iter().flatten().map(|one| one[name].to_string()).collect();
        found.dedup();
        assert_eq!(found.len(), sizes.iter().sum::<usize>());
        assert_eq!(query(&azure, path, None, &signed).await.len(), 1);
    }
    let body = json!({"query": "SELECT * FROM enrollmentGroups"});
    let ask = async |path: &str, name: &str, value: &str| {
        let headers = [("authorization", signed.as_str()), (name, value)];
        azure.send("POST", DPS_HOST, path, &headers, Some(&body)).await
    };
    let token = ask(&groups, "x-ms-max-item-count", "2").await.expect(200).header("x-ms-continuation");
    ask(&registrations, "x-ms-continuation", &token).await.refused(400, "400004");
    ask(&groups, "x-ms-continuation", &token[1..]).await.refused(400, "400004");
    for wrong in ["0", "-1", "two"] {
        ask(&groups, "x-ms-max-item-count", wrong).await.refused(400, "400004");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worlds_size_holds_for_queries_too() {
    let (_folder, azure) = world(&format!("{CALM}[paging]\nitems = 1\n")).await;
    azure.make_everything(A).await;
    let signed = azure.owner_signature(A).await;
    let mut body = group_body("default");
    body["enrollmentGroupId"] = json!("group-2");
    azure.enrollment("PUT", "group-2", &signed, None, Some(&body)).await.expect(200);
    let path = "/enrollmentGroups/query?api-version=2025-07-01-preview";
    assert_eq!(query(&azure, path, Some("5"), &signed).await.len(), 2);
    // What is asked for by POST in the resource manager is no list in pages.
    let keys = at(&format!("{}/listkeys", crate::sandbox::setup::hub_id()), A.hub);
    let bearer = format!("Bearer {}", azure.token);
    let all = azure.send("POST", ARM, &keys, &[("authorization", &bearer)], None).await.expect(200);
    assert_eq!(all.body["value"].as_array().unwrap().len(), 5);
}
