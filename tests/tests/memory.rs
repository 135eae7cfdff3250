//! The memory that readers allocate: never more than the limit or the contents; and gathering allocates nothing.
//!
//! The allocator that counts needs `unsafe`, hence this is here and not beside the readers. The tests
//! share one counter, so they are one test.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use backprop_trainer::data::{Batch, BatchSampler, Dataset, Limits, Targets, idx};
use backprop_trainer::formats::{Checkpoint, Model, ModelInfo};
use backprop_trainer::layers::{Key, Sequential, linear};
use flate2::Compression;
use flate2::write::GzEncoder;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The calls of the allocator during `f`, and the most bytes that it held at a time.
fn measure<R>(f: impl FnOnce() -> R) -> (R, usize, usize) {
    let (calls, live) = (CALLS.load(Relaxed), LIVE.load(Relaxed));
    PEAK.store(live, Relaxed);
    let result = f();
    (
        result,
        CALLS.load(Relaxed) - calls,
        PEAK.load(Relaxed) - live,
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header of unsigned bytes that claims these dimensions, and then `count` zeros.
fn claim(dimensions: &[u32], count: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|length| length.to_be_bytes()));
    bytes.resize(bytes.len() + count, 0);
    bytes
}

const MIB: usize = 1 << 20;
/// Buffers of a fixed size: those of the reader and of the gzip decoder.
const FIXED: usize = MIB / 4;

fn readers_allocate_no_more_than_there_is() {
    let limits = Limits::default();
    let unlimited = Limits {
        max_bytes: u64::MAX,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.idx");

    // 3 TB in 4 KB, as a file, as a stream and packed.
    let huge = claim(&[1 << 20, 3 << 20], 4096);
    std::fs::write(&path, &huge).unwrap();
    for limits in [limits, unlimited] {
        let (result, _, peak) = measure(|| idx::read(&path, limits));
        assert!(result.is_err() && peak < FIXED, "{peak}");
        let packed = gzip(&huge);
        for bytes in [&huge, &packed] {
            let (result, _, peak) = measure(|| idx::parse("a", &bytes[..], limits));
            assert!(result.is_err() && peak < FIXED, "{peak}");
        }
    }

    // A bomb: more behind the array than in it; and a claim of far more than is there.
    let bomb = gzip(&claim(&[10], 64 * MIB));
    let (result, _, peak) = measure(|| idx::parse("a", &bomb[..], limits));
    assert!(result.is_err() && peak < FIXED, "{peak}");
    let hollow = gzip(&claim(&[1000 << 20], 4 * MIB));
    let (result, _, peak) = measure(|| idx::parse("a", &hollow[..], limits));
    assert!(result.is_err() && peak < 12 * MIB + FIXED, "{peak}");

    // What is whole: a plain file is read into one buffer, of a packed one the last step shows.
    let whole = claim(&[16 << 20], 16 * MIB);
    std::fs::write(&path, &whole).unwrap();
    let (result, _, peak) = measure(|| idx::read(&path, limits));
    assert!(result.is_ok() && peak < 16 * MIB + FIXED, "{peak}");
    let packed = gzip(&whole);
    let (result, _, peak) = measure(|| idx::parse("a", &packed[..], limits));
    assert!(result.is_ok() && peak <= 24 * MIB + FIXED, "{peak}");
}

fn tables_allocate_no_more_than_the_limit() {
    use backprop_trainer::data::csv::{Header, Options, Table};

    let limit = 16 * MIB;
    let limits = Limits {
        max_bytes: limit as u64,
    };
    let encode = |text: String| {
        let table = Table::parse("t", text, Header::Present, limits)?;
        let rows: Vec<u32> = (0..table.len() as u32).collect();
        table.dataset::<f64>(&table.fit(&Options::new("y"), &rows)?)
    };
    let commas = ",".repeat(8 * MIB);
    let rows = "y,x\n".to_owned() + &"1,2\n".repeat(2 * MIB);
    let wide: Vec<String> = (0..16_000).map(|i| format!("{i:x}")).collect();
    let wide = format!("y,{}\n", wide.join(","));
    let mut text = wide.clone();
    for i in 0..80 {
        text += &wide.replace(',', &format!(",{i}c"));
    }
    for table in [
        commas,
        format!("y,x\n1,\"{}", "a".repeat(8 * MIB)),
        rows,
        text,
    ] {
        let start = table[..40.min(table.len())].to_owned();
        let (result, _, peak) = measure(|| encode(table));
        assert!(result.is_err(), "{start}");
        // A row, and where its cells end, beside the columns.
        assert!(peak < limit + 16 * MIB, "{start}: {peak}");
    }
}

fn pictures_allocate_no_more_than_the_limit() {
    use backprop_trainer::data::png::parse;

    let picture = |width: u32, height: u32, depth: png::BitDepth| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(depth);
        let size = (width * height * 4) as usize * depth as usize / 8;
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![0; size]).unwrap();
        drop(writer);
        bytes
    };
    let limit = 16 * MIB;
    let limits = Limits {
        max_bytes: limit as u64,
    };
    let (eight, sixteen) = (png::BitDepth::Eight, png::BitDepth::Sixteen);
    for (width, height, depth, fits) in [
        (1800, 1800, eight, true),
        (1800, 1800, sixteen, true),
        (600_000, 1, eight, true),
        (30_000, 20, sixteen, true),
        (1, 600_000, sixteen, true),
        (1840, 1840, eight, false),
        (2_000_000, 1, eight, false),
        (4000, 4000, eight, false),
    ] {
        let file = picture(width, height, depth);
        assert!(file.len() < MIB);
        let (result, _, peak) = measure(|| parse("p", &file, limits));
        assert_eq!(result.is_ok(), fits, "{width} x {height}");
        let most = if fits { limit } else { 0 } + 2 * FIXED;
        assert!(peak <= most, "{width} x {height}, {depth:?}: {peak}");
    }
}

fn photographs_allocate_no_more_than_the_limit() {
    use backprop_trainer::data::images::parse;
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let photograph = |width: u16, height: u16, color: ColorType, settings: [u8; 3]| {
        let [progressive, sampling, turned] = settings;
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 50);
        encoder.set_progressive(progressive == 1);
        if sampling > 1 {
            let factors = [SamplingFactor::F_2_2, SamplingFactor::F_4_1];
            encoder.set_sampling_factor(factors[usize::from(sampling) - 2]);
        }
        if turned == 1 {
            encoder.add_app_segment(1, exif.to_vec()).unwrap();
        }
        let channels = match color {
            ColorType::Luma => 1,
            ColorType::Rgb => 3,
            _ => 4,
        };
        let size = usize::from(width) * usize::from(height) * channels;
        let samples: Vec<u8> = (0..size).map(|at| (at / 7) as u8).collect();
        encoder.encode(&samples, width, height, color).unwrap();
        bytes
    };
    let limit = 16 * MIB;
    let limits = Limits {
        max_bytes: limit as u64,
    };
    for (width, height, fits) in [
        (1000, 1000, true),
        (6000, 30, true),
        (30, 6000, true),
        (2000, 1500, false),
        (65_000, 60, false),
    ] {
        for color in [ColorType::Luma, ColorType::Rgb, ColorType::Cmyk] {
            for settings in [
                [0, 1, 0],
                [1, 1, 1],
                [0, 2, 1],
                [1, 2, 0],
                [0, 3, 0],
                [1, 3, 0],
            ] {
                // The decoder refuses others of four channels.
                if color == ColorType::Cmyk && settings != [0, 1, 0] {
                    continue;
                }
                let file = photograph(width, height, color, settings);
                let (result, _, peak) = measure(|| parse("p", &file, limits));
                let case = format!("{width} x {height} {color:?} {settings:?}: {peak}");
                assert_eq!(result.is_ok(), fits, "{case}");
                let most = if fits { limit } else { 0 } + 2 * FIXED;
                assert!(peak <= most, "{case}");
            }
        }
    }
}

fn models_and_checkpoints_allocate_no_more_than_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");

    // A header that claims more than there is, and a file above the limit.
    let header = r#"{"__metadata__":{"contents":"checkpoint"},"x":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}"#;
    let mut claims = (header.len() as u64).to_le_bytes().to_vec();
    claims.extend(header.as_bytes());
    claims.resize(4096, 0);
    std::fs::write(&path, &claims).unwrap();
    let (result, _, peak) = measure(|| Checkpoint::load(&path, u64::MAX));
    assert!(result.is_err() && peak < FIXED, "{peak}");
    let header = r#"{"0.weight":{"dtype":"F32","shape":[1099511627776,1],"data_offsets":[0,4398046511104]}}"#;
    let model = [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        &[0; 64],
    ]
    .concat();
    let (result, _, peak) = measure(|| Model::<f32>::from_bytes("m", &model).map(|_| ()));
    assert!(result.is_err() && peak < FIXED, "{peak}");

    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("large", vec![7; 16 * MIB]);
    checkpoint.save(&path).unwrap();
    drop(checkpoint);
    let limit = 17 * MIB;
    let (result, _, peak) = measure(|| Checkpoint::load(&path, limit as u64));
    assert!(result.is_ok() && peak < limit + FIXED, "{peak}");
    let (result, _, peak) = measure(|| Checkpoint::load(&path, 16 * MIB as u64));
    assert!(result.is_err() && peak < FIXED, "{peak}");

    // As documented, at most some 20 times the bytes, where a layer has one neuron.
    let network = Sequential::<f32>::new(1 << 18, [linear(1)], 0).unwrap();
    let bytes = Model::new(network, ModelInfo::default()).unwrap();
    let bytes = bytes.to_bytes().unwrap();
    let (result, _, peak) = measure(|| Model::<f32>::from_bytes("m", &bytes));
    assert!(result.is_ok() && peak < 20 * bytes.len(), "{peak}");
}

fn an_epoch_allocates_nothing() {
    let labels = Targets::Classes {
        labels: vec![1; 1000],
        num_classes: 2,
    };
    let dataset = Dataset::<f32>::from_bytes(20, vec![7; 20_000], labels).unwrap();
    let dataset = dataset.with_balanced_weights().unwrap();
    let mut batches = BatchSampler::new(dataset.len(), 64, Some(Key::new(0)));
    let mut batch = Batch::new();
    dataset.gather(batches.next_batch().unwrap(), &mut batch);
    let ((), calls, _) = measure(|| {
        for epoch in 1..4 {
            batches.start_epoch(Key::new(0).derive("shuffle/epoch", epoch));
            while let Some(rows) = batches.next_batch() {
                dataset.gather(rows, &mut batch);
            }
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn memory() {
    readers_allocate_no_more_than_there_is();
    tables_allocate_no_more_than_the_limit();
    pictures_allocate_no_more_than_the_limit();
    photographs_allocate_no_more_than_the_limit();
    models_and_checkpoints_allocate_no_more_than_there_is();
    an_epoch_allocates_nothing();
}
