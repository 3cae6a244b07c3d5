"""Writes golden.session.jsonl here and Sessions/example.session.jsonl without any code of Canalis: json, zlib and hashlib
from Python's library.

Run it from anywhere: python3 Tests/Fixtures/session/make.py
"""

import gzip
import hashlib
import json
import pathlib
import struct
import zlib

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent


def write(path, lines):
    """Writes a session: the rule of Sessions/README.md."""
    crc = 0
    with open(path, "wb") as file:
        for line in lines:
            text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).replace("\x7f", "\\u007f")
            body = text[:-1].encode() + b","
            crc = zlib.crc32(body, crc)
            file.write(body + b'"crc":%d}\n' % crc)


def golden():
    """Every event once; the scan's voxels are 0, 0.5, 1, ... as float32, little-endian."""
    shape = [4, 5, 6]
    voxels = b"".join(struct.pack("<f", 0.5 * n) for n in range(4 * 5 * 6))
    time = "2026-03-14T15:09:{:02d}.535Z".format
    return [
        {
            "format": "canalis-session", "version": 1, "program": "0.1.0", "time": time(0),
            "scan": {"path": "scans/Jürgen \"J\".nii.gz", "sha256": hashlib.sha256(voxels).hexdigest(),
                     "shape": shape, "spacing": [0.3, 0.25, 1.0], "orientation": "LPS"},
            "model": {"name": "bundled", "sha256": hashlib.sha256(b"model").hexdigest()},
            "settings": {"mirroring": False, "step": 0.9, "rules": "canalis", "postprocessing": True},
            "processor": {"kind": "x86-64 avx2", "threads": 2},
        },
        {"event": "click", "time": time(1), "id": 1, "kind": "left", "voxel": [1, 2, 3]},
        {"event": "click", "time": time(2), "id": 2, "kind": "right", "voxel": [0, 0, 0]},
        {"event": "click", "time": time(3), "id": 3, "kind": "background", "voxel": [3, 4, 5]},
        {"event": "move", "time": time(4), "id": 2, "voxel": [0, 0, 1]},
        {"event": "kind", "time": time(5), "id": 3, "kind": "left"},
        {"event": "remove", "time": time(6), "id": 1},
        {"event": "undo", "time": time(7)},
        {"event": "undo", "time": time(8)},
        {"event": "redo", "time": time(9)},
        {"event": "view", "time": time(10), "settings": {"window": 1500, "level": 300}},
        {"event": "note", "time": time(11), "text": "loop at the foramen\n\u0001\x7f"},
        {"event": "model", "time": time(12), "name": "other", "sha256": hashlib.sha256(b"other").hexdigest()},
        {"event": "export", "time": time(13), "path": "mask.nii.gz",
         "sha256": hashlib.sha256(bytes(4 * 5 * 6)).hexdigest(), "forced": [2]},
    ]


def bundled_model():
    """Name and hash of the bundled model, or "none" when there is none."""
    path = root / "Assets/models/default.safetensors"
    if not path.exists():
        return {"name": "none", "sha256": "0" * 64}
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    description = json.loads(header["__metadata__"]["canalis"])
    return {"name": description["name"], "sha256": hashlib.sha256(data).hexdigest()}


def example():
    """A short session on the bundled scan: a false piece is clicked away, and both canals are clicked."""
    path = "Assets/demo/jaw.nii.gz"
    data = gzip.decompress((root / path).read_bytes())
    columns, rows, slices = struct.unpack("<3h", data[42:48])
    kind, bits = struct.unpack("<2h", data[70:74])
    width, height, depth = struct.unpack("<3f", data[80:92])
    start, slope, intercept = struct.unpack("<3f", data[108:120])
    assert (kind, bits, slope, intercept) == (4, 16, 1, 0), "the bundled scan holds int16 without scaling"
    count = columns * rows * slices
    values = struct.unpack("<%dh" % count, data[int(start) : int(start) + 2 * count])
    voxels = struct.pack("<%df" % count, *values)
    time = "2026-03-14T15:{:02d}:00.000Z".format
    return [
        {
            "format": "canalis-session", "version": 1, "program": "0.1.0", "time": time(0),
            "scan": {"path": path, "sha256": hashlib.sha256(voxels).hexdigest(), "shape": [slices, rows, columns],
                     "spacing": [depth, height, width], "orientation": "LPS"},
            "model": bundled_model(),
            "settings": {"mirrorAxes": [], "postprocessing": True, "rules": "canalis", "step": 0.92},
            "processor": {"kind": "x86-64 avx2", "threads": 2},
        },
        {"event": "click", "time": time(1), "id": 1, "kind": "background", "voxel": [45, 83, 26]},
        {"event": "click", "time": time(2), "id": 2, "kind": "background", "voxel": [46, 89, 21]},
        {"event": "click", "time": time(3), "id": 3, "kind": "left", "voxel": [78, 125, 144]},
        {"event": "undo", "time": time(4)},
        {"event": "click", "time": time(5), "id": 4, "kind": "left", "voxel": [79, 129, 145]},
        {"event": "click", "time": time(6), "id": 5, "kind": "right", "voxel": [20, 85, 34]},
        {"event": "note", "time": time(7), "text": "an example: synthetic scan, no patient"},
    ]


write(here / "golden.session.jsonl", golden())
write(root / "Sessions/example.session.jsonl", example())
