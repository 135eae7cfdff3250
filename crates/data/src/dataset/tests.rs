use super::*;
use crate::Batch;

fn classes(labels: &[u32], classes: usize) -> Targets<f64> {
    Targets::Classes {
        labels: labels.to_vec(),
        num_classes: classes,
    }
}

/// One feature, the row's number, and the class row % 3.
fn numbered(rows: usize) -> Dataset<f64> {
    let values = (0..rows).map(|row| row as f64).collect();
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 3).collect();
    Dataset::from_values(1, values, classes(&labels, 3)).unwrap()
}

fn all_inputs(dataset: &Dataset<f64>) -> Vec<f64> {
    let rows: Vec<u32> = (0..dataset.len() as u32).collect();
    let mut batch = Batch::new();
    dataset.gather(&rows, &mut batch);
    batch.inputs().iter().copied().collect()
}

#[test]
fn what_does_not_fit_together_is_told() {
    let cases: [(Result<Dataset<f64>, DataError>, &str); 13] = [
        (
            Dataset::from_values(0, vec![1.0], classes(&[0], 1)),
            "the width of a row is 0; it must be at least 1",
        ),
        (
            Dataset::from_values(2, vec![1.0; 5], classes(&[0], 1)),
            "5 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            Dataset::from_bytes(2, vec![1; 5], classes(&[0], 1)),
            "5 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            Dataset::from_bytes(2, vec![1; 6], classes(&[0, 0], 1)),
            "3 rows of features but 2 of labels; give each row its label",
        ),
        (
            Dataset::from_bytes(1, vec![1; 3], classes(&[0, 2, 3], 3)),
            "row 2 has label 3, but there are 3 classes, from 0; mend the label",
        ),
        (
            Dataset::from_bytes(1, vec![], classes(&[], 0)),
            "the number of classes is 0; it must be at least 1",
        ),
        (
            Dataset::from_values(2, vec![1.0, 2.0, 3.0, f64::NAN], classes(&[0, 0], 1)),
            "feature 1 of row 1 is NaN; it must be a finite number",
        ),
        (
            Dataset::from_bytes(
                1,
                vec![1],
                Targets::Values {
                    width: 0,
                    values: vec![],
                },
            ),
            "the target's width is 0; it must be at least 1",
        ),
        (
            Dataset::from_bytes(
                1,
                vec![1],
                Targets::Values {
                    width: 2,
                    values: vec![1.0; 3],
                },
            ),
            "3 target values do not make whole rows of 2; give a multiple of 2",
        ),
        (
            Dataset::from_bytes(
                1,
                vec![1],
                Targets::Values {
                    width: 1,
                    values: vec![f64::INFINITY],
                },
            ),
            "target value 0 of row 0 is inf; it must be a finite number",
        ),
        (
            numbered(2).with_weights(vec![1.0]),
            "1 weights for 2 rows; give each row its weight",
        ),
        (
            numbered(2).with_weights(vec![0.0, -0.5]),
            "the weight of row 1 is -0.5; it must be a finite number of at least 0",
        ),
        (
            numbered(2).with_class_names(vec!["a".into(), "b".into()]),
            "2 names for 3 classes; give each class its name",
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let message = numbered(1).with_weights(vec![odd]).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("the weight of row 0 is {odd}")),
            "{message}"
        );
        assert!(Dataset::from_values(1, vec![odd], classes(&[0], 1)).is_err());
    }
}

#[test]
fn only_classes_have_names_and_balance() {
    let values = Targets::Values {
        width: 2,
        values: vec![1.0, 2.0],
    };
    let dataset = Dataset::<f64>::from_bytes(1, vec![9], values).unwrap();
    assert_eq!((dataset.num_classes(), dataset.target_width()), (None, 2));
    assert_eq!(dataset.class_counts(), None);
    let message = dataset
        .clone()
        .with_class_names(vec![])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("have no names; use a data set with classes"),
        "{message}"
    );
    let message = dataset.with_balanced_weights().unwrap_err().to_string();
    assert!(
        message.contains("the labels are values, not classes"),
        "{message}"
    );
}

#[test]
fn bytes_are_scaled_to_one_while_they_are_gathered() {
    fn check<T: Scalar>() {
        let labels = Targets::Classes {
            labels: vec![0],
            num_classes: 1,
        };
        let dataset = Dataset::<T>::from_bytes(256, (0..=255).collect(), labels).unwrap();
        let mut batch = Batch::new();
        dataset.gather(&[0], &mut batch);
        for (byte, &input) in batch.inputs().iter().enumerate() {
            assert_eq!(input, T::from_f64(byte as f64) * T::from_f64(1.0 / 255.0));
        }
        assert_eq!(batch.inputs()[[0, 0]], T::zero());
        assert_eq!(batch.inputs()[[0, 255]], T::one());
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_batch_holds_the_rows_asked_for_in_their_order() {
    let labels = Targets::Values {
        width: 2,
        values: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5],
    };
    let dataset = Dataset::from_values(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], labels)
        .unwrap()
        .with_weights(vec![1.0, 0.0, 3.0])
        .unwrap();
    let mut batch = Batch::new();
    dataset.gather(&[2, 0, 2], &mut batch);
    assert_eq!(batch.rows(), 3);
    assert_eq!(
        batch.inputs(),
        ndarray::array![[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]
    );
    assert_eq!(
        batch.values().unwrap(),
        ndarray::array![[2.0, 2.5], [0.0, 0.5], [2.0, 2.5]]
    );
    assert_eq!(batch.weights(), Some(&[3.0, 1.0, 3.0][..]));
    assert_eq!(batch.class_labels(), None);

    // The same batch, smaller and of another kind: nothing of before is left.
    numbered(5).gather(&[4], &mut batch);
    assert_eq!(batch.inputs(), ndarray::array![[4.0]]);
    assert_eq!(
        (batch.class_labels(), batch.weights()),
        (Some(&[1][..]), None)
    );
    assert!(batch.values().is_none());

    numbered(5).gather(&[], &mut batch);
    assert_eq!((batch.rows(), batch.inputs().dim()), (0, (0, 1)));
    assert_eq!(
        (
            Batch::<f64>::new().rows(),
            Batch::<f64>::new().inputs().dim()
        ),
        (0, (0, 0))
    );
}

#[test]
fn gathering_moves_no_buffer_after_the_largest_batch() {
    let dataset = numbered(100).with_balanced_weights().unwrap();
    let rows: Vec<u32> = (0..100).collect();
    let mut batch = Batch::new();
    dataset.gather(&rows, &mut batch);
    let places = |batch: &Batch<f64>| {
        (
            batch.inputs().as_ptr(),
            batch.class_labels().unwrap().as_ptr(),
            batch.weights().unwrap().as_ptr(),
        )
    };
    let before = places(&batch);
    for count in [1, 50, 0, 100, 99] {
        dataset.gather(&rows[..count], &mut batch);
        assert_eq!(places(&batch), before);
    }
}

#[test]
#[should_panic(expected = "row 3 of a data set of 3 rows")]
fn a_row_out_of_range_is_refused() {
    numbered(9).limit(3).gather(&[0, 3], &mut Batch::new());
}

#[test]
fn a_split_is_disjoint_complete_in_order_and_the_same_for_the_same_key() {
    let dataset = numbered(103);
    for fraction in [0.01, 0.2, 0.5, 0.99] {
        let (train, validation) = dataset.split(fraction, 4).unwrap();
        assert_eq!(validation.len(), (fraction * 103.0).round() as usize);
        let (train, validation) = (all_inputs(&train), all_inputs(&validation));
        assert!(train.is_sorted() && validation.is_sorted());
        let mut both = [&train[..], &validation[..]].concat();
        both.sort_by(f64::total_cmp);
        assert_eq!(both, all_inputs(&dataset));

        let again = dataset.split(fraction, 4).unwrap();
        assert_eq!(
            (all_inputs(&again.0), all_inputs(&again.1)),
            (train.clone(), validation)
        );
        let other = dataset.split(fraction, 5).unwrap();
        assert_ne!(all_inputs(&other.0), train);
    }
}

#[test]
fn a_split_that_leaves_nothing_is_told() {
    let message = |rows, fraction| numbered(rows).split(fraction, 0).unwrap_err().to_string();
    for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let expected =
            format!("the fraction to hold out is {fraction}; it must be above 0 and below 1");
        assert_eq!(message(10, fraction), expected);
    }
    assert_eq!(
        message(10, 0.04),
        "holding out 0.04 of 10 rows means 0 rows, and leaves one side empty; choose another \
         fraction or give more rows"
    );
    assert!(message(10, 0.96).starts_with("holding out 0.96 of 10 rows means 10 rows"));
    assert!(message(1, 0.5).contains("leaves one side empty"));
    assert!(message(0, 0.5).contains("means 0 rows"));
}

#[test]
fn selections_take_their_weights_and_names_along() {
    let names = ["a", "b", "c"].map(String::from).to_vec();
    let dataset = numbered(6).with_class_names(names.clone()).unwrap();
    let dataset = dataset
        .with_weights(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
        .unwrap();
    let odd = dataset.select(&[5, 3, 1]);
    assert_eq!(all_inputs(&odd), [5.0, 3.0, 1.0]);
    assert_eq!(odd.class_names(), Some(&names[..]));
    assert_eq!(odd.class_counts(), Some(vec![1, 1, 1]));
    let mut batch = Batch::new();
    odd.limit(2).gather(&[1, 0], &mut batch);
    assert_eq!(batch.weights(), Some(&[3.0, 5.0][..]));
    assert_eq!(odd.limit(100).len(), 3);
    assert!(odd.limit(0).is_empty());
}

/// By hand: 6 rows, classes 0 (3 rows), 1 (1 row), 3 (2 rows); class 2 is empty.
/// 6 / (3 * 3), 6 / (3 * 1), 6 / (3 * 2).
#[test]
fn balanced_weights_are_those_computed_by_hand() {
    let labels = classes(&[0, 0, 1, 3, 0, 3], 4);
    let dataset = Dataset::<f64>::from_bytes(1, vec![0; 6], labels).unwrap();
    assert_eq!(dataset.class_counts(), Some(vec![3, 1, 0, 2]));
    let balanced = dataset.with_balanced_weights().unwrap();
    let mut batch = Batch::new();
    balanced.gather(&[0, 1, 2, 3, 4, 5], &mut batch);
    let third = 6.0 / 9.0;
    assert_eq!(
        batch.weights(),
        Some(&[third, third, 2.0, 1.0, third, 1.0][..])
    );

    // Of a selection, its own rows count: 4 / (2 * 3) and 4 / (2 * 1).
    let some = balanced
        .select(&[0, 1, 4, 2])
        .with_balanced_weights()
        .unwrap();
    some.gather(&[0, 3], &mut batch);
    assert_eq!(batch.weights(), Some(&[4.0 / 6.0, 2.0][..]));
}

#[test]
fn debug_prints_no_data() {
    let text = format!("{:?}", numbered(10_000));
    assert_eq!(
        text,
        "Dataset { rows: 10000, width: 1, target_width: 3, classes: true, weights: false }"
    );
}

#[test]
fn two_data_sets_joined_are_the_rows_of_both() {
    let (one, two) = (numbered(4).select(&[3, 1]), numbered(3));
    let joined = one.concat(&two).unwrap();
    assert_eq!(all_inputs(&joined), [3.0, 1.0, 0.0, 1.0, 2.0]);
    assert_eq!(joined.class_counts(), Some(vec![2, 2, 1]));
    let mut batch = Batch::new();
    joined.gather(&[0, 4, 1], &mut batch);
    assert_eq!(batch.class_labels(), Some(&[0, 2, 1][..]));

    let weighted = |data: Dataset<f64>, weight| {
        let weights = vec![weight; data.len()];
        data.with_weights(weights).unwrap()
    };
    let joined = weighted(one.clone(), 2.0).concat(&weighted(two.clone(), 3.0));
    joined.unwrap().gather(&[1, 2], &mut batch);
    assert_eq!(batch.weights(), Some(&[2.0, 3.0][..]));

    let values = |bytes, width| {
        let values = vec![0.5; width];
        Dataset::<f64>::from_bytes(1, bytes, Targets::Values { width, values }).unwrap()
    };
    let bytes = Dataset::from_bytes(1, vec![7], classes(&[0], 3)).unwrap();
    let wide = Dataset::from_values(2, vec![1.0; 2], classes(&[0], 3)).unwrap();
    let fewer = Dataset::from_values(1, vec![1.0], classes(&[0], 1)).unwrap();
    for (one, two, expected) in [
        (&two, &wide, "the width of a row"),
        (&two, &bytes, "whether features are bytes or numbers"),
        (&two, &fewer, "what is to be learnt about a row"),
        (
            &bytes,
            &values(vec![1], 1),
            "what is to be learnt about a row",
        ),
        (
            &two,
            &weighted(two.clone(), 1.0),
            "whether rows have weights",
        ),
    ] {
        let error = one.concat(two).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let joined = values(vec![1], 1).concat(&values(vec![2], 1)).unwrap();
    assert_eq!((joined.len(), joined.target_width()), (2, 1));
}
