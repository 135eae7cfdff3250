//! Networks, their parameters, passes through them, and layers by themselves.

use super::*;

#[test]
fn networks() {
    let build = |specs: &[LayerSpec]| error(Sequential::<f32>::new(4, specs.iter().cloned(), 0));
    let boxed = |layer: Linear<f32>| -> Box<dyn Layer<f32>> { Box::new(layer) };
    let custom = LayerSpec::custom("mine", "");
    let half = usize::MAX / 2;
    check(vec![
        (
            "no layers",
            build(&[]),
            "the network has no layers; give it at least one",
        ),
        (
            "no inputs",
            error(Sequential::<f32>::new(0, [tanh()], 0)),
            "the number of inputs of the network is 0; it must be at least 1",
        ),
        (
            "no inputs of a linear layer",
            error(Sequential::<f32>::new(0, [linear(3)], 0)),
            "layer 0: the number of inputs of a Linear layer is 0; it must be at least 1",
        ),
        (
            "no outputs",
            build(&[linear(3), tanh(), linear(0)]),
            "layer 2: the number of outputs of a Linear layer is 0; it must be at least 1",
        ),
        (
            "more outputs than there is memory",
            build(&[linear(half)]),
            "layer 0: a weight of 9223372036854775807 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "more outputs than a number",
            build(&[linear(usize::MAX)]),
            "layer 0: a weight of 18446744073709551615 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "more weights than there is memory",
            build(&[linear(1 << 50)]),
            "layer 0: a weight of 1125899906842624 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "dropout of all",
            build(&[linear(3), dropout(1.0)]),
            "layer 1: the dropout probability is 1; it must be at least 0 and below 1",
        ),
        (
            "dropout of NaN",
            error(Dropout::new(f64::NAN)),
            "the dropout probability is NaN; it must be at least 0 and below 1",
        ),
        (
            "a slope of infinity",
            build(&[leaky_relu(f64::INFINITY)]),
            "layer 0: the slope of a LeakyReLU is inf; it must be a finite number",
        ),
        (
            "a slope of NaN",
            error(LeakyRelu::new(f64::NAN)),
            "the slope of a LeakyReLU is NaN; it must be a finite number",
        ),
        (
            "weights for a slope of NaN",
            error(Linear::<f32>::new(
                2,
                2,
                Init::He { slope: f64::NAN },
                Key::new(0),
            )),
            "the slope of a LeakyReLU is NaN; it must be a finite number",
        ),
        (
            "a layer of one's own as plain data",
            build(&[linear(3), custom]),
            "layer 1: the layer \"mine\" is not one of this crate's; build it and use \
             Sequential::from_layers",
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
            "layer 1: Linear takes 3 inputs but would get 2; make the widths agree",
        ),
        (
            "a layer of one's own without outputs",
            error(Sequential::from_layers(4, vec![Box::new(Nothing) as _])),
            "layer 0: the number of outputs of the layer is 0; it must be at least 1",
        ),
    ]);
}

#[test]
fn parameters() {
    let plain = || Parameter::new("scale", ParameterKind::Weight, vec![2, 3], vec![0.0_f32; 6]);
    let weight = || Parameter::weight(2, 3, &[0.0_f32; 6]);
    check(vec![
        (
            "a weight of too few values",
            panic(|| Parameter::weight(2, 3, &[0.0_f32; 5])),
            "assertion `left == right` failed: rows of a (2, 3) weight\n  left: 5\n right: 6",
        ),
        (
            "a layer of too few weights",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 5], &[0.0; 2])),
            "assertion `left == right` failed: rows of a (2, 3) weight\n  left: 5\n right: 6",
        ),
        (
            "a layer of too many biases",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 3])),
            "assertion `left == right` failed: values of bias [2]\n  left: 3\n right: 2",
        ),
        (
            "a parameter of too few values",
            panic(|| Parameter::new("scale", ParameterKind::Bias, vec![4], vec![0.0_f32; 3])),
            "assertion `left == right` failed: values of scale [4]\n  left: 3\n right: 4",
        ),
        (
            "too few new values",
            panic(|| plain().assign(&[0.0; 5])),
            "assertion `left == right` failed: values of scale [2, 3]\n  left: 5\n right: 6",
        ),
        (
            "too many new values of a weight",
            panic(|| weight().assign(&[0.0; 7])),
            "assertion `left == right` failed: values of weight [2, 3]\n  left: 7\n right: 6",
        ),
        (
            "a gradient of another length",
            panic(|| plain().unpack(&[0.0; 5])),
            "assertion `left == right` failed: numbers in the storage of scale [2, 3]\n  left: 5\n \
             right: 6",
        ),
        (
            "a gradient of a weight in logical order",
            panic(|| weight().unpack(&[0.0; 6])),
            "assertion `left == right` failed: numbers in the storage of weight [2, 3]\n  left: 6\n \
             right: 48",
        ),
        (
            "a panel that is not there",
            panic(|| Pool::new(2).owner_of(3, 3)),
            "panel 3 of 3: the last one is 2",
        ),
        (
            "packing another number of values",
            panic(|| PanelLayout::new(3, 2).pack(&[0.0_f32; 6], &mut [0.0; 6])),
            "assertion `left == right` failed: storage of a (2, 3) weight\n  left: 6\n right: 48",
        ),
    ]);
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
    let another =
        "the workspace last ran another network; run Sequential::forward of this one first";
    check(vec![
        (
            "a batch of another width",
            predict((2, 3), (2, 2)),
            "assertion `left == right` failed: the network takes 4 inputs but the batch has the \
             shape (2, 3)\n  left: 3\n right: 4",
        ),
        (
            "an output of another width",
            predict((2, 4), (2, 3)),
            "assertion `left == right` failed: shape of the output, (batch, outputs)\n  left: \
             (2, 3)\n right: (2, 2)",
        ),
        (
            "an output of fewer rows",
            predict((2, 4), (1, 2)),
            "assertion `left == right` failed: shape of the output, (batch, outputs)\n  left: \
             (1, 2)\n right: (2, 2)",
        ),
        ("zero rows are no rows", predict((0, 4), (0, 2)), "no panic"),
        (
            "the output before there is one",
            panic(|| workspace().output().to_owned()),
            "run Sequential::forward first",
        ),
        (
            "backward before forward",
            panic(|| one.backward(&mut workspace(), f32s(2, 4).view())),
            "run Sequential::forward with Mode::Train first",
        ),
        (
            "backward after predicting",
            panic(|| {
                let mut workspace = workspace();
                one.forward(&mut workspace, Mode::Predict, f32s(2, 4).view());
                one.backward(&mut workspace, f32s(2, 4).view());
            }),
            "run Sequential::forward with Mode::Train first",
        ),
        (
            "backward of other rows",
            panic(|| one.backward(&mut forward(2), f32s(3, 4).view())),
            "assertion `left == right` failed: rows of the input and of the forward pass\n  left: 3\n \
             right: 2",
        ),
        (
            "backward of a deeper network",
            panic(|| deeper.backward(&mut forward(2), f32s(2, 4).view())),
            another,
        ),
        (
            "backward of a wider network",
            panic(|| wider.backward(&mut forward(2), f32s(2, 4).view())),
            another,
        ),
        (
            "the gradients of a wider network",
            panic(|| wider.clone().params_with_grads(&forward(2)).count()),
            another,
        ),
        (
            "the gradients before there are any",
            panic(|| one.clone().params_with_grads(&workspace()).count()),
            "run Sequential::forward with Mode::Train first",
        ),
    ]);
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
    for (layer, name) in layers {
        let keeps = |input: &str, output: &str| {
            format!(
                "a {name} layer keeps the shape of a batch, but the input is {input} and the \
                 output {output}"
            )
        };
        check(vec![
            (
                "an output that is wider",
                forward(layer, (2, 4), 6),
                &keeps("(2, 3)", "(2, 4)"),
            ),
            (
                "an output of fewer rows",
                forward(layer, (1, 3), 6),
                &keeps("(2, 3)", "(1, 3)"),
            ),
            (
                "a gradient that is narrower",
                backward(layer, (2, 2), 3),
                &keeps("(2, 3)", "(2, 2)"),
            ),
            (
                "a gradient by the input that is wider",
                backward(layer, (2, 3), 4),
                &keeps("(2, 4)", "(2, 3)"),
            ),
        ]);
    }
    let linear = Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 2]);
    let maps = "a (2, 3) weight maps (batch, 3) to (batch, 2), but the input is (2, 3) and the \
                output (2, 3)";
    check(vec![
        (
            "an output of the input's width",
            forward(&linear, (2, 3), 0),
            maps,
        ),
        (
            "no room for the gradients",
            backward(&linear, (2, 2), 3),
            "a Linear layer has 2 gradients, not 0",
        ),
    ]);
}
