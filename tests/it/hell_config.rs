//! Setup files as they should not be: each is refused with the place, the rule and what to write instead.

use std::fs;
use std::path::Path;

use hubup::cli::config::{ConfigError, load, parse};

/// The three lines that a setup file needs.
const NEEDED: &str = "subscription = \"11111111-1111-4111-8111-111111111111\"\n\
                      resource_group = \"rg-plant\"\n\
                      location = \"eastus2\"\n";

/// What must be told of one mistake: line (`None` for the whole file), and fragments of what it is, the rule and the
/// suggestion.
type Told = (Option<usize>, &'static str, &'static str, &'static str);

fn assert_told(error: &ConfigError, what: &str, told: &[Told]) {
    let problems = error.problems();
    let shown = error.render(false);
    assert_eq!(problems.len(), told.len(), "{what}:\n{shown}");
    for (problem, (line, says, rule, suggestion)) in problems.iter().zip(told) {
        assert_eq!(problem.line, *line, "{what}:\n{shown}");
        assert!(problem.says.contains(says), "{what}: says {:?}\n{shown}", problem.says);
        assert!(problem.rule.contains(rule), "{what}: rule {:?}\n{shown}", problem.rule);
        let given = problem.suggestion.as_deref().unwrap_or_default();
        assert!(given.contains(suggestion), "{what}: suggestion {given:?}\n{shown}");
        assert!(suggestion.is_empty() == given.is_empty(), "{what}: suggestion {given:?}\n{shown}");
        assert!(!shown.contains('\u{1b}'), "{what}: {shown:?}");
    }
    assert!(shown.contains("hubup.toml"), "{what}:\n{shown}");
}

/// Lines that follow the three needed ones, so that the first of them is line 4.
#[test]
fn every_mistake_is_told_with_its_place_its_rule_and_a_way_out() {
    let cases: &[(&str, &[Told])] = &[
        ("hub_loction = \"westus2\"", &[(Some(4), "unknown key `hub_loction`", "no key", "`hub_location`")]),
        ("HUB_NAME = \"x\"", &[(Some(4), "unknown key", "no key", "`name` in `[hub]`")]),
        ("ENROLLMENT_ID = \"x\"", &[(Some(4), "unknown key", "no key", "`group` in `[enrollment]`")]),
        ("region = \"eastus\"", &[(Some(4), "unknown key", "no key", "did you mean `location`?")]),
        ("flavour = \"x\"", &[(Some(4), "unknown key", "no key", "remove it")]),
        ("[hubs]\nname = \"x\"", &[(Some(4), "unknown table `[hubs]`", "no table", "did you mean `[hub]`?")]),
        (
            "[hub]\nlocation = \"x\"",
            &[(Some(5), "unknown key `hub.location`", "no key", "`hub_location` at the top")],
        ),
        ("[network]\nproxy = \"x\"", &[(Some(5), "unknown key", "no key", "`HTTPS_PROXY`")]),
        (
            "client_secret = \"x\"",
            &[(Some(4), "unknown key", "secrets do not belong", "`AZURE_CLIENT_SECRET`")],
        ),
        (
            "name = 5",
            &[(Some(4), "`name` cannot be a whole number", "takes a text in quotes", "`name = \"5\"`")],
        ),
        ("tenant = true", &[(Some(4), "cannot be a truth value", "takes a text", "`tenant = \"true\"`")]),
        ("name = [\"a\"]", &[(Some(4), "cannot be a list", "takes a text", "")]),
        ("hub = \"plant-hub\"", &[(Some(4), "`hub` cannot be a text", "is a table", "`[hub]` on a line")]),
        ("[[hub]]\nname = \"x\"", &[(Some(4), "`hub` cannot be a list", "is a table", "`[hub]`")]),
        (
            "[hub]\ncapacity = \"2\"",
            &[(Some(5), "cannot be a text", "takes a whole number", "`capacity = 2`")],
        ),
        ("[hub]\ncapacity = 0", &[(Some(5), "cannot be `0`", "from 1 to 200", "`capacity = 1`")]),
        ("[hub]\ncapacity = -3", &[(Some(5), "cannot be `-3`", "from 1 to 200", "`capacity = 1`")]),
        (
            "[hub]\ncapacity = 99999999999999999999",
            &[(Some(5), "cannot be `9999", "from 1 to 200", "= 200`")],
        ),
        (
            "[hub]\nsku = \"gen2\"",
            &[(Some(5), "`hub.sku` cannot be `gen2`", "one of `GEN2`", "`sku = \"GEN2\"`")],
        ),
        (
            "[hub]\nname = \"plant_hub\"",
            &[(Some(5), "`hub.name`", "3 to 50 letters", "`name = \"plant-hub\"`")],
        ),
        (
            "[namespace]\nname = \"Plant\"",
            &[(Some(5), "`namespace.name`", "lower-case", "`name = \"plant\"`")],
        ),
        ("[dps]\nname = \"a\"", &[(Some(5), "`dps.name` cannot be `a`", "3 to 64", "")]),
        ("name = \"\"", &[(Some(4), "`name` is empty", "1 to 64", "remove the key")]),
        ("[dps]\nname = \"<dps name>\"", &[(Some(5), "still a placeholder", "of your own", "`<dps name>`")]),
        ("[hub]\nname = \"$HUB_NAME\"", &[(Some(5), "still a placeholder", "environment", "`$HUB_NAME`")]),
        (
            "name = \"your-setup-name\"",
            &[(Some(4), "still a placeholder", "of your own", "`your-setup-name`")],
        ),
        (
            "tenant = \"00000000-0000-0000-0000-000000000000\"",
            &[(Some(4), "placeholder", "", "write your own")],
        ),
        ("tenant = \"contoso.com\"", &[(Some(4), "`tenant` cannot be", "takes a GUID", "")]),
        (
            "tenant = \"{22222222-2222-4222-8222-222222222222}\"",
            &[(Some(4), "`tenant`", "takes a GUID", "`tenant = \"22222222-2222-4222-8222-222222222222\"`")],
        ),
        ("hub_location = \"West US 2\"", &[(Some(4), "`hub_location`", "canonical", "= \"westus2\"`")]),
        (
            "iot_hub_app_object_id = \"89D10474-74af-4874-99a7-c23c2f643083\"",
            &[(Some(4), "is the app id", "takes the object id", "`az ad sp show")],
        ),
        ("dialect = \"links2026\"", &[(Some(4), "`dialect`", "one of `auto`", "\"links-2026\"`")]),
        ("dialect = \"preview2025\"", &[(Some(4), "`dialect`", "one of `auto`", "\"preview-2025\"`")]),
        ("[roles]\nkind = \"builtin\"", &[(Some(5), "`roles.kind`", "`built-in`", "`kind = \"built-in\"`")]),
        (
            "[auth]\nmethod = \"Azure CLI\"",
            &[(Some(5), "`auth.method`", "one of", "`method = \"azure-cli\"`")],
        ),
        ("[certificates]\nleaf_days = 365", &[(Some(5), "`365`", "from 7 to 90", "`leaf_days = 90`")]),
        (
            "[certificates]\nenabled = \"false\"",
            &[(Some(5), "cannot be a text", "true or false", "`enabled = false`")],
        ),
        (
            "[enrollment]\ngroup = \"a b\"",
            &[(Some(5), "`enrollment.group`", "1 to 128", "`group = \"a-b\"`")],
        ),
        ("[tags]\nhubup-setup = \"x\"", &[(Some(5), "`hubup-setup`", "sets it", "remove it")]),
        ("[tags]\ncost = 5", &[(Some(5), "`tags.cost`", "takes a text", "`cost = \"5\"`")]),
        ("[tags]\n\"a/b\" = \"x\"", &[(Some(5), "cannot be named `a/b`", "none of", "`a-b`")]),
        (
            "[tags]\nEnv = \"x\"\nenv = \"x\"",
            &[(Some(6), "`env` occurs twice", "same as `Env`", "remove one")],
        ),
        (
            "[tags]\nk = \"SharedAccessKey=hush\"",
            &[(Some(5), "holds a secret", "may read its tags", "remove it")],
        ),
        (
            "[engine]\ntime_scale = 60",
            &[(Some(5), "`engine.time_scale`", "not routed", "`[network.routes]`")],
        ),
        ("[engine]\ntime_scale = 0.5", &[(Some(5), "`0.5`", "from 1", "`time_scale = 1`")]),
        ("[engine]\ntime_scale = nan", &[(Some(5), "`NaN`", "from 1", "`time_scale = 1`")]),
        ("[engine]\nstate_folder = \"~/hubup\"", &[(Some(5), "`engine.state_folder`", "`~` is not", "")]),
        (
            "[network.routes]\n\"management.azure.com\" = \"http://10.0.0.1:8080\"",
            &[(Some(5), "the target of a route", "tokens must not cross", "`\"https://10.0.0.1:8080\"`")],
        ),
        (
            "[network.routes]\n\"management.azure.com\" = \"127.0.0.1:8080\"",
            &[(Some(5), "the target of a route", "and a port", "`\"http://127.0.0.1:8080\"`")],
        ),
        (
            "[network.routes]\n\"https://a.b/\" = \"http://127.0.0.1:8080\"",
            &[(Some(5), "the host of a route", "a host name", "`\"a.b\"`")],
        ),
        (
            "[cloud]\nname = \"custom\"\ngraph = \"graph.local\"",
            &[(Some(5), "lacks `resource_manager`, `login`", "every host", "add each to `[cloud]`")],
        ),
        ("[cloud]\ngraph = \"graph.local\"", &[(Some(5), "`cloud.graph`", "\"custom\"", "remove this key")]),
        ("[cloud]\nname = \"china\"", &[(Some(5), "`cloud.name`", "one of `public`", "\"public\"`")]),
        // Not TOML.
        ("location = \"westus\"", &[(Some(4), "`location` occurs twice", "given above", "remove one")]),
        ("[hub]\n[dps]\n[hub]", &[(Some(6), "`[hub]` occurs twice", "given above", "below one `[hub]`")]),
        ("name = plant", &[(Some(4), "not TOML", "must be quoted", "`name = \"plant\"`")]),
        ("name = \"plant", &[(Some(4), "not TOML", "", "both quotes: `name = \"plant\"`")]),
        ("name = “plant”", &[(Some(4), "not TOML", "", "straight quotes")]),
        ("name: plant", &[(Some(4), "not TOML", "expected `=`", "`name = \"plant\"`")]),
        ("name =", &[(Some(4), "not TOML", "", "write a value")]),
        ("[hub\nname = \"x\"", &[(Some(4), "not TOML", "expected `]`", "`[hub]`")]),
        ("[certificates]\nenabled = True", &[(Some(5), "not TOML", "", "`enabled = true`")]),
        ("<<<<<<< HEAD", &[(Some(4), "not TOML", "", "merge conflict")]),
        ("name = \"a\"\u{0}", &[(Some(4), "not TOML", "", "")]),
    ];
    for (lines, told) in cases {
        let error = parse(&format!("{NEEDED}{lines}\n"), "hubup.toml").expect_err(lines);
        assert_told(&error, lines, told);
    }
}

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let text = "subscription = \"mine\"\nlocation = \"East US\"\nhub_nam = 1\n[hub]\ncapacity = 0\n";
    let error = parse(text, "hubup.toml").unwrap_err();
    assert_told(
        &error,
        text,
        &[
            (Some(1), "`subscription`", "takes a GUID", ""),
            (Some(2), "`location`", "canonical", "\"eastus\""),
            (Some(3), "unknown key `hub_nam`", "no key", "`name` in `[hub]`"),
            (Some(5), "`hub.capacity`", "from 1", "= 1`"),
            (None, "`resource_group` is missing", "", "add `resource_group"),
        ],
    );
    assert!(error.render(false).ends_with("5 problems in hubup.toml"));
}

#[test]
fn a_file_with_a_thousand_mistakes_tells_the_first() {
    let mut text = NEEDED.to_owned();
    for number in 0..1000 {
        text.push_str(&format!("key_{number} = 1\n"));
    }
    let error = parse(&text, "hubup.toml").unwrap_err();
    let shown = error.render(false);
    assert_eq!(error.problems().len(), 1000);
    assert!(shown.contains("1000 problems in hubup.toml, the first 20 of which are shown"), "{shown}");
    assert!(shown.lines().count() < 200);
}

#[test]
fn too_many_tags_are_told_at_the_first_too_many() {
    let mut text = format!("{NEEDED}[tags]\n");
    for number in 0..49 {
        text.push_str(&format!("t{number} = \"x\"\n"));
    }
    parse(&text, "hubup.toml").unwrap();
    text.push_str("t49 = \"x\"\n");
    let error = parse(&text, "hubup.toml").unwrap_err();
    assert_told(&error, "tags", &[(Some(54), "cannot hold 50 tags", "at most 49", "remove this tag")]);
    for (name, value, fits) in [(512, 256, true), (513, 1, false), (1, 257, false)] {
        let text = format!("{NEEDED}[tags]\n{} = \"{}\"\n", "n".repeat(name), "ü".repeat(value));
        assert_eq!(parse(&text, "hubup.toml").is_ok(), fits, "{name} {value}");
    }
}

#[test]
fn waits_are_hurried_only_where_every_host_is_this_machine() {
    let routes = |dps: &str, graph: &str| {
        format!(
            "{NEEDED}[engine]\ntime_scale = 60\n[network.routes]\n\
             \"management.azure.com\" = \"http://127.0.0.1:1\"\n\"graph.microsoft.com\" = \"{graph}\"\n\
             \"login.microsoftonline.com\" = \"http://[::1]:3\"\n\"{dps}\" = \"https://localhost:4/\"\n"
        )
    };
    let far = "https://stand-in.example.com";
    let wild = "*.azure-devices-provisioning.net";
    let near = "http://127.0.0.2:2";
    let config = parse(&routes(wild, near), "hubup.toml").unwrap();
    assert!((config.time_scale - 60.0).abs() < f64::EPSILON);
    assert_eq!(config.routes[3], (wild.to_owned(), "https://localhost:4".to_owned()));
    for text in [routes(wild, far), routes("one.azure-devices-provisioning.net", near)] {
        let error = parse(&text, "hubup.toml").unwrap_err();
        assert_told(
            &error,
            &text,
            &[(Some(5), "`engine.time_scale` cannot be `60` here", "not routed", "add")],
        );
    }
}

#[test]
fn no_secret_of_a_file_is_repeated() {
    let secret = "hunter2hunter2";
    let texts = [
        format!("client_secret = \"{secret}\""),
        format!("client_secret = {secret}"),
        format!("clientSecret: {secret}"),
        format!("auth = {{ method = \"auto\", password = \"{secret}\" }}"),
        format!("access_key = \"\"\"\n{secret}\n\"\"\"\nnmae = 1"),
        format!("connection_string = \"HostName=h;SharedAccessKey={secret}\""),
        format!("[tags]\nnote = \"HostName=h;SharedAccessKey={secret}\""),
        format!("[tags]\napi_token = [\"{secret}\"]"),
        format!("[tags]\nlink = \"https://h/x?sv=1&sig={secret}&se=2\""),
        format!("[network.routes]\n\"a.b\" = \"http://user:{secret}@127.0.0.1:1\""),
        format!("[hub]\nname = \"SharedAccessKey={secret}\""),
    ];
    for text in texts {
        let error = parse(&format!("{NEEDED}{text}\n"), "hubup.toml").expect_err(&text);
        for shown in [error.render(false), error.render(true), error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains(secret), "{text}:\n{shown}");
        }
    }
}

fn refused(path: &Path) -> String {
    let Err(error) = load(path) else { panic!("{} is taken", path.display()) };
    let shown = error.render(false);
    assert!(shown.contains(&*path.to_string_lossy()), "{shown}");
    shown
}

#[test]
fn what_cannot_be_read_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubup.toml");
    let shown = refused(&path);
    assert!(shown.contains("there is no setup file") && shown.contains("`hubup init`"), "{shown}");
    let shown = refused(folder.path());
    assert!(shown.contains("is a folder"), "{shown}");
    let shown = refused(&path.join("below"));
    assert!(shown.contains("setup file"), "{shown}");

    for (content, told) in [
        (&b""[..], "the setup file is empty"),
        (b" \r\n\t\n", "the setup file is empty"),
        (b"\xEF\xBB\xBF", "the setup file is empty"),
        (b"\xFF\xFEs\0u\0b\0", "it is UTF-16"),
        (b"# \xFF\n", "this byte is part of no character"),
        (b"\0\0\0\0", "not TOML"),
        (b"{\"subscription\": \"x\"}", "looks like JSON"),
    ] {
        fs::write(&path, content).unwrap();
        let shown = refused(&path);
        assert!(shown.contains(told), "{content:?}:\n{shown}");
    }
    fs::write(&path, b"# fine\nname = \"caf\xE9\"\n").unwrap();
    assert!(refused(&path).contains(":2:12"));
    // A file of a gigabyte that takes no space.
    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 30).unwrap();
    let shown = refused(&path);
    assert!(shown.contains("larger than 512 KiB"), "{shown}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubup.toml");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(refused(&path).contains("not a regular file"));
    drop(socket);
    assert!(refused(Path::new("/dev/null")).contains("not a regular file"));
}

#[test]
fn lines_and_texts_without_end_are_cut() {
    for text in [
        format!("name = \"{}\"", "x".repeat(200_000)),
        format!("{} = 1", "x".repeat(200_000)),
        format!("[{}]", "x.".repeat(50_000)),
        format!("x = {}", "[".repeat(100_000)),
        "=".repeat(900_000),
        "sig=".repeat(200_000),
        "key = 1\n".repeat(20_000),
        (0..20_000).map(|number| format!("key_{number} = 1\n")).collect::<Vec<_>>().concat(),
        format!("[tags]\n\"{}\" = 1", "ü".repeat(100_000)),
    ] {
        let error = parse(&format!("{NEEDED}{text}\n"), "hubup.toml").unwrap_err();
        let shown = error.render(false);
        assert!(shown.len() < 8_000, "{}", shown.len());
    }
}

#[test]
fn what_windows_editors_write_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubup.toml");
    let text = format!("\u{FEFF}{}", NEEDED.replace('\n', "\r\n"));
    fs::write(&path, &text).unwrap();
    assert_eq!(load(&path).unwrap().answers.location, "eastus2");
    let error = parse(&format!("{text}nmae = 1\r\n"), "hubup.toml").unwrap_err();
    assert_told(&error, "CRLF", &[(Some(4), "`nmae`", "no key", "`name`")]);
}
