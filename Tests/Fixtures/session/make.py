"""Writes golden.session.jsonl without any code of Canalis: json, zlib and hashlib from Python's library.

Run it in this folder: python3 make.py
"""

import hashlib
import json
import struct
import zlib

# The scan's voxels are 0, 0.5, 1, ... as float32, little-endian.
shape = [4, 5, 6]
voxels = b"".join(struct.pack("<f", 0.5 * n) for n in range(4 * 5 * 6))


def time(second):
    return "2026-03-14T15:09:%02d.535Z" % second


lines = [
    {
        "format": "canalis-session", "version": 1, "program": "0.1.0", "time": time(0),
        "scan": {"path": "scans/Jürgen \"J\".nii.gz", "sha256": hashlib.sha256(voxels).hexdigest(), "shape": shape,
                 "spacing": [0.3, 0.25, 1.0]},
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

crc = 0
with open("golden.session.jsonl", "wb") as file:
    for line in lines:
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).replace("\x7f", "\\u007f")
        body = text[:-1].encode() + b","
        crc = zlib.crc32(body, crc)
        file.write(body + b'"crc":%d}\n' % crc)
