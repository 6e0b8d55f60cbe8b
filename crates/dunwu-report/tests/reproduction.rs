//! The page of reproductions and its figures are well-formed, and say the same numbers.

#[path = "../examples/synthetic/reproduction.rs"]
mod synthetic;

mod markup;
mod parts;

use dunwu_report::{
    ReproductionPage, ReproductionVerdict, reproduction_figures, reproduction_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};
use parts::{attribute, elements, figure, table};

fn assert_sound(page: &ReproductionPage, what: &str) -> String {
    assert!(page.is_consistent(), "{what}");
    let html = reproduction_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in reproduction_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

#[test]
fn rows_with_numbers_have_a_figure_and_the_page_the_same_bytes_each_time() {
    let page = synthetic::reproduction();
    let html = assert_sound(&page, "whole");
    let names: Vec<String> = reproduction_figures(&page)
        .into_iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(names, ["row1-1.svg", "row2-4.svg", "row3-6.svg"]);
    let text = serde_json::to_string(&page).unwrap();
    let back: ReproductionPage = serde_json::from_str(&text).unwrap();
    assert!(reproduction_page(&back) == html);
    assert!(html.contains(
        "Of 4 published results that were tried, 2 hold, 1 does not and 1 is inconclusive."
    ));
    assert!(html.contains("not by epoch 400") && html.contains("It needs a transformer."));
}

#[test]
fn the_measured_line_lies_on_the_ground_that_holds_exactly_if_the_number_does() {
    let page = synthetic::reproduction();
    let figures = reproduction_figures(&page);
    for (row, name) in page
        .rows
        .iter()
        .zip(["row1-1.svg", "row2-4.svg", "row3-6.svg"])
    {
        let svg = figure(&figures, name);
        // The first ground and the first line are those of the legend.
        let grounds = &elements(&svg, "rect", "class=\"done\"")[1..];
        let lines = &elements(&svg, "line", "class=\"median l0\"")[1..];
        assert_eq!(
            (grounds.len(), lines.len()),
            (row.numbers.len(), row.numbers.len())
        );
        for ((number, ground), line) in row.numbers.iter().zip(grounds).zip(lines) {
            let (from, wide) = (attribute(ground, "x"), attribute(ground, "width"));
            let at = attribute(line, "x1");
            let holds = number.verdict == Some(ReproductionVerdict::Holds);
            assert_eq!(at >= from && at <= from + wide, holds, "{}", number.what);
        }
        let dots = elements(&svg, "circle", "class=\"fill0 rim\"").len();
        assert_eq!(
            dots,
            row.numbers.iter().map(|n| n.seeds.len()).sum::<usize>()
        );
    }
}

#[test]
fn the_table_lists_every_number_of_a_row() {
    let html = reproduction_page(&synthetic::reproduction());
    let rows = table(&html, "Numbers: 1");
    let first = [
        "epoch of half of the unseen examples",
        "about 102",
        "90 to 115",
        "99",
        "98, 99, 99, 100, 102",
        "holds",
    ];
    assert_eq!(rows[0], first.map(str::to_owned));
    assert_eq!(
        table(&html, "Numbers: 4")[0][2..4],
        ["≥ 0".to_owned(), "-1".to_owned()]
    );
    assert_eq!(table(&html, "Numbers: 6")[0][2], "≤ 10⁻⁸");
    assert_eq!(table(&html, "Numbers: 25")[0][3], "not by epoch 400");
}

#[test]
fn rows_are_chosen_by_verdict_without_a_script() {
    let html = reproduction_page(&synthetic::reproduction());
    // Everything is shown until a reader chooses.
    assert!(html.contains("<input id=\"show-all\" type=\"radio\" name=\"verdict\" checked>"));
    for (class, rows) in [("done", 2), ("other", 1), ("interactive", 1), ("lazy", 1)] {
        assert!(html.contains(&format!("<input id=\"show-{class}\" type=\"radio\"")));
        assert!(html.contains(&format!(
            "main:has(#show-{class}:checked) .row:not(.{class})"
        )));
        assert_eq!(
            html.matches(&format!("<tr class=\"row {class}\">")).count(),
            rows
        );
        assert_eq!(
            html.matches(&format!("<figure class=\"chart row {class}\""))
                .count(),
            rows
        );
    }
    let script = html.split("<script>").nth(1).unwrap();
    assert!(!script.contains("verdict"));
}

#[test]
fn nothing_one_and_many_rows_are_sound() {
    let mut page = synthetic::reproduction();
    page.rows.clear();
    let html = assert_sound(&page, "none");
    assert!(html.contains("None of 0 published results could be tried yet."));
    let row = synthetic::reproduction().rows.remove(0);
    page.rows = vec![row.clone()];
    assert!(assert_sound(&page, "one").contains("Of 1 published result that was tried, 1 holds."));
    // Rows of the same name are told apart.
    page.rows = vec![row; 60];
    let html = assert_sound(&page, "many");
    let ids: std::collections::BTreeSet<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|p| p.split('"').next())
        .collect();
    assert_eq!(ids.len(), html.matches(" id=\"").count());
}

#[test]
fn numbers_that_cannot_be_drawn_are_only_listed() {
    let mut page = synthetic::reproduction();
    let number = &mut page.rows[0].numbers[0];
    (
        number.low,
        number.high,
        number.published_number,
        number.verdict,
    ) = (None, None, None, None);
    page.rows[0].numbers[1].log = true;
    page.rows[0].numbers[1].low = Some(-1.0);
    let html = assert_sound(&page, "undrawn");
    assert!(html.contains("not judged"));
    let svg = figure(&reproduction_figures(&page), "row1-1.svg");
    assert_eq!(elements(&svg, "line", "class=\"median l0\"").len(), 2);
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let mut page = synthetic::reproduction();
    page.rows[0].numbers[0].low = Some(1e9);
    assert!(!page.is_consistent());
    let mut page = synthetic::reproduction();
    page.rows[0].numbers[0].seeds[0] = f64::INFINITY;
    assert!(!page.is_consistent());
    assert_balanced(&reproduction_page(&page));
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut page = synthetic::reproduction();
    page.title = evil.into();
    page.command = evil.into();
    let row = &mut page.rows[0];
    for text in [
        &mut row.id,
        &mut row.source,
        &mut row.claim,
        &mut row.settings,
        &mut row.published,
        &mut row.note,
    ] {
        *text = evil.into();
    }
    row.commands = vec![evil.into()];
    row.numbers[0].what = evil.into();
    row.numbers[0].published = evil.into();
    row.numbers[1].measured = None;
    row.numbers[1].missing = evil.into();
    let html = assert_sound(&page, "hostile");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1);
}
