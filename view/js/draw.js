/** Drawing a box on a photo: with a finger or mouse, or by keyboard (arrows move it, with Shift they change its size, Enter takes it). */

import { el } from './dom.js';
import { t } from './texts.js';
import { place } from './tile.js';

/** Smaller than this, in fractions of the photo, is a slip of the finger. */
const LEAST = 0.01;
/** What an arrow key moves. */
const STEP = 0.01;

/** The box between two corners, within the photo. @param {number[]} from @param {number[]} to each x, y in 0..1 @returns {number[]} left, top, width, height */
export function between([x1, y1], [x2, y2]) {
    const inside = (value) => Math.min(1, Math.max(0, value));
    const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)].map(inside);
    const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)].map(inside);
    return [left, top, right - left, bottom - top];
}

/** The box after an arrow key. @param {number[]} box @param {string} key @param {boolean} isSize whether its size is changed */
export function moved([x, y, w, h], key, isSize) {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[key] ?? [0, 0];
    if (isSize) {
        return [x, y, Math.min(1 - x, Math.max(LEAST, w + dx)), Math.min(1 - y, Math.max(LEAST, h + dy))];
    }
    return [Math.min(1 - w, Math.max(0, x + dx)), Math.min(1 - h, Math.max(0, y + dy)), w, h];
}

export class Drawing {
    /** @type {number[]} */
    #box = [0.4, 0.35, 0.2, 0.2];
    /** @type {number[]|null} */
    #start = null;

    /** @param {HTMLElement} picture just as large as the photo @param {(box: number[], element: HTMLElement) => void} drawn */
    constructor(picture, drawn) {
        this.drawn = drawn;
        this.frame = el('span', { class: 'faces-frame faces-drawn', hidden: true });
        this.layer = el('div', { class: 'faces-drawing', tabindex: 0, role: 'application', 'aria-label': t('drawHelp') },
            this.frame, el('p', { class: 'faces-hint' }, t('drawHelp')));
        this.layer.addEventListener('pointerdown', (event) => this.#begin(event));
        this.layer.addEventListener('pointermove', (event) => this.#start && this.#show(between(this.#start, this.#at(event))));
        this.layer.addEventListener('pointerup', (event) => this.#end(event));
        this.layer.addEventListener('pointercancel', () => (this.#start = null));
        this.layer.addEventListener('keydown', (event) => this.#key(event));
        picture.append(this.layer);
        this.layer.focus();
    }

    close() {
        this.layer.remove();
    }

    #show(box) {
        this.#box = box;
        this.frame.hidden = false;
        place(this.frame, box);
    }

    /** @param {PointerEvent} event @returns {number[]} x, y in fractions of the photo */
    #at(event) {
        const { left, top, width, height } = this.layer.getBoundingClientRect();
        return [(event.clientX - left) / width, (event.clientY - top) / height];
    }

    #begin(event) {
        if (event.isPrimary && event.button === 0) {
            event.preventDefault();
            this.layer.setPointerCapture(event.pointerId);
            this.#start = this.#at(event);
        }
    }

    #end(event) {
        const start = this.#start;
        this.#start = null;
        const box = start && between(start, this.#at(event));
        if (box && box[2] >= LEAST && box[3] >= LEAST) {
            this.#show(box);
            this.drawn(box, this.frame);
        }
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        if (event.key.startsWith('Arrow')) {
            event.preventDefault();
            event.stopPropagation();
            this.#show(this.frame.hidden ? this.#box : moved(this.#box, event.key, event.shiftKey));
        } else if (event.key === 'Enter' && !this.frame.hidden) {
            event.preventDefault();
            this.drawn(this.#box, this.frame);
        }
    }
}
