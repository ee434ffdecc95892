//! `{packet, 2}`: a big-endian 16-bit length, then as many bytes.

use std::io::{self, Read, Write};

/// The answer to a request, as ejabberd's `extauth.erl` reads it.
const ANSWERS: [[u8; 4]; 2] = [[0, 2, 0, 0], [0, 2, 0, 1]];

/// Reads the next frame's payload into `payload`. `false` at the end of the stream, where a frame that was begun does not count.
pub(super) fn read(stream: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 2];
    if !filled(stream.read_exact(&mut length))? {
        return Ok(false);
    }
    payload.resize(u16::from_be_bytes(length).into(), 0);
    filled(stream.read_exact(payload))
}

/// Writes an answer in one piece.
pub(super) fn write(stream: &mut impl Write, yes: bool) -> io::Result<()> {
    stream.write_all(&ANSWERS[usize::from(yes)])?;
    stream.flush()
}

fn filled(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_frames_until_the_end() {
        let mut stream = &b"\0\x03abc\0\0\0\x01x"[..];
        let mut payload = Vec::new();
        let mut frames = Vec::new();
        while read(&mut stream, &mut payload).unwrap() {
            frames.push(payload.clone());
        }
        assert_eq!(frames, [&b"abc"[..], b"", b"x"]);
    }

    #[test]
    fn a_frame_that_is_cut_off_is_the_end() {
        for cut in [&b"\0"[..], b"\0\x03", b"\0\x03ab"] {
            assert!(!read(&mut &*cut, &mut Vec::new()).unwrap(), "{cut:?}");
        }
    }

    #[test]
    fn answers_are_those_of_extauth() {
        let mut out = Vec::new();
        write(&mut out, true).unwrap();
        write(&mut out, false).unwrap();
        assert_eq!(out, [0, 2, 0, 1, 0, 2, 0, 0]);
    }
}
