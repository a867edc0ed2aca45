/** Where a face gets its name: a panel at the face, one at a time. */

import { labelOf } from './chip.js';
import { crop } from './crop.js';
import { button, el, focusFirst, thumb } from './dom.js';
import { kind } from './faces.js';
import { NameField } from './suggest.js';
import { t } from './texts.js';

/**
 * @typedef {Object} Subject what is edited: a face that the page knows, or one that was just drawn
 * @property {string} [id]
 * @property {number[]} [box] of a drawn one, with `draw`
 * @property {(decision: import('./faces.js').Decision, label: string) => void} [draw]
 * @property {{url: string, width: number, height: number}} photo `url` without a scale
 * @property {HTMLElement} anchor what it belongs to, and where the focus goes back to
 * @property {HTMLElement} [back] where the focus goes back to instead
 * @property {HTMLElement} [host] what it lies in, if that is not the page
 * @property {() => void} [closed]
 */

export class Editor {
    /** @type {Subject|null} */
    #subject = null;

    /** @param {import('./main.js').Page} page */
    constructor(page) {
        this.page = page;
        this.element = el('div', { class: 'faces-editor', role: 'dialog', hidden: true });
        this.element.addEventListener('keydown', (event) => {
            if (event.key === 'Escape') {
                event.preventDefault();
                event.stopPropagation();
                this.close();
            }
        });
        document.addEventListener('pointerdown', (event) => {
            const target = /** @type {Node} */ (event.target);
            if (this.#subject && !this.element.contains(target) && !this.#subject.anchor.contains(target)) {
                this.close(false);
            }
        });
    }

    /** @param {Subject} subject */
    open(subject) {
        const face = subject.id ? this.page.faces.get(subject.id) : undefined;
        if (!this.page.mayName || (subject.id && !face)) {
            return;
        }
        this.close(false);
        this.#subject = subject;
        subject.id && this.page.faces.stay(subject.id); // its photo may leave the list meanwhile
        const box = face?.box ?? subject.box ?? [0, 0, 1, 1];
        const title = face ? labelOf(face, this.page.names) : t('drawn');
        this.field = new NameField(this.page.names, { label: t('name'), value: face?.state === 'named' ? this.page.names.label(face.name) : '',
            choose: (name) => this.#decide('name', name) });
        this.element.setAttribute('aria-label', title);
        this.element.replaceChildren(
            el('div', { class: 'faces-editor-head' }, crop({ ...subject.photo, box }, 96), el('strong', {}, el('bdi', {}, title)),
                button('✕', () => this.close(), { class: 'faces-close', 'aria-label': t('close') })),
            el('div', { class: 'faces-choices' }, ...this.#choices(face)),
            // Last: its suggestions come and go below it, and cover nothing.
            el('div', { class: 'faces-editor-name' }, this.field.element,
                button(t('save'), () => this.field.value !== '' && this.#decide('name', this.field.value), { class: 'faces-main' })));
        (subject.host ?? this.page.element).append(this.element);
        this.element.hidden = false;
        this.#place(subject);
        this.field.input.focus({ preventScroll: true });
        this.field.input.select();
        this.element.scrollIntoView({ block: 'nearest' });
    }

    /** @param {boolean} [comesBack] whether the focus goes back to where it came from */
    close(comesBack = true) {
        const subject = this.#subject;
        if (!subject) {
            return;
        }
        this.#subject = null;
        this.element.hidden = true;
        this.element.remove();
        subject.closed?.();
        if (comesBack) {
            focusFirst(subject.back ?? subject.anchor);
        }
        subject.id && this.page.faces.leave([subject.id]);
    }

    /** What it belongs to came to stand elsewhere; or is gone, then it stays in sight. */
    follow() {
        if (this.#subject?.anchor.isConnected) {
            this.#place(this.#subject);
        } else if (this.#subject) {
            this.element.scrollIntoView({ block: 'nearest' });
        }
    }

    /** What may be decided about it beside a name. @param {import('./faces.js').Face|undefined} face */
    #choices(face) {
        const who = face ? this.page.names.label(face.guess || face.name) : '';
        const choice = (text, decision, name = '', ...icon) => {
            const made = button(text, () => this.#decide(decision, name));
            made.prepend(...icon);
            return made;
        };
        const is = face ? kind(face) : 'drawn';
        return [
            is === 'guessed' && choice(t('yes', who), 'name', face.guess, thumb(true), ' '),
            (is === 'guessed' || is === 'named') && choice(t('no', who), 'reject', face.guess || face.name, thumb(false), ' '),
            is !== 'unknown' && choice(t('unknown'), 'unknown'),
            is !== 'ignored' && is !== 'drawn' && choice(t('ignore'), 'ignore'),
            face && face.state !== '' && choice(t('clear'), 'clear'),
        ].filter(Boolean);
    }

    #decide(decision, name) {
        const subject = this.#subject;
        const label = t({ name: 'didName', reject: 'didReject', unknown: 'didUnknown', ignore: 'didIgnore', clear: 'didClear' }[decision],
            this.page.names.label(name));
        const id = subject?.id;
        id && this.page.faces.stay(id); // until it is decided about
        this.close(); // first the focus goes back: if the face leaves then, its neighbour gets it
        if (id) {
            this.page.decisions.decide([id], { decision, name }, label);
            this.page.faces.leave([id]);
        } else {
            subject?.draw?.({ decision, name }, label);
        }
    }

    /** Below what it belongs to, within what it lies in. @param {Subject} subject */
    #place({ anchor, host = this.page.element }) {
        const [from, room] = [anchor.getBoundingClientRect(), host.getBoundingClientRect()];
        const left = Math.max(0, Math.min(from.left - room.left + host.scrollLeft, host.clientWidth - this.element.offsetWidth));
        this.element.style.setProperty('left', `${left}px`);
        this.element.style.setProperty('top', `${from.bottom - room.top + host.scrollTop + 4}px`);
    }
}
