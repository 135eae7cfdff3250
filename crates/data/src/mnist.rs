//! MNIST and Fashion-MNIST: their files, and reading them.
//!
//! Both have 60,000 training and 10,000 test images of 28 x 28 grey pixels in ten classes, in four
//! IDX files of the same names. They are looked for in a folder named after the data set.

use std::path::Path;

use backprop_tensor::Scalar;

use crate::idx::{self, Idx, Limits, Values};
use crate::{DataError, Dataset, Targets};

/// Pixels on each side of an image.
const SIDE: usize = 28;
const CLASSES: usize = 10;

/// Which of the two data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Handwritten digits (LeCun, Cortes and Burges), CC BY-SA 3.0.
    Mnist,
    /// Clothes (Xiao, Rasul and Vollgraf, 2017), MIT.
    FashionMnist,
}

/// A file of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// The SHA-256 of the compressed file, as its authors publish it.
    pub gz_sha256: &'static str,
    /// The SHA-256 of the unpacked file.
    pub raw_sha256: &'static str,
}

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

static MNIST: [File; 4] = [
    File {
        name: TRAIN_IMAGES,
        gz_sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        raw_sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    File {
        name: TRAIN_LABELS,
        gz_sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        raw_sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    File {
        name: TEST_IMAGES,
        gz_sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        raw_sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    File {
        name: TEST_LABELS,
        gz_sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        raw_sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

// The raw hashes of the images are those of the contents that, packed as the authors packed them,
// give the published .gz hashes.
static FASHION_MNIST: [File; 4] = [
    File {
        name: TRAIN_IMAGES,
        gz_sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        raw_sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    File {
        name: TRAIN_LABELS,
        gz_sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        raw_sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
    File {
        name: TEST_IMAGES,
        gz_sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        raw_sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    File {
        name: TEST_LABELS,
        gz_sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        raw_sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
];

impl Variant {
    /// The name, which is also that of its folder: "mnist" or "fashion-mnist".
    pub fn name(self) -> &'static str {
        match self {
            Variant::Mnist => "mnist",
            Variant::FashionMnist => "fashion-mnist",
        }
    }

    /// The four files: training images and labels, test images and labels.
    pub fn files(self) -> &'static [File; 4] {
        match self {
            Variant::Mnist => &MNIST,
            Variant::FashionMnist => &FASHION_MNIST,
        }
    }

    /// The names of the ten classes.
    pub fn class_names(self) -> [&'static str; 10] {
        match self {
            Variant::Mnist => ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            Variant::FashionMnist => [
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ],
        }
    }
}

/// Whether all four files, plain or `.gz`, are in the data set's folder in `dir`.
pub fn is_present(dir: impl AsRef<Path>, which: Variant) -> bool {
    let folder = dir.as_ref().join(which.name());
    which.files().iter().all(|file| {
        folder.join(file.name).is_file() || folder.join(format!("{}.gz", file.name)).is_file()
    })
}

/// Reads the training and the test set from the data set's folder in `dir`; each file plain, or
/// else `.gz`.
///
/// # Errors
/// If a file is missing or damaged, or does not hold images of 28 x 28 bytes and labels 0 to 9.
pub fn load<T: Scalar>(
    dir: impl AsRef<Path>,
    which: Variant,
) -> Result<(Dataset<T>, Dataset<T>), DataError> {
    let folder = dir.as_ref().join(which.name());
    let read = |file: &File| read_either(&folder, file.name);
    let [train_images, train_labels, test_images, test_labels] = which.files();
    let train = pair(which, read(train_images)?, read(train_labels)?)?;
    let test = pair(which, read(test_images)?, read(test_labels)?)?;
    Ok((train, test))
}

/// The first 5,000 training and 1,000 test images of MNIST, which are part of this crate.
///
/// They carry MNIST's licence, CC BY-SA 3.0; see `sample/README.md` beside the sources.
///
/// ```
/// use backprop_data::mnist;
///
/// let (train, test) = mnist::sample::<f32>();
/// assert_eq!((train.len(), test.len()), (5000, 1000));
/// assert_eq!((train.width(), train.num_classes()), (28 * 28, Some(10)));
/// ```
#[cfg(feature = "sample")]
#[expect(
    clippy::missing_panics_doc,
    reason = "never: the files are part of the crate"
)]
pub fn sample<T: Scalar>() -> (Dataset<T>, Dataset<T>) {
    macro_rules! file {
        ($name:literal) => {{
            let bytes: &[u8] = include_bytes!(concat!("../sample/", $name));
            let idx = idx::parse($name, bytes, Limits::default()).expect("the sample is whole");
            ($name.to_owned(), idx)
        }};
    }
    let set = |images, labels| pair(Variant::Mnist, images, labels).expect("the sample is MNIST");
    (
        set(
            file!("train-images-idx3-ubyte.gz"),
            file!("train-labels-idx1-ubyte.gz"),
        ),
        set(
            file!("t10k-images-idx3-ubyte.gz"),
            file!("t10k-labels-idx1-ubyte.gz"),
        ),
    )
}

/// An array and the name of its file, for errors.
type Named = (String, Idx);

fn read_either(folder: &Path, name: &'static str) -> Result<Named, DataError> {
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    let (path, unpacked) = if plain.exists() {
        (plain, "")
    } else if packed.exists() {
        (packed, " (decompressed)")
    } else {
        let folder = folder.display().to_string();
        return Err(DataError::NotThere { folder, file: name });
    };
    let array = idx::read(&path, Limits::default())?;
    Ok((format!("{}{unpacked}", path.display()), array))
}

/// Images and their labels, checked.
fn pair<T: Scalar>(
    which: Variant,
    (image_file, images): Named,
    (label_file, labels): Named,
) -> Result<Dataset<T>, DataError> {
    let pixels = bytes(&image_file, images.values)?;
    let count = match images.shape[..] {
        [count, SIDE, SIDE] if count > 0 => count,
        _ => {
            let expected = "at least one image: a shape (n, 28, 28)";
            return Err(wrong(
                &image_file,
                4,
                expected,
                idx::describe(&images.shape),
            ));
        }
    };
    let classes = bytes(&label_file, labels.values)?;
    if labels.shape.len() != 1 {
        let found = idx::describe(&labels.shape);
        return Err(wrong(
            &label_file,
            4,
            "a list of labels: a shape (n)",
            found,
        ));
    }
    if classes.len() != count {
        let expected = format!("as many labels as there are images in {image_file}, {count}");
        let found = format!(
            "labels and images of different count: {} labels",
            classes.len()
        );
        return Err(wrong(&label_file, 4, expected, found));
    }
    if let Some(row) = classes
        .iter()
        .position(|class| usize::from(*class) >= CLASSES)
    {
        let found = format!("{} at label {row}", classes[row]);
        return Err(wrong(
            &label_file,
            8 + row as u64,
            "labels from 0 to 9",
            found,
        ));
    }
    let labels = Targets::Classes {
        labels: classes.into_iter().map(u32::from).collect(),
        num_classes: CLASSES,
    };
    Dataset::from_bytes(SIDE * SIDE, pixels, labels)?
        .with_class_names(which.class_names().map(String::from).to_vec())
}

fn bytes(file: &str, values: Values) -> Result<Vec<u8>, DataError> {
    match values {
        Values::U8(bytes) => Ok(bytes),
        other => Err(wrong(
            file,
            2,
            "elements of type u8 (08)",
            other.type_name().to_owned(),
        )),
    }
}

fn wrong(file: &str, offset: u64, expected: impl Into<String>, found: String) -> DataError {
    DataError::Malformed {
        file: file.to_owned(),
        offset,
        expected: expected.into(),
        found,
        advice: "fetch the data set again",
    }
}

#[cfg(test)]
mod tests;
