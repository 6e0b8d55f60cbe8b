//! Help that is made from the tables.

use dunwu::{KEYS, probe, task};
use std::fmt::Write;

pub(crate) const EXIT_CODES: &str = "Exit codes: 0 done; 1 a check did not hold; 2 bad input; 3 interrupted, state saved; 4 internal error.\nProgress goes to standard error, results to standard output.";

/// Keys, tasks, names and probes.
pub(crate) fn train() -> String {
    let mut out = String::from("Keys of a plan (key=value, value by default):\n");
    for key in KEYS {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!(" [{}]", key.default)
        };
        row(&mut out, key.name, &format!("{}{default}", key.help));
    }
    out += "\nTasks:\n";
    for form in task::FORMS {
        row(
            &mut out,
            form.form,
            &format!("{}, such as {}", form.help, form.example),
        );
    }
    out += "\nNames:\n";
    for (key, names) in dunwu::names() {
        row(&mut out, key, &names.join(", "));
    }
    out += "\nProbes:\n";
    for entry in probe::ALL {
        row(&mut out, entry.name, entry.help);
    }
    out += "\n";
    out + EXIT_CODES
}

/// Sides and keys of a comparison.
pub(crate) fn compare() -> String {
    let mut out = String::from("Words:\n");
    for (form, text) in [
        (
            "key=a,b",
            "the first side has a, the second b; several such keys go side by side",
        ),
        (
            "NAME:key=value",
            "the side NAME has that value; `NAME:` alone is a side that changes nothing",
        ),
        (
            "key=value",
            "all sides have it; every key of `dunwu train` but those of its directories",
        ),
    ] {
        row(&mut out, form, text);
    }
    out += "\nKeys of its own:\n";
    for key in dunwu::COMPARE_KEYS {
        row(
            &mut out,
            key.name,
            &format!("{} [{}]", key.help, key.default),
        );
    }
    out += "\nWithout seeds=N there are 10 pairs. The first side is what others are compared with; it also runs with\nthree times its learning rate, as a control.\n\n";
    out + EXIT_CODES
}

/// Keys of a sweep.
pub(crate) fn sweep() -> String {
    let mut out = String::from(
        "Any key of a plan (`dunwu train --help` lists them) takes one value, a list a,b,c, or a range\nfrom:to:count or from:to:count:log of numbers. All combinations are trained, each with seeds=N\nseeds from seed=FIRST on; --zip task,width goes through two lists side by side.\n\nKeys of the sweep (key=value, value by default):\n",
    );
    keys(&mut out, dunwu::sweep::SWEEP_KEYS);
    out += "\n";
    out + EXIT_CODES
}

/// Keys of a search for borders.
pub(crate) fn boundary() -> String {
    let mut out = String::from(
        "Any key of a plan (`dunwu train --help` lists them) takes one value or a list; each combination has\na border of its own. Training fraction and seeds are what the search decides. Unless the plan says\notherwise, held-out rows are evaluated every 10 epochs, and a run ends when its held-out accuracy is 0.5\n(stop_accuracy) or will not be by the last epoch (stop=settled; stop=generalised runs to the end).\n\nKeys of the search (key=value, value by default):\n",
    );
    keys(&mut out, dunwu::boundary::BOUNDARY_KEYS);
    out += "\nKeys of how the work is done:\n";
    keys(&mut out, dunwu::sweep::SWEEP_KEYS);
    out += "\n";
    out + EXIT_CODES
}

fn keys(out: &mut String, all: &[dunwu::sweep::SweepKey]) {
    for key in all {
        let default = match key.default {
            "" => String::new(),
            default => format!(" [{default}]"),
        };
        row(out, key.name, &format!("{}{default}", key.help));
    }
}

/// Keys of a diagnosis, and what is looked for.
pub(crate) fn diagnose() -> String {
    let mut out = String::from("Keys (key=value):\n");
    for key in dunwu::DIAGNOSE_KEYS {
        row(&mut out, key.name, key.help);
    }
    out += "\nFindings:\n";
    for check in dunwu::analysis::diagnose::ALL {
        row(&mut out, check.name, check.help);
    }
    out += "\n";
    out + EXIT_CODES
}

/// Keys of a forecast.
pub(crate) fn forecast() -> String {
    let mut out = String::from("Keys (key=value):\n");
    for key in dunwu::FORECAST_KEYS {
        row(&mut out, key.name, key.help);
    }
    out += "\n";
    out += "With --follow: 0 the run or its log ended; 10 the run is to be stopped.\n";
    out + EXIT_CODES
}

/// Keys of a landscape.
pub(crate) fn landscape() -> String {
    let mut out = String::from("Keys (key=value, value by default):\n");
    for key in dunwu::LANDSCAPE_KEYS {
        row(
            &mut out,
            key.name,
            &format!("{} [{}]", key.help, key.default),
        );
    }
    for key in KEYS.iter().filter(|k| dunwu::SHARED_KEYS.contains(&k.name)) {
        row(&mut out, key.name, key.help);
    }
    out += "\nOf the network whose activations whiten:\n";
    for key in KEYS
        .iter()
        .filter(|k| dunwu::NETWORK_KEYS.contains(&k.name))
    {
        row(
            &mut out,
            key.name,
            &format!("{} [{}]", key.help, key.default),
        );
    }
    out += "\nWithout train_fraction the table is full. train_fraction=0.1:0.9:17 takes 17 samples, each with\nseeds=N splits.\n\n";
    out + EXIT_CODES
}

/// Kinds of checks.
pub(crate) fn reproduce() -> String {
    let mut out = String::from("Kinds of checks:\n");
    for kind in dunwu::reproduce::KINDS {
        row(&mut out, kind.name, kind.help);
    }
    out += "\nOther seeds are another sample of the same claim. Fewer seeds than the row's, or another number of epochs, leave\nits verdict open.\n\n";
    out + EXIT_CODES
}

/// A name and what it is, the latter behind or below the former.
fn row(out: &mut String, name: &str, text: &str) {
    let name = format!("  {name:<20}");
    let first = if name.chars().count() > 22 {
        format!("{name}\n{:23}", "")
    } else {
        format!("{name} ")
    };
    let rest = " ".repeat(23);
    let width = textwrap::Options::new(79 - rest.len());
    let _ = writeln!(
        out,
        "{first}{}",
        textwrap::wrap(text, width).join(&format!("\n{rest}"))
    );
}
