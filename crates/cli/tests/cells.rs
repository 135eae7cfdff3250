//! The cells of tables as people write them: numbers, dates, odd words and other encodings.

mod common;

use common::{Place, sentence};
use serde_json::Value;

const TRAIN: &str = "train --dataset csv:table.csv --epochs 30 --batch-size 16 --hidden 16 \
                     --dropout 0 --learning-rate 0.02 --threads 1";

impl Place {
    fn fails(&self, line: &str) -> String {
        sentence(line, &self.run(line))
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    /// The figures of the test set after training on a table.
    fn trained(&self, table: impl AsRef<[u8]>, flags: &str) -> (String, Value) {
        self.write("table.csv", table);
        let run = self.path().join("run");
        if run.exists() {
            std::fs::remove_dir_all(run).unwrap();
        }
        let stdout = self.succeeds(&format!("{TRAIN} {flags} --run-dir run --report r.json"));
        (stdout, self.json("r.json")["test"].clone())
    }

    fn first_answer(&self, line: &str) -> Value {
        let stdout = self.succeeds(line);
        serde_json::from_str(stdout.lines().next().unwrap()).unwrap()
    }
}

/// A hundred sizes and prices as `write` puts them down.
fn goods(delimiter: char, write: impl Fn(f64) -> String) -> String {
    let mut text = format!("size{delimiter}price\n");
    for i in 0..100 {
        let size = 1.25 + f64::from(i * 37 % 100) * 31.5;
        let (size, price) = (write(size), write(2000.0 + 3.0 * size));
        text += &format!("{size}{delimiter}{price}\n");
    }
    text
}

/// `1234.5` with other marks.
fn marked(number: f64, thousands: &str, decimal: &str) -> String {
    let text = format!("{number:.2}");
    let (whole, fraction) = text.split_once('.').unwrap();
    let head = whole.len().saturating_sub(3);
    let mark = if head > 0 { thousands } else { "" };
    format!(
        "{}{mark}{}{decimal}{fraction}",
        &whole[..head],
        &whole[head..]
    )
}

#[test]
fn numbers_as_people_write_them_are_the_numbers_that_programs_write() {
    let place = Place::new();
    let (stdout, plain) = place.trained(goods(',', |x| format!("{x:.2}")), "--target price");
    assert!(!stdout.contains("written like"), "{stdout}");
    assert!(plain["r2"].as_f64().unwrap() > 0.99, "{plain}");
    for (delimiter, thousands, decimal, unit, example) in [
        (';', "", ",", "", "1234,5"),
        (';', ".", ",", "", "1.234,5"),
        (';', "\u{a0}", ",", " €", "1 234,5 €"),
        ('\t', ",", ".", "", "1,234.5"),
        (',', "'", ".", "", "1'234.5"),
        (',', "", ".", "%", "1234.5 %"),
    ] {
        let table = goods(delimiter, |x| marked(x, thousands, decimal) + unit);
        let (stdout, figures) = place.trained(&table, "--target price");
        let line = format!("size, price as numbers written like {example}");
        assert!(stdout.lines().any(|l| l == line), "{line}: {stdout}");
        assert_eq!(figures, plain, "{example}");
        // The model reads rows that are written in this way, and evaluates as training did.
        let row = format!("size\n\"{}{unit}\"\n", marked(1250.5, thousands, decimal));
        place.write("new.csv", row);
        let answer = place.first_answer("predict run new.csv --json");
        let price = answer["values"][0].as_f64().unwrap();
        assert!((price - 5751.5).abs() < 300.0, "{answer}");
        place.succeeds("evaluate run --report again.json");
        assert_eq!(place.json("again.json")["test"], plain);
    }
    let error = {
        place.write("new.csv", "size\n12.5\n");
        place.fails("predict run new.csv")
    };
    let expected = "expected a finite number written as in training, such as 1234.5 %, found \
                    \"12.5\"";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_number_with_two_readings_is_refused_with_both() {
    let place = Place::new();
    let mut table = "size;label\n".to_owned();
    for i in 0..60 {
        table += &format!("{},{:03};{}\n", 1 + i % 9, 100 + i, ["a", "b"][i % 2]);
    }
    place.write("table.csv", &table);
    let error = place.fails(&format!("{TRAIN} --target label --run-dir run"));
    let expected = "table.csv, line 2, column \"size\": expected numbers with one reading, found \
                    \"1,100\"; read it as 1.1 with --decimal comma, or read it as 1100 with \
                    --thousands comma, or take the column as text with --categorical size";
    assert!(error.contains(expected), "{error}");
    for (flag, example) in [
        ("--decimal comma", "1234,5"),
        ("--thousands comma", "1,234.5"),
        ("--thousands", "1,234.5"),
    ] {
        let (stdout, _) = place.trained(&table, &format!("--target label {flag}"));
        let line = format!("size as numbers written like {example}");
        assert!(stdout.lines().any(|l| l == line), "{stdout}");
    }
}

#[test]
fn one_mark_cannot_be_both() {
    let place = Place::new();
    place.write("table.csv", "size;label\n1,5;a\n2,5;b\n");
    let flags = "--target label --decimal comma --thousands comma";
    let error = place.fails(&format!("{TRAIN} {flags} --run-dir run"));
    let expected = "expected another mark between thousands than the decimal mark, found the same";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_stray_word_is_named_with_its_line_and_the_way_on() {
    let mut table = "size,label\n".to_owned();
    for i in 0..200 {
        let size = match i {
            150 => "oops".to_owned(),
            170 => "-".to_owned(),
            180 => "-999".to_owned(),
            i => i.to_string(),
        };
        table += &format!("{size},{}\n", i % 2);
    }
    let place = Place::new();
    place.write("table.csv", &table);
    let error = place.fails(&format!("{TRAIN} --target label --run-dir run"));
    let expected = "table.csv, line 152, column \"size\": expected a number, as in 198 of the 200 \
                    rows, found \"oops\", on line 172 \"-\"; take it as missing with --na-values \
                    -,oops --missing mean, or take the column as text with --categorical size";
    assert!(error.contains(expected), "{error}");
    let flags = "--target label --na-values -,oops,-999.0 --missing mean";
    let (stdout, _) = place.trained(&table, flags);
    assert!(
        stdout.contains("from 1 column of numbers, learns"),
        "{stdout}"
    );
    // A missing value is the mean, 0, also in files of later.
    place.write("new.csv", "size\noops\n-999\n-\n\n");
    let answers = place.succeeds("predict run new.csv --json");
    let probabilities = |line: &str| -> Value {
        serde_json::from_str::<Value>(line).unwrap()["probabilities"].clone()
    };
    let answers: Vec<Value> = answers.lines().map(probabilities).collect();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    // Missing, but to be refused.
    let error = place.fails(&format!(
        "{TRAIN} --target label --na-values -,oops --run-dir other"
    ));
    let expected = "line 152, column \"size\": expected a value in every row, found \"oops\"; train \
                    with --missing mean to take it as the mean of the training rows";
    assert!(error.contains(expected), "{error}");
    let error = place.fails(&format!("{TRAIN} --target size --run-dir other"));
    let expected = "found \"oops\", on line 172 \"-\"; learn classes with --task classification";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_column_is_text_where_the_user_says_so() {
    let mut table = "postcode,label\n".to_owned();
    for i in 0..120 {
        table += &format!("{},{}\n", 8000 + i % 4, ["a", "b"][i % 2]);
    }
    let place = Place::new();
    let (stdout, figures) = place.trained(&table, "--target label --categorical postcode");
    let line = "from 1 column of text with 4 values, learns label as 2 classes";
    assert!(stdout.lines().any(|l| l == line), "{stdout}");
    assert_eq!(figures["accuracy"], 1.0);
    let error = place.fails(&format!(
        "{TRAIN} --target label --categorical label --run-dir other"
    ));
    let expected = "column \"label\": expected a feature, to be taken as text, found a target";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_text_that_names_each_row_is_to_be_left_out() {
    let mut table = "id,x,label\n".to_owned();
    for i in 0..100 {
        table += &format!("u{i},{},{}\n", i % 7, ["a", "b"][i % 2]);
    }
    let place = Place::new();
    place.write("table.csv", &table);
    let error = place.fails(&format!("{TRAIN} --target label --run-dir run"));
    let expected = "train with --unknown zeros to take it as none of them, or leave the column out \
                    with --ignore id";
    assert!(error.contains(expected), "{error}");
}

/// Days whose amount goes up and down once a year.
fn days(write: impl Fn(u32, u32, u32) -> String) -> String {
    let mut text = "day,amount\n".to_owned();
    for i in 0..360 {
        let (year, month, day) = (2023 + i / 120, 1 + i * 7 % 12, 1 + i * 5 % 28);
        let turn = (f64::from(month - 1) + f64::from(day) / 30.0) / 12.0 * std::f64::consts::TAU;
        text += &format!(
            "{},{:.2}\n",
            write(year, month, day),
            20.0 + 10.0 * turn.sin()
        );
    }
    text
}

#[test]
fn dates_become_numbers_that_know_the_season() {
    let place = Place::new();
    let iso = days(|y, m, d| format!("{y}-{m:02}-{d:02}"));
    let (stdout, plain) = place.trained(&iso, "--target amount");
    let lines = [
        "from 1 column of dates, learns amount as a number",
        "day as a date: its day on a line of time, year, month, weekday and day of the year",
    ];
    for line in lines {
        assert!(stdout.lines().any(|l| l == line), "{stdout}");
    }
    assert!(plain["r2"].as_f64().unwrap() > 0.95, "{plain}");
    place.write("new.csv", "day\n2031-04-01\n");
    let answer = place.first_answer("predict run new.csv --json");
    assert!(answer["values"][0].as_f64().unwrap() > 24.0, "{answer}");
    place.write("new.csv", "day\nsoon\n");
    let error = place.fails("predict run new.csv");
    let expected = "expected a date as in training, such as 2026-11-27, found \"soon\"";
    assert!(error.contains(expected), "{error}");

    // ONNX has no operator that reads a date: its numbers are inputs.
    place.succeeds("export run --to days.onnx");
    let graph = std::fs::read(place.path().join("days.onnx")).unwrap();
    for name in ["day.days", "day.year", "day.month.sin", "day.yearday.cos"] {
        let mut windows = graph.windows(name.len());
        assert!(windows.any(|window| window == name.as_bytes()), "{name}");
    }

    // Written otherwise, which has to be said.
    let german = days(|y, m, d| format!("{d}.{m}.{y}"));
    place.write("table.csv", &german);
    let error = place.fails(&format!("{TRAIN} --target amount --run-dir other"));
    let expected = "column \"day\": expected dates in ISO 8601, such as 2026-11-27, found \"1.1.2023\"; \
                    read it as a date with --date-format %d.%m.%Y, or take";
    assert!(error.contains(expected), "{error}");
    let (_, figures) = place.trained(&german, "--target amount --date-format %d.%m.%Y");
    assert_eq!(figures, plain);
    place.write("new.csv", "day\n1.4.2031\n");
    let again = place.first_answer("predict run new.csv --json");
    assert_eq!(again["values"], answer["values"]);
    let error = place.fails(&format!(
        "{TRAIN} --target amount --date-format %Y/%m/%d --run-dir other"
    ));
    let expected =
        "expected a column of dates as %Y/%m/%d writes them, such as 2026/11/27, found none";
    assert!(error.contains(expected), "{error}");

    // No cell tells the day from the month.
    let unclear = days(|y, m, d| format!("{}/{m}/{y}", 1 + d % 12));
    place.write("table.csv", &unclear);
    let error = place.fails(&format!("{TRAIN} --target amount --run-dir other"));
    let expected = "expected dates that tell the day from the month, found \"2/1/2023\"; read it as a \
                    date with --date-format %d/%m/%Y, or read it as a date with --date-format \
                    %m/%d/%Y, or";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_empty_column_without_a_name_is_left_out() {
    let place = Place::new();
    let table = goods(',', |x| format!("{x:.2}"));
    let (_, plain) = place.trained(&table, "--target price");
    let trailing = table.replace('\n', ",\n");
    let (stdout, figures) = place.trained(&trailing, "--target price");
    let line = "1 column without a name is empty throughout and left out";
    assert!(stdout.lines().any(|l| l == line), "{stdout}");
    assert_eq!(figures, plain);
    // A row of later may or may not end in the delimiter.
    place.write("new.csv", "size\n250\n");
    let answer = place.first_answer("predict run new.csv --json");
    place.write("new.csv", "size,,\n250,,\n");
    assert_eq!(
        place.first_answer("predict run new.csv --json")["values"],
        answer["values"]
    );
    // One cell that is not empty, and the column is one.
    place.write(
        "table.csv",
        trailing
            .replacen(",\n", ",x\n", 2)
            .replacen(",x\n", ",\n", 1),
    );
    let error = place.fails(&format!("{TRAIN} --target price --run-dir other"));
    assert!(
        error.contains("column \"\": expected a value in every row"),
        "{error}"
    );
    // Without a header it is the last column.
    let no_header = trailing.split_once('\n').unwrap().1;
    let (_, figures) = place.trained(no_header, "--target 2 --no-header");
    assert_eq!(figures["loss"], plain["loss"]);
}

#[test]
fn text_in_another_encoding_is_read_by_its_name() {
    let mut table = "city,label\n".to_owned();
    for i in 0..80 {
        table += &format!("{},{}\n", ["Zürich", "Genève"][i % 2], ["a", "b"][i % 2]);
    }
    let place = Place::new();
    let (_, plain) = place.trained(&table, "--target label");
    let latin1: Vec<u8> = table.chars().map(|c| c as u8).collect();
    place.write("table.csv", &latin1);
    let error = place.fails(&format!("{TRAIN} --target label --run-dir other"));
    let expected = "table.csv, line 2: expected text in UTF-8, found other bytes in cell 1; name the \
                    encoding with --encoding, for example latin1";
    assert!(error.contains(expected), "{error}");
    let (_, figures) = place.trained(&latin1, "--target label --encoding latin1");
    assert_eq!(figures, plain);
    place.succeeds("evaluate run --report again.json");
    assert_eq!(place.json("again.json")["test"], plain);
    let class = |line: &str| place.first_answer(line)["class"].clone();
    assert_eq!(class("predict run table.csv --encoding latin1 --json"), "a");
    assert!(place.fails("predict run table.csv").contains("--encoding"));
    // UTF-16 says so itself.
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(table.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let (_, figures) = place.trained(&utf16, "--target label");
    assert_eq!(figures, plain);
    let error = place.fails(&format!(
        "{TRAIN} --target label --encoding klingon --run-dir other"
    ));
    assert!(error.contains("found \"klingon\""), "{error}");
}

#[test]
fn flags_of_tables_are_refused_for_images() {
    let place = Place::new();
    for flag in [
        "--decimal comma",
        "--thousands point",
        "--na-values x",
        "--date-format %Y-%m-%d",
        "--encoding latin1",
        "--categorical x",
    ] {
        let error = place.fails(&format!("train --dataset sample {flag}"));
        let name = flag.split(' ').next().unwrap();
        let expected = format!("{name} belongs to csv:FILE data sets; leave it out");
        assert!(error.contains(&expected), "{error}");
    }
}
