use super::*;
use crate::Batch;

fn get(text: &str, options: &Options) -> Result<Table<f64>, DataError> {
    parse("t.csv", text.as_bytes(), options)
}

fn refused(text: &str) -> String {
    get(text, &Options::new("y")).unwrap_err().to_string()
}

fn batch(table: &Table<f64>) -> Batch<f64> {
    let rows: Vec<u32> = (0..table.dataset.len() as u32).collect();
    let mut batch = Batch::new();
    table.dataset.gather(&rows, &mut batch);
    batch
}

#[test]
fn numbers_stay_and_text_becomes_one_feature_for_each_value() {
    let text = "x, colour ,y,n\n1.5,red,yes,-3\n2,blue,no,4e1\n -0.5 ,red,no,5\n";
    let table = get(text, &Options::new("y")).unwrap();
    assert_eq!(table.feature_names, ["x", "colour=blue", "colour=red", "n"]);
    assert_eq!(table.dataset.class_names().unwrap(), ["no", "yes"]);
    let batch = batch(&table);
    assert_eq!(
        batch.inputs(),
        ndarray::array![
            [1.5, 0.0, 1.0, -3.0],
            [2.0, 1.0, 0.0, 40.0],
            [-0.5, 0.0, 1.0, 5.0]
        ]
    );
    assert_eq!(batch.classes().unwrap(), [1, 0, 0]);
    assert_eq!(batch.weights(), None);
}

#[test]
fn whole_numbers_are_classes_in_the_order_of_numbers() {
    let table = get("x,y\n1,10\n1,9\n1,-1\n1,09\n", &Options::new("y")).unwrap();
    assert_eq!(table.dataset.class_names().unwrap(), ["-1", "9", "10"]);
    assert_eq!(batch(&table).classes().unwrap(), [2, 1, 0, 1]);
}

#[test]
fn other_numbers_are_values_and_so_are_too_many_whole_ones() {
    let table = get("x,y\n1,10\n1,0.5\n", &Options::new("y")).unwrap();
    assert_eq!(table.dataset.classes(), None);
    assert_eq!(
        batch(&table).values().unwrap(),
        ndarray::array![[10.0], [0.5]]
    );

    let many = |count: usize, prefix: &str| {
        (0..count).fold("x,y\n".to_owned(), |text, i| {
            text + &format!("1,{prefix}{i}\n")
        })
    };
    let classes = |text: &str| get(text, &Options::new("y")).unwrap().dataset.classes();
    assert_eq!(classes(&many(1000, "")), Some(1000));
    assert_eq!(classes(&many(1001, "")), None);
    assert_eq!(classes(&many(1000, "c")), Some(1000));
    assert_eq!(
        refused(&many(1001, "c")),
        "t.csv, line 1002, column \"y\": expected at most 1000 different classes, found \"c1000\""
    );
}

#[test]
fn the_kind_of_the_target_can_be_said() {
    let kind = |kind| Options {
        kind,
        ..Options::new("y")
    };
    let text = "x,y\n1,250\n1,300\n";
    let table = get(text, &kind(TargetKind::Values)).unwrap();
    assert_eq!(
        batch(&table).values().unwrap(),
        ndarray::array![[250.0], [300.0]]
    );
    let table = get("x,y\n1,2.5\n1,0.5\n1,2.5\n", &kind(TargetKind::Classes)).unwrap();
    assert_eq!(table.dataset.class_names().unwrap(), ["0.5", "2.5"]);
    let error = get("x,y\n1,2.5\n1,many\n", &kind(TargetKind::Values)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 3, column \"y\": expected a finite number, found \"many\""
    );
}

#[test]
fn a_column_of_weights_is_no_feature() {
    let options = Options {
        weights: Some("w".into()),
        ..Options::new("y")
    };
    let table = get("w,x,y\n0.5,1,a\n2,1,b\n", &options).unwrap();
    assert_eq!(table.feature_names, ["x"]);
    assert_eq!(batch(&table).weights().unwrap(), [0.5, 2.0]);
    let message = |text| get(text, &options).unwrap_err().to_string();
    assert_eq!(
        message("w,x,y\n0.5,1,a\n-1,1,b\n"),
        "t.csv, line 3, column \"w\": expected a weight, a finite number of at least 0, found \"-1\""
    );
    assert!(message("w,x,y\nheavy,1,a\n").contains("line 2, column \"w\""));
    assert!(message("x,y\n1,a\n").contains("expected a column named \"w\", found x, y"));
    let both = Options {
        weights: Some("y".into()),
        ..Options::new("y")
    };
    assert!(
        get("x,y\n1,2\n", &both)
            .unwrap_err()
            .to_string()
            .contains("\"y\" named as both")
    );
}

#[test]
fn bad_cells_are_told_with_line_and_column() {
    assert_eq!(
        refused("x,y\n1,a\n,b\n"),
        "t.csv, line 3, column \"x\": expected a value in every row, found an empty cell"
    );
    assert_eq!(
        refused("x,y\n1,a\n2,  \n"),
        "t.csv, line 3, column \"y\": expected a value in every row, found an empty cell"
    );
    assert_eq!(
        refused("x,y\n1,a\n\n2,b\n3,b\nNaN,c\n"),
        "t.csv, line 6, column \"x\": expected a finite number, found \"NaN\""
    );
    assert_eq!(
        refused("x,y\n1,1.5\n2,inf\n"),
        "t.csv, line 3, column \"y\": expected a finite number, found \"inf\""
    );
    let error = parse::<f32>("t.csv", b"x,y\n1e300,a\n", &Options::new("y")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 2, column \"x\": expected a finite number (f32), found \"1e300\""
    );
}

#[test]
fn too_many_values_of_a_text_are_told_at_its_first_text() {
    let mut text = "x,y\n".to_owned();
    for i in 0..300 {
        text += &if i == 7 {
            "oops,a\n".to_owned()
        } else {
            format!("{i}.5,a\n")
        };
    }
    assert_eq!(
        refused(&text),
        "t.csv, line 9, column \"x\": expected numbers, or text of at most 256 different values, \
         found \"oops\""
    );
}

#[test]
fn bad_rows_and_headers_are_told() {
    assert_eq!(
        refused(""),
        "t.csv, line 1: expected a header row that names the columns, found an empty file"
    );
    assert_eq!(
        refused("x,y\n"),
        "t.csv, line 2: expected at least one row below the header, found none"
    );
    assert_eq!(
        refused("x,y\n1,a\n1,a,2\n"),
        "t.csv, line 3: expected 2 cells, as in the header, found 3"
    );
    assert_eq!(
        refused("a,b\n1,a\n"),
        "t.csv, line 1: expected a column named \"y\", found a, b"
    );
    assert_eq!(
        refused("x,x,y\n1,1,a\n"),
        "t.csv, line 1: expected a different name for each column, found two columns named \"x\""
    );
    assert_eq!(
        refused("y\n1\n"),
        "t.csv, line 1: expected a column besides the target and the weights, found none"
    );
    let wide: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    assert!(refused(&wide.join(",")).contains("line 1: expected at most 16384 columns"));
    let error = parse::<f64>("t.csv", b"x,y\n1,a\n1,\xff\n", &Options::new("y")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 3: expected text in UTF-8, found other bytes in cell 2"
    );
    let open = format!("x,y\n1,\"a\n{}", "b".repeat(2 << 20));
    assert!(refused(&open).contains("expected a row of at most 1048576 bytes, found a longer one"));
}

#[test]
fn limits_hold_for_the_file_and_for_its_encoding() {
    let mut text = "x,y\n".to_owned();
    for i in 0..200 {
        text += &format!("c{i},a\n");
    }
    let limited = |max_bytes| Options {
        limits: Limits { max_bytes },
        ..Options::new("y")
    };
    let needed = text.len() as u64 + 200 * (200 + 2) * 8;
    assert!(get(&text, &limited(needed)).is_ok());
    let message = get(&text, &limited(needed - 1)).unwrap_err().to_string();
    assert!(
        message.contains(&format!("more than the limit of {}", needed - 1)),
        "{message}"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, &text).unwrap();
    let size = text.len() as u64;
    let message = read::<f32>(&path, &limited(size - 1))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains(&format!("t.csv asks for {size} bytes of memory")),
        "{message}"
    );
    assert_eq!(
        read::<f32>(&path, &Options::new("y"))
            .unwrap()
            .dataset
            .width(),
        200
    );
    assert!(
        read::<f32>(folder.path(), &Options::new("y"))
            .unwrap_err()
            .to_string()
            .contains("is a folder")
    );
}

#[test]
fn truncations_and_changed_bytes_never_panic() {
    let text = "x,\"co,l\",y\r\n1.5,\"re\"\"d\",a\r\n-2,blue,b\r\n".as_bytes();
    assert!(parse::<f64>("t.csv", text, &Options::new("y")).is_ok());
    for at in 0..text.len() {
        let _ = parse::<f64>("t.csv", &text[..at], &Options::new("y"));
        for flip in 1..=255 {
            let mut text = text.to_vec();
            text[at] ^= flip;
            let _ = parse::<f64>("t.csv", &text, &Options::new("y"));
        }
    }
}
