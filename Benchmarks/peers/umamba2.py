"""U-Mamba2 with clicks (Tan et al., arXiv:2509.12069) in PyTorch, for comparison only.

Written from the published description. The plan is the JSON that Canalis keeps in a model file; parameters have the
checkpoint's names, so that a model file's tensors load as they are. Maps are `[batch, channels, axis0, axis1, axis2]`.
"""

import json
import math

import torch
from torch import nn
from torch.nn import functional


def read_model(path):
    """Reads a `.safetensors` model file: its plan and its tensors by name."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        plan = json.loads(file.metadata()["plan"])
        return plan, {name: file.get_tensor(name) for name in file.keys()}


def load(path):
    """Builds the network of a model file, ready for inference."""
    plan, tensors = read_model(path)
    network = UMamba2(plan)
    network.load_state_dict(tensors)
    return network.eval()


class Unit(nn.Module):
    """`LeakyReLU(InstanceNorm(Conv3d(x)))`, the activation only if there is a slope."""

    def __init__(self, plan, inputs, outputs, kernel, stride=(1, 1, 1), bias=None, slope=None):
        super().__init__()
        padding = tuple((size - 1) // 2 for size in kernel)
        bias = plan["convolutionBias"] if bias is None else bias
        self.conv = nn.Conv3d(inputs, outputs, tuple(kernel), tuple(stride), padding, bias=bias)
        self.norm = nn.InstanceNorm3d(outputs, eps=plan["instanceNormEpsilon"], affine=True)
        self.slope = slope

    def forward(self, x):
        x = self.norm(self.conv(x))
        return x if self.slope is None else functional.leaky_relu(x, self.slope)


class ResidualBlock(nn.Module):
    """The ResNet-D block: its skip pools over the stride's cells, then convolves if the channels change."""

    def __init__(self, plan, inputs, outputs, kernel, stride):
        super().__init__()
        self.slope = plan["leakySlope"]
        self.conv1 = Unit(plan, inputs, outputs, kernel, stride, slope=self.slope)
        self.conv2 = Unit(plan, outputs, outputs, kernel)
        skip = []
        if any(step != 1 for step in stride):
            skip.append(nn.AvgPool3d(tuple(stride), tuple(stride)))
        if inputs != outputs:
            skip.append(Unit(plan, inputs, outputs, (1, 1, 1), bias=False))
        self.skip = nn.Sequential(*skip)

    def forward(self, x):
        return functional.leaky_relu(self.conv2(self.conv1(x)) + self.skip(x), self.slope)


class Stack(nn.Module):
    """Layers in a row, under the name that the checkpoint gives them."""

    def __init__(self, name, layers):
        super().__init__()
        self.name = name
        setattr(self, name, nn.ModuleList(layers))

    def forward(self, x):
        for layer in getattr(self, self.name):
            x = layer(x)
        return x


class Encoder(nn.Module):
    def __init__(self, plan):
        super().__init__()
        features, kernels, strides = plan["features"], plan["kernels"], plan["strides"]
        self.stem = Stack("convs", [Unit(plan, plan["inputChannels"], features[0], kernels[0], slope=plan["leakySlope"])])
        self.stages = nn.ModuleList()
        for stage, channels in enumerate(features):
            inputs = features[max(stage - 1, 0)]
            self.stages.append(
                Stack(
                    "blocks",
                    [
                        ResidualBlock(
                            plan,
                            channels if block else inputs,
                            channels,
                            kernels[stage],
                            (1, 1, 1) if block else strides[stage],
                        )
                        for block in range(plan["blocksPerStage"][stage])
                    ],
                )
            )

    def forward(self, x):
        x = self.stem(x)
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class Mamba2(nn.Module):
    """Mamba2 in its simple form. The scan is written as one masked matrix product a head, which is the same sum."""

    def __init__(self, channels, plan):
        super().__init__()
        self.inner, self.heads, self.states = plan["innerWidth"], plan["heads"], plan["stateSize"]
        mixed = self.inner + 2 * self.states
        self.taps = plan["convolutionWidth"]
        self.in_proj = nn.Linear(channels, self.inner + mixed + self.heads, bias=False)
        self.conv1d = nn.Conv1d(mixed, mixed, self.taps, groups=mixed, padding=self.taps - 1)
        self.dt_bias = nn.Parameter(torch.zeros(self.heads))
        self.A_log = nn.Parameter(torch.zeros(self.heads))
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = RMSNorm(self.inner)
        self.out_proj = nn.Linear(self.inner, channels, bias=False)

    def scan(self, x, b, c, step):
        """`S = exp(dt A) S + dt x B'`, `y = S C + D x`: x `[batch, tokens, heads, width]`, step `[batch, tokens, heads]`."""
        decay = torch.cumsum(step * -torch.exp(self.A_log), 1).transpose(1, 2)
        tokens = decay.shape[-1]
        past = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).tril()
        ratio = (decay.unsqueeze(-1) - decay.unsqueeze(-2)).masked_fill(~past, -torch.inf)
        share = torch.exp(ratio) * (c @ b.transpose(1, 2)).unsqueeze(1)
        y = share @ (x * step.unsqueeze(-1)).transpose(1, 2)
        return y.transpose(1, 2) + self.D.unsqueeze(-1) * x

    def forward(self, tokens):
        mixed = self.inner + 2 * self.states
        z, mixture, step = self.in_proj(tokens).split([self.inner, mixed, self.heads], -1)
        step = functional.softplus(step + self.dt_bias)
        mixture = self.conv1d(mixture.transpose(1, 2))[..., : tokens.shape[1]].transpose(1, 2)
        x, b, c = functional.silu(mixture).split([self.inner, self.states, self.states], -1)
        y = self.scan(x.unflatten(-1, (self.heads, -1)), b, c, step).flatten(2)
        return self.out_proj(self.norm(y * functional.silu(z)))


class Attention(nn.Module):
    def __init__(self, channels, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(channels, width) for _ in range(3))
        self.out_proj = nn.Linear(width, channels)

    def forward(self, q, k, v):
        q, k, v = (
            projection(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection, tokens in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        )
        shares = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
        return self.out_proj((shares @ v).transpose(1, 2).flatten(2))


class TwoWayBlock(nn.Module):
    def __init__(self, channels, plan, is_first):
        super().__init__()
        self.is_first = is_first
        heads, cross = plan["attentionHeads"], plan["crossAttentionWidth"]
        self.self_attn = Attention(channels, plan["selfAttentionWidth"], heads)
        self.cross_attn_token_to_image = Attention(channels, cross, heads)
        self.cross_attn_image_to_token = Attention(channels, cross, heads)
        self.mlp = nn.Module()
        self.mlp.layers = nn.ModuleList([nn.Linear(channels, plan["mlpWidth"]), nn.Linear(plan["mlpWidth"], channels)])
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(channels) for _ in range(4))

    def forward(self, t, t0, x, code):
        if self.is_first:
            t = self.norm1(self.self_attn(t, t, t))
        else:
            t = self.norm1(t + self.self_attn(t + t0, t + t0, t))
        t = self.norm2(t + self.cross_attn_token_to_image(t + t0, x + code, x))
        t = self.norm3(t + self.mlp.layers[1](torch.relu(self.mlp.layers[0](t))))
        x = self.norm4(x + self.cross_attn_image_to_token(x + code, t + t0, t))
        return t, x


class PositionalCode(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(3, channels // 2))

    def forward(self, points):
        angles = 2 * math.pi * (2 * points - 1) @ self.positional_encoding_gaussian_matrix
        return torch.cat([torch.sin(angles), torch.cos(angles)], -1)

    def grid(self, size):
        axes = [(torch.arange(count, dtype=self.positional_encoding_gaussian_matrix.dtype) + 0.5) / count for count in size]
        return self(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, 2))


class PointEncoder(nn.Module):
    def __init__(self, channels, kinds):
        super().__init__()
        self.pe_layer = PositionalCode(channels)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, channels) for _ in range(kinds))
        self.not_a_point_embed = nn.Embedding(1, channels)

    def forward(self, points, kinds, patch):
        """Click tokens `[batch, clicks + 1, channels]` of voxels `[batch, clicks, 3]` and kinds; kind -1 is no click."""
        code = self.pe_layer((points + 0.5) / torch.tensor(patch, dtype=points.dtype))
        none = self.not_a_point_embed.weight
        tokens = torch.where((kinds < 0).unsqueeze(-1), none, code)
        for kind, embedding in enumerate(self.point_embeddings):
            tokens = tokens + (kinds == kind).unsqueeze(-1) * embedding.weight
        return torch.cat([tokens, none.expand(points.shape[0], 1, -1)], 1)


class MambaLayer(nn.Module):
    def __init__(self, plan):
        super().__init__()
        channels = plan["features"][-1]
        self.norm = nn.LayerNorm(channels)
        self.mamba = Mamba2(channels, plan["mamba"])
        prompts = plan.get("prompts")
        if prompts:
            self.point_encoder = PointEncoder(channels, prompts["clickKinds"])
            self.cross_attention = nn.ModuleList(
                TwoWayBlock(channels, prompts, block == 0) for block in range(prompts["attentionBlocks"])
            )

    def forward(self, tokens):
        return self.mamba(self.norm(tokens))

    def attend(self, tokens, size, points, kinds, patch):
        clicks = initial = self.point_encoder(points, kinds, patch)
        code = self.point_encoder.pe_layer.grid(size)
        for block in self.cross_attention:
            clicks, tokens = block(clicks, initial, tokens, code)
        return tokens


class Decoder(nn.Module):
    def __init__(self, plan):
        super().__init__()
        features, kernels, strides = plan["features"], plan["kernels"], plan["strides"]
        self.transpconvs, self.stages, self.seg_layers = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for stage, count in enumerate(plan["decoderConvolutions"]):
            level = len(features) - 2 - stage
            channels, stride = features[level], tuple(strides[level + 1])
            self.transpconvs.append(
                nn.ConvTranspose3d(features[level + 1], channels, stride, stride, bias=plan["convolutionBias"])
            )
            self.stages.append(
                Stack(
                    "convs",
                    [
                        Unit(plan, channels if unit else 2 * channels, channels, kernels[level], slope=plan["leakySlope"])
                        for unit in range(count)
                    ],
                )
            )
            self.seg_layers.append(nn.Conv3d(channels, plan["classes"], 1))


class DensePrompts(nn.Module):
    """Gaussian maps around the clicks, added at the bottleneck and to every upsampled map."""

    def __init__(self, plan):
        super().__init__()
        features, self.kinds = plan["features"], plan["prompts"]["clickKinds"]
        self.sigmas = plan["prompts"]["dense"]["sigmasInVoxels"]
        maps = self.kinds * len(self.sigmas)
        self.bottleneck = nn.Conv3d(maps, features[-1], 1, bias=False)
        self.stages = nn.ModuleList(nn.Conv3d(maps, width, 1, bias=False) for width in reversed(features[:-1]))

    def maps(self, size, points, kinds, patch):
        cell = [whole / count for whole, count in zip(patch, size)]
        squares = 0
        for axis in range(3):
            centres = (torch.arange(size[axis], dtype=points.dtype) + 0.5) * cell[axis]
            shape = [1, 1, 1, 1, 1]
            shape[2 + axis] = -1
            squares = squares + (centres.view(shape) - (points[..., axis] + 0.5)[..., None, None, None]).square()
        maps = []
        for kind in range(self.kinds):
            is_kind = (kinds == kind)[..., None, None, None]
            for sigma in self.sigmas:
                deviation = max(sigma, 0.7 * max(cell))
                reach = 9 * deviation**2 if sigma <= 8 * max(cell) else -1
                values = torch.exp(-squares / (2 * deviation**2))
                maps.append(torch.where(is_kind & (squares <= reach), values, 0).amax(1))
        return torch.stack(maps, 1)


class UMamba2(nn.Module):
    """The whole network; `encode` is what clicks cannot change."""

    def __init__(self, plan):
        super().__init__()
        self.plan = plan
        self.patch = plan["patch"]
        self.encoder = Encoder(plan)
        self.mamba_layer = MambaLayer(plan)
        self.decoder = Decoder(plan)
        if (plan.get("prompts") or {}).get("dense"):
            self.dense_prompts = DensePrompts(plan)

    def encode(self, image):
        """The encoder's maps, finest first, the last one after Mamba2."""
        skips = self.encoder(image)
        last = skips[-1]
        tokens = self.mamba_layer(last.flatten(2).transpose(1, 2))
        skips[-1] = tokens.transpose(1, 2).reshape(last.shape)
        return skips

    def decode(self, skips, points=None, kinds=None, deep=False):
        """The logits of what `encode` returned with clicks: voxels `[batch, clicks, 3]`, kinds `[batch, clicks]`.

        With `deep` the logits of every resolution, the full one first.
        """
        x = skips[-1]
        size = x.shape[2:]
        is_dense = hasattr(self, "dense_prompts") and points is not None and points.shape[1] > 0
        if self.plan.get("prompts"):
            tokens = x.flatten(2).transpose(1, 2)
            tokens = self.mamba_layer.attend(tokens, size, points, kinds, self.patch)
            x = tokens.transpose(1, 2).reshape(x.shape)
        if is_dense:
            x = x + self.dense_prompts.bottleneck(self.dense_prompts.maps(size, points, kinds, self.patch))
        logits = []
        last = len(self.decoder.stages) - 1
        for stage, units in enumerate(self.decoder.stages):
            skip = skips[-2 - stage]
            x = self.decoder.transpconvs[stage](x)
            if is_dense:
                maps = self.dense_prompts.maps(skip.shape[2:], points, kinds, self.patch)
                x = x + self.dense_prompts.stages[stage](maps)
            x = units(torch.cat([x, skip], 1))
            if deep or stage == last:
                logits.append(self.decoder.seg_layers[stage](x))
        return logits[::-1] if deep else logits[0]

    def forward(self, image, points=None, kinds=None, deep=False):
        return self.decode(self.encode(image), points, kinds, deep)
