#!/usr/bin/env python3
"""Makes the cases of the folder `own`: scan + clicks + a stand-in network -> mask, in NumPy float64.

Written from the description of the pipeline alone, with dense arrays and SciPy's interpolation and labelling, so that
it shares no idea with the program's code. The stand-in network is simple enough to write twice:

    logits[c](v) = gain[c] * image(v) + bias[c] + slope[c] * (2 v0 + 3 v1 + 5 v2) / 100
                   + sum over clicks p of kind k: strength[k][c] * exp(-|v - p|^2 / (2 radius^2))

Run it here with NumPy and SciPy; it overwrites `own/`. A case whose largest and second largest logit nearly tie in some
voxel is drawn again, so that float32 has one right answer.
"""
import itertools
import json
import os

import numpy as np
from scipy import ndimage

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"background": 0, "left": 1, "right": 2}
AXIS = {"L": 0, "R": 0, "P": 1, "A": 1, "S": 2, "I": 2}


def network(image, points, model):
    shape = image.shape
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    ramp = (2.0 * grid[0] + 3.0 * grid[1] + 5.0 * grid[2]) / 100
    logits = []
    for c in range(len(model["gain"])):
        value = model["gain"][c] * image + model["bias"][c] + model["slope"][c] * ramp
        for p, kind in points:
            squared = sum((grid[a] - p[a]) ** 2.0 for a in range(3))
            value = value + model["strength"][kind][c] * np.exp(-squared / (2 * model["radius"] ** 2))
        logits.append(value)
    return np.stack(logits)


def interpolate(array, shape):
    """Trilinear, half-pixel centres, edges clamped, by the ratio of sizes."""
    if array.shape == tuple(shape):
        return array
    places = [(np.arange(m) + 0.5) * n / m - 0.5 for n, m in zip(array.shape, shape)]
    return ndimage.map_coordinates(array, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")


def normalize(crop, scheme):
    name = scheme["scheme"]
    if name == "computedTomography":
        return (np.clip(crop, scheme["low"], scheme["high"]) - scheme["mean"]) / max(scheme["deviation"], 1e-8)
    if name == "zScore":
        return (crop - crop.mean()) / max(crop.std(), 1e-8)
    if name == "scanPercentiles":
        low, high = np.percentile(crop, [scheme["low"], scheme["high"]])
        return (np.clip(crop, low, high) - low) / (high - low) * 2 - 1
    return crop


def turning(scan_code, model_code, transpose):
    """For each network axis: the scan's array axis, and whether it is flipped. Codes are (i, j, k): axis 2 first."""
    scan, model = scan_code[::-1], model_code[::-1]
    result = []
    for axis in transpose:
        source = next(a for a in range(3) if AXIS[scan[a]] == AXIS[model[axis]])
        result.append((source, scan[source] != model[axis]))
    return result


def run(case, scan):
    model, rules = case["model"], case["rules"]
    reference = rules == "reference"
    classes = len(model["gain"])
    patch = np.array(model["patch"])
    transpose = model["transpose"]
    scan_code = model["orientation"] if reference else (case["orientation"] or "LPS")
    turn = turning(scan_code, model["orientation"], transpose)
    flips = tuple(a for a in range(3) if turn[a][1])

    def forward(array):
        return np.flip(np.transpose(array, [t[0] for t in turn]), flips)

    def backward(array):
        return np.transpose(np.flip(array, flips), np.argsort([t[0] for t in turn]))

    def turned(voxel):
        return np.array([scan.shape[s] - 1 - voxel[s] if f else voxel[s] for s, f in turn])

    clicks = [(kind, np.array(voxel)) for kind, voxel in case["clicks"]]
    in_force = [i for i, (_, v) in enumerate(clicks) if not any((w == v).all() for _, w in clicks[i + 1:])]
    if reference:
        in_force = list(range(len(clicks)))

    volume = forward(scan.astype(np.float64))
    spacing = np.array(case["spacing"], np.float32).astype(np.float64)[[t[0] for t in turn]]
    target = np.array(model["spacing"])[transpose]
    inside = np.argwhere(volume != 0)
    low, high = inside.min(0), inside.max(0) + 1
    crop = volume[tuple(slice(a, b) for a, b in zip(low, high))]
    shape = [int(round(s / t * n)) for s, t, n in zip(spacing, target, crop.shape)]
    image = interpolate(normalize(crop, model["normalization"]), shape)

    deficit = np.maximum(patch - np.array(shape), 0)
    before = deficit // 2
    padded = np.pad(image, [(d // 2, d // 2 + d % 2) for d in deficit])

    def place(voxel):
        p = turned(voxel) - low
        if tuple(shape) != crop.shape:
            moved = np.rint((p + 0.5) * np.array(shape) / np.array(crop.shape) - 0.5).astype(int)
            p = np.clip(moved, 0, np.array(shape) - 1)
        return p + before

    kinds = model["clickKinds"]
    placed = [(place(clicks[i][1]), kinds.index(clicks[i][0])) for i in in_force if clicks[i][0] in kinds]

    starts = []
    for a in range(3):
        size = padded.shape[a]
        steps = int(np.ceil((size - patch[a]) / (patch[a] * case["step"]))) + 1
        distance = (size - patch[a]) / (steps - 1) if steps > 1 else 0
        starts.append([int(np.rint(distance * i)) for i in range(steps)])
    gaussian = 10.0
    for a in range(3):
        n = int(patch[a])
        factor = np.exp(-0.5 * ((np.arange(n) - n // 2) / (n / 8)) ** 2)
        gaussian = np.multiply.outer(gaussian, factor)

    mirrored = [transpose.index(a) for a in case["mirrorAxes"]]
    sides = transpose.index(2)
    views = [v for k in range(len(mirrored) + 1) for v in itertools.combinations(mirrored, k)]
    classes_swapped = [0, 2, 1] + list(range(3, classes))
    kinds_swapped = [kinds.index({"left": "right", "right": "left"}.get(k, k)) for k in kinds]
    total = np.zeros((classes,) + padded.shape)
    weights = np.zeros(padded.shape)
    windows, largest = [], []
    for start in itertools.product(*starts):
        region = tuple(slice(s, s + n) for s, n in zip(start, patch))
        patch_image = padded[region]
        seen = [(p - start, k) for p, k in placed if all(start <= p) and all(p < start + patch)]
        mean = 0
        for view in views:
            points = []
            for p, k in seen:
                q = np.array([patch[a] - 1 - p[a] if a in view else p[a] for a in range(3)])
                points.append((q, kinds_swapped[k] if sides in view else k))
            answer = network(np.flip(patch_image, view), points, model)
            answer = np.flip(answer, [a + 1 for a in view])
            mean = mean + (answer[classes_swapped] if sides in view else answer)
        mean = mean / len(views)
        windows.append(list(start))
        largest.append(float(mean.max()))
        if reference:
            mean = mean / (mean.max() / 100)
        total[(slice(None),) + region] += mean * gaussian
        weights[region] += gaussian
    if not reference:
        total = total / weights
    unpadded = tuple(slice(b, b + n) for b, n in zip(before, shape))
    logits = total[(slice(None),) + unpadded]
    on_scan = np.stack([interpolate(channel, crop.shape) for channel in logits])

    def gap(values):
        ordered = np.sort(values, axis=0)
        return float(((ordered[-1] - ordered[-2]) / np.abs(values).max(axis=0)).min())

    smallest_gap = gap(on_scan)
    if not reference and "background" not in kinds:
        positive = [turned(clicks[i][1]) - low for i in in_force if clicks[i][0] != "background"]
        kept = np.zeros(crop.shape, bool)
        for p in positive:
            near = [np.arange(n) for n in crop.shape]
            near = [np.abs(x - q) <= 1 for x, q in zip(near, p)]
            kept |= near[0][:, None, None] & near[1][None, :, None] & near[2][None, None, :]
        grid = np.meshgrid(*[np.arange(n) for n in crop.shape], indexing="ij")
        for i in in_force:
            kind, voxel = clicks[i]
            p = turned(voxel) - low
            if kind != "background" or not (all(p >= 0) and all(p < crop.shape)):
                continue
            here = on_scan[:, p[0], p[1], p[2]]
            b = max(0.0, max(here[1], here[2]) - here[0] + 1)
            squared = sum(((grid[a] - p[a]) * spacing[a]) ** 2 for a in range(3))
            lowering = np.where(squared <= 4.5 ** 2, b * np.exp(-squared / (2 * 1.5 ** 2)), 0)
            lowering[kept] = 0
            on_scan[1] -= lowering
            on_scan[2] -= lowering
        smallest_gap = min(smallest_gap, gap(on_scan))
    answer = np.zeros(volume.shape, np.int32)
    answer[tuple(slice(a, b) for a, b in zip(low, high))] = on_scan.argmax(0)
    mask_before = np.ascontiguousarray(backward(answer))

    mask = mask_before.copy()
    if case["postprocessing"]:
        stored_spacing = np.array(case["spacing"], np.float32).astype(np.float64)
        minimum = {1: 2198, 2: 1754} if reference else {int(k): v for k, v in model["minimum"].items()}
        for label, least in minimum.items():
            components, count = ndimage.label(mask == label, np.ones((3, 3, 3)))
            for component in range(1, count + 1):
                voxels = components == component
                size = voxels.sum() if reference else voxels.sum() * stored_spacing.prod()
                clicked = any(KINDS[clicks[i][0]] == label and voxels[tuple(clicks[i][1])] for i in in_force)
                # A rest that a "not canal" click may have cut off: within 8 mm of one, half of the least or more.
                rest = size >= least / 2 and any(
                    (((np.argwhere(voxels) - clicks[i][1]) * stored_spacing) ** 2).sum(1).min() <= 64
                    for i in in_force if clicks[i][0] == "background")
                if size < least and (reference or not (clicked or rest)):
                    mask[voxels] = 0
        for i in in_force:
            kind, v = clicks[i]
            if kind == "background":
                continue
            cross = [tuple(v)]
            for a in range(3):
                for step in (-1, 1):
                    w = v.copy()
                    w[a] += step
                    if 0 <= w[a] < scan.shape[a]:
                        cross.append(tuple(w))
            if any(mask[w] == KINDS[kind] for w in cross):
                for w in cross:
                    mask[w] = KINDS[kind]
    forced = []
    if not reference:
        for i in in_force:
            kind, v = clicks[i]
            if mask[tuple(v)] != KINDS[kind]:
                mask[tuple(v)] = KINDS[kind]
                forced.append(i)
    expected = {
        "windows": windows, "placed": [p.tolist() for p, _ in placed], "largest": largest, "forced": forced,
        "paddedShape": list(padded.shape), "smallestGap": smallest_gap,
        "voxels": [int((mask == c).sum()) for c in range(classes)],
        "voxelsBefore": [int((mask_before == c).sum()) for c in range(classes)],
    }
    return image, logits, mask_before, mask, expected


def smooth(generator, shape, border):
    scan = ndimage.gaussian_filter(generator.normal(size=shape), 1.5)
    scan = np.rint(scan / scan.std() * 400 + 300)
    scan[scan == 0] = 1
    outside = np.ones(shape, bool)
    outside[tuple(slice(b, n - e) for (b, e), n in zip(border, shape))] = False
    scan[outside] = 0
    return scan.astype(np.float32)


MODEL = {
    "patch": [8, 12, 12], "spacing": [0.3, 0.3, 0.3], "orientation": "LPS", "transpose": [0, 1, 2],
    "normalization": {"scheme": "computedTomography", "mean": 310.0, "deviation": 390.0, "low": -600.0, "high": 1100.0},
    "clickKinds": ["left", "right"], "minimum": {"1": 0.0, "2": 0.0},
    "gain": [0.1, 1.5, 1.2], "bias": [1.83, -0.21, 1.03], "slope": [0.1, 2.0, -1.5],
    "strength": [[-1.0, 3.0, -1.5], [-0.8, -1.2, 2.8]], "radius": 2.5,
}
CASE = {
    "orientation": "LPS", "rules": "canalis", "mirrorAxes": [1, 2], "step": 0.9, "postprocessing": True,
    "spacing": [0.3, 0.3, 0.3], "shape": [13, 17, 19], "border": [[0, 0], [0, 0], [0, 0]], "clicks": [],
}
THREE = {
    "clickKinds": ["left", "right", "background"],
    "strength": [[-1.0, 3.0, -1.5], [-0.8, -1.2, 2.8], [2.5, -1.0, -1.3]],
}
CASES = {
    "padding": {"rules": "reference", "shape": [5, 9, 20], "clicks": [["left", [1, 2, 3]], ["right", [4, 8, 19]]]},
    "outside_crop": {
        "rules": "reference", "shape": [11, 13, 15], "border": [[3, 2], [2, 3], [4, 0]],
        "clicks": [["left", [2, 5, 8]], ["right", [0, 1, 4]], ["left", [10, 12, 3]], ["right", [6, 6, 0]]]},
    "resampled_clicks": {
        "rules": "reference", "spacing": [0.4, 0.25, 0.35], "border": [[1, 0], [2, 1], [0, 2]],
        "clicks": [["left", [3, 9, 4]], ["right", [12, 16, 16]], ["left", [0, 0, 18]]]},
    "resampled_default": {
        "spacing": [0.5, 0.2, 0.33], "border": [[0, 1], [0, 0], [1, 0]], "mirrorAxes": [2],
        "clicks": [["left", [3, 9, 4]], ["right", [9, 3, 12]], ["background", [6, 8, 9]]]},
    "three_kinds": {
        "model": THREE, "clicks": [["left", [3, 9, 4]], ["background", [6, 8, 9]], ["right", [9, 3, 12]]]},
    "no_positive_maximum": {
        "rules": "reference", "model": {"gain": [0.2, 0.9, 0.8], "bias": [-7.2, -8.1, -7.0]},
        "clicks": [["left", [3, 9, 4]], ["right", [9, 3, 12]]]},
    "anisotropic": {
        "spacing": [1.0, 0.3, 0.45], "shape": [7, 18, 16],
        "model": {"spacing": [0.6, 0.3, 0.3], "minimum": {"1": 20.0, "2": 6.0}, "slope": [0, 2.2, -1.8]},
        "clicks": [["left", [3, 9, 4]], ["right", [6, 3, 12]]]},
    "negative_clicks": {
        "spacing": [0.3, 0.4, 0.3],
        "clicks": [["background", [6, 8, 9]], ["left", [6, 8, 11]], ["background", [6, 10, 11]],
                   ["background", [6, 9, 11]], ["right", [2, 2, 2]], ["background", [2, 2, 2]],
                   ["background", [12, 16, 18]]]},
    "negative_outside_crop": {
        "border": [[2, 1], [0, 0], [3, 0]], "clicks": [["background", [0, 5, 5]], ["background", [3, 5, 4]]]},
    "forced": {
        "model": {"strength": [[0, 0, 0], [0, 0, 0]], "minimum": {"1": 3.0, "2": 3.0}},
        "clicks": [["left", [0, 0, 0]], ["right", [6, 8, 9]], ["left", [6, 8, 9]], ["right", [12, 16, 18]],
                   ["left", [3, 4, 18]], ["right", [8, 0, 7]], ["background", [5, 5, 5]]]},
    "components": {
        "rules": "reference", "shape": [26, 30, 28], "mirrorAxes": [],
        "model": {"gain": [0.0, 2.0, -2.0], "bias": [1.4007, 0.0, 0.0], "slope": [0, 0, 0], "patch": [26, 30, 28]}},
    "thresholds": {
        "shape": [12, 16, 18], "mirrorAxes": [],
        "model": {"gain": [0.0, 2.0, -2.0], "bias": [1.9007, 0.0, 0.0], "slope": [0, 0, 0],
                  "minimum": {"1": 1.2, "2": 2.2}, "strength": [[0, 0, 0], [0, 0, 0]]},
        "clicks": "small components"},
    "turned": {
        "orientation": "SAR", "spacing": [0.4, 0.3, 0.25], "border": [[0, 1], [2, 0], [0, 0]],
        "model": {"orientation": "LPS", "spacing": [0.3, 0.35, 0.3]},
        "clicks": [["left", [3, 9, 4]], ["right", [9, 3, 12]]]},
    "transposed": {
        "orientation": "RAS", "spacing": [0.3, 0.4, 0.3],
        "model": {"transpose": [2, 0, 1], "spacing": [0.3, 0.35, 0.32], "patch": [12, 8, 10]},
        "clicks": [["left", [3, 9, 4]], ["right", [9, 3, 12]]]},
    "percentiles": {
        "model": {"normalization": {"scheme": "scanPercentiles", "low": 0.5, "high": 99.5}},
        "border": [[1, 0], [0, 2], [0, 0]], "clicks": [["right", [3, 9, 4]]]},
    "z_score": {"model": {"normalization": {"scheme": "zScore"}}, "border": [[1, 0], [0, 2], [0, 0]], "step": 0.5},
    "without_postprocessing": {
        "postprocessing": False, "model": {"minimum": {"1": 50.0, "2": 50.0}},
        "clicks": [["left", [0, 0, 0]], ["right", [6, 8, 9]]]},
}


def small_component_clicks(mask):
    """Clicks one voxel of the smallest component of each class, and of class 1's smallest with the wrong class."""
    clicks = []
    for label, kind in ((1, "left"), (2, "right"), (1, "right")):
        components, count = ndimage.label(mask == label, np.ones((3, 3, 3)))
        sizes = ndimage.sum(mask == label, components, range(1, count + 1))
        order = np.argsort(sizes, kind="stable")
        component = 1 + order[0 if len(clicks) < 2 else 1]
        clicks.append([kind, np.argwhere(components == component)[0].tolist()])
    return clicks


def main():
    folder = os.path.join(HERE, "own")
    os.makedirs(folder, exist_ok=True)
    for number, (name, changes) in enumerate(CASES.items()):
        for attempt in range(200):
            case = {**CASE, **changes, "model": {**MODEL, **changes.get("model", {})}}
            generator = np.random.default_rng([number, attempt])
            scan = smooth(generator, case["shape"], case["border"])
            if case["clicks"] == "small components":
                case["clicks"] = []
                case["clicks"] = small_component_clicks(run(case, scan)[2])
            image, logits, before, mask, expected = run(case, scan)
            if expected["smallestGap"] > 2e-5 and (not case["clicks"] or len(set(before.flat)) == 3):
                break
        else:
            raise SystemExit(f"{name}: always a near tie")
        del case["shape"], case["border"]
        case["expected"] = expected
        for what, array in (("scan", scan), ("preprocessed", image), ("logits", logits)):
            np.save(os.path.join(folder, f"{name}.{what}.npy"), array.astype(np.float32))
        for what, array in (("before", before), ("mask", mask)):
            np.save(os.path.join(folder, f"{name}.{what}.npy"), array.astype(np.uint8))
        with open(os.path.join(folder, f"{name}.json"), "w") as file:
            json.dump(case, file)
            file.write("\n")
        print(f"{name}: attempt {attempt}, gap {expected['smallestGap']:.1e}, windows {len(expected['windows'])}, "
              f"largest {min(expected['largest']):.2f}, before {expected['voxelsBefore']}, after {expected['voxels']}, "
              f"forced {expected['forced']}, placed {expected['placed']}, padded {expected['paddedShape']}")


main()
