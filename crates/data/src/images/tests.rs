use super::*;
use crate::idx::{Idx, Values};
use crate::{Batch, DataError, Limits};

fn pictures(shape: &[usize], pixels: Vec<u8>) -> Idx {
    Idx {
        shape: shape.to_vec(),
        values: Values::U8(pixels),
    }
}

fn labels(values: Values) -> Idx {
    Idx {
        shape: vec![values.len()],
        values,
    }
}

fn labeled(images: Idx, labels: Idx) -> Result<LabeledImages, DataError> {
    LabeledImages::from_arrays(("images", images), ("labels", labels))
}

/// The features of a row, as bytes.
fn row(dataset: &crate::Dataset<f64>, row: u32) -> Vec<u8> {
    let mut batch = Batch::new();
    dataset.gather(&[row], &mut batch);
    let inputs = batch.inputs();
    inputs.iter().map(|x| (255.0 * x).round() as u8).collect()
}

#[test]
fn labels_count_from_any_number() {
    for (values, names, kept, of_rows) in [
        (
            Values::U8(vec![1, 3, 2, 3]),
            vec!["1", "2", "3"],
            vec![1, 2, 3],
            [0, 2, 1, 2],
        ),
        (
            Values::I32(vec![0, 1, 2, 0]),
            vec!["0", "1", "2"],
            vec![],
            [0, 1, 2, 0],
        ),
        (
            Values::I16(vec![-5, 300, 7, 7]),
            vec!["-5", "7", "300"],
            vec![-5, 7, 300],
            [0, 2, 1, 1],
        ),
        (
            Values::I8(vec![-1, 0, 0, 0]),
            vec!["-1", "0"],
            vec![-1, 0],
            [0, 1, 1, 1],
        ),
    ] {
        let images = labeled(pictures(&[4, 1, 2], vec![0; 8]), labels(values)).unwrap();
        let classes = images.classes().unwrap();
        assert_eq!(classes.names, names);
        assert_eq!(classes.labels, kept);
        let dataset = images.dataset::<f64>(&classes).unwrap();
        let mut batch = Batch::new();
        dataset.gather(&[0, 1, 2, 3], &mut batch);
        assert_eq!(batch.class_labels(), Some(&of_rows[..]));
        assert_eq!(dataset.image_encoding().unwrap().labels, kept);
        assert_eq!(dataset.class_names(), Some(&classes.names[..]));
    }
}

#[test]
fn a_label_that_is_no_class_is_told_with_its_place() {
    let train = labeled(
        pictures(&[2, 1, 1], vec![0; 2]),
        labels(Values::U8(vec![1, 2])),
    );
    let classes = train.unwrap().classes().unwrap();
    let wide = Idx {
        shape: vec![3, 8],
        values: Values::I32(
            (0..24)
                .map(|i| if i == 16 { 9 } else { i % 8 + 1 })
                .collect(),
        ),
    };
    let test = labeled(pictures(&[3, 1, 1], vec![0; 3]), wide).unwrap();
    let error = test.dataset::<f32>(&classes).unwrap_err().to_string();
    assert_eq!(
        error,
        "labels, byte 76: expected a label from 1 to 2, found 9 for picture 2; check that the files are \
         named in the order IMAGES,LABELS"
    );
}

#[test]
fn the_first_of_several_columns_is_the_label() {
    let wide = Idx {
        shape: vec![2, 3],
        values: Values::I32(vec![4, 0, 1, 9, 5, 5]),
    };
    let images = labeled(pictures(&[2, 1, 1], vec![0; 2]), wide).unwrap();
    assert_eq!(images.classes().unwrap().labels, [4, 9]);
}

#[test]
fn transposing_exchanges_rows_and_columns_and_keeps_channels_together() {
    let pixels: Vec<u8> = (0..24).collect();
    for (shape, expected) in [
        (&[2, 3, 4][..], vec![0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
        (&[2, 2, 3, 2], vec![0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]),
    ] {
        let images = labeled(
            pictures(shape, pixels.clone()),
            labels(Values::U8(vec![0, 1])),
        );
        let images = images.unwrap();
        let classes = images.classes().unwrap();
        let plain = images.clone().dataset::<f64>(&classes).unwrap();
        let twice = images.clone().transposed().transposed();
        let twice = twice.dataset::<f64>(&classes).unwrap();
        assert_eq!(row(&plain, 1), row(&twice, 1));
        let dataset = images.transposed().dataset::<f64>(&classes).unwrap();
        assert_eq!(row(&dataset, 0), expected);
        let encoding = dataset.image_encoding().unwrap();
        assert_eq!((encoding.width, encoding.height), (shape[1], shape[2]));
    }
}

#[test]
fn the_edges_tell_drawings_from_photographs() {
    let of = |pixels: [u8; 9], channels: usize| {
        let pixels = pixels
            .iter()
            .flat_map(|&x| vec![x; channels])
            .collect::<Vec<u8>>();
        let images = pictures(&[2, 3, 3, channels], [pixels.clone(), pixels].concat());
        let images = labeled(images, labels(Values::U8(vec![0, 1]))).unwrap();
        let classes = images.classes().unwrap();
        let dataset = images.dataset::<f32>(&classes).unwrap();
        dataset.image_encoding().unwrap().background
    };
    let black = [0, 8, 0, 0, 255, 3, 200, 200, 200];
    assert_eq!(of(black, 1), Some(Background::Black));
    assert_eq!(of(black.map(|x| 255 - x), 1), Some(Background::White));
    assert_eq!(of([0, 0, 0, 0, 255, 99, 200, 200, 200], 1), None);
    assert_eq!(of(black, 3), None);
}

#[test]
fn arrays_of_another_shape_or_type_are_refused() {
    let good = || pictures(&[2, 1, 1], vec![0; 2]);
    let two = || labels(Values::U8(vec![0, 1]));
    let array = |shape: &[usize], values: Values| Idx {
        shape: shape.to_vec(),
        values,
    };
    for (images, labels, expected) in [
        (
            array(&[2, 1], Values::U8(vec![0; 2])),
            two(),
            "images, byte 4: expected pictures: a shape",
        ),
        (
            array(&[2, 0, 1], Values::U8(vec![])),
            two(),
            "found (2, 0, 1)",
        ),
        (
            array(&[0, 1, 1], Values::U8(vec![])),
            two(),
            "found (0, 1, 1)",
        ),
        (
            array(&[2, 1, 1], Values::F32(vec![0.0; 2])),
            two(),
            "images, byte 2: expected pixels of type u8 (08), found f32",
        ),
        (
            good(),
            array(&[1, 2, 1], Values::U8(vec![0; 2])),
            "labels, byte 4: expected labels: a shape (n)",
        ),
        (good(), array(&[2, 0], Values::U8(vec![])), "found (2, 0)"),
        (
            good(),
            labels(Values::U8(vec![0; 3])),
            "as many labels as there are pictures in images, 2, found 3 labels",
        ),
        (
            good(),
            labels(Values::F64(vec![0.0; 2])),
            "labels, byte 2: expected labels that are whole numbers: u8, i8, i16 or i32, found f64",
        ),
    ] {
        let error = labeled(images, labels).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let same = labeled(good(), labels(Values::U8(vec![7, 7]))).unwrap();
    let error = same.classes().unwrap_err().to_string();
    assert!(
        error.contains("labels of 2 to 10000 classes, found 7 for every picture"),
        "{error}"
    );
    let many = 10_001;
    let all = labels(Values::I32((0..many).collect()));
    let images = pictures(&[many as usize, 1, 1], vec![0; many as usize]);
    let error = labeled(images, all)
        .unwrap()
        .classes()
        .unwrap_err()
        .to_string();
    assert!(error.contains("found 10001 different labels"), "{error}");
}

#[test]
fn names_are_read_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let read = |bytes: &[u8]| {
        let file = folder.path().join("names.txt");
        std::fs::write(&file, bytes).unwrap();
        read_names(&file, Limits { max_bytes: 100 })
    };
    let names = read("\u{feff}A\r\n b c \n\u{e9}\n\n\n".as_bytes()).unwrap();
    assert_eq!(names, ["A", "b c", "\u{e9}"]);
    for (bytes, expected) in [
        (
            &b"a\n\nb\n"[..],
            "line 2: expected the name of a class that no other line has, found an empty line",
        ),
        (
            b"a\nb\na",
            "line 3: expected the name of a class that no other line has, found \"a\" as in line 1",
        ),
        (b"a\n\xff", "byte 2: expected text in UTF-8"),
        (&[b'x'; 101], "asks for 101 bytes"),
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let classes = Classes {
        labels: vec![1, 2],
        names: vec!["1".into(), "2".into()],
    };
    let error = classes
        .with_names(vec!["a".into()])
        .unwrap_err()
        .to_string();
    assert!(error.contains("1 names for 2 classes"), "{error}");
}

#[test]
fn an_encoding_is_checked_against_the_network() {
    let good = ImageEncoding {
        labels: vec![3, 5],
        ..ImageEncoding::drawings(2, 3)
    };
    assert!(good.check(6, 2).is_ok());
    let with = |labels: &[i64]| ImageEncoding {
        labels: labels.to_vec(),
        ..good.clone()
    };
    for (encoding, width, classes, expected) in [
        (
            good.clone(),
            7,
            2,
            "says 2 x 3 pixels with 1 channels, which is not a row of 7 features",
        ),
        (good.clone(), 6, 3, "has 2 labels for 3 classes"),
        (with(&[5, 3]), 6, 2, "has labels that do not ascend"),
        (with(&[5, 5]), 6, 2, "has labels that do not ascend"),
        (
            ImageEncoding {
                width: usize::MAX,
                ..good.clone()
            },
            6,
            2,
            "which is not a row of 6",
        ),
        (
            ImageEncoding {
                channels: 0,
                ..good.clone()
            },
            0,
            2,
            "which is not a row of 0",
        ),
    ] {
        let error = encoding.check(width, classes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let wide = with(&[i64::MIN, i64::MAX]);
    let classes = Classes {
        labels: wide.labels,
        names: vec!["a".into(), "b".into()],
    };
    assert!(
        classes.describe().starts_with("one of the labels -9223"),
        "{classes:?}"
    );
    let text = serde_json::to_string(&good).unwrap();
    assert_eq!(
        text,
        r#"{"width":2,"height":3,"channels":1,"background":"black","labels":[3,5]}"#
    );
    assert_eq!(serde_json::from_str::<ImageEncoding>(&text).unwrap(), good);
}

#[cfg(feature = "png")]
#[test]
fn a_picture_becomes_the_inputs_of_any_encoding() {
    let image = |width: usize, height: usize, channels: usize, pixels: &[u8]| {
        Image::new(width, height, channels, pixels.to_vec()).unwrap()
    };
    let black = ImageEncoding::drawings(3, 2);
    let white = ImageEncoding {
        background: Some(Background::White),
        ..black.clone()
    };
    let photo = ImageEncoding {
        background: None,
        ..black.clone()
    };
    let color = ImageEncoding {
        channels: 3,
        ..photo.clone()
    };
    let (dark, light) = ([255, 255, 255, 255, 9, 255], [0, 0, 0, 0, 246, 0]);
    let of = |encoding: &ImageEncoding, pixels: &[u8]| {
        encoding.inputs("p", image(3, 2, 1, pixels)).unwrap()
    };
    // As it is, drawn the encoding's way round.
    assert_eq!(
        (of(&black, &dark), of(&black, &light)),
        (light.to_vec(), light.to_vec())
    );
    assert_eq!(
        (of(&white, &dark), of(&white, &light)),
        (dark.to_vec(), dark.to_vec())
    );
    assert_eq!(
        (of(&photo, &dark), of(&photo, &light)),
        (dark.to_vec(), light.to_vec())
    );
    assert_eq!(
        of(&color, &dark)[9..],
        [255, 255, 255, 9, 9, 9, 255, 255, 255]
    );
    // Of another size: a drawing is fitted, on its background; all else is scaled.
    let square = |x: usize, y: usize| if x < 30 && y < 30 { 0 } else { 255 };
    let large: Vec<u8> = (0..4800).map(|at| square(at % 80, at / 80)).collect();
    for (field, background) in [
        (ImageEncoding::drawings(42, 56), 0),
        (
            ImageEncoding {
                background: Some(Background::White),
                ..ImageEncoding::drawings(42, 56)
            },
            255,
        ),
    ] {
        let inputs = field.inputs("p", image(80, 60, 1, &large)).unwrap();
        let at = |x: usize, y: usize| inputs[42 * y + x];
        assert_eq!(
            [at(0, 0), at(5, 28), at(36, 28), at(21, 12), at(21, 43)],
            [background; 5]
        );
        assert_eq!([at(6, 13), at(35, 42)], [255 - background; 2]);
    }
    let scaled = photo.inputs("p", image(6, 4, 1, &[40; 24])).unwrap();
    assert_eq!(scaled, [40; 6]);
    let red = image(1, 1, 3, &[255, 0, 0]);
    assert_eq!(photo.inputs("p", red.clone()).unwrap(), [76; 6]);
    assert_eq!(color.inputs("p", red).unwrap(), [255, 0, 0].repeat(6));
    let blank = black
        .inputs("p", image(9, 9, 1, &[8; 81]))
        .unwrap_err()
        .to_string();
    assert!(blank.contains("p is blank"), "{blank}");
    for (width, height) in [(0, 5), (5, 0), (usize::MAX, 2)] {
        let empty = ImageEncoding::drawings(width, height);
        let error = empty
            .inputs("p", image(3, 2, 1, &dark))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("which is not a row of 0 features"),
            "{error}"
        );
    }
    let two = ImageEncoding {
        channels: 2,
        ..photo
    };
    let error = two
        .inputs("p", image(1, 1, 1, &[8]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("rows of 3 x 2 pixels with 2 values each; give an IDX file"),
        "{error}"
    );
}

#[cfg(feature = "png")]
#[test]
fn a_folder_is_read_in_turns_in_the_order_of_its_names_and_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    for (file, shade) in [
        ("b/10.png", 1),
        ("b/9.png", 2),
        ("b/.png", 9),
        ("a/z.PNG", 3),
        ("Z/x", 4),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), 2, 1);
        encoder.set_color(png::ColorType::Grayscale);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&[shade, 0])
            .unwrap();
    }
    let listed = list_folder(folder.path()).unwrap();
    let counts = listed.iter().map(|class| (&*class.name, class.files.len()));
    assert_eq!(counts.collect::<Vec<_>>(), [("Z", 1), ("a", 1), ("b", 2)]);
    let images = LabeledImages::from_folder(folder.path(), Limits { max_bytes: 1 << 20 }).unwrap();
    let dataset = images.clone().dataset(&images.classes().unwrap()).unwrap();
    let shades: Vec<Vec<u8>> = (0..4).map(|at| row(&dataset, at)).collect();
    assert_eq!(shades, [[1, 0], [4, 0], [3, 0], [2, 0]]);
    // A class of a model is found by its name, wherever it stands.
    let known = Classes {
        labels: Vec::new(),
        names: ["b", "Z", "c", "a"].map(String::from).to_vec(),
    };
    let mut batch = Batch::new();
    let dataset = images.dataset::<f64>(&known).unwrap();
    dataset.gather(&[0, 1, 2, 3], &mut batch);
    assert_eq!(batch.class_labels(), Some(&[0, 1, 3, 0][..]));
    let error = LabeledImages::from_folder(folder.path(), Limits { max_bytes: 7 });
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("bytes of memory, more than the limit of 7"),
        "{error}"
    );
}
