/** A face by its name, below a photo: a button that opens the editor, and thumbs for a guess. */

import { crop } from './crop.js';
import { button, el, focusFirst, isSecond, thumb } from './dom.js';
import { kind, person } from './faces.js';
import { t } from './texts.js';

/** @typedef {import('./main.js').Page} Page @typedef {import('./faces.js').Face} Face */

/** Who that is, in words; of a guess, whether the photo itself says it (a region of another program). @param {Face} face @param {import('./names.js').Names} names */
export function labelOf(face, names) {
    const name = names.label(person(face));
    return { named: name, guessed: t(face.model === 'region' ? 'guessOfPhoto' : 'guess', name), unnamed: t('who'), unknown: t('somebody'), ignored: t('notFace') }[kind(face)];
}

export class Chip {
    /** @param {Page} page @param {Face} face @param {{url: string, width: number, height: number}} photo `url` without a scale */
    constructor(page, face, photo) {
        this.page = page;
        this.id = face.id;
        this.photo = photo;
        this.label = el('bdi', {});
        this.open = button('', () => this.edit(), { class: 'faces-chip' });
        this.open.append(crop({ ...photo, box: face.box }, 28), this.label);
        this.yes = button('', (event) => isSecond(event) || this.#answer('name'), { class: 'faces-thumb' });
        this.no = button('', (event) => isSecond(event) || this.#answer('reject'), { class: 'faces-thumb' });
        this.yes.append(thumb(true));
        this.no.append(thumb(false));
        this.element = el('li', { data: { face: face.id } }, this.open, ...(page.mayName ? [this.yes, this.no] : []));
        if (!page.mayName) {
            this.open.disabled = true;
        }
        this.element.addEventListener('keydown', (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
        this.update(face);
    }

    /** @param {Face} face */
    update(face) {
        const isGuess = kind(face) === 'guessed';
        const name = this.page.names.label(face.guess);
        this.element.className = `faces-${kind(face)}`;
        this.element.classList.toggle('faces-unsaved', this.page.faces.isPending(face.id));
        this.label.textContent = labelOf(face, this.page.names);
        const hadFocus = !isGuess && [this.yes, this.no].includes(document.activeElement);
        this.yes.hidden = this.no.hidden = !isGuess;
        this.yes.setAttribute('aria-label', t('yes', name));
        this.no.setAttribute('aria-label', t('no', name));
        if (hadFocus) {
            focusFirst(this.open);
        }
    }

    edit() {
        this.page.editor.open({ id: this.id, photo: this.photo, anchor: this.open });
    }

    #answer(decision) {
        const face = this.page.faces.get(this.id);
        if (face?.guess) {
            const name = this.page.names.label(face.guess);
            this.page.decisions.decide([this.id], { decision, name: face.guess }, t(decision === 'name' ? 'didName' : 'didReject', name));
        }
    }

    /** y and n, for whoever goes through guesses by keyboard. @param {KeyboardEvent} event */
    #key(event) {
        const decision = { y: 'name', n: 'reject' }[event.key];
        if (decision && this.page.mayName && !event.ctrlKey && !event.metaKey && !event.altKey && !this.yes.hidden) {
            event.preventDefault();
            this.#answer(decision);
        }
    }
}
