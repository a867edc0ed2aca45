"""The bars of hub mode, against a real MariaDB: 200 channels with 20,000 photos and nothing to do; and 100 times kill -9.
Part of `make bars`; prints what it measured.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "py"))

import numpy as np
import servers
from bars import SPACE, measure
from faces import parquet, store
from faces.files import DataFile
from faces.images import content_hash
from faces.records import FACE, Box, Decision, FaceRow, new_face_id
from hubs import HubSite
from test_hub_faults import check_after_kills, kill_loop

CHANNELS, PHOTOS = 200, 100


def fill(site: HubSite) -> None:
    """Channels as a detection and two named faces leave them."""
    random = np.random.default_rng(0)
    for number in range(CHANNELS):
        channel = site.channel(f"c{number}")
        folder = site.folder(channel, "Photos")
        site.data_files(channel, folder)
        site.configure(channel, {"version": 1, "detection": {"detectors": ["dlib"], "models": ["Dlib"]}})
        place, rows, values = site.content(channel, folder), [], []
        for n in range(PHOTOS):
            hash, name = str(uuid.uuid4()), f"IMG_{n:04}.jpg"
            path = site.root / place / hash
            path.write_bytes(os.urandom(200))
            stat, content = path.stat(), content_hash(path)
            box, vector = Box(100, 100, 200, 200), random.normal(size=128).astype(np.float32)
            rows.append(FaceRow(FACE, hash, name, content, stat.st_size, stat.st_mtime_ns, 1, 4000, 3000, "", "dlib", 0.01,
                                new_face_id(content, box, lambda _: False), *(100.0, 100.0, 200.0, 200.0), (), 0.9, "Dlib",
                                SPACE, vector / np.linalg.norm(vector)))  # fmt: skip
            values += [(channel, hash, name, stat.st_size, folder, f"{place}/{hash}".encode())]
        cursor = site._connection.cursor()
        cursor.executemany(
            "INSERT INTO attach (uid, hash, filename, filesize, folder, content, is_photo, os_storage, os_path, "
            "display_path, allow_cid, allow_gid, deny_cid, deny_gid) VALUES (%s, %s, %s, %s, %s, %s, 1, 1, '', '', '', "
            "'', '', '')", values)  # fmt: skip
        parquet.write_faces(DataFile(site.path(channel, "faces.pkl", folder)), rows)
        for row in rows[:2]:
            store.append_decisions(
                DataFile(site.path(channel, "names.csv")),
                [
                    Decision(
                        "2026-01-01T00:00:00Z",
                        row.face,
                        row.photo,
                        row.file,
                        row.relative_box,
                        "name",
                        "Ada",
                        "bars",
                        row.content,
                    )
                ],
            )


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="faces-bars-"))
    server = servers.MariaDb(folder)
    server.start()
    try:
        site = HubSite(server, folder / "hub")
        fill(site)
        measure("detect", "--hub", site.root)
        took: list[tuple[float, int, str]] = []
        queries = site.queries(lambda: took.append(measure("detect", "--hub", site.root)))
        of_channels = [
            q for q in queries if not re.search(r"k = 'status'$|'experimental'|FROM channel ORDER BY|sql_mode", q)
        ]
        print(f"detect --hub, nothing to do, {CHANNELS} channels with {CHANNELS * PHOTOS} photos: {took[0][0]:.2f} s, peak "
              f"{took[0][1]} MB, {len(of_channels) / CHANNELS:.2f} queries a channel ({len(queries)} in all); limit 10 s, 6 queries")  # fmt: skip
        site = HubSite(server, folder / "killed")
        start = time.monotonic()
        given = kill_loop(site, 100)
        check_after_kills(site, given)
        print(
            f"kill -9 a detection 100 times while names come in: every name, file and row right ({time.monotonic() - start:.0f} s)"
        )
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
