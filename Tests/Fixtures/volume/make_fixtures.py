"""Makes the files beside it: tiny NIfTI-1 scans and resampled arrays, with struct and NumPy only.

Nothing here shares code with the reader under test. Run it in this folder: python3 make_fixtures.py
"""

import gzip
import struct

import numpy as np

TYPES = {
    "uint8": (2, np.uint8), "int16": (4, np.int16), "int32": (8, np.int32), "float32": (16, np.float32),
    "float64": (64, np.float64), "int8": (256, np.int8), "uint16": (512, np.uint16), "uint32": (768, np.uint32),
    "int64": (1024, np.int64), "uint64": (1280, np.uint64),
}
SHAPE = (3, 4, 5)  # axis 0 (k), axis 1 (j), axis 2 (i)
SPACING = (0.3, 0.25, 0.4)  # along i, j, k
SFORM = ((-0.3, 0, 0, 12.5), (0, -0.25, 0, 8.0), (0, 0, 0.4, -20.25))


def header(order, code, bits, *, magic=b"n+1\0", offset=352.0, slope=0.0, intercept=0.0, qform=None, sform=SFORM,
           shape=SHAPE, spacing=SPACING, dimensions=None, handedness=1.0, units=2):
    dimensions = dimensions or (3, shape[2], shape[1], shape[0], 1, 1, 1, 1)
    quaternion = qform or (0, 0, 0, 0, 0, 0)
    rows = sform or ((0,) * 4,) * 3
    data = struct.pack(order + "i10s18sihcB", 348, b"", b"", 0, 0, b"r", 0)
    data += struct.pack(order + "8h3f4h", *dimensions, 0, 0, 0, 0, code, bits, 0)
    data += struct.pack(order + "8f3fhBB4f2i", handedness, *spacing, 0, 0, 0, 0, offset, slope, intercept, 0, 0, units,
                        7, 3, 0, 0, 0, 0)
    data += struct.pack(order + "80s24s", b"made by make_fixtures.py", b"")
    data += struct.pack(order + "2h6f12f16s4s", 1 if qform else 0, 1 if sform else 0, *quaternion, *rows[0], *rows[1],
                        *rows[2], b"", magic)
    assert len(data) == 348
    return data


def values(name, dtype):
    ramp = np.arange(60)
    if name == "uint8":
        return (ramp * 4 + 3).astype(dtype)
    if name == "int8":
        return (ramp * 4 - 128).astype(dtype)
    if dtype in (np.float32, np.float64):
        return (np.sin(ramp) * 1000 / 3).astype(dtype)
    info = np.iinfo(dtype)
    step = (int(info.max) - int(info.min)) // 59
    return np.array([int(info.min) + step * int(n) for n in ramp], dtype=dtype)


def write(path, data):
    if path.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with open(path, "wb") as file:
        file.write(data)


def scans():
    for name, (code, dtype) in TYPES.items():
        array = values(name, dtype)
        np.save(f"{name}.npy", array.astype(np.float32).reshape(SHAPE))
        for order, label in (("<", "little"), (">", "big")):
            stored = array.astype(np.dtype(dtype).newbyteorder(order)).tobytes()
            write(f"{name}_{label}.nii", header(order, code, array.itemsize * 8) + bytes(4) + stored)

    array = values("int16", np.int16)
    stored = array.astype("<i2").tobytes()
    # A rotation by 90 degrees about z: (b, c, d) = (0, 0, sin 45).
    qform = (0, 0, float(np.sqrt(0.5)), 1.5, -2.5, 3.5)
    write("qform_only.nii.gz", header("<", 4, 16, qform=qform, sform=None, handedness=-1.0) + bytes(4) + stored)
    write("no_form.nii.gz", header("<", 4, 16, sform=None) + bytes(4) + stored)
    write("scaled.nii.gz", header("<", 4, 16, slope=0.5, intercept=-1024.0) + bytes(4) + stored)
    np.save("scaled.npy", (array.astype(np.float64) * 0.5 - 1024.0).astype(np.float32).reshape(SHAPE))
    write("offset.nii", header("<", 4, 16, offset=400.0) + bytes(52) + stored)
    write("pair.hdr", header("<", 4, 16, magic=b"ni1\0", offset=0.0))
    write("pair.img", stored)
    write("pair_big.hdr.gz", header(">", 4, 16, magic=b"ni1\0", offset=16.0))
    write("pair_big.img.gz", bytes(16) + array.astype(">i2").tobytes())
    holes = values("float32", np.float32).copy()
    holes[[3, 17, 59]] = (np.nan, np.inf, -np.inf)
    write("holes.nii", header("<", 16, 32) + bytes(4) + holes.astype("<f4").tobytes())
    holes[[3, 17, 59]] = np.nanmin(holes[np.isfinite(holes)])
    np.save("holes.npy", holes.reshape(SHAPE))


def linear(array, axis, size):
    """One axis, float64: half-pixel centres, edges clamped, mapping by n_in / n_out."""
    count = array.shape[axis]
    if count == size:
        return array
    place = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, None)
    low = np.minimum(np.floor(place).astype(int), count - 1)
    high = np.minimum(low + 1, count - 1)
    weight = (place - low).reshape([-1 if a == axis else 1 for a in range(array.ndim)])
    return np.take(array, low, axis) * (1 - weight) + np.take(array, high, axis) * weight


def resampled():
    generator = np.random.default_rng(7)
    source = generator.normal(size=(2, 7, 9, 11)).astype(np.float32)
    np.save("resample_input.npy", source)
    for size in ((7, 9, 11), (14, 18, 22), (3, 4, 5), (10, 5, 23), (1, 1, 1), (7, 12, 11), (16, 9, 7)):
        result = source.astype(np.float64)
        for axis in range(3):
            result = linear(result, axis + 1, size[axis])
        np.save("resample_%d_%d_%d.npy" % size, result.astype(np.float32))


def percentiles():
    generator = np.random.default_rng(11)
    source = np.concatenate([generator.normal(scale=900, size=3001), np.zeros(500), [-0.0, 1e-42, -1e30, 3e38]])
    source = source.astype(np.float32)
    levels = [0, 0.5, 1, 25, 50, 75.5, 99, 99.5, 100]
    np.save("percentile_input.npy", source)
    np.save("percentile_levels.npy", np.array(levels, dtype=np.float32))
    np.save("percentile_output.npy", np.percentile(source.astype(np.float64), levels).astype(np.float32))


if __name__ == "__main__":
    scans()
    resampled()
    percentiles()
