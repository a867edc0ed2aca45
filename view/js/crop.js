/** A face cut out of the hub's scaled photo, by the browser: the server makes and keeps no pictures of faces. */

import { el } from './dom.js';

/** The longest side of the hub's scaled photos, by the number behind the hash. */
const SCALES = [[3, 320], [2, 640], [1, 1024]];
/** How much more than the face is shown, so that hair and chin are on it. */
const ROOM = 1.5;

/** Of which only the ratio counts; that of most photos where it is not known. @param {number} width @param {number} height */
export function sizeOf(width, height) {
    return width > 0 && height > 0 ? [width, height] : [4, 3];
}

/**
 * Where the photo has to lie behind a square window so that the face is in it: percent of the window's side.
 *
 * @param {number[]} box left, top, width, height, 0..1
 * @param {number} width @param {number} height of the photo; only their ratio counts; 0: unknown
 * @returns {{width: number, left: number, top: number, part: number}} `part`: the window's side as a fraction of the photo's longer side
 */
export function placed([x, y, w, h], width, height) {
    const [W, H] = sizeOf(width, height);
    const side = Math.min(Math.max(w * W, h * H) * ROOM, W, H);
    const left = clamp((x + w / 2) * W - side / 2, 0, W - side);
    const top = clamp((y + h / 2) * H - side / 2, 0, H - side);
    return { width: (W / side) * 100, left: (-left / side) * 100, top: (-top / side) * 100, part: side / Math.max(W, H) };
}

/** The smallest scaled photo on which the window has as many pixels. @param {number} part @param {number} pixels */
export function scaleFor(part, pixels) {
    return (SCALES.find(([, side]) => part * side >= pixels) ?? SCALES[2])[0];
}

/**
 * @param {{url: string, shown?: string, box: number[], width: number, height: number}} portrait `url` without a scale; `shown`: the
 *     address of a picture of the photo that is on the page anyhow
 * @param {number} pixels how large it is shown
 */
export function crop(portrait, pixels) {
    const place = placed(portrait.box, portrait.width, portrait.height);
    const image = /** @type {HTMLImageElement} */ (el('img', { alt: '', loading: 'lazy', decoding: 'async', draggable: 'false' }));
    put(image, place);
    image.src = portrait.shown ?? `${portrait.url}-${scaleFor(place.part, pixels * Math.min(2, window.devicePixelRatio || 1))}`;
    if (!(portrait.width > 0 && portrait.height > 0)) { // the hub does not know; the picture does
        image.addEventListener('load', () => put(image, placed(portrait.box, image.naturalWidth, image.naturalHeight)));
    }
    return el('span', { class: 'faces-crop', 'aria-hidden': 'true' }, image);
}

/** @param {HTMLImageElement} image @param {{width: number, left: number, top: number}} place */
function put(image, { width, left, top }) {
    Object.entries({ width, left, top }).forEach(([side, percent]) => image.style.setProperty(side, `${percent.toFixed(2)}%`));
}

function clamp(value, least, most) {
    return Math.min(Math.max(value, least), Math.max(least, most));
}
