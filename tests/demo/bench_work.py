"""What `make bench` measures, each in a process of its own: `bench_work.py NAME JSON` prints JSON.

Everything is done once before it is timed, so imports, weights and first calls do not count. `one`: one thread.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench_photos import album
from faces import cores, matcher

Answer = dict[str, Any]


def memory(key: str) -> float:
    """VmHWM (the most so far) or VmRSS (now) of this process, in MB of 2^20 bytes. Not ru_maxrss, which a child has
    from its parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {key} in /proc/self/status")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def one_thread(one: bool) -> None:
    import cv2

    if one:
        cores.share(cores.available())
        cv2.setNumThreads(1)


def one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    one_thread(True)


# Embedding


def _dlib() -> Any:
    import dlib
    from faces import weights

    return dlib.face_recognition_model_v1(str(weights.packaged(weights.DLIB_RESNET)))


def _ours(batch: int = 0) -> Any:
    from faces.embedder import Dlib

    embedder = Dlib()
    embedder.load()
    embedder.most = batch or embedder.most
    return embedder


def make_chips(photos: Sequence[str], count: int, target: str) -> Answer:
    """Cuts so many faces out of photos, as a detection does."""
    from faces.detector import YuNet, find_faces
    from faces.images import decode

    detector, embedder, chips = YuNet(), _ours(), []
    detector.load()
    for path in photos:
        pixels = decode(Path(path), 100, 1280).pixels
        chips += [embedder.align(pixels, face) for face in find_faces(detector, pixels)]
        if len(chips) >= count:
            break
    np.save(target, np.stack(chips[:count]))
    return {"count": len(chips[:count])}


def embed_ours(chips: str, count: int, one: bool = False, batch: int = 1) -> Answer:
    one_thread(one)
    faces, embedder = np.load(chips)[:count], _ours(batch)
    embedder.embed(faces[:batch])
    seconds, _ = timed(lambda: [embedder.embed(faces[i : i + batch]) for i in range(0, len(faces), batch)])
    return {"seconds": seconds / len(faces)}


def embed_dlib(chips: str, count: int, one: bool = False) -> Answer:
    one_thread(one)
    faces, model = np.load(chips)[:count], _dlib()
    model.compute_face_descriptor(faces[0])
    seconds, _ = timed(lambda: [model.compute_face_descriptor(face) for face in faces])
    return {"seconds": seconds / len(faces)}


def embed_proof(chips: str) -> Answer:
    faces = np.load(chips)
    ours = _ours().embed(faces).astype(np.float64)
    theirs = np.array(_dlib().compute_face_descriptor(faces), np.float64)
    cosine = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    upper = np.triu_indices(len(faces), 1)
    pairs = [np.linalg.norm(v[upper[0]] - v[upper[1]], axis=1) for v in (ours, theirs)]
    cuts = np.round(np.arange(0.30, 0.805, 0.01), 2)
    return {
        "faces": len(faces),
        "pairs": len(upper[0]),
        "cuts": len(cuts),
        "difference": float(np.abs(ours - theirs).max()),
        "cosine": float(cosine.min()),
        "decisions": int(sum(((pairs[0] <= cut) != (pairs[1] <= cut)).sum() for cut in cuts)),
    }


def multiplications(yunet: str) -> Answer:
    """What the networks' convolutions have to multiply and add: dlib's for a face, YuNet's for 640 x 640 pixels."""
    import onnx
    from faces import graphs, weights

    def count(model: Any) -> int:
        inferred = onnx.shape_inference.infer_shapes(model).graph
        sizes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
                 for v in [*inferred.value_info, *inferred.output]}  # fmt: skip
        kernels = {item.name: list(item.dims) for item in inferred.initializer}
        convolutions = [node for node in inferred.node if node.op_type == "Conv"]
        return sum(int(np.prod(sizes[n.output[0]])) * int(np.prod(kernels[n.input[1]][1:])) for n in convolutions)

    dlib = graphs.dlib_resnet(weights.packaged(weights.DLIB_RESNET).read_bytes())
    dlib.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return {"dlib": count(dlib), "yunet": count(onnx.load(yunet)) if yunet else 0}


# Detection


def _reduced(paths: Sequence[str], side: int = 640) -> list[Any]:
    """Photos whose longest side is that long, RGB; smaller ones stay as they are."""
    import cv2
    from faces.images import decode

    pictures = []
    for path in paths:
        pixels = decode(Path(path), 100, side).pixels
        factor = min(1.0, side / max(pixels.shape[:2]))
        size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
        pictures.append(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if factor < 1 else pixels)
    return pictures


def _yunet() -> Any:
    from faces.detector import YuNet

    detector = YuNet()
    detector.load()
    return detector


def _opencv() -> Any:
    """deepface's session of cv2.FaceDetectorYN, at our threshold."""
    from faces.detector import YuNet, deepface_model

    session = deepface_model("face_detector", "yunet", "detector").model
    session.setScoreThreshold(YuNet.score)
    return session


def _in_opencv(session: Any, bgr: Any) -> Any:
    session.setInputSize((bgr.shape[1], bgr.shape[0]))
    return session.detect(bgr)[1]


def yunet_ours(photos: Sequence[str], one: bool = False) -> Answer:
    one_thread(one)
    pictures, detector = _reduced(photos), _yunet()
    detector.detect(pictures[0])
    seconds, _ = timed(lambda: [detector.detect(picture) for picture in pictures])
    return {"seconds": seconds / len(pictures)}


def yunet_opencv(photos: Sequence[str], one: bool = False) -> Answer:
    one_thread(one)
    pictures, session = [np.ascontiguousarray(p[:, :, ::-1]) for p in _reduced(photos)], _opencv()
    _in_opencv(session, pictures[0])
    seconds, _ = timed(lambda: [_in_opencv(session, picture) for picture in pictures])
    return {"seconds": seconds / len(pictures)}


def yunet_boxes(photos: Sequence[str]) -> Answer:
    """How far the boxes are from each other, corner by corner, in pixels of the picture that both see."""
    from faces.records import Box, pair_by_overlap

    detector, session, differences, alone, faces = _yunet(), _opencv(), [], 0, 0
    for picture in _reduced(photos):
        ours = [face.box for face in detector.detect(picture)]
        rows = _in_opencv(session, np.ascontiguousarray(picture[:, :, ::-1]))
        theirs = [Box(*map(float, row[:4])) for row in ([] if rows is None else rows)]
        pairs = pair_by_overlap(ours, list(enumerate(theirs)))
        for box, number in zip(ours, pairs, strict=True):
            if number is not None:
                other = theirs[number]
                differences.append(max(abs(box.x - other.x), abs(box.y - other.y), abs(box.x + box.w - other.x - other.w),
                                       abs(box.y + box.h - other.y - other.h)))  # fmt: skip
        faces += len(theirs)
        alone += len(ours) + len(theirs) - 2 * sum(number is not None for number in pairs)
    return {"faces": faces, "alone": alone, "difference": max(differences, default=0.0)}


def missed(photos: Sequence[str]) -> Answer:
    """Faces of the slow path (the whole photo decoded, reduced to 640, OpenCV's YuNet) that ours has not, and the other
    way round. Both leave out what is narrower than the settings ask for."""
    from faces.images import decode
    from faces.jobs.examine import Task, examine
    from faces.jobs.plan import Wanted
    from faces.models import Models
    from faces.records import Box, pair_by_overlap
    from faces.settings import Settings

    models, session, found, slow, lost = Models(), _opencv(), 0, 0, []
    models.detector("yunet")
    for path in photos:
        task = Task(Path(path), ("yunet",), wanted=Wanted.of(Settings()))
        ours = [look.detection.box for look in examine(task, models).found["yunet"].looks]
        whole = decode(Path(path), 100)
        (picture,) = _reduced([path])
        scale = whole.width / picture.shape[1]
        rows = _in_opencv(session, np.ascontiguousarray(picture[:, :, ::-1]))
        boxes = [Box(*(scale * float(v) for v in row[:4])).clipped(whole.width, whole.height)
                 for row in ([] if rows is None else rows)]  # fmt: skip
        theirs = [box for box in boxes if box.w / whole.width >= task.wanted.min_width(whole.width)]
        pairs = pair_by_overlap(theirs, list(enumerate(ours)))
        found, slow = found + len(ours), slow + len(theirs)
        lost += [f"{path} {box} ({whole.width} x {whole.height})"
                 for box, number in zip(theirs, pairs, strict=True) if number is None]  # fmt: skip
    return {"found": found, "slow": slow, "lost": lost}


# Whole photos


def detect_ours(photos: Sequence[str], beside: str, one: bool = False) -> Answer:
    """`faces detect`, with its recognition, without what only the first photo of a process costs."""
    from faces.folders import PlainAlbum
    from faces.guard import Guard
    from faces.jobs import detect
    from faces.models import Models
    from faces.progress import Progress

    if one:
        one_core()
    models, paths = Models(), [Path(photo) for photo in photos]
    options = {"detectors": ("yunet",), "models": ("Dlib",)}

    def run(root: Path) -> Any:
        return detect.run(PlainAlbum(root), options, Guard(), Progress(), models=models)

    with album(paths[:1], Path(beside)) as warm, album(paths, Path(beside)) as root:
        run(warm)
        seconds, summary = timed(lambda: run(root))
    return {"seconds": seconds / len(paths), "faces": summary.faces}


def represent(photos: Sequence[str]) -> Answer:
    from deepface import DeepFace

    def look(path: str) -> int:
        found = DeepFace.represent(img_path=path, detector_backend="yunet", model_name="Dlib", enforce_detection=False,
                                   align=True)  # fmt: skip
        return sum(face["face_confidence"] > 0 for face in found)  # 0 is the whole photo: no face was found

    look(photos[0])
    seconds, faces = timed(lambda: sum(look(path) for path in photos))
    return {"seconds": seconds / len(photos), "faces": faces}


def face_recognition(photos: Sequence[str]) -> Answer:
    import face_recognition as package

    def look(path: str) -> int:
        image = package.load_image_file(path)
        return len(package.face_encodings(image, package.face_locations(image)))

    look(photos[0])
    seconds, faces = timed(lambda: sum(look(path) for path in photos))
    return {"seconds": seconds / len(photos), "faces": faces}


def parts(photos: Sequence[str], one: bool = False) -> Answer:
    """Seconds a photo for reading, finding and embedding, each for all photos alone; `one`: on one core. Faces too small
    in the reduced picture are read again, in full, as the program has to: those are in `reread`."""
    from faces.detector import find_faces
    from faces.images import decode, decode_parts
    from faces.jobs.examine import _around

    if one:
        one_core()
    detector, embedder, paths = _yunet(), _ours(), [Path(photo) for photo in photos]
    side = max(1280, 2 * detector.side)
    first = decode(paths[0], 100, side).pixels
    embedder.embed(
        [embedder.align(first, face) for face in find_faces(detector, first, 0.01)]
        or [np.zeros((150, 150, 3), np.uint8)]
    )
    seconds, reread = [0.0, 0.0, 0.0], 0
    for path in paths:
        each, picture = timed(lambda path=path: decode(path, 100, side))
        seconds[0] += each
        each, faces = timed(lambda picture=picture: find_faces(detector, picture.pixels, max(0.01, 20 / picture.width)))
        seconds[1] += each
        cut = [(picture.pixels, face) for face in faces]
        small = [] if picture.scale == 1 else [i for i, face in enumerate(faces) if face.box.w < embedder.face_pixels]
        if small:
            full = [faces[i].scaled(1 / picture.scale) for i in small]
            boxes = [_around(face.box, picture) for face in full]
            each, pixels = timed(lambda path=path, boxes=boxes: decode_parts(path, 100, boxes))
            seconds[0] += each
            reread += 1
            for i, face, box, part in zip(small, full, boxes, pixels, strict=True):
                cut[i] = part, face.moved(-box.x, -box.y)
        if cut:
            each, _ = timed(lambda cut=cut: embedder.embed([embedder.align(*one) for one in cut]))
            seconds[2] += each
    return {"seconds": sum(seconds) / len(paths), "parts": [s / len(paths) for s in seconds], "reread": reread}


# Matching


def drawn(n: int, m: int, d: int) -> tuple[Any, Any, Any]:
    """(n, d) and (m, d) vectors of 500 people, and (m,) whose; half of the n are of nobody known."""
    random = np.random.default_rng(0)
    people = random.standard_normal((1000, d), np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)

    def of(who: Any) -> Any:
        vectors = random.standard_normal((len(who), d), np.float32)
        vectors *= np.float32(0.4 / np.sqrt(d))
        vectors += people[who]
        return vectors

    persons = random.integers(500, size=m)
    return of(random.integers(1000, size=n)), of(persons), persons


#: Two of one person are about 0.57 apart, two of different people about 1.5 (cosine: 0.14 and 1).
CUTS = {"euclidean": 0.8, "cosine": 0.3}


def match(how: str, metric: str, size: Sequence[int]) -> Answer:
    queries, known, persons = drawn(*size)
    cut, space = CUTS[metric], np.empty((size[0], size[1]) if how == "sgemm" else 0, np.float32)
    space.fill(0)  # the pages are there before the clock runs
    works: dict[str, Callable[[Any], Any]] = {
        "candidates": lambda a: matcher.candidates(a, known, persons, cut, metric)[0],
        "nearest": lambda a: matcher.nearest(a, known, cut, metric, 1)[0],
        "sgemm": lambda a: np.matmul(a, known.T, out=space[: len(a)]),
    }
    if how == "faiss":
        import faiss

        index = faiss.IndexFlatL2(size[2]) if metric == "euclidean" else faiss.IndexFlatIP(size[2])
        index.add(known if metric == "euclidean" else matcher.unit(known))
        works["faiss"] = lambda a: index.search(a, 1)[0]
    if how == "faiss" and metric == "cosine":
        works["faiss"] = lambda a: index.search(matcher.unit(a), 1)[0]
    before = _forget_peak()
    works[how](queries[:1000])
    seconds, found = timed(lambda: works[how](queries))
    return {"seconds": seconds, "found": len(found), "more": memory("VmHWM") - before}


def _forget_peak() -> float:
    """VmHWM starts anew where the kernel lets it; what it is now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5)
    except OSError:
        pass
    return memory("VmHWM")


def frame(pairs: Sequence[int], size: Sequence[int], distance: str) -> Answer:
    """A distance for each pair in a loop over a table, of so many pairs only: `numpy` by itself, or deepface's own for
    lists, as represent() gives them."""
    import pandas
    from deepface.modules.verification import find_distance

    queries, known, _ = drawn(pairs[0], pairs[1], size[2])
    of = find_distance if distance == "deepface" else lambda a, b, _: float(np.sqrt(np.sum(np.square(a - b))))
    some, all_known = (queries.tolist(), known.tolist()) if distance == "deepface" else (list(queries), list(known))
    table = pandas.DataFrame({"vector": all_known})

    def work(some: Any) -> None:
        for query in some:
            table.apply(lambda row, query=query: of(query, row["vector"], "euclidean"), axis=1)

    work(some[:1])
    seconds, _ = timed(lambda: work(some))
    return {"seconds": seconds * size[0] * size[1] / (pairs[0] * pairs[1])}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    answer.setdefault("peak", memory("VmHWM"))
    print(f"\n{json.dumps(answer)}")
