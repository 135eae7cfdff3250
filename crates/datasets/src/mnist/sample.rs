use backprop_data::Dataset;
use backprop_data::idx::{self, Limits};
use backprop_tensor::Scalar;

use super::files::Variant;
use super::load::pair;

/// The first 5,000 training and 1,000 test images of MNIST, embedded in the program.
///
/// The images have MNIST's licence, CC BY-SA 3.0; see `sample/README.md` beside the sources.
///
/// ```
/// use backprop_datasets::mnist;
///
/// let (train, test) = mnist::sample::<f32>();
/// assert_eq!((train.len(), test.len()), (5000, 1000));
/// assert_eq!((train.width(), train.num_classes()), (28 * 28, Some(10)));
/// ```
#[expect(
    clippy::missing_panics_doc,
    reason = "never: the sample is compiled in, whole"
)]
pub fn sample<T: Scalar>() -> (Dataset<T>, Dataset<T>) {
    macro_rules! file {
        ($name:literal) => {{
            let bytes: &[u8] = include_bytes!(concat!("../../sample/", $name));
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
