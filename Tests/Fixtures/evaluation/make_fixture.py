"""Writes cases.json: small masks with the scores that medpy and SciPy give them.

Needs NumPy, SciPy and medpy 0.5 (development only). Run: python3 make_fixture.py
"""

import json
import pathlib

import numpy
from medpy.metric.binary import dc, hd95
from scipy import ndimage

random = numpy.random.default_rng(20250611)


def blobs(shape, threshold, sigma):
    field = ndimage.gaussian_filter(random.standard_normal(shape), sigma)
    return field / field.std() > threshold


def labelled(shape, threshold, sigma):
    mask = numpy.zeros(shape, numpy.uint8)
    half = shape[2] // 2
    mask[blobs(shape, threshold, sigma)] = 1
    right = mask.copy()
    right[right > 0] = 2
    mask[:, :, half:] = right[:, :, half:]
    return mask


def score(prediction, truth, spacing):
    result = []
    for label in (1, 2):
        a, b = prediction == label, truth == label
        if a.any() and b.any():
            values = [dc(a, b), hd95(a, b), hd95(a, b, voxelspacing=spacing)]
        elif not a.any() and not b.any():
            values = [1.0, 0.0, 0.0]
        else:
            shape = numpy.array(a.shape, float)
            values = [0.0, float(numpy.linalg.norm(shape)), float(numpy.linalg.norm(shape * spacing))]
        result.append([float(v) for v in values])
    return result


def corrective(prediction, truth, spacing):
    """The largest 26-connected error component's sort, size and the set of its most central voxels."""
    sorts = {
        "left": (truth == 1) & (prediction != 1),
        "right": (truth == 2) & (prediction != 2),
        "false left": (truth == 0) & (prediction == 1),
        "false right": (truth == 0) & (prediction == 2),
    }
    best = None
    for sort, error in sorts.items():
        labels, count = ndimage.label(error, structure=numpy.ones((3, 3, 3)))
        for number in range(1, count + 1):
            component = labels == number
            size = int(component.sum())
            first = int(numpy.flatnonzero(component)[0])
            key = (-size, first)
            if best is None or key < best[0]:
                padded = numpy.pad(component, 1)
                distance = ndimage.distance_transform_edt(padded, sampling=spacing)[1:-1, 1:-1, 1:-1]
                largest = distance.max()
                centres = numpy.argwhere(distance >= largest * (1 - 1e-12))
                best = (key, sort, size, centres.tolist())
    return None if best is None else {"sort": best[1], "size": best[2], "centres": best[3]}


cases = []
for shape, spacing, threshold, sigma in [
    ((9, 11, 14), (0.5, 0.5, 0.5), 0.6, 1.2),
    ((9, 11, 14), (0.3, 0.3, 0.3), 1.2, 1.0),
    ((6, 13, 17), (1.0, 0.4, 0.25), 0.4, 1.5),
    ((5, 7, 20), (0.2, 0.6, 0.35), 0.0, 1.0),
    ((1, 12, 12), (1.0, 0.5, 0.5), 0.3, 1.0),
]:
    truth = labelled(shape, threshold, sigma)
    prediction = truth.copy()
    noise = labelled(shape, threshold, sigma)
    prediction = numpy.where(blobs(shape, 0.5, sigma), noise, truth).astype(numpy.uint8)
    cases.append((prediction, truth, spacing))
prediction, truth, spacing = cases[0]
cases.append((numpy.where(prediction == 2, 0, prediction).astype(numpy.uint8), truth, spacing))
cases.append((numpy.zeros_like(truth), numpy.where(truth == 1, 0, truth).astype(numpy.uint8), spacing))
cases.append((numpy.zeros_like(truth), numpy.zeros_like(truth), spacing))
swapped = numpy.array([0, 2, 1], numpy.uint8)[truth]
cases.append((swapped, truth, spacing))

written = []
for prediction, truth, spacing in cases:
    written.append(
        {
            "shape": list(truth.shape),
            "spacing": list(spacing),
            "prediction": "".join(map(str, prediction.ravel())),
            "truth": "".join(map(str, truth.ravel())),
            "scores": score(prediction, truth, spacing),
            "corrective": corrective(prediction, truth, spacing),
        }
    )

shape, spacing = (7, 9, 11), (0.7, 0.3, 0.45)
sites = random.random(shape) < 0.02
distances = ndimage.distance_transform_edt(~sites, sampling=spacing)
transform = {
    "shape": list(shape),
    "spacing": list(spacing),
    "sites": "".join("1" if s else "0" for s in sites.ravel()),
    "distances": [float(d) for d in distances.ravel()],
}
path = pathlib.Path(__file__).with_name("cases.json")
path.write_text(json.dumps({"cases": written, "transform": transform}))
