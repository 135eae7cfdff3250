//! Pictures in a folder that has a subfolder for each class.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::classes::MAX_CLASSES;
use super::inputs::read;
use super::labeled::{LabeledImages, Labels};
use crate::image::Image;
use crate::{DataError, Limits};

/// Files that systems leave in folders of pictures.
const LITTER: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// A class of pictures: a subfolder and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFolder {
    /// The name of the subfolder, which is that of the class.
    pub name: String,
    /// The files in it, in the order of their names' bytes.
    pub files: Vec<PathBuf>,
}

/// The subfolders of a folder, in the order of their names' bytes, and the files in each.
///
/// Names that begin with a dot, and what Windows keeps in folders of pictures, are left out.
///
/// # Errors
/// If a folder cannot be read, there are not 2 to 10,000 subfolders, one has no files, a file lies beside
/// them that is named as a picture, or a folder within them.
pub fn list_folder(folder: impl AsRef<Path>) -> Result<Vec<ClassFolder>, DataError> {
    let folder = folder.as_ref();
    let mut classes = Vec::new();
    for name in entries(folder)? {
        let path = folder.join(&name);
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase);
        if !path.is_dir() {
            if matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg")) {
                let expected = "subfolders of pictures, one for each class";
                return Err(refused(
                    &path,
                    expected,
                    "a picture beside them".to_owned(),
                    "move it into that of its class",
                ));
            }
            continue;
        }
        let Ok(name) = name.into_string() else {
            let expected = "the name of a class in UTF-8";
            return Err(refused(
                &path,
                expected,
                "other bytes".to_owned(),
                "rename the folder",
            ));
        };
        let files = files(&path)?;
        classes.push(ClassFolder { name, files });
    }
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        let expected = "2 to 10000 subfolders of pictures, one for each class";
        return Err(refused(
            folder,
            expected,
            classes.len().to_string(),
            "name the folder that holds them",
        ));
    }
    Ok(classes)
}

/// The names in a folder that are not left out, sorted.
fn entries(folder: &Path) -> Result<Vec<OsString>, DataError> {
    let failed = |source| DataError::Io {
        file: folder.display().to_string(),
        action: "opened",
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let text = name.to_string_lossy().to_ascii_lowercase();
        if !text.starts_with('.') && !LITTER.contains(&&*text) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The files of a class.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let names = entries(folder)?.into_iter();
    let files: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    if let Some(inner) = files.iter().find(|file| file.is_dir()) {
        return Err(refused(
            inner,
            "pictures",
            "a folder within that of a class".to_owned(),
            "move its pictures out of it",
        ));
    }
    if files.is_empty() {
        return Err(refused(
            folder,
            "pictures of the class",
            "none".to_owned(),
            "put pictures into it, or remove it",
        ));
    }
    Ok(files)
}

fn refused(path: &Path, expected: &str, found: String, advice: &'static str) -> DataError {
    DataError::PictureFolder {
        path: path.display().to_string(),
        expected: expected.to_owned(),
        found,
        advice,
    }
}

impl LabeledImages {
    /// Reads the pictures of a folder that has a subfolder for each class, as [`list_folder`] lists them;
    /// each of them as [`read`] does.
    ///
    /// All have to be of one size. They are grey where all are, otherwise in colour. Classes take turns, so
    /// that the first rows have as large a part of each class as all have.
    ///
    /// # Errors
    /// As [`list_folder`]; if a picture cannot be read, or is of another size than the first; or if one, or
    /// all together, need more memory than `limits` allows.
    pub fn from_folder(folder: impl AsRef<Path>, limits: Limits) -> Result<Self, DataError> {
        let classes = list_folder(&folder)?;
        let mut collected: Option<Collected> = None;
        for (label, file) in interleaved(&classes) {
            let image = read(file, limits)?;
            let collected = collected.get_or_insert_with(|| Collected::new(file, &image));
            collected.push(file, image, limits)?;
            collected.labels.push(label);
        }
        let Some(collected) = collected else {
            unreachable!("no class is empty");
        };
        Ok(LabeledImages {
            width: collected.size.0,
            height: collected.size.1,
            channels: collected.channels,
            pixels: collected.pixels,
            labels: Labels::Folders {
                folder: folder.as_ref().display().to_string(),
                names: classes.into_iter().map(|class| class.name).collect(),
                classes: collected.labels,
            },
        })
    }
}

/// The files of all classes with their class: each class from its first file to its last, spread evenly
/// over all rows.
fn interleaved(classes: &[ClassFolder]) -> Vec<(u32, &Path)> {
    let mut files = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let count = class.files.len() as u64;
        let of_class = (0..).zip(&class.files);
        files.extend(of_class.map(|(at, file)| (2 * at + 1, count, label as u32, &**file)));
    }
    // By the middle of each file's part of its class, a fraction; of equals the first class comes first.
    files.sort_by(|one, two| (one.0 * two.1).cmp(&(two.0 * one.1)));
    files
        .into_iter()
        .map(|(_, _, label, file)| (label, file))
        .collect()
}

/// The pictures so far.
struct Collected {
    first: String,
    size: (usize, usize),
    channels: usize,
    pixels: Vec<u8>,
    labels: Vec<u32>,
}

impl Collected {
    fn new(file: &Path, image: &Image) -> Self {
        Collected {
            first: file.display().to_string(),
            size: (image.width(), image.height()),
            channels: image.channels(),
            pixels: Vec::new(),
            labels: Vec::new(),
        }
    }

    fn push(&mut self, file: &Path, image: Image, limits: Limits) -> Result<(), DataError> {
        let size = (image.width(), image.height());
        if size != self.size {
            let expected = format!(
                "a picture of {} x {} pixels, as {} is",
                self.size.0, self.size.1, self.first
            );
            return Err(refused(
                file,
                &expected,
                format!("{} x {}", size.0, size.1),
                "make all pictures of one size",
            ));
        }
        let channels = self.channels.max(image.channels());
        let needed = (self.labels.len() as u64 + 1) * (size.0 * size.1 * channels) as u64;
        if needed > limits.max_bytes {
            return Err(DataError::TooLarge {
                file: file.display().to_string(),
                needed,
                limit: limits.max_bytes,
            });
        }
        if channels > self.channels {
            self.channels = channels;
            self.pixels = self.pixels.iter().flat_map(|&shade| [shade; 3]).collect();
        }
        if channels > image.channels() {
            self.pixels.extend_from_slice(image.colored().pixels());
        } else {
            self.pixels.extend_from_slice(image.pixels());
        }
        Ok(())
    }
}
