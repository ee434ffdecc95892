//! The words of a command line, as far as they are the same to every shell.

/// `None` where a shell would do more than to take words apart.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        quoted => word.push(quoted),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '$' | '`' => return None,
                        '\\' => word.push(chars.next()?),
                        quoted => word.push(quoted),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '$' | '`' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '~' | '#' | '\n' => {
                return None;
            }
            char if char.is_whitespace() => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_as_a_shell_does() {
        for (line, words) in [
            ("/bin/a extauth  --hook x", vec!["/bin/a", "extauth", "--hook", "x"]),
            ("'/a b/c' \"d e\"f g\\ h ''", vec!["/a b/c", "d ef", "g h", ""]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        for more in ["a | b", "a $B", "a > b", "\"$A\"", "'a", "a\\", "a; b"] {
            assert_eq!(split(more), None, "{more}");
        }
    }
}
