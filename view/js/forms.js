/**
 * The pages that are forms (settings, thresholds, export, remove): they work without this. With it what is sent does not load the page
 * anew, thresholds show at once what they would change, and what is at work is watched.
 *
 * The server makes the pages; their parts are put in place of the old ones.
 */

import { el, setText } from './dom.js';
import { readTexts, t } from './texts.js';

/** Milliseconds until a changed threshold is tried, and between two looks at what is at work. */
const PAUSE = 250;
const LOOK = 2_000;
/** A photo of thresholds is twice the default wide (php/View/Cut.php). */
const WIDTH = 2;

class Forms {
    /** @type {Set<HTMLFormElement>} filled in, and not sent yet */
    #changed = new Set();
    /** @type {AbortController|null} */
    #asked = null;
    #isSending = false;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #timer;

    /** @param {HTMLElement} page */
    constructor(page) {
        this.page = page;
        page.tabIndex = -1; // where the focus goes if what had it is gone
        this.said = el('p', { class: 'faces-live', role: 'status' });
        page.addEventListener('submit', (event) => this.#submit(/** @type {SubmitEvent} */ (event)));
        page.addEventListener('input', (event) => this.#input(/** @type {HTMLElement} */ (event.target)));
        page.addEventListener('pointerdown', (event) => this.#drag(event));
        window.addEventListener('beforeunload', (event) => [...this.#changed].some((form) => !form.dataset.plain) && event.preventDefault());
        page.after(this.said);
        this.#watch();
    }

    /** One at a time: a double click sends once. @param {SubmitEvent} event */
    async #submit(event) {
        const form = /** @type {HTMLFormElement} */ (event.target);
        if (form.dataset.plain) {
            return; // a file comes or goes
        }
        event.preventDefault();
        if (this.#isSending) {
            return;
        }
        this.#isSending = true;
        clearTimeout(this.#timer);
        const body = new FormData(form, event.submitter);
        const isPreview = body.has(form.dataset.preview ?? '');
        const wasChanged = this.#changed.delete(form); // what is typed from now on is one more change
        this.#say(t('sending'));
        const fresh = await this.#ask(form.action, new URLSearchParams(/** @type {any} */ (body)));
        this.#isSending = false;
        fresh && this.#replace(fresh);
        const now = form.isConnected ? form : this.#successor(form);
        if (wasChanged && now && (isPreview || !fresh)) {
            this.#changed.add(now);
        }
    }

    /** @param {HTMLElement} field */
    #input(field) {
        const form = field.closest('form');
        if (!form || form.method !== 'post') {
            return;
        }
        this.#changed.add(form);
        if (!form.dataset.plain) {
            this.#say(t('changed'));
        }
        if (form.dataset.preview) {
            clearTimeout(this.#timer);
            this.#timer = setTimeout(() => this.#preview(form), PAUSE);
        }
    }

    /** What the thresholds would change: pictures and sentences are renewed, fields are left to whoever writes in them. @param {HTMLFormElement} form */
    async #preview(form) {
        if (this.#isSending) {
            return;
        }
        const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
        body.set(form.dataset.preview ?? '', '1');
        const fresh = await this.#ask(form.action, body);
        if (!fresh) {
            return;
        }
        for (const old of this.page.querySelectorAll('[data-field], [data-change]')) {
            const [name, value] = old.hasAttribute('data-field') ? ['data-field', old.getAttribute('data-field')] : ['data-change', old.getAttribute('data-change')];
            const other = fresh.querySelector(`[${name}="${CSS.escape(value ?? '')}"]`);
            if (other) {
                old.replaceWith(document.importNode(other, true));
            }
        }
        this.#say(t('changed'));
    }

    /** A threshold is drawn in its picture. @param {PointerEvent} event */
    #drag(event) {
        const figure = event.button === 0 && event.target instanceof Element ? event.target.closest('svg')?.closest('[data-field]') : null;
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

    /** While something is at work the page is looked at again, unless somebody fills it in. What says the same stays: it would be read out again. */
    #watch() {
        setTimeout(async () => {
            const isFree = () => this.#changed.size === 0 && !this.#isSending;
            if (this.page.querySelector('[data-busy]') && isFree() && !document.hidden) {
                const fresh = await this.#ask(location.pathname, null);
                fresh && isFree() && wordsOf(fresh) !== wordsOf(this.page) && this.#replace(fresh);
            }
            this.#watch();
        }, LOOK);
    }

    /**
     * The page as the server has it now; null if there is none, which is said, or if something else was asked meanwhile.
     *
     * @param {string} url
     * @param {URLSearchParams|null} body
     */
    async #ask(url, body) {
        this.#asked?.abort();
        this.#asked = new AbortController();
        const { signal } = this.#asked;
        try {
            let [answer, page] = await fetched(url, body, signal);
            if (body && answer.status === 403 && (await this.#renewed(body, signal))) {
                [answer, page] = await fetched(url, body, signal);
            }
            if (answer.ok && page) {
                body && this.#say('');
                return page;
            }
            this.#say(page?.querySelector('[role=alert]')?.textContent || t('notSent')); // what is filled in stays
        } catch {
            signal.aborted || this.#say(t('notSent'));
        }
        return null;
    }

    /** A page stays open longer than its token lives: there is a new one. @param {URLSearchParams} body @param {AbortSignal} signal */
    async #renewed(body, signal) {
        const [, page] = await fetched(location.pathname, null, signal);
        const token = page?.dataset.formSecurityToken;
        if (!token || token === body.get('form_security_token')) {
            return false;
        }
        body.set('form_security_token', token);
        this.page.querySelectorAll('[name=form_security_token]').forEach((field) => field.setAttribute('value', token));
        return true;
    }

    /** What is filled in and not sent is filled in again. @param {Element} fresh */
    #replace(fresh) {
        const had = this.page.contains(document.activeElement) ? /** @type {HTMLInputElement} */ (document.activeElement) : null;
        const open = [...this.page.querySelectorAll('details')].map((details) => details.open);
        this.page.replaceChildren(...[...fresh.childNodes].map((child) => document.importNode(child, true)));
        const details = [...this.page.querySelectorAll('details')];
        details.length === open.length && details.forEach((one, i) => (one.open = open[i]));
        const changed = [...this.#changed];
        this.#changed.clear();
        for (const form of changed) {
            const now = this.#successor(form);
            now && this.#changed.add(now) && [...form.elements].forEach((field, i) => fill(now.elements[i], field));
        }
        const said = this.page.querySelector('.faces-said, .faces-problem');
        if (said instanceof HTMLElement) {
            this.#say(said.textContent ?? '');
        }
        if (had) {
            const fields = /** @type {HTMLInputElement[]} */ ([...this.page.querySelectorAll('input, select, button, a')]);
            (fields.find((field) => isSame(field, had)) ?? this.page).focus({ preventScroll: true });
        }
    }

    /** The same form in the page that came in its place. @param {HTMLFormElement} form */
    #successor(form) {
        const names = (/** @type {HTMLFormElement} */ one) => [...one.elements].map((field) => field.getAttribute('name')).join(' ');
        return [...this.page.querySelectorAll('form')].find((one) => names(one) === names(form));
    }

    /** @param {string} text */
    #say(text) {
        setText(this.said, text);
    }
}

/** @param {string} url @param {URLSearchParams|null} body @param {AbortSignal} signal @returns {Promise<[Response, HTMLElement|null]>} */
async function fetched(url, body, signal) {
    const answer = await fetch(url, { method: body ? 'POST' : 'GET', body, credentials: 'same-origin', signal });
    // The page is our own, of our own server, which escaped what is in it; scripts of a parsed document do not run.
    return [answer, new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.faces-page')];
}

/** What people read there: each page has another token. @param {Element} page */
function wordsOf(page) {
    return (page.textContent ?? '').replace(/\s+/g, ' ');
}

/** @param {any} now @param {any} before two fields of one name */
function fill(now, before) {
    if (['checkbox', 'radio'].includes(before.type)) {
        now.checked = before.checked;
    } else if (before.type === 'file') {
        now.files = before.files;
    } else if (before.type !== 'hidden') {
        now.value = before.value;
    }
}

/** The same control in two pages; buttons and choices of one name differ by their value. @param {HTMLInputElement} one @param {HTMLInputElement} other */
function isSame(one, other) {
    const isChoice = ['checkbox', 'radio', 'submit'].includes(one.type);
    return one.tagName === other.tagName && one.type === other.type && one.name === other.name
        && (!isChoice || one.value === other.value) && (one.name !== '' && one.name !== undefined || one.textContent === other.textContent);
}

const page = document.querySelector('.faces-page');
if (page instanceof HTMLElement) {
    readTexts(page);
    new Forms(page);
}
