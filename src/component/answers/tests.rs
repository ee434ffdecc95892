//! Stanzas as clients send them, and what comes back.

use jid::Jid;
use tokio::io::BufReader;

use super::*;
use crate::authn::{Acceptance, Scheme, UploadAuthority};
use crate::component::reader::{Received, StanzaReader};
use crate::policy::{InlineTypes, MinuteBudgets, Retention};
use crate::telemetry::metrics::VhostCounters;
use crate::types::{Purpose, Secret, parse_vhost};
use crate::upload::{Quotas, Site, Sites, SlotDesk, UploadRules, Usage};

/// 2027-01-15T08:00:00Z
const NOW: Duration = Duration::from_hours(500_000);

pub(in crate::component) fn component(per_minute: u64) -> Component {
    component_with(per_minute, UploadRules { max_size: 1000, ..UploadRules::default() })
}

fn component_with(per_minute: u64, rules: UploadRules) -> Component {
    let vhost = parse_vhost("localhost").unwrap();
    let secret = Secret::new(b"a secret of these tests".to_vec(), 0).unwrap();
    let accepted =
        Acceptance { schemes: vec![Scheme::Bearer], token_in_url: false, slot_ttl: Duration::from_mins(5) };
    let site = Site {
        authority: UploadAuthority::new(vhost.clone(), accepted, &secret, &[]),
        counters: VhostCounters::of(&vhost),
        vhost: vhost.clone(),
        public_url: "https://u.example/upload/localhost".parse().unwrap(),
        prefix: "/upload/localhost/".to_owned(),
        legacy_prefixes: Vec::new(),
        inline: InlineTypes::default(),
    };
    let sites = Arc::new(Sites::new(vec![site]).unwrap());
    let usage = Arc::new(Usage::of_nothing());
    Component {
        jid: parse_vhost("upload.localhost").unwrap(),
        server: String::new(),
        secret,
        desk: Arc::new(SlotDesk::new(
            sites,
            [(vhost, rules)].into(),
            usage,
            Arc::new(MinuteBudgets::new(per_minute)),
        )),
    }
}

/// What a server would hand over to us.
async fn read(stanza: &str) -> (Element, bool) {
    let stream = format!("<stream:stream xmlns='{COMPONENT}' xmlns:stream='x'>{stanza}</stream:stream>");
    let mut reader = StanzaReader::new(BufReader::new(stream.as_bytes()));
    assert!(matches!(reader.next().await, Ok(Received::Opened(_))));
    let Ok(Received::Stanza { element, whole }) = reader.next().await else { unreachable!("{stanza}") };
    assert_eq!(reader.next().await, Ok(Received::Closed), "{stanza}");
    (element, whole)
}

async fn answer_of(component: &Component, stanza: &str) -> Option<String> {
    let (stanza, whole) = read(stanza).await;
    answer(component, &stanza, whole, NOW).await.map(|answer| answer.to_string())
}

const HEAD: &str = "from='alice@localhost/a' to='upload.localhost' id='1'";

async fn asked(payload: &str) -> String {
    answer_of(&component(100), &format!("<iq type='get' {HEAD}>{payload}</iq>")).await.unwrap()
}

#[tokio::test]
async fn the_service_tells_what_it_takes() {
    let info = asked("<query xmlns='http://jabber.org/protocol/disco#info'/>").await;
    assert!(
        info.starts_with("<iq type='result' id='1' from='upload.localhost' to='alice@localhost/a'>"),
        "{info}"
    );
    for part in [
        "<identity category='store' type='file' name='HTTP File Upload'>",
        "<feature var='urn:xmpp:http:upload:0'>",
        "<feature var='urn:xmpp:http:upload'>",
        "<feature var='urn:xmpp:http:upload:purpose:0#ephemeral'>",
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:http:upload:0</value></field><field var='max-file-size'><value>1000</value></field></x>",
        "<value>urn:xmpp:http:upload</value>",
    ] {
        assert!(info.contains(part), "{part} in {info}");
    }
    let items = asked("<query xmlns='http://jabber.org/protocol/disco#items'/>").await;
    assert!(items.contains("<query xmlns='http://jabber.org/protocol/disco#items'></query>"), "{items}");
    for node in ["info", "items"] {
        let refused =
            asked(&format!("<query xmlns='http://jabber.org/protocol/disco#{node}' node='x'/>")).await;
        assert!(refused.contains("<service-unavailable "), "{refused}");
    }
}

#[tokio::test]
async fn what_every_service_is_asked_for() {
    for (asked_for, told) in [
        ("<ping xmlns='urn:xmpp:ping'/>", "<ping xmlns='urn:xmpp:ping'></ping>"),
        ("<query xmlns='jabber:iq:version'/>", "<name>ejabberd-sidecar</name>"),
        ("<query xmlns='jabber:iq:last'/>", " seconds='"),
        ("<time xmlns='urn:xmpp:time'/>", "<utc>2027-01-15T08:00:00Z</utc>"),
        ("<vCard xmlns='vcard-temp'/>", "<FN>HTTP File Upload</FN>"),
        ("<x:ping xmlns:x='urn:xmpp:ping'/>", "<ping xmlns='urn:xmpp:ping'></ping>"),
        ("<query xmlns='urn:unknown'/>", "<service-unavailable "),
        ("<ping/>", "<service-unavailable "),
        ("<a:ping/>", "<service-unavailable "),
    ] {
        let answer = asked(asked_for).await;
        assert!(answer.contains(told), "{asked_for}: {answer}");
    }
}

#[tokio::test]
async fn a_slot_has_its_token_in_a_header() {
    for content_type in ["", "content-type='image/png'", "content-type=''"] {
        let request = format!(
            "<request xmlns='urn:xmpp:http:upload:0' filename='très cool.png' size='10' {content_type}/>"
        );
        let slot = asked(&request).await;
        assert!(
            slot.contains(
                "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://u.example/upload/localhost/"
            ),
            "{slot}"
        );
        assert!(slot.contains("<header name='Authorization'>Bearer "), "{slot}");
        assert!(slot.contains("/tr%C3%A8s%20cool.png'></get></slot></iq>"), "{slot}");
        assert_eq!(slot.contains("type=image%2Fpng"), content_type.len() > 15, "{slot}");
    }
}

#[tokio::test]
async fn the_older_protocol_has_it_in_the_path() {
    let request =
        "<request xmlns='urn:xmpp:http:upload'><filename>a.txt</filename><size> 10 </size></request>";
    let slot = asked(request).await;
    assert!(slot.contains("<put>https://u.example/upload/t/"), "{slot}");
    assert!(slot.contains("/a.txt</put><get>https://u.example/upload/localhost/"), "{slot}");
    let refused = asked(&request.replace("10", "1001")).await;
    let told =
        "<file-too-large xmlns='urn:xmpp:http:upload'><max-file-size>1000</max-file-size></file-too-large>";
    assert!(refused.contains(told), "{refused}");
}

#[tokio::test]
async fn a_refusal_says_why() {
    let request =
        |attributes: &str| format!("<request xmlns='urn:xmpp:http:upload:0' filename='a.txt' {attributes}/>");
    for (attributes, kind, condition, more) in [
        (
            "size='1001'",
            "modify",
            "not-acceptable",
            "files of up to 1000 B are taken</text><file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>1000</max-file-size></file-too-large>",
        ),
        ("size='99999999999999999999999999'", "modify", "not-acceptable", "<max-file-size>1000<"),
        ("", "modify", "bad-request", "how large"),
        ("size=''", "modify", "bad-request", "how large"),
        ("size='-1'", "modify", "bad-request", "not a number"),
        ("size='+1'", "modify", "bad-request", "not a number"),
        ("size='1.5'", "modify", "bad-request", "not a number"),
        ("size='ten'", "modify", "bad-request", "not a number"),
        ("size='1' content-type='nonsense'", "modify", "bad-request", "content-type"),
    ] {
        let refused = asked(&request(attributes)).await;
        let error = format!(
            "<error type='{kind}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'></{condition}><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>"
        );
        assert!(refused.contains(&error), "{attributes}: {refused}");
        assert!(refused.contains(more), "{attributes}: {refused}");
    }
    let nameless = asked("<request xmlns='urn:xmpp:http:upload:0' filename='' size='1'/>").await;
    assert!(nameless.contains("<bad-request ") && nameless.contains("names no file"), "{nameless}");
}

#[tokio::test]
async fn strangers_get_nothing() {
    for stranger in ["mallory@elsewhere.example/x", "elsewhere.example", "localhost", "alice@sub.localhost"] {
        let iq = format!(
            "<iq type='get' from='{stranger}' to='upload.localhost' id='1'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/></iq>"
        );
        let refused = answer_of(&component(9), &iq).await.unwrap();
        assert!(refused.contains("<error type='auth'><forbidden "), "{refused}");
        let info = iq.replace(
            "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>",
            "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        );
        let info = answer_of(&component(9), &info).await.unwrap();
        assert_eq!(info.contains("max-file-size"), stranger == "localhost", "{info}");
    }
}

#[tokio::test]
async fn nobody_is_taken_for_another_user() {
    for other in
        ["ALICE@localhost/x", "alice@LOCALHOST/x", "\u{ff41}lice@localhost", "ali\u{ad}ce@localhost/x"]
    {
        let iq = format!(
            "<iq type='get' from='{other}' to='upload.localhost' id='1'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/></iq>"
        );
        assert_eq!(Jid::new(other).unwrap().to_bare().as_str(), "alice@localhost", "another spelling");
        let refused = answer_of(&component(9), &iq).await.unwrap();
        assert!(refused.contains("<forbidden ") && !refused.contains("<slot"), "{other}: {refused}");
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let component = component(2);
    let request = "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>";
    let mut answers = Vec::new();
    for at in 0..4 {
        let iq = format!("<iq type='get' from='alice@localhost/{at}' id='{at}'>{request}</iq>");
        answers.push(answer_of(&component, &iq).await.unwrap());
    }
    assert!(answers[..2].iter().all(|answer| answer.contains("<slot ")), "{answers:?}");
    for refused in &answers[2..] {
        assert!(refused.contains("<error type='wait'><resource-constraint "), "{refused}");
        assert!(refused.contains("<retry xmlns='urn:xmpp:http:upload:0' stamp='2027-01-15T08:01:00Z'>"));
    }
    let bob = format!("<iq type='get' from='bob@localhost/x' id='1'>{request}</iq>");
    assert!(answer_of(&component, &bob).await.unwrap().contains("<slot "), "others are served");
}

#[tokio::test]
async fn who_is_taken_for_another_user_takes_nothing_of_what_he_may_ask_for() {
    let component = component(1);
    let iq = "<iq type='get' from='ALICE@localhost' id='1'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/></iq>";
    for _ in 0..3 {
        assert!(answer_of(&component, iq).await.unwrap().contains("<forbidden "));
    }
    let slot = answer_of(&component, &iq.replace("ALICE", "alice")).await.unwrap();
    assert!(slot.contains("<slot "), "{slot}");
}

#[tokio::test]
async fn what_cannot_be_understood_is_one_of_what_its_user_may_ask_for() {
    let component = component(2);
    let huge = format!("<iq type='get' {HEAD}>{}</iq>", "x".repeat(300_000));
    for condition in ["bad-request", "bad-request", "resource-constraint"] {
        let answer = answer_of(&component, &huge).await.unwrap();
        assert!(answer.contains(&format!("<{condition} ")), "{answer}");
    }
}

#[tokio::test]
async fn ten_thousand_requests_of_one_user_harm_nobody_else() {
    let component = component(60);
    let request = "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>";
    let (mallory, whole) =
        read(&format!("<iq type='get' from='mallory@localhost/x' id='1'>{request}</iq>")).await;
    let mut slots = 0;
    for _ in 0..10_000 {
        let answer = answer(&component, &mallory, whole, NOW).await.unwrap().to_string();
        slots += usize::from(answer.contains("<slot "));
    }
    assert_eq!(slots, 60);
    for user in 0..200 {
        let iq = format!("<iq type='get' from='u{user}@localhost/x' id='1'>{request}</iq>");
        assert!(answer_of(&component, &iq).await.unwrap().contains("<slot "), "{user}");
    }
}

#[tokio::test]
async fn what_is_no_request_gets_no_slot() {
    let component = component(9);
    for silent in [
        format!("<message {HEAD}><body>hello</body></message>"),
        format!("<presence {HEAD}><priority>999</priority></presence>"),
        format!("<iq type='result' {HEAD}/>"),
        format!("<iq type='error' {HEAD}><error/></iq>"),
        "<iq type='get' id='1'/>".to_owned(),
        "<iq type='get' from='@' id='1'/>".to_owned(),
        "<iq xmlns='jabber:client' type='get' from='alice@localhost' id='1'/>".to_owned(),
    ] {
        assert_eq!(answer_of(&component, &silent).await, None, "{silent}");
    }
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    for (wrong, condition) in [
        (format!("<iq type='get' {HEAD}/>"), "bad-request"),
        (format!("<iq type='get' {HEAD}>text</iq>"), "bad-request"),
        (format!("<iq {HEAD}>{ping}</iq>"), "bad-request"),
        (format!("<iq type='what' {HEAD}>{ping}</iq>"), "bad-request"),
        (format!("<iq type='get' {HEAD}>{ping}{ping}</iq>"), "bad-request"),
        (format!("<iq type='get' from='alice@localhost'>{ping}</iq>"), "bad-request"),
        (format!("<iq type='set' {HEAD}>{ping}</iq>"), "service-unavailable"),
        (
            format!("<iq type='get' from='alice@localhost' to='bob@upload.localhost' id='1'>{ping}</iq>"),
            "item-not-found",
        ),
    ] {
        let answer = answer_of(&component, &wrong).await.unwrap();
        assert!(answer.contains(&format!("<{condition} ")), "{wrong}: {answer}");
    }
}

#[tokio::test]
async fn whatever_a_client_puts_into_a_stanza_is_read_over() {
    let component = component(9);
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let attributes = (0..20_000).map(|at| format!(" a{at}=''")).collect::<Vec<_>>().concat();
    let declared = (0..20_000).map(|at| format!(" xmlns:a{at}='u'")).collect::<Vec<_>>().concat();
    for huge in [
        deep,
        "<a/>".repeat(50_000),
        "x".repeat(1_000_000),
        "&amp;".repeat(100_000),
        format!("<a{attributes}/>"),
        format!("<a{declared}/>"),
        format!("<a b='{}'/>", "y".repeat(200_000)),
    ] {
        let answer = answer_of(&component, &format!("<iq type='get' {HEAD}>{huge}</iq>")).await.unwrap();
        assert!(answer.contains("<bad-request "), "{answer}");
    }
    for odd in [
        "&unknown;",
        "<a:b:c x:y='1'/>",
        "<a x='&unknown;'/>",
        "<![CDATA[<]]>",
        "<!-- -->",
        "<a b='1' b='2'/>",
    ] {
        let answer = answer_of(&component, &format!("<iq type='get' {HEAD}>{odd}</iq>")).await.unwrap();
        assert!(answer.contains("<error "), "{odd}: {answer}");
    }
}

#[tokio::test]
async fn names_of_any_kind_get_slots_that_are_safe() {
    for (name, ends) in [
        ("x".repeat(10_000), "xxx"),
        ("../../etc/passwd".to_owned(), "/_.._etc_passwd"),
        ("a&#10;b.txt".to_owned(), "/a_b.txt"),
        ("photo\u{202e}gpj.exe".to_owned(), "/photo_gpj.exe"),
        ("مرحبا.png".to_owned(), ".png"),
        ("..".to_owned(), "/file"),
    ] {
        let slot =
            asked(&format!("<request xmlns='urn:xmpp:http:upload:0' filename='{name}' size='1'/>")).await;
        assert!(slot.contains(&format!("{ends}'></get>")), "{name}: {slot}");
        assert!(slot.len() < 2000, "{slot}");
    }
}

#[tokio::test]
async fn who_has_no_room_hears_how_much_is_left() {
    let quotas = Quotas { per_user: Some(500), per_host: Some(800) };
    let component = component_with(100, UploadRules { max_size: 1000, quotas, ..UploadRules::default() });
    let request = |size: u64| {
        format!(
            "<iq type='get' {HEAD}><request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='{size}'/></iq>"
        )
    };
    let first = answer_of(&component, &request(400)).await.unwrap();
    assert!(first.contains("<slot"), "{first}");
    for (size, text) in [
        (101, "there is no room for this file: 100 B left of your 500 B"),
        (801, "the space for uploads to this server is used up"),
    ] {
        let refused = answer_of(&component, &request(size)).await.unwrap();
        let error = "<error type='wait'><resource-constraint ";
        assert!(refused.contains(error) && refused.contains(text), "{refused}");
        // When there will be room, nobody knows.
        assert!(!refused.contains("<retry"), "{refused}");
    }
    assert!(answer_of(&component, &request(100)).await.unwrap().contains("<slot"));
}

#[tokio::test]
async fn purposes_that_a_vhost_does_not_take_are_neither_offered_nor_granted() {
    let retention = Retention {
        general: Some(Duration::from_hours(24)),
        by_purpose: [(Purpose::Permanent, None)].into(),
    };
    let component = component_with(100, UploadRules { max_size: 1000, retention, ..UploadRules::default() });
    let request = |purpose: &str| {
        format!(
            "<iq type='get' {HEAD}><request xmlns='urn:xmpp:http:upload:0' filename='a.txt' size='4'><{purpose} xmlns='urn:xmpp:http:upload:purpose:0'/></request></iq>"
        )
    };
    let refused = answer_of(&component, &request("profile")).await.unwrap();
    assert!(
        refused.contains("not-acceptable") && refused.contains("files for the purpose profile"),
        "{refused}"
    );
    let message = answer_of(&component, &request("message")).await.unwrap();
    assert!(message.contains("<slot") && !message.contains("keep="), "its vhost says: {message}");
    let permanent = answer_of(&component, &request("permanent")).await.unwrap();
    assert!(permanent.contains("keep=253402300799"), "{permanent}");
    let info = format!("<iq type='get' {HEAD}><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    let info = answer_of(&component, &info).await.unwrap();
    assert!(info.contains("purpose:0#permanent") && !info.contains("purpose:0#profile"), "{info}");
}
