//! Tables that are refused, and the sentences that say so.

use std::path::Path;

use super::*;

fn refused(text: &str) -> String {
    get_or_parse(text, &y()).unwrap_err().to_string()
}

fn get_or_parse(text: &str, options: &Options) -> Result<Dataset<f64>, DataError> {
    fit(text, options).and_then(|encoding| table(text).dataset(&encoding))
}

#[test]
fn missing_values_are_told_with_line_and_column() {
    let fact = "expected a value in every row";
    for (text, place) in [
        (
            "x,y\n1,a\n,b\n",
            "line 3, column \"x\": ADVICE, found an empty cell",
        ),
        (
            "x,y\n1,a\n2,b\nna,b\n",
            "line 4, column \"x\": ADVICE, found \"na\"",
        ),
        (
            "x,y\n1,a\n\n2,b\n3,b\nNaN,c\n",
            "line 6, column \"x\": ADVICE, found \"NaN\"",
        ),
        (
            "x,z,y\n1,,a\n?,2,b\n",
            "line 2, column \"z\": ADVICE, found an empty cell",
        ),
        (
            "x,c,y\n1,red,a\n2, ,b\n",
            "line 3, column \"c\": ADVICE, found an empty cell",
        ),
    ] {
        assert_eq!(
            refused(text),
            format!(
                "t.csv, {}; set `missing` to `Missing::Mean`",
                place.replace("ADVICE", fact)
            )
        );
    }
    // No target and no weight is made up.
    let options = Options {
        missing: Missing::Mean,
        weights: Some("w".into()),
        ..y()
    };
    for (text, place) in [
        ("x,w,y\n1,1,a\n2,1,  \n", "line 3, column \"y\""),
        ("x,w,y\n1,1,0.5\n2,1,NA\n", "line 3, column \"y\""),
        ("x,w,y\n1,1,a\n2,,b\n", "line 3, column \"w\""),
    ] {
        let message = get_or_parse(text, &options).unwrap_err().to_string();
        let expected = format!("t.csv, {place}: expected a value in every row, found ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn columns_without_a_value_to_go_by_are_told() {
    let options = Options {
        missing: Missing::Mean,
        ..y()
    };
    let message = |text: &str, rows: &[u32]| {
        let table = Table::parse("t.csv", text, Header::Present, Limits::default()).unwrap();
        table.fit(&options, rows).unwrap_err().to_string()
    };
    assert_eq!(
        message("x,z,y\n1,,a\n2,,b\n", &[0, 1]),
        "t.csv, column \"z\": expected a number in at least one training row, found none; leave \
         \"z\" out with `ignore`"
    );
    assert_eq!(
        message("x,z,y\n1,,a\n2,red,b\n", &[0]),
        "t.csv, column \"z\": expected a value in at least one training row, found none; leave \
         \"z\" out with `ignore`"
    );
}

#[test]
fn targets_that_do_not_fit_are_told() {
    let options = |targets: &[&str], kind| Options {
        targets: targets.iter().map(|&name| name.to_owned()).collect(),
        kind,
        ..y()
    };
    let message =
        |text: &str, options: &Options| get_or_parse(text, options).unwrap_err().to_string();
    for (text, targets, kind, expected) in [
        (
            "x,y\n1,a\n2,a\n",
            &["y"][..],
            TargetKind::Guess,
            "t.csv, column \"y\": expected at least two different classes, found \"a\" in every row",
        ),
        (
            "x,y\n1,2.5\n1,many\n",
            &["y"],
            TargetKind::Values,
            "t.csv, line 3, column \"y\": expected a finite number, found \"many\"",
        ),
        (
            "x,y\n1,1.5\n2,inf\n",
            &["y"],
            TargetKind::Guess,
            "t.csv, line 3, column \"y\": expected a finite number, found \"inf\"",
        ),
        (
            "x,y,z\n1,1.5,red\n2,2,blue\n",
            &["y", "z"],
            TargetKind::Guess,
            "t.csv, line 2, column \"z\": expected a finite number, found \"red\"",
        ),
        (
            "x,y,z\n1,1,2\n2,2,3\n",
            &["y", "z"],
            TargetKind::Classes,
            "t.csv, column \"y\": expected one target, for classes, found 2 targets",
        ),
        (
            "x,y\n1,2\n2,3\n",
            &["y", "y"],
            TargetKind::Guess,
            "t.csv, column \"y\": expected a use: target, weights or left out, found it named twice",
        ),
        (
            "x,y\n1,2\n2,3\n",
            &[],
            TargetKind::Guess,
            "t.csv, line 1: expected a target, found none",
        ),
    ] {
        assert_eq!(message(text, &options(targets, kind)), expected);
    }
}

#[test]
fn numbers_that_are_too_large_are_told() {
    assert_eq!(
        refused("x,y\n1,a\ninf,b\n"),
        "t.csv, line 3, column \"x\": expected a finite number, found \"inf\""
    );
    assert_eq!(
        refused("x,y\n1e300,a\n-1e300,b\n"),
        "t.csv, column \"x\": expected numbers whose squares can be added up, found larger ones"
    );
    let encoding = fit("x,y\n1,a\n2,b\n", &y()).unwrap();
    let error = table("x\n1e300\n").features::<f32>(&encoding).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 2, column \"x\": expected a number that is finite over the deviation 0.5 \
         (f32), found \"1e300\""
    );
    assert!(table("x\n1e300\n").features::<f64>(&encoding).is_ok());
}

#[test]
fn too_many_values_of_a_text_are_told_at_its_first_text() {
    let mut text = "x,y\n".to_owned();
    for i in 0..300 {
        text += &match i % 2 {
            0 => format!("{i}.5,b\n"),
            _ => format!("n{i},a\n"),
        };
    }
    assert_eq!(
        refused(&text),
        "t.csv, line 3, column \"x\": expected numbers, or text of at most 256 different values, \
         found \"n1\"; leave \"x\" out with `ignore`"
    );
}

#[test]
fn bad_rows_and_headers_are_told() {
    for (text, expected) in [
        (
            "",
            "line 1: expected a header row that names the columns, found an empty file",
        ),
        (
            "x,y\n",
            "line 2: expected at least one row below the header, found none",
        ),
        (
            "x,y\n1,a\n1,a,2\n",
            "line 3: expected 2 cells, as in the header, found 3",
        ),
        (
            "a,b\n1,a\n",
            "line 1: expected a column named \"y\", found a, b",
        ),
        (
            "5.1,setosa\n4.9,setosa\n",
            "line 1: expected a column named \"y\", found 5.1, setosa; if that is a row, set \
             `header` to `Header::Absent`",
        ),
        (
            "x,x,y\n1,1,a\n",
            "line 1: expected a different name for each column, found two columns named \"x\"",
        ),
        (
            "y\n1\n",
            "line 1: expected a column besides the target, the weights and those left out, found \
             none",
        ),
    ] {
        assert_eq!(refused(text), format!("t.csv, {expected}"));
    }
    let wide: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    assert!(
        refused(&wide.join(",")).contains("line 1: expected at most 16384 columns, found 20000")
    );
    let error = Table::parse(
        "t.csv",
        *b"x,y\n1,a\n1,\xff\n",
        Header::Present,
        Limits::default(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "t.csv, line 3: expected text in UTF-8, found other bytes in cell 2; name its `encoding`, \
         such as \"latin1\""
    );
    let open = format!("x,y\n1,\"a\n{}", "b".repeat(2 << 20));
    assert!(refused(&open).contains("expected a row of at most 1048576 bytes, found a longer one"));
}

#[test]
fn a_name_means_nothing_where_there_is_no_header() {
    let parse = |text: &str| Table::parse("t.csv", text, Header::Absent, Limits::default());
    let fit = |target: &str| {
        parse("1,2\n3,4\n")
            .unwrap()
            .fit(&Options::new(target), &[0, 1])
    };
    for target in ["price", "0", "3"] {
        assert_eq!(
            fit(target).unwrap_err().to_string(),
            format!(
                "t.csv, line 1: expected the number of a column, from 1 to 2, as there is no \
                 header, found \"{target}\""
            )
        );
    }
    assert_eq!(
        parse("").unwrap_err().to_string(),
        "t.csv, line 1: expected at least one row, found an empty file"
    );
    assert_eq!(
        parse("1,2\n3\n").unwrap_err().to_string(),
        "t.csv, line 2: expected 2 cells, as in the first row, found 1"
    );
}

#[test]
fn later_rows_that_do_not_fit_are_told() {
    let encoding = fit("x,colour,y\n1,red,a\n3,blue,b\n", &y()).unwrap();
    let features = |text: &str| {
        table(text)
            .features::<f64>(&encoding)
            .unwrap_err()
            .to_string()
    };
    for (text, expected) in [
        (
            "x,colour\ntall,red\n",
            "line 2, column \"x\": expected a finite number, found \"tall\"",
        ),
        (
            "x,colour\n1,red\n1,mauve\n",
            "line 3, column \"colour\": expected one of the 2 values of the training rows (blue, \
             red), found \"mauve\"; set `unknown` to `Unknown::Zeros`",
        ),
        (
            "x,colour\n1,\n",
            "line 2, column \"colour\": expected a value in every row, as in training, found an \
             empty cell; set `missing` to `Missing::Mean`",
        ),
        (
            "x,colour\nNA,red\n",
            "line 2, column \"x\": expected a value in every row, as in training, found \"NA\"; \
             set `missing` to `Missing::Mean`",
        ),
        (
            "colour\nred\n",
            "line 1: expected a column named \"x\", found colour",
        ),
    ] {
        assert_eq!(features(text), format!("t.csv, {expected}"));
    }
    let dataset = table("x,colour,y\n1,red,c\n").dataset::<f64>(&encoding);
    assert_eq!(
        dataset.unwrap_err().to_string(),
        "t.csv, line 2, column \"y\": expected one of the 2 classes of the model (a, b), found \"c\""
    );
}

#[test]
fn weights_that_make_no_sense_are_told() {
    let options = Options {
        weights: Some("w".into()),
        ..y()
    };
    let message = |text| get_or_parse(text, &options).unwrap_err().to_string();
    assert_eq!(
        message("w,x,y\n0.5,1,a\n-1,1,b\n"),
        "t.csv, line 3, column \"w\": expected a weight, a finite number of at least 0, found \"-1\""
    );
    assert_eq!(
        message("w,x,y\n1,1,a\nheavy,1,b\n"),
        "t.csv, line 3, column \"w\": expected a finite number, found \"heavy\""
    );
    assert!(message("x,y\n1,a\n").contains("expected a column named \"w\", found x, y"));
    let both = Options {
        weights: Some("y".into()),
        ..y()
    };
    let message = get_or_parse("x,y\n1,2\n", &both).unwrap_err().to_string();
    assert!(
        message.contains("column \"y\": expected a use"),
        "{message}"
    );
}

#[test]
fn an_encoding_that_makes_no_sense_is_refused() {
    let good = fit("x,c,y\n1,red,a\n3,blue,b\n", &y()).unwrap();
    let json = serde_json::to_string(&good).unwrap();
    for (from, to, problem) in [
        (
            "\"deviation\":1.0",
            "\"deviation\":0.0",
            "the mean 2 and the deviation 0",
        ),
        (
            "\"deviation\":1.0",
            "\"deviation\":-1.0",
            "the mean 2 and the deviation -1",
        ),
        (
            "\"column\":\"c\"",
            "\"column\":\"x\"",
            "has two columns named \"x\"",
        ),
        (
            "[\"blue\",\"red\"]",
            "[\"red\",\"blue\"]",
            "does not sort the values of \"c\"",
        ),
        (
            "[\"blue\",\"red\"]",
            "[]",
            "does not sort the values of \"c\"",
        ),
        (
            "[\"a\",\"b\"]",
            "[\"a\",\"a\"]",
            "does not sort the classes of \"y\"",
        ),
        (
            "[\"a\",\"b\"]",
            "[\"10\",\"9\"]",
            "does not sort the classes of \"y\"",
        ),
        (
            "\"columns\":3",
            "\"columns\":2",
            "says that there are 2 columns",
        ),
    ] {
        assert!(json.contains(from), "{json}");
        let bad: TableEncoding = serde_json::from_str(&json.replace(from, to)).unwrap();
        let message = table("x,c,y\n1,red,a\n")
            .features::<f64>(&bad)
            .unwrap_err()
            .to_string();
        assert!(message.contains(problem), "{message}");
        assert!(table("x,c,y\n1,red,a\n").dataset::<f64>(&bad).is_err());
    }
    assert!(
        serde_json::from_str::<TableEncoding>(&json.replace("\"mean\":2.0", "\"mean\":1e400"))
            .is_err()
    );
    assert!(
        serde_json::from_str::<TableEncoding>(&json.replace("\"columns\"", "\"rows\"")).is_err()
    );
}

#[test]
#[should_panic(expected = "row 2 of a table of 2 rows")]
fn rows_out_of_range_are_a_mistake_of_the_program() {
    let _ = table("x,y\n1,a\n2,b\n").fit(&y(), &[0, 2]);
}

#[test]
fn limits_hold_for_the_file_and_for_its_encoding() {
    let mut text = "x,y\n".to_owned();
    for i in 0..200 {
        text += &format!("c{i},{}\n", i % 2);
    }
    let limited = |max_bytes| {
        let limits = Limits { max_bytes };
        let table = Table::parse("t.csv", text.clone(), Header::Present, limits)?;
        let encoding = table.fit(&y(), &(0..200).collect::<Vec<_>>())?;
        table.dataset::<f64>(&encoding)
    };
    let needed = text.len() as u64 + 200 * (200 + 2) * 8;
    assert!(limited(needed).is_ok());
    let message = limited(needed - 1).unwrap_err().to_string();
    assert!(
        message.contains(&format!("more than the limit of {}", needed - 1)),
        "{message}"
    );
    // Fitting stops before the lists of values grow beyond what could be encoded.
    let in_f32 = text.len() as u64 + 200 * 200 * 4;
    let limits = Limits {
        max_bytes: in_f32 - 1,
    };
    let table = Table::parse("t.csv", text.clone(), Header::Present, limits).unwrap();
    let error = table.fit(&y(), &(0..200).collect::<Vec<_>>()).unwrap_err();
    assert!(matches!(error, DataError::TooLarge { needed, .. } if needed == in_f32));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, &text).unwrap();
    let size = text.len() as u64;
    let read = |path: &Path, max_bytes| Table::read(path, Header::Present, Limits { max_bytes });
    let message = read(&path, size - 1).unwrap_err().to_string();
    assert!(
        message.contains(&format!("t.csv asks for {size} bytes of memory")),
        "{message}"
    );
    assert_eq!(read(&path, size).unwrap().len(), 200);
    let message = read(folder.path(), size).unwrap_err().to_string();
    assert!(message.contains("is a folder"), "{message}");
}

#[test]
fn truncations_and_changed_bytes_never_panic() {
    let text = "x,\"co,l\",y\r\n1.5,\"re\"\"d\",a\r\n-2,blue,b\r\n".as_bytes();
    let fitted = fit(std::str::from_utf8(text).unwrap(), &y()).unwrap();
    let all = |bytes: &[u8]| {
        for header in [Header::Present, Header::Absent] {
            let Ok(table) = Table::parse("t.csv", bytes, header, Limits::default()) else {
                continue;
            };
            for target in ["y", "2"] {
                let encoding = table.fit(&Options::new(target), &[0]);
                let _ = encoding.and_then(|encoding| table.dataset::<f64>(&encoding));
            }
            let _ = table.features::<f64>(&fitted);
        }
    };
    for at in 0..text.len() {
        all(&text[..at]);
        for flip in 1..=255 {
            let mut text = text.to_vec();
            text[at] ^= flip;
            all(&text);
        }
    }
}
