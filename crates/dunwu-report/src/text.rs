//! Numbers and bytes as text.

/// A number to `digits` significant digits, trailing zeros dropped, as tables and readouts show it.
pub(crate) fn number(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    if x == 0.0 {
        return "0".into();
    }
    let (_, exponent) = parts(x, digits);
    if !(-4..6).contains(&exponent) {
        return scientific(x, digits);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{x:.decimals$}"))
}

/// A finite number as mantissa and power of ten.
pub(crate) fn scientific(x: f64, digits: usize) -> String {
    let (mantissa, exponent) = parts(x, digits);
    match trimmed(&mantissa).as_str() {
        "1" => format!("10{}", superscript(exponent)),
        m => format!("{m}×10{}", superscript(exponent)),
    }
}

/// Mantissa and exponent of a finite number to `digits` significant digits.
fn parts(x: f64, digits: usize) -> (String, i32) {
    let text = format!("{:.*e}", digits - 1, x);
    let (mantissa, exponent) = text.split_once('e').expect("the e format has an exponent");
    (
        mantissa.to_owned(),
        exponent.parse().expect("the exponent is a whole number"),
    )
}

/// Whether an epoch is a pass over the training rows: its updates are not counted.
pub(crate) fn is_pass(updates: &u64) -> bool {
    *updates == 0
}

/// The name of an axis of epochs; where they are no passes over the training rows, of so many updates each.
pub(crate) fn epoch_axis(updates: u64) -> String {
    match updates {
        0 => "epoch (log scale)".to_owned(),
        n => format!("epoch ({}), log scale", counted(n, "update")),
    }
}

/// A number of epochs, and of how many updates where they are no passes.
pub(crate) fn epochs(count: u64, updates: u64) -> String {
    match updates {
        0 => counted(count, "epoch"),
        n => format!("{} of {}", counted(count, "epoch"), counted(n, "update")),
    }
}

/// A share in percent.
pub(crate) fn percent(x: f64) -> String {
    if x.is_finite() {
        format!("{} %", trimmed(&format!("{:.1}", x * 100.0)))
    } else {
        "–".into()
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text.into()
    }
}

fn superscript(n: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |d| DIGITS[d as usize]);
    n.to_string().chars().map(digit).collect()
}

/// A whole number with a comma at each thousand.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number of things: 1 seed, 5 seeds.
pub(crate) fn counted(n: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// An epoch as an axis shows it: 20, 5k, 1.5M.
pub(crate) fn short_epoch(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{}k", trimmed(&format!("{:.1}", n as f64 / 1e3))),
        _ => format!("{}M", trimmed(&format!("{:.1}", n as f64 / 1e6))),
    }
}

/// A wall-clock time in the unit that suits it.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s > 0.0 && s < 0.1 => "under 0.1 s".into(),
        s if s < 120.0 => format!("{} s", number(s, 3)),
        s if s < 7200.0 => format!("{} min", number(s / 60.0, 3)),
        s => format!("{} h", number(s / 3600.0, 3)),
    }
}

/// Escapes text for the content and the quoted attributes of SVG.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no control characters but these three.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Base 64 with the standard alphabet and padding (RFC 4648).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let sextet = (word >> (18 - 6 * i)) as usize & 63;
            out.push(if i <= chunk.len() {
                ALPHABET[sextet] as char
            } else {
                '='
            });
        }
    }
    out
}

/// Width of a glyph against its size, from above: bold digits of wide system fonts.
const GLYPH: f64 = 0.6;

/// Width of a text in the page's sans-serif font, estimated from above.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    // A combining mark takes no room of its own.
    let visible = text
        .chars()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .count();
    visible as f64 * size * GLYPH
}

/// A text that fits into `room`, with an ellipsis where it was cut.
pub(crate) fn cut(text: &str, room: f64) -> String {
    if text_width(text, 12.0) <= room {
        return text.to_owned();
    }
    let keep = ((room / (12.0 * GLYPH)) as usize).saturating_sub(1);
    text.chars().take(keep).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (x, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.123456, "0.1235"),
            (1234.56, "1235"),
            (123456.0, "123456"),
            (-0.5, "-0.5"),
            (99.996, "100"),
            (2.5e-7, "2.5×10⁻⁷"),
            (1e-10, "10⁻¹⁰"),
            (1e12, "10¹²"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(number(x, 4), expected);
        }
        assert_eq!(percent(0.99), "99 %");
        assert_eq!(percent(0.0141), "1.4 %");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(
            (grouped(0), grouped(999), grouped(1000)),
            ("0".into(), "999".into(), "1,000".into())
        );
        assert_eq!(
            [counted(1, "seed"), counted(2000, "seed")],
            ["1 seed", "2,000 seeds"]
        );
        assert_eq!(short_epoch(1_500_000), "1.5M");
        assert_eq!(
            [0.00714, 0.339, 75.4, 150.0, 9000.0].map(duration),
            ["under 0.1 s", "0.339 s", "75.4 s", "2.5 min", "2.5 h"]
        );
    }

    #[test]
    fn base64_matches_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(
            escape("a<b&\"c\">\u{1}"),
            "a&lt;b&amp;&quot;c&quot;&gt;\u{fffd}"
        );
    }
}
