use backprop_layers::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_layers::{
    BackwardArgs, Layer, LayerSpec, PassContext, Saved, dropout, elu, gelu, leaky_relu, linear,
    relu, sigmoid, silu, softmax, tanh,
};

use super::messages::{Attribute, DOUBLE, Dimension, FLOAT, Node, ValueInfo};
use super::*;

mod table;

fn decoded<T: Scalar>(network: &Sequential<T>, info: &ModelInfo) -> Model {
    let bytes = onnx_bytes(network, info).unwrap();
    assert_eq!(
        bytes,
        onnx_bytes(network, info).unwrap(),
        "the same bytes again"
    );
    Model::decode(&bytes[..]).unwrap()
}

fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap()
}

/// The graph in short: `output = Operator(inputs) attributes`.
fn nodes(graph: &Graph) -> Vec<String> {
    let attribute = |a: &Attribute| {
        let value = match (a.f, a.i, a.kind) {
            (Some(f), None, Some(1)) => format!("{f:?}"),
            (None, Some(i), Some(2)) => i.to_string(),
            (None, None, Some(8)) => format!("{:?}", a.strings),
            other => panic!("{other:?}"),
        };
        format!(" {}={value}", text(&a.name))
    };
    let line = |node: &Node| {
        let attributes: String = node.attribute.iter().map(attribute).collect();
        let (outputs, inputs) = (node.output.join(", "), node.input.join(", "));
        let domain = node
            .domain
            .as_ref()
            .map_or(String::new(), |domain| format!("{domain}."));
        let operator = text(&node.op_type);
        format!("{outputs} = {domain}{operator}({inputs}){attributes}")
    };
    graph.node.iter().map(line).collect()
}

fn values(infos: &[ValueInfo]) -> Vec<(&str, Vec<String>, i32)> {
    let dimension = |d: &Dimension| match (d.value, &d.param) {
        (Some(value), None) => value.to_string(),
        (None, Some(name)) => name.clone(),
        other => panic!("{other:?}"),
    };
    let value = |info: &ValueInfo| -> (Vec<String>, i32) {
        let tensor = info.kind.as_ref().unwrap().tensor.as_ref().unwrap();
        let shape = tensor.shape.as_ref().unwrap();
        let shape = shape.dim.iter().map(dimension).collect();
        (shape, tensor.elem_type.unwrap())
    };
    let named = |info| {
        let (shape, kind) = value(info);
        (text(&info.name), shape, kind)
    };
    infos.iter().map(named).collect()
}

fn every_layer<T: Scalar>() -> Sequential<T> {
    let layers = [
        linear(5),
        leaky_relu(0.25),
        dropout(0.5),
        linear(4),
        relu(),
        linear(3),
        tanh(),
        linear(3),
        sigmoid(),
        linear(2),
    ];
    Sequential::new(6, layers, 0).unwrap()
}

#[test]
fn a_classifier_has_every_layer_the_scaling_and_the_softmax() {
    let info = ModelInfo::new(OutputKind::Logits)
        .with_loss("SoftmaxCrossEntropy")
        .with_input_scale(1.0 / 255.0)
        .with_class_names(["no", "yes"]);
    let network = every_layer::<f32>();
    let model = decoded(&network, &info);
    assert_eq!((model.ir_version, model.model_version), (Some(7), Some(1)));
    assert_eq!(text(&model.producer_name), "backprop");
    assert_eq!(text(&model.producer_version), env!("CARGO_PKG_VERSION"));
    assert!(text(&model.doc_string).contains("6 raw inputs to 2 classes"));
    let [opset] = &model.opset_import[..] else {
        panic!("{:?}", model.opset_import);
    };
    assert_eq!((text(&opset.domain), opset.version), ("", Some(13)));
    let entries: Vec<_> = model
        .metadata_props
        .iter()
        .map(|entry| (text(&entry.key), text(&entry.value)))
        .collect();
    assert_eq!(entries[0], ("output", "logits"));
    assert_eq!(entries[1], ("class_names", r#"["no","yes"]"#));
    assert_eq!(entries[2].0, "info");
    assert_eq!(
        serde_json::from_str::<ModelInfo>(entries[2].1).unwrap(),
        info
    );

    let graph = model.graph.unwrap();
    assert_eq!(
        nodes(&graph),
        [
            "scale.output = Mul(input, input_scale)",
            "0.linear.output = Gemm(scale.output, 0.weight, 0.bias) transB=1",
            "1.leaky_relu.output = LeakyRelu(0.linear.output) alpha=0.25",
            "3.linear.output = Gemm(1.leaky_relu.output, 3.weight, 3.bias) transB=1",
            "4.relu.output = Relu(3.linear.output)",
            "5.linear.output = Gemm(4.relu.output, 5.weight, 5.bias) transB=1",
            "6.tanh.output = Tanh(5.linear.output)",
            "7.linear.output = Gemm(6.tanh.output, 7.weight, 7.bias) transB=1",
            "8.sigmoid.output = Sigmoid(7.linear.output)",
            "logits = Gemm(8.sigmoid.output, 9.weight, 9.bias) transB=1",
            "probabilities = Softmax(logits) axis=1",
        ]
    );
    let shape = |width: &str| vec!["batch".to_owned(), width.to_owned()];
    assert_eq!(values(&graph.input), [("input", shape("6"), FLOAT)]);
    assert_eq!(
        values(&graph.output),
        [
            ("probabilities", shape("2"), FLOAT),
            ("logits", shape("2"), FLOAT)
        ]
    );

    let mut tensors = graph.initializer.into_iter();
    for (name, parameter) in network.parameters() {
        let tensor = tensors.next().unwrap();
        assert_eq!(
            (text(&tensor.name), tensor.data_type),
            (&*name, Some(FLOAT))
        );
        let dims: Vec<usize> = tensor.dims.iter().map(|&size| size as usize).collect();
        assert_eq!(dims, parameter.shape());
        let bytes: Vec<u8> = parameter
            .to_array()
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect();
        assert_eq!(tensor.raw_data.unwrap(), bytes, "{name}");
    }
    let scale = tensors.next().unwrap();
    assert_eq!(
        (text(&scale.name), &scale.dims[..]),
        ("input_scale", &[1][..])
    );
    assert_eq!(scale.raw_data.unwrap(), (1.0_f32 / 255.0).to_le_bytes());
    assert!(tensors.next().is_none());
}

#[test]
fn doubles_use_no_operator_that_runtimes_know_for_floats_alone() {
    for (slope, operator) in [(0.25, "Max"), (-2.0, "Max"), (3.0, "Min")] {
        let network = Sequential::<f64>::new(2, [linear(3), leaky_relu(slope)], 0);
        let info = ModelInfo::new(OutputKind::Values);
        let model = decoded(&network.unwrap(), &info);
        assert!(text(&model.doc_string).contains("2 raw inputs to 3 values. The"));
        let graph = model.graph.unwrap();
        assert_eq!(
            nodes(&graph),
            [
                "0.linear.output = Gemm(input, 0.weight, 0.bias) transB=1".to_owned(),
                "1.below.output = Mul(0.linear.output, 1.slope)".to_owned(),
                format!("values = {operator}(1.below.output, 0.linear.output)"),
            ]
        );
        assert!(
            graph
                .initializer
                .iter()
                .all(|t| t.data_type == Some(DOUBLE))
        );
        let shape = vec!["batch".to_owned(), "3".to_owned()];
        assert_eq!(values(&graph.output), [("values", shape, DOUBLE)]);
        // What the operator chooses is what the layer gives.
        for x in [-2.0_f64, -0.0, 0.0, 1.5] {
            let below = slope * x;
            let chosen = if operator == "Max" {
                below.max(x)
            } else {
                below.min(x)
            };
            assert_eq!(chosen, if x > 0.0 { x } else { below });
        }
    }
}

#[test]
fn outputs_are_called_what_they_are() {
    let names = |layers: Vec<LayerSpec>, info: ModelInfo| {
        let network = Sequential::<f32>::new(2, layers, 0).unwrap();
        let graph = decoded(&network, &info).graph.unwrap();
        let outputs = graph.output.iter().map(|o| text(&o.name).to_owned());
        (nodes(&graph), outputs.collect::<Vec<_>>())
    };
    let kind = ModelInfo::new;
    let gemm = "= Gemm(input, 0.weight, 0.bias) transB=1";
    assert_eq!(
        names(vec![linear(3), softmax()], kind(OutputKind::Probabilities)),
        (
            vec![
                format!("0.linear.output {gemm}"),
                "probabilities = Softmax(0.linear.output) axis=1".to_owned()
            ],
            vec!["probabilities".to_owned()]
        )
    );
    // Answers of their own do not share a softmax.
    let binary = kind(OutputKind::Logits).with_loss("BinaryCrossEntropyWithLogits");
    assert_eq!(
        names(vec![linear(3), dropout(0.5)], binary),
        (
            vec![
                format!("logits {gemm}"),
                "probabilities = Sigmoid(logits)".to_owned()
            ],
            vec!["probabilities".to_owned(), "logits".to_owned()]
        )
    );
    let rates = kind(OutputKind::Values).with_loss("Poisson");
    assert_eq!(
        names(vec![linear(3)], rates),
        (
            vec![
                format!("0.linear.output {gemm}"),
                "values = Exp(0.linear.output)".to_owned()
            ],
            vec!["values".to_owned()]
        )
    );
    assert_eq!(
        names(vec![dropout(0.5)], kind(OutputKind::Values)).0,
        ["values = Identity(input)"]
    );
}

/// The nodes of an activation as floats, without the constants' values.
fn written_out(activation: LayerSpec) -> Vec<String> {
    let network = Sequential::<f32>::new(3, [activation], 0).unwrap();
    let bytes = onnx_bytes(&network, &ModelInfo::new(OutputKind::Values)).unwrap();
    nodes(&Model::decode(&bytes[..]).unwrap().graph.unwrap())
}

#[test]
fn activations_without_an_operator_are_written_out() {
    assert_eq!(
        written_out(silu()),
        [
            "0.sigmoid.output = Sigmoid(input)",
            "values = Mul(0.sigmoid.output, input)"
        ]
    );
    assert_eq!(
        written_out(elu(0.5)),
        [
            "0.positive.output = Max(input, 0.positive.constant)",
            "0.negative.output = Min(input, 0.negative.constant)",
            "0.exp.output = Exp(0.negative.output)",
            "0.less.output = Sub(0.exp.output, 0.less.constant)",
            "0.below.output = Mul(0.less.output, 0.below.constant)",
            "values = Add(0.below.output, 0.positive.output)",
        ]
    );
    assert_eq!(
        written_out(gelu()),
        [
            "0.scaled.output = Mul(input, 0.scaled.constant)",
            "0.erf.output = Erf(0.scaled.output)",
            "0.one.output = Add(0.erf.output, 0.one.constant)",
            "0.half.output = Mul(0.one.output, 0.half.constant)",
            "values = Mul(0.half.output, input)",
        ]
    );
}

/// A layer of a user's own, which adds nothing.
#[derive(Clone, Debug)]
struct Nothing;

impl Layer<f32> for Nothing {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, f32>,
        mut output: ArrayViewMut2<'_, f32>,
        _saved: Saved<'_, f32>,
    ) {
        output.assign(&input);
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, f32>,
        input_grad: Option<ArrayViewMut2<'_, f32>>,
        _grads: &mut [Box<[f32]>],
    ) {
        if let Some(mut input_grad) = input_grad {
            input_grad.assign(&args.output_grad);
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("nothing", "")
    }
}

#[test]
fn what_onnx_cannot_say_is_refused() {
    let network = Sequential::from_layers(2, vec![Box::new(Nothing) as _]).unwrap();
    let error = onnx_bytes(&network, &ModelInfo::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot save the network: layer 0 is \"nothing\", a layer of your own, and ONNX has \
         no operator for it; export the network as safetensors"
    );

    let mut network = every_layer::<f32>();
    let three = ModelInfo::default().with_class_names(["a", "b", "c"]);
    let error = onnx_bytes(&network, &three).unwrap_err().to_string();
    assert!(error.contains("names 3 classes"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let (_, bias) = network.parameters_mut().nth(1).unwrap();
    bias.assign(&[0.0, f32::NAN, 0.0, 0.0, 0.0]);
    let error = save_onnx(&path, &network, &ModelInfo::default()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("model.onnx: value 1 of the parameter 0.bias is NaN"),
        "{error}"
    );
    assert!(!path.exists());
}

#[test]
fn a_file_holds_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let (network, info) = (every_layer::<f32>(), ModelInfo::default());
    save_onnx(&path, &network, &info).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        onnx_bytes(&network, &info).unwrap()
    );
}

#[test]
fn a_message_may_have_two_gibibytes_less_one_byte() {
    assert_eq!(check_length(0), Ok(()));
    assert_eq!(check_length((1 << 31) - 1), Ok(()));
    assert_eq!(
        check_length(1 << 31).unwrap_err(),
        "as ONNX it would take 2147483648 bytes but at most 2147483647 are allowed; export it as \
         safetensors"
    );
}
