/**
 * The pages that are forms (settings, thresholds, export, remove): they work without this. With it what is sent does not load the page
 * anew, thresholds show at once what they would change, and what is at work is watched.
 *
 * The server makes the pages; their parts are put in place of the old ones.
 */

import { el } from './dom.js';
import { readTexts, t } from './texts.js';

/** Milliseconds until a changed threshold is tried, and between two looks at what is at work. */
const PAUSE = 250;
const LOOK = 2_000;
/** A photo of thresholds is twice the default wide (php/View/Cut.php). */
const WIDTH = 2;

class Forms {
    /** @type {Set<HTMLFormElement>} changed, and not sent yet */
    #changed = new Set();
    /** @type {AbortController|null} */
    #asked = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #timer;

    /** @param {HTMLElement} page */
    constructor(page) {
        this.page = page;
        this.said = el('p', { class: 'faces-live', role: 'status' });
        page.addEventListener('submit', (event) => this.#submit(/** @type {SubmitEvent} */ (event)));
        page.addEventListener('input', (event) => this.#input(/** @type {HTMLElement} */ (event.target)));
        page.addEventListener('pointerdown', (event) => this.#drag(event));
        window.addEventListener('beforeunload', (event) => this.#changed.size > 0 && event.preventDefault());
        page.after(this.said);
        this.#watch();
    }

    /** @param {SubmitEvent} event */
    async #submit(event) {
        const form = /** @type {HTMLFormElement} */ (event.target);
        if (form.dataset.plain) {
            return; // a file comes or goes
        }
        event.preventDefault();
        this.#asked?.abort();
        const body = new FormData(form, event.submitter);
        const isPreview = body.has(form.dataset.preview ?? '');
        const fresh = await this.#ask(form.action, new URLSearchParams(/** @type {any} */ (body)));
        if (fresh) {
            isPreview || this.#changed.clear();
            this.#replace(fresh);
        }
    }

    /** @param {HTMLElement} field */
    #input(field) {
        const form = field.closest('form');
        if (!form || form.method !== 'post') {
            return;
        }
        if (!form.dataset.plain) {
            this.#changed.add(form);
            this.#say(t('changed'));
        }
        if (form.dataset.preview) {
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.#preview(form), PAUSE);
        }
    }

    /** What the thresholds would change: pictures and sentences are renewed, fields are left to whoever writes in them. @param {HTMLFormElement} form */
    async #preview(form) {
        const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
        body.set(form.dataset.preview ?? '', '1');
        const fresh = await this.#ask(form.action, body);
        for (const old of fresh ? this.page.querySelectorAll('[data-field], [data-change]') : []) {
            const [name, value] = old.hasAttribute('data-field') ? ['data-field', old.getAttribute('data-field')] : ['data-change', old.getAttribute('data-change')];
            const other = fresh?.querySelector(`[${name}="${CSS.escape(value ?? '')}"]`);
            if (other) {
                old.replaceWith(document.importNode(other, true));
            }
        }
        this.#say(t('changed'));
    }

    /** A threshold is drawn in its picture. @param {PointerEvent} event */
    #drag(event) {
        const figure = event.target instanceof Element ? event.target.closest('svg')?.closest('[data-field]') : null;
        const field = figure && this.page.querySelector(`input[name="${CSS.escape(figure.getAttribute('data-field') ?? '')}"]`);
        if (!(field instanceof HTMLInputElement)) {
            return;
        }
        event.preventDefault();
        const { left, width } = /** @type {Element} */ (figure.querySelector('svg')).getBoundingClientRect();
        const set = (/** @type {PointerEvent} */ { clientX }) => {
            const value = ((clientX - left) / width) * WIDTH * Number(figure.getAttribute('data-default'));
            field.value = String(Math.round(Math.min(Number(field.max), Math.max(Number(field.min), value)) * 1000) / 1000);
            const line = this.page.querySelector(`[data-field="${CSS.escape(field.name)}"] .faces-here`);
            const place = (Number(field.value) / Number(figure.getAttribute('data-default'))) * 100;
            ['x1', 'x2'].forEach((name) => line?.setAttribute(name, String(place)));
            field.dispatchEvent(new Event('input', { bubbles: true }));
        };
        const done = () => ['pointermove', 'pointerup', 'pointercancel'].forEach((name) => window.removeEventListener(name, name === 'pointermove' ? set : done));
        window.addEventListener('pointermove', set);
        window.addEventListener('pointerup', done);
        window.addEventListener('pointercancel', done);
        set(event);
    }

    /** While something is at work the page is looked at again, unless somebody fills it in. */
    #watch() {
        setTimeout(async () => {
            if (this.page.querySelector('[data-busy]') && this.#changed.size === 0 && !document.hidden) {
                const fresh = await this.#ask(location.pathname, null);
                fresh && this.#changed.size === 0 && this.#replace(fresh);
            }
            this.#watch();
        }, LOOK);
    }

    /** The page as the server has it now; null if there is none. @param {string} url @param {URLSearchParams|null} body */
    async #ask(url, body) {
        this.#asked = new AbortController();
        const { signal } = this.#asked;
        try {
            body && this.#say(t('sending'));
            const answer = await fetch(url, { method: body ? 'POST' : 'GET', body, credentials: 'same-origin', signal });
            // The page is our own, of our own server, which escaped what is in it; scripts of a parsed document do not run.
            const page = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.faces-page');
            this.#say('');
            return page;
        } catch {
            signal.aborted || this.#say(t('notSent'));
            return null;
        }
    }

    /** @param {Element} fresh */
    #replace(fresh) {
        const had = document.activeElement instanceof HTMLElement && this.page.contains(document.activeElement) ? document.activeElement : null;
        const same = (/** @type {Element} */ one) => had?.getAttribute('name') && one.getAttribute('name') === had.getAttribute('name') && one.getAttribute('value') === had.getAttribute('value');
        const open = [...this.page.querySelectorAll('details')].map((details) => details.open);
        this.page.replaceChildren(...[...fresh.children].map((child) => document.importNode(child, true)));
        const details = [...this.page.querySelectorAll('details')];
        details.length === open.length && details.forEach((one, i) => (one.open = open[i]));
        const field = had && [...this.page.querySelectorAll('input, select, button')].find(same);
        const said = this.page.querySelector('.faces-said, .faces-problem');
        if (said instanceof HTMLElement) {
            this.#say(said.textContent ?? '');
        }
        /** @type {HTMLElement|null|undefined} */ (field)?.focus({ preventScroll: true });
    }

    /** @param {string} text */
    #say(text) {
        if (this.said.textContent !== text) {
            this.said.textContent = text;
        }
    }
}

const page = document.querySelector('.faces-page');
if (page instanceof HTMLElement) {
    readTexts(page);
    new Forms(page);
}
