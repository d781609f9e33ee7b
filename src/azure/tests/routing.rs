//! Which base stands for which host, and which routes are refused.

use azure_core::http::Url;

use crate::azure::routes::Routes;

fn routes(pairs: &[(&str, &str)]) -> Routes {
    let pairs: Vec<_> = pairs.iter().map(|(host, base)| ((*host).to_owned(), (*base).to_owned())).collect();
    Routes::new(&pairs).unwrap()
}

fn led(routes: &Routes, url: &str) -> Option<String> {
    routes.find(&Url::parse(url).unwrap()).map(|base| base.origin.clone())
}

#[test]
fn exact_beats_wildcard_and_the_longest_wildcard_wins() {
    let routes = routes(&[
        ("*.example", "http://127.0.0.1:1"),
        ("*.dps.example", "http://127.0.0.1:2"),
        ("one.dps.example", "http://127.0.0.1:3"),
        ("One.dps.example:8443", "http://[::1]:4/"),
        ("management.azure.com", "http://localhost:5"),
    ]);
    for (url, base) in [
        ("https://a.example/x", Some("http://127.0.0.1:1")),
        ("https://a.b.example/x", Some("http://127.0.0.1:1")),
        ("https://a.dps.example/x", Some("http://127.0.0.1:2")),
        ("https://ONE.dps.example/x", Some("http://127.0.0.1:3")),
        ("https://one.dps.example:443/x", Some("http://127.0.0.1:3")),
        ("https://one.dps.example:8443/x", Some("http://[::1]:4")),
        ("https://management.azure.com/x", Some("http://localhost:5")),
        ("https://example/x", None),
        ("https://badexample/x", None),
        ("https://management.azure.com.evil/x", None),
    ] {
        assert_eq!(led(&routes, url).as_deref(), base, "{url}");
    }
    assert!(routes.only_loopback());
    assert!(!routes.need_encryption());
}

#[test]
fn without_routes_nothing_is_renamed() {
    let none = routes(&[]);
    assert!(none.is_empty());
    assert!(none.need_encryption());
    assert!(!none.only_loopback());
    assert_eq!(led(&none, "https://management.azure.com/"), None);
}

#[test]
fn bad_routes_are_named() {
    for (pattern, base) in [
        ("management.azure.com", "http://10.0.0.1:80"),
        ("management.azure.com", "http://example.com"),
        ("management.azure.com", "http://localhost.example"),
        ("management.azure.com", "ftp://127.0.0.1"),
        ("management.azure.com", "not a url"),
        ("management.azure.com", "https://stand.in/prefix"),
        ("management.azure.com", "https://user:password@stand.in"),
        ("management.azure.com", "https://stand.in?x"),
        ("*", "http://127.0.0.1:1"),
        ("*.", "http://127.0.0.1:1"),
        ("*example", "http://127.0.0.1:1"),
        ("a*b", "http://127.0.0.1:1"),
        ("", "http://127.0.0.1:1"),
        ("https://management.azure.com", "http://127.0.0.1:1"),
    ] {
        let error = Routes::new(&[(pattern.to_owned(), base.to_owned())]).unwrap_err().to_string();
        assert!(error.contains(&format!("route of `{pattern}`")), "{error}");
        assert!(!error.contains("password@"), "{error}");
    }
}
