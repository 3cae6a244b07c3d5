"""Checks that `umamba2.py` is the network of the reference cases: same weights, same input, the reference's logits.

    python check.py --canalis .build/release/canalis [--cases Tests/Fixtures/network] [--tolerance 1e-4]
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

import umamba2


def largest_difference(canalis, case, folder):
    model = pathlib.Path(folder) / f"{case.name}.safetensors"
    subprocess.run(
        [canalis, "model", "import", case / "checkpoint_final.pth", "--output", model, "--quiet"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    network = umamba2.load(model)
    network.patch = json.loads((case / "case.json").read_text())["patch"]
    image = torch.from_numpy(numpy.load(case / "input.npy"))
    clicks = []
    if network.plan.get("prompts"):
        clicks = [
            torch.from_numpy(numpy.load(case / "points.npy")).float(),
            torch.from_numpy(numpy.load(case / "labels.npy")).long(),
        ]
    with torch.inference_mode():
        logits = network(image, *clicks).numpy()
    return float(numpy.abs(logits - numpy.load(case / "logits.npy")).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--canalis", default=".build/release/canalis", help="the program")
    parser.add_argument("--cases", default="Tests/Fixtures/network", type=pathlib.Path, help="the reference cases")
    parser.add_argument("--tolerance", default=1e-4, type=float, help="of the largest difference of a logit")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for case in sorted(arguments.cases.iterdir()):
            if not (case / "checkpoint_final.pth").exists():
                continue
            difference = largest_difference(arguments.canalis, case, folder)
            print(f"{case.name}: largest difference of a logit {difference:.2e}")
            failed |= not difference <= arguments.tolerance
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
