//! Networks as safetensors: what was saved comes back, and other programs can read it.

use backprop_formats::{
    FormatError, Model, ModelInfo, OutputKind, TrainingFile, dtype_of, load_parameters,
};
use backprop_layers::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_layers::{
    BackwardArgs, Layer, LayerSpec, Linear, Parameter, ParameterKind, PassContext, Saved, Scalar,
    Sequential, linear, relu,
};

use crate::common::{bits, every_kind, le, model_bytes, model_from_bytes, predictions, seal};

fn info() -> ModelInfo {
    ModelInfo::new(OutputKind::Probabilities)
        .with_loss("cross-entropy")
        .with_input_scale(1.0 / 255.0)
        .with_class_names(["a \"quoted\" name", "größe", "\"crc32\":\"00000000\""])
}

fn round_trip<T: Scalar>() {
    let network = every_kind::<T>();
    let bytes = model_bytes(&network, &info()).unwrap();
    let (loaded, found) = model_from_bytes::<T>("model", &bytes).unwrap();
    assert_eq!(loaded.specs(), network.specs());
    assert_eq!(loaded.input_width(), network.input_width());
    assert_eq!(found, info());
    assert_eq!(bits(&loaded), bits(&network));
    assert_eq!(predictions(&loaded), predictions(&network));
    assert_eq!(model_bytes(&loaded, &found).unwrap(), bytes);
    assert_eq!(dtype_of("model", &bytes).unwrap(), T::NAME);
}

#[test]
fn every_kind_of_layer_comes_back_with_the_same_bits() {
    round_trip::<f32>();
    round_trip::<f64>();
}

/// A model of a table says how its rows were encoded, to the last bit; one of other inputs holds the
/// same bytes as before there was such a thing.
#[test]
fn the_encoding_of_a_table_is_kept_and_may_be_missing() {
    let network = every_kind::<f32>();
    let table = serde_json::json!({"mean": 0.1 + 0.2, "values": ["a \"b\"", "ü"], "none": null});
    let images = serde_json::json!({"width": 12});
    let file = TrainingFile {
        sha256: "ab".to_owned(),
        test_fraction: 0.2,
        seed: 7,
    };
    let info = ModelInfo::new(OutputKind::Values)
        .with_table(table.clone())
        .with_images(images.clone())
        .with_training_file(file.clone());
    let bytes = model_bytes(&network, &info).unwrap();
    let (_, found) = model_from_bytes::<f32>("model", &bytes).unwrap();
    assert_eq!(
        (found.output, found.table),
        (OutputKind::Values, Some(table))
    );
    assert_eq!(
        (found.images, found.training_file),
        (Some(images), Some(file))
    );
    let without = model_bytes(&network, &ModelInfo::new(OutputKind::Values)).unwrap();
    let text = String::from_utf8_lossy(&without);
    assert!(!text.contains("table"), "{text}");
    let (_, found) = model_from_bytes::<f32>("model", &without).unwrap();
    assert_eq!(found.table, None);
}

#[test]
fn files_are_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let network = every_kind::<f32>();
    let model = Model::new(network.clone(), info()).unwrap();
    model.save(&path).unwrap();
    let (loaded, found) = Model::<f32>::load(&path).unwrap().into_parts();
    assert_eq!((bits(&loaded), found), (bits(&network), info()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = Model::<f32>::load(folder.path().join("missing")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot open "), "{missing}");
}

#[test]
fn the_other_precision_is_rounded_or_widened() {
    let narrow = every_kind::<f32>();
    let bytes = model_bytes(&narrow, &info()).unwrap();
    let (widened, _) = model_from_bytes::<f64>("model", &bytes).unwrap();
    for ((_, narrow), (_, wide)) in narrow.parameters().zip(widened.parameters()) {
        let expected: Vec<f64> = narrow.to_array().into_iter().map(f64::from).collect();
        assert_eq!(le(&wide.to_array()), le(&expected));
    }
    let wide = every_kind::<f64>();
    let bytes = model_bytes(&wide, &info()).unwrap();
    let (rounded, _) = model_from_bytes::<f32>("model", &bytes).unwrap();
    for ((_, wide), (_, narrow)) in wide.parameters().zip(rounded.parameters()) {
        let expected: Vec<f32> = wide.to_array().into_iter().map(|x| x as f32).collect();
        assert_eq!(le(&narrow.to_array()), le(&expected));
    }
}

#[test]
fn the_safetensors_library_reads_the_file() {
    let network = every_kind::<f64>();
    let bytes = model_bytes(&network, &info()).unwrap();
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.len(), 8);
    for (name, parameter) in network.parameters() {
        let tensor = theirs.tensor(&name).unwrap();
        assert_eq!(tensor.dtype(), safetensors::Dtype::F64);
        assert_eq!(tensor.shape(), parameter.shape());
        assert_eq!(tensor.data(), le(&parameter.to_array()));
    }
    let (length, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let entries = header.metadata().as_ref().unwrap();
    assert_eq!(entries["format"], "backprop");
    assert_eq!(entries["input_width"], "4");
    assert!(entries["layers"].starts_with(
        r#"[{"kind":"linear","outputs":19},{"kind":"relu"},{"kind":"dropout","probability":0.1},"#
    ));
    assert_eq!(length % 8, 0, "the numbers are aligned");
    assert_eq!(
        seal(bytes.clone()),
        bytes,
        "the checksum is the documented one"
    );
}

#[test]
fn a_file_of_another_program_gives_its_parameters() {
    let (weight, bias) = (le(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]), le(&[7.0_f64, 8.0]));
    let view = |dtype, shape: &[usize], data| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), data).unwrap()
    };
    let tensors = [
        ("0.weight", view(safetensors::Dtype::F32, &[2, 3], &weight)),
        ("0.bias", view(safetensors::Dtype::F64, &[2], &bias)),
    ];
    let bytes = safetensors::serialize(tensors, None).unwrap();
    let mut network = Sequential::<f32>::new(3, [linear(2), relu()], 0).unwrap();
    load_parameters(&mut network, "from-pytorch.safetensors", &bytes).unwrap();
    let rows: Vec<Vec<f32>> = network.parameters().map(|(_, p)| p.to_array()).collect();
    assert_eq!(rows, [vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![7.0, 8.0]]);
    assert_eq!(dtype_of("from-pytorch", &bytes).unwrap(), "f64");
    assert_eq!(
        model_from_bytes::<f32>("from-pytorch", &bytes)
            .unwrap_err()
            .to_string(),
        "from-pytorch was written by another program: give its layers to Model::from_parameters, or \
         build the network and use load_parameters; it has 0 [weight (2, 3), bias (2)]"
    );
}

#[test]
fn a_wrong_network_is_named_by_parameter_and_shape_and_stays_as_it_was() {
    let saved = Sequential::<f32>::new(4, [linear(3), relu(), linear(2)], 0).unwrap();
    let bytes = model_bytes(&saved, &ModelInfo::default()).unwrap();
    let message = |specs: &[LayerSpec]| {
        let mut network = Sequential::<f32>::new(4, specs.to_vec(), 1).unwrap();
        let before = bits(&network);
        let error = load_parameters(&mut network, "m", &bytes).unwrap_err();
        assert_eq!(bits(&network), before);
        error.to_string()
    };
    assert_eq!(
        message(&[linear(3), linear(2), linear(4)]),
        "m has no tensor for the parameter 1.weight of shape (2, 3), only 0.bias, 0.weight, \
         2.bias, 2.weight; it is of another network"
    );
    assert_eq!(
        message(&[linear(3), linear(2)]),
        "m names its layers otherwise than the network: give Model::from_parameters or \
         load_matching_parameters the Rename \"0=0,2=1\""
    );
    assert_eq!(
        message(&[linear(3), relu(), linear(5)]),
        "m: the parameter 2.weight has the shape (5, 3) but the file's tensor (2, 3); \
         it is of another network"
    );
    assert_eq!(
        message(&[linear(3)]),
        "m has a tensor 2.bias of shape (2) but the network has no such parameter; \
         it is of another network"
    );
}

/// Multiplies every column by a number of its own.
#[derive(Clone, Debug)]
struct Scale<T> {
    parameters: Vec<Parameter<T>>,
}

impl<T: Scalar> Scale<T> {
    fn new(names: &[&'static str], factors: &[f64]) -> Self {
        let plain = |name: &&'static str| {
            let values = factors.iter().map(|&x| T::from_f64(x)).collect();
            Parameter::new(name, ParameterKind::Weight, vec![factors.len()], values)
        };
        let parameters = names.iter().map(plain).collect();
        Scale { parameters }
    }
}

impl<T: Scalar> Layer<T> for Scale<T> {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        for ((_, j), y) in output.indexed_iter_mut() {
            *y = self.parameters[0].packed()[j];
        }
        output *= &input;
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        _args: BackwardArgs<'_, T>,
        _input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        unimplemented!("the tests do not train")
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("Scale", "by column")
    }
}

#[test]
fn a_layer_of_ones_own_is_saved_and_its_parameters_are_loaded() {
    let build = |names: &[&'static str], factors: &[f64]| {
        let first: Box<dyn Layer<f64>> = Box::new(Scale::new(names, factors));
        let last = Box::new(Linear::from_rows(1, 2, &[1.0, 2.0], &[3.0]));
        Sequential::from_layers(2, vec![first, last]).unwrap()
    };
    let bytes = model_bytes(&build(&["factor"], &[5.0, 6.0]), &ModelInfo::default()).unwrap();
    let error = model_from_bytes::<f64>("m", &bytes).unwrap_err();
    assert!(matches!(error, FormatError::Custom { index: 0, .. }));
    assert!(error.to_string().contains("\"Scale\""), "{error}");
    assert!(error.to_string().contains("load_parameters"), "{error}");

    let mut network = build(&["factor"], &[0.0, 0.0]);
    load_parameters(&mut network, "m", &bytes).unwrap();
    assert_eq!(network.layers()[0].parameters()[0].to_array(), [5.0, 6.0]);

    let twice = model_bytes(&build(&["a", "a"], &[1.0, 1.0]), &ModelInfo::default());
    let message = twice.unwrap_err().to_string();
    assert!(
        message.contains("two parameters are called 0.a"),
        "{message}"
    );
}

#[test]
fn what_could_not_be_read_back_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let refused = |network: &Sequential<f32>, info: &ModelInfo| {
        let model = Model::new(network.clone(), info.clone());
        let result = model.and_then(|model| model.save(&path));
        let message = result.unwrap_err().to_string();
        // A description that does not fit is refused before there is a file to name.
        let is_description = message.starts_with("cannot save the network: its description ");
        assert!(
            is_description || message.contains(path.to_str().unwrap()),
            "{message}"
        );
        assert!(!path.exists());
        message
    };
    let mut network = every_kind::<f32>();
    for scale in [f64::NAN, f64::INFINITY, 0.0] {
        let info = ModelInfo::default().with_input_scale(scale);
        assert!(refused(&network, &info).contains("input scale"));
    }
    let info = ModelInfo::default().with_class_names(["one", "two"]);
    assert!(refused(&network, &info).contains("names 2 classes but the network has 3 outputs"));
    let info = ModelInfo::default().with_class_names(["x".repeat(1 << 20), "".into(), "".into()]);
    assert!(refused(&network, &info).contains("shorten them"));

    let (_, parameter) = network.parameters_mut().nth(1).unwrap();
    parameter.packed_mut()[4] = f32::INFINITY;
    let message = refused(&network, &ModelInfo::default());
    assert!(
        message.contains("value 4 of the parameter 0.bias is inf"),
        "{message}"
    );
}

#[test]
fn a_description_is_read_without_the_network() {
    let bytes = model_bytes(&every_kind::<f32>(), &info()).unwrap();
    assert_eq!(ModelInfo::from_bytes("m", &bytes).unwrap(), info());
    let other = safetensors::serialize::<&str, safetensors::tensor::TensorView<'_>, _>([], None);
    let error = ModelInfo::from_bytes("m", &other.unwrap()).unwrap_err();
    assert!(matches!(error, FormatError::OtherProgram { .. }), "{error}");
    assert!(error.to_string().ends_with("; it has none"), "{error}");
}

#[test]
fn the_longest_header_that_is_read_is_written() {
    const LONGEST: usize = 1 << 20;
    let network = Sequential::<f32>::new(1, [linear(1)], 0).unwrap();
    let with_name = |length: usize| {
        let info = ModelInfo::default().with_class_names(["x".repeat(length)]);
        model_bytes(&network, &info)
    };
    let short = with_name(8).unwrap();
    let header = u64::from_le_bytes(short[..8].try_into().unwrap()) as usize;
    let longest = 8 + LONGEST - header;
    let bytes = with_name(longest).unwrap();
    assert_eq!(bytes[..8], (LONGEST as u64).to_le_bytes());
    let (_, found) = model_from_bytes::<f32>("m", &bytes).unwrap();
    assert_eq!(found.class_names[0].len(), longest);
    let error = with_name(longest + 8).unwrap_err().to_string();
    assert!(
        error.contains("take 1048584 bytes but at most 1048576 are read back"),
        "{error}"
    );
}
