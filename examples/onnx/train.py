"""Trains a small forecaster on generated series and writes small.onnx.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 onnx==1.23.2
    venv/bin/python examples/onnx/train.py examples/onnx/small.onnx

Input `history`: float32 [rows, 288], a day of 5-minute values divided by their mean, oldest first.
Output `forecast`: float32 [rows, 6], the next half hour in the same unit.
The network tells how far each step lies from the last value: last + W2 relu(W1 (history - last) + b1) + b2, trained for the mean
absolute error with Adam. Nothing recorded is used, and the seed is fixed: the same versions give the same weights.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTEXT, HORIZON, HIDDEN = 288, 6, 48
PER_DAY, DAYS, SERIES = 288, 15, 240
STEPS, BATCH, RATE = 6000, 256, 1e-3
random = np.random.default_rng(20261125)


def series():
    """A load: a day with two harmonics, a weekly swing, a trend, noise that lasts, noise that does not, and some flash crowds."""
    time = np.arange(PER_DAY * DAYS) / PER_DAY
    swing, second = random.uniform(0.1, 0.9), random.uniform(0, 0.4)
    phase, other = random.uniform(0, 1, 2)
    day = 1 + swing * np.sin(2 * np.pi * (time + phase)) + second * swing * np.sin(4 * np.pi * (time + other))
    week = 1 + random.uniform(0, 0.3) * np.sin(2 * np.pi * (time / 7 + random.uniform()))
    trend = np.exp(random.normal(0, 0.01) * time)
    lasting = np.zeros_like(time)
    shocks = random.normal(0, random.uniform(0.002, 0.05), time.size)
    memory = random.uniform(0.8, 0.995)
    for i in range(1, time.size):
        lasting[i] = memory * lasting[i - 1] + shocks[i]
    crowd = np.ones_like(time)
    for start in random.integers(0, time.size, random.integers(0, 4)):
        length = random.integers(6, 60)
        crowd[start : start + length] *= random.uniform(1.3, 3)
    noise = np.exp(random.normal(0, random.uniform(0.005, 0.15), time.size))
    return np.maximum(0.02, day * week) * trend * np.exp(lasting) * crowd * noise


data = np.stack([series() for _ in range(SERIES)]).astype(np.float32)


def batch():
    rows = random.integers(0, SERIES, BATCH)
    starts = random.integers(0, data.shape[1] - CONTEXT - HORIZON, BATCH)
    windows = np.stack([data[row, start : start + CONTEXT + HORIZON] for row, start in zip(rows, starts)])
    return windows / windows[:, :CONTEXT].mean(axis=1, keepdims=True)


weights = {
    "w1": random.normal(0, np.sqrt(2 / CONTEXT), (CONTEXT, HIDDEN)).astype(np.float32),
    "b1": np.zeros(HIDDEN, np.float32),
    "w2": random.normal(0, 0.01, (HIDDEN, HORIZON)).astype(np.float32),
    "b2": np.zeros(HORIZON, np.float32),
}
first = {name: np.zeros_like(value) for name, value in weights.items()}
second = {name: np.zeros_like(value) for name, value in weights.items()}

for step in range(1, STEPS + 1):
    windows = batch()
    last = windows[:, CONTEXT - 1 : CONTEXT]
    inputs, targets = windows[:, :CONTEXT] - last, windows[:, CONTEXT:] - last
    hidden = np.maximum(0, inputs @ weights["w1"] + weights["b1"])
    error = hidden @ weights["w2"] + weights["b2"] - targets
    slope = np.sign(error) / error.size
    back = (slope @ weights["w2"].T) * (hidden > 0)
    gradients = {"w1": inputs.T @ back, "b1": back.sum(0), "w2": hidden.T @ slope, "b2": slope.sum(0)}
    rate = RATE * min(1, 2 * (1 - step / (STEPS + 1)))
    for name, gradient in gradients.items():
        first[name] = 0.9 * first[name] + 0.1 * gradient
        second[name] = 0.999 * second[name] + 0.001 * gradient**2
        step_size = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights[name] -= (step_size * first[name] / (np.sqrt(second[name]) + 1e-8)).astype(np.float32)
    if step % 1000 == 0:
        print(f"step {step}: error {np.abs(error).mean():.4f}, of the last value {np.abs(targets).mean():.4f}")

constants = {**weights, "from": np.array([CONTEXT - 1]), "to": np.array([CONTEXT]), "axis": np.array([1])}
graph = helper.make_graph(
    [
        helper.make_node("Slice", ["history", "from", "to", "axis"], ["last"]),
        helper.make_node("Sub", ["history", "last"], ["away"]),
        helper.make_node("Gemm", ["away", "w1", "b1"], ["summed"]),
        helper.make_node("Relu", ["summed"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["change"]),
        helper.make_node("Add", ["change", "last"], ["forecast"]),
    ],
    "small forecaster",
    [helper.make_tensor_value_info("history", TensorProto.FLOAT, ["rows", CONTEXT])],
    [helper.make_tensor_value_info("forecast", TensorProto.FLOAT, ["rows", HORIZON])],
    [numpy_helper.from_array(value, name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="crescendo example")
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
