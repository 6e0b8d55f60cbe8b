//! Words of a command that a person can copy.

/// A word as a shell must be given it: quoted where it holds a space or a sign that means something.
///
/// ```
/// use dunwu_core::shell_word;
/// assert_eq!(shell_word("runs/Z71-1"), "runs/Z71-1");
/// assert_eq!(shell_word("my runs/it's"), r"'my runs/it'\''s'");
/// assert_eq!(shell_word(""), "''");
/// ```
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=_.,:/-+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
