use std::fs;

use backprop_data::idx::{Idx, Values};

use super::files::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use super::load::SIDE;
use super::*;

/// A folder with a tiny data set in it: two images each, labels 3 and 9.
fn tiny(variant: Variant) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(variant.name())).unwrap();
    for (images, labels) in [(TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS)] {
        put(
            &dir,
            variant,
            images,
            vec![2, SIDE, SIDE],
            Values::U8(vec![51; 2 * SIDE * SIDE]),
        );
        put(&dir, variant, labels, vec![2], Values::U8(vec![3, 9]));
    }
    dir
}

fn put(dir: &tempfile::TempDir, variant: Variant, name: &str, shape: Vec<usize>, values: Values) {
    let bytes = Idx { shape, values }.to_bytes().unwrap();
    fs::write(dir.path().join(variant.name()).join(name), bytes).unwrap();
}

/// The error of loading, without the folder.
fn refused(dir: &tempfile::TempDir) -> String {
    let error = load::<f32>(dir.path(), Variant::Mnist)
        .unwrap_err()
        .to_string();
    let folder = dir.path().join("mnist").display().to_string();
    error
        .replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "")
        .replace(&folder, "FOLDER")
}

#[test]
fn both_data_sets_are_loaded_plain_or_packed() {
    use std::io::Write;
    for variant in [Variant::Mnist, Variant::FashionMnist] {
        let dir = tiny(variant);
        let path = dir.path().join(variant.name()).join(TRAIN_LABELS);
        let packed = fs::File::create(path.with_extension("gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
        packed.write_all(&fs::read(&path).unwrap()).unwrap();
        packed.finish().unwrap();
        fs::remove_file(path).unwrap();

        assert!(is_present(&dir, variant));
        let (train, test) = load::<f64>(&dir, variant).unwrap();
        assert_eq!((train.len(), test.len()), (2, 2));
        assert_eq!((train.width(), train.num_classes()), (784, Some(10)));
        assert_eq!(
            train.class_counts().unwrap(),
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
        );
        assert_eq!(train.class_names().unwrap(), variant.class_names());
    }
}

#[test]
fn a_missing_file_is_told() {
    let dir = tiny(Variant::Mnist);
    assert!(is_present(&dir, Variant::Mnist) && !is_present(&dir, Variant::FashionMnist));
    fs::remove_file(dir.path().join("mnist").join(TEST_LABELS)).unwrap();
    assert!(!is_present(&dir, Variant::Mnist));
    assert_eq!(
        refused(&dir),
        "FOLDER holds neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz; download the \
         data set into it first"
    );
}

#[test]
fn a_folder_in_place_of_a_file_is_told() {
    let dir = tiny(Variant::Mnist);
    let path = dir.path().join("mnist").join(TEST_LABELS);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!is_present(&dir, Variant::Mnist));
    assert_eq!(
        refused(&dir),
        "t10k-labels-idx1-ubyte is a folder; name a file in it"
    );
}

#[test]
fn arrays_that_are_not_mnist_are_told() {
    let cases: [(&str, Vec<usize>, Values, &str); 7] = [
        (
            TRAIN_IMAGES,
            vec![2, 28, 27],
            Values::U8(vec![0; 2 * 28 * 27]),
            "train-images-idx3-ubyte, byte 4: expected at least one image: a shape (n, 28, 28), \
             found (2, 28, 27); the file is none of the data set's",
        ),
        (
            TRAIN_IMAGES,
            vec![0, 28, 28],
            Values::U8(vec![]),
            "train-images-idx3-ubyte, byte 4: expected at least one image: a shape (n, 28, 28), \
             found (0, 28, 28); the file is none of the data set's",
        ),
        (
            TRAIN_IMAGES,
            vec![1, 28, 28],
            Values::F32(vec![0.0; 784]),
            "train-images-idx3-ubyte, byte 2: expected elements of type u8 (08), found f32; the file is none of the data set's",
        ),
        (
            TRAIN_LABELS,
            vec![2],
            Values::I8(vec![0, 1]),
            "train-labels-idx1-ubyte, byte 2: expected elements of type u8 (08), found i8; the file is none of the data set's",
        ),
        (
            TEST_LABELS,
            vec![2, 1],
            Values::U8(vec![0, 1]),
            "t10k-labels-idx1-ubyte, byte 4: expected a list of labels: a shape (n), found (2, 1); \
             the file is none of the data set's",
        ),
        (
            TEST_LABELS,
            vec![3],
            Values::U8(vec![0, 1, 2]),
            "t10k-labels-idx1-ubyte, byte 4: expected as many labels as there are images in \
             t10k-images-idx3-ubyte, 2, found labels and images of different count: 3 labels; the file is none of the data set's",
        ),
        (
            TEST_LABELS,
            vec![2],
            Values::U8(vec![9, 10]),
            "t10k-labels-idx1-ubyte, byte 9: expected labels from 0 to 9, found 10 at label 1; \
             the file is none of the data set's",
        ),
    ];
    for (file, shape, values, expected) in cases {
        let dir = tiny(Variant::Mnist);
        put(&dir, Variant::Mnist, file, shape, values);
        assert_eq!(refused(&dir), expected);
    }
}

#[test]
fn the_tables_hold_hashes() {
    for variant in [Variant::Mnist, Variant::FashionMnist] {
        for file in variant.files() {
            for hash in [file.gz_sha256, file.raw_sha256] {
                assert_eq!(hash.len(), 64);
                assert!(
                    hash.bytes()
                        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                );
            }
        }
    }
}

#[cfg(feature = "sample")]
#[test]
fn the_sample_is_the_beginning_of_mnist() {
    let (train, test) = sample::<f64>();
    assert_eq!((train.len(), test.len()), (5000, 1000));
    assert_eq!(
        train.class_counts().unwrap(),
        [479, 563, 488, 493, 535, 434, 501, 550, 462, 495]
    );
    assert_eq!(
        test.class_counts().unwrap(),
        [85, 126, 116, 107, 110, 87, 87, 99, 89, 94]
    );

    use approx::assert_abs_diff_eq;
    let mut batch = backprop_data::Batch::new();
    train.gather(&[0, 1, 2, 3, 4], &mut batch);
    assert_eq!(batch.class_labels().unwrap(), [5, 0, 4, 1, 9]);
    // The sum of the first image's pixels, added up by another program.
    assert_abs_diff_eq!(
        batch.inputs().row(0).sum() * 255.0,
        27_525.0,
        epsilon = 1e-6
    );
    test.gather(&[0, 1, 2], &mut batch);
    assert_eq!(batch.class_labels().unwrap(), [7, 2, 1]);
    assert_abs_diff_eq!(
        batch.inputs().row(0).sum() * 255.0,
        18_454.0,
        epsilon = 1e-6
    );
}
