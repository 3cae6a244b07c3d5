"""Times Canalis, PyTorch, ONNX Runtime and OpenVINO on one network, one patch, one machine, one after the other.

    python compare.py --plan task2             the published plan with drawn weights, patch 128x256x256: ten minutes
    python compare.py --model FILE             a model file, at its own patch

All use the same number of threads and single precision. Canalis' click is compared with a peer's decoder alone and with
its whole forward pass, which is what a click costs where nothing is kept. `--json FILE` keeps the numbers.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PEERS = {"pytorch": "PyTorch eager", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


def run(command, environment=None):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def own_kernels():
    """The environment, without what it says of OpenBLAS: every program chooses the kernels of this processor."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def benchmark(arguments, model):
    environment = dict(own_kernels(), OMP_NUM_THREADS=str(arguments.threads))
    done = subprocess.run(
        [arguments.canalis, "benchmark", "--model", model, "--repeats", str(arguments.repeats), "--json", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        check=True,
    )
    return json.loads(done.stdout)


def time_peer(arguments, peer, model, folder):
    script = pathlib.Path(__file__).with_name("time_peer.py")
    command = [sys.executable, script, peer, model, folder]
    return run(command + ["--threads", arguments.threads, "--repeats", arguments.repeats], own_kernels())


def table(ours, peers):
    gigabyte = 1 << 30
    full, click = ours["full_forward_seconds"], ours["click_rerun_seconds"]
    rate = ours["click_gflops"] / ours["sgemm_gflops"]
    lines = [
        "| | full forward | click (decoder alone) | most memory | Canalis' forward | Canalis' click | its click to a forward |",
        "|---|---:|---:|---:|---:|---:|---:|",
        f"| Canalis | {full:.3g} s | {click:.3g} s | {ours['peak_memory_bytes'] / gigabyte:.2f} GiB | | | |",
    ]
    for peer, row in peers.items():
        whole, decoder = row["full_forward_seconds"], row["decoder_seconds"]
        lines.append(
            f"| {PEERS[peer]} {row['version'].split('-')[0]} | {whole:.3g} s | {decoder:.3g} s "
            f"| {row['peak_memory_bytes'] / gigabyte:.2f} GiB "
            f"| {whole / full:.2f} times | {decoder / click:.2f} times | {whole / click:.1f} times |"
        )
    lines += [
        "",
        f"Canalis: forward {ours['forward_gflops']:.1f} GFLOP/s, {100 * ours['share_of_sgemm']:.0f} % of sgemm "
        f"({ours['sgemm_gflops']:.1f} with the {ours['sgemm_kernels']} kernels); click {ours['click_gflops']:.1f} GFLOP/s, "
        f"{100 * rate:.0f} %.",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--canalis", default=".build/release/canalis", help="the program")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--plan", choices=["compact", "task2"], help="drawn weights for a plan")
    which.add_argument("--model", type=pathlib.Path, help="a model file")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2, help="how often each is run; the best counts")
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the exported graphs here and uses those that are there")
    parser.add_argument("--export-only", action="store_true", help="stop after exporting the graphs to --folder")
    parser.add_argument("--json", type=pathlib.Path, help="writes the numbers here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        model = arguments.model or folder / f"{arguments.plan}.safetensors"
        if not model.exists():
            subprocess.run([arguments.canalis, "model", "draw", "--plan", arguments.plan, "--output", model], check=True,
                           stdout=subprocess.DEVNULL)
        if not (folder / "decoder.onnx").exists() and set(arguments.peers) - {"pytorch"}:
            run([sys.executable, pathlib.Path(__file__).with_name("time_peer.py"), "export", model, folder])
        if arguments.export_only:
            return
        ours = benchmark(arguments, model)
        print(f"Canalis: {ours['full_forward_seconds']:.3f} s", file=sys.stderr)
        peers = {}
        for peer in arguments.peers:
            peers[peer] = time_peer(arguments, peer, model, folder)
            print(f"{PEERS[peer]}: {peers[peer]['full_forward_seconds']:.3f} s", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps({"canalis": ours, "peers": peers}, indent=2) + "\n")
    print(table(ours, peers))


if __name__ == "__main__":
    main()
