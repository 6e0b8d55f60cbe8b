//! Tasks by name.

use crate::error::TaskError;
use crate::expression::Formula;
use crate::features::Features;
use crate::group::{Group, MOST};
use crate::sequence::Sequence;
use crate::{build, irreps, parse, rows, split, table};
use dunwu_core::{Dataset, LossAt, RunPlan, TrainShare};

/// Reads a file's text, or says why not. The crate itself reads no file.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A reader for tasks that name no file.
pub const NO_FILES: Read<'static> = &|_| Err("no file can be read here".to_owned());

/// Most bits of a parity.
const MOST_BITS: usize = 4096;

/// What changes a task beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Operands of a group task; formulas and parities count their own.
    pub operands: usize,
    /// Whether a Latin square that is no group will do.
    pub quasigroup: bool,
    /// Bytes of a row of a text.
    pub context: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operands: 2,
            quasigroup: false,
            context: 64,
        }
    }
}

/// The files that a plan names: what each is for, and the path as it is written in the plan. Of a `text` the bytes
/// are read, each as the character of that number; `task` and `split_file` are UTF-8.
pub fn files(plan: &RunPlan) -> Vec<(&'static str, &str)> {
    let named = |key, prefix| Some((key, plan.task.trim().strip_prefix(prefix)?));
    let split = match &plan.train {
        TrainShare::File(path) => Some(path.as_str()),
        _ => None,
    };
    let task = named("task", "table:").or(named("text", "text:"));
    let from = plan.from.as_deref().map(|path| ("from", path));
    from.into_iter()
        .chain(task)
        .chain(split.map(|path| ("split_file", path)))
        .collect()
}

/// Values of each operand and number of labels, found without building a table; None where nothing else tells,
/// where the plan's task is none, or where it is too large to be built at all.
///
/// ```
/// use dunwu_core::RunSpec;
/// let plan = RunSpec::from_overrides(["task=S3xZ4"]).unwrap().resolve().unwrap();
/// assert_eq!(dunwu_task::outline(&plan), Some((vec![24, 24], 24)));
/// ```
pub fn outline(plan: &RunPlan) -> Option<(Vec<usize>, usize)> {
    let text = plan.task.trim();
    let (operands, values) = if ["table:", "text:", "parity("]
        .iter()
        .any(|p| text.starts_with(p))
    {
        return None;
    } else if is_formula(text) {
        let formula = Formula::parse(text).ok()?;
        (formula.operands, formula.modulus)
    } else {
        (plan.operands, parse::order(text).filter(|n| *n <= MOST)?)
    };
    rows::can_be_listed(operands, values).then(|| (vec![values; operands], values))
}

/// Something to learn: tuples of tokens and the label of each.
#[derive(Clone, Debug)]
pub struct Task {
    text: String,
    rule: Rule,
    vocab: Vec<usize>,
    classes: usize,
}

#[derive(Clone, Debug)]
enum Rule {
    /// Product of all operands, from the left.
    Group(Box<Group>),
    /// The cyclic group of the modulus beside it, if it is the sum of the operands.
    Formula(Formula, Option<Box<Group>>),
    /// Sum mod 2 of this many bits, the first ones.
    Parity(usize),
    /// Texts.
    Sequence(Sequence),
}

impl Task {
    /// Reads a task; [`crate::ALL`] lists the forms.
    ///
    /// # Errors
    /// A text that no form fits, with the place; a group, table or modulus that does not exist; a
    /// table with too many rows to list.
    pub fn parse(text: &str, options: &Options, read: Read<'_>) -> Result<Task, TaskError> {
        let text = text.trim();
        let (rule, vocab, classes) = if let Some(path) = text.strip_prefix("table:") {
            let content = read(path).map_err(|why| TaskError::file("task", path, why))?;
            of_group(table::parse(path, &content, options.quasigroup)?, options)
        } else if let Some(path) = text.strip_prefix("text:") {
            let content = read(path).map_err(|why| TaskError::file("task", path, why))?;
            of_sequence(Sequence::text(path, &content, options.context)?)
        } else if let Some(sequence) = Sequence::parse(text) {
            of_sequence(sequence?)
        } else if let Some(inner) = text.strip_prefix("parity(") {
            let (n, k) = parity(text, inner)?;
            (Rule::Parity(k), vec![2; n], 2)
        } else if is_formula(text) {
            let formula = Formula::parse(text)?;
            let (n, operands) = (formula.modulus, formula.operands);
            let cyclic = (formula.is_sum() && n <= MOST).then(|| build::cyclic(text, n));
            let cyclic = cyclic.transpose()?;
            (
                Rule::Formula(formula, cyclic.map(Box::new)),
                vec![n; operands],
                n,
            )
        } else {
            of_group(parse::group(text)?, options)
        };
        if vocab.is_empty() {
            return Err(TaskError::split(
                "operands",
                "is 0; a product has at least one operand",
            ));
        }
        let task = Task {
            text: text.to_owned(),
            rule,
            vocab,
            classes,
        };
        rows::check(&task)?;
        Ok(task)
    }

    /// The task of a plan.
    ///
    /// # Errors
    /// Those of [`Task::parse`].
    pub fn from_plan(plan: &RunPlan, read: Read<'_>) -> Result<Task, TaskError> {
        let options = Options {
            operands: plan.operands,
            quasigroup: plan.quasigroup,
            context: plan.context,
        };
        Self::parse(&plan.task, &options, read)
    }

    /// The task as written.
    pub fn name(&self) -> &str {
        &self.text
    }

    /// Number of labels M.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of values of each operand.
    pub fn vocab(&self) -> &[usize] {
        &self.vocab
    }

    /// One line: what it is, its operands, classes and rows.
    pub fn describe(&self) -> String {
        let what = match &self.rule {
            Rule::Group(g) if !g.is_group() => {
                format!("product in a quasigroup of order {}", g.order())
            }
            Rule::Group(g) => {
                let kind = if g.is_abelian() {
                    "commutative"
                } else {
                    "non-commutative"
                };
                format!("product in a {kind} group of order {}", g.order())
            }
            Rule::Formula(f, _) => format!("formula mod {}", f.modulus),
            Rule::Parity(k) => format!("parity of {k} bits out of {}", self.vocab.len()),
            Rule::Sequence(s) => s.describe(),
        };
        let rows = match rows::count(self) {
            Some(1) => "1 row".to_owned(),
            Some(n) => format!("{n} rows"),
            None if self.sequence().is_some() => "rows are drawn".to_owned(),
            None => format!("2^{} rows, of which some are drawn", self.vocab.len()),
        };
        let operands = match self.vocab.len() {
            n if self.sequence().is_some() => format!("{n} tokens a row"),
            1 => "1 operand".to_owned(),
            n => format!("{n} operands"),
        };
        format!(
            "{}: {what}, {operands}, {} classes, {rows}",
            self.text, self.classes
        )
    }

    /// The group or quasigroup, for tasks that are one.
    pub fn group(&self) -> Option<&Group> {
        match &self.rule {
            Rule::Group(g) | Rule::Formula(_, Some(g)) => Some(g),
            _ => None,
        }
    }

    /// Accuracy of always giving the commonest label of the full table.
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task};
    /// let chance = |text| Task::parse(text, &Options::default(), NO_FILES).unwrap().chance();
    /// assert_eq!(chance("S3"), 1.0 / 6.0);
    /// assert_eq!(chance("x*y mod 3"), 5.0 / 9.0);
    /// ```
    pub fn chance(&self) -> f64 {
        match &self.rule {
            Rule::Group(g) => 1.0 / g.order() as f64,
            Rule::Parity(_) => 0.5,
            Rule::Sequence(s) => s.chance(),
            Rule::Formula(..) => {
                let mut counts = vec![0u32; self.classes];
                rows::each(self, |_, label| counts[label as usize] += 1);
                let rows = counts.iter().sum::<u32>().max(1);
                f64::from(counts.into_iter().max().unwrap_or(0)) / f64::from(rows)
            }
        }
    }

    /// The features that functions on a token are made of: the representations of the group; of a
    /// formula the additive characters, or the multiplicative ones of a product or quotient.
    ///
    /// # Errors
    /// A task whose tokens have no such structure or too many, with the reason.
    pub fn try_features(&self) -> Result<Features, TaskError> {
        self.check_features()?;
        match &self.rule {
            Rule::Group(g) => Features::of_group(g),
            Rule::Formula(f, _) if f.is_multiplicative() => Ok(Features::multiplicative(f.modulus)),
            _ => Ok(Features::of_cyclic(self.vocab[0])),
        }
    }

    fn check_features(&self) -> Result<(), TaskError> {
        match &self.rule {
            Rule::Group(g) => irreps::check(g),
            Rule::Formula(..) => Ok(()),
            Rule::Parity(_) => {
                let why = "has tokens of one bit, so a token's functions have no spectrum";
                Err(TaskError::value(&self.text, why))
            }
            Rule::Sequence(_) => {
                let why = "is a task of texts, whose tokens have no spectrum";
                Err(TaskError::value(&self.text, why))
            }
        }
    }

    /// The features; None where [`Task::why_no_features`] says why.
    pub fn features(&self) -> Option<Features> {
        self.try_features().ok()
    }

    /// Why there are no features; None if there are. Finds no representation, so it is quick.
    pub fn why_no_features(&self) -> Option<String> {
        self.check_features().err().map(|error| error.to_string())
    }

    /// The rows of a run, split into those trained on and those held out, with label noise.
    ///
    /// Rows are sorted by their tokens, those of one text by their place in it. A task too large to list has only the rows
    /// that were drawn.
    /// Labels are replaced in `round(label_noise · train rows)` rows.
    ///
    /// # Errors
    /// A split that leaves no row to train on, or none held out without asking for that by
    /// `train_fraction=1`; one that asks for more rows than there are, or names unknown ones.
    pub fn dataset(&self, plan: &RunPlan, seed: u64, read: Read<'_>) -> Result<Dataset, TaskError> {
        split::dataset(self, plan, seed, read)
    }

    /// The label of a tuple; None where the formula divides by zero.
    pub(crate) fn label(&self, operands: &[u32]) -> Option<u32> {
        match &self.rule {
            Rule::Group(g) => {
                let product = operands
                    .iter()
                    .map(|t| *t as usize)
                    .reduce(|a, b| g.mul(a, b));
                product.map(|label| label as u32)
            }
            Rule::Formula(f, _) => f.value(operands),
            Rule::Parity(k) => Some(operands[..*k].iter().sum::<u32>() % 2),
            Rule::Sequence(s) => s.label(operands),
        }
    }

    /// The texts, for tasks that are such.
    pub(crate) fn sequence(&self) -> Option<&Sequence> {
        match &self.rule {
            Rule::Sequence(s) => Some(s),
            _ => None,
        }
    }

    /// Whether a network of this plan is asked for several tokens of a row, each of which counts in loss and accuracy.
    pub fn counts_tokens(&self, plan: &RunPlan) -> bool {
        let all = plan
            .transformer
            .as_ref()
            .is_some_and(|t| t.loss_at == LossAt::Answer);
        all && match &self.rule {
            Rule::Sequence(Sequence::Sum { written, .. }) => *written,
            Rule::Sequence(_) => true,
            _ => false,
        }
    }

    /// Whether rows are windows of one text, in its order.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.rule, Rule::Sequence(Sequence::Text { .. }))
    }

    pub(crate) fn is_parity(&self) -> bool {
        matches!(self.rule, Rule::Parity(_))
    }
}

fn of_group(group: Group, options: &Options) -> (Rule, Vec<usize>, usize) {
    let n = group.order();
    (Rule::Group(Box::new(group)), vec![n; options.operands], n)
}

fn of_sequence(sequence: Sequence) -> (Rule, Vec<usize>, usize) {
    let (vocab, classes) = (
        vec![sequence.tokens(); sequence.length()],
        sequence.tokens(),
    );
    (Rule::Sequence(sequence), vocab, classes)
}

/// Groups start with a capital or `perm:` and have no modulus.
pub(crate) fn is_formula(text: &str) -> bool {
    let is_group = text.starts_with(|c: char| c.is_ascii_uppercase()) || text.starts_with("perm:");
    text.contains("mod") || !is_group && text.contains(['+', '-', '−', '*', '/', '^'])
}

/// The two numbers of `parity(n,k)`.
fn parity(text: &str, inner: &str) -> Result<(usize, usize), TaskError> {
    let inside = inner
        .strip_suffix(')')
        .and_then(|numbers| numbers.split_once(','));
    let numbers = inside.and_then(|(n, k)| Some((parse::number(n)?, parse::number(k)?)));
    let Some((n, k)) = numbers else {
        let why = "expected two whole numbers: parity(bits, relevant bits)";
        return Err(TaskError::syntax(text, "parity(".len(), why));
    };
    if k == 0 || k > n || n > MOST_BITS {
        let why = format!("needs 1 ≤ relevant bits ≤ bits ≤ {MOST_BITS}");
        return Err(TaskError::value(text, why));
    }
    Ok((n, k))
}
