//! Files of other programs: layers with names of their own, and no description.

use backprop_formats::{
    FormatError, MatchedLayers, Model, ModelInfo, OutputKind, Rename, load_matching_parameters,
    load_parameters,
};
use backprop_layers::ndarray::array;
use backprop_layers::{LayerSpec, Sequential, linear, parse_layers, relu};

use crate::common::{bits, file};

/// A file with these F32 tensors, whose values count up from 0 through all of them.
fn tensors(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let (mut header, mut data): (Vec<String>, Vec<u8>) = Default::default();
    let mut count = 0;
    for (name, shape) in tensors {
        let start = data.len();
        for _ in 0..shape.iter().product() {
            data.extend((count as f32).to_le_bytes());
            count += 1;
        }
        let end = data.len();
        header.push(format!(
            r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        ));
    }
    file(&format!("{{{}}}", header.join(",")), &data)
}

/// An MLP as a PyTorch module with attributes has it: 4 to 3 to 2.
fn module() -> Vec<u8> {
    tensors(&[
        ("fc2.weight", &[2, 3]),
        ("fc2.bias", &[2]),
        ("fc1.weight", &[3, 4]),
        ("fc1.bias", &[3]),
    ])
}

fn network(specs: &[LayerSpec]) -> Sequential<f32> {
    Sequential::new(4, specs.to_vec(), 0).unwrap()
}

fn rename(text: &str) -> Rename {
    text.parse().unwrap()
}

fn matching(
    network: &mut Sequential<f32>,
    bytes: &[u8],
    names: &str,
) -> Result<MatchedLayers, FormatError> {
    let rename = if names.is_empty() {
        Rename::default()
    } else {
        rename(names)
    };
    load_matching_parameters(network, "m", bytes, &rename)
}

/// The layers that are kept, reshaped and missing with these names, and the proposal.
fn matched(
    network: &mut Sequential<f32>,
    bytes: &[u8],
    names: &str,
) -> (Vec<usize>, Vec<usize>, Vec<usize>, Option<String>) {
    let layers = matching(network, bytes, names).unwrap();
    let proposal = layers.proposal.map(|rename| rename.to_string());
    (layers.kept, layers.reshaped, layers.missing, proposal)
}

#[test]
fn renamed_layers_are_loaded() {
    let specs = [linear(3), relu(), linear(2)];
    let mut named = network(&specs);
    let found = matched(&mut named, &module(), "fc1=0,fc2=2");
    assert_eq!(found, (vec![0, 2], vec![], vec![], None));
    let values: Vec<f32> = named.parameters().flat_map(|(_, p)| p.to_array()).collect();
    let expected = (8..23).chain(0..8).map(|n| n as f32);
    assert_eq!(values, expected.collect::<Vec<f32>>());
}

#[test]
fn layers_may_change_places_and_parents_are_part_of_a_name() {
    let bytes = tensors(&[
        ("0.weight", &[2, 4]),
        ("0.bias", &[2]),
        ("net.body.1.weight", &[4, 4]),
        ("net.body.1.bias", &[4]),
        ("weight", &[4, 2]),
        ("bias", &[4]),
    ]);
    let mut net = network(&[linear(4), linear(2), linear(4)]);
    let (kept, ..) = matched(&mut net, &bytes, "net.body.1=0, 0=1, =2");
    assert_eq!(kept, [0, 1, 2]);
    assert_eq!(net.parameters().next().unwrap().1.to_array()[0], 10.0);
    let error = matching(&mut net, &bytes, "net.body.1=0").unwrap_err();
    assert_eq!(
        error.to_string(),
        "m: its tensor net.body.1.bias is to be 0.bias, which it has already; rename that layer too"
    );
    let error = matching(&mut net, &bytes, "body=1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "m: there is no layer body to be layer 1, only 0, , net.body.1; name one of these"
    );
    let error = matching(&mut net, &bytes, "0=1,net.body.1=3").unwrap_err();
    assert_eq!(
        error.to_string(),
        "m: its layer net.body.1 is to be layer 3, but the network's layers with parameters are \
         0, 1, 2; name one of these"
    );
}

#[test]
fn names_are_proposed_where_the_shapes_fit_in_one_way() {
    let mut net = network(&[linear(3), relu(), linear(2)]);
    let before = bits(&net);
    let error = matching(&mut net, &module(), "").unwrap_err();
    let text = "m names its layers otherwise than the network: give Model::from_parameters or \
                load_matching_parameters the Rename \"fc1=0,fc2=2\"";
    assert_eq!(error.to_string(), text);
    let error = load_parameters(&mut net, "m", &module()).unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(bits(&net), before);

    // Two layers of the network, or two of the file, with the same shapes.
    let both = "m names its layers otherwise than the network: it has a [weight (4, 4), bias (4)], \
                b [weight (4, 4), bias (4)], and the network 0 [weight (4, 4), bias (4)]";
    let bytes = tensors(&[
        ("a.weight", &[4, 4]),
        ("a.bias", &[4]),
        ("b.weight", &[4, 4]),
        ("b.bias", &[4]),
    ]);
    let error = matching(&mut network(&[linear(4)]), &bytes, "").unwrap_err();
    let which = "; say with a Rename which is which";
    assert_eq!(error.to_string(), format!("{both}{which}"));
    let mut two = network(&[linear(4), linear(4)]);
    let error = matching(&mut two, &bytes, "").unwrap_err();
    let second = ", 1 [weight (4, 4), bias (4)]";
    assert_eq!(error.to_string(), format!("{both}{second}{which}"));

    // Nothing fits, a part fits, a bias is missing, a name cannot be written.
    let fits = |specs: &[LayerSpec], bytes: &[u8]| match matching(&mut network(specs), bytes, "") {
        Err(FormatError::OtherNames { proposal, .. }) => proposal,
        other => panic!("{other:?}"),
    };
    assert_eq!(fits(&[linear(5), linear(5)], &module()), None);
    let part = fits(&[linear(3), linear(5)], &module());
    assert_eq!(part.as_deref(), Some("fc1=0"));
    let part = fits(&[linear(3).bias(false), linear(2)], &module());
    assert_eq!(part.as_deref(), Some("fc2=1"));
    let comma = tensors(&[("a,b.weight", &[3, 4]), ("a,b.bias", &[3])]);
    assert_eq!(fits(&[linear(3)], &comma), None);
    let equals = tensors(&[("a=b.weight", &[3, 4]), ("a=b.bias", &[3])]);
    assert_eq!(fits(&[linear(3)], &equals).as_deref(), Some("a=b=0"));
}

#[test]
fn layers_that_are_not_there_are_told_from_those_of_other_shapes() {
    // As nn.Sequential counts without Dropout.
    let bytes = tensors(&[
        ("0.weight", &[3, 4]),
        ("0.bias", &[3]),
        ("1.weight", &[5, 3]),
        ("1.bias", &[5]),
        ("2.weight", &[2, 5]),
        ("2.bias", &[2]),
    ]);
    let mut net = network(&[linear(3), linear(6), relu(), linear(5)]);
    let found = matched(&mut net, &bytes, "");
    assert_eq!(found, (vec![0], vec![1], vec![3], None));
    // A layer without its bias is there, in another shape.
    let weights = tensors(&[
        ("0.weight", &[3, 4]),
        ("0.bias", &[3]),
        ("1.weight", &[6, 3]),
    ]);
    let found = matched(&mut net, &weights, "");
    assert_eq!(found, (vec![0], vec![1], vec![3], None));

    let mut net = network(&[linear(3), relu(), linear(5), relu(), linear(2)]);
    let proposal = Some("0=0,1=2,2=4".to_owned());
    let found = matched(&mut net, &bytes, "");
    assert_eq!(found, (vec![0], vec![2], vec![4], proposal));
    // A proposal that is no better than what was loaded is none.
    let mut net = network(&[linear(3), linear(9), relu(), linear(5)]);
    let found = matched(&mut net, &bytes, "0=0");
    assert_eq!(found, (vec![0], vec![1], vec![3], None));
}

#[test]
fn a_file_without_a_description_becomes_a_model() {
    let info = ModelInfo::new(OutputKind::Values);
    let load = |layers: &str, names: &str, info: &ModelInfo| {
        let layers = parse_layers(layers).unwrap();
        let rename = names.parse().unwrap_or_default();
        Model::<f32>::from_parameters("m", &module(), &layers, &rename, info.clone())
    };
    let refused = |layers: &str, names: &str| load(layers, names, &info).unwrap_err().to_string();

    let model = load("linear 3, relu, linear 2", "fc1=0,fc2=2", &info).unwrap();
    assert_eq!((model.network().input_width(), model.info()), (4, &info));
    // Rows 8..12, 12..16, 16..20 and biases 20, 21, 22; then 0..3, 3..6 and 6, 7.
    let hidden = [8.0 + 20.0, 12.0 + 21.0, 16.0 + 22.0];
    let expected = [
        hidden[1] + 2.0 * hidden[2] + 6.0,
        3.0 * hidden[0] + 4.0 * hidden[1] + 5.0 * hidden[2] + 7.0,
    ];
    let rows = array![[1.0, 0.0, 0.0, 0.0]];
    let output = model.predict(rows.view()).unwrap();
    assert_eq!(output.as_slice().unwrap(), expected);

    let names = "m names its layers otherwise than the network: give Model::from_parameters or \
                 load_matching_parameters the Rename \"fc1=0,fc2=2\"";
    assert_eq!(refused("linear 3, relu, linear 2", ""), names);
    assert_eq!(refused("linear 3, relu, linear 2", "fc1=0"), names);
    assert_eq!(
        refused("linear 3, relu, linear 5", ""),
        "m names its layers otherwise than the network: it has fc1 [weight (3, 4), bias (3)], \
         fc2 [weight (2, 3), bias (2)], and the network 0 [weight (3, 4), bias (3)], \
         2 [weight (5, 3), bias (5)]; say with a Rename which is which"
    );
    assert_eq!(
        refused("linear 3, linear 7", "fc1=0,fc2=1"),
        "m: the parameter 1.weight has the shape (7, 3) but the file's tensor (2, 3); it is of \
         another network"
    );
    assert_eq!(
        refused("linear 3", "fc1=0"),
        "m has a tensor fc2.bias of shape (2) but the network has no such parameter; it is of \
         another network"
    );
    assert_eq!(
        refused("relu, linear 3", "fc1=0"),
        "m names its layers otherwise than the network: it has fc1 [weight (3, 4), bias (3)], \
         fc2 [weight (2, 3), bias (2)], and the network 1 [weight (3, 4), bias (3)]; say with a \
         Rename which is which"
    );
    assert_eq!(
        refused("linear 3, linear 2", "fc1=0,fc2=2"),
        "m: its layer fc2 is to be layer 2, but the network's layers with parameters are 0, 1; \
         name one of these"
    );
    assert_eq!(
        refused("relu, tanh", ""),
        "m: the list of layers has no linear layer, and so no parameters; add one"
    );
    let named = info.clone().with_class_names(["a"]);
    let error = load("linear 3, linear 2", "fc1=0,fc2=1", &named).unwrap_err();
    assert!(error.to_string().contains("names 1 classes"), "{error}");
}

#[test]
fn a_first_layer_of_several_possible_widths_is_not_guessed() {
    let bytes = tensors(&[
        ("a.weight", &[3, 4]),
        ("a.bias", &[3]),
        ("b.weight", &[3, 5]),
        ("b.bias", &[3]),
        ("c.weight", &[1, 3, 7]),
    ]);
    let load = |names: &str, layers: &str| {
        let (layers, rename) = (
            parse_layers(layers).unwrap(),
            names.parse().unwrap_or_default(),
        );
        let info = ModelInfo::default();
        Model::<f32>::from_parameters("m", &bytes, &layers, &rename, info).unwrap_err()
    };
    let text = load("", "linear 3").to_string();
    assert!(
        text.contains("and the network 0 [weight (3, 4), bias (3)]; say"),
        "{text}"
    );
    // With the second layer only one of the widths is possible; the third is no weight of a Linear.
    let text = load("", "linear 3, linear 5").to_string();
    assert!(text.contains("say with a Rename"), "{text}");
    let text = load("c=0", "linear 3").to_string();
    assert_eq!(
        text,
        "m: the parameter 0.weight has the shape (3, inputs) but the file's tensor (1, 3, 7); it is \
         of another network"
    );
    // No weight has five rows.
    let text = load("", "linear 5").to_string();
    assert!(
        text.contains("c [weight (1, 3, 7)], and the network none; say"),
        "{text}"
    );
}

#[test]
fn names_are_read_as_they_are_written() {
    for text in [
        "fc1=0,fc2=3",
        "a.b=1",
        "=0",
        "a=b=2",
        "0=18446744073709551615",
    ] {
        assert_eq!(rename(text).to_string(), text);
    }
    assert_eq!(rename(" fc1 = 0 , fc2 = 3 "), rename("fc1=0,fc2=3"));
    assert_eq!(rename("fc1=0").pairs(), [("fc1".to_owned(), 0)]);
    let advice = "; write NAME=NUMBER,NAME=NUMBER: a layer of the file, and the layer of the network \
                  that it is, such as fc1=0,fc2=3";
    for (text, expected) in [
        ("", "\"\" is not NAME=NUMBER"),
        ("fc1", "\"fc1\" is not NAME=NUMBER"),
        ("a=0, fc1=b", "\"fc1=b\" is not NAME=NUMBER"),
        ("a=-1", "\"a=-1\" is not NAME=NUMBER"),
        ("a=0,", "\"\" is not NAME=NUMBER"),
        ("a=0,a=1", "\"a=1\" names the file's layer a again"),
        ("a=0,b=0", "\"b=0\" names the network's layer 0 again"),
    ] {
        let error = text.parse::<Rename>().unwrap_err().to_string();
        assert_eq!(error, format!("{expected}{advice}"));
    }
    // As settings keep it.
    let names = rename("fc1=0,fc2=3");
    let json = serde_json::to_string(&names).unwrap();
    assert_eq!(json, "\"fc1=0,fc2=3\"");
    assert_eq!(serde_json::from_str::<Rename>(&json).unwrap(), names);
    assert!(serde_json::from_str::<Rename>("\"fc1\"").is_err());
}
