//! The features and targets that a table becomes.

use approx::assert_abs_diff_eq;
use ndarray::array;

use super::*;

#[test]
fn numbers_are_standardised_and_text_becomes_one_feature_for_each_value() {
    // Mean 3 and deviation 2 of x; mean 5 and deviation 1 of n.
    let text = "x, colour ,y,n\n1,red,yes,4\n5,blue,no,0.6e1\n 1 ,red,no,4\n5,blue,no,6\n";
    let encoding = fit(text, &y()).unwrap();
    assert_eq!(
        encoding.feature_names(),
        ["x", "colour=blue", "colour=red", "n"]
    );
    assert_eq!(encoding.width(), 4);
    let dataset = get(text, &y()).unwrap();
    assert_eq!(dataset.class_names().unwrap(), ["no", "yes"]);
    let batch = batch(&dataset);
    let expected = array![
        [-1.0, 0.0, 1.0, -1.0],
        [1.0, 1.0, 0.0, 1.0],
        [-1.0, 0.0, 1.0, -1.0],
        [1.0, 1.0, 0.0, 1.0]
    ];
    assert_eq!(batch.inputs(), expected);
    assert_eq!(batch.class_labels().unwrap(), [1, 0, 0, 0]);
    assert_eq!(batch.weights(), None);
}

#[test]
fn what_is_fitted_is_that_of_the_training_rows_alone() {
    let text = "x,colour,y\n1,red,1.5\n1e6,mauve,1e9\n3,blue,2.5\n";
    let options = Options {
        unknown: Unknown::Zeros,
        ..y()
    };
    let encoding = table(text).fit(&options, &[0, 2]).unwrap();
    let number = |column: &str, mean, deviation| NumericColumn {
        column: column.into(),
        mean,
        deviation,
        format: NumberFormat::default(),
    };
    let colours = Feature::Categories {
        column: "colour".into(),
        values: vec!["blue".into(), "red".into()],
    };
    assert_eq!(
        encoding.features,
        [Feature::Number(number("x", 2.0, 1.0)), colours]
    );
    assert_eq!(encoding.target, Target::Values(vec![number("y", 2.0, 0.5)]));
    let batch = batch(&table(text).dataset(&encoding).unwrap());
    assert_eq!(batch.inputs().row(0), array![-1.0, 0.0, 1.0]);
    assert_eq!(batch.inputs().row(1), array![999_998.0, 0.0, 0.0]);
}

#[test]
fn a_constant_column_is_zero_and_not_divided_by_zero() {
    let dataset = get("x,z,y\n0.1,1,a\n0.1,2,b\n0.1,3,b\n", &y()).unwrap();
    assert_eq!(batch(&dataset).inputs().column(0), array![0.0, 0.0, 0.0]);
}

#[test]
fn targets_of_values_are_standardised_and_come_back() {
    let text = "x,y,z\n1,10,0.5\n2,20,0.5\n3,60,0.5\n";
    let options = Options {
        targets: vec!["z".into(), "y".into()],
        ..y()
    };
    let encoding = fit(text, &options).unwrap();
    assert_eq!(encoding.target.columns(), ["z", "y"]);
    assert_eq!(encoding.feature_names(), ["x"]);
    let batch = batch(&get(text, &options).unwrap());
    let values = batch.values().unwrap();
    let (mean, deviation) = (30.0, (1400.0_f64 / 3.0).sqrt());
    assert_eq!(values.column(0), array![0.0, 0.0, 0.0]);
    assert_abs_diff_eq!(values[[2, 1]], (60.0 - mean) / deviation, epsilon = 1e-15);
    let mut back: Vec<f64> = values.iter().copied().collect();
    encoding.inverse_transform(&mut back);
    let original = [0.5, 10.0, 0.5, 20.0, 0.5, 60.0];
    assert_abs_diff_eq!(back[..], original[..], epsilon = 1e-12);
}

#[test]
fn whole_numbers_are_classes_in_the_order_of_numbers() {
    let dataset = get("x,y\n1,10\n1,9\n1,-1\n1,09\n1,9.0\n", &y()).unwrap();
    assert_eq!(dataset.class_names().unwrap(), ["-1", "9", "10"]);
    assert_eq!(batch(&dataset).class_labels().unwrap(), [2, 1, 0, 1, 1]);
}

#[test]
fn other_numbers_are_values_and_so_are_whole_ones_of_many_values() {
    let many = |count: usize, prefix: &str| {
        (0..count).fold("x,y\n".to_owned(), |text, i| {
            text + &format!("{i},{prefix}{i}\n")
        })
    };
    let classes = |text: &str| get(text, &y()).unwrap().num_classes();
    assert_eq!(classes("x,y\n1,10\n1,0.5\n"), None);
    assert_eq!(classes(&many(20, "")), Some(20));
    assert_eq!(classes(&many(21, "")), None);
    assert_eq!(classes(&many(1000, "c")), Some(1000));
    let as_classes = Options {
        kind: TargetKind::Classes,
        ..y()
    };
    assert_eq!(
        get(&many(1000, ""), &as_classes).unwrap().num_classes(),
        Some(1000)
    );
    for text in [many(1001, "c"), many(1001, "")] {
        let message = get(&text, &as_classes).unwrap_err().to_string();
        let expected = "line 1002, column \"y\": expected at most 1000 different classes, found \"";
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_kind_of_the_target_can_be_said() {
    let kind = |kind| Options { kind, ..y() };
    let text = "x,y\n1,250\n1,300\n";
    let dataset = get(text, &kind(TargetKind::Values)).unwrap();
    assert_eq!(batch(&dataset).values().unwrap(), array![[-1.0], [1.0]]);
    let dataset = get("x,y\n1,2.5\n1,0.5\n1,2.5\n", &kind(TargetKind::Classes)).unwrap();
    assert_eq!(dataset.class_names().unwrap(), ["0.5", "2.5"]);
}

#[test]
fn a_column_of_weights_is_no_feature_and_may_be_missing_later() {
    let options = Options {
        weights: Some("w".into()),
        ..y()
    };
    let text = "w,x,y\n0.5,1,a\n2,1,b\n";
    let encoding = fit(text, &options).unwrap();
    assert_eq!(encoding.feature_names(), ["x"]);
    let dataset = table(text).dataset::<f64>(&encoding).unwrap();
    assert_eq!(batch(&dataset).weights().unwrap(), [0.5, 2.0]);
    let dataset = table("x,y\n1,a\n").dataset::<f64>(&encoding).unwrap();
    assert_eq!(batch(&dataset).weights(), None);
}

#[test]
fn columns_can_be_left_out_whatever_they_hold() {
    let options = Options {
        ignore: vec!["id".into(), "note".into()],
        ..y()
    };
    let mut text = "id,x,note,y\n".to_owned();
    for i in 0..300 {
        text += &format!("n{i},{i},,{}\n", i % 2);
    }
    let encoding = fit(&text, &options).unwrap();
    assert_eq!(
        (encoding.feature_names(), encoding.columns),
        (vec!["x".into()], 4)
    );
    assert_eq!(table(text).dataset::<f64>(&encoding).unwrap().width(), 1);
}

#[test]
fn what_is_missing_becomes_the_mean_or_no_value() {
    let options = Options {
        missing: Missing::Mean,
        ..y()
    };
    let text = "x,c,y\n1,red,a\n,blue,b\n3,,b\nNA,red,a\n?,NA,a\n";
    let encoding = fit(text, &options).unwrap();
    // Among text "NA" is a text like any other.
    assert_eq!(encoding.feature_names(), ["x", "c=NA", "c=blue", "c=red"]);
    let batch = batch(&table(text).dataset(&encoding).unwrap());
    assert_eq!(batch.inputs().column(0), array![-1.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(batch.inputs().row(2), array![1.0, 0.0, 0.0, 0.0]);
    assert_eq!(batch.inputs().row(4), array![0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_column_of_nothing_but_question_marks_is_text() {
    let dataset = get("x,c,y\n1,?,a\n2,?,b\n", &y()).unwrap();
    assert_eq!(batch(&dataset).inputs().column(1), array![1.0, 1.0]);
}

#[test]
fn later_rows_are_encoded_as_those_of_the_training() {
    let text = "x,colour,y\n1,red,2.5\n3,blue,4.5\n";
    let encoding = fit(text, &y()).unwrap();
    // Another order, a column more, and no target.
    let later = table("extra,colour,x\nabc,blue,1\n,red,7\n");
    let features = later.features::<f64>(&encoding).unwrap();
    assert_eq!(features, array![[-1.0, 1.0, 0.0], [5.0, 0.0, 1.0]]);
    // The same rows give the same bits, one by one.
    let one = table("colour,x\nred,7\n")
        .features::<f64>(&encoding)
        .unwrap();
    assert_eq!(one.row(0), features.row(1));
    assert_eq!(later.features::<f32>(&encoding).unwrap()[[1, 0]], 5.0);
}

#[test]
fn columns_without_names_are_known_by_number() {
    let parse = |text: &str| Table::parse("t.csv", text, Header::Absent, Limits::default());
    let text = "4,1,red\n6,3,blue\n8,2,red\n";
    let whole = parse(text).unwrap();
    assert_eq!(
        (whole.names(), whole.len()),
        (&["1", "2", "3"].map(str::to_owned)[..], 3)
    );
    let options = Options {
        kind: TargetKind::Values,
        ..Options::new("2")
    };
    let encoding = whole.fit(&options, &[0, 1, 2]).unwrap();
    assert_eq!(encoding.feature_names(), ["1", "3=blue", "3=red"]);
    let features = whole.features::<f64>(&encoding).unwrap();
    assert_eq!(features.column(0)[1], 0.0);
    // Without the target, features close ranks.
    let alone = parse("4,red\n6,blue\n8,red\n").unwrap();
    assert_eq!(alone.features::<f64>(&encoding).unwrap(), features);
    assert_eq!(
        alone.dataset::<f64>(&encoding).unwrap_err().to_string(),
        "t.csv, line 1: expected 3 columns, as in training, found 2"
    );
    let message = parse("4\n")
        .unwrap()
        .features::<f64>(&encoding)
        .unwrap_err();
    assert_eq!(
        message.to_string(),
        "t.csv, line 1: expected 3 columns, as in training, or the 2 of features alone, found 1"
    );
}

#[test]
fn semicolons_tabs_and_a_byte_order_mark_are_taken_as_meant() {
    for text in [
        "x;c;y\n1;a,b;u\n2;c;v\n",
        "x\tc\ty\n1\ta,b\tu\n2\tc\tv\n",
        "\u{feff}x,c,y\r\n1,\"a,b\",u\r\n2,c,v\r\n",
    ] {
        let encoding = fit(text, &y()).unwrap();
        assert_eq!(encoding.feature_names(), ["x", "c=a,b", "c=c"], "{text:?}");
    }
}

#[test]
fn an_encoding_goes_through_json_without_a_change() {
    let options = Options {
        missing: Missing::Mean,
        weights: Some("w".into()),
        ..y()
    };
    for (target, kind) in [("y", TargetKind::Guess), ("x", TargetKind::Values)] {
        let options = Options {
            targets: vec![target.into()],
            kind,
            ..options.clone()
        };
        let text = "x,c,w,y\n0.1,red,1,a\n0.30000000000000004,blue,1,b\n7e-9,red,1,a\n";
        let encoding = fit(text, &options).unwrap();
        let json = serde_json::to_value(&encoding).unwrap();
        assert_eq!(
            serde_json::from_value::<TableEncoding>(json).unwrap(),
            encoding
        );
    }
}

/// Models hold this text: a change of it makes them unreadable.
#[test]
fn the_json_of_an_encoding_is_pinned() {
    let text = "x,c,y\n1,red,2\n3,blue,5\n";
    let json = serde_json::to_string(&fit(text, &y()).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"header":"present","columns":3,"features":[{"number":{"column":"x","mean":2.0,"deviation":1.0}},{"categories":{"column":"c","values":["blue","red"]}}],"target":{"classes":{"column":"y","values":["2","5"]}},"weights":null,"missing":"refuse","unknown":"refuse"}"#
    );
    let values = Options {
        kind: TargetKind::Values,
        ..y()
    };
    let json = serde_json::to_value(fit(text, &values).unwrap().target).unwrap();
    assert_eq!(
        json.to_string(),
        r#"{"values":[{"column":"y","deviation":1.5,"mean":3.5}]}"#
    );
}

#[test]
fn counts_are_divided_by_their_mean_and_come_back() {
    let options = Options {
        kind: TargetKind::Counts,
        ..Options::new("y")
    };
    // The mean of the training rows, 2, and not that of all rows.
    let counts = table("x,y\n1,0\n2,4\n3,9\n");
    let encoding = counts.fit(&options, &[0, 1]).unwrap();
    let dataset = counts.dataset::<f64>(&encoding).unwrap();
    assert_eq!(
        batch(&dataset).values().unwrap(),
        array![[0.0], [2.0], [4.5]]
    );
    let mut rates = [1.0, 0.5];
    encoding.inverse_transform(&mut rates);
    assert_eq!(rates, [2.0, 1.0]);
    let zeros = fit("x,y\n1,0\n2,0\n", &options).unwrap();
    let mut rates = [3.0];
    zeros.inverse_transform(&mut rates);
    assert_eq!(rates, [3.0]);
    // A row that is not trained on, too.
    let negative = table("x,y\n1,0\n2,-1\n").fit(&options, &[0]);
    let said = negative.unwrap_err().to_string();
    assert!(
        said.contains("line 3") && said.contains("a count of at least 0"),
        "{said}"
    );
}
