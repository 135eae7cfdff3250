//! Pictures of the user's own, of any size, in grey and in colour. Every picture is made here.

mod common;

use std::fmt::Write as _;

use backprop_trainer::data::idx::{Idx, Values};
use backprop_trainer::formats::Model;
use common::{Place, sentence};
use serde_json::Value;

const QUICK: &str = "--hidden 16 --dropout 0 --batch-size 8 --threads 1";

impl Place {
    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(file), bytes).unwrap();
    }

    fn write_array(&self, file: &str, shape: &[usize], values: Values) {
        let shape = shape.to_vec();
        self.write(file, &Idx { shape, values }.to_bytes().unwrap());
    }

    /// The output of `predict --json`, a row each.
    fn answers(&self, what: &str) -> Vec<Value> {
        let stdout = self.succeeds(&format!("predict {what} --json --quiet"));
        let line = |line| serde_json::from_str(line).unwrap();
        stdout.lines().map(line).collect()
    }

    /// Writes a grey JPEG file whose camera was held as Exif's number says.
    fn write_jpeg(&self, name: &str, size: (u16, u16), pixels: &[u8], orientation: u8) {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        let mut encoder = jpeg_encoder::Encoder::new_file(self.path().join(name), 95).unwrap();
        encoder.add_app_segment(1, exif).unwrap();
        let luma = jpeg_encoder::ColorType::Luma;
        encoder.encode(pixels, size.0, size.1, luma).unwrap();
    }

    fn write_png(&self, name: &str, size: (u32, u32), color: png::ColorType, pixels: &[u8]) {
        let file = std::fs::File::create(self.path().join(name)).unwrap();
        let mut encoder = png::Encoder::new(file, size.0, size.1);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
    }
}

/// Numbers that look random, from 0 to 255.
fn noise(i: u32, stream: u32) -> u8 {
    let mut x = (i * 7 + stream).wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995;
    for _ in 0..3 {
        x ^= x >> 15;
        x = x.wrapping_mul(0x2c1b_3c6d);
    }
    (x >> 24) as u8
}

/// A light drawing of 12 x 9 pixels on black: a bar that stands, one that lies, or a block.
fn drawing(i: u32) -> ([u8; 108], u8) {
    let class = noise(i, 5) % 3;
    let (dx, dy) = (usize::from(noise(i, 1) % 3), usize::from(noise(i, 2) % 2));
    let (left, top, width, height) = [(4, 1, 2, 6), (2, 3, 7, 2), (3, 2, 5, 5)][usize::from(class)];
    let mut pixels = [0; 108];
    for y in top + dy..top + dy + height {
        for x in left + dx..left + dx + width {
            pixels[12 * y + x] = 200 + noise(i, (12 * y + x) as u32) / 5;
        }
    }
    (pixels, class)
}

/// Writes drawings and their labels, which begin with 1.
fn write_drawings(place: &Place, name: &str, rows: std::ops::Range<u32>) {
    let drawings: Vec<_> = rows.map(drawing).collect();
    let pixels = drawings.iter().flat_map(|(pixels, _)| *pixels).collect();
    let labels = drawings.iter().map(|(_, class)| class + 1).collect();
    let count = drawings.len();
    place.write_array(
        &format!("{name}-images"),
        &[count, 9, 12],
        Values::U8(pixels),
    );
    place.write_array(&format!("{name}-labels"), &[count], Values::U8(labels));
}

/// Trains on 300 drawings with named classes.
fn trained() -> Place {
    let place = Place::new();
    write_drawings(&place, "all", 0..300);
    place.write("names.txt", b"stands\nlies\r\nblock\n\n");
    let line = "train --dataset idx:all-images,all-labels --label-names names.txt --epochs 12";
    let stdout = place.succeeds(&format!("{line} {QUICK} --run-dir run --report run.json"));
    let says = "pictures of 12 x 9, 3 classes: stands, lies, block";
    assert!(stdout.lines().any(|line| line == says), "{stdout}");
    assert!(
        stdout.contains("192 training, 48 validation and 60 test rows"),
        "{stdout}"
    );
    place
}

#[test]
fn labels_from_1_with_names_are_learnt_tested_and_predicted() {
    let place = trained();
    let report = place.json("run.json");
    assert_eq!(report["test_samples"], 60);
    assert!(
        report["test"]["accuracy"].as_f64().unwrap() > 0.95,
        "{report}"
    );
    let names: Vec<&str> = report["test"]["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["stands", "lies", "block"]);

    // The model knows its file again and tests with the same rows; of any other it takes all.
    std::fs::copy(place.path().join("all-images"), place.path().join("copy")).unwrap();
    write_drawings(&place, "new", 300..350);
    for (what, rows, choice) in [
        ("run", 60, "held-out"),
        (
            "run/model.safetensors --dataset idx:copy,all-labels",
            60,
            "held-out",
        ),
        ("run --all-rows", 300, "all"),
        ("run --dataset idx:new-images,new-labels", 50, "other-file"),
        (
            "run --dataset idx:all-images,all-labels,new-images,new-labels",
            50,
            "test-set",
        ),
    ] {
        place.succeeds(&format!("evaluate {what} --report again.json"));
        let again = place.json("again.json");
        assert_eq!(
            (&again["test_samples"], &again["rows"]),
            (&rows.into(), &choice.into())
        );
        assert!(
            again["test"]["accuracy"].as_f64().unwrap() > 0.95,
            "{what}: {again}"
        );
        if choice == "held-out" {
            assert_eq!(again["test"], report["test"], "{what}");
        }
    }

    let expected = place.answers("run new-images");
    let right = expected.iter().zip(300..).filter(|(answer, i)| {
        assert_eq!(
            answer["class"],
            ["stands", "lies", "block"][answer["index"].as_u64().unwrap() as usize]
        );
        answer["index"] == drawing(*i).1
    });
    assert!(right.count() > 47);
    for (i, answer) in (300..305).zip(&expected) {
        // As a picture of its own, whichever way round; and three times as large.
        let light = drawing(i).0;
        let dark = light.map(|shade| 255 - shade);
        let large: Vec<u8> = (0..108 * 9)
            .map(|at| dark[at / 108 * 12 + at % 36 / 3])
            .collect();
        place.write_png("light.png", (12, 9), png::ColorType::Grayscale, &light);
        place.write_png("dark.png", (12, 9), png::ColorType::Grayscale, &dark);
        place.write_png("large.png", (36, 27), png::ColorType::Grayscale, &large);
        let found = place.answers("run/model.safetensors light.png dark.png large.png");
        assert_eq!(found[0]["probabilities"], answer["probabilities"]);
        assert_eq!(found[1]["probabilities"], answer["probabilities"]);
        assert_eq!(found[2]["class"], answer["class"], "{i}");
    }
}

#[test]
fn the_other_commands_take_pictures_too() {
    let place = trained();
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("all-images: 108-16-3"), "a title");
    for plot in ["confusion.svg", "first-layer.svg"] {
        let svg = std::fs::read_to_string(place.path().join("run").join(plot)).unwrap();
        assert!(
            plot == "first-layer.svg" || svg.contains("stands"),
            "{plot}"
        );
        assert!(
            plot == "confusion.svg" || svg.contains("16 images of 12 by 9 pixels"),
            "{plot}"
        );
    }
    place.succeeds("export run --to run.onnx --quiet");
    place.succeeds("export run --to copy.safetensors --quiet");
    place.write_png("one.png", (12, 9), png::ColorType::Grayscale, &drawing(7).0);
    let answer = &place.answers("copy.safetensors one.png")[0];
    assert_eq!(
        answer["class"],
        ["stands", "lies", "block"][usize::from(drawing(7).1)]
    );

    let line =
        format!("--dataset idx:all-images,all-labels --label-names names.txt --epochs 2 {QUICK}");
    let stdout = place.succeeds(&format!("search {line} --trials 2 --run-dir found"));
    assert!(
        stdout.contains("--dataset idx:all-images,all-labels"),
        "{stdout}"
    );
    assert!(stdout.contains("--label-names names.txt"), "{stdout}");
    let resumed = "train --resume --run-dir run";
    let stdout = place.succeeds(resumed);
    assert!(stdout.contains("after epoch 12 of 12"), "{stdout}");
    let error = sentence(resumed, &place.run(&format!("{resumed} --transpose")));
    assert!(error.contains("--transpose"), "{error}");
}

#[test]
fn a_page_shows_misread_pictures_of_any_size() {
    let place = Place::new();
    write_drawings(&place, "all", 0..80);
    let line = "train --dataset idx:all-images,all-labels --epochs 1 --learning-rate 1e-6";
    place.succeeds(&format!("{line} {QUICK} --quiet --run-dir run"));
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains(r#"<img class="gray" width="84" height="63" alt="test row "#));
    assert!(page.contains("</b> taken for <b>"));
}

#[test]
fn files_that_are_transposed_and_packed_give_the_run_of_those_that_are_not() {
    let place = Place::new();
    write_drawings(&place, "all", 0..120);
    write_drawings(&place, "test", 120..160);
    let turned = |range: std::ops::Range<u32>| {
        let turn = |i| {
            let (pixels, _) = drawing(i);
            (0..108).map(move |at| pixels[at % 9 * 12 + at / 9])
        };
        Values::U8(range.flat_map(turn).collect())
    };
    place.write_array("turned", &[120, 12, 9], turned(0..120));
    place.write_array("turned-test", &[40, 12, 9], turned(120..160));
    // Labels as QMNIST has them: eight columns, the first of which counts.
    let wide = (0..120).flat_map(|i| {
        let class = i32::from(drawing(i).1) + 1;
        [class, 4, i as i32, 0, -1, 77, 0, 0]
    });
    place.write_array("wide", &[120, 8], Values::I32(wide.collect()));
    for file in ["turned", "wide"] {
        let plain = std::fs::read(place.path().join(file)).unwrap();
        let packed = std::fs::File::create(place.path().join(format!("{file}.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, &plain).unwrap();
        packed.finish().unwrap();
    }
    let line = format!("--epochs 2 {QUICK} --quiet");
    let plain = "train --dataset idx:all-images,all-labels,test-images,test-labels";
    let other = "train --dataset idx:turned.gz,wide.gz,turned-test,test-labels --transpose";
    place.succeeds(&format!(
        "{plain} {line} --run-dir plain --report plain.json"
    ));
    place.succeeds(&format!(
        "{other} {line} --run-dir other --report other.json"
    ));
    let (one, two) = (place.json("plain.json"), place.json("other.json"));
    assert_eq!(
        (&one["test_samples"], &one["train_samples"]),
        (&40.into(), &96.into())
    );
    assert_eq!(one["test"], two["test"]);
    place.succeeds("evaluate other --report again.json");
    assert_eq!(place.json("again.json")["test"], one["test"]);
    let flag = "--dataset idx:turned-test,test-labels --transpose";
    place.succeeds(&format!("evaluate plain {flag} --report again.json"));
    assert_eq!(
        place.json("again.json")["test"]["accuracy"],
        one["test"]["accuracy"]
    );
    let (one, two) = (
        place.answers("plain test-images"),
        place.answers("plain turned-test --transpose"),
    );
    assert_eq!(one.len(), 40);
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one["probabilities"], two["probabilities"]);
    }
}

#[test]
fn pictures_in_colour_are_learnt_by_their_colours() {
    let place = Place::new();
    let color = |i: u32| usize::from(noise(i, 3) % 3);
    let pixels = (0..150).flat_map(|i| {
        (0..4 * 5).flat_map(move |at| {
            let mut pixel = [60 + noise(i, at) / 4; 3];
            pixel[color(i)] += 90;
            pixel
        })
    });
    let pixels: Vec<u8> = pixels.collect();
    place.write_array("images", &[150, 5, 4, 3], Values::U8(pixels.clone()));
    let labels = (0..150).map(|i| [7, -2, 300][color(i)]).collect();
    place.write_array("labels", &[150], Values::I16(labels));
    let line = "train --dataset idx:images,labels --epochs 12 --test-fraction 0.4";
    let stdout = place.succeeds(&format!("{line} {QUICK} --run-dir run --report r.json"));
    assert!(
        stdout.contains("pictures of 4 x 5 in colour, 3 classes: -2, 7, 300"),
        "{stdout}"
    );
    let report = place.json("r.json");
    assert_eq!(report["test_samples"], 60);
    assert!(
        report["test"]["accuracy"].as_f64().unwrap() > 0.95,
        "{report}"
    );
    // A picture in colour of the model's size gives the answer of its row; of another one its middle.
    place.write_png("same.png", (4, 5), png::ColorType::Rgb, &pixels[..60]);
    let rows = place.answers("run images");
    assert_eq!(
        place.answers("run same.png")[0]["probabilities"],
        rows[0]["probabilities"]
    );
    for (rgb, class) in [
        ([150, 70, 70], "7"),
        ([70, 160, 75], "-2"),
        ([80, 75, 160], "300"),
    ] {
        place.write_png(
            "large.png",
            (31, 17),
            png::ColorType::Rgb,
            &rgb.repeat(31 * 17),
        );
        assert_eq!(place.answers("run large.png")[0]["class"], class);
    }
    let page = std::fs::read_to_string(place.path().join("run/first-layer.svg")).unwrap();
    assert!(page.contains("16 images of 4 by 5 pixels"));
    let error = sentence("segment", &place.run("predict run large.png --segment"));
    assert!(
        error.contains("--segment needs a model of drawings in grey"),
        "{error}"
    );
    // A page with mistakes shows them in their colours.
    let line = "train --dataset idx:images,labels --epochs 1 --learning-rate 1e-6 --quiet";
    place.succeeds(&format!("{line} {QUICK} --run-dir poor"));
    let page = std::fs::read_to_string(place.path().join("poor/report.html")).unwrap();
    assert!(page.contains(r#"<img width="68" height="84" alt="test row "#));
    // Nothing for the test set, and the whole file is then the training's.
    let line = "train --dataset idx:images,labels --epochs 1 --test-fraction 0 --run-dir whole";
    let stdout = place.succeeds(&format!("{line} {QUICK}"));
    assert!(
        stdout.contains(" and no test rows") && stdout.contains("not tested"),
        "{stdout}"
    );
}

#[test]
fn a_model_whose_pictures_make_no_sense_is_refused() {
    let place = trained();
    let path = place.path().join("run/model.safetensors");
    let whole = std::fs::read(path).unwrap();
    for (change, expected) in [
        (
            serde_json::json!({"width": 11}),
            "says 11 x 9 pixels with 1 channels, which is not a row of 108",
        ),
        (
            serde_json::json!({"labels": [1, 2]}),
            "has 2 labels for 3 classes",
        ),
        (
            serde_json::json!({"labels": [3, 2, 1]}),
            "has labels that do not ascend",
        ),
        (
            serde_json::json!({"background": "grey"}),
            "unknown variant `grey`",
        ),
        (
            serde_json::json!({"width": -1}),
            "invalid value: integer `-1`",
        ),
    ] {
        let model = Model::<f32>::from_bytes("model", &whole).unwrap();
        let (network, mut info) = model.into_parts();
        let images = info.images.as_mut().unwrap().as_object_mut().unwrap();
        images.extend(change.as_object().unwrap().clone());
        let changed = Model::new(network, info).unwrap();
        changed
            .save(place.path().join("changed.safetensors"))
            .unwrap();
        place.write_png("one.png", (12, 9), png::ColorType::Grayscale, &drawing(3).0);
        for line in [
            "predict changed.safetensors one.png",
            "evaluate changed.safetensors --dataset idx:all-images,all-labels",
        ] {
            let error = sentence(line, &place.run(line));
            let start =
                "error: changed.safetensors: the description of its pictures cannot be read: ";
            assert!(
                error.starts_with(start) && error.contains(expected),
                "{error}"
            );
        }
    }
}

/// Writes the drawings as PNG files in a folder of the classes; as colours where `tint` says so.
fn write_folder(
    place: &Place,
    folder: &str,
    rows: std::ops::Range<u32>,
    tint: impl Fn(u32) -> bool,
) {
    for i in rows {
        let (pixels, class) = drawing(i);
        let class = ["stands", "lies", "block"][usize::from(class)];
        std::fs::create_dir_all(place.path().join(folder).join(class)).unwrap();
        // In another order than that of the names.
        let file = format!("{folder}/{class}/{:03}.png", (i * 77) % 1000);
        if tint(i) {
            let rgb: Vec<u8> = pixels.iter().flat_map(|&x| [x, x / 2, x / 2]).collect();
            place.write_png(&file, (12, 9), png::ColorType::Rgb, &rgb);
        } else {
            place.write_png(&file, (12, 9), png::ColorType::Grayscale, &pixels);
        }
    }
}

#[test]
fn a_folder_of_pictures_is_learnt_with_the_names_of_its_subfolders() {
    let place = Place::new();
    write_folder(&place, "shapes", 0..240, |_| false);
    place.write("shapes/block/.DS_Store", b"litter");
    place.write("shapes/lies/Thumbs.db", b"litter");
    place.write("shapes/README.txt", b"about");
    let line = format!("train --dataset folder:shapes --epochs 12 {QUICK}");
    let stdout = place.succeeds(&format!("{line} --run-dir run --report run.json"));
    let says = "pictures of 12 x 9, 3 classes: block, lies, stands";
    assert!(stdout.lines().any(|line| line == says), "{stdout}");
    let report = place.json("run.json");
    assert_eq!(
        (&report["test_samples"], &report["train_samples"]),
        (&48.into(), &154.into())
    );
    assert!(
        report["test"]["accuracy"].as_f64().unwrap() > 0.95,
        "{report}"
    );

    // The same files elsewhere are the training's; with one byte more they are not.
    std::fs::rename(place.path().join("shapes"), place.path().join("moved")).unwrap();
    place.succeeds("evaluate run/model.safetensors --dataset folder:moved --report again.json");
    assert_eq!(place.json("again.json")["test"], report["test"]);
    assert_eq!(place.json("again.json")["rows"], "held-out");
    write_folder(&place, "new", 300..360, |_| false);
    std::fs::remove_dir_all(place.path().join("new/lies")).unwrap();
    place.succeeds("evaluate run --dataset folder:new --report again.json");
    let again = place.json("again.json");
    assert_eq!(again["rows"], "other-file");
    assert!(
        again["test"]["accuracy"].as_f64().unwrap() > 0.95,
        "{again}"
    );
    let (pixels, class) = drawing(301);
    place.write_png("one.png", (12, 9), png::ColorType::Grayscale, &pixels);
    assert_eq!(
        place.answers("run one.png")[0]["class"],
        ["stands", "lies", "block"][usize::from(class)]
    );
}

#[test]
fn a_folder_is_read_in_colour_where_one_picture_has_colours() {
    let place = Place::new();
    write_folder(&place, "grey", 0..30, |_| false);
    write_folder(&place, "mixed", 0..30, |i| i == 17);
    let line = format!("--epochs 1 {QUICK} --run-dir");
    for (folder, says) in [
        ("grey", "of 12 x 9, 3"),
        ("mixed", "of 12 x 9 in colour, 3"),
    ] {
        let stdout = place.succeeds(&format!(
            "train --dataset folder:{folder} {line} {folder}-run"
        ));
        assert!(stdout.contains(says), "{stdout}");
    }
    let error = sentence(
        "mixed",
        &place.run("evaluate grey-run --dataset folder:mixed"),
    );
    let expected =
        "the model takes pictures of 12 x 9, but folder:mixed holds pictures of 12 x 9 in colour";
    assert!(error.contains(expected), "{error}");
}

/// The drawing dark on paper with a grain and a light that falls from the left, ten times as large.
fn photograph(i: u32) -> Vec<u8> {
    let pixels = drawing(i).0;
    let shade = |at: usize| {
        let (x, y) = (at % 120, at / 120);
        let paper = 225.0 - x as f64 / 20.0 + f64::from(noise(at as u32, i)) / 64.0;
        let ink = f64::from(pixels[y / 10 * 12 + x / 10]) / 255.0;
        (paper - 160.0 * ink) as u8
    };
    (0..120 * 90).map(shade).collect()
}

#[test]
fn a_photograph_in_a_jpeg_file_is_read_upright() {
    let place = trained();
    for i in 300..306 {
        let photo = photograph(i);
        place.write_jpeg("straight.jpg", (120, 90), &photo, 1);
        // The camera was turned: its rows are columns from the bottom up.
        let turned: Vec<u8> = (0..120 * 90)
            .map(|at| photo[(at % 90) * 120 + 119 - at / 90])
            .collect();
        place.write_jpeg("turned.JPEG", (90, 120), &turned, 6);
        std::fs::copy(place.path().join("turned.JPEG"), place.path().join("photo")).unwrap();
        let found = place.answers("run straight.jpg turned.JPEG photo");
        let expected = ["stands", "lies", "block"][usize::from(drawing(i).1)];
        for answer in &found {
            assert_eq!(answer["class"], expected, "{i}: {answer}");
        }
        assert_eq!(found[1]["probabilities"], found[2]["probabilities"]);
    }
    let whole = std::fs::read(place.path().join("turned.JPEG")).unwrap();
    place.write("cut.jpg", &whole[..whole.len() / 2]);
    let error = sentence("cut", &place.run("predict run cut.jpg"));
    assert!(
        error.contains("cut.jpg, byte 0: expected JPEG data, found "),
        "{error}"
    );
}

#[test]
fn a_folder_may_have_jpeg_files_too() {
    let place = Place::new();
    for i in 0..120 {
        let (pixels, class) = drawing(i);
        let folder = format!("shapes/{}", ["stands", "lies", "block"][usize::from(class)]);
        std::fs::create_dir_all(place.path().join(&folder)).unwrap();
        if i % 3 == 0 {
            place.write_png(
                &format!("{folder}/{i}.png"),
                (12, 9),
                png::ColorType::Grayscale,
                &pixels,
            );
        } else {
            place.write_jpeg(&format!("{folder}/{i}.jpg"), (12, 9), &pixels, 1);
        }
    }
    let line = "train --dataset folder:shapes --epochs 20 --report r.json --run-dir run";
    let stdout = place.succeeds(&format!("{line} {QUICK}"));
    assert!(stdout.contains("pictures of 12 x 9, 3 classes"), "{stdout}");
    let accuracy = place.json("r.json")["test"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn wrong_uses_are_told_in_one_sentence() {
    let place = trained();
    write_drawings(&place, "test", 0..20);
    let bytes = |length: usize| Values::U8(vec![0; length]);
    place.write_array("flat", &[2, 108], bytes(216));
    place.write_array("small", &[20, 3, 3], bytes(180));
    place.write_array("floats", &[2, 1, 1], Values::F32(vec![0.0; 2]));
    place.write_array("strange", &[20], Values::U8([1, 2, 3, 9].repeat(5)));
    place.write_array("ones", &[20], Values::U8(vec![1; 20]));
    place.write_array("square", &[1, 1, 108], bytes(108));
    place.write("two.txt", b"a\nb\n");
    place.write("twice.txt", b"a\nb\na\n");
    place.write("table.csv", b"x,y\n1,a\n2,b\n");
    place.write_png("blank.png", (30, 30), png::ColorType::Grayscale, &[9; 900]);
    // Pictures of another size under the names of MNIST's files.
    std::fs::create_dir_all(place.path().join("data/mnist")).unwrap();
    for (name, from) in [
        ("train-images-idx3-ubyte", "test-images"),
        ("train-labels-idx1-ubyte", "test-labels"),
        ("t10k-images-idx3-ubyte", "test-images"),
        ("t10k-labels-idx1-ubyte", "test-labels"),
    ] {
        let to = place.path().join("data/mnist").join(name);
        std::fs::copy(place.path().join(from), to).unwrap();
    }
    // Folders that are not as they have to be.
    for folder in ["odd", "text", "deep", "loose", "one", "none", "other"] {
        write_folder(&place, folder, 0..6, |_| false);
    }
    let path = |path: &str| place.path().join(path);
    place.write_png(
        "odd/lies/zzz.png",
        (9, 12),
        png::ColorType::Grayscale,
        &[0; 108],
    );
    place.write("text/lies/notes.txt", b"this is no picture");
    std::fs::create_dir(path("deep/lies/deeper")).unwrap();
    place.write_png(
        "loose/one.png",
        (12, 9),
        png::ColorType::Grayscale,
        &[0; 108],
    );
    std::fs::create_dir(path("none/void")).unwrap();
    std::fs::rename(path("other/lies"), path("other/leans")).unwrap();
    for class in ["lies", "block"] {
        std::fs::remove_dir_all(path("one").join(class)).unwrap();
    }
    let mut list = String::new();
    for line in [
        "train --dataset mnist",
        "train --dataset emnist",
        "evaluate run --dataset kmnist",
        "train --dataset qmnist",
        "train --dataset idx:test-images",
        "train --dataset idx:a,b,c",
        "train --dataset idx:missing,test-labels",
        "train --dataset idx:test-labels,test-images",
        "train --dataset idx:flat,test-labels",
        "train --dataset idx:floats,test-labels",
        "train --dataset idx:test-images,floats",
        "train --dataset idx:test-images,all-labels",
        "train --dataset idx:test-images,ones",
        "train --dataset idx:test-images,test-labels,test-images,strange",
        "train --dataset idx:test-images,test-labels,small,test-labels",
        "train --dataset idx:test-images,test-labels --label-names two.txt",
        "train --dataset idx:test-images,test-labels --label-names twice.txt",
        "train --dataset idx:test-images,test-labels --label-names none.txt",
        "train --dataset idx:test-images,test-labels --target y",
        "train --dataset idx:test-images,test-labels --test test.csv",
        "train --dataset idx:test-images,test-labels --test-fraction 1",
        "train --dataset idx:test-images,test-labels,test-images,test-labels --test-fraction 0.1",
        "train --dataset folder:missing",
        "train --dataset folder:",
        "train --dataset folder:table.csv",
        "train --dataset folder:odd",
        "train --dataset folder:text",
        "train --dataset folder:deep",
        "train --dataset folder:loose",
        "train --dataset folder:one",
        "train --dataset folder:none",
        "train --dataset folder:other --transpose",
        "train --dataset folder:other --label-names two.txt",
        "train --dataset sample --test-fraction 0.1",
        "train --dataset sample --transpose",
        "train --dataset csv:table.csv --target y --label-names two.txt",
        "evaluate run --seed 3",
        "evaluate run --target y",
        "evaluate run --transpose",
        "evaluate run --dataset sample --transpose",
        "evaluate run --dataset sample",
        "evaluate run --dataset idx:test-images,strange",
        "evaluate run --dataset idx:small,test-labels",
        "evaluate run --dataset csv:table.csv",
        "evaluate run --dataset folder:other",
        "evaluate run --dataset folder:other --transpose",
        "evaluate run --dataset idx:all-images,all-labels,test-images,test-labels --all-rows",
        "predict run blank.png",
        "predict run small",
        "predict run flat --transpose",
    ] {
        let error = sentence(line, &place.run(line));
        let first = error.lines().next().unwrap();
        writeln!(list, "{line}\n    {first}").unwrap();
    }
    insta::assert_snapshot!(list);
}
