//! The file that a model was trained on, recognised by its bytes.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use backprop_trainer::formats::TrainingFile;

use crate::settings::Settings;
use crate::source::Source;

/// The file of rows that the settings name and the rows of it that are the test set; `None` for a data
/// set by name.
pub(crate) fn of_settings(settings: &Settings) -> Result<Option<TrainingFile>> {
    let file = match &settings.data.dataset {
        Source::Csv(file) => file,
        Source::Idx(files) => &files.images,
        Source::Auto | Source::Mnist | Source::FashionMnist | Source::Sample => return Ok(None),
    };
    Ok(Some(TrainingFile {
        sha256: sha256(file)?,
        test_fraction: settings.data.table_test_fraction(),
        seed: settings.seed,
    }))
}

/// The SHA-256 of a file's bytes, in hexadecimal.
pub(crate) fn sha256(file: &Path) -> Result<String> {
    let hash = File::open(file).and_then(backprop_datasets::sha256);
    hash.with_context(|| format!("{} cannot be read", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_standard() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").unwrap();
        // FIPS 180-4, the first example of SHA-256.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&file).unwrap(), expected);
        let error = sha256(&folder.path().join("none")).unwrap_err();
        assert!(
            error.to_string().ends_with("none cannot be read"),
            "{error}"
        );
    }
}
