//! The description of a layer of another crate, with the layer itself where a list was given one.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use backprop_tensor::Scalar;

use crate::{Layer, LayerSpec};

/// Name and settings of a layer of another crate.
///
/// Two descriptions are equal if name and settings are. A description from [`custom`](crate::custom) also
/// carries the layer, so that a network can be built from it; a description from a file does not.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct CustomSpec {
    /// The name of the layer.
    pub name: String,
    /// The settings, in whatever form the layer's program reads them.
    pub settings: String,
    #[cfg_attr(feature = "serde", serde(skip))]
    layer: Option<Arc<dyn ForEveryScalar>>,
}

impl CustomSpec {
    pub(crate) fn new(name: String, settings: String) -> Self {
        CustomSpec {
            name,
            settings,
            layer: None,
        }
    }

    pub(crate) fn with_layer<L>(layer: L) -> Self
    where
        L: Layer<f32> + Layer<f64> + Clone + 'static,
    {
        let CustomSpec { name, settings, .. } = match Layer::<f32>::spec(&layer) {
            LayerSpec::Custom(custom) => custom,
            // One of this crate's layers, by another way.
            other => CustomSpec::new(format!("{other:?}"), String::new()),
        };
        CustomSpec {
            name,
            settings,
            layer: Some(Arc::new(layer)),
        }
    }

    /// A copy of the layer, if this description carries it.
    pub(crate) fn layer<T: Scalar>(&self) -> Option<Box<dyn Layer<T>>> {
        let layer = self.layer.as_ref()?;
        let f32: Box<dyn Any> = Box::new(layer.f32());
        f32.downcast::<Box<dyn Layer<T>>>()
            .or_else(|_| (Box::new(layer.f64()) as Box<dyn Any>).downcast())
            .ok()
            .map(|layer| *layer)
    }
}

impl fmt::Debug for CustomSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomSpec")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl PartialEq for CustomSpec {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.settings) == (&other.name, &other.settings)
    }
}

/// A layer for networks of either type of number.
trait ForEveryScalar: Send + Sync {
    fn f32(&self) -> Box<dyn Layer<f32>>;
    fn f64(&self) -> Box<dyn Layer<f64>>;
}

impl<L: Layer<f32> + Layer<f64> + Clone + 'static> ForEveryScalar for L {
    fn f32(&self) -> Box<dyn Layer<f32>> {
        Box::new(self.clone())
    }

    fn f64(&self) -> Box<dyn Layer<f64>> {
        Box::new(self.clone())
    }
}
