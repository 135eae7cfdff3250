//! Arrays that are written and read again.

use super::tests::{get, gzip};
use super::*;

fn one_of_each() -> Vec<Values> {
    vec![
        Values::U8(vec![0, 1, 2, 127, 128, 255]),
        Values::I8(vec![0, 1, -1, 127, -128, 5]),
        Values::I16(vec![0, 1, -2, i16::MAX, i16::MIN, 5]),
        Values::I32(vec![0, 1, -2, i32::MAX, i32::MIN, 5]),
        Values::F32(vec![
            0.0,
            -1.5,
            f32::MIN_POSITIVE,
            f32::MAX,
            f32::INFINITY,
            5.0,
        ]),
        Values::F64(vec![
            0.0,
            -1.5,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::INFINITY,
            5.0,
        ]),
    ]
}

#[test]
fn all_types_come_back_plain_and_packed_from_bytes_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.idx");
    for values in one_of_each() {
        for shape in [
            vec![6],
            vec![2, 3],
            vec![1, 3, 1, 2],
            vec![1; 250].into_iter().chain([6]).collect(),
        ] {
            let array = Idx {
                shape,
                values: values.clone(),
            };
            let plain = array.to_bytes().unwrap();
            for bytes in [gzip(&plain), plain] {
                assert_eq!(get(&bytes).unwrap(), array);
                std::fs::write(&path, &bytes).unwrap();
                assert_eq!(read(&path, Limits::default()).unwrap(), array);
            }
        }
    }
}

#[test]
fn no_dimensions_are_one_element_and_a_zero_dimension_none() {
    let one = Idx {
        shape: vec![],
        values: Values::I16(vec![-2]),
    };
    assert_eq!(one.to_bytes().unwrap(), [0, 0, 0x0b, 0, 0xff, 0xfe]);
    assert_eq!(get(&one.to_bytes().unwrap()).unwrap(), one);

    let most = u32::MAX as usize;
    let none = Idx {
        shape: vec![most, most, most, 0],
        values: Values::F64(vec![]),
    };
    assert_eq!(get(&none.to_bytes().unwrap()).unwrap(), none);
    assert!(none.values.is_empty());
}

#[test]
fn contents_longer_than_a_chunk_come_back() {
    let count = 200_003;
    let bytes = Idx {
        shape: vec![count],
        values: Values::U8((0..count).map(|i| i as u8).collect()),
    };
    let wide = Idx {
        shape: vec![count],
        values: Values::F64((0..count).map(|i| i as f64).collect()),
    };
    for array in [bytes, wide] {
        let plain = array.to_bytes().unwrap();
        for bytes in [gzip(&plain), plain] {
            let found = get(&bytes).unwrap();
            assert_eq!(found, array);
            // The memory doubles while bytes come, and ends with as many elements as there are.
            let capacity = match &found.values {
                Values::U8(values) => values.capacity(),
                Values::F64(values) => values.capacity(),
                other => panic!("{}", other.type_name()),
            };
            assert_eq!(capacity, count);
        }
    }
}

#[test]
fn several_gzip_members_are_one_file() {
    let array = Idx {
        shape: vec![3],
        values: Values::U8(vec![7, 8, 9]),
    };
    let plain = array.to_bytes().unwrap();
    let members = [gzip(&plain[..5]), gzip(&[]), gzip(&plain[5..])].concat();
    assert_eq!(get(&members).unwrap(), array);
}

#[test]
fn what_idx_cannot_hold_is_not_written() {
    let refused = |shape: Vec<usize>, count| {
        let array = Idx {
            shape,
            values: Values::U8(vec![0; count]),
        };
        array.to_bytes().unwrap_err().to_string()
    };
    let begin = "the IDX array cannot be written: ";
    assert_eq!(
        refused(vec![2, 3], 5),
        format!("{begin}5 values do not fill the shape (2, 3)")
    );
    assert_eq!(
        refused(vec![1; 256], 1),
        format!("{begin}256 dimensions, at most 255")
    );
    if let Ok(long) = usize::try_from(1_u64 << 32) {
        let expected = format!("{begin}a dimension of 4294967296, at most 4294967295");
        assert_eq!(refused(vec![long], 0), expected);
    }
    let full = Idx {
        shape: vec![1],
        values: Values::U8(vec![0]),
    }
    .write_to("disk", &mut [0; 3][..]);
    assert!(
        full.unwrap_err()
            .to_string()
            .starts_with("disk cannot be written: ")
    );
}

#[test]
fn values_know_their_number_and_their_type() {
    let values = one_of_each();
    let names: Vec<&str> = values.iter().map(Values::type_name).collect();
    assert_eq!(names, ["u8", "i8", "i16", "i32", "f32", "f64"]);
    for values in values {
        assert_eq!((values.len(), values.is_empty()), (6, false));
    }
}

#[test]
fn shapes_of_more_than_eight_dimensions_are_cut_short_in_messages() {
    assert_eq!(describe_shape(&[]), "()");
    assert_eq!(
        describe_shape(&[1, 2, 3, 4, 5, 6, 7, 8]),
        "(1, 2, 3, 4, 5, 6, 7, 8)"
    );
    assert_eq!(describe_shape(&[9; 9]), "(9, 9, 9, 9, 9, 9, 9, 9, ...)");
}
