//! A folder of pictures: each file is a byte for its class and its name, two for its length, and its bytes.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use backprop_trainer::data::Limits;
use backprop_trainer::data::images::LabeledImages;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_bytes: 1 << 18 };
const NAMES: [&str; 8] = ["a", "b.png", "c.jpg", "d.txt", ".e", "f/g.png", "Thumbs.db", "\u{e9}"];

/// One folder for each process, emptied before each run.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("backprop-fuzz-folder-{}", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    let _ = fs::remove_dir_all(&*FOLDER);
    fs::create_dir_all(&*FOLDER).expect("a folder");
    let mut rest = bytes;
    while let Some((&[name, high, low], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(after.len());
        let class = FOLDER.join(["one", "two", "three", ""][usize::from(name >> 6)]);
        let file = class.join(NAMES[usize::from(name & 7)]);
        let parent = file.parent().expect("a folder");
        let _ = fs::create_dir_all(parent).and_then(|()| fs::write(&file, &after[..length]));
        rest = &after[length..];
    }
    if let Ok(pictures) = LabeledImages::from_folder(&*FOLDER, LIMITS) {
        let classes = pictures.classes().expect("the subfolders");
        let count = pictures.len();
        let dataset = pictures.dataset::<f32>(&classes).expect("its own classes");
        assert_eq!(dataset.len(), count);
        let encoding = dataset.image_encoding().expect("pictures");
        assert_eq!(encoding.row_width(), Some(dataset.width()));
    }
});
