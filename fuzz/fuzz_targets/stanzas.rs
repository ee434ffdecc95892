//! A server's stream to the component, with what clients put into it: behind the first line, which says how many bytes come at once and how often the
//! rest is repeated.
#![no_main]

use ejabberd_sidecar::component::stanzas_in;
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = b"<?xml version='1.0'?><s:stream xmlns='jabber:component:accept' xmlns:s='http://etherx.jabber.org/streams' id='1'>";
/// As it is written, a byte may need six; and what stands around.
const LONGEST: usize = 64 * 1024 * 6 + 1024 * 1024;

fuzz_target!(|input: &[u8]| {
    let (at_once, times, text) = match input {
        [at_once, times, text @ ..] => (usize::from(*at_once) + 1, usize::from(*times) + 1, text),
        _ => return,
    };
    // Some streams are long.
    let stream = [HEAD, &text.repeat(times)].concat();
    let stanzas = stanzas_in(&stream, at_once);
    assert_eq!(stanzas, stanzas_in(&stream, 64 * 1024), "however the stream comes");
    for (stanza, _) in &stanzas {
        assert!(stanza.len() <= LONGEST, "{}", stanza.len());
    }
    // What is whole is read again as it was written.
    let whole: Vec<_> =
        stanzas.into_iter().filter(|(stanza, whole)| *whole && has_one_meaning(stanza)).collect();
    let again: Vec<_> = whole.iter().flat_map(|(stanza, _)| stanza.bytes()).collect();
    assert_eq!(stanzas_in(&[HEAD, &again].concat(), at_once), whole);
});

/// Names of the stranger's own, such as `a:b:c`, are written as they are and may mean something else then. What is long may be too long with its escapes.
fn has_one_meaning(stanza: &str) -> bool {
    stanza.len() < 16 * 1024
        && stanza.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" <>='/.-;&#".contains(&byte))
        && !stanza.contains("xmlns=''")
}
