//! A token acts at one vhost, which nobody guesses.

use serde_json::{Value, json};

use crate::app::{App, UPLOADS, error, json_of, send, text};
use crate::support::tokens::{now, signed, signed_with};
use crate::support::{FREE_PORTS, ISSUER_SECRET, Service, configuration};

const OTHER_SECRET: &str = "other-issuer-secret-0123456789-abcdefghijk";

/// Two vhosts share an issuer, with other audiences; a third one has its own.
fn service() -> Service {
    let more = format!(
        "[[hosts.'a.example'.issuers]]\nissuer = 'shared'\naudience = ['a']\nsecret = '{ISSUER_SECRET}'\n\
         [[hosts.'b.example'.issuers]]\nissuer = 'shared'\naudience = ['b']\nsecret = '{ISSUER_SECRET}'\n\
         [[hosts.'c.example'.issuers]]\nissuer = 'own'\nsecret = '{OTHER_SECRET}'"
    );
    Service::start_with(&configuration(FREE_PORTS, &more))
}

fn shared(sub: &str, audience: &Value) -> String {
    signed(
        &json!({"alg": "HS256"}),
        &json!({"iss": "shared", "sub": sub, "aud": audience, "exp": now() + 600}),
    )
}

fn status(app: &App<'_>, query: &str) -> u16 {
    app.ask("GET", &format!("{UPLOADS}{query}"), "").status
}

#[test]
fn a_request_says_which_vhost_where_the_token_does_not() {
    let service = service();
    // Good at both.
    let both = App::with(&service, shared("alice", &json!(["a", "b"])));
    let logged = service.log().len();
    assert_eq!(error(&both.ask("GET", UPLOADS, "")), (401, "not_authenticated".to_owned()));
    service.wait_for_log_since(logged, &["api: ", "reason=\"vhost_needed\""]);
    for vhost in ["a.example", "b.example", "A.example"] {
        let target = format!("/api/v1/slots?vhost={vhost}");
        let slot = json_of(&both.ask("POST", &target, "{\"filename\":\"f\",\"size\":4}"));
        let url = text(&slot["put"]["url"]);
        assert!(url.contains(&format!("/upload/{}/", vhost.to_lowercase())), "{url}");
        assert_eq!(send(&service, &slot, "", b"data"), 201, "{vhost}");
    }
    assert_eq!(json_of(&both.ask("GET", "/api/v1/uploads?vhost=b.example", ""))["used"], 4);
    let only_a = App::with(&service, shared("alice", &json!("a")));
    // Full JIDs are names, and no request.
    let full = App::with(&service, shared("alice@a.example", &json!("a")));
    for app in [&only_a, &full] {
        assert_eq!(
            [status(app, ""), status(app, "?vhost=a.example"), status(app, "?vhost=b.example")],
            [401, 200, 401]
        );
    }
    for vhost in ["localhost", "c.example", "d.example", "", "a%20b", "%00"] {
        assert_eq!(status(&both, &format!("?vhost={vhost}")), 401, "{vhost}");
    }
}

#[test]
fn a_token_of_one_vhost_does_nothing_at_another() {
    let service = service();
    let claims = json!({"iss": "own", "sub": "alice", "exp": now() + 600});
    let own = App::with(&service, signed_with(OTHER_SECRET, &json!({"alg": "HS256"}), &claims));
    let localhost = App::of(&service, "alice");
    localhost.upload("of-localhost", b"data");
    own.upload("of-c", b"data");
    assert_eq!((localhost.names(), own.names()), (vec!["of-localhost".to_owned()], vec!["of-c".to_owned()]));
    assert_eq!(own.remove(&localhost.path("of-localhost")).status, 404);
    assert_eq!([status(&own, "?vhost=c.example"), status(&own, "?vhost=localhost")], [200, 401]);
    assert_eq!([status(&localhost, "?vhost=localhost"), status(&localhost, "?vhost=c.example")], [200, 401]);
    // In another one's name, with a key of ours.
    let forged = signed_with(
        OTHER_SECRET,
        &json!({"alg": "HS256"}),
        &json!({"iss": "test", "sub": "alice", "exp": now() + 600}),
    );
    assert_eq!(status(&App::with(&service, forged), ""), 401);
}
