/**
 * The page of faces: puts the parts together. What a part does stands in its own file.
 *
 * @typedef {Page} Page
 */

import { Decisions } from './decisions.js';
import { button, el, focusFirst } from './dom.js';
import { Editor } from './editor.js';
import { Faces } from './faces.js';
import { Groups, Singles } from './groups.js';
import { Names } from './names.js';
import { Notice, notLoaded } from './notice.js';
import { Outbox } from './outbox.js';
import { People, PersonPage } from './people.js';
import { PhotoList } from './photolist.js';
import { fromQuery, isNarrow, nothing, toQuery } from './search.js';
import { SearchBar } from './searchbar.js';
import { Server } from './server.js';
import { readTexts, t } from './texts.js';
import { Viewer } from './viewer.js';
import { Watch } from './watch.js';

const TABS = [['photos', 'tab-photos'], ['people', 'tab-people'], ['groups', 'tab-groups']];

/** Pixels that a photo with names below it should have. */
const NARROWEST = 180;

class Page {
    /** What is shown: has `element`, `start`, `refresh` and `close`. @type {any} */
    #view = null;

    /** @param {HTMLElement} element what PHP made (view/tpl/page.tpl) */
    constructor(element) {
        const { own, formSecurityToken: token, visitor, mayName, isOwner, mayRun, sort, order, zoom } = element.dataset;
        this.element = element;
        this.own = own ?? '';
        this.mayName = mayName === '1';
        this.isOwner = isOwner === '1';
        this.mayRun = mayRun === '1';
        this.defaults = { sort, order, zoom: Number(zoom) };
        this.storage = storage();
        this.server = new Server(this.own, token ?? '');
        this.faces = new Faces();
        this.outbox = new Outbox(this.server, this.storage, `${this.own} ${visitor}`);
        this.decisions = new Decisions(this.faces, this.outbox);
        this.names = new Names(this.server, this.mayName);
        this.notice = new Notice(this.decisions, this.outbox);
        this.editor = new Editor(this);
        this.viewer = new Viewer(this);
        this.searchBar = new SearchBar(this);
        this.watch = new Watch(this);
        this.search = fromQuery(location.search);
        this.#build();
        this.#listen();
    }

    async start() {
        if (this.mayName) {
            this.decisions.restore();
        }
        await this.#show(this.search); // before anything else: the server has few cores
        void this.watch.ask();
        this.names.isLoaded || await this.names.load().catch(() => this.notice.say(t('noAnswer')));
    }

    /** Shows something else; the address follows, so that "back" comes back. @param {import('./search.js').Search} search */
    go(search) {
        if (toQuery(search) !== toQuery(this.search)) {
            history.pushState(null, '', this.own + toQuery(search)); // no state: the hub's own scripts stumble over one
        }
        this.#show(search);
    }

    /** A link of ours was clicked; with Ctrl and the like the browser does what people expect. @param {MouseEvent} event */
    follow(event, search) {
        if (!(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
            event.preventDefault();
            this.go(search);
            window.scrollTo({ top: 0 });
        }
    }

    /** A link to a part of the page: `follow` takes its clicks. @param {import('./search.js').Search} search @param {Object<string, any>} properties */
    link(search, properties, ...children) {
        return el('a', { href: this.own + toQuery(search), ...properties, on: { click: (event) => this.follow(event, search) } }, ...children);
    }

    #build() {
        this.tabs = el('ul', { class: 'faces-tabs' }, ...TABS.map(([view, text]) =>
            el('li', {}, this.link({ ...nothing(), view }, { data: { view } }, t(text)))));
        this.zoom = /** @type {HTMLInputElement} */ (el('input', { type: 'range', min: 1, max: 6, step: 1, on: { input: () => this.#look(true) } }));
        const fitting = Math.max(1, Math.floor(window.innerWidth / NARROWEST)); // for whoever has not chosen
        this.zoom.value = this.storage?.getItem('faces-zoom') ?? String(Math.min(this.defaults.zoom, fitting));
        this.frames = button(t('frames'), () => (this.frames.setAttribute('aria-pressed', String(this.frames.getAttribute('aria-pressed') !== 'true')), this.#look()),
            { 'aria-pressed': this.storage?.getItem('faces-frames') ?? 'true' });
        this.total = el('p', { class: 'faces-total', role: 'status' });
        this.look = el('div', { class: 'faces-look' }, this.total, el('label', {}, el('span', {}, t('inARow')), this.zoom), this.frames);
        this.main = el('div', { class: 'faces-view', tabindex: -1 });
        this.element.querySelector('.faces-app')?.replaceChildren(this.watch.element, el('nav', { 'aria-label': t('views') }, this.tabs), this.searchBar.element,
            this.look, this.main, this.notice.element);
        this.#look();
    }

    #listen() {
        window.addEventListener('popstate', () => {
            const search = fromQuery(location.search);
            if (toQuery(search) !== toQuery(this.search)) { // else the large view was closed
                this.#show(search);
            }
        });
        this.decisions.addEventListener('saved', (event) => {
            const { entry, answer } = /** @type {CustomEvent} */ (event).detail;
            answer.searching ? this.watch.expect() : void this.watch.ask();
            if (entry.photo || entry.decision === 'clear') { // a drawn face came, or went
                this.viewer.reload().catch(() => {}); // the list will say it, too
            }
        });
        this.decisions.addEventListener('refused', () => this.#refresh()); // what was taken for done is not
        this.watch.addEventListener('version', () => this.#refresh());
    }

    /** One at a time, and once more if something came in between. */
    async #refresh() {
        if (this.isRefreshing) {
            this.isStale = true;
            return;
        }
        this.isRefreshing = true;
        do {
            this.isStale = false;
            await this.#view?.refresh().catch(() => {}); // the next answer of the server will say it again
            await this.names.load().catch(() => {});
        } while (this.isStale);
        this.isRefreshing = false;
    }

    /** @param {import('./search.js').Search} search */
    async #show(search) {
        this.search = search;
        this.editor.close(false);
        this.#view?.close();
        const isPhotos = search.view === 'photos';
        this.searchBar.element.hidden = this.look.hidden = !isPhotos;
        this.searchBar.show(search);
        for (const link of this.tabs.querySelectorAll('a')) {
            const isHere = { singles: 'groups', person: 'people' }[search.view] ?? search.view;
            link.dataset.view === isHere ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
        }
        this.#view = null;
        const had = this.main.contains(document.activeElement);
        try {
            if (['people', 'person'].includes(search.view) && !this.names.isLoaded) { // names are what these show
                this.main.replaceChildren();
                await this.names.load();
            }
            if (search !== this.search) {
                return; // somebody went on meanwhile
            }
            const view = this.#view = this.#made(search);
            this.main.replaceChildren(view.element);
            had && focusFirst();
            await view.start();
        } catch (error) {
            search === this.search && this.main.replaceChildren(notLoaded(error, () => this.#show(search)));
        }
    }

    /** @param {import('./search.js').Search} search */
    #made(search) {
        switch (search.view) {
            case 'people': return new People(this);
            case 'person': return new PersonPage(this, search);
            case 'groups': return new Groups(this);
            case 'singles': return new Singles(this);
            default: {
                const list = new PhotoList(this, search, this.#first(), () => {
                    this.total.textContent = list.total > 0 ? t('total', list.total, list.faces) : t(isNarrow(search) ? 'nothingFound' : 'none');
                });
                return list;
            }
        }
    }

    /** What PHP found for the address that the page was opened with; once. */
    #first() {
        const app = this.element.querySelector('.faces-app');
        const first = app instanceof HTMLElement ? app.dataset.first : undefined;
        app?.removeAttribute('data-first');
        const isSame = toQuery(fromQuery(location.search)) === toQuery(this.search) && !new URLSearchParams(location.search).has('offset');
        return first && isSame ? JSON.parse(first) : null;
    }

    /** How many in a row, and whether with frames: each person's own, kept in the browser. */
    #look(isChosen = false) {
        const frames = this.frames.getAttribute('aria-pressed') ?? 'true';
        this.element.style.setProperty('--in-a-row', this.zoom.value);
        this.element.classList.toggle('faces-without-frames', frames !== 'true');
        try {
            isChosen && this.storage?.setItem('faces-zoom', this.zoom.value);
            this.storage?.setItem('faces-frames', frames);
        } catch {
            // then it is as it was the next time
        }
    }
}

/** The browser's memory; null where it has none for us. */
function storage() {
    try {
        return window.localStorage;
    } catch {
        return null;
    }
}

const element = document.querySelector('.faces-page');
if (element instanceof HTMLElement) {
    readTexts(element);
    void new Page(element).start();
}
