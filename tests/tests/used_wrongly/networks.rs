//! Networks, their parameters, passes through them, and layers by themselves.

use super::*;

#[test]
fn networks() {
    let build = |specs: &[LayerSpec]| error(Sequential::<f32>::new(4, specs.iter().cloned(), 0));
    let boxed = |layer: Linear<f32>| -> Box<dyn Layer<f32>> { Box::new(layer) };
    let custom = LayerSpec::custom("mine", "");
    let half = usize::MAX / 2;
    let said = [
        ("no layers", build(&[])),
        ("no inputs", error(Sequential::<f32>::new(0, [tanh()], 0))),
        (
            "no inputs of a linear layer",
            error(Sequential::<f32>::new(0, [linear(3)], 0)),
        ),
        ("no outputs", build(&[linear(3), tanh(), linear(0)])),
        ("more outputs than there is memory", build(&[linear(half)])),
        ("more outputs than a number", build(&[linear(usize::MAX)])),
        (
            "more weights than there is memory",
            build(&[linear(1 << 50)]),
        ),
        ("dropout of all", build(&[linear(3), dropout(1.0)])),
        ("dropout of NaN", error(Dropout::new(f64::NAN))),
        ("a slope of infinity", build(&[leaky_relu(f64::INFINITY)])),
        ("a slope of NaN", error(LeakyRelu::new(f64::NAN))),
        (
            "weights for a slope of NaN",
            error(Linear::<f32>::new(
                2,
                2,
                Init::He { slope: f64::NAN },
                Key::new(0),
            )),
        ),
        (
            "a layer of one's own as plain data",
            build(&[linear(3), custom]),
        ),
        (
            "widths that differ",
            error(Sequential::from_layers(
                4,
                vec![
                    boxed(Linear::from_rows(2, 4, &[0.0; 8], &[0.0; 2])),
                    boxed(Linear::from_rows(1, 3, &[0.0; 3], &[0.0])),
                ],
            )),
        ),
        (
            "a layer of one's own without outputs",
            error(Sequential::from_layers(4, vec![Box::new(Nothing) as _])),
        ),
    ];
    check("networks", said);
}

#[test]
fn parameters() {
    let plain = || Parameter::new("scale", ParameterKind::Weight, vec![2, 3], vec![0.0_f32; 6]);
    let weight = || Parameter::weight(2, 3, &[0.0_f32; 6]);
    let said = [
        (
            "a weight of too few values",
            panic(|| Parameter::weight(2, 3, &[0.0_f32; 5])),
        ),
        (
            "a layer of too few weights",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 5], &[0.0; 2])),
        ),
        (
            "a layer of too many biases",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 3])),
        ),
        (
            "a parameter of too few values",
            panic(|| Parameter::new("scale", ParameterKind::Bias, vec![4], vec![0.0_f32; 3])),
        ),
        ("too few new values", panic(|| plain().assign(&[0.0; 5]))),
        (
            "too many new values of a weight",
            panic(|| weight().assign(&[0.0; 7])),
        ),
        (
            "a gradient of another length",
            panic(|| plain().unpack(&[0.0; 5])),
        ),
        (
            "a gradient of a weight in logical order",
            panic(|| weight().unpack(&[0.0; 6])),
        ),
        (
            "a panel that is not there",
            panic(|| Pool::new(2).owner_of(3, 3)),
        ),
        (
            "packing another number of values",
            panic(|| PanelLayout::new(3, 2).pack(&[0.0_f32; 6], &mut [0.0; 6])),
        ),
    ];
    check("parameters", said);
}

#[test]
fn passes() {
    let one = network(&[linear(3), tanh(), linear(2)]);
    let deeper = network(&[linear(3), linear(3), tanh(), linear(2)]);
    let wider = network(&[linear(5), tanh(), linear(2)]);
    let forward = |rows: usize| {
        let mut workspace = workspace();
        one.forward(&mut workspace, training(), f32s(rows, 4).view());
        workspace
    };
    let predict = |input: (usize, usize), output: (usize, usize)| {
        let (input, mut output) = (f32s(input.0, input.1), f32s(output.0, output.1));
        panic(|| one.predict_into(&mut workspace(), input.view(), output.view_mut()))
    };
    let said = [
        ("a batch of another width", predict((2, 3), (2, 2))),
        ("an output of another width", predict((2, 4), (2, 3))),
        ("an output of fewer rows", predict((2, 4), (1, 2))),
        ("zero rows are no rows", predict((0, 4), (0, 2))),
        (
            "the output before there is one",
            panic(|| workspace().output().to_owned()),
        ),
        (
            "backward before forward",
            panic(|| one.backward(&mut workspace(), f32s(2, 4).view())),
        ),
        (
            "backward after predicting",
            panic(|| {
                let mut workspace = workspace();
                one.forward(&mut workspace, Mode::Predict, f32s(2, 4).view());
                one.backward(&mut workspace, f32s(2, 4).view());
            }),
        ),
        (
            "backward of other rows",
            panic(|| one.backward(&mut forward(2), f32s(3, 4).view())),
        ),
        (
            "backward of a deeper network",
            panic(|| deeper.backward(&mut forward(2), f32s(2, 4).view())),
        ),
        (
            "backward of a wider network",
            panic(|| wider.backward(&mut forward(2), f32s(2, 4).view())),
        ),
        (
            "the gradients of a wider network",
            panic(|| wider.clone().params_with_grads(&forward(2)).count()),
        ),
        (
            "the gradients before there are any",
            panic(|| one.clone().params_with_grads(&workspace()).count()),
        ),
    ];
    check("passes", said);
}

#[test]
fn layers_by_themselves() {
    let pool = Pool::new(1);
    let context = PassContext {
        pool: &pool,
        mode: training(),
    };
    let forward = |layer: &dyn Layer<f32>, output: (usize, usize), saved: usize| {
        let (input, mut output) = (f32s(2, 3), f32s(output.0, output.1));
        let (mut values, mut sparse) = (vec![0.0; saved], SparseIndex::default());
        let saved = Saved {
            values: &mut values,
            sparse: &mut sparse,
        };
        panic(|| layer.forward(&context, input.view(), output.view_mut(), saved))
    };
    let backward = |layer: &dyn Layer<f32>, output_grad: (usize, usize), input_grad: usize| {
        let (output, mut input_grad) = (f32s(2, 3), f32s(2, input_grad));
        let output_grad = f32s(output_grad.0, output_grad.1);
        let sparse = SparseIndex::default();
        let args = BackwardArgs {
            input: output.view(),
            output: output.view(),
            saved: &[0.0; 6],
            sparse: &sparse,
            output_grad: output_grad.view(),
        };
        panic(|| layer.backward(&context, args, Some(input_grad.view_mut()), &mut []))
    };
    let leaky = LeakyRelu::new(0.01).unwrap();
    let half = Dropout::new(0.5).unwrap();
    let layers: [(&dyn Layer<f32>, &str); 6] = [
        (&Sigmoid, "Sigmoid"),
        (&Tanh, "Tanh"),
        (&Relu, "ReLU"),
        (&leaky, "LeakyReLU"),
        (&Softmax, "Softmax"),
        (&half, "Dropout"),
    ];
    let mut list = Vec::new();
    for (layer, name) in layers {
        let said = [
            ("an output that is wider", forward(layer, (2, 4), 6)),
            ("an output of fewer rows", forward(layer, (1, 3), 6)),
            ("a gradient that is narrower", backward(layer, (2, 2), 3)),
            (
                "a gradient by the input that is wider",
                backward(layer, (2, 3), 4),
            ),
        ];
        list.extend(of(name, said));
    }
    let linear = Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 2]);
    let said = [
        (
            "an output of the input's width",
            forward(&linear, (2, 3), 0),
        ),
        ("no room for the gradients", backward(&linear, (2, 2), 3)),
    ];
    list.extend(of("Linear", said));
    check("layers_by_themselves", list);
}
