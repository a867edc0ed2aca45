/**
 * The photos found, as one long page of which only what is near the screen is there: sections of a fixed number of photos, each
 * loaded when it comes near and emptied (its height kept) when it is far away. So 100,000 photos scroll like 60.
 */

import { el, focusFirst } from './dom.js';
import { notLoaded } from './notice.js';
import { toParameters } from './search.js';
import { Tile } from './tile.js';

/** @typedef {import('./tile.js').Photo} Photo */

/** A multiple of every number of photos in a row: sections end with full rows. */
const SECTION = 60;
/** So many photos are made and shown before the others of the first section are made. */
const AT_FIRST = 12;
/** So many heights of the screen above and below it are loaded. */
const NEAR = 1.5;
/** A photo's height guessed before it is known: in widths, and pixels for the names below. */
const GUESS = { ratio: 0.75, names: 90 };

export class PhotoList {
    /** `isStale`: it has to be asked once more. @type {{element: HTMLElement, photos: Photo[], isLoaded: boolean, isStale: boolean, asked: AbortController|null}[]} */
    #sections = [];
    /** @type {Map<string, Tile>} by the photo's hash */
    #tiles = new Map();
    /** @type {Map<string, Tile>} by the face's id */
    #byFace = new Map();
    total = 0;
    faces = 0;
    isOver = false;

    /**
     * @param {import('./main.js').Page} page
     * @param {import('./search.js').Search} search
     * @param {any} first what `faces` would answer for the first section; null if that is not known
     * @param {() => void} told the totals are known
     */
    constructor(page, search, first, told) {
        this.page = page;
        this.first = first;
        this.query = toParameters({ ...search, sort: search.sort || page.defaults.sort, order: search.order || page.defaults.order });
        this.told = told;
        this.element = el('div', { class: 'faces-list' });
        const near = (margin, what) => new IntersectionObserver((entries) => entries.forEach(what), { rootMargin: `${margin}% 0px` });
        this.near = near(100 * NEAR, ({ target, isIntersecting }) => isIntersecting && this.#load(Number(target.dataset.index)));
        this.far = near(600, ({ target, isIntersecting }) => !isIntersecting && this.#empty(Number(target.dataset.index)));
        this.onFaces = (event) => event.detail.forEach((id) => this.#byFace.get(id)?.refresh(id));
        this.onNames = () => this.#tiles.forEach((tile) => tile.ids.forEach((id) => tile.refresh(id)));
        page.faces.addEventListener('change', this.onFaces);
        page.names.addEventListener('change', this.onNames);
    }

    async start() {
        this.#resize(1);
        if (this.first) {
            this.#take(0, this.first, performance.now(), AT_FIRST);
            this.first = null;
            await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
            if (this.#sections[0]?.isLoaded && !this.isOver) {
                this.#fill(this.#sections[0]);
            }
        } else {
            await this.#load(0);
        }
    }

    close() {
        this.isOver = true;
        this.near.disconnect();
        this.far.disconnect();
        this.page.faces.removeEventListener('change', this.onFaces);
        this.page.names.removeEventListener('change', this.onNames);
        this.#sections.forEach((_, index) => this.#empty(index));
    }

    /** Asks again for what is near the screen or shown in large, and forgets the rest; what stands on the screen stays where it is. */
    async refresh() {
        const large = this.page.viewer.photo?.photo;
        await Promise.all(this.#sections.map((section, index) => {
            const { top, bottom } = section.element.getBoundingClientRect();
            const isNear = bottom > -NEAR * window.innerHeight && top < (1 + NEAR) * window.innerHeight;
            if (section.asked || (section.isLoaded && (isNear || section.photos.some(({ photo }) => photo === large)))) {
                return this.#load(index, true);
            }
            return this.#empty(index); // the large view went through it
        }));
    }

    /** A photo by its place in what was found, for the large view. @param {number} index @returns {Promise<Photo|undefined>} */
    async at(index) {
        const section = Math.floor(index / SECTION);
        if (index < 0 || index >= this.total) {
            return undefined;
        }
        if (!this.#sections[section]?.isLoaded) {
            await this.#load(section);
        }
        return this.#sections[section]?.photos[index % SECTION];
    }

    /** @param {string} hash @returns {number} its place, -1 if it is not there */
    indexOf(hash) {
        const section = this.#sections.findIndex(({ photos }) => photos.some(({ photo }) => photo === hash));
        return section < 0 ? -1 : section * SECTION + this.#sections[section].photos.findIndex(({ photo }) => photo === hash);
    }

    async #load(index, isAgain = false) {
        const section = this.#sections[index];
        if (!section || this.isOver || (section.isLoaded && !isAgain)) {
            return;
        }
        if (section.asked) {
            section.isStale ||= isAgain; // what is on its way may be from before
            return;
        }
        const control = section.asked = new AbortController();
        const asked = performance.now();
        try {
            const query = new URLSearchParams(this.query);
            query.set('offset', String(index * SECTION));
            query.set('limit', String(SECTION));
            const answer = await this.page.server.get('faces', query, control.signal);
            this.#take(index, answer, asked);
        } catch (error) {
            if (!control.signal.aborted && !section.isLoaded) {
                section.element.replaceChildren(notLoaded(error, () => this.#load(index)));
            }
        } finally {
            section.asked = section.asked === control ? null : section.asked;
        }
        if (section.isStale && !section.asked) {
            section.isStale = false;
            await this.#load(index, true);
        }
    }

    #take(index, answer, asked, most = SECTION) {
        const section = this.#sections[index];
        if (this.isOver || !section) {
            return;
        }
        const before = section.photos.flatMap(({ faces }) => faces.map(({ id }) => id));
        const isNew = this.total !== answer.total || this.faces !== answer.faces || !section.isLoaded;
        [this.total, this.faces] = [answer.total, answer.faces];
        this.page.faces.take(answer.photos.flatMap(({ faces }) => faces), { isShown: true, asked });
        this.page.faces.leave(before);
        const anchor = this.#anchor();
        const focus = document.activeElement;
        const place = [...section.element.children].findIndex((child) => child.contains(focus));
        [section.photos, section.isLoaded] = [answer.photos, true];
        this.#fill(section, most);
        this.#resize(Math.max(1, Math.ceil(this.total / SECTION)));
        anchor();
        this.page.editor.follow();
        if (focus instanceof HTMLElement && focus.isConnected && document.activeElement !== focus) {
            focus.focus({ preventScroll: true }); // its photo came to stand elsewhere
        } else if (place >= 0 && !focus?.isConnected) { // its photo is gone: on with the one that came in its place
            focusFirst((section.element.children[place] ?? section.element.lastElementChild)?.querySelector('.faces-chip'));
        }
        if (isNew) {
            this.told();
        }
    }

    /** Tiles that are there are kept: with their pictures, and with whatever has the focus in them. */
    #fill(section, most = SECTION) {
        const { element } = section;
        const photos = section.photos.slice(0, most);
        const wanted = new Set(photos.map(({ photo }) => photo));
        [...element.children].forEach((child) => !wanted.has(child.dataset.photo) && this.#drop(child, element));
        photos.forEach((photo, i) => {
            let tile = this.#tiles.get(photo.photo);
            if (tile) {
                tile.update(photo);
            } else {
                tile = new Tile(this.page, photo, (one) => this.page.viewer.open(this, this.indexOf(one.photo)));
                this.#tiles.set(photo.photo, tile);
            }
            tile.ids.forEach((id) => this.#byFace.set(id, tile));
            if (element.children[i] !== tile.element) {
                element.insertBefore(tile.element, element.children[i] ?? null);
            }
        });
        if (photos.length === section.photos.length) {
            element.style.removeProperty('min-height');
            element.removeAttribute('aria-busy');
        }
    }

    #drop(child, element) {
        const tile = this.#tiles.get(child.dataset.photo ?? '');
        if (tile?.element.parentNode === element) { // else another section has it by now
            tile.ids.forEach((id) => this.#byFace.delete(id));
            this.#tiles.delete(child.dataset.photo);
        }
        child.remove();
    }

    #empty(index) {
        const section = this.#sections[index];
        if (!section) {
            return;
        }
        section.asked?.abort();
        [section.asked, section.isStale] = [null, false];
        if (!section.isLoaded) {
            return;
        }
        section.element.style.setProperty('min-height', `${section.element.offsetHeight}px`);
        this.page.faces.leave(section.photos.flatMap(({ faces }) => faces.map(({ id }) => id)));
        [section.photos, section.isLoaded] = [[], false];
        [...section.element.children].forEach((child) => this.#drop(child, section.element));
    }

    /** As many sections as there are to be. */
    #resize(count) {
        while (this.#sections.length > count) {
            const { element } = this.#sections.at(-1);
            this.#empty(this.#sections.length - 1);
            this.#sections.pop();
            element.remove();
        }
        const row = Number(getComputedStyle(this.element).getPropertyValue('--in-a-row')) || 3;
        const width = (this.element.clientWidth || 900) / row;
        while (this.#sections.length < count) {
            const index = this.#sections.length;
            const photos = this.total > 0 ? Math.min(SECTION, this.total - index * SECTION) : row;
            const height = Math.ceil(photos / row) * (width * GUESS.ratio + GUESS.names);
            const element = el('div', { class: 'faces-photos', data: { index }, 'aria-busy': 'true', style: { 'min-height': `${Math.round(height)}px` } });
            this.#sections.push({ element, photos: [], isLoaded: false, isStale: false, asked: null });
            this.element.append(element);
            this.near.observe(element);
            this.far.observe(element);
        }
    }

    /** Remembers what stands at the top of the screen; the function given back puts it there again. */
    #anchor() {
        const visible = [...this.#tiles.values()].find(({ element }) => element.getBoundingClientRect().bottom > 0);
        const top = visible?.element.getBoundingClientRect().top ?? 0;
        return () => {
            const moved = visible?.element.isConnected ? visible.element.getBoundingClientRect().top - top : 0;
            if (visible && window.scrollY > 0 && Math.abs(moved) > 1) {
                window.scrollBy({ top: moved, behavior: 'instant' });
            }
        };
    }
}
