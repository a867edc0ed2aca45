"""The rows of `make bench`: what is compared with what, and which ratio it has to reach."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bench_commands
import bench_looks
import bench_memory
import bench_metadata
import bench_stores
from bench_photos import Absent
from bench_rows import APART, Bench, Pair, Row, Section, span
from faces import cores

#: Unknown faces, known ones, numbers of each.
SIZE = (10_000, 5_000, 512)
LARGE = (100_000, 10_000, 512)


def _paths(photos: list[Path]) -> list[str]:
    return [str(path) for path in photos]


def _threads(one: bool) -> str:
    return "one thread" if one else f"{cores.available()} core(s)"


# Embedding


def _multiplications(bench: Bench, network: str) -> int:
    if "multiplications" not in bench.known:
        bench.known["multiplications"] = bench.child("multiplications", yunet=str(bench.photos.yunet()))
    count: int = bench.known["multiplications"][network]
    return count


def embedding(bench: Bench, one: bool, batch: int) -> list[Row]:
    chips, count = bench.chips(500), 24 if bench.runs == 1 else 48
    pair = bench.pair(
        partial(bench.child, "embed_ours", one, chips=chips, count=count, batch=batch),
        partial(bench.child, "embed_dlib", one, chips=chips, count=count),
    )
    limit = ""
    if not one:
        seconds = _multiplications(bench, "dlib") / bench.sgemm(SIZE)
        limit = f"{span(seconds)}: its multiplications as one matrix product"
    return [pair.row(f"Embedding a face, {_threads(one)}, {batch} in a call, against dlib", 15, "a face", limit)]


def same_vectors(bench: Bench) -> list[Row]:
    found = bench.child("embed_proof", chips=bench.chips(100 if bench.runs == 1 else 500))
    what = f"The same vectors as dlib, {found['faces']} faces, {found['pairs']:,} pairs"
    said = f"largest difference {found['difference']:.1e}, least cosine {found['cosine']:.9f}, " \
           f"{found['decisions']} of {found['pairs'] * found['cuts']:,} decisions differ"  # fmt: skip
    bar = "least cosine above 0.9999"
    return [Row(what, said, peak=f"{found['peak']:.0f}", bar=bar, met=found["cosine"] > 0.9999)]


# YuNet


def yunet(bench: Bench, one: bool) -> list[Row]:
    bench.photos.yunet()
    photos = _paths(bench.photos.small()[30:])
    pair = bench.pair(
        partial(bench.child, "yunet_ours", one, photos=photos),
        partial(bench.child, "yunet_opencv", one, photos=photos),
    )
    return [pair.row(f"YuNet at 640, {_threads(one)}, against OpenCV", 2)]


def same_boxes(bench: Bench) -> list[Row]:
    bench.photos.yunet()
    found = bench.child("yunet_boxes", photos=_paths(bench.photos.every()))
    said = f"largest difference of a corner {found['difference']:.2g} px; {found['alone']} found by one only"
    met = found["difference"] <= 1 and not found["alone"]
    return [Row(f"The same boxes as OpenCV's YuNet, {found['faces']} faces", said, peak=f"{found['peak']:.0f}",
                bar="within a pixel", met=met)]  # fmt: skip


# Whole photos


#: Kind of photos -> how a row calls them. `large` are `single` ones and as many mosaics.
KINDS = {"small": "small photos", "single": "photos of 12 megapixels, no mosaics",
         "large": "photos of 12 megapixels, half of them mosaics"}  # fmt: skip


def _photos(bench: Bench, kind: str) -> list[str]:
    bench.photos.yunet()
    return _paths(getattr(bench.photos, kind)())


def _detected(bench: Bench, photos: list[str], **options: Any) -> Callable[[], dict[str, Any]]:
    return partial(bench.child, "detect_ours", photos=photos, beside=str(bench.photos.folder), **options)


def _found(pair: Pair, what: str, bar: float | None) -> Row:
    ours, theirs = pair.ours["faces"], pair.peer["faces"]
    asked, met = (f"at least {100 * (bar - 1):.0f} % more", ours >= bar * theirs) if bar else ("none", None)
    return Row(f"{what}: faces found", f"{ours}", f"{theirs}", f"{ours / max(1, theirs):.2f}", bar=asked, met=met)


def whole(bench: Bench, kind: str) -> list[Row]:
    photos = _photos(bench, kind)
    pair = bench.pair(_detected(bench, photos), partial(bench.child, "represent", photos=photos))
    alone = bench.child("parts", one=True, photos=photos)["seconds"] / cores.available()
    what = f"{len(photos)} {KINDS[kind]}, against represent()"
    limit = f"{span(alone)}: the parts of it, spread over {cores.available()} core(s)"
    return [pair.row(what, 6 if kind == "small" else 10, limit=limit), _found(pair, what, 1.2)]


def against_face_recognition(bench: Bench) -> list[Row]:
    if importlib.util.find_spec("face_recognition") is None and not (APART / "face_recognition").is_dir():
        raise Absent("the package face_recognition is not there: make bench")
    photos = _photos(bench, "small")
    pair = bench.pair(_detected(bench, photos), partial(bench.child, "face_recognition", photos=photos))
    what = f"{len(photos)} {KINDS['small']}, against face_recognition"
    return [pair.row(what, 3), _found(pair, what, None)]


def none_lost(bench: Bench) -> list[Row]:
    bench.photos.yunet()
    photos = bench.photos.every() + bench.photos.large()
    found = bench.child("missed", photos=_paths(photos))
    for lost in found["lost"]:
        print(f"lost: {lost}")
    what = f"Faces of {len(photos)} photos, against the slow path (all pixels, OpenCV's YuNet at 640)"
    return [Row(what, f"{found['found']} found, {len(found['lost'])} lost", f"{found['slow']} found",
                peak=f"{found['peak']:.0f}", bar="0 lost", met=not found["lost"])]  # fmt: skip


def beside_its_parts(bench: Bench, kind: str) -> list[Row]:
    photos = _photos(bench, kind)
    # here the "peer" is the ideal: the program is to be little slower
    pair = bench.pair(partial(bench.child, "parts", one=True, photos=photos), _detected(bench, photos, one=True))
    parts = ", ".join(
        f"{name} {span(s)}" for name, s in zip(("read", "find", "embed"), pair.ours["parts"], strict=True)
    )
    row = pair.row(f"{len(photos)} {KINDS[kind]}, against the parts of it alone, one core", None)
    parts += f"; {pair.ours['reread']} read twice" if pair.ours["reread"] else ""
    row.ours, row.peer = row.peer, f"{span(pair.ours['seconds'])} a photo ({parts})"
    row.peak = f"{pair.peer['peak']:.0f} / {pair.ours['peak']:.0f}"
    row.ratio = f"takes {pair.ratio:.2f} ({pair.least:.2f} to {pair.most:.2f})"
    row.bar, row.met = "at most 1.3", pair.ratio <= 1.3
    return [row]


# Matching


def _matched(bench: Bench, how: str, metric: str = "euclidean") -> Callable[[], dict[str, Any]]:
    return partial(bench.child, "match", how=how, metric=metric, size=SIZE)


def _size(size: tuple[int, int, int]) -> str:
    return " x ".join(f"{n:,}" for n in size)


def against_sgemm(bench: Bench, how: str, metric: str) -> list[Row]:
    pair = bench.pair(_matched(bench, how, metric), _matched(bench, "sgemm"))
    row = pair.row(f"matcher.{how}, {metric}, {_size(SIZE)}, against a matrix product", None, "")
    row.ratio = f"{pair.ratio:.0%} of its speed ({pair.least:.0%} to {pair.most:.0%})"
    row.limit = f"{span(pair.peer['seconds'])}: the product itself"
    row.bar, row.met = "at least 85 %", pair.ratio >= 0.85
    return [row]


def against_a_loop(bench: Bench, distance: str) -> list[Row]:
    pairs = (10, 1000) if bench.runs == 1 else (100, 1000)
    loop = partial(bench.child, "frame", pairs=pairs, size=SIZE, distance=distance)
    pair = bench.pair(_matched(bench, "candidates"), loop)
    what = f"matcher.candidates, {_size(SIZE)}, against DataFrame.apply with {distance}'s distance (measured on " \
           f"{pairs[0]} x {pairs[1]:,}, scaled)"  # fmt: skip
    return [pair.row(what, 5000, "")]


def against_faiss(bench: Bench, metric: str) -> list[Row]:
    if importlib.util.find_spec("faiss") is None:
        raise Absent("the package faiss-cpu is not there: make bench")
    index = "IndexFlatL2" if metric == "euclidean" else "IndexFlatIP"
    pair = bench.pair(_matched(bench, "nearest", metric), _matched(bench, "faiss", metric))
    return [pair.row(f"matcher.nearest, 1 of each, {metric}, {_size(SIZE)}, against faiss {index}", 1, "")]


def bounded(bench: Bench, how: str) -> list[Row]:
    size = (LARGE[0] // 10, *LARGE[1:]) if bench.runs == 1 else LARGE
    found = bench.child("match", how=how, metric="cosine", size=size)
    needed = size[0] * size[1] * size[2] / bench.sgemm(SIZE)
    return [Row(f"matcher.{how}, cosine, {_size(size)}: memory", span(found["seconds"]),
                peak=f"{found['more']:.0f} above its inputs, {found['peak']:.0f} in all",
                limit=f"{span(needed)}: a matrix product", bar="less than 200 MB above", met=found["more"] < 200)]  # fmt: skip


SECTIONS = [
    Section(
        "Embedding",
        """Faces cut out of the photos as a detection does (150 x 150 pixels): `faces.embedder.Dlib`
        (dlib's weights in onnxruntime) and dlib's own `face_recognition_model_v1.compute_face_descriptor`. One thread: for
        onnxruntime, OpenCV and BLAS; dlib's network always uses one. A decision is whether two faces are one person, for
        each pair and each threshold from 0.30 to 0.80 in steps of 0.01 (euclidean).""",
        [*(partial(embedding, one=one, batch=batch) for one in (True, False) for batch in (1, 8)), same_vectors],
    ),
    Section(
        "YuNet",
        """Groups and photos from the web, decoded and reduced to 640 pixels beforehand: `faces.detector.YuNet` (onnxruntime)
        and deepface's session of `cv2.FaceDetectorYN`, both at score 0.6, with everything from the picture to the boxes.
        Photos have different sizes, as they come; the peer gets them in its own order of colours. The boxes are compared
        on all photos.""",
        [partial(yunet, one=True), partial(yunet, one=False), same_boxes],
    ),
    Section(
        "Photos",
        """`faces.jobs.detect.run` on a fresh folder, detector yunet, model Dlib: it lists, hashes, reads, finds, embeds,
        stores and recognizes. `DeepFace.represent(img_path, detector_backend="yunet", model_name="Dlib",
        enforce_detection=False, align=True)` photo by photo, without its whole-photo "faces" of confidence 0. The package
        face_recognition as its README shows: `load_image_file`, `face_locations`, `face_encodings`. All of them use the
        cores as they come. A run on one photo in the same process comes first, so no start-up is in the times. Small photos:
        portraits of 250 pixels, groups, photos from the web below 2 megapixels. Those of 12 megapixels are made of the same
        photos, scaled up to 4000 x 3000 with a camera's noise, JPEG quality 90: a portrait, a photo, mosaics of four and
        twelve. Lost is a face of the slow path that no box of ours covers; both leave out what is narrower than the default
        settings ask for (1 % of the photo, 20 pixels).""",
        [*(partial(whole, kind=kind) for kind in KINDS), against_face_recognition, none_lost],
    ),
    Section(
        "Parts",
        """The whole detection, as above, beside reading, finding and embedding (with cutting out) measured one after the
        other for the same photos. Both on one core. A photo with faces that are too small for the model in its reduced
        pixels is read twice in both, the second time in full; how many were, stands in the row. The ratio is how many
        times as long the program takes.""",
        [partial(beside_its_parts, kind=kind) for kind in KINDS],
    ),
    Section(
        "Matching",
        """Drawn vectors of 500 people, half of the unknown faces of nobody known. `matcher.candidates` (what a recognition
        does: the nearest face of each person) and `matcher.nearest` (what grouping does) beside numpy's `a @ b.T` of the
        same size into memory that is there already. The loop is `DataFrame.apply` with a distance for each pair, in
        numpy or by deepface's `find_distance` on lists, as represent() gives them; measured on fewer pairs and scaled by
        their number. faiss searches its index for the nearest one; building the index
        is not counted, `nearest` has its preparation in the time. Memory above the inputs: the peak during the call less
        what the process had before.""",
        [
            partial(against_sgemm, how="candidates", metric="euclidean"),
            partial(against_sgemm, how="candidates", metric="cosine"),
            partial(against_sgemm, how="nearest", metric="euclidean"),
            partial(against_a_loop, distance="numpy"),
            partial(against_a_loop, distance="deepface"),
            partial(against_faiss, metric="euclidean"),
            partial(against_faiss, metric="cosine"),
            partial(bounded, how="candidates"),
            partial(bounded, how="nearest"),
        ],
    ),
    Section("Memory", bench_memory.TEXT, [bench_memory.thousand]),
    *bench_metadata.SECTIONS,
    *bench_commands.SECTIONS,
    *bench_stores.SECTIONS,
    *bench_looks.SECTIONS,
]
