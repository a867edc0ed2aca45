/** A field for a name, with suggestions (the combobox pattern of WAI-ARIA 1.2: the focus stays in the field). */

import { crop } from './crop.js';
import { el, newId } from './dom.js';
import { t } from './texts.js';

let isPressed = false;
for (const [name, value] of [['pointerdown', true], ['pointerup', false], ['pointercancel', false]]) {
    document.addEventListener(name, () => (isPressed = value), true);
}

export class NameField {
    #options = [];
    #active = -1;

    /**
     * @param {import('./names.js').Names} names
     * @param {{label: string, value?: string, choose: (name: string) => void}} options `choose`: a name was given, by Enter or from the list
     */
    constructor(names, { label, value = '', choose }) {
        this.names = names;
        this.choose = choose;
        const list = newId();
        this.list = el('ul', { id: list, role: 'listbox', 'aria-label': t('suggestions'), class: 'faces-suggestions', hidden: true });
        this.input = /** @type {HTMLInputElement} */ (el('input', { type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': list,
            'aria-autocomplete': 'list', maxlength: 200, autocomplete: 'off', autocapitalize: 'words', spellcheck: 'false', enterkeyhint: 'done' }));
        this.input.value = value;
        this.input.addEventListener('input', () => this.#suggest());
        this.input.addEventListener('focus', () => this.#enter());
        this.input.addEventListener('blur', () => this.#leave());
        this.input.addEventListener('keydown', (event) => this.#key(event));
        this.element = el('div', { class: 'faces-name-field' }, el('label', {}, el('span', {}, label), this.input), this.list);
    }

    /** The name in the field, as it is stored: a contact chosen by its name is its address. */
    get value() {
        return this.names.stored(this.input.value);
    }

    /** Whoever types before it is known who there is gets suggestions as soon as it is. */
    #enter() {
        this.#suggest();
        this.names.isLoaded || this.names.addEventListener('change', () => document.activeElement === this.input && this.#suggest(), { once: true });
    }

    #suggest() {
        this.#options = this.names.suggest(this.input.value);
        this.#active = -1;
        this.list.replaceChildren(...this.#options.map((option, i) => el('li', { id: `${this.list.id}-${i}`, role: 'option', 'aria-selected': 'false',
            on: { pointerdown: (event) => this.#take(event, option.name) } },
        option.portrait ? crop(option.portrait, 32) : el('span', { class: 'faces-crop faces-nobody', 'aria-hidden': 'true' }),
        el('bdi', {}, option.label), option.isContact || option.label !== option.name ? el('small', {}, el('bdi', {}, option.name)) : null)));
        this.#show(this.#options.length > 0);
    }

    /** Before the field loses the focus to the list. */
    #take(event, name) {
        event.preventDefault();
        this.#done(name);
    }

    #done(name) {
        this.#close();
        if (name !== '') {
            this.choose(name);
        }
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        const isOpen = !this.list.hidden;
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            isOpen ? this.#move(event.key === 'ArrowDown' ? 1 : -1) : this.#suggest();
        } else if (event.key === 'Enter' && !event.isComposing) {
            event.preventDefault();
            this.#done(this.#active >= 0 ? this.#options[this.#active].name : this.value);
        } else if (event.key === 'Escape' && isOpen && this.#active >= 0) {
            event.stopPropagation(); // the list only, not what it is in
            this.#close();
        }
    }

    /** Not while somebody presses a button below: it would move away from under his finger. */
    #leave() {
        const close = () => document.activeElement !== this.input && this.#close();
        isPressed ? document.addEventListener('pointerup', () => setTimeout(close), { once: true, capture: true }) : close();
    }

    #move(by) {
        const count = this.#options.length;
        this.#active = this.#active < 0 ? (by > 0 ? 0 : count - 1) : (this.#active + by + count) % count;
        [...this.list.children].forEach((item, i) => item.setAttribute('aria-selected', String(i === this.#active)));
        this.list.children[this.#active].scrollIntoView({ block: 'nearest' });
        this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.#active}`);
    }

    #show(isOpen) {
        this.list.hidden = !isOpen;
        this.input.setAttribute('aria-expanded', String(isOpen));
        this.input.removeAttribute('aria-activedescendant');
    }

    #close() {
        this.#active = -1;
        this.#show(false);
    }
}
