//! The nodes of a graph, one after the other, and the tensors that they use.

use backprop_layers::{LayerSpec, Sequential};
use backprop_tensor::Scalar;

use super::messages::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_STRINGS, Attribute, DOUBLE, Dimension, FLOAT, INT64,
    Node, STRING, Shape, Tensor, TensorType, Type, ValueInfo,
};
use crate::info::OutputActivation;
use crate::network::StoredTensor;
use crate::{ModelInfo, OutputKind};

/// The operators of classical machine learning.
pub(super) const ML_DOMAIN: &str = "ai.onnx.ml";
/// Their set that has the `OneHotEncoder`, the first one.
pub(super) const ML_OPSET: i64 = 1;

const INPUT_SCALE: &str = "input_scale";

/// Nodes each of which takes the output of the one before, and the tensors that they use.
pub(super) struct GraphBuilder {
    pub(super) nodes: Vec<Node>,
    pub(super) tensors: Vec<Tensor>,
    /// The value that the next node takes.
    pub(super) value: String,
}

impl GraphBuilder {
    /// A graph whose first node takes the input of this name.
    pub(super) fn new(tensors: Vec<Tensor>, input: &str) -> Self {
        GraphBuilder {
            nodes: Vec::new(),
            tensors,
            value: input.to_owned(),
        }
    }

    /// A node called `name` on the last value and these others.
    pub(super) fn add_node(
        &mut self,
        name: &str,
        operator: &str,
        others: &[&str],
        attribute: Vec<Attribute>,
    ) {
        let output = format!("{name}.output");
        let others = others.iter().map(|&other| other.to_owned());
        let input = [self.value.clone()].into_iter().chain(others).collect();
        self.nodes.push(Node {
            input,
            output: vec![output.clone()],
            name: Some(name.to_owned()),
            op_type: Some(operator.to_owned()),
            attribute,
            domain: None,
        });
        self.value = output;
    }

    /// The nodes of a network on the last value; returns the names of what they give.
    pub(super) fn network<T: Scalar>(
        &mut self,
        network: &Sequential<T>,
        info: &ModelInfo,
    ) -> Result<Vec<&'static str>, String> {
        if info.input_scale != 1.0 {
            self.multiply::<T>("scale", INPUT_SCALE, info.input_scale);
        }
        for (index, spec) in network.specs().into_iter().enumerate() {
            self.layer::<T>(index, spec)?;
        }
        let activation = info.output_activation();
        if activation == OutputActivation::Exp {
            self.add_node("rates", "Exp", &[], vec![]);
        }
        let last = match info.output {
            OutputKind::Logits => "logits",
            OutputKind::Probabilities => "probabilities",
            OutputKind::Values => "values",
        };
        self.name_output(last);
        let squash = match activation {
            OutputActivation::Identity | OutputActivation::Exp => return Ok(vec![last]),
            OutputActivation::Softmax => ("Softmax", vec![int("axis", 1)]),
            OutputActivation::Sigmoid => ("Sigmoid", vec![]),
        };
        let (operator, attributes) = squash;
        self.add_node("probabilities", operator, &[], attributes);
        self.name_output("probabilities");
        Ok(vec!["probabilities", last])
    }

    /// A node of the operators of classical machine learning.
    pub(super) fn add_ml_node(&mut self, name: &str, operator: &str, attribute: Vec<Attribute>) {
        self.add_node(name, operator, &[], attribute);
        if let Some(node) = self.nodes.last_mut() {
            node.domain = Some(ML_DOMAIN.to_owned());
        }
    }

    /// Multiplies the last value by a number, which becomes a tensor of this name.
    fn multiply<T: Scalar>(&mut self, name: &str, factor_name: &str, factor: f64) {
        self.combine::<T>(name, "Mul", factor_name, factor);
    }

    /// An operator on the last value and a number, which becomes a tensor of this name.
    pub(super) fn combine<T: Scalar>(
        &mut self,
        name: &str,
        operator: &str,
        number_name: &str,
        number: f64,
    ) {
        let number = (number_name.to_owned(), vec![1], vec![T::from_f64(number)]);
        self.tensors.push(tensor(number));
        self.add_node(name, operator, &[number_name], vec![]);
    }

    fn layer<T: Scalar>(&mut self, index: usize, spec: LayerSpec) -> Result<(), String> {
        let name = |kind: &str| format!("{index}.{kind}");
        match spec {
            LayerSpec::Linear { bias: true, .. } => {
                let (weight, bias) = (name("weight"), name("bias"));
                let attributes = vec![int("transB", 1)];
                self.add_node(&name("linear"), "Gemm", &[&weight, &bias], attributes);
            }
            LayerSpec::Linear { .. } => {
                let attributes = vec![int("transB", 1)];
                self.add_node(&name("linear"), "Gemm", &[&name("weight")], attributes);
            }
            LayerSpec::Relu => self.add_node(&name("relu"), "Relu", &[], vec![]),
            LayerSpec::LeakyRelu { slope } if T::SIZE == 4 => {
                let attributes = vec![float("alpha", slope as f32)];
                self.add_node(&name("leaky_relu"), "LeakyRelu", &[], attributes);
            }
            LayerSpec::LeakyRelu { slope } => {
                let before = self.value.clone();
                self.multiply::<T>(&name("below"), &name("slope"), slope);
                // The line through 0 that is the lower one above 0 is the higher one below it.
                let operator = if slope <= 1.0 { "Max" } else { "Min" };
                self.add_node(&name("leaky_relu"), operator, &[&before], vec![]);
            }
            LayerSpec::Sigmoid => self.add_node(&name("sigmoid"), "Sigmoid", &[], vec![]),
            LayerSpec::Tanh => self.add_node(&name("tanh"), "Tanh", &[], vec![]),
            LayerSpec::Gelu => self.gelu::<T>(index),
            LayerSpec::GeluTanh => self.gelu_tanh::<T>(index),
            LayerSpec::Silu => self.silu(index),
            LayerSpec::Elu { alpha } => self.elu::<T>(index, 1.0, alpha),
            LayerSpec::Selu => self.selu::<T>(index),
            LayerSpec::Softplus => self.softplus::<T>(index),
            LayerSpec::Mish => self.mish::<T>(index),
            LayerSpec::HardSwish => self.hard_swish::<T>(index),
            LayerSpec::Softmax => {
                self.add_node(&name("softmax"), "Softmax", &[], vec![int("axis", 1)]);
            }
            LayerSpec::Dropout { .. } => {}
            other => {
                let kind = match other {
                    LayerSpec::Custom(custom) => custom.name,
                    other => format!("{other:?}"),
                };
                return Err(format!(
                    "layer {index} is \"{kind}\", a layer of your own, and ONNX has no \
                     operator for it; export the network as safetensors"
                ));
            }
        }
        Ok(())
    }

    /// Gives the last value this name; a network that does nothing gets a node that does nothing.
    pub(super) fn name_output(&mut self, name: &str) {
        if self.nodes.is_empty() {
            self.add_node("identity", "Identity", &[], vec![]);
        }
        if let Some(node) = self.nodes.last_mut() {
            node.output = vec![name.to_owned()];
        }
        self.value = name.to_owned();
    }
}

/// A tensor of a network.
pub(super) fn tensor<T: Scalar>((name, shape, values): StoredTensor<T>) -> Tensor {
    let mut bytes = vec![0; values.len() * T::SIZE];
    for (place, value) in bytes.chunks_exact_mut(T::SIZE).zip(values) {
        value.write_le(place);
    }
    Tensor {
        dims: shape.into_iter().map(|size| size as i64).collect(),
        data_type: Some(element::<T>()),
        string_data: vec![],
        name: Some(name),
        raw_data: Some(bytes),
    }
}

/// The type of the network's tensors.
pub(super) fn element<T: Scalar>() -> i32 {
    if T::SIZE == 4 { FLOAT } else { DOUBLE }
}

/// Attributes of nodes.
fn attribute(name: &str, kind: i32) -> Attribute {
    Attribute {
        name: Some(name.to_owned()),
        f: None,
        i: None,
        strings: vec![],
        kind: Some(kind),
    }
}

pub(super) fn float(name: &str, value: f32) -> Attribute {
    Attribute {
        f: Some(value),
        ..attribute(name, ATTRIBUTE_FLOAT)
    }
}

pub(super) fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        i: Some(value),
        ..attribute(name, ATTRIBUTE_INT)
    }
}

pub(super) fn strings(name: &str, values: &[String]) -> Attribute {
    Attribute {
        strings: values.to_vec(),
        ..attribute(name, ATTRIBUTE_STRINGS)
    }
}

/// A tensor of whole numbers, as operators take them for axes and ends.
pub(super) fn whole_numbers(name: &str, values: &[i64]) -> Tensor {
    Tensor {
        dims: vec![values.len() as i64],
        data_type: Some(INT64),
        string_data: vec![],
        name: Some(name.to_owned()),
        raw_data: Some(
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        ),
    }
}

/// A tensor of texts.
pub(super) fn texts(name: &str, values: &[String]) -> Tensor {
    Tensor {
        dims: vec![values.len() as i64],
        data_type: Some(STRING),
        string_data: values.to_vec(),
        name: Some(name.to_owned()),
        raw_data: None,
    }
}

/// An input or output of shape (batch, width), or (batch).
pub(super) fn value_info(name: &str, element: i32, width: Option<usize>) -> ValueInfo {
    let batch = Dimension {
        value: None,
        param: Some("batch".to_owned()),
    };
    let width = width.map(|width| Dimension {
        value: Some(width as i64),
        param: None,
    });
    let tensor = TensorType {
        elem_type: Some(element),
        shape: Some(Shape {
            dim: [batch].into_iter().chain(width).collect(),
        }),
    };
    ValueInfo {
        name: Some(name.to_owned()),
        kind: Some(Type {
            tensor: Some(tensor),
        }),
        doc_string: None,
    }
}
