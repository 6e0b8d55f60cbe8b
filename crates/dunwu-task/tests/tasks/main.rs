//! Contract suites of groups, representations, features, forms and splits.

mod characters;
mod features;
mod forms;
mod groups;
mod range;
mod sequences;
mod splits;
mod transforms;

use dunwu_core::{Dataset, RunSpec};
use dunwu_task::{Group, Options, Task, TaskError};

/// Groups with what the books say of them, and forms of the same group.
fn known() -> Vec<serde_json::Value> {
    let text = include_str!("known-groups.json");
    serde_json::from_str(text).expect("the data are JSON")
}

/// The names of all known groups.
fn known_names() -> Vec<String> {
    known()
        .iter()
        .map(|entry| entry["group"].as_str().expect("a name").to_owned())
        .collect()
}

/// The files that tests name.
fn read(path: &str) -> Result<String, String> {
    let text = match path {
        "klein.csv" => ",e,a,b,c\ne,e,a,b,c\na,a,e,c,b\nb,b,c,e,a\nc,c,b,a,e",
        "s3.json" => {
            r#"[["","e","r","q","s","t","u"],["e","e","r","q","s","t","u"],["r","r","q","e","t","u","s"],
            ["q","q","e","r","u","s","t"],["s","s","u","t","e","q","r"],["t","t","s","u","r","e","q"],
            ["u","u","t","s","q","r","e"]]"#
        }
        "minus.csv" => "0,2,1\n1,0,2\n2,1,0",
        "good.csv" => "x,y\n2,2\n0,1\n",
        "outside.csv" => "0,1\n0,9\n",
        "long.csv" => "0,1,2\n",
        "twice.csv" => "0,1\n0,2\n0,1\n",
        "empty.csv" => "x,y\n",
        "words.csv" => "x,y\n0,b\n",
        "bits.csv" => "0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1\n",
        "empty.txt" => "",
        "short.txt" => "a word",
        "song.txt" => {
            return Ok((0..1000u32)
                .map(|i| char::from((i * i % 251) as u8))
                .collect());
        }
        _ => return Err("no such file".to_owned()),
    };
    Ok(text.to_owned())
}

fn task(text: &str) -> Result<Task, TaskError> {
    Task::parse(text, &Options::default(), &read)
}

fn group(text: &str) -> Group {
    task(text).unwrap().group().unwrap().clone()
}

fn data_of(words: &[&str], seed: u64) -> Result<Dataset, TaskError> {
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    Task::from_plan(&plan, &read)?.dataset(&plan, seed, &read)
}
