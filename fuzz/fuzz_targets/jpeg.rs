//! JPEG, and a picture as inputs of networks of drawings and of photographs; its pieces.
#![no_main]

use backprop_trainer::data::Limits;
use backprop_trainer::data::images::{self, Background, ImageEncoding};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20 };
    let Ok(picture) = images::parse("fuzz", bytes, limits) else {
        return;
    };
    let pixels = picture.width() * picture.height();
    assert_eq!(picture.pixels().len(), pixels * picture.channels());
    let white = ImageEncoding {
        background: Some(Background::White),
        ..ImageEncoding::drawings(9, 13)
    };
    let photograph = ImageEncoding {
        background: None,
        channels: 3,
        ..ImageEncoding::drawings(5, 3)
    };
    for encoding in [ImageEncoding::drawings(28, 28), white, photograph] {
        if let Ok(inputs) = encoding.inputs("fuzz", picture.clone()) {
            assert_eq!(Some(inputs.len()), encoding.row_width());
        }
    }
    let drawing = picture.into_gray();
    for piece in drawing.pieces("fuzz").unwrap_or_default() {
        assert!(piece.width > 0 && piece.left + piece.width <= drawing.width());
        assert!(piece.height > 0 && piece.top + piece.height <= drawing.height());
        let inputs = ImageEncoding::drawings(28, 28).piece_inputs("fuzz", &piece);
        assert!(inputs.expect("a piece has ink").iter().any(|&x| x > 0));
    }
});
