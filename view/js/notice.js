/** What was just done, with "Undo"; and what is not saved yet. Both are said to screen readers, too. */

import { button, el, focusFirst, isWriting, setText } from './dom.js';
import { t } from './texts.js';

/** Something that could not be loaded, and why. @param {Error} error @param {() => void} again */
export function notLoaded(error, again) {
    return el('p', { class: 'faces-problem', role: 'alert' }, t('notLoaded', error.message), ' ', button(t('again'), again));
}

export class Notice {
    /** Milliseconds after which a message goes, unless somebody points at it. */
    static STAYS = 12_000;

    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #timer;

    /** @param {import('./decisions.js').Decisions} decisions @param {import('./outbox.js').Outbox} outbox */
    constructor(decisions, outbox) {
        this.outbox = outbox;
        this.text = el('span', { role: 'status' });
        this.undo = button(t('undo'), () => decisions.undo());
        this.said = el('div', { class: 'faces-notice', hidden: true }, this.text, this.undo, button('✕', () => this.#hide(), { class: 'faces-close', 'aria-label': t('close') }));
        this.count = el('span', { role: 'status' });
        this.again = button(t('sendNow'), () => outbox.send());
        this.unsaved = el('div', { class: 'faces-not-saved', hidden: true }, this.count, this.again);
        this.element = el('div', { class: 'faces-notices' }, this.unsaved, this.said);
        this.element.addEventListener('focusin', ({ relatedTarget: from }) => from instanceof Element && !this.element.contains(from) && (this.from = from));
        decisions.addEventListener('decided', (event) => this.say(/** @type {CustomEvent} */ (event).detail.label, decisions.last !== undefined));
        decisions.addEventListener('refused', (event) => this.say(/** @type {CustomEvent} */ (event).detail.text));
        outbox.addEventListener('change', () => this.#unsaved());
        window.addEventListener('online', () => outbox.send());
        window.addEventListener('beforeunload', (event) => outbox.entries.length > 0 && event.preventDefault());
        document.addEventListener('keydown', (event) => {
            if ((event.ctrlKey || event.metaKey) && event.key === 'z' && !event.shiftKey && decisions.last && !isWriting(event.target)) {
                event.preventDefault();
                decisions.undo();
            }
        });
    }

    /** @param {string} text @param {boolean} [canUndo] */
    say(text, canUndo = false) {
        clearTimeout(this.#timer);
        this.text.textContent = text;
        this.#hidden(this.undo, !canUndo);
        this.said.hidden = false;
        const goes = () => (this.#timer = setTimeout(() => (this.said.matches(':hover, :focus-within') ? goes() : this.#hide()), Notice.STAYS));
        goes();
    }

    #hide() {
        this.#hidden(this.said, true);
    }

    /** Hides or shows it; the focus, if it was there, goes back to where it came from. @param {HTMLElement} element @param {boolean} isHidden */
    #hidden(element, isHidden) {
        const had = isHidden && element.contains(document.activeElement);
        element.hidden = isHidden;
        had && focusFirst(this.from);
    }

    /** Only what takes long is said: most is saved before anybody could read it. */
    #unsaved() {
        const waiting = this.outbox.entries.length;
        clearTimeout(this.timer);
        if (waiting === 0) {
            this.#hidden(this.unsaved, true);
            return;
        }
        const show = () => {
            setText(this.count, t(this.outbox.problem ? 'notSavedBecause' : navigator.onLine ? 'notSaved' : 'offline', this.outbox.entries.length, this.outbox.problem));
            this.#hidden(this.unsaved, this.outbox.entries.length === 0);
        };
        this.unsaved.hidden ? (this.timer = setTimeout(show, 800)) : show();
    }
}
