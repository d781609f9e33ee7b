//! The judge itself: what is planted is found, and what is right is not.
//!
//! The files here are made up, in the three forms that official ones have.

use std::path::Path;

use serde_json::{Value, json};

use super::judge::Held;
use super::library::Library;
use super::shape::What;
use super::{Exchange, Judge};

const THING: &str = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Sample/things/one";
const BOX: &str = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Sample/boxes/one";

fn openapi() -> Value {
    let version = json!({"name": "api-version", "in": "query", "type": "string", "required": true});
    let name =
        json!({"name": "thing", "in": "path", "type": "string", "required": true, "pattern": "^[a-z]+$"});
    let sent =
        json!({"name": "body", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Thing"}});
    let thing = json!({"schema": {"$ref": "#/definitions/Thing"}});
    let accepted = json!({"schema": {"$ref": "#/definitions/Thing"}, "headers": {"Azure-AsyncOperation": {"type": "string"}}});
    let error = json!({"schema": {"$ref": "common.json#/definitions/Error"}});
    let path = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Sample/things/{thing}";
    json!({
        "swagger": "2.0", "host": "management.azure.com", "info": {"version": "2000-01-01"},
        "paths": {path: {
            "get": {"parameters": [version, name], "responses": {"200": thing, "default": error}},
            "put": {
                "parameters": [version, name, sent], "x-ms-long-running-operation": true,
                "responses": {"200": thing, "201": accepted, "default": error},
            },
            "patch": {
                "parameters": [version, name, sent], "x-ms-long-running-operation": true,
                "responses": {"200": thing, "202": {"headers": {"Location": {"type": "string"}}}, "default": error},
            },
            "delete": {"parameters": [version, name], "responses": {"204": {}, "default": error}},
        }},
        "definitions": {
            "Thing": {
                "allOf": [{"$ref": "common.json#/definitions/Resource"}],
                "properties": {"properties": {"$ref": "#/definitions/Properties"}},
                "required": ["location"],
            },
            "Properties": {"properties": {
                "provisioningState": {"type": "string", "readOnly": true, "enum": ["Accepted", "Succeeded"]},
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "kind": {"type": "string", "enum": ["A", "B"]},
                "key": {"type": "string", "x-ms-mutability": ["create"]},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
                "made": {"type": "string", "format": "date-time"},
            }},
            "Part": {"discriminator": "type", "required": ["type"], "properties": {"type": {"type": "string"}}},
            "Wheel": {
                "allOf": [{"$ref": "#/definitions/Part"}], "x-ms-discriminator-value": "wheel",
                "properties": {"spokes": {"type": "integer"}}, "required": ["spokes"],
            },
        },
    })
}

fn common() -> Value {
    json!({"definitions": {
        "Resource": {"type": "object", "properties": {
            "id": {"type": "string", "readOnly": true}, "name": {"type": "string", "readOnly": true},
            "location": {"type": "string", "x-ms-mutability": ["read", "create"]},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        }},
        "Error": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}, "message": {"type": "string"}}},
    }})
}

fn bicep() -> Value {
    json!([
        {"$type": "StringType"},
        {"$type": "StringLiteralType", "value": "small"},
        {"$type": "StringLiteralType", "value": "large"},
        {"$type": "UnionType", "elements": [{"$ref": "#/1"}, {"$ref": "#/2"}, {"$ref": "#/0"}]},
        {"$type": "ObjectType", "name": "Box", "properties": {
            "id": {"type": {"$ref": "#/0"}, "flags": 10}, "name": {"type": {"$ref": "#/0"}, "flags": 9},
            "apiVersion": {"type": {"$ref": "#/0"}, "flags": 10},
            "size": {"type": {"$ref": "#/3"}, "flags": 1}, "seal": {"type": {"$ref": "#/0"}, "flags": 2},
            "code": {"type": {"$ref": "#/0"}, "flags": 4},
        }},
        {"$type": "ResourceType", "name": "Microsoft.Sample/boxes@2000-01-01", "body": {"$ref": "#/4"}},
        {"$type": "ObjectType", "name": "Opened", "properties": {"air": {"type": {"$ref": "#/0"}, "flags": 1}}},
        {"$type": "ResourceFunctionType", "name": "open", "resourceType": "Microsoft.Sample/boxes",
            "apiVersion": "2000-01-01", "output": {"$ref": "#/6"}},
    ])
}

fn arm() -> Value {
    let word = |word: &str| json!({"enum": [word], "type": "string"});
    json!({
        "resourceDefinitions": {"boxes": {"type": "object", "required": ["name", "type", "apiVersion", "properties"], "properties": {
            "name": {"type": "string"}, "type": word("Microsoft.Sample/boxes"), "apiVersion": word("2000-01-01"),
            "size": {"oneOf": [
                {"type": "string", "maxLength": 5}, {"$ref": "https://schema.example/definitions.json#/definitions/expression"},
            ]},
            "properties": {"type": "object"},
        }}},
    })
}

fn library(folder: &Path) -> Library {
    for (name, file) in
        [("sample.json", openapi()), ("common.json", common()), ("types.json", bicep()), ("arm.json", arm())]
    {
        std::fs::write(folder.join(name), file.to_string()).unwrap();
    }
    Library::read(&[folder.to_owned()])
}

/// A line of a record.
fn line(method: &str, path: &str, sent: &Value, status: u16, headers: &Value, came: &Value) -> String {
    json!({
        "method": method, "url": format!("https://management.azure.com{path}"), "headers": {}, "body": sent,
        "status": status, "reply_headers": headers, "reply_body": came,
    })
    .to_string()
}

/// What is found of one exchange, as kind and place of each.
fn found(library: &Library, line: &str) -> (Held, Vec<(What, String)>) {
    let judged = Judge::new(library).judge(&Exchange::of(line));
    let all = judged.sent.into_iter().chain(judged.came);
    (judged.held, all.map(|deviation| (deviation.what, deviation.at)).collect())
}

fn thing() -> Value {
    json!({"id": "x", "name": "one", "location": "here", "properties": {"provisioningState": "Succeeded", "size": 1}})
}

/// A value with one place of it set.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[name] = new;
    value
}

#[test]
fn what_comes_otherwise_than_told_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let get = |came: Value| {
        let (held, found) = found(
            &library,
            &line("GET", &format!("{THING}?api-version=2000-01-01"), &Value::Null, 200, &json!({}), &came),
        );
        assert_eq!(held, Held::Operation);
        found
    };
    assert_eq!(get(thing()), []);
    let at = |what: What, place: &str| vec![(what, place.to_owned())];
    let mut bare = thing();
    bare.as_object_mut().unwrap().remove("location");
    assert_eq!(get(bare), at(What::Missing, "/location"));
    for (pointer, value, what) in [
        ("/more", json!(1), What::UnknownProperty),
        ("/properties/more", json!(null), What::UnknownProperty),
        ("/name", json!(1), What::Type),
        ("/location", json!(null), What::Type),
        ("/properties/size", json!(1.5), What::Type),
        ("/properties/size", json!(10), What::Range),
        ("/properties/size", json!("1"), What::Type),
        ("/properties/kind", json!("C"), What::Word),
        ("/properties/provisioningState", json!("succeeded"), What::Word),
        ("/properties/made", json!("yesterday"), What::Pattern),
        ("/properties/key", json!("k"), What::WriteOnlyCame),
    ] {
        assert_eq!(get(with(thing(), pointer, value.clone())), at(what, pointer), "{pointer} {value}");
    }
    assert_eq!(get(with(thing(), "/tags", json!({"a": 1}))), at(What::Type, "/tags/*"));
    let part = |part: Value| get(with(thing(), "/properties/parts", json!([part])));
    assert_eq!(part(json!({"type": "wheel", "spokes": 3})), []);
    assert_eq!(part(json!({"type": "wheel"})), at(What::Missing, "/properties/parts/*/spokes"));
    assert_eq!(
        part(json!({"type": "wheel", "spokes": 3, "hub": 1})),
        at(What::UnknownProperty, "/properties/parts/*/hub")
    );
    assert_eq!(part(json!({"type": "sail"})), at(What::Word, "/properties/parts/*/type"));
    assert_eq!(get(Value::Null), at(What::Body, ""));
}

#[test]
fn what_is_sent_otherwise_than_told_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let send = |method: &str, path: &str, sent: Value| {
        let headers = json!({"location": "https://x"});
        found(&library, &line(method, path, &sent, 200, &headers, &thing())).1
    };
    let path = format!("{THING}?api-version=2000-01-01");
    let right = json!({"location": "here", "properties": {"size": 2, "key": "k"}});
    assert_eq!(send("PUT", &path, right.clone()), []);
    let at = |what: What, place: &str| vec![(what, place.to_owned())];
    assert_eq!(send("PUT", &path, json!({})), at(What::Missing, "/location"));
    assert_eq!(send("PUT", &path, Value::Null), at(What::Body, ""));
    assert_eq!(send("PUT", &path, with(right.clone(), "/id", json!("x"))), at(What::ReadOnlySent, "/id"));
    assert_eq!(
        send("PUT", &path, with(right.clone(), "/properties/size", json!(null))),
        at(What::Type, "/properties/size")
    );
    assert_eq!(send("PUT", &format!("{path}&verbose=1"), right.clone()), at(What::Query, "verbose"));
    assert_eq!(send("PUT", &path.replace("/one", "/One1"), right), at(What::Pattern, "thing"));
    // A change takes away with null, and leaves alone what is fixed, unless it has to be told.
    assert_eq!(send("PATCH", &path, json!({"location": "here", "properties": {"size": null}})), []);
    let fixed = json!({"location": "here", "properties": {"key": "other"}});
    assert_eq!(send("PATCH", &path, fixed), at(What::NotChangeable, "/properties/key"));
    assert_eq!(send("PATCH", &path, json!({})), at(What::Missing, "/location"));
    assert_eq!(send("GET", &path, json!({"a": 1})), at(What::Body, ""));
}

#[test]
fn statuses_headers_and_errors_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let path = format!("{THING}?api-version=2000-01-01");
    let come = |method: &str, status: u16, headers: Value, came: Value| {
        let sent = if matches!(method, "PUT" | "PATCH") { json!({"location": "here"}) } else { Value::Null };
        found(&library, &line(method, &path, &sent, status, &headers, &came)).1
    };
    let at = |what: What, place: &str| vec![(what, place.to_owned())];
    let begun = with(thing(), "/properties/provisioningState", json!("Accepted"));
    let link = json!({"azure-asyncoperation": "https://x"});
    assert_eq!(come("PUT", 201, link.clone(), begun.clone()), []);
    assert_eq!(come("PUT", 201, json!({}), thing()), [], "it is over at once");
    let none = come("PUT", 201, json!({}), begun.clone());
    assert_eq!(none, [(What::Header, "azure-asyncoperation".to_owned()), (What::Header, String::new())]);
    let both = json!({"azure-asyncoperation": "https://x", "location": "https://x"});
    assert_eq!(come("PUT", 201, both, begun.clone()), at(What::Header, "location"));
    assert_eq!(
        come("PUT", 201, json!({"azure-asyncoperation": "x"}), begun.clone()),
        at(What::Header, "azure-asyncoperation")
    );
    let soon = json!({"azure-asyncoperation": "https://x", "retry-after": "soon"});
    assert_eq!(come("PUT", 201, soon, begun), at(What::Header, "retry-after"));
    assert_eq!(come("PATCH", 202, json!({"location": "https://x"}), Value::Null), []);
    assert_eq!(come("PATCH", 202, json!({"location": "https://x"}), thing()), at(What::Body, ""));
    assert_eq!(come("PUT", 202, json!({}), thing()), at(What::Status, ""));
    assert_eq!(come("DELETE", 204, json!({}), Value::Null), []);
    assert_eq!(come("DELETE", 200, json!({}), Value::Null), at(What::Status, ""));
    assert_eq!(come("GET", 404, json!({}), json!({"code": "Gone", "message": "m"})), []);
    assert_eq!(come("GET", 404, json!({}), json!({"message": "m"})), at(What::Missing, "/code"));
    assert_eq!(
        come("GET", 404, json!({}), json!({"error": {"code": "a", "message": "b"}})),
        at(What::Body, "")
    );
}

#[test]
fn types_without_operations_are_judged_by_their_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let put = |sent: Value, came: Value| {
        let (held, found) = found(
            &library,
            &line("PUT", &format!("{BOX}?api-version=2000-01-01"), &sent, 200, &json!({}), &came),
        );
        assert_eq!(held, Held::Bodies);
        found
    };
    let came = json!({"id": "x", "name": "one", "size": "small", "seal": "s"});
    assert_eq!(
        put(json!({"size": "small", "code": "c"}), came.clone()),
        [(What::UnknownProperty, "/code".to_owned())],
        "by the template only"
    );
    assert_eq!(put(json!({"size": "small"}), came.clone()), []);
    let vast = put(json!({"size": "gigantic"}), came.clone());
    assert_eq!(vast, [(What::Word, "/size".to_owned()), (What::Range, "/size".to_owned())]);
    assert_eq!(
        put(json!({"size": "small", "seal": "s"}), came.clone())[0],
        (What::ReadOnlySent, "/seal".to_owned())
    );
    assert_eq!(
        put(json!({"size": "small"}), with(came.clone(), "/code", json!("c"))),
        [(What::WriteOnlyCame, "/code".to_owned())]
    );
    let list = BOX.trim_end_matches("/one");
    let listed = json!({"value": [came, {"size": 1}]});
    let (held, of_list) = found(
        &library,
        &line("GET", &format!("{list}?api-version=2000-01-01"), &Value::Null, 200, &json!({}), &listed),
    );
    assert_eq!((held, of_list), (Held::Bodies, vec![(What::Type, "/size".to_owned())]));
    let open = |came: Value| {
        found(
            &library,
            &line(
                "POST",
                &format!("{BOX}/open?api-version=2000-01-01"),
                &Value::Null,
                200,
                &json!({}),
                &came,
            ),
        )
    };
    assert_eq!(open(json!({"air": "stale"})), (Held::Bodies, vec![]));
    assert_eq!(open(json!({})).1, [(What::Missing, "/air".to_owned())]);
    let (held, nothing) = found(
        &library,
        &line(
            "GET",
            "/subscriptions/1/providers/Microsoft.Other/x/y?api-version=1",
            &Value::Null,
            500,
            &json!({}),
            &json!(1),
        ),
    );
    assert_eq!((held, nothing), (Held::Nothing, vec![]));
}

#[test]
fn addresses_that_were_given_are_used_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let mut judge = Judge::new(&library);
    let next = format!("https://management.azure.com{THING}?api-version=2000-01-01&$skiptoken=x");
    let path = next.trim_start_matches("https://management.azure.com");
    let page = line(
        "GET",
        &format!("{BOX}?api-version=1"),
        &Value::Null,
        200,
        &json!({}),
        &json!({"value": [], "nextLink": next}),
    );
    let asked = Exchange::of(&line("GET", path, &Value::Null, 200, &json!({}), &thing()));
    assert_eq!(judge.judge(&asked).sent.len(), 1, "nobody gave it");
    judge.judge(&Exchange::of(&page));
    assert_eq!(judge.judge(&asked).sent, []);
}
