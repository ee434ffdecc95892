//! The hook as ejabberd's contrib module and `MongooseIM` meet it: their bytes, one question after the other on a connection that stays.
//!
//! What they make of a status, read from their sources:
//!
//! - 200 with exactly `true` is a yes; any other body or status is a no.
//! - 201 registers, 409 is "exists", all else "not allowed". Contrib takes a 200 with `created` for a 201.
//! - 200, 201 and 204 remove a user or set a password. Otherwise contrib tells 403 ("not allowed") from the rest ("db failure").
//! - 301, 307 and 308 make contrib ask again elsewhere, or crash without a `Location`. There are none.
//!
//! Both ask by GET and change by POST. ejabberd never has contrib ask `/remove_user_validate`: it asks `/check_password`, then
//! `/remove_user`. Only `MongooseIM` asks `/get_certs`. Both ask `/user_exists` before they register.

mod support;

use std::thread;

use serde_json::json;
use support::callers::{BOTH, CONTRIB, Caller, Connection, Conversation, HOST, MONGOOSE, is_no, raw, short};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until};

fn service(more: &str) -> Service {
    Service::start_with(&configuration(FREE_PORTS, more))
}

#[test]
fn the_callers_send_these_bytes() {
    let fields = ["jörg", HOST, "a b+c~*%"];
    assert_eq!(
        CONTRIB.get("127.0.0.1:8081", "check_password", fields),
        "GET /check_password?user=j%C3%83%C2%B6rg&server=localhost&pass=a%20b%2Bc~%2A%25 HTTP/1.1\r\n\
         Host: 127.0.0.1:8081\r\nContent-Length: 0\r\nAuthorization: Basic \r\n\r\n"
    );
    assert_eq!(
        CONTRIB.configured("ejabberd:secret", "/auth/").post("127.0.0.1:8081", "register", fields),
        "POST /auth/register HTTP/1.1\r\n\
         Host: 127.0.0.1:8081\r\nContent-Length: 59\r\nAuthorization: Basic ZWphYmJlcmQ6c2VjcmV0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n\
         user=j%C3%83%C2%B6rg&server=localhost&pass=a%20b%2Bc~%2A%25"
    );
    assert_eq!(
        MONGOOSE.get("127.0.0.1:8081", "check_password", fields),
        "GET /check_password?user=j%C3%B6rg&server=localhost&pass=a+b%2Bc%7E*%25 HTTP/1.1\r\n\
         Host: 127.0.0.1:8081\r\nContent-Length: 0\r\n\r\n"
    );
    // No Content-Type: fusco adds none.
    assert_eq!(
        MONGOOSE.configured("mongooseim:secret", "/auth/").post("127.0.0.1:8081", "register", fields),
        "POST /auth/register HTTP/1.1\r\n\
         Host: 127.0.0.1:8081\r\nContent-Length: 51\r\nAuthorization: Basic bW9uZ29vc2VpbTpzZWNyZXQ=\r\n\r\n\
         user=j%C3%B6rg&server=localhost&pass=a+b%2Bc%7E*%25"
    );
}

/// What `uri_string:quote` and `uri_string:compose_query` of Erlang/OTP 25.2 make of it.
#[test]
fn the_callers_encode_as_erlang_does() {
    let ascii: String = (' '..='~').collect();
    let alphanumeric = |from: &str| -> String { from.chars().filter(char::is_ascii_alphanumeric).collect() };
    let (digits, upper, lower) =
        (alphanumeric("0123456789"), ('A'..='Z').collect::<String>(), ('a'..='z').collect::<String>());
    assert_eq!(
        CONTRIB.encode(&ascii),
        format!(
            "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F{digits}%3A%3B%3C%3D%3E%3F%40{upper}%5B%5C%5D%5E_%60{lower}%7B%7C%7D~"
        )
    );
    assert_eq!(
        MONGOOSE.encode(&ascii),
        format!(
            "+%21%22%23%24%25%26%27%28%29*%2B%2C-.%2F{digits}%3A%3B%3C%3D%3E%3F%40{upper}%5B%5C%5D%5E_%60{lower}%7B%7C%7D%7E"
        )
    );
    for (value, contrib, mongoose) in [
        ("a\r\nb\0\u{1}\u{7f}", "a%0D%0Ab%00%01%7F", "a%0D%0Ab%00%01%7F"),
        ("é", "%C3%83%C2%A9", "%C3%A9"),
        ("×©", "%C3%83%C2%97%C3%82%C2%A9", "%C3%97%C2%A9"),
        ("ש", "%C3%97%C2%A9", "%D7%A9"),
        ("😀", "%C3%B0%C2%9F%C2%98%C2%80", "%F0%9F%98%80"),
    ] {
        assert_eq!((CONTRIB.encode(value).as_str(), MONGOOSE.encode(value).as_str()), (contrib, mongoose));
    }
}

#[test]
fn without_provisioning_every_call_has_its_answer() {
    let service = service("");
    for (caller, user) in BOTH.into_iter().zip(["alice", "jörg"]) {
        let mut hook = Conversation::begin(&service, caller);
        assert!(!hook.exists(user));
        assert!(!hook.logs_in(user, "a wrong pässword"));
        assert!(hook.logs_in(user, &tokens::good(user)));
        assert!(hook.exists(user) && !hook.exists("bob"));

        assert_eq!(hook.change("register", "bob", "a wrong pässword"), 403);
        // Both ask `/user_exists` before they register, and then do not: which of the two refusals this is makes no difference.
        assert!([403, 409].contains(&hook.change("register", user, "a wrong pässword")));
        assert_eq!(hook.change("remove_user", user, ""), 403);
        assert_eq!(hook.change("remove_user_validate", user, &tokens::good(user)), 403);
        assert_eq!(hook.change("set_password", user, "a wrong pässword"), 403);
        assert_eq!(hook.get("get_password", [user, HOST, ""]).0, 404);
        assert_eq!(hook.get("get_certs", [user, HOST, ""]).0, 404);

        assert!(hook.exists(user) && !hook.exists("bob"), "nothing changed");
        hook.connection.close();
    }
}

#[test]
fn a_registered_user_exists_until_he_is_removed() {
    let service = service("[auth]\nprovisioning = true");
    // What one of them does, the other one sees: they mean the same user.
    for (caller, other) in [(CONTRIB, MONGOOSE), (MONGOOSE, CONTRIB)] {
        let (mut hook, mut other) =
            (Conversation::begin(&service, caller), Conversation::begin(&service, other));
        assert_eq!(hook.change("remove_user", "jörg", ""), 404, "never heard of");
        assert_eq!(hook.change("register", "jörg", "geheimes Wörtchen"), 201);
        assert!(hook.exists("jörg") && other.exists("jörg"));
        assert_eq!(hook.change("register", "jörg", "geheimes Wörtchen"), 409);
        assert_eq!(other.change("register", "jörg", "geheimes Wörtchen"), 409);
        assert!(!hook.logs_in("jörg", "geheimes Wörtchen"), "who is registered needs a token all the same");
        assert!(other.logs_in("jörg", &tokens::good("jörg")));

        assert_eq!(other.change("remove_user", "jörg", ""), 204);
        assert!(!hook.exists("jörg") && !other.exists("jörg"));
        assert_eq!(hook.change("remove_user", "jörg", ""), 404);
        assert_eq!(hook.change("register", "jörg", "geheimes Wörtchen"), 201, "the name is free again");
        assert_eq!(hook.change("remove_user", "jörg", ""), 204);
        hook.connection.close();
        other.connection.close();
    }
    for part in ["geheim", "rtchen", "C3%B6"] {
        assert!(!service.log().contains(part), "{part} is in the log:\n{}", service.log());
    }
}

/// The caller takes 201 and 204 for the end of the matter.
#[test]
fn what_was_answered_outlives_a_crash() {
    let settings = configuration(FREE_PORTS, "[auth]\nprovisioning = true");
    let crash = |mut service: Service| {
        service.signal("KILL");
        service.wait();
        Service::start_in(service.folder(), &settings)
    };
    for caller in BOTH {
        let service = Service::start_with(&settings);
        assert_eq!(Conversation::begin(&service, caller).change("register", "jörg", "x"), 201);
        let service = crash(service);
        let mut hook = Conversation::begin(&service, caller);
        // Before it has read who exists, it says that everybody does.
        wait_until("it is known who exists", || !hook.exists("bob"));
        assert!(hook.exists("jörg"));
        assert_eq!(hook.change("remove_user", "jörg", ""), 204);
        let service = crash(service);
        let mut hook = Conversation::begin(&service, caller);
        wait_until("he is gone", || !hook.exists("jörg"));
    }
}

#[test]
fn whoever_logged_in_can_be_removed() {
    let service = service("[auth]\nprovisioning = true");
    for caller in BOTH {
        let mut hook = Conversation::begin(&service, caller);
        assert!(hook.logs_in("jörg", &tokens::good("jörg")));
        assert_eq!(hook.change("register", "jörg", ""), 409);
        assert_eq!(hook.change("remove_user", "jörg", ""), 204);
        assert!(!hook.exists("jörg"));
    }
}

#[test]
fn removing_with_a_password_needs_the_users_own_good_token() {
    let service = service("[auth]\nprovisioning = true");
    let expired = json!({"iss": "test", "sub": "jörg", "exp": tokens::now() - 60});
    let expired = tokens::signed(&json!({"alg": "HS256"}), &expired);
    for caller in BOTH {
        let mut hook = Conversation::begin(&service, caller);
        let remove =
            |hook: &mut Conversation, token: &str| hook.change("remove_user_validate", "jörg", token);
        assert_eq!(remove(&mut hook, &tokens::good("jörg")), 404, "a good token of a user that there is not");
        assert!(!hook.exists("jörg"), "asking that makes no user");
        assert_eq!(hook.change("register", "jörg", "x"), 201);
        for wrong in
            ["", "x", "geheimes Wörtchen", &expired, &tokens::good("bob"), &tokens::good("jörg@example.org")]
        {
            assert_eq!(remove(&mut hook, wrong), 403, "{wrong}");
        }
        assert!(hook.exists("jörg"));
        assert_eq!(remove(&mut hook, &tokens::good("jörg")), 204);
        assert!(!hook.exists("jörg"));
        assert_eq!(remove(&mut hook, &tokens::good("jörg")), 404);
    }
}

#[test]
fn only_names_of_users_here_are_registered() {
    let service = service("[auth]\nprovisioning = true");
    for caller in BOTH {
        let mut hook = Conversation::begin(&service, caller);
        for name in ["", "a b", "a@b", "a/b", "\u{fffd}", &"x".repeat(1024)] {
            let status = hook.change("register", name, "x");
            assert!([400, 403].contains(&status), "{name}: {status}");
            assert!(!hook.exists(name), "{name}");
        }
        for host in ["", "example.org", "localhost.example.org", "local host"] {
            for call in ["register", "remove_user", "remove_user_validate", "set_password"] {
                let (status, _) = hook.post(call, ["alice", host, &tokens::good("alice")]);
                assert!([400, 403, 404].contains(&status), "{call} {host}: {status}");
            }
            assert!(!hook.asks("user_exists", ["alice", host, ""]) && !hook.exists("alice"));
        }
    }
}

#[test]
fn both_spellings_of_a_name_mean_the_same_user() {
    let service = service("");
    // The last three look like bytes of UTF-8 here and there, but not from end to end.
    for name in ["jörg", "żółw", "ש", "привет", "山田", "ã©", "jörg×©", "×©ö"] {
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            assert!(hook.logs_in(name, &tokens::good(name)), "{} {name}", caller.name);
            assert!(
                hook.logs_in(name, &tokens::good(&format!("{name}@localhost"))),
                "{} {name}",
                caller.name
            );
            assert!(hook.exists(name), "{} {name}", caller.name);
            assert!(!hook.logs_in(name, &tokens::good("somebody")), "{} {name}", caller.name);
            assert!(!hook.logs_in("somebody", &tokens::good(name)), "{} {name}", caller.name);
            hook.connection.close();
        }
    }
}

/// `MongooseIM`'s user `×©` comes in the very bytes of contrib's user `ש`. So nobody is ever let in with a token for the former.
#[test]
fn a_name_that_reads_as_another_one_has_no_login() {
    let service = service("");
    for (name, read) in [("×©", "ש"), ("ä»¶", "件"), ("×©×©", "שש")] {
        assert_eq!(MONGOOSE.encode(name), CONTRIB.encode(read));
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            for subject in [name.to_owned(), format!("{name}@localhost")] {
                assert!(!hook.logs_in(name, &tokens::good(&subject)), "{} {name}", caller.name);
                assert!(!hook.logs_in(read, &tokens::good(&subject)), "{} {name}", caller.name);
            }
            assert!(hook.logs_in(read, &tokens::good(read)), "{} {read}", caller.name);
        }
        // Decoded once, contrib's `×©` is nobody else.
        assert!(!Conversation::begin(&service, CONTRIB).logs_in(name, &tokens::good(read)), "decoded twice");
    }
    service.wait_for_log(&["login", "outcome=\"refused\"", "user_claim_folds"]);
}

#[test]
fn the_hosts_name_may_be_written_either_way() {
    let issuer = "[[hosts.'bücher.example'.issuers]]\nissuer = 'test'";
    let service = service(&format!("{issuer}\nsecret = '{}'", support::ISSUER_SECRET));
    for (caller, user) in BOTH.into_iter().zip(["alice", "jörg"]) {
        let mut hook = Conversation::begin(&service, caller);
        let token = tokens::good(&format!("{user}@bücher.example"));
        assert!(!hook.asks("user_exists", [user, "bücher.example", ""]), "{}", caller.name);
        assert!(hook.asks("check_password", [user, "bücher.example", &token]), "{}", caller.name);
        assert!(hook.asks("user_exists", [user, "bücher.example", ""]), "{}", caller.name);
        assert!(!hook.logs_in(user, &token) && !hook.exists(user), "that is another host");
    }
}

/// Erlang/OTP below 25 escapes only what has a meaning in a URL, and older ejabberd runs on it.
#[test]
fn bytes_that_are_not_escaped_mean_themselves() {
    let service = service("");
    let mut connection = Connection::open(&service.address("hook"));
    let form = format!("user=jörg&server=localhost&pass={}", tokens::good("jörg"));
    for request in
        [raw(&format!("GET /check_password?{form}"), "", ""), raw("POST /check_password", "", &form)]
    {
        assert_eq!(short(&connection.ask(request)), (200, "true".to_owned()));
    }
    connection.close();
}

#[test]
fn a_space_is_written_in_two_ways() {
    let service = service("[auth]\nuser_exists = 'all'");
    let mut connection = Connection::open(&service.address("hook"));
    let mut exists =
        |user: &str| {
            short(&connection.ask(format!(
                "GET /user_exists?user={user}&server=localhost&pass= HTTP/1.1\r\nHost: h\r\n\r\n"
            )))
        };
    for (user, answer) in [("ab", "true"), ("a%2Bb", "true"), ("a+b", "false"), ("a%20b", "false")] {
        assert_eq!(exists(user), (200, answer.to_owned()), "{user}");
    }
    // In a password it is one byte, either way.
    for caller in BOTH {
        let mut hook = Conversation::begin(&service, caller);
        assert!(!hook.logs_in("alice", &" ".repeat(8192)));
        assert!(!service.log().contains("token_too_large"), "{}", caller.name);
    }
    for caller in BOTH {
        let name = format!("user-of-{}", caller.name.to_ascii_lowercase());
        assert!(!Conversation::begin(&service, caller).logs_in(&name, &" ".repeat(8193)));
        service.wait_for_log(&["login", &name, "token_too_large"]);
    }
}

#[test]
fn credentials_are_looked_at_only_where_there_are_some() {
    let service = service("");
    for caller in
        [CONTRIB, MONGOOSE, MONGOOSE.configured("", "/"), CONTRIB.configured("ejabberd:secret", "/")]
    {
        assert!(Conversation::begin(&service, caller).logs_in("alice", &tokens::good("alice")));
    }
}

#[test]
fn the_callers_options_for_credentials_and_prefix_work() {
    const PAIR: &str = "ejabberd:a-pässword:of-the-hook";
    let listen = format!("{FREE_PORTS}\nhook_prefix = '/auth/v1'\nhook_credentials = '{PAIR}'");
    let service = Service::start_with(&configuration(&listen, "[auth]\nprovisioning = true"));
    for caller in BOTH {
        let mut hook = Conversation::begin(&service, caller.configured(PAIR, "/auth/v1/"));
        assert!(hook.logs_in("jörg", &tokens::good("jörg")) && hook.exists("jörg"));
        assert_eq!(hook.change("remove_user", "jörg", ""), 204);
        assert_eq!(hook.change("register", "jörg", "x"), 201);
        assert_eq!(hook.change("remove_user_validate", "jörg", &tokens::good("jörg")), 204);
        assert_eq!(hook.get("get_password", ["jörg", HOST, ""]).0, 404);
        hook.connection.close();
    }
    assert_shut_out(&service, CONTRIB.configured("", "/auth/v1/"), 401);
    assert_shut_out(&service, CONTRIB.configured("ejabberd:a-password:of-the-hook", "/auth/v1/"), 401);
    assert_shut_out(&service, CONTRIB.configured(PAIR, "/"), 404);
    assert_shut_out(&service, CONTRIB.configured(PAIR, "/auth/v1"), 404);
}

/// Every call is answered with `status`, and the connection is kept.
fn assert_shut_out(service: &Service, caller: Caller, status: u16) {
    let mut hook = Conversation::begin(service, caller);
    let fields = ["alice", HOST, &tokens::good("alice")];
    for call in ["check_password", "user_exists", "get_password", "get_certs"] {
        assert_eq!(hook.get(call, fields).0, status, "{call}");
    }
    for call in ["register", "remove_user", "remove_user_validate", "set_password"] {
        assert_eq!(hook.post(call, fields).0, status, "{call}");
    }
    hook.connection.close();
}

#[test]
fn a_form_is_a_form_however_it_says_so() {
    let service = service("");
    let mut connection = Connection::open(&service.address("hook"));
    let form = MONGOOSE.form(["jörg", HOST, &tokens::good("jörg")]);
    for headers in [
        "",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "content-type:application/x-www-form-urlencoded\r\n",
        "CONTENT-TYPE: Application/X-WWW-Form-URLEncoded; Charset=UTF-8\r\n",
        "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n",
    ] {
        let whole = raw("POST /check_password", headers, &form);
        assert_eq!(short(&connection.ask(whole)), (200, "true".to_owned()), "{headers}");
        let (start, end) = form.split_at(form.len() / 2);
        let chunked = format!("{headers}Transfer-Encoding: chunked\r\n");
        let chunks = format!("{:x}\r\n{start}\r\n{:X}\r\n{end}\r\n0\r\n\r\n", start.len(), end.len());
        let chunks = raw("POST /check_password", &chunked, "") + &chunks;
        assert_eq!(short(&connection.ask(chunks)), (200, "true".to_owned()), "{headers} in chunks");
    }
    connection.close();
}

#[test]
fn a_malformed_question_is_answered_and_never_with_200() {
    let service = service("[auth]\nprovisioning = true\nuser_exists = 'all'");
    let good = CONTRIB.form(["alice", HOST, &tokens::good("alice")]);
    let mut malformed = Vec::new();
    for form in [
        "",
        "user=alice",
        "user=alice&server=localhost",
        "server=localhost&pass=x",
        "user=alice&pass=x",
        "USER=alice&Server=localhost&Pass=x",
    ] {
        malformed.push(form.to_owned());
    }
    malformed.push(format!("user=bob&{good}"));
    malformed.push(format!("{good}&user=bob"));
    malformed.push(format!("server=example.org&{good}"));
    malformed.push(format!("{good}&pass=x"));
    malformed.push(good.replace('&', ";"));
    malformed.push(good.replace('&', "%26"));
    let mut connection = Connection::open(&service.address("hook"));
    let mut refused = |request: String| {
        let answer = connection.ask(&request);
        assert!((400..500).contains(&answer.status), "{request}\n{answer:?}");
    };
    for form in &malformed {
        refused(raw(&format!("GET /check_password?{form}"), "", ""));
        for call in ["check_password", "remove_user_validate"] {
            refused(raw(&format!("POST /{call}"), "", form));
            refused(raw(
                &format!("POST /{call}"),
                "Content-Type: application/x-www-form-urlencoded\r\n",
                form,
            ));
        }
    }
    // The fields of a POST are in its body, those of a GET are not.
    refused(raw(&format!("POST /check_password?{good}"), "", ""));
    refused(raw("GET /check_password", "", &good));
    for call in ["check_password", "user_exists", "register"] {
        refused(raw(&format!("PUT /{call}?{good}"), "", &good));
        refused(raw(&format!("DELETE /{call}?{good}"), "", ""));
        refused(raw(&format!("GET //{call}?{good}"), "", ""));
        refused(raw(&format!("GET /{call}/?{good}"), "", ""));
    }
    for (kind, body) in [
        ("application/json", r#"{"user": "alice", "server": "localhost", "pass": "x"}"#),
        ("text/plain", "alice\nlocalhost\nx"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nalice\r\n--b--",
        ),
    ] {
        refused(raw("POST /check_password", &format!("Content-Type: {kind}\r\n"), body));
    }
    let last = connection.ask(raw(&format!("GET /check_password?{good}"), "", ""));
    assert_eq!(short(&last), (200, "true".to_owned()), "the connection works on");
    connection.close();
}

#[test]
fn text_that_is_none_is_nobody() {
    let service = service("[auth]\nprovisioning = true\nuser_exists = 'all'");
    let mut connection = Connection::open(&service.address("hook"));
    let token = tokens::good("alice");
    for user in [
        "%FF",
        "alice%FF",
        "%C3",
        "%C3%28",
        "%ED%A0%80",
        "%F5%80%80%80",
        "alice%00",
        "%00",
        "alice%0D%0A",
        "%EF%BF%BD",
    ] {
        for call in ["check_password", "user_exists", "register", "remove_user"] {
            let answer = connection.ask(raw(
                &format!("POST /{call}"),
                "",
                &format!("user={user}&server=localhost&pass={token}"),
            ));
            assert!(is_no(&answer), "{call} {user}: {answer:?}");
        }
    }
    connection.close();
}

#[test]
fn too_much_is_refused_by_an_answer_that_arrives() {
    let service = service("");
    let hook = service.address("hook");
    for caller in BOTH {
        // More than a request line, a head and a form may have. A reset would make contrib ask three times and crash.
        for length in [9_000, 40_000, 70_000, 200_000, 400_000] {
            let fields = ["alice", HOST, &"é".repeat(length / caller.encode("é").len())];
            for request in
                [caller.get(&hook, "check_password", fields), caller.post(&hook, "check_password", fields)]
            {
                let answer = Connection::open(&hook).ask_once(request);
                assert!(is_no(&answer), "{length}: {answer:?}");
            }
        }
    }
}

/// A byte on a connection that nobody uses would be read as the answer to the next question.
#[test]
fn an_idle_connection_ends_without_a_word() {
    let service = service("");
    let mut idle: Vec<_> = BOTH.iter().map(|caller| Conversation::begin(&service, *caller)).collect();
    for hook in &mut idle {
        assert!(hook.logs_in("alice", &tokens::good("alice")));
    }
    let unused = Conversation::begin(&service, CONTRIB);
    service.signal("TERM");
    for hook in idle.into_iter().chain([unused]) {
        assert_eq!(hook.connection.rest(), b"");
    }
}

#[test]
fn ten_workers_get_their_own_answers() {
    let service = service("[auth]\nprovisioning = true");
    thread::scope(|workers| {
        for worker in 0..10 {
            let mut hook = Conversation::begin(&service, BOTH[worker % 2]);
            workers.spawn(move || {
                let (user, token) = (format!("jörg{worker}"), tokens::good(&format!("jörg{worker}")));
                let next = tokens::good(&format!("jörg{}", (worker + 1) % 10));
                for _ in 0..10 {
                    assert!(hook.logs_in(&user, &token) && !hook.logs_in(&user, &next) && hook.exists(&user));
                    assert_eq!(hook.change("remove_user", &user, ""), 204);
                    assert!(!hook.exists(&user));
                    assert_eq!(hook.change("register", &user, ""), 201);
                }
                hook.connection.close();
            });
        }
    });
}
