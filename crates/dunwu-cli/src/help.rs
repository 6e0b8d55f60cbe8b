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

/// Keys of a forecast.
pub(crate) fn forecast() -> String {
    let mut out = String::from("Keys (key=value):\n");
    for key in dunwu::FORECAST_KEYS {
        row(&mut out, key.name, key.help);
    }
    out += "\n";
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
