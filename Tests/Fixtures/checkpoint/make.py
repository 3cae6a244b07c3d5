#!/usr/bin/env python3
"""Makes the checkpoint fixtures and the truth about them. Needs Python 3.11 and NumPy 2; no PyTorch.

    python3 make.py

writes beside itself:

small_protocol2.pth, small_protocol4.pth, small_protocol5.pth
    One small interactive network with drawn weights, as PyTorch and nnU-Net save it, in three pickle protocols.
variants.pth
    The same architecture, stored as unusually as the format allows: half, bfloat16, double and integer storages,
    strides that are not C order, tensors that share a storage at offsets, wrappers' name prefixes, a plan that inherits
    over three levels, NumPy scalars and arrays in the plan, one kernel size for all, a transposed axis order.
old_plan.pth
    A network without clicks, and the flat plan of nnU-Net before 2.3.
shared_storage.pth
    A hostile one: every tensor of a larger network is a window on one storage.
truth.json
    For each of these and for the checkpoints under ../pipeline: every parameter's shape, first and last value and two
    sums over its float32 bit patterns (one weighted by position), read with zipfile, pickle and NumPy.
"""

import collections
import io
import json
import pathlib
import pickle
import sys
import types
import zipfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "<u2",
         "LongStorage": "<i8", "IntStorage": "<i4"}

# PyTorch's names, so that pickle writes them; nothing behind them does anything.
torch = types.ModuleType("torch")
torch_utils = types.ModuleType("torch._utils")
for name in TYPES:
    setattr(torch, name, type(name, (), {"__module__": "torch"}))


def named(module, name):
    def function(*arguments):
        return arguments
    function.__module__, function.__name__, function.__qualname__ = module.__name__, name, name
    setattr(module, name, function)
    return function


rebuild_tensor = named(torch_utils, "_rebuild_tensor_v2")
rebuild_parameter = named(torch_utils, "_rebuild_parameter")
make_device = named(torch, "device")
sys.modules["torch"], sys.modules["torch._utils"] = torch, torch_utils


class Storage:
    def __init__(self, kind, values):
        self.kind, self.raw, self.count = kind, np.ascontiguousarray(values, TYPES[kind]).tobytes(), np.size(values)


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, tuple(shape), tuple(strides), False, collections.OrderedDict())

    def __reduce__(self):
        return rebuild_tensor, self.arguments


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return rebuild_parameter, (self.tensor, True, collections.OrderedDict())


class Device:
    def __reduce__(self):
        return make_device, ("cuda", 0)


def c_strides(shape):
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return strides[len(strides) - len(shape):]


def tensor(values, kind="FloatStorage"):
    """A C-order tensor; returns it with its values as float32."""
    if kind == "BFloat16Storage":
        stored = (np.asarray(values, "<f4").view("<u4") >> 16).astype("<u2")
        real = (stored.astype("<u4") << 16).view("<f4")
    else:
        stored = np.asarray(values, TYPES[kind])
        real = stored.astype("<f4")
    return Tensor(Storage(kind, stored), 0, values.shape, c_strides(values.shape)), real


def transposed(values):
    """A tensor whose storage holds the axes in reverse order."""
    stored = np.ascontiguousarray(values.transpose(), "<f4")
    return Tensor(Storage("FloatStorage", stored), 0, values.shape, list(reversed(c_strides(stored.shape)))), values


def save(path, checkpoint, protocol):
    storages = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Storage):
                return None
            if thing not in storages:
                storages.append(thing)
            return ("storage", getattr(torch, thing.kind), str(storages.index(thing)), "cpu", thing.count)

    content = io.BytesIO()
    Pickler(content, protocol).dump(checkpoint)
    root = path.stem
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        def put(name, data):
            archive.writestr(zipfile.ZipInfo(f"{root}/{name}"), data)
        put("data.pkl", content.getvalue())
        put("byteorder", b"little")
        for key, storage in enumerate(storages):
            put(f"data/{key}", storage.raw)
        put("version", b"3\n")


def shapes(features, kernels, strides, blocks, decoder, channels, classes, prompts):
    """Names and shapes of a network, written down independently of the program's own list."""
    yield "encoder.stem.convs.0.conv.weight", (features[0], channels, *kernels[0])
    for kind in ("conv.bias", "norm.weight", "norm.bias"):
        yield f"encoder.stem.convs.0.{kind}", (features[0],)
    before = features[0]
    for stage, width in enumerate(features):
        for block in range(blocks[stage]):
            source = before if block == 0 else width
            for number, inputs in ((1, source), (2, width)):
                name = f"encoder.stages.{stage}.blocks.{block}.conv{number}"
                yield f"{name}.conv.weight", (width, inputs, *kernels[stage])
                for kind in ("conv.bias", "norm.weight", "norm.bias"):
                    yield f"{name}.{kind}", (width,)
            if source != width:
                skip = f"encoder.stages.{stage}.blocks.{block}.skip.{int(tuple(strides[stage]) != (1, 1, 1))}"
                yield f"{skip}.conv.weight", (width, source, 1, 1, 1)
                yield f"{skip}.norm.weight", (width,)
                yield f"{skip}.norm.bias", (width,)
        before = width
    for index, convolutions in enumerate(decoder):
        low, high = features[-1 - index], features[-2 - index]
        yield f"decoder.transpconvs.{index}.weight", (low, high, *strides[-1 - index])
        yield f"decoder.transpconvs.{index}.bias", (high,)
        for convolution in range(convolutions):
            name = f"decoder.stages.{index}.convs.{convolution}"
            yield f"{name}.conv.weight", (high, high if convolution else 2 * high, *kernels[-2 - index])
            for kind in ("conv.bias", "norm.weight", "norm.bias"):
                yield f"{name}.{kind}", (high,)
        yield f"decoder.seg_layers.{index}.weight", (classes, high, 1, 1, 1)
        yield f"decoder.seg_layers.{index}.bias", (classes,)
    c, inner, heads, state = features[-1], 2 * features[-1], 2, 3
    yield "mamba_layer.norm.weight", (c,)
    yield "mamba_layer.norm.bias", (c,)
    for kind in ("dt_bias", "A_log", "D"):
        yield f"mamba_layer.mamba.{kind}", (heads,)
    yield "mamba_layer.mamba.in_proj.weight", (2 * inner + 2 * state + heads, c)
    yield "mamba_layer.mamba.conv1d.weight", (inner + 2 * state, 1, 4)
    yield "mamba_layer.mamba.conv1d.bias", (inner + 2 * state,)
    yield "mamba_layer.mamba.norm.weight", (inner,)
    yield "mamba_layer.mamba.out_proj.weight", (c, inner)
    if not prompts:
        return
    point = "mamba_layer.point_encoder"
    yield f"{point}.pe_layer.positional_encoding_gaussian_matrix", (3, c // 2)
    for kind in range(prompts):
        yield f"{point}.point_embeddings.{kind}.weight", (1, c)
    yield f"{point}.not_a_point_embed.weight", (1, c)
    for block in range(2):
        name = f"mamba_layer.cross_attention.{block}"
        for attention, width in (("self_attn", c), ("cross_attn_token_to_image", c // 2),
                                 ("cross_attn_image_to_token", c // 2)):
            for part in ("q_proj", "k_proj", "v_proj"):
                yield f"{name}.{attention}.{part}.weight", (width, c)
                yield f"{name}.{attention}.{part}.bias", (width,)
            yield f"{name}.{attention}.out_proj.weight", (c, width)
            yield f"{name}.{attention}.out_proj.bias", (c,)
        for norm in range(1, 5):
            yield f"{name}.norm{norm}.weight", (c,)
            yield f"{name}.norm{norm}.bias", (c,)
        yield f"{name}.mlp.layers.0.weight", (16, c)
        yield f"{name}.mlp.layers.0.bias", (16,)
        yield f"{name}.mlp.layers.1.weight", (c, 16)
        yield f"{name}.mlp.layers.1.bias", (c,)


def with_aliases(weights):
    """Adds the second names that nnU-Net's modules give to the same tensors."""
    result = collections.OrderedDict()
    for name, value in weights.items():
        result[name] = value
        for part, number in ((".conv.", 0), (".norm.", 1)):
            if part in name and name.startswith(("encoder", "decoder")):
                head, tail = name.rsplit(part, 1)
                result[f"{head}.all_modules.{number}.{tail}"] = value
    for name, value in list(result.items()):
        if name.startswith("encoder."):
            result["decoder." + name] = value
    return result


def statistics(values):
    bits = np.ascontiguousarray(values, "<f4").reshape(-1).view("<u4").astype(np.uint64)
    weighted = bits * np.arange(1, bits.size + 1, dtype=np.uint64)
    flat = np.asarray(values, "<f4").reshape(-1)
    return {"shape": list(values.shape), "first": float(flat[0]), "last": float(flat[-1]),
            "sum": str(int(bits.sum(dtype=np.uint64))), "weighted": str(int(weighted.sum(dtype=np.uint64)))}


def plans(configurations, **more):
    statistics = {"mean": 1000.5, "std": 300.125, "percentile_00_5": -500.25, "percentile_99_5": 2500.75}
    return {"dataset_name": "Dataset998_Small", "transpose_forward": [0, 1, 2], "configurations": configurations,
            "foreground_intensity_properties_per_channel": {"0": statistics}, **more}


def checkpoint(weights, plan, configuration, labels, trainer):
    scalar = np.float64(0.5)
    return {
        "network_weights": weights,
        "optimizer_state": {"state": {0: {"momentum_buffer": tensor(np.ones((2, 2)))[0]}},
                            "param_groups": [{"lr": 0.01, "params": [0, 1, 2]}]},
        "logging": {"train_losses": [np.float32(-0.25)], "dice_per_class_or_region": [[scalar, scalar]]},
        "_best_ema": scalar,
        "current_epoch": 7,
        "init_args": {"plans": plan, "configuration": configuration, "fold": "all", "device": Device(),
                      "dataset_json": {"labels": labels, "channel_names": {"0": "CBCT"}, "numTraining": 3}},
        "trainer_name": trainer,
        "inference_allowed_mirroring_axes": (0, 1),
    }


def draw(random, shape):
    return random.standard_normal(shape).astype("<f4")


def make_small(truth):
    random = np.random.default_rng(1)
    features, kernels, strides = [4, 8], [(1, 3, 3), (3, 1, 1)], [(1, 1, 1), (2, 2, 2)]
    values = {name: draw(random, shape)
              for name, shape in shapes(features, kernels, strides, [1, 2], [1], 1, 3, 2)}
    weights = with_aliases({name: tensor(value)[0] for name, value in values.items()})
    arguments = {"n_stages": 2, "features_per_stage": features, "conv_op": "torch.nn.modules.conv.Conv3d",
                 "kernel_sizes": [list(k) for k in kernels], "strides": [list(s) for s in strides],
                 "n_blocks_per_stage": [1, 2], "n_conv_per_stage_decoder": [1], "conv_bias": True,
                 "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                 "norm_op_kwargs": {"affine": True, "eps": 1e-05}, "nonlin": "torch.nn.LeakyReLU",
                 "nonlin_kwargs": {"inplace": True}, "patch_size": [4, 8, 6]}
    configurations = {
        "3d_fullres": {"patch_size": [4, 8, 6], "spacing": [0.3, 0.25, 0.2],
                       "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [False],
                       "architecture": {"network_class_name": "nets.UMambaBot2_CrossAttn_Click2",
                                        "arch_kwargs": arguments}}}
    labels = {"background": 0, "Left_IAC": 1, "Right_IAC": 2}
    for protocol in (2, 4, 5):
        name = f"small_protocol{protocol}.pth"
        save(HERE / name, checkpoint(weights, plans(configurations), "3d_fullres", labels, "Trainer_Small"), protocol)
    truth["checkpoint/small"] = {key: statistics(value) for key, value in values.items()}


def make_variants(truth):
    random = np.random.default_rng(2)
    features, kernels, strides = [4, 8], [(3, 3, 3)] * 2, [(1, 1, 1), (2, 2, 2)]
    weights, values = {}, {}
    shared = Storage("FloatStorage", draw(random, 400))
    used = 3
    for index, (name, shape) in enumerate(shapes(features, kernels, strides, [1, 1], [2], 1, 4, 3)):
        value = draw(random, shape)
        if name.endswith("mamba.D"):
            weights[name], values[name] = tensor(np.arange(1, 1 + value.size).reshape(shape), "LongStorage")
        elif len(shape) == 1 and name.startswith("encoder"):
            window = np.frombuffer(shared.raw, "<f4")[used:used + 2 * shape[0]:2]
            weights[name], values[name] = Tensor(shared, used, shape, [2]), window
            used += 2 * shape[0]
        elif len(shape) == 5 and index % 2 == 0:
            weights[name], values[name] = transposed(value)
        else:
            kind = ("FloatStorage", "HalfStorage", "BFloat16Storage", "DoubleStorage")[index % 4]
            weights[name], values[name] = tensor(value, kind)
    first = next(iter(weights))
    weights[first] = Parameter(weights[first])
    weights["aux.scale"] = tensor(np.ones((3,), "<f4"))[0]
    arguments = {"n_stages": 2.0, "features_per_stage": np.array(features), "kernel_sizes": 3, "strides": [1, 2],
                 "n_blocks_per_stage": np.int64(1), "n_conv_per_stage_decoder": [2.0],
                 "norm_op_kwargs": {"affine": True, "eps": np.float32(0.001)},
                 "nonlin_kwargs": {"negative_slope": 0.125}}
    configurations = {
        "base": {"patch_size": [2, 2, 2], "normalization_schemes": ["ZScoreNormalization"],
                 "spacing": np.array([0.5, 0.75, 1.25])},
        "middle": {"inherits_from": "base", "normalization_schemes": ["NoNormalization"],
                   "architecture": {"network_class_name": "UMambaBot2_CrossAttn_Click2", "arch_kwargs": arguments}},
        "top": {"inherits_from": "middle", "patch_size": (4, 6, 8)}}
    plan = plans(configurations, transpose_forward=[2, 0, 1])
    labels = {"background": 0, "canal L": 1, "tooth": 2, "canal R": np.int64(3)}
    prefixed = collections.OrderedDict((f"module._orig_mod.{name}", value) for name, value in weights.items())
    save(HERE / "variants.pth", checkpoint(prefixed, plan, "top", labels, "Trainer_Variants"), 2)
    truth["checkpoint/variants"] = {key: statistics(value) for key, value in values.items()}


def flat_plan(features, kernels, strides, blocks, decoder, patch):
    return {"patch_size": patch, "spacing": [1, 1, 1], "UNet_class_name": "UMambaBot2",
            "UNet_base_num_features": features[0], "unet_max_num_features": features[-1],
            "conv_kernel_sizes": [list(k) for k in kernels], "pool_op_kernel_sizes": [list(s) for s in strides],
            "n_conv_per_stage_encoder": blocks, "n_conv_per_stage_decoder": decoder,
            "normalization_schemes": ["CTNormalization"]}


def make_old_plan(truth):
    random = np.random.default_rng(3)
    features, kernels = [4, 8, 10], [(1, 3, 3), (3, 3, 3), (3, 3, 3)]
    strides = [(1, 1, 1), (1, 2, 2), (2, 2, 2)]
    values = {name: draw(random, shape)
              for name, shape in shapes(features, kernels, strides, [1, 1, 1], [1, 1], 1, 3, 0)}
    weights = with_aliases({name: tensor(value)[0] for name, value in values.items()})
    configurations = {"3d_fullres": flat_plan(features, kernels, strides, [1, 1, 1], [1, 1], [4, 8, 8])}
    labels = {"background": 0, "mandible": 1, "maxilla": 2}
    save(HERE / "old_plan.pth", checkpoint(weights, plans(configurations), "3d_fullres", labels, "Trainer_Old"), 2)
    truth["checkpoint/old_plan"] = {key: statistics(value) for key, value in values.items()}


def make_shared_storage():
    random = np.random.default_rng(4)
    features, kernels, strides, blocks = [8, 16], [(3, 3, 3)] * 2, [(1, 1, 1), (2, 2, 2)], [1, 6]
    everything = list(shapes(features, kernels, strides, blocks, [1], 1, 3, 0))
    storage = Storage("FloatStorage", draw(random, max(int(np.prod(shape)) for _, shape in everything)))
    weights = {name: Tensor(storage, 0, shape, c_strides(shape)) for name, shape in everything}
    configurations = {"3d_fullres": flat_plan(features, kernels, strides, blocks, [1], [4, 8, 8])}
    labels = {"background": 0, "mandible": 1, "maxilla": 2}
    save(HERE / "shared_storage.pth", checkpoint(weights, plans(configurations), "3d_fullres", labels, "Trainer"), 2)


def read_truth(path):
    """The statistics of a real checkpoint's parameters, without aliases."""
    archive = zipfile.ZipFile(path)
    pickle_name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = pickle_name[:-len("data.pkl")]

    class Stand(list):
        def __init__(self, *arguments):
            super().__init__(arguments)

        def __setstate__(self, state):
            pass

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if (module, name) == ("collections", "OrderedDict"):
                return collections.OrderedDict
            return type(name, (Stand,), {})

        def persistent_load(self, identifier):
            _, kind, key, _, _ = identifier
            return np.frombuffer(archive.read(f"{folder}data/{key}"), TYPES[kind.__name__])

    weights = Unpickler(io.BytesIO(archive.read(pickle_name))).load()["network_weights"]
    result = {}
    for name, (storage, offset, shape, strides, *_) in weights.items():
        if ".all_modules." in name or name.startswith("decoder.encoder."):
            continue
        window = np.lib.stride_tricks.as_strided(storage[offset:], shape, [4 * stride for stride in strides])
        result[name] = statistics(window)
    return result


def main():
    truth = {}
    make_small(truth)
    make_variants(truth)
    make_old_plan(truth)
    make_shared_storage()
    for path in sorted((HERE.parent).glob("*/*/checkpoint_final.pth")):
        truth[str(path.parent.relative_to(HERE.parent))] = read_truth(path)
    with open(HERE / "truth.json", "w", encoding="utf-8") as file:
        files = ",\n".join(
            f' "{name}": {{\n' + ",\n".join(f'  "{key}": {json.dumps(entry)}' for key, entry in entries.items()) + "\n }"
            for name, entries in truth.items())
        file.write("{\n" + files + "\n}\n")


if __name__ == "__main__":
    main()
