//! What holds for whatever is asked of the hook.

mod support;

use std::fmt::Write as _;

use jid::NodePart;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::callers::{BOTH, CONTRIB, Caller, Connection, Conversation, HOST, MONGOOSE, is_no, raw, short};
use support::{FREE_PORTS, Service, configuration, tokens};

/// Tries a property on few values: each is several requests to the program.
fn for_all<S: Strategy>(strategy: &S, property: impl Fn(S::Value)) {
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(strategy, |value| {
        property(value);
        Ok(())
    });
    tried.unwrap_or_else(|failure| unreachable!("{failure}"));
}

/// Any text, line ends and all.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["(?s).{0,40}", "[ -~]{0,40}", "[\u{80}-\u{ff}]{0,6}"]
}

/// Names of one alphabet, as ejabberd writes them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9!#$%*+,.;=?^_|~-]{1,40}",
        "[a-zà-öø-ÿ]{1,20}",
        "[à-ï][\u{a1}-\u{a7}\u{ab}\u{ac}\u{b0}\u{b1}\u{bb}\u{bf}]",
        "[а-яё]{1,20}",
        "[א-ת]{1,20}",
        "[一-龥]{1,20}",
    ]
    .prop_filter("stays as it is", |name: &String| is_prepared(name))
}

fn is_prepared(name: &str) -> bool {
    NodePart::new(name).is_ok_and(|prepared| prepared.as_str() == name)
}

/// What a name says whose characters are taken for bytes.
fn read_as_bytes(name: &str) -> Option<String> {
    let bytes: Result<Vec<u8>, _> = name.chars().map(u8::try_from).collect();
    String::from_utf8(bytes.ok()?).ok()
}

#[test]
fn whatever_the_name_and_the_password_say_the_callers_get_an_answer() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nuser_exists = 'all'"));
    for_all(&(text(), text(), text()), |(user, server, pass)| {
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            assert_eq!(hook.exists(&user), is_a_name(caller, &user), "{} {user:?}", caller.name);
            assert!(!hook.logs_in(&user, &pass));
            assert!(!hook.asks("check_password", [&user, &server, &tokens::good("alice")]));
            assert!(!hook.asks("user_exists", [&user, &server, &pass]));
            hook.connection.close();
        }
    });
    assert!(!service.log().contains("request_malformed"), "{}", service.log());
    assert_every_line_is_ours(&service);
}

#[test]
fn whatever_the_name_it_is_registered_and_removed_or_neither() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"));
    for_all(&(text(), text()), |(user, pass)| {
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            let (made, removed) = if is_a_name(caller, &user) { (201, 204) } else { (403, 403) };
            assert_eq!(hook.change("register", &user, &pass), made, "{} {user:?}", caller.name);
            assert_eq!(hook.exists(&user), made == 201, "{} {user:?}", caller.name);
            assert_eq!(hook.change("remove_user", &user, ""), removed, "{} {user:?}", caller.name);
            assert!(!hook.exists(&user), "{} {user:?}", caller.name);
        }
    });
    assert_every_line_is_ours(&service);
}

/// Whether what arrives is a localpart that was prepared. `MongooseIM`'s names arrive as the bytes of contrib's if they read as such.
fn is_a_name(caller: Caller, user: &str) -> bool {
    let asked = if caller.name == MONGOOSE.name { read_as_bytes(user) } else { None };
    is_prepared(asked.as_deref().unwrap_or(user))
}

/// No name writes lines into the log, nor moves the cursor of whoever reads it.
fn assert_every_line_is_ours(service: &Service) {
    for line in service.log().lines() {
        let level = line.split_whitespace().nth(1);
        assert!(level.is_some_and(|level| ["INFO", "WARN", "ERROR"].contains(&level)), "{line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn every_user_gets_in_with_his_token_and_nobody_else() {
    let service = Service::start();
    for_all(&(name(), name()), |(user, other)| {
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            assert!(hook.logs_in(&user, &tokens::good(&user)), "{} {user}", caller.name);
            assert!(hook.exists(&user));
            assert_eq!(hook.logs_in(&user, &tokens::good(&other)), user == other);
        }
    });
}

#[test]
fn a_name_that_reads_as_another_one_never_gets_in() {
    let service = Service::start();
    for_all(&name().prop_filter("has a second reading", |name| !name.is_ascii()), |read| {
        let written: String = read.bytes().map(char::from).collect();
        assert_eq!(MONGOOSE.encode(&written), CONTRIB.encode(&read));
        for caller in BOTH {
            let mut hook = Conversation::begin(&service, caller);
            assert!(!hook.logs_in(&written, &tokens::good(&written)), "{} {written:?}", caller.name);
            assert!(!hook.logs_in(&read, &tokens::good(&written)), "{} {written:?}", caller.name);
        }
        assert!(!Conversation::begin(&service, CONTRIB).logs_in(&written, &tokens::good(&read)), "{read}");
    });
}

/// Escapes the characters that are marked, and whatever has to be.
fn spelled(value: &str, marked: u64, upper: bool) -> String {
    let mut spelled = String::new();
    for (index, character) in value.chars().enumerate() {
        let plain = character.is_ascii_alphanumeric() || "-._~".contains(character);
        if plain && (marked >> (index % 64)) & 1 == 0 {
            spelled.push(character);
            continue;
        }
        for byte in character.to_string().bytes() {
            let escaped = if upper { write!(spelled, "%{byte:02X}") } else { write!(spelled, "%{byte:02x}") };
            escaped.expect("memory");
        }
    }
    spelled
}

#[test]
fn how_a_question_is_spelled_makes_no_difference() {
    let service = Service::start();
    let order = Just(["user", "server", "pass", "more"].to_vec()).prop_shuffle();
    for_all(&(name(), order, any::<u64>(), any::<bool>(), text()), |(user, order, marked, upper, more)| {
        let good = tokens::good(&user);
        let (not_good, _) = good.split_at(good.len() - 1);
        for (token, answer) in [(good.as_str(), "true"), (not_good, "false")] {
            let field = |key: &&str| {
                let value = match *key {
                    "user" => &user,
                    "server" => HOST,
                    "pass" => token,
                    _ => &more,
                };
                format!("{}={}", spelled(key, marked, upper), spelled(value, marked, upper))
            };
            let form = order.iter().map(field).collect::<Vec<_>>().join("&");
            let mut connection = Connection::open(&service.address("hook"));
            let got = connection.ask(raw(&format!("GET /check_password?{form}"), "", ""));
            let posted = connection.ask(raw("POST /check_password", "", &form));
            assert_eq!(short(&got), (200, answer.to_owned()), "{form}");
            assert_eq!(short(&posted), (200, answer.to_owned()), "{form}");
            connection.close();
        }
    });
}

#[test]
fn nothing_else_is_a_yes() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"));
    let query = prop_oneof![
        "[a-z=&%+0-9A-F;._~-]{0,60}",
        "(user|server|pass|=|&|%|alice|localhost|\\+|%C3|%A9|;){0,16}",
        "[!$-;=?-~]{0,60}",
    ];
    for_all(&(query, vec(any::<u8>(), 0..80)), |(query, bytes)| {
        let mut connection = Connection::open(&service.address("hook"));
        for call in ["check_password", "user_exists", "remove_user_validate"] {
            let got = connection.ask(raw(&format!("GET /{call}?{query}"), "", ""));
            let posted = connection.ask(raw(&format!("POST /{call}"), "", &query));
            let head = format!("POST /{call} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", bytes.len());
            let garbage = connection.ask([head.as_bytes(), &bytes].concat());
            for answer in [got, posted, garbage] {
                assert!(is_no(&answer), "{call} {query:?} {bytes:?}: {answer:?}");
            }
        }
        connection.close();
    });
}
