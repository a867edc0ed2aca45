/** Faces side by side, cut out of their photos: of a group, of a person. Each can be dropped out, or edited. */

import { labelOf } from './chip.js';
import { crop } from './crop.js';
import { button, el, focusFirst } from './dom.js';
import { kind } from './faces.js';
import { t } from './texts.js';

/** @typedef {import('./faces.js').Face & {photo: string, file: string, path: string, taken: string, uploaded: string, url: string, width: number, height: number}} Portrait */

export class Grid {
    /** @type {Map<string, Portrait>} */
    portraits = new Map();
    /** Ids of those that do not belong to the others. @type {Set<string>} */
    dropped = new Set();
    /** @type {Map<string, HTMLElement>} */
    #items = new Map();

    /**
     * @param {import('./main.js').Page} page
     * @param {{drops: boolean, label: string, stays?: (face: import('./faces.js').Face) => boolean, changed?: () => void}} options `drops`: a click drops a face
     *     out, or takes it in again; else it opens the editor. `stays`: faces for which it says no any more leave the grid
     */
    constructor(page, { drops, label, stays = () => true, changed = () => {} }) {
        this.page = page;
        this.drops = drops && page.mayName;
        this.stays = stays;
        this.changed = changed;
        this.element = el('ul', { class: 'faces-grid', 'aria-label': label });
        this.onFaces = (event) => event.detail.forEach((id) => this.#refresh(id));
        page.faces.addEventListener('change', this.onFaces);
    }

    close() {
        this.page.faces.removeEventListener('change', this.onFaces);
        this.page.faces.leave([...this.portraits.keys()]);
    }

    /** Ids of the faces that belong here. */
    get ids() {
        return [...this.portraits.keys()].filter((id) => !this.dropped.has(id));
    }

    /** All belong again. */
    takeIn() {
        const dropped = [...this.dropped];
        this.dropped.clear();
        dropped.forEach((id) => this.#refresh(id));
        this.changed();
    }

    /** @param {Portrait[]} portraits */
    add(portraits, asked = performance.now()) {
        const fresh = portraits.filter(({ id }) => !this.portraits.has(id));
        this.page.faces.take(fresh, { isShown: true, asked });
        for (const portrait of fresh) {
            this.portraits.set(portrait.id, portrait);
            const item = this.#item(portrait);
            this.#items.set(portrait.id, item);
            this.element.append(item);
            this.#refresh(portrait.id);
        }
    }

    /** More come in; the first of them gets the focus. @param {() => Promise<any>} load null: it did not, which was said */
    async grow(load) {
        const last = this.element.lastElementChild;
        try {
            if ((await load()) !== null) {
                focusFirst((last?.nextElementSibling ?? last)?.firstElementChild);
            }
        } catch (error) {
            this.page.notice.say(t('notLoaded', error.message));
        }
    }

    #item(portrait) {
        const main = button('', () => (this.drops ? this.#drop(portrait.id) : this.#edit(portrait, main)), { class: 'faces-portrait' });
        main.append(crop(portrait, 112), el('bdi', {}));
        main.disabled = !this.page.mayName;
        const large = button('⤢', () => this.#enlarge(portrait), { class: 'faces-enlarge', 'aria-label': t('enlargeFace', portrait.file) });
        return el('li', { data: { face: portrait.id } }, main, large);
    }

    #refresh(id) {
        const face = this.page.faces.get(id);
        const item = this.#items.get(id);
        if (!face || !item) {
            return;
        }
        if (!this.stays(face)) {
            this.#remove(id, item);
            return;
        }
        const main = /** @type {HTMLElement} */ (item.firstElementChild);
        const isDropped = this.dropped.has(id);
        item.className = `faces-${kind(face)}`;
        item.classList.toggle('faces-out', isDropped);
        item.classList.toggle('faces-unsaved', this.page.faces.isPending(id));
        const label = isDropped ? t('dropped') : labelOf(face, this.page.names);
        main.querySelector('bdi').textContent = label;
        if (this.drops) {
            main.setAttribute('aria-pressed', String(!isDropped));
            main.setAttribute('aria-label', t('belongs', label, this.portraits.get(id).file));
        } else {
            main.setAttribute('aria-label', t('faceOn', label, this.portraits.get(id).file));
        }
    }

    /** Its neighbour gets the focus, if it had it. */
    #remove(id, item) {
        if (item.contains(document.activeElement)) {
            focusFirst((item.nextElementSibling ?? item.previousElementSibling)?.firstElementChild);
        }
        item.remove();
        this.#items.delete(id);
        this.portraits.delete(id);
        this.dropped.delete(id);
        this.page.faces.leave([id]);
        this.changed();
    }

    #drop(id) {
        this.dropped.has(id) ? this.dropped.delete(id) : this.dropped.add(id);
        this.#refresh(id);
        this.changed();
    }

    #edit(portrait, anchor) {
        this.page.editor.open({ id: portrait.id, photo: portrait, anchor });
    }

    /** The photos of the faces that are here, from this one on. */
    #enlarge(portrait) {
        const hashes = [...new Set([...this.portraits.values()].map(({ photo }) => photo))];
        const at = async (index) => {
            const found = hashes[index] ? await this.page.server.get('faces', { photo: hashes[index] }) : { photos: [] };
            this.page.faces.take(found.photos.flatMap(({ faces }) => faces));
            return found.photos[0];
        };
        void this.page.viewer.open({ total: hashes.length, at, indexOf: (hash) => hashes.indexOf(hash) }, hashes.indexOf(portrait.photo));
    }
}
