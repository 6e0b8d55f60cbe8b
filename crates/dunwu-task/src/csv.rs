//! Comma-separated values: quoted fields, comments with `#`, empty lines left out.

/// A line's number, from 1, and its fields.
pub(crate) type Line = (usize, Vec<String>);

/// The fields of each line, with the line's number from 1; fields are trimmed unless quoted.
///
/// # Errors
/// The number of a line with a quote that is not closed or is followed by text.
pub(crate) fn read(text: &str) -> Result<Vec<Line>, (usize, &'static str)> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| Ok((number, fields(line).map_err(|why| (number, why))?)))
        .collect()
}

fn fields(line: &str) -> Result<Vec<String>, &'static str> {
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let (field, left) = match rest.trim_start().strip_prefix('"') {
            Some(inner) => quoted(inner)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        out.push(field);
        match left.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(out),
        }
    }
}

/// The field up to its closing quote, two quotes standing for one, and what follows.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or("a quote is not closed")?;
        field += &rest[..end];
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => break,
        }
    }
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with(',') {
        Ok((field, rest))
    } else {
        Err("text follows a closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_parted_and_numbered() {
        let text = "a, b ,\n# note\n\n\"x,\"\"y\"\"\" , z\r\n";
        let expected = [(1, vec!["a", "b", ""]), (4, vec!["x,\"y\"", "z"])];
        let expected = expected.map(|(n, w)| (n, w.into_iter().map(str::to_owned).collect()));
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("a\n\"b").unwrap_err().0, 2);
        assert_eq!(read("\"b\"c").unwrap_err().0, 1);
    }
}
