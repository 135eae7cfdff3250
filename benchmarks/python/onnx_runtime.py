"""ONNX Runtime, on the ONNX export of a network of ours."""

import json
import sys

import onnxruntime

from serve import serve

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = json.loads(sys.argv[1])["threads"]
options.inter_op_num_threads = 1
options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL


class OnnxRuntime:
    def __init__(self, model):
        self.session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.output = [self.session.get_outputs()[0].name]

    def rows(self, images):
        return {self.input: images}

    def predict(self, rows):
        return self.session.run(self.output, rows)[0]

    def numbers(self, logits):
        return logits


serve(OnnxRuntime, onnxruntime.__version__)
