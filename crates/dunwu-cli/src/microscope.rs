//! What a network learned, in words and tables.

use crate::output::{line, paragraph};
use dunwu::analysis::microscope::{DescriptionLength, Examination, FormulaReport, Node, Wave};
use dunwu::{Microscopy, Moment};

/// `listed` is how many nodes are listed, the loudest first.
pub(crate) fn print(seen: &Microscopy, listed: usize) {
    let last = &seen.last;
    line(&format!(
        "\nthe network of seed {} at epoch {}",
        seen.seed, last.epoch
    ));
    nodes(last);
    if let Some(formula) = &last.formula {
        short_program(formula);
    }
    let removed = last.ablations.first();
    if let Some(first) = removed.filter(|a| a.restricted.test.rows > 0) {
        paragraph(&format!(
            "Outputs cut down to {} answer {:.1} % of the held-out rows; without them, {:.1} %.",
            counted(first.key.len(), "key feature"),
            100.0 * first.restricted.test.accuracy,
            100.0 * first.excluded.test.accuracy
        ));
    }
    if let Some(step) = &seen.movement.overall {
        paragraph(&format!(
            "Between epochs {} and {}, {} of {} nodes changed the feature they listen to most.",
            step.from_epoch, step.to_epoch, step.changed, step.compared
        ));
    }
    lengths(&seen.moments);
    if listed > 0 {
        loudest(last, listed);
    }
    for note in &last.skipped {
        paragraph(&format!(
            "No {}: {}.",
            note.what.replace('_', " "),
            note.why
        ));
    }
}

fn nodes(last: &Examination) {
    let all = &last.nodes.nodes;
    let dead = all.iter().filter(|n| n.dead).count();
    let live = all.len() - dead;
    let pure = all.iter().filter(|n| !n.dead && n.purity >= 0.5).count();
    let held = last
        .coverage
        .features
        .iter()
        .filter(|f| f.nodes > 0)
        .count();
    paragraph(&format!(
        "{live} nodes are live, {dead} dead; {pure} give more than half of their weight to one feature, and hold {}; {}.",
        counted(held, "feature"),
        match last.coverage.missing.len() {
            0 => "none is missing".to_owned(),
            1 => "1 is held by none".to_owned(),
            n => format!("{n} are held by none"),
        }
    ));
}

/// The nodes with the largest ‖w‖²·‖v‖, which is how loud a square makes them.
fn loudest(last: &Examination, listed: usize) {
    let all = &last.nodes;
    let mut order: Vec<&Node> = all.nodes.iter().filter(|n| !n.dead).collect();
    order.sort_by(|a, b| b.voice().total_cmp(&a.voice()));
    line(&format!(
        "\n  the {} loudest nodes; phases of the operands and of the answer in units of π\n  {:>6}{:>9}{:>9}{:>8}{:>10}{:>8}  {:<21}feature",
        listed.min(order.len()),
        "node",
        "in",
        "out",
        "purity",
        "rank one",
        "shared",
        "phases"
    ));
    for node in order.into_iter().take(listed) {
        let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.3}"));
        let rank = node.rank_one.iter().copied().reduce(f64::min);
        line(&format!(
            "  {:>6}{:>9.4}{:>9.4}{:>8.3}{:>10}{:>8}  {:<21}{} ({})",
            node.index,
            node.norm_in,
            node.norm_out,
            node.purity,
            number(rank),
            number(node.shared),
            phases(node),
            all.names[node.feature],
            node.kind.name()
        ));
    }
}

/// The phases of a node in its feature.
fn phases(node: &Node) -> String {
    let Some(waves) = &node.waves else {
        return "–".to_owned();
    };
    let turn = |w: &Wave| format!("{:+.2}", w.phase / std::f64::consts::PI);
    let mut out: Vec<String> = waves.operands.iter().map(turn).collect();
    if let Some(readout) = &waves.readout {
        out.push(format!("→ {}", turn(readout)));
    }
    out.join(" ")
}

/// A number and what it counts, in the plural where there is not one.
fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Terms of the full formula that are written out.
const TERMS: usize = 4;

fn short_program(formula: &FormulaReport) {
    let strongest: Vec<&str> = formula
        .terms
        .iter()
        .take(TERMS)
        .map(|t| t.text.as_str())
        .collect();
    let more = if formula.terms.len() > TERMS {
        " + …"
    } else {
        ""
    };
    paragraph(&format!(
        "Read as a formula of {}, which explains {:.1} % of the variance of its outputs: logit(c | a, b) = {}{more}",
        counted(formula.terms.len(), "term"),
        100.0 * formula.r2,
        strongest.join(" + ")
    ));
    let c = &formula.candidate;
    if formula.holds {
        paragraph(&format!(
            "It is a short program: {} of it, {:.0} bits in all, alone {} {:.2} % of all rows and {} with the network on {:.2} %: {}",
            counted(c.terms.len(), "term"),
            c.bits,
            if c.terms.len() == 1 {
                "answers"
            } else {
                "answer"
            },
            100.0 * c.accuracy,
            if c.terms.len() == 1 {
                "agrees"
            } else {
                "agree"
            },
            100.0 * c.agreement,
            c.text
        ));
    } else {
        let why = formula.why.replacen("The ", "the ", 1);
        paragraph(&format!("It is no short program: {why}"));
    }
}

fn lengths(moments: &[Moment]) {
    let Some(first) = moments.first() else { return };
    let names: Vec<&str> = first
        .description
        .rivals
        .iter()
        .map(|r| r.name.as_str())
        .collect();
    let head: String = names.iter().map(|n| format!("{n:>12}")).collect();
    line(&format!(
        "\n  bits of each explanation of all answers\n  {:>7}{head}  shortest",
        "epoch"
    ));
    for moment in thinned(moments) {
        line(&format!(
            "  {:>7}{}  {}",
            moment.epoch,
            cells(&moment.description, &names),
            moment.description.shortest
        ));
    }
}

fn cells(description: &DescriptionLength, names: &[&str]) -> String {
    let cell = |name: &&str| {
        let of = description.rivals.iter().find(|r| r.name == **name);
        of.map_or_else(|| format!("{:>12}", "–"), |r| format!("{:>12.0}", r.total))
    };
    names.iter().map(cell).collect()
}

/// Most rows of the table of lengths.
const ROWS: usize = 16;

/// The first, the last, those at which the shortest changes, and others evenly between.
fn thinned(moments: &[Moment]) -> Vec<&Moment> {
    let changes =
        |i: usize| i > 0 && moments[i].description.shortest != moments[i - 1].description.shortest;
    let step = moments.len().div_ceil(ROWS).max(1);
    let keep = |i: &usize| i.is_multiple_of(step) || *i + 1 == moments.len() || changes(*i);
    (0..moments.len())
        .filter(keep)
        .map(|i| &moments[i])
        .collect()
}
