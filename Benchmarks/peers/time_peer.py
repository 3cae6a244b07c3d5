"""Times one peer on a Canalis model, in a process of its own, and prints one JSON object.

    python time_peer.py export MODEL FOLDER            writes FOLDER/full.onnx and FOLDER/decoder.onnx
    python time_peer.py pytorch|onnxruntime|openvino MODEL FOLDER --threads 2 --repeats 2

Reported are the best of the repeats for a whole forward pass and for the decoder alone, which is what a click reruns, and
the most memory that the process held until the forward passes were done.
"""

import argparse
import json
import os
import pathlib
import struct
import time

import numpy

CLICKS = 6


def read_plan(model):
    """The plan in a model file's header."""
    with open(model, "rb") as file:
        (count,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(count))["__metadata__"]["plan"])


def case(plan):
    """An image, clicks and their kinds, drawn."""
    generator = numpy.random.default_rng(1)
    image = generator.random([1, plan["inputChannels"], *plan["patch"]], numpy.float32) * 2 - 1
    if not plan.get("prompts"):
        return image, []
    points = generator.integers(0, plan["patch"], (1, CLICKS, 3)).astype(numpy.float32)
    return image, [points, numpy.arange(CLICKS)[None] % plan["prompts"]["clickKinds"]]


def map_shapes(plan):
    """The shapes of what `encode` returns."""
    size, shapes = list(plan["patch"]), []
    for channels, stride in zip(plan["features"], plan["strides"]):
        size = [length // step for length, step in zip(size, stride)]
        shapes.append([1, channels, *size])
    return shapes


def export(model, folder):
    import torch
    from torch import nn

    import umamba2

    network = umamba2.load(model)

    class Decoder(nn.Module):
        """The decoder with its maps as separate inputs."""

        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, maps, clicks):
            return network.decode(list(maps), *clicks)

    class Full(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, image, clicks):
            return network(image, *clicks)

    image, clicks = case(network.plan)
    image, clicks = torch.from_numpy(image), [torch.from_numpy(values) for values in clicks]
    maps = [torch.zeros(shape) for shape in map_shapes(network.plan)]
    names = ["points", "kinds"][: len(clicks)]
    begin = time.monotonic()
    for name, module, inputs, input_names in [
        ("full", Full(), (image, clicks), ["image"] + names),
        ("decoder", Decoder(), (maps, clicks), [f"map{index}" for index in range(len(maps))] + names),
    ]:
        torch.onnx.export(
            module.eval(), inputs, folder / f"{name}.onnx", input_names=input_names, output_names=["logits"], dynamo=True,
            external_data=True, verbose=False,
        )
    return {"seconds": time.monotonic() - begin}


def peak_memory():
    """The most memory that this process has held, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def best(repeats, run):
    seconds = []
    for _ in range(repeats):
        begin = time.monotonic()
        run()
        seconds.append(time.monotonic() - begin)
    return min(seconds)


def report(version, repeats, run_full, make_decoder):
    full = best(repeats, run_full)
    memory = peak_memory()
    decoder = best(repeats, make_decoder())
    return {
        "version": version,
        "full_forward_seconds": full,
        "decoder_seconds": decoder,
        "peak_memory_bytes": memory,
    }


def pytorch(model, folder, threads, repeats):
    import torch

    import umamba2

    torch.set_num_threads(threads)
    network = umamba2.load(model)
    image, clicks = case(network.plan)
    image, clicks = torch.from_numpy(image), [torch.from_numpy(values) for values in clicks]
    with torch.inference_mode():

        def decoder():
            maps = network.encode(image)
            return lambda: network.decode(list(maps), *clicks)

        return report(torch.__version__, repeats, lambda: network(image, *clicks), decoder)


def arrays(plan, is_decoder):
    """Inputs by name for the exported graphs."""
    image, clicks = case(plan)
    inputs = dict(zip(["points", "kinds"], clicks))
    if not is_decoder:
        return {"image": image, **inputs}
    generator = numpy.random.default_rng(1)
    for index, shape in enumerate(map_shapes(plan)):
        inputs[f"map{index}"] = generator.random(shape, numpy.float32) - numpy.float32(0.5)
    return inputs


def onnxruntime(model, folder, threads, repeats):
    import onnxruntime as runtime

    def session(name):
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        loaded = runtime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
        inputs = arrays(read_plan(model), name == "decoder")
        inputs = {entry.name: inputs[entry.name] for entry in loaded.get_inputs()}
        return lambda: loaded.run(None, inputs)

    return report(runtime.__version__, repeats, session("full"), lambda: session("decoder"))


def openvino(model, folder, threads, repeats):
    import openvino

    core = openvino.Core()
    # In single precision, also where the processor has faster half-precision units.
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}

    def request(name):
        compiled = core.compile_model(core.read_model(folder / f"{name}.onnx"), "CPU", settings)
        inputs = arrays(read_plan(model), name == "decoder")
        inputs = {entry.any_name: inputs[entry.any_name] for entry in compiled.inputs}
        inference = compiled.create_infer_request()
        return lambda: inference.infer(inputs, share_inputs=True)

    return report(openvino.__version__, repeats, request("full"), lambda: request("decoder"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=["export", "pytorch", "onnxruntime", "openvino"])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

    if arguments.peer == "export":
        result = export(arguments.model, arguments.folder)
    else:
        result = {"pytorch": pytorch, "onnxruntime": onnxruntime, "openvino": openvino}[arguments.peer](
            arguments.model, arguments.folder, arguments.threads, arguments.repeats
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
