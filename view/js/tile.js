/** A photo with frames round its faces and their names below it. */

import { Chip, labelOf } from './chip.js';
import { button, el } from './dom.js';
import { kind } from './faces.js';
import { t } from './texts.js';

/** @typedef {import('./main.js').Page} Page @typedef {import('./faces.js').Face} Face */

/**
 * A photo of `faces` (docs/api.md).
 *
 * @typedef {{photo: string, file: string, path: string, taken: string, uploaded: string, url: string, width: number, height: number, faces: Face[]}} Photo
 */

/** A frame's place on the picture. @param {HTMLElement} frame @param {number[]} box */
export function place(frame, [x, y, w, h]) {
    Object.entries({ left: x, top: y, width: w, height: h }).forEach(([side, part]) => frame.style.setProperty(side, `${(part * 100).toFixed(3)}%`));
}

/** The photo's address without a scale. @param {Photo} photo */
export function base(photo) {
    return photo.url.replace(/-\d$/, '');
}

/** A photo as crops and the editor want it. @param {Photo} photo */
export function pictured(photo) {
    return { url: base(photo), width: photo.width, height: photo.height };
}

export class Tile {
    /** @type {Map<string, {chip: Chip, frame: HTMLElement}>} */
    #faces = new Map();

    /** @param {Page} page @param {Photo} photo @param {(photo: Photo) => void} enlarge */
    constructor(page, photo, enlarge) {
        this.page = page;
        this.photo = photo;
        this.image = /** @type {HTMLImageElement} */ (el('img', { loading: 'lazy', decoding: 'async', alt: '', on: { error: () => this.#broken() } }));
        this.open = button('', () => enlarge(this.photo), { class: 'faces-open' });
        this.open.append(this.image);
        this.picture = el('div', { class: 'faces-picture' }, this.open);
        this.list = el('ul', { class: 'faces-names' });
        this.caption = el('span', { class: 'faces-file' });
        this.time = el('time', {});
        this.element = el('figure', { class: 'faces-photo', data: { photo: photo.photo } }, this.picture,
            el('figcaption', {}, this.list, el('p', { class: 'faces-about' }, this.caption, ' ', this.time)));
        this.update(photo);
    }

    /** Ids of the faces on it. */
    get ids() {
        return [...this.#faces.keys()];
    }

    /** What the server says of the photo now. @param {Photo} photo */
    update(photo) {
        this.photo = photo;
        if (this.image.getAttribute('src') !== photo.url) {
            this.image.src = photo.url;
        }
        if (photo.width > 0 && photo.height > 0) {
            this.picture.style.setProperty('aspect-ratio', `${photo.width} / ${photo.height}`);
        }
        this.caption.textContent = photo.file;
        this.time.textContent = (photo.taken || photo.uploaded).slice(0, 10);
        const gone = new Set(this.#faces.keys());
        for (const face of photo.faces) {
            gone.delete(face.id);
            if (!this.#faces.has(face.id)) {
                this.#add(face);
            }
            place(this.#faces.get(face.id).frame, face.box);
            this.refresh(face.id);
        }
        for (const id of gone) {
            const { chip, frame } = this.#faces.get(id);
            chip.element.remove();
            frame.remove();
            this.#faces.delete(id);
        }
        this.open.setAttribute('aria-label', t('enlarge', photo.file, photo.faces.length));
    }

    /** A face was decided about, or guessed anew. @param {string} id */
    refresh(id) {
        const face = this.page.faces.get(id);
        const shown = this.#faces.get(id);
        if (face && shown) {
            shown.chip.update(face);
            shown.frame.className = `faces-frame faces-${kind(face)}`;
            shown.frame.firstElementChild.textContent = labelOf(face, this.page.names);
        }
    }

    #add(face) {
        const chip = new Chip(this.page, face, { ...pictured(this.photo), shown: this.photo.url });
        // The chips below are what keyboards and screen readers use; a frame is the same for whoever points at it.
        const frame = el('span', { 'aria-hidden': 'true', data: { face: face.id }, on: { click: () => this.page.mayName && chip.edit() } }, el('span', {}));
        const light = (isOn) => [frame, chip.element].forEach((one) => one.classList.toggle('faces-lit', isOn));
        for (const one of [frame, chip.element]) {
            one.addEventListener('pointerenter', () => light(true));
            one.addEventListener('pointerleave', () => light(false));
        }
        chip.element.addEventListener('focusin', () => light(true));
        chip.element.addEventListener('focusout', () => light(false));
        this.#faces.set(face.id, { chip, frame });
        this.picture.append(frame);
        this.list.append(chip.element);
    }

    #broken() {
        this.picture.classList.add('faces-no-picture');
        this.image.alt = t('noPicture', this.photo.file);
    }
}
