//! `predict` and `export` as a user types them, on a network trained on the sample.

mod common;

use approx::abs_diff_eq;
use backprop_datasets::mnist;
use backprop_trainer::data::idx::{Idx, Values};
use backprop_trainer::data::{Batch, Dataset};
use backprop_trainer::formats::Model;
use common::{Place, sentence};
use serde_json::Value;

const TRAIN: &str = "train --dataset sample --hidden 32 --epochs 4 --threads 1 --quiet";

/// A folder with a trained run in it.
fn trained() -> Place {
    let place = Place::new();
    place.succeeds(&format!("{TRAIN} --run-dir run"));
    place
}

/// The first images of the test set as bytes, and their labels.
fn images(count: u32) -> Vec<([u8; 784], u32)> {
    let (_, test): (_, Dataset<f64>) = mnist::sample();
    let mut batch = Batch::new();
    test.gather(&(0..count).collect::<Vec<_>>(), &mut batch);
    let pixels = |row: Vec<f64>| -> [u8; 784] {
        let bytes: Vec<u8> = row.iter().map(|x| (255.0 * x).round() as u8).collect();
        bytes.try_into().unwrap()
    };
    let inputs = batch.inputs();
    let rows = inputs.rows().into_iter().map(|row| pixels(row.to_vec()));
    rows.zip(batch.class_labels().unwrap().iter().copied())
        .collect()
}

/// Writes a grey picture.
fn write_png(place: &Place, name: &str, (width, height): (u32, u32), grey: &[u8]) {
    let file = std::fs::File::create(place.path().join(name)).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(grey).unwrap();
}

/// Writes images as an IDX file.
fn write_idx(place: &Place, name: &str, images: &[([u8; 784], u32)]) {
    let pixels = images.iter().flat_map(|(image, _)| *image).collect();
    let array = Idx {
        shape: vec![images.len(), 28, 28],
        values: Values::U8(pixels),
    };
    std::fs::write(place.path().join(name), array.to_bytes().unwrap()).unwrap();
}

/// The output of `predict --json`, a row each.
fn answers(place: &Place, what: &str) -> Vec<Value> {
    let stdout = place.succeeds(&format!("predict {what} --json --quiet"));
    let line = |line| serde_json::from_str(line).unwrap();
    stdout.lines().map(line).collect()
}

/// The image enlarged without steps, in a picture of 200 x 200, with its corner at (x, y).
fn enlarged(image: &[u8; 784], (left, top): (usize, usize)) -> Vec<u8> {
    const SIZE: usize = 140;
    let mut picture = vec![0; 200 * 200];
    let pixel = |y: usize, x: usize| f64::from(image[28 * y.min(27) + x.min(27)]);
    for y in 0..SIZE {
        for x in 0..SIZE {
            let place = |at: usize| ((at as f64 + 0.5) * 28.0 / SIZE as f64 - 0.5).max(0.0);
            let (down, across) = (place(y), place(x));
            let (row, column) = (down as usize, across as usize);
            let (dy, dx) = (down.fract(), across.fract());
            let shade = (1.0 - dy)
                * ((1.0 - dx) * pixel(row, column) + dx * pixel(row, column + 1))
                + dy * ((1.0 - dx) * pixel(row + 1, column) + dx * pixel(row + 1, column + 1));
            picture[(top + y) * 200 + left + x] = shade.round() as u8;
        }
    }
    picture
}

#[test]
fn rows_of_an_idx_file_are_predicted_as_evaluate_counts_them() {
    let place = trained();
    place.succeeds("evaluate run --report report.json");
    let images = images(1000);
    write_idx(&place, "images", &images);
    let answers = answers(&place, "run images");
    assert_eq!(answers.len(), 1000);
    let mut right = 0;
    for (row, (answer, (_, label))) in answers.iter().zip(&images).enumerate() {
        assert_eq!(
            (&answer["file"], &answer["row"]),
            (&"images".into(), &row.into())
        );
        assert_eq!(answer["class"], answer["index"].to_string());
        let (first, second) = (&answer["probability"], &answer["runner_up"]["probability"]);
        let (first, second) = (first.as_f64().unwrap(), second.as_f64().unwrap());
        assert!(
            first >= second && first > 0.1 && first + second < 1.000_001,
            "{answer}"
        );
        assert_ne!(answer["index"], answer["runner_up"]["index"]);
        let all = answer["probabilities"].as_array().unwrap();
        assert_eq!(
            all[answer["index"].as_u64().unwrap() as usize],
            answer["probability"]
        );
        let sum: f64 = all.iter().map(|p| p.as_f64().unwrap()).sum();
        assert!(
            all.len() == 10 && abs_diff_eq!(sum, 1.0, epsilon = 1e-6),
            "{answer}"
        );
        right += usize::from(answer["index"] == *label);
    }
    let accuracy = place.json("report.json")["test"]["accuracy"]
        .as_f64()
        .unwrap();
    assert_eq!(right as f64 / 1000.0, accuracy);
}

#[test]
fn pictures_tables_and_arrays_of_the_same_pixels_agree() {
    let place = trained();
    let images = images(3);
    write_idx(&place, "images", &images);
    let line = |image: &[u8; 784]| image.map(|pixel| pixel.to_string()).join(",");
    let lines: Vec<String> = images.iter().map(|(image, _)| line(image)).collect();
    let header: Vec<String> = (0..784).map(|i| format!("pixel {i}")).collect();
    let write = |name: &str, text: String| std::fs::write(place.path().join(name), text).unwrap();
    write("plain.csv", lines.join("\n"));
    write(
        "header.csv",
        format!("{}\n{}\n", header.join(","), lines.join("\r\n")),
    );
    for (i, (image, _)) in images.iter().enumerate() {
        write_png(&place, &format!("{i}.png"), (28, 28), image);
    }
    let packed = std::fs::File::create(place.path().join("images.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    let plain = std::fs::read(place.path().join("images")).unwrap();
    std::io::Write::write_all(&mut packed, &plain).unwrap();
    packed.finish().unwrap();

    let expected = answers(&place, "run/model.safetensors images");
    for files in ["plain.csv", "header.csv", "images.gz", "0.png 1.png 2.png"] {
        let found = answers(&place, &format!("run {files}"));
        assert_eq!(found.len(), 3, "{files}");
        for (found, expected) in found.iter().zip(&expected) {
            for field in ["class", "index", "probability", "runner_up"] {
                assert_eq!(found[field], expected[field], "{files}");
            }
        }
    }
    // The same for people.
    let text = place.succeeds("predict run images 1.png");
    let lines: Vec<&str> = text.lines().collect();
    let percent = |guess: &Value| {
        let share = 100.0 * guess["probability"].as_f64().unwrap();
        format!("{} ({share:.2} %)", guess["class"].as_str().unwrap())
    };
    let says = |answer: &Value| {
        format!(
            "{}, then {}",
            percent(answer),
            percent(&answer["runner_up"])
        )
    };
    assert_eq!(lines[2], format!("images, row 2: {}", says(&expected[2])));
    assert_eq!(lines[3], format!("1.png: {}", says(&expected[1])));
    assert_eq!(place.succeeds("predict run images --quiet"), "");
}

#[test]
fn a_digit_is_read_at_any_size_and_place_dark_on_light_or_light_on_dark() {
    let place = trained();
    let images = images(40);
    write_idx(&place, "images", &images);
    let expected = answers(&place, "run images");
    let mut names = Vec::new();
    for (i, (image, _)) in images.iter().enumerate() {
        let light = enlarged(image, (i, 60 - i));
        let dark: Vec<u8> = light.iter().map(|shade| 255 - shade).collect();
        for (name, grey) in [("light", light), ("dark", dark)] {
            let name = format!("{name}-{i}.png");
            write_png(&place, &name, (200, 200), &grey);
            names.push(name);
        }
    }
    let found = answers(&place, &format!("run {}", names.join(" ")));
    let mut same = 0;
    for (pair, expected) in found.as_chunks().0.iter().zip(&expected) {
        let [light, dark] = pair;
        for field in ["class", "probability", "runner_up"] {
            assert_eq!(light[field], dark[field]);
        }
        same += usize::from(light["class"] == expected["class"]);
    }
    // Enlarging blurs a digit; one that was a close call may go the other way.
    assert!(
        same >= 36,
        "{same} of 40 are read as before they were enlarged"
    );
}

#[test]
fn a_regression_gives_values_and_takes_no_picture() {
    let place = Place::new();
    let row = |i: usize| format!("{},{},{}.5\n", i % 10, i / 10, i % 10 + 2 * (i / 10));
    let rows: String = (0..100).map(row).collect();
    std::fs::write(place.path().join("table.csv"), format!("a,b,sum\n{rows}")).unwrap();
    std::fs::write(place.path().join("new.csv"), "a,b\n3,4\n5,6.5\n").unwrap();
    let line = "train --dataset csv:table.csv --target sum --hidden 8 --dropout 0 --epochs 40";
    place.succeeds(&format!(
        "{line} --batch-size 8 --precision f64 --quiet --run-dir run"
    ));
    let found = answers(&place, "run new.csv");
    let value = |row: usize| found[row]["values"][0].as_f64().unwrap();
    assert!(
        abs_diff_eq!(value(0), 11.5, epsilon = 3.0) && abs_diff_eq!(value(1), 18.5, epsilon = 3.0),
        "{found:?}"
    );
    assert_eq!(
        place.succeeds("predict run new.csv"),
        format!(
            "new.csv, row 0: sum {}\nnew.csv, row 1: sum {}\n",
            value(0) as f32,
            value(1) as f32
        )
    );
    write_png(&place, "two.png", (2, 1), &[0, 255]);
    let error = sentence("png", &place.run("predict run two.png"));
    assert!(
        error.contains("two.png is no CSV file, but the model was trained on a table"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_predicted_is_told() {
    let place = trained();
    let write = |name: &str, bytes: &[u8]| std::fs::write(place.path().join(name), bytes).unwrap();
    let row = vec!["0"; 784].join(",");
    write("short.csv", b"1,2,3\n");
    write(
        "text.csv",
        format!("{row}\n{}x\n", &row[..row.len() - 1]).as_bytes(),
    );
    write(
        "nan.csv",
        format!("{}NaN\n", &row[..row.len() - 1]).as_bytes(),
    );
    write("empty.csv", b"");
    write("no.png", b"this is no picture");
    write("notes.txt", b"this is no data");
    write("zero", &[0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 3, 16]);
    write(
        "wide",
        &[vec![0, 0, 8, 4, 0, 0, 0, 0], vec![255; 12]].concat(),
    );
    write("labels", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 2]);
    write_png(&place, "blank.png", (50, 50), &[255; 2500]);
    let claim = {
        let mut bytes = std::fs::read(place.path().join("blank.png")).unwrap();
        bytes[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let sum = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum);
        bytes
    };
    write("huge.png", &claim);
    std::fs::create_dir(place.path().join("folder")).unwrap();
    for (line, expected) in [
        ("run missing.png", "missing.png cannot be opened"),
        ("run folder", "folder"),
        (
            "run short.csv",
            "short.csv, line 1: expected 784 numbers, one for each input of the network, found 3 columns",
        ),
        (
            "run text.csv",
            "text.csv, line 2: expected a number, found \"x\"",
        ),
        ("run nan.csv", "nan.csv, row 0: input 783 is NaN"),
        ("run empty.csv", "empty.csv holds no rows"),
        ("run no.png", "no.png, byte "),
        ("run notes.txt", "notes.txt is neither PNG, JPEG nor IDX"),
        (
            "run labels",
            "labels: the network takes rows of 784 inputs, but this is an array of the shape [2]",
        ),
        ("run zero", "zero holds no rows"),
        ("run wide", "wide: the network takes rows of 784 inputs"),
        ("run blank.png", "blank.png is blank"),
        (
            "run huge.png",
            "huge.png asks for 12889096192 bytes of memory",
        ),
        ("missing.safetensors blank.png", "missing.safetensors"),
        ("folder blank.png", "folder is not the folder of a run"),
        ("blank.png blank.png", "blank.png"),
    ] {
        let error = sentence(line, &place.run(&format!("predict {line}")));
        assert!(error.contains(expected), "{line}: {error}");
    }
    assert!(!place.run("predict run").status.success());
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum().to_be_bytes()
}

#[test]
fn a_model_is_exported_whole_over_what_was_there() {
    let place = trained();
    let read = |name: &str| std::fs::read(place.path().join(name)).unwrap();
    std::fs::write(place.path().join("out.onnx"), "old").unwrap();
    let stdout = place.succeeds("export run --to out.onnx");
    assert_eq!(stdout, "out.onnx: written from run/model.safetensors\n");
    let onnx = read("out.onnx");
    let model = Model::<f32>::from_bytes("model", &read("run/model.safetensors")).unwrap();
    let (network, _) = model.into_parts();
    assert!(onnx.len() > 4 * network.parameter_count());
    let (_, weight) = network.parameters().next().unwrap();
    let bytes: Vec<u8> = weight
        .to_array()
        .into_iter()
        .flat_map(f32::to_le_bytes)
        .collect();
    assert!(
        onnx.windows(bytes.len()).any(|part| part == bytes),
        "the first weight is in the file"
    );

    place.succeeds("export run/model.safetensors --to COPY.SAFETENSORS --quiet");
    assert!(read("COPY.SAFETENSORS") == read("run/model.safetensors"));
    place.succeeds("export COPY.SAFETENSORS --to again.onnx --quiet");
    assert!(read("again.onnx") == onnx);
}

#[test]
fn what_cannot_be_exported_is_told_and_leaves_nothing() {
    let place = trained();
    std::fs::create_dir(place.path().join("unfinished")).unwrap();
    let config = place.path().join("run/config.toml");
    std::fs::copy(config, place.path().join("unfinished/config.toml")).unwrap();
    std::fs::write(place.path().join("damaged.safetensors"), [1, 2, 3]).unwrap();
    for (line, expected) in [
        (
            "unfinished --to out.onnx",
            "the run in unfinished has not finished; resume it with",
        ),
        ("missing --to out.onnx", "missing"),
        (
            "damaged.safetensors --to out.onnx",
            "damaged.safetensors, byte 0",
        ),
        ("run --to missing/out.onnx", "missing/out.onnx"),
        ("run --to run", "must end in .safetensors or .onnx"),
        ("run --to out.pt", "must end in .safetensors or .onnx"),
    ] {
        let output = place.run(&format!("export {line}"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains(expected),
            "{line}: {stderr}"
        );
        assert!(!stderr.contains("panicked"), "{line}: {stderr}");
    }
    assert!(!place.path().join("out.onnx").exists());
}

#[test]
fn a_picture_of_two_digits_is_told_and_read_one_by_one() {
    let place = trained();
    let images = images(200);
    let mut names = Vec::new();
    for (i, (image, _)) in images.iter().enumerate() {
        let name = format!("{i}.png");
        let dark: Vec<u8> = enlarged(image, (30, 30))
            .iter()
            .map(|shade| 255 - shade)
            .collect();
        write_png(&place, &name, (200, 200), &dark);
        names.push(name);
    }
    let single = answers(&place, &format!("run {}", names.join(" ")));
    // A digit whose pen was lifted may come apart.
    let apart = single
        .iter()
        .filter(|answer| answer.get("pieces").is_some());
    let apart = apart.count();
    assert!(apart <= 4, "{apart} of 200 digits are taken for several");

    // Side by side, with specks between them.
    let mut pairs = Vec::new();
    for i in 0..100 {
        let (left, right) = (&images[2 * i].0, &images[2 * i + 1].0);
        let (left, right) = (enlarged(left, (30, 20)), enlarged(right, (20, 40)));
        let rows = left.chunks(200).zip(right.chunks(200));
        let rows = rows.flat_map(|(left, right)| left.iter().chain(right));
        let mut pixels: Vec<u8> = rows.map(|shade| 250 - shade / 2).collect();
        for (x, y) in [(3, 3), (199, 5), (200, 190), (397, 100)] {
            pixels[400 * y + x] = 130;
        }
        let name = format!("pair-{i}.png");
        write_png(&place, &name, (400, 200), &pixels);
        pairs.push(name);
    }
    let pairs = pairs.join(" ");
    let whole = answers(&place, &format!("run {pairs}"));
    let two = whole.iter().filter(|answer| answer["pieces"] == 2).count();
    assert!(two >= 97, "{two} of 100 pairs are told");
    let rows = answers(&place, &format!("run {pairs} --segment"));
    let (mut same, mut pieces) = (0, 0);
    for (i, pair) in whole.iter().enumerate() {
        let found: Vec<&Value> = rows
            .iter()
            .filter(|row| row["file"] == pair["file"])
            .collect();
        if found.len() != 2 {
            continue;
        }
        pieces += 1;
        for (row, (answer, single)) in found.iter().zip(&single[2 * i..]).enumerate() {
            assert_eq!(answer["row"], row);
            let left = answer["box"][0].as_u64().unwrap();
            assert_eq!(left < 200, row == 0, "{answer}");
            same += usize::from(answer["class"] == single["class"]);
        }
    }
    println!("{apart} of 200 apart, {two} of 100 pairs told, {same} of 2 x {pieces} read alike");
    assert!(
        pieces >= 97 && same >= 2 * pieces - 6,
        "{same} of 2 x {pieces}"
    );

    let text = place.succeeds("predict run pair-0.png");
    let expected = "; 2 separate pieces read as one (--segment reads them one by one)\n";
    assert!(
        text.starts_with("pair-0.png: ") && text.ends_with(expected),
        "{text}"
    );
    let text = place.succeeds("predict run pair-0.png --segment");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.len() == 2 && lines[1].starts_with("pair-0.png, row 1: "),
        "{text}"
    );

    write_idx(&place, "images", &images[..1]);
    let error = sentence("idx", &place.run("predict run images --segment"));
    assert!(
        error.contains("--segment takes pictures apart, but images is none"),
        "{error}"
    );
}

#[test]
fn a_photographed_digit_is_read_from_a_jpeg_file() {
    let place = trained();
    let images = images(100);
    write_idx(&place, "images", &images);
    let expected = answers(&place, "run images");
    let mut names = Vec::new();
    let mut state = 1_u64;
    for (i, (image, _)) in images.iter().enumerate() {
        // Grey paper with a grain, light from one side, and a pen that is no more than dark.
        let ink = enlarged(image, (i % 60, 60 - i % 60));
        let shades = ink.iter().enumerate().map(|(at, ink)| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let grain = f64::from((state >> 56) as u8) / 32.0;
            let light = 200.0 - (at % 200) as f64 / 20.0;
            (light + grain - 0.5 * f64::from(*ink)).round() as u8
        });
        let shades: Vec<u8> = shades.collect();
        let name = format!("{i}.jpg");
        let encoder = jpeg_encoder::Encoder::new_file(place.path().join(&name), 75).unwrap();
        let luma = jpeg_encoder::ColorType::Luma;
        encoder.encode(&shades, 200, 200, luma).unwrap();
        names.push(name);
    }
    let found = answers(&place, &format!("run {}", names.join(" ")));
    let same = found.iter().zip(&expected);
    let same = same.filter(|(found, expected)| found["class"] == expected["class"]);
    let (same, apart) = (
        same.count(),
        found.iter().filter(|a| a.get("pieces").is_some()).count(),
    );
    println!("{same} of 100 photographs are read as their digits, {apart} as several");
    assert!(
        same >= 90 && apart <= 2,
        "{same} of 100 are the same, {apart} are several"
    );
}
