"""Times training steps of one plan in PyTorch and in Canalis, one after the other in the same run, and prints the ratio.

    python Benchmarks/training/compare.py [--model FILE] [--steps 20] [--rounds 2] [--threads 2]

A step of PyTorch (eager, single precision) is the forward pass with clicks, cross-entropy and soft Dice at the resolutions
that nnU-Net supervises, the backward pass, clipping and AdamW, on one drawn crop that is already in memory. A step of
Canalis is `canalis train --data phantom`: the same and more, for it waits for the synthetic crop, augments it, and half of
its steps first answer and click on their own errors, up to four times. Medians over all steps but the first three of each
round count.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLICKS = 3
WARM_UP = 3


def loss_of(logits, labels):
    """Cross-entropy minus mean soft Dice of the canals, resolutions weighing 1, 1/2, ..., the lowest not at all."""
    import torch
    from torch.nn import functional

    levels = logits[: max(1, len(logits) - 1)]
    weights = [0.5**level for level in range(len(levels))]
    total = 0
    for scores, weight in zip(levels, weights):
        target = functional.interpolate(labels[:, None].float(), scores.shape[2:], mode="nearest")[:, 0].long()
        chances = scores.softmax(1)
        truth = functional.one_hot(target, scores.shape[1]).movedim(-1, 1)
        common = (chances * truth).sum((2, 3, 4))[:, 1:]
        size = (chances.sum((2, 3, 4)) + truth.sum((2, 3, 4)))[:, 1:]
        dice = (2 * common + 1) / (size + 1)
        total = total + weight / sum(weights) * (functional.cross_entropy(scores, target) - dice.mean())
    return total


def pytorch(model, steps):
    """Seconds of each step."""
    import torch

    sys.path.insert(0, str(ROOT / "Benchmarks" / "peers"))
    import umamba2

    torch.manual_seed(1)
    network = umamba2.load(model).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.01)
    patch = network.plan["patch"]
    image = torch.rand(1, 1, *patch) * 2 - 1
    labels = torch.zeros(1, *patch, dtype=torch.long)
    labels[:, :, patch[1] // 2 - 3 : patch[1] // 2 + 3, patch[2] // 2 - 3 : patch[2] // 2 + 3] = 1
    points = torch.rand(1, CLICKS, 3) * torch.tensor(patch)
    kinds = torch.arange(CLICKS)[None] % 3
    seconds = []
    for _ in range(steps):
        begin = time.monotonic()
        optimizer.zero_grad()
        loss = loss_of(network(image, points.floor(), kinds, deep=True), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 3)
        optimizer.step()
        seconds.append(time.monotonic() - begin)
    return seconds


def canalis(program, model, steps, threads):
    """Seconds and clicks of each step."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "model.safetensors"
        arguments = ["train", "--data", "phantom", "--output", output, "--steps", str(steps), "--plan", model, "--quiet"]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL, env=environment)
        lines = [json.loads(line) for line in pathlib.Path(f"{output}.log.jsonl").read_text().splitlines()]
    return [line["stepSeconds"] for line in lines], [line["clicks"] for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(ROOT / "Assets" / "models" / "default.safetensors"), help="gives the plan")
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "canalis"))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    peer, ours, clicks = [], [], []
    for _ in range(options.rounds):
        peer += pytorch(options.model, options.steps)[WARM_UP:]
        seconds, counts = canalis(options.program, options.model, options.steps, options.threads)
        ours += seconds[WARM_UP:]
        clicks += counts[WARM_UP:]
    plain = [second for second, count in zip(ours, clicks) if count == 0]
    result = {
        "pytorch": torch.__version__,
        "pytorch_step_seconds": statistics.median(peer),
        "canalis_step_seconds": statistics.median(ours),
        "canalis_step_seconds_without_clicks": statistics.median(plain) if plain else None,
        "canalis_mean_clicks": statistics.mean(clicks),
        "times_as_fast_as_pytorch": statistics.median(peer) / statistics.median(ours),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
