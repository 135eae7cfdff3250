//! The file that a model was trained on, recognised by its bytes.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use backprop_trainer::data::images::list_folder;
use backprop_trainer::formats::TrainingFile;

use crate::settings::Settings;
use crate::source::Source;

/// The file or folder of rows that the settings name and the rows of it that are the test set; `None` for
/// a data set by name.
pub(crate) fn of_settings(settings: &Settings) -> Result<Option<TrainingFile>> {
    let Some(sha256) = sha256_of(&settings.data.dataset)? else {
        return Ok(None);
    };
    Ok(Some(TrainingFile {
        sha256,
        test_fraction: settings.data.own_test_fraction(),
        seed: settings.seed,
    }))
}

/// The SHA-256 of the rows of a data set in files; `None` for one by name.
pub(crate) fn sha256_of(source: &Source) -> Result<Option<String>> {
    match source {
        Source::Csv(file) => sha256(file).map(Some),
        Source::Idx(files) => sha256(&files.images).map(Some),
        Source::Folder(folder) => folder_sha256(folder).map(Some),
        Source::Auto | Source::Mnist | Source::FashionMnist | Source::Sample => Ok(None),
    }
}

/// The SHA-256 of a file's bytes, in hexadecimal.
fn sha256(file: &Path) -> Result<String> {
    let hash = File::open(file).and_then(backprop_datasets::sha256);
    hash.with_context(|| format!("{} cannot be read", file.display()))
}

/// The SHA-256 of the names and the bytes of all pictures in a folder, in the order in which they are
/// read; wherever the folder is.
fn folder_sha256(folder: &Path) -> Result<String> {
    let mut list = String::new();
    for class in list_folder(folder)? {
        for file in &class.files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            list += &format!("{} {}/{name}\n", sha256(file)?, class.name);
        }
    }
    backprop_datasets::sha256(list.as_bytes()).context("the list of pictures")
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
