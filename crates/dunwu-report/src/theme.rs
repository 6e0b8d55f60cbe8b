//! Colours, chosen to be told apart by colour-blind readers and to contrast with the ground.

/// A colour by name, in light and dark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colour {
    pub(crate) name: &'static str,
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

const fn colour(name: &'static str, light: &'static str, dark: &'static str) -> Colour {
    Colour { name, light, dark }
}

/// Every colour, sorted by name. Lines are the palette of Okabe and Ito (2008), deepened or lightened to contrast,
/// and three more. The ramp goes from yellow to blue on light ground and from blue to yellow on dark: lightness changes
/// with every step, so that it reads without colour, and more stands farther from the ground.
pub(crate) const ALL: &[Colour] = &[
    colour("accent", "#005a9c", "#7cc4f5"),
    colour("card", "#ffffff", "#1d2229"),
    colour("done", "#d6efe4", "#123a2f"),
    colour("ground", "#f6f7f9", "#14181d"),
    colour("heat", "#003f7d", "#8fd3ff"),
    colour("independent", "#d9e8f7", "#16324d"),
    colour("ink", "#1a1f26", "#eef1f4"),
    colour("interactive", "#fbe9c6", "#47360f"),
    colour("lazy", "#e6e6ea", "#33373e"),
    colour("line0", "#0067a8", "#6cb8f0"),
    colour("line1", "#c04a00", "#f2a33c"),
    colour("line2", "#007a5a", "#3fcf9f"),
    colour("line3", "#9c3f78", "#e59ac8"),
    colour("line4", "#6b6400", "#e8dc5a"),
    colour("line5", "#5b4bb0", "#b3a6ff"),
    colour("line6", "#8a4b2a", "#d9a583"),
    colour("line7", "#b0245a", "#ff8fb0"),
    colour("muted", "#545d68", "#a9b4c0"),
    colour("other", "#f3dada", "#4a2326"),
    colour("ramp0", "#fbf2b8", "#1f3361"),
    colour("ramp1", "#d2eaad", "#0b4979"),
    colour("ramp2", "#a7dcad", "#006085"),
    colour("ramp3", "#7dc8ac", "#007686"),
    colour("ramp4", "#52b1a9", "#279c94"),
    colour("ramp5", "#007f8f", "#62b595"),
    colour("ramp6", "#006a91", "#97ca97"),
    colour("ramp7", "#004a86", "#c9df99"),
    colour("ramp8", "#11296c", "#fef1a1"),
    colour("rule", "#d5dae0", "#39414b"),
    colour("turn", "#1a1f26", "#1d2229"),
    colour("warn", "#a02020", "#ff9a8f"),
];

/// Number of line colours; later lines repeat them, dashed.
pub(crate) const LINES: usize = 5;

/// Number of colours of groups: the line colours and three more.
pub(crate) const GROUPS: usize = 8;

/// Number of steps of the ramp.
pub(crate) const STEPS: usize = 9;

/// Declarations of all colours as custom properties.
pub(crate) fn variables(dark: bool) -> String {
    ALL.iter()
        .map(|c| format!("--{}:{};", c.name, if dark { c.dark } else { c.light }))
        .collect()
}

/// Rules of the pictures, with `var(--name)` for colours; the page and standalone files share them.
pub(crate) const PICTURE: &str = include_str!("picture.css");

/// The rules with light colours written out, for files opened outside the page.
pub(crate) fn standalone() -> String {
    ALL.iter().fold(PICTURE.to_owned(), |css, c| {
        css.replace(&format!("var(--{})", c.name), c.light)
    })
}

/// The class that gives a band its tint.
pub(crate) fn band(stage: &str) -> &'static str {
    match stage {
        "lazy" => "lazy",
        "independent" => "independent",
        "interactive" => "interactive",
        "done" | "generalised" => "done",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, dark: bool) -> [f64; 3] {
        let c = ALL.iter().find(|c| c.name == name).unwrap();
        let hex = if dark { c.dark } else { c.light };
        [1, 3, 5].map(|i| f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0)
    }

    /// Contrast ratio of WCAG 2.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let linear = |c: f64| {
            if c <= 0.03928 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        let luminance =
            |c: [f64; 3]| 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_contrasts_with_every_ground() {
        let bands = [
            "card",
            "ground",
            "lazy",
            "independent",
            "interactive",
            "done",
            "other",
        ];
        for dark in [false, true] {
            for ground in bands {
                for text in [
                    "ink", "muted", "line0", "line1", "line2", "line3", "line4", "line5", "line6",
                    "line7", "accent", "warn",
                ] {
                    let ratio = contrast(value(text, dark), value(ground, dark));
                    let least = if text == "ink" { 7.0 } else { 4.5 };
                    let drawn_there =
                        !text.starts_with("line") || ["card", "ground"].contains(&ground);
                    let least = if drawn_there { least } else { 3.0 };
                    assert!(
                        ratio >= least,
                        "{text} on {ground}, dark {dark}: {ratio:.2}"
                    );
                }
            }
        }
    }

    #[test]
    fn text_contrasts_with_every_step_of_the_ramp_and_steps_with_each_other() {
        for dark in [false, true] {
            let mut last = contrast(value("card", dark), value("card", dark));
            for step in 0..STEPS {
                let ground = value(&format!("ramp{step}"), dark);
                let text = ["ink", "turn", "card"][usize::from(step >= 4) + usize::from(step > 4)];
                let ratio = contrast(value(text, dark), ground);
                assert!(ratio >= 4.5, "step {step}, dark {dark}: {ratio:.2}");
                let from_card = contrast(value("card", dark), ground);
                assert!(from_card > 1.1 * last, "step {step}, dark {dark}");
                last = from_card;
            }
        }
    }

    #[test]
    fn standalone_rules_hold_no_variables() {
        assert!(!standalone().contains("var("));
        assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
    }
}
