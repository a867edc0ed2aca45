"""What the page costs in a browser with 20,000 faces on 5,000 photos, against the limits. `make bars` runs it; it needs PHP, MariaDB
and Chromium. The hub is the tests' stand-in on this machine; worker and photos' rows are real, the pictures are one and the same."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "py"), str(ROOT / "tests" / "py"), str(ROOT / "tests" / "demo")]

import album
import numpy as np
from faces import parquet
from faces.files import DataFile
from faces.records import FACE, FaceRow
from playwright.sync_api import Browser, Page, sync_playwright
from servers import MariaDb, start
from webhub import Client, WebHub

PHOTOS, PER_PHOTO, PEOPLE, FOLDERS, ROUNDS = 5_000, 4, 100, 5, 5
WIDTH, HEIGHT = 1024, 768
LIMITS = {"first faces": 1.0, "heap": 60.0, "nodes": 0.0, "naming": 0.1, "guesses": 3.0}  # 0: none


def fill(hub: WebHub) -> int:
    """alice's photos: each with four of a hundred people, nobody named."""
    alice = hub.id("alice")
    hub.install(alice)
    hub.set("block", 1)
    random = np.random.default_rng(1)
    people = random.normal(0, 0.12, (PEOPLE, 128)).astype(np.float32)
    picture = hub.photo(alice, "picture.jpg", path=ROOT / "demo" / "photos" / "biden.jpg")
    content = hub.content(alice, picture)
    number = 0
    for i in range(FOLDERS):
        folder = hub.folder(alice, f"Folder {i}")
        hub.data_files(alice, folder)
        rows, photos = [], []
        for _ in range(PHOTOS // FOLDERS):
            hash = f"photo-{number:06}"
            photos.append(
                (
                    hash,
                    f"photo {number}.jpg",
                    folder,
                    f"2026-01-{1 + number // 1440 % 28:02} {number // 60 % 24:02}:{number % 60:02}:00",
                )
            )
            for nr in range(PER_PHOTO):
                who = (number * PER_PHOTO + nr) % PEOPLE
                rows.append(FaceRow(FACE, hash, f"photo {number}.jpg", f"{number:032x}", 1000, number, width=WIDTH, height=HEIGHT,
                                    detector="dlib", face=f"{number * PER_PHOTO + nr:032x}", x=20 + 250 * nr, y=150, w=200, h=200, confidence=0.9,
                                    model="Dlib", space="Dlib/0123456789ab/chip150",
                                    embedding=people[who] + random.normal(0, 0.02, 128).astype(np.float32)))  # fmt: skip
            number += 1
        for one in range(0, len(photos), 500):
            part = photos[one : one + 500]
            hub.sql("INSERT INTO attach (uid, hash, filename, filetype, filesize, folder, is_photo, os_storage, os_path, display_path, content, created,"
                    " edited, allow_cid, allow_gid, deny_cid, deny_gid) VALUES "
                    + ", ".join(["(%s, %s, %s, 'image/jpeg', 1000, %s, 1, 1, '', '', %s, %s, '2026-01-01 10:00:00', '', '', '', '')"] * len(part)),
                    *[v for hash, name, place, created in part for v in (alice, hash, name, place, content, created)])  # fmt: skip
            hub.sql("INSERT INTO photo (uid, resource_id, imgscale, width, height, content, allow_cid, allow_gid, deny_cid, deny_gid) VALUES "
                    + ", ".join(["(%s, %s, %s, %s, %s, %s, '', '', '', '')"] * 3 * len(part)),
                    *[v for hash, *_ in part for scale in (1, 2, 3) for v in (alice, hash, scale, WIDTH, HEIGHT, content)])  # fmt: skip
        made = hub.root / "made.pkl"
        parquet.write_faces(DataFile(made), rows)
        hub.write(alice, "faces.pkl", made.read_bytes(), folder)
        made.unlink()
    hub.recognize("alice")
    hub.set("block", 0)
    hub.set("python", sys.executable)
    hub.state("stopped", "alice").parent.mkdir(parents=True, exist_ok=True)
    hub.state("stopped", "alice").touch()  # opening the page starts no search
    return alice


def enter(browser: Browser, hub: WebHub, client: Client) -> Page:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.add_cookies([{"name": k, "value": v, "url": hub.url, "sameSite": "Lax"} for k, v in client.cookies.items()])
    return context.new_page()


SEEN = """() => { const photo = document.querySelector('.faces-photo'); const image = photo?.querySelector('.faces-open img');
    return image?.complete && image.naturalWidth > 0 && photo.querySelector('.faces-frame') ? performance.now() / 1000 : 0; }"""
#: When the name was given (Enter), and when texts of faces changed on the screen.
WATCH = """(name) => { window.seen = {}; document.addEventListener('keydown', (event) => event.key === 'Enter' && (window.seen.enter = performance.now()), true);
    new MutationObserver((all) => all.forEach(({ target }) => { const text = (target.closest?.('bdi') ?? target.parentElement?.closest('bdi'))?.textContent;
        const key = text === name ? 'named' : text === `${name}?` ? 'guessed' : '';
        if (key && !window.seen[key]) { requestAnimationFrame(() => (window.seen[key] ??= performance.now())); } }))
        .observe(document.querySelector('.faces-list'), { subtree: true, childList: true, characterData: true }); }"""


def name_one(page: Page, name: str, chip: int) -> tuple[float, float]:
    """Seconds until the name, and until the first guess for it, is seen in the page."""
    page.evaluate(WATCH, name)
    page.locator(".faces-chip").nth(chip).click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_function("window.seen.guessed", timeout=60_000)
    seen = page.evaluate("window.seen")
    return (seen["named"] - seen["enter"]) / 1000, (seen["guessed"] - seen["enter"]) / 1000


def weight(page: Page) -> tuple[float, float]:
    """Megabytes of the scripts, and thousands of nodes of the page, after what nobody needs was thrown away."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return metrics["JSHeapUsedSize"] / 1e6, metrics["Nodes"] / 1e3


def all_at_once(browser: Browser, hub: WebHub, owner: Client) -> tuple[float, float]:
    """What a gallery without windows would be: all photos with their frames and names as one page of plain HTML. Seconds
    until the first are seen, thousands of nodes."""
    photos = []
    for offset in range(0, PHOTOS, 200):
        photos += owner.get("/faces/alice/faces", offset=offset, limit=200).json["photos"]
    parts = []
    for photo in photos:
        boxes = [[f"{100 * part:.3f}%" for part in face["box"]] for face in photo["faces"]]
        frames = "".join(f'<span class="faces-frame" style="left:{x};top:{y};width:{w};height:{h}"><span>who?</span></span>'
                         for x, y, w, h in boxes)  # fmt: skip
        names = "".join("<li><button class=faces-chip><bdi>who?</bdi></button></li>" for _ in boxes)
        parts.append(f'<figure class="faces-photo"><div class="faces-picture" style="aspect-ratio:4/3"><span class="faces-open">'
                     f'<img loading="lazy" src="{photo["url"]}"></span>{frames}</div><figcaption><ul class="faces-names">{names}</ul>'
                     f"{photo['file']}</figcaption></figure>")  # fmt: skip
    style = '<!DOCTYPE html><link rel="stylesheet" href="/addon/faces/view/css/faces.css">'
    html = f'{style}<div class="faces-page faces-photos">{"".join(parts)}</div>'
    page = enter(browser, hub, owner)
    page.route("**/all-at-once", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{hub.url}/all-at-once", wait_until="commit")
    seen = page.wait_for_function(SEEN, timeout=60_000).json_value()
    page.wait_for_load_state()
    nodes = weight(page)[1]
    page.context.close()
    return float(seen), nodes


def measure(browser: Browser, hub: WebHub) -> dict[str, list[float]]:
    owner = hub.log_in("alice")
    owner.get("/faces/alice")  # templates are compiled, faces.csv is known
    found: dict[str, list[float]] = {"first faces": [], "heap": [], "nodes": [], "naming": [], "guesses": []}
    for _ in range(ROUNDS):
        page = enter(browser, hub, owner)
        page.goto(f"{hub.url}/faces/alice", wait_until="commit")
        found["first faces"].append(page.wait_for_function(SEEN).json_value())
        page.context.close()
    page = enter(browser, hub, owner)
    page.goto(f"{hub.url}/faces/alice")
    page.wait_for_function(SEEN)
    for part in range(21):  # through all of it
        page.evaluate("(part) => scrollTo(0, part * document.documentElement.scrollHeight)", part / 20)
        page.wait_for_timeout(400)
        for what, value in zip(("heap", "nodes"), weight(page), strict=True):
            found[what].append(value)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(SEEN)
    hub.quiet()
    for i in range(ROUNDS):
        page.wait_for_timeout(1_500)
        named, guessed = name_one(page, f"Person {i}", 9 * i)
        found["naming"].append(named)
        found["guesses"].append(guessed)
        hub.quiet()
    page.context.close()
    return found


def main() -> int:
    album.fetch(ROOT / "demo" / "photos")
    place = Path(tempfile.mkdtemp(prefix="faces-page-"))
    server = start(MariaDb, place / "db")
    hub = WebHub(server, place / "hub")
    try:
        fill(hub)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            found = measure(browser, hub)
            plain = all_at_once(browser, hub, hub.log_in("alice"))
    finally:
        hub.close()
        server.stop()
        shutil.rmtree(place)
    print(f"The page in a browser, {PHOTOS * PER_PHOTO} faces on {PHOTOS} photos, {ROUNDS} rounds")
    print(f"{'':48}{'median':>9}{'worst':>9}{'limit':>9}")
    words = {"first faces": "first faces are seen, seconds", "heap": "script heap, scrolling through all, MB",
             "nodes": "nodes of the page, thousands", "naming": "a name is seen, seconds",
             "guesses": "guesses for a new person are seen, seconds"}  # fmt: skip
    failed = 0
    for what, values in found.items():
        worst, limit = max(values), LIMITS[what]
        failed += 0 < limit < worst
        over = "  OVER" if 0 < limit < worst else ""
        print(f"{words[what]:48}{statistics.median(values):9.3f}{worst:9.3f}{limit or '':9}{over}")
    print(f"{'all photos at once as plain HTML, seconds':48}{plain[0]:9.3f}")
    print(f"{'all photos at once as plain HTML, thousand nodes':48}{plain[1]:9.3f}")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
