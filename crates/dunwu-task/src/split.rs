//! Which rows are trained on, and whose labels are replaced.

use crate::csv;
use crate::error::TaskError;
use crate::irreps::irreps;
use crate::rows;
use crate::sequence::Sequence;
use crate::task::{Read, Task};
use dunwu_core::{Dataset, Draws, RunPlan, Seed, SplitKind, TrainShare};

/// Rows of a drawn task that are held out, or trained on, where the plan does not say how many.
const DRAWN: usize = 10_000;

/// The rows of a run, split, with label noise.
pub(crate) fn dataset(
    task: &Task,
    plan: &RunPlan,
    seed: u64,
    read: Read<'_>,
) -> Result<Dataset, TaskError> {
    let mut draws = Seed(plan.split_seed.unwrap_or(seed)).draws("split");
    check_kind(task, plan)?;
    let named = match &plan.train {
        TrainShare::File(path) => named_rows(task, path, read)?,
        _ => Vec::new(),
    };
    let (rows, train) = match rows::count(task) {
        Some(_) => {
            let rows = rows::list(task);
            let train = train_rows(task, plan, rows.labels.len(), named.len())?;
            (rows, train)
        }
        None => {
            let (train, test) = drawn_rows(task, plan, named.len())?;
            (
                rows::draw(task, train.saturating_add(test), &named, &mut draws)?,
                train,
            )
        }
    };
    let mut data = Dataset {
        task: task.name().to_owned(),
        vocab: task.vocab().to_vec(),
        classes: task.classes(),
        tokens: rows.tokens,
        clean: rows.labels.clone(),
        labels: rows.labels,
        train: vec![],
        test: vec![],
        noisy: vec![],
        given: task.sequence().map(Sequence::given),
    };
    check_sizes(task, plan, train, data.len())?;
    data.train = match (&plan.train, plan.split) {
        (TrainShare::File(path), _) => find(path, &named, &data)?,
        // What is held out of a text comes after what is trained on: neighbours share their words.
        _ if task.is_text() => (0..train as u32).collect(),
        (_, SplitKind::Random) => random(train, &mut draws, data.len()),
        (_, SplitKind::Balanced) => balanced(train, &mut draws, &data),
        (_, SplitKind::Skewed) => skewed(train, plan.split_skew, &mut draws, &data),
    };
    data.train.sort_unstable();
    data.test = held_out(task, plan, &mut draws, &data)?;
    let noise_seed = Seed(plan.noise_seed.unwrap_or(seed));
    add_noise(
        plan.label_noise,
        &mut noise_seed.draws("label noise"),
        &mut data,
    )?;
    Ok(data)
}

/// Refuses splits that a task of texts does not have.
fn check_kind(task: &Task, plan: &RunPlan) -> Result<(), TaskError> {
    if task.is_text() && plan.split != SplitKind::Random {
        let why = format!(
            "is {}, but a text is cut by position, its end held out; leave it out",
            plan.split
        );
        return Err(TaskError::split("split", why));
    }
    let is_drawn = task.sequence().is_some() && rows::count(task).is_none();
    if is_drawn && matches!(plan.train, TrainShare::File(_)) {
        let why = format!(
            "names rows, but those of {} are drawn; write train_size",
            task.name()
        );
        return Err(TaskError::split("split_file", why));
    }
    Ok(())
}

/// The key that says how many rows are trained on.
fn key(plan: &RunPlan) -> &'static str {
    match plan.train {
        TrainShare::Fraction(_) => "train_fraction",
        TrainShare::Size(_) => "train_size",
        TrainShare::Multiplier(_) => "train_multiplier",
        TrainShare::File(_) => "split_file",
    }
}

/// How many of all rows the plan trains on.
fn train_rows(task: &Task, plan: &RunPlan, all: usize, named: usize) -> Result<usize, TaskError> {
    Ok(match plan.train {
        TrainShare::Fraction(p) => (p * all as f64).round() as usize,
        TrainShare::Size(n) => n,
        TrainShare::Multiplier(c) => critical(task, c)?,
        TrainShare::File(_) => named,
    })
}

/// How many rows of a task too large to list are trained on, and how many are held out.
fn drawn_rows(task: &Task, plan: &RunPlan, named: usize) -> Result<(usize, usize), TaskError> {
    let test = if plan.test_size > 0 {
        plan.test_size
    } else {
        DRAWN
    };
    Ok(match plan.train {
        TrainShare::Fraction(p) if p >= 1.0 => (DRAWN, plan.test_size),
        TrainShare::Fraction(p) => ((test as f64 * p / (1.0 - p)).round() as usize, test),
        _ => (train_rows(task, plan, 0, named)?, test),
    })
}

fn check_sizes(task: &Task, plan: &RunPlan, train: usize, all: usize) -> Result<(), TaskError> {
    let refuse = |why: String| Err(TaskError::split(key(plan), why));
    if all == 0 {
        return Err(TaskError::value(
            task.name(),
            "has no row; it divides by zero throughout",
        ));
    }
    if train == 0 {
        return refuse(format!("leaves no row of {all} to train on; raise it"));
    }
    if train > all {
        return refuse(format!(
            "asks for {train} rows, but there are {all}; lower it"
        ));
    }
    if train == all && plan.train != TrainShare::Fraction(1.0) {
        let hint = "lower it, or write train_fraction=1 to train without held-out rows";
        return refuse(format!(
            "trains on all {all} rows and leaves none to hold out; {hint}"
        ));
    }
    Ok(())
}

/// n = c·M·log M, times half the largest dimension of a non-abelian group (arXiv 2509.21519 and its code).
fn critical(task: &Task, c: f64) -> Result<usize, TaskError> {
    let m = task.classes() as f64;
    let factor = match task.group() {
        Some(group) if group.is_group() && !group.is_abelian() => {
            irreps(group)?
                .iter()
                .map(|irrep| irrep.dim)
                .max()
                .unwrap_or(1) as f64
                / 2.0
        }
        _ => 1.0,
    };
    Ok((c * m * m.ln() * factor).round() as usize)
}

fn random(size: usize, draws: &mut Draws, rows: usize) -> Vec<u32> {
    let mut all: Vec<u32> = (0..rows as u32).collect();
    draws.shuffle(&mut all);
    all.truncate(size);
    all
}

/// The rows of each label, shuffled.
fn by_label(draws: &mut Draws, data: &Dataset) -> Vec<Vec<u32>> {
    let mut out: Vec<Vec<u32>> = vec![vec![]; data.classes];
    let labelled = (0..data.len() as u32).zip(&data.clean);
    labelled.for_each(|(row, label)| out[*label as usize].push(row));
    out.iter_mut().for_each(|rows| draws.shuffle(rows));
    out
}

/// Takes rows of label y with a share ∝ (1 + y)^−skew.
fn skewed(size: usize, skew: f64, draws: &mut Draws, data: &Dataset) -> Vec<u32> {
    let by_label = by_label(draws, data);
    let rows: Vec<usize> = by_label.iter().map(Vec::len).collect();
    let shares: Vec<f64> = (0..rows.len())
        .map(|y| (1.0 + y as f64).powf(-skew))
        .collect();
    let counts = apportioned(size, &shares, &rows);
    let taken = by_label.iter().zip(&counts).flat_map(|(r, n)| &r[..*n]);
    taken.copied().collect()
}

/// Whole numbers that add up to `size`, in proportion to the shares, none above its limit: what the limits cut
/// off goes to the others. Needs `size` ≤ Σ limits.
fn apportioned(size: usize, shares: &[f64], limits: &[usize]) -> Vec<usize> {
    let mut out = vec![0; limits.len()];
    loop {
        let left = size - out.iter().sum::<usize>();
        let open: Vec<usize> = (0..out.len()).filter(|y| out[*y] < limits[*y]).collect();
        let total: f64 = open.iter().map(|y| shares[*y]).sum();
        let quota = |y: usize| left as f64 * shares[y] / total;
        let full: Vec<usize> = open
            .iter()
            .copied()
            .filter(|y| quota(*y) >= limits[*y] as f64)
            .collect();
        if !full.is_empty() {
            full.iter().for_each(|y| out[*y] = limits[*y]);
            continue;
        }
        open.iter()
            .for_each(|y| out[*y] = quota(*y).floor() as usize);
        let mut order = open;
        order.sort_by(|a, b| quota(*b).fract().total_cmp(&quota(*a).fract()));
        let rest = size - out.iter().sum::<usize>();
        order.iter().take(rest).for_each(|y| out[*y] += 1);
        return out;
    }
}

/// Takes rows label by label in turn, so that counts differ by at most one while rows last.
fn balanced(size: usize, draws: &mut Draws, data: &Dataset) -> Vec<u32> {
    let mut by_label = by_label(draws, data);
    let mut order: Vec<usize> = (0..data.classes).collect();
    let mut out = Vec::with_capacity(size);
    while out.len() < size {
        draws.shuffle(&mut order);
        for label in &order {
            if out.len() < size {
                out.extend(by_label[*label].pop());
            }
        }
    }
    out
}

/// The rows that are not trained on, or `test_size` of them.
fn held_out(
    task: &Task,
    plan: &RunPlan,
    draws: &mut Draws,
    data: &Dataset,
) -> Result<Vec<u32>, TaskError> {
    let mut rows: Vec<u32> = (0..data.len() as u32).collect();
    rows.retain(|row| data.train.binary_search(row).is_err());
    if plan.test_size > rows.len() {
        let why = format!(
            "is {}, but only {} rows are held out",
            plan.test_size,
            rows.len()
        );
        return Err(TaskError::split("test_size", why));
    }
    if plan.test_size > 0 {
        if !task.is_text() {
            draws.shuffle(&mut rows);
        }
        rows.truncate(plan.test_size);
        rows.sort_unstable();
    }
    Ok(rows)
}

/// The tuples of a split file, one a line; a first line without numbers is a header.
fn named_rows(task: &Task, path: &str, read: Read<'_>) -> Result<Vec<Vec<u32>>, TaskError> {
    let text = read(path).map_err(|why| TaskError::file("split_file", path, why))?;
    let text = text.trim_start_matches('\u{feff}');
    let bad =
        |line, why: &str| TaskError::split("split_file", format!("`{path}`, line {line}: {why}"));
    let mut rows = Vec::new();
    for (i, (line, fields)) in csv::read(text)
        .map_err(|(l, why)| bad(l, why))?
        .iter()
        .enumerate()
    {
        let tokens: Vec<Option<u32>> = fields.iter().map(|t| t.parse().ok()).collect();
        if i == 0 && tokens.iter().all(Option::is_none) {
            continue;
        }
        let written = fields.join(",");
        let tokens: Vec<u32> = tokens.into_iter().collect::<Option<_>>().ok_or_else(|| {
            bad(
                *line,
                &format!("`{written}` is no list of tokens; write whole numbers"),
            )
        })?;
        let vocab = task.vocab();
        let fits = tokens.len() == vocab.len()
            && tokens
                .iter()
                .zip(vocab)
                .all(|(token, n)| (*token as usize) < *n);
        if !fits || task.label(&tokens).is_none() {
            let (operands, most) = (vocab.len(), vocab[0] - 1);
            let expected = format!("expected {operands} tokens from 0 to {most}");
            return Err(bad(
                *line,
                &format!("`{written}` is no row of the task; {expected}"),
            ));
        }
        rows.push(tokens);
    }
    let mut sorted: Vec<&Vec<u32>> = rows.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let why = format!("`{path}` names the row {:?} twice", pair[0]);
            Err(TaskError::split("split_file", why))
        }
        None => Ok(rows),
    }
}

/// The places of tuples among the sorted rows.
fn find(path: &str, named: &[Vec<u32>], data: &Dataset) -> Result<Vec<u32>, TaskError> {
    let place = |tuple: &Vec<u32>| {
        let mut range = 0..data.len();
        while range.start < range.end {
            let middle = range.start + range.len() / 2;
            match data.row(middle).cmp(tuple.as_slice()) {
                std::cmp::Ordering::Less => range.start = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle as u32),
                std::cmp::Ordering::Greater => range.end = middle,
            }
        }
        Err(TaskError::split(
            "split_file",
            format!("`{path}` names {tuple:?}, which is no row"),
        ))
    };
    named.iter().map(place).collect()
}

/// Replaces the labels of a share of the training rows by wrong ones, uniformly.
fn add_noise(share: f64, draws: &mut Draws, data: &mut Dataset) -> Result<(), TaskError> {
    if share > 0.0 && data.classes < 2 {
        let why = format!("is {share}, but with one class there is no wrong label");
        return Err(TaskError::split("label_noise", why));
    }
    let count = (share * data.train.len() as f64).round() as usize;
    let mut rows = data.train.clone();
    draws.shuffle(&mut rows);
    rows.truncate(count);
    rows.sort_unstable();
    for row in &rows {
        let truth = data.clean[*row as usize];
        let shift = 1 + draws.below(data.classes as u64 - 1) as u32;
        data.labels[*row as usize] = (truth + shift) % data.classes as u32;
    }
    data.noisy = rows;
    Ok(())
}
