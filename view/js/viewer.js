/** The large view: one photo on the whole screen, with arrows, swipe, names, and boxes to draw. */

import { labelOf } from './chip.js';
import { sizeOf } from './crop.js';
import { Drawing } from './draw.js';
import { button, el, focusFirst, isWriting } from './dom.js';
import { kind } from './faces.js';
import { t } from './texts.js';
import { base, pictured, place } from './tile.js';

/** How far a finger has to go to turn the page, in pixels. */
const SWIPE = 60;

/**
 * What it goes through: photos by their place, which may change while one is looked at; -1 if a photo is not there any more.
 *
 * @typedef {{total: number, at: (index: number) => Promise<import('./tile.js').Photo|undefined>, indexOf: (hash: string) => number}} Sequence
 */

export class Viewer {
    /** @type {import('./tile.js').Photo|undefined} */
    photo;
    #index = 0;
    /** The last photo that was asked for: an answer for one before it comes too late. */
    #wanted = 0;
    /** Whether "back" closes it. */
    #isPushed = false;
    #closedAt = -Infinity;
    /** @type {Sequence|null} */
    #sequence = null;
    /** @type {Drawing|null} */
    #drawing = null;

    /** @param {import('./main.js').Page} page */
    constructor(page) {
        this.page = page;
        this.image = /** @type {HTMLImageElement} */ (el('img', { alt: '', draggable: 'false' }));
        this.frames = el('div', { class: 'faces-frames' });
        this.picture = el('div', { class: 'faces-large' }, this.image, this.frames);
        this.title = el('h2', { class: 'faces-viewer-title', 'aria-live': 'polite' });
        this.back = button('‹', () => this.turn(-1), { class: 'faces-turn faces-back', 'aria-label': t('previous') });
        this.forth = button('›', () => this.turn(1), { class: 'faces-turn faces-forth', 'aria-label': t('next') });
        this.draw = button(t('draw'), () => this.#draw(), { 'aria-pressed': 'false', hidden: !page.mayName });
        this.original = /** @type {HTMLAnchorElement} */ (el('a', { target: '_blank', rel: 'noopener' }, t('original')));
        this.shut = button('✕', () => this.close(), { class: 'faces-close', 'aria-label': t('close') });
        this.stage = el('div', { class: 'faces-stage' }, this.picture);
        this.dialog = /** @type {HTMLDialogElement} */ (el('dialog', { class: 'faces-viewer', 'aria-label': t('large') },
            el('div', { class: 'faces-viewer-bar' }, this.title, this.draw, this.original, this.shut),
            this.stage, this.back, this.forth));
        this.dialog.addEventListener('keydown', (event) => this.#key(event));
        this.dialog.addEventListener('close', () => this.#closed());
        this.dialog.addEventListener('cancel', (event) => (event.preventDefault(), this.#drawing ? (this.#draw(), this.draw.focus()) : this.close()));
        this.#swipe();
        page.faces.addEventListener('change', (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
        window.addEventListener('popstate', () => this.dialog.open && (this.#isPushed = false, this.dialog.close()));
        // The second click of a double click on "close" is not meant for what lies there now.
        window.addEventListener('click', (event) => {
            if (event.detail > 1 && performance.now() - this.#closedAt < 500) {
                event.preventDefault();
                event.stopPropagation();
            }
        }, true);
        page.element.append(this.dialog);
    }

    /** @param {Sequence} sequence @param {number} index */
    async open(sequence, index) {
        this.#sequence = sequence;
        if (!this.dialog.open) {
            this.focus = document.activeElement;
            this.dialog.append(this.page.notice.element); // what lies behind can be neither seen nor reached
            this.dialog.showModal();
            history.pushState(null, ''); // so that "back" closes it, as people expect on a phone
            this.#isPushed = true;
        }
        await this.#show(index);
    }

    close() {
        if (this.#isPushed) {
            this.#isPushed = false; // once: a double click must not leave the page
            history.back();
        } else {
            this.dialog.close();
        }
    }

    /** From where the photo is now: others may have come in before it, or it may be gone. @param {number} by */
    async turn(by) {
        const index = this.#sequence?.indexOf(this.photo?.photo ?? '') ?? -1;
        await this.#show(index < 0 ? this.#index + Math.min(by, 0) : index + by);
    }

    /** Asks anew for what is shown: a box was saved. */
    async reload() {
        if (this.photo && this.dialog.open) {
            const { photos } = await this.page.server.get('faces', { photo: this.photo.photo });
            if (photos[0] && photos[0].photo === this.photo.photo) { // else the page was turned
                this.page.faces.take(photos[0].faces);
                this.#fill(photos[0]);
            }
        }
    }

    async #show(index) {
        const wanted = ++this.#wanted;
        this.#index = this.photo ? this.#index : index;
        const photo = await this.#sequence?.at(index).catch((error) => this.page.notice.say(t('notLoaded', error.message)));
        if (!photo || !this.dialog.open || wanted !== this.#wanted) {
            return;
        }
        this.#index = index;
        this.page.editor.close(false);
        this.#stopDrawing();
        this.#fill(photo);
        const total = this.#sequence?.total ?? 1;
        this.back.disabled = index === 0;
        this.forth.disabled = index >= total - 1;
        this.title.textContent = t('of', photo.file, index + 1, total);
        if (!this.dialog.contains(document.activeElement) || /** @type {any} */ (document.activeElement)?.disabled) {
            focusFirst(this.forth, this.back, this.shut);
        }
        this.#sequence?.at(index + 1).then((next) => next && (new Image().src = next.url), () => {}); // is there when it is wanted
    }

    #fill(photo) {
        this.photo = photo;
        if (this.image.getAttribute('src') !== photo.url) {
            this.image.src = photo.url;
        }
        this.image.alt = t('photoOf', photo.file, photo.faces.length);
        const [width, height] = sizeOf(photo.width, photo.height);
        this.picture.style.setProperty('--ratio', String(width / height));
        this.original.href = base(photo);
        const wanted = new Set(photo.faces.map(({ id }) => id)); // frames that are there are kept: with the focus, with an editor at them
        const frames = new Map([...this.frames.children].map((frame) => [/** @type {HTMLElement} */ (frame).dataset.face, frame]));
        frames.forEach((frame, id) => wanted.has(id) || frame.remove());
        this.frames.append(...photo.faces.filter(({ id }) => !frames.has(id)).map((face) => this.#frame(face, photo)));
        this.#refresh(photo.faces.map(({ id }) => id));
    }

    #frame(face, photo) {
        const frame = button('', () => this.page.editor.open({ id: face.id, photo: pictured(photo),
            anchor: frame, host: this.dialog }), { data: { face: face.id } });
        frame.append(el('span', {}));
        frame.disabled = !this.page.mayName;
        place(frame, face.box);
        return frame;
    }

    /** @param {string[]} ids */
    #refresh(ids) {
        const wanted = new Set(ids);
        for (const frame of /** @type {Iterable<HTMLElement>} */ (this.frames.querySelectorAll('[data-face]'))) {
            const face = wanted.has(frame.dataset.face) && this.page.faces.get(frame.dataset.face);
            if (face) {
                frame.className = `faces-frame faces-${kind(face)}`;
                frame.firstElementChild.textContent = labelOf(face, this.page.names);
            }
        }
    }

    #draw() {
        if (this.#drawing) {
            this.#stopDrawing();
            return;
        }
        this.page.editor.close(false);
        this.draw.setAttribute('aria-pressed', 'true');
        const photo = this.photo;
        this.#drawing = new Drawing(this.picture, (box, element) => this.page.editor.open({
            box, anchor: element, host: this.dialog, photo: pictured(photo),
            draw: (decision, label) => this.page.decisions.draw(photo.photo, box, decision, label),
            back: this.draw, closed: () => this.#stopDrawing(),
        }));
    }

    #stopDrawing() {
        this.#drawing?.close();
        this.#drawing = null;
        this.draw.setAttribute('aria-pressed', 'false');
    }

    #closed() {
        this.#closedAt = performance.now();
        this.#stopDrawing();
        this.page.editor.close(false);
        this.image.removeAttribute('src');
        this.frames.replaceChildren();
        this.photo = undefined;
        this.page.element.append(this.page.notice.element);
        if (this.#isPushed) { // a browser closes it at the second Escape, whoever says no
            this.#isPushed = false;
            history.back();
        }
        focusFirst(this.focus);
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
        if (by && !this.#drawing && !isWriting(event.target)) {
            event.preventDefault();
            void this.turn(by);
        }
    }

    #swipe() {
        /** @type {{x: number, y: number}|null} */
        let start = null;
        let isSwipe = false;
        this.stage.addEventListener('pointerdown', (event) => (start = event.isPrimary && !this.#drawing ? { x: event.clientX, y: event.clientY } : null));
        this.stage.addEventListener('pointerup', (event) => {
            const [x, y] = start ? [event.clientX - start.x, event.clientY - start.y] : [0, 0];
            start = null;
            isSwipe = Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y);
            if (isSwipe) {
                void this.turn(x < 0 ? 1 : -1);
            }
        });
        // A mouse that swiped over a large face has clicked on it, too.
        this.stage.addEventListener('click', (event) => isSwipe && event.detail > 0 && event.stopPropagation(), true);
        this.stage.addEventListener('pointercancel', () => (start = null));
    }
}
