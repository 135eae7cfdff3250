//! A graph that takes the columns of a table as they are, and gives the target in its unit.

use std::collections::BTreeSet;

use backprop_layers::Sequential;
use backprop_tensor::Scalar;

use super::builder::{
    GraphBuilder, element, int, strings, tensor, texts, value_info, whole_numbers,
};
use super::messages::{DOUBLE, Graph, STRING};
use crate::ModelInfo;
use crate::network::StoredTensor;

/// The node that gives the target values by their names.
const SPLIT: &str = "target.split";

/// The encoding of a table, as far as a graph has to know it: the inputs of a network in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnnxTable {
    /// The columns that are features.
    pub columns: Vec<OnnxColumn>,
    /// The target values, one for each output of the network; none for classes, whose names the
    /// [`ModelInfo`] has.
    pub targets: Vec<OnnxTarget>,
}

/// A column of a table, and the inputs of the network that it becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum OnnxColumn {
    /// A number x, which becomes `(x - mean) / deviation`.
    Number {
        /// The column's name.
        name: String,
        /// The number that becomes 0.
        mean: f64,
        /// The distance that becomes 1.
        deviation: f64,
        /// Whether a missing number, NaN, is taken as the mean; otherwise the outputs of its row are NaN.
        is_optional: bool,
    },
    /// A text, which becomes a 1 for its value and a 0 for each other one.
    Text {
        /// The column's name.
        name: String,
        /// The values that have an input.
        values: Vec<String>,
        /// Whether the empty text is none of the values. Where other texts are refused, it is refused
        /// too unless this is set.
        is_optional: bool,
        /// Whether any other text is none of the values; otherwise the runtime refuses it.
        takes_any: bool,
    },
}

/// A target value: the network's output y is `y * deviation + mean` in the unit of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxTarget {
    /// The column's name.
    pub name: String,
    /// The value that an output of 0 stands for.
    pub mean: f64,
    /// The distance that an output of 1 is from it.
    pub deviation: f64,
}

impl OnnxColumn {
    fn name(&self) -> &str {
        match self {
            OnnxColumn::Number { name, .. } | OnnxColumn::Text { name, .. } => name,
        }
    }

    fn width(&self) -> usize {
        match self {
            OnnxColumn::Number { .. } => 1,
            OnnxColumn::Text { values, .. } => values.len(),
        }
    }

    /// The nodes from the input to the features, (batch, width) of the network's type, whose name is returned.
    fn encode<T: Scalar>(&self, chain: &mut GraphBuilder, index: usize) -> String {
        let name = |part: &str| format!("column.{index}.{part}");
        chain.value = self.name().to_owned();
        match self {
            OnnxColumn::Number {
                mean,
                deviation,
                is_optional,
                ..
            } => {
                for (part, value) in [("mean", *mean), ("deviation", *deviation)] {
                    chain
                        .tensors
                        .push(tensor((name(part), vec![1, 1], vec![value])));
                }
                if *is_optional {
                    let (input, mean) = (chain.value.clone(), name("mean"));
                    chain.add_node(&name("missing"), "IsNaN", &[], vec![]);
                    chain.add_node(&name("filled"), "Where", &[&mean, &input], vec![]);
                }
                chain.add_node(&name("centred"), "Sub", &[&name("mean")], vec![]);
                chain.add_node(&name("scaled"), "Div", &[&name("deviation")], vec![]);
                if T::SIZE == 4 {
                    let to = vec![int("to", i64::from(element::<T>()))];
                    chain.add_node(&name("rounded"), "Cast", &[], to);
                }
            }
            OnnxColumn::Text {
                values,
                is_optional,
                takes_any,
                ..
            } => {
                let mut known = values.clone();
                // The empty text is a value like others that is cut off again.
                let is_cut = *is_optional && !takes_any && !values.iter().any(String::is_empty);
                known.extend(is_cut.then(String::new));
                let attributes = vec![
                    strings("cats_strings", &known),
                    int("zeros", i64::from(*takes_any)),
                ];
                chain.add_ml_node(&name("one_hot"), "OneHotEncoder", attributes);
                chain.tensors.push(whole_numbers(&name("axis"), &[1]));
                chain.add_node(&name("flat"), "Squeeze", &[&name("axis")], vec![]);
                if is_cut {
                    let end = values.len() as i64;
                    chain.tensors.push(whole_numbers(&name("start"), &[0]));
                    chain.tensors.push(whole_numbers(&name("end"), &[end]));
                    let range = [name("start"), name("end"), name("axis")];
                    let range = range.each_ref().map(String::as_str);
                    chain.add_node(&name("cut"), "Slice", &range, vec![]);
                }
                if T::SIZE == 8 {
                    let to = vec![int("to", i64::from(element::<T>()))];
                    chain.add_node(&name("widened"), "Cast", &[], to);
                }
            }
        }
        chain.value.clone()
    }
}

impl OnnxTable {
    /// A sentence on the graph.
    pub(super) fn description(&self, outputs: usize) -> String {
        let columns = self.columns.len();
        let what = if self.targets.is_empty() {
            "classes"
        } else {
            "values"
        };
        format!(
            "A feed-forward network from {columns} columns of a table, as they are, to {outputs} {what}."
        )
    }

    /// The graph from the columns to the target.
    pub(super) fn graph<T: Scalar>(
        &self,
        network: &Sequential<T>,
        info: &ModelInfo,
        tensors: Vec<StoredTensor<T>>,
    ) -> Result<Graph, String> {
        self.check(network, info)?;
        let mut chain = GraphBuilder::new(tensors.into_iter().map(tensor).collect(), "");
        let columns = self.columns.iter().enumerate();
        let features: Vec<String> = columns
            .map(|(index, column)| column.encode::<T>(&mut chain, index))
            .collect();
        let (first, others) = features.split_first().ok_or("the table has no columns")?;
        chain.value.clone_from(first);
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        chain.add_node("features", "Concat", &others, vec![int("axis", 1)]);
        chain.network(network, info)?;
        let output = if self.targets.is_empty() {
            self.classify(&mut chain, info);
            let width = network.output_width();
            vec![
                value_info("label", STRING, None),
                value_info("probabilities", element::<T>(), Some(width)),
            ]
        } else {
            self.destandardize::<T>(&mut chain);
            let targets = self.targets.iter();
            targets
                .map(|target| value_info(&target.name, DOUBLE, Some(1)))
                .collect()
        };
        let input = self.columns.iter().map(|column| {
            let element = match column {
                OnnxColumn::Number { .. } => DOUBLE,
                OnnxColumn::Text { .. } => STRING,
            };
            value_info(column.name(), element, Some(1))
        });
        let graph = Graph {
            input: input.collect(),
            output,
            node: chain.nodes,
            name: Some("network".to_owned()),
            initializer: chain.tensors,
        };
        self.check_names(&graph)?;
        Ok(graph)
    }

    /// The name of the class with the largest probability, the first of equals.
    fn classify(&self, chain: &mut GraphBuilder, info: &ModelInfo) {
        let attributes = vec![int("axis", 1), int("keepdims", 0)];
        chain.add_node("class", "ArgMax", &[], attributes);
        chain.tensors.push(texts("class_names", &info.class_names));
        let class = std::mem::replace(&mut chain.value, "class_names".to_owned());
        chain.add_node("label", "Gather", &[&class], vec![int("axis", 0)]);
        chain.name_output("label");
    }

    /// The target values in the units of the table, as doubles.
    fn destandardize<T: Scalar>(&self, chain: &mut GraphBuilder) {
        if T::SIZE == 4 {
            let to = vec![int("to", i64::from(DOUBLE))];
            chain.add_node("target.widened", "Cast", &[], to);
        }
        let row = |name: &str, of: fn(&OnnxTarget) -> f64| {
            let values: Vec<f64> = self.targets.iter().map(of).collect();
            tensor((name.to_owned(), vec![1, values.len()], values))
        };
        chain
            .tensors
            .push(row("target.deviation", |target| target.deviation));
        chain.tensors.push(row("target.mean", |target| target.mean));
        chain.add_node("target.scaled", "Mul", &["target.deviation"], vec![]);
        chain.add_node("target.moved", "Add", &["target.mean"], vec![]);
        chain.add_node(SPLIT, "Split", &[], vec![int("axis", 1)]);
        if let Some(node) = chain.nodes.last_mut() {
            node.output = self.targets.iter().map(|t| t.name.clone()).collect();
        }
    }

    /// That the columns are the inputs of the network, and the targets its outputs.
    fn check<T: Scalar>(&self, network: &Sequential<T>, info: &ModelInfo) -> Result<(), String> {
        let width: usize = self.columns.iter().map(OnnxColumn::width).sum();
        let (inputs, outputs) = (network.input_width(), network.output_width());
        if width != inputs {
            return Err(format!(
                "its table has {width} features but the network {inputs} inputs; use the table of its training"
            ));
        }
        let targets = if self.targets.is_empty() && info.is_classifier() {
            info.class_names.len()
        } else {
            self.targets.len()
        };
        if targets == outputs {
            return Ok(());
        }
        Err(format!(
            "its table has {targets} classes or target values but the network {outputs} outputs; use the \
             table of its training"
        ))
    }

    /// That no column has a name that something else in the graph has.
    fn check_names(&self, graph: &Graph) -> Result<(), String> {
        let mut names: BTreeSet<&str> = BTreeSet::from([""]);
        names.extend(
            graph
                .initializer
                .iter()
                .filter_map(|tensor| tensor.name.as_deref()),
        );
        let inner = graph
            .node
            .iter()
            .filter(|node| node.name.as_deref() != Some(SPLIT));
        names.extend(inner.flat_map(|node| &node.output).map(String::as_str));
        let columns = self.columns.iter().map(OnnxColumn::name);
        let twice = columns
            .chain(self.targets.iter().map(|target| target.name.as_str()))
            .find(|name| !names.insert(name));
        match twice {
            None => Ok(()),
            Some(name) => Err(format!(
                "the column \"{name}\" has a name that a value of the ONNX graph needs; rename it in the \
                 table and train again, or export the encoded features"
            )),
        }
    }
}
