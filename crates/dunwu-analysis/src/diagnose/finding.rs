//! What a diagnosis says.

/// A value of a key, to four digits.
pub(crate) fn key_words(value: f64) -> String {
    crate::forecast::short(value)
        .parse::<f64>()
        .map_or_else(|_| value.to_string(), |x| x.to_string())
}

/// A probability in words: in percent, none or all only of what is certain.
pub(crate) fn sure_words(p: f64) -> String {
    match p {
        p if p <= 0.0 => "0 %".to_owned(),
        p if p < 0.001 => "less than 0.1 %".to_owned(),
        p if p >= 1.0 => "100 %".to_owned(),
        p if p > 0.999 => "more than 99.9 %".to_owned(),
        p => format!("{:.1} %", 100.0 * p),
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something costs quality or time.
    Warning,
    /// The run, or its measure, is of no use as it is.
    Failure,
}

impl Severity {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// A number that speaks for a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    /// The series it was read off, or what it is.
    pub series: String,
    /// Where; None if it is of the whole run.
    pub step: Option<f64>,
    /// The number.
    pub value: f64,
    /// What it says.
    pub says: String,
}

/// What would confirm or refute a finding, and cost least.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// In words.
    pub words: String,
    /// Keys of the plan to change, for a run of this program; what they are set to.
    pub change: Vec<(String, String)>,
}

/// Something that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name in the table.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub statement: String,
    /// That the statement is right; [`crate::diagnose::probability`] says how it is found.
    pub probability: f64,
    /// What the probability was read off, in words.
    pub by: String,
    /// What speaks for it.
    pub evidence: Vec<Sign>,
    /// What would confirm it.
    pub experiment: Experiment,
    /// Series that show it.
    pub shown: Vec<String>,
    /// From which step on it holds.
    pub since: Option<f64>,
}

impl Finding {
    pub(crate) fn new(name: &'static str, severity: Severity, statement: String) -> Self {
        Self {
            name,
            severity,
            statement,
            probability: 1.0,
            by: "a fact".to_owned(),
            evidence: vec![],
            experiment: Experiment {
                words: String::new(),
                change: vec![],
            },
            shown: vec![],
            since: None,
        }
    }

    pub(crate) fn sure(mut self, probability: f64, by: impl Into<String>) -> Self {
        (self.probability, self.by) = (probability, by.into());
        self
    }

    pub(crate) fn sign(
        mut self,
        series: &str,
        step: Option<f64>,
        value: f64,
        says: impl Into<String>,
    ) -> Self {
        self.evidence.push(Sign {
            series: series.to_owned(),
            step,
            value,
            says: says.into(),
        });
        self
    }

    pub(crate) fn try_it(mut self, words: impl Into<String>, change: &[(&str, String)]) -> Self {
        self.experiment = Experiment {
            words: words.into(),
            change: change
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect(),
        };
        self
    }

    pub(crate) fn showing(mut self, series: &[&str], since: Option<f64>) -> Self {
        self.shown = series.iter().map(|s| (*s).to_owned()).collect();
        self.since = since;
        self
    }
}

/// What became of one check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It was found.
    Found(Box<Finding>),
    /// It was looked for and not found: what was looked at.
    Clear(String),
    /// It cannot be looked for: what is missing.
    Blind(String),
}

impl Outcome {
    /// A finding if it is told, else that it was looked for.
    pub(crate) fn told(finding: Finding, looked: impl Into<String>) -> Self {
        if finding.probability >= super::belief::SAID {
            Self::Found(Box::new(finding))
        } else {
            Self::Clear(looked.into())
        }
    }

    pub(crate) fn blind(missing: impl Into<String>) -> Self {
        Self::Blind(missing.into())
    }

    pub(crate) fn clear(looked: impl Into<String>) -> Self {
        Self::Clear(looked.into())
    }
}
