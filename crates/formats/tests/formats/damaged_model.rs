//! Files that are damaged, forged or of something else: an error, never a panic or a large
//! allocation.

use backprop_formats::{FormatError, ModelInfo, dtype_of, load_parameters};
use backprop_layers::{Sequential, leaky_relu, linear};

use crate::common::{file, le, model_bytes, model_from_bytes, ours, seal, with_version};

fn small() -> Sequential<f32> {
    Sequential::new(2, [linear(3), leaky_relu(0.01), linear(1)], 3).unwrap()
}

fn error(bytes: &[u8]) -> FormatError {
    let mut network = small();
    if let Err(error) = load_parameters(&mut network, "m", bytes) {
        assert!(error.to_string().starts_with('m'), "{error}");
    }
    let _ = dtype_of("m", bytes);
    let error = model_from_bytes::<f64>("m", bytes).map(|_| ());
    error.expect_err("this file cannot be read")
}

fn message(bytes: &[u8]) -> String {
    error(bytes).to_string()
}

#[test]
fn every_change_of_a_byte_and_every_truncation_is_an_error() {
    let mut bytes = model_bytes(&small(), &ModelInfo::default()).unwrap();
    let mut network = small();
    for at in 0..bytes.len() {
        for mask in (0..8).map(|bit| 1 << bit).chain([0x20 ^ b'\n', 0xff]) {
            bytes[at] ^= mask;
            let what = format!("byte {at} changed by {mask:#x}");
            assert!(model_from_bytes::<f32>("m", &bytes).is_err(), "{what}");
            assert!(
                load_parameters(&mut network, "m", &bytes).is_err(),
                "{what}"
            );
            assert!(dtype_of("m", &bytes).is_err(), "{what}");
            bytes[at] ^= mask;
        }
    }
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        assert!(model_from_bytes::<f32>("m", cut).is_err(), "{length}");
        assert!(load_parameters(&mut network, "m", cut).is_err(), "{length}");
    }
    bytes.push(0);
    assert!(model_from_bytes::<f32>("m", &bytes).is_err());
}

#[test]
fn damage_is_located() {
    let mut bytes = model_bytes(&small(), &ModelInfo::default()).unwrap();
    let header = bytes.len() - 13 * 4;
    let text = message(&bytes[..bytes.len() - 1]);
    let expected = format!("byte {header}: the data of the tensors should be 52 bytes but is 51");
    assert!(text.contains(&expected), "{text}");
    assert!(message(b"").contains("byte 0: the file should be at least 8 bytes but is 0 bytes"));
    assert!(message(&[0xff; 20]).contains("byte 0: the header's length should be at most 12"));
    assert!(message(&file("{]", &[])).contains("byte 8: the header should be one of safetensors"));
    *bytes.last_mut().unwrap() ^= 1;
    let text = message(&bytes);
    assert!(
        text.contains("byte 34: the checksum of the file should be "),
        "{text}"
    );
}

#[test]
fn another_version_is_told_apart_from_damage() {
    let error = error(&with_version(ours(&[], &[]), b'2'));
    assert!(matches!(error, FormatError::Version { .. }), "{error}");
    assert!(error.to_string().contains("version 2"), "{error}");
    assert!(error.to_string().contains("reads version 1"), "{error}");
}

#[test]
fn sizes_are_those_of_tensors_that_are_there() {
    let huge = "1000000000000000";
    let layers = format!(r#"[{{"kind":"linear","outputs":{huge}}}]"#);
    let info = ("info", "{}");
    let tensors: [(&str, &[usize]); 2] = [("0.weight", &[3, 2]), ("0.bias", &[3])];

    let bytes = ours(&[("layers", &layers), ("input_width", "2"), info], &tensors);
    assert_eq!(
        message(&bytes),
        format!(
            "m: the parameter 0.weight has the shape ({huge}, 2) but the file's tensor (3, 2); \
             it is of another network"
        )
    );
    let layers = r#"[{"kind":"linear","outputs":3}]"#;
    let bytes = ours(&[("layers", layers), ("input_width", huge), info], &tensors);
    assert!(message(&bytes).contains(&format!("(3, {huge})")));

    let empty: [(&str, &[usize]); 2] = [("0.weight", &[0, 2]), ("0.bias", &[0])];
    let layers = r#"[{"kind":"linear","outputs":0}]"#;
    let bytes = ours(&[("layers", layers), ("input_width", "2"), info], &empty);
    assert!(message(&bytes).contains("layer 0: the number of outputs of a Linear layer is 0"));
    let empty: [(&str, &[usize]); 2] = [("0.weight", &[3, 0]), ("0.bias", &[3])];
    let layers = r#"[{"kind":"linear","outputs":3}]"#;
    let bytes = ours(&[("layers", layers), ("input_width", "0"), info], &empty);
    assert!(message(&bytes).contains("layer 0: the number of inputs of a Linear layer is 0"));

    let header = r#"{"0.weight":{"dtype":"F32","shape":[1000000000000000,4],"#;
    let header = format!(r#"{header}"data_offsets":[0,16000000000000000]}}}}"#);
    assert!(message(&file(&header, &[0; 16])).contains("should be 16000000000000000 bytes"));
}

/// Taken together with the header they overflow.
#[test]
fn offsets_near_the_largest_number_are_an_error() {
    let part = (1_u64 << 61) - 1;
    let tensor = |i: u64, size: u64| {
        let (start, end) = (i * part, i * part + size);
        format!(r#""{i}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{start},{end}]}}"#)
    };
    let tensors: Vec<String> = (0..8).map(|i| tensor(i, part)).collect();
    let text = message(&file(&format!("{{{}}}", tensors.join(",")), &[]));
    assert!(
        text.contains("the data of the tensors should be 18446744073709551608 bytes"),
        "{text}"
    );
    let overflow = r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#;
    assert!(message(&file(overflow, &[])).contains("byte 8: the header"));
}

#[test]
fn hostile_json_is_an_error() {
    for header in [
        "[".repeat(100_000),
        r#"{"a":"#.repeat(100_000),
        "\u{0}".into(),
    ] {
        assert!(message(&file(&header, &[])).contains("byte 8: the header"));
    }
    let long = file(&" ".repeat((1 << 20) + 1), &[]);
    assert!(message(&long).contains("should be at most 1048576 but is 1048577"));
    let cases = [
        ("layers", "[".repeat(1000)),
        ("layers", r#"[{"kind":"quantum"}]"#.to_owned()),
        ("layers", r#"[{"kind":"linear","outputs":-1}]"#.to_owned()),
        ("input_width", "1e3".to_owned()),
        ("info", r#"{"output":"songs"}"#.to_owned()),
    ];
    for (key, value) in cases {
        let mut entries = vec![("layers", "[]"), ("input_width", "2"), ("info", "{}")];
        entries.retain(|(other, _)| *other != key);
        entries.push((key, &value));
        let text = message(&ours(&entries, &[]));
        assert!(
            text.contains(&format!("entry \"{key}\" cannot be read: ")),
            "{text}"
        );
    }
}

#[test]
fn layers_and_descriptions_that_make_no_sense_are_refused() {
    let text = |layers: &str, info: &str| {
        let entries = [("layers", layers), ("input_width", "2"), ("info", info)];
        message(&ours(&entries, &[]))
    };
    assert!(text("[]", "{}").contains("no layers"));
    let dropout = r#"[{"kind":"relu"},{"kind":"dropout","probability":1}]"#;
    assert!(text(dropout, "{}").contains("layer 1: the dropout probability is 1"));
    let relu = r#"[{"kind":"relu"}]"#;
    assert!(text(relu, r#"{"class_names":["a"]}"#).contains("names 1 classes"));
    assert!(text(relu, r#"{"input_scale":0}"#).contains("input scale 0"));
    let bytes = ours(
        &[("layers", relu), ("input_width", "2"), ("info", "{}")],
        &[("9.bias", &[1])],
    );
    assert!(message(&bytes).contains("a tensor 9.bias of shape (1)"));
    assert!(message(&ours(&[], &[])).contains("\"layers\" is missing"));
    assert!(message(&file(r#"{"__metadata__":{"format":"pt"}}"#, &[])).contains("is \"pt\""));
}

#[test]
fn a_checksum_that_cannot_be_found_is_an_error() {
    let text = r#"{"__metadata__":{"format":"backprop","version":"1"}}"#;
    assert!(message(&file(text, &[])).contains("\"crc32\" is missing"));
    let text = r#"{"__metadata__":{"crc32": "00000000"}}"#;
    assert!(message(&file(text, &[])).contains("is not written as"));
    let text = r#"{"__metadata__":{"crc32":""}}"#;
    assert!(message(&file(text, &[])).contains("is not written as"));
}

#[test]
fn values_that_are_not_finite_are_named() {
    let bytes = ours(
        &[
            ("layers", r#"[{"kind":"linear","outputs":2}]"#),
            ("input_width", "1"),
            ("info", "{}"),
        ],
        &[("0.weight", &[2, 1]), ("0.bias", &[2])],
    );
    assert!(model_from_bytes::<f32>("m", &bytes).is_ok());
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bytes = bytes.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&value.to_le_bytes());
        let text = message(&seal(bytes));
        let expected = format!("m: value 1 of the parameter 0.bias is {value}, which is not a");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn number_types_and_ranges_are_checked() {
    let header = |dtype: &str, size: usize| {
        format!(
            r#"{{"0.weight":{{"dtype":"{dtype}","shape":[1,1],"data_offsets":[0,{size}]}},
                 "0.bias":{{"dtype":"{dtype}","shape":[1],"data_offsets":[{size},{0}]}}}}"#,
            2 * size
        )
    };
    let mut network = Sequential::<f32>::new(1, [linear(1)], 0).unwrap();
    let whole = file(&header("I16", 2), &[0; 4]);
    let text = load_parameters(&mut network, "m", &whole)
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "m: the tensor 0.weight is of type I16; convert it to F32, F64, F16 or BF16"
    );
    assert!(dtype_of("m", &whole).is_err());
    // The largest finite values, and infinity.
    for (dtype, largest, value) in [
        ("F16", 0x7bff_u16, 65504.0),
        ("BF16", 0x7f7f, f32::from_bits(0x7f7f_0000)),
    ] {
        let bytes = |bits: u16| {
            file(
                &header(dtype, 2),
                &[0x80_u16, bits].map(u16::to_le_bytes).concat(),
            )
        };
        let half = bytes(largest);
        load_parameters(&mut network, "m", &half).unwrap();
        let found: Vec<f32> = network
            .parameters()
            .flat_map(|(_, p)| p.to_array())
            .collect();
        assert_eq!(found[1], value, "{dtype}");
        assert_eq!(dtype_of("m", &half).unwrap(), "f32");
        let error = load_parameters(&mut network, "m", &bytes(largest + 1)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("value 0 of the parameter 0.bias is inf"),
            "{text}"
        );
    }

    let large = file(&header("F64", 8), &le(&[1.0, 1e300]));
    let text = load_parameters(&mut network, "m", &large)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("value 0 of the parameter 0.bias is 1"),
        "{text}"
    );
    assert!(text.contains("not a finite f32"), "{text}");
    let mut wide = Sequential::<f64>::new(1, [linear(1)], 0).unwrap();
    load_parameters(&mut wide, "m", &large).unwrap();
}
