//! Where pictures are drawn, and how they begin.

use crate::figure::Figure;
use crate::scale::{Scale, Spread};
use crate::svg::{Svg, px};
use crate::theme;

/// Where a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// In the page, on a wide screen or paper.
    Wide,
    /// In the page, on a phone.
    Narrow,
    /// In a file of its own.
    File,
}

impl Medium {
    pub(crate) fn width(self) -> f64 {
        if self == Medium::Narrow { 360.0 } else { 900.0 }
    }

    pub(crate) fn left(self) -> f64 {
        if self == Medium::Narrow { 46.0 } else { 58.0 }
    }

    pub(crate) fn right(self) -> f64 {
        self.width() - if self == Medium::Narrow { 62.0 } else { 84.0 }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Medium::Wide => "pic wide",
            Medium::Narrow => "pic narrow",
            Medium::File => "pic",
        }
    }

    /// What tells the ids of its pictures from those of the other media.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Medium::Wide => "-wide",
            Medium::Narrow => "-narrow",
            Medium::File => "-",
        }
    }

    /// Height of a chart's plot.
    pub(crate) fn plot_height(self, figure: &Figure) -> f64 {
        let tall = match figure.name.as_str() {
            "accuracy" => 2.3,
            "loss" => 1.5,
            _ => 1.0,
        };
        tall * if self == Medium::Narrow { 86.0 } else { 104.0 }
    }

    /// The scale of epochs, the same in all charts.
    pub(crate) fn epochs(self, last: u64) -> Scale {
        Scale {
            spread: Spread::Epoch,
            domain: (0.0, last.max(1) as f64),
            range: (self.left(), self.right()),
        }
    }
}

/// Opens a picture with its title, description and, in a file, its rules and ground.
pub(crate) fn start(
    svg: &mut Svg,
    medium: Medium,
    height: f64,
    id: &str,
    title: &str,
    description: &str,
    last: Option<u64>,
) {
    let view = format!("0 0 {} {}", px(medium.width()), px(height));
    let (title_id, desc_id) = (format!("{id}-t"), format!("{id}-d"));
    let labels = format!("{title_id} {desc_id}");
    let (left, right) = (px(medium.left()), px(medium.right()));
    let epochs = last.map(|l| l.to_string());
    let mut attributes = vec![
        ("class", medium.class()),
        ("viewBox", &view),
        ("role", "img"),
        ("aria-labelledby", &labels),
    ];
    let (width, tall) = (px(medium.width()), px(height));
    if medium == Medium::File {
        attributes.extend([
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", &width),
            ("height", &tall),
        ]);
    } else if let Some(epochs) = &epochs {
        attributes.extend([
            ("data-left", left.as_str()),
            ("data-right", &right),
            ("data-last", epochs),
        ]);
    }
    svg.open("svg", &attributes);
    svg.element("title", &[("id", &title_id)], title);
    svg.element("desc", &[("id", &desc_id)], description);
    if medium == Medium::File {
        svg.open("style", &[]);
        svg.raw(&theme::standalone());
        svg.close("style");
        svg.rect((0.0, 0.0), (medium.width(), height), "paper");
    }
}
