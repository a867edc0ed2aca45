/** The form above the photos: who is on them, since when, where. What it says goes into the page's address. */

import { button, el } from './dom.js';
import { nothing } from './search.js';
import { NameField } from './suggest.js';
import { t } from './texts.js';

const LISTS = ['all', 'any', 'not'];
const STATES = ['', 'unnamed', 'guessed', 'named', 'unknown', 'ignored', 'none'];

export class SearchBar {
    /** @type {import('./search.js').Search} */
    #search = nothing();

    /** @param {import('./main.js').Page} page */
    constructor(page) {
        this.page = page;
        this.people = new NameField(page.names, { label: t('person'), choose: (name) => this.#add(name) });
        this.how = this.#select(LISTS.map((list) => [list, t(list)]), t('how'), () => {});
        this.tokens = el('ul', { class: 'faces-tokens', 'aria-label': t('searched') });
        this.only = this.#check(t('only'), (isOn) => this.#change({ only: isOn }));
        this.guesses = this.#check(t('withGuesses'), (isOn) => this.#change({ guesses: isOn }));
        this.state = this.#select(STATES.map((state) => [state, t(`state-${state || 'all'}`)]), t('faces'), (state) => this.#change({ state }));
        this.folder = this.#select([], t('folder'), (folder) => this.#change({ folder }));
        this.from = this.#input('date', t('from'), (from) => this.#change({ from }));
        this.to = this.#input('date', t('to'), (to) => this.#change({ to }));
        this.least = this.#input('number', t('peopleMin'), (text) => this.#change({ people_min: text }));
        this.most = this.#input('number', t('peopleMax'), (text) => this.#change({ people_max: text }));
        this.sort = this.#select([['taken', t('taken')], ['uploaded', t('uploaded')]], t('sort'), (sort) => this.#change({ sort }));
        this.order = this.#select([['desc', t('newest')], ['asc', t('oldest')]], t('order'), (order) => this.#change({ order }));
        this.more = /** @type {HTMLDetailsElement} */ (el('details', { class: 'faces-more' }, el('summary', {}, t('moreSearch')),
            el('div', { class: 'faces-fields' }, ...[this.only, this.guesses, this.folder, this.from, this.to, this.least, this.most, this.sort, this.order]
                .map(({ label }) => label))));
        this.element = el('form', { class: 'faces-search', role: 'search', on: { submit: (event) => event.preventDefault() } },
            el('div', { class: 'faces-fields' }, this.how.label, this.people.element, this.state.label, button(t('reset'), () => this.#clear())),
            this.tokens, this.more);
        page.names.addEventListener('change', () => { // what somebody types in the fields just now stays
            this.#tokens();
            this.#folders();
        });
    }

    /** @param {import('./search.js').Search} search */
    show(search) {
        this.#search = search;
        this.#tokens();
        this.only.input.checked = search.only;
        this.guesses.input.checked = search.guesses;
        this.#folders();
        [[this.state, search.state], [this.from, search.from], [this.to, search.to], [this.least, search.people_min], [this.most, search.people_max],
            [this.sort, search.sort || this.page.defaults.sort], [this.order, search.order || this.page.defaults.order]]
            .forEach(([field, value]) => (field.input.value = value));
        this.more.open ||= search.only || !search.guesses || ['folder', 'from', 'to', 'people_min', 'people_max', 'sort', 'order'].some((name) => search[name] !== '');
    }

    #tokens() {
        const labels = JSON.stringify(LISTS.map((list) => this.#search[list].map((name) => [name, this.page.names.label(name)])));
        if (this.tokens.dataset.shown === labels) {
            return;
        }
        this.tokens.dataset.shown = labels;
        this.tokens.replaceChildren(...LISTS.flatMap((list) => this.#search[list].map((name) => {
            const label = this.page.names.label(name);
            return el('li', { class: `faces-token-${list}` }, el('span', {}, t(`token-${list}`), ' ', el('bdi', {}, label)),
                button('✕', () => this.#remove(list, name), { 'aria-label': t('without', label) }));
        })));
        this.tokens.hidden = this.tokens.children.length === 0;
    }

    #folders() {
        const options = [['', t('allFolders')], ...this.page.names.folders.map(({ folder, path, photos }) => [folder || '/', t('folderOf', path || '/', photos)])];
        const isKnown = options.some(([value]) => value === this.#search.folder);
        this.folder.input.replaceChildren(...[...options, ...(isKnown ? [] : [[this.#search.folder, t('folder')]])].map(([value, text]) => el('option', { value }, text)));
        this.folder.input.value = this.#search.folder;
    }

    #add(name) {
        const list = this.how.input.value;
        const others = Object.fromEntries(LISTS.map((one) => [one, this.#search[one].filter((other) => other !== name)]));
        this.people.input.value = '';
        this.#change({ ...others, [list]: [...others[list], name] });
    }

    #remove(list, name) {
        this.#change({ [list]: this.#search[list].filter((other) => other !== name) });
        this.people.input.focus();
    }

    #clear() {
        this.people.input.value = '';
        this.page.go(nothing());
    }

    #change(what) {
        this.page.go({ ...this.#search, ...what });
    }

    #select(options, text, changed) {
        const input = /** @type {HTMLSelectElement} */ (el('select', { on: { change: () => changed(input.value) } },
            ...options.map(([value, label]) => el('option', { value }, label))));
        return { input, label: el('label', {}, el('span', {}, text), input) };
    }

    #check(text, changed) {
        const input = /** @type {HTMLInputElement} */ (el('input', { type: 'checkbox', on: { change: () => changed(input.checked) } }));
        return { input, label: el('label', { class: 'faces-check' }, input, ' ', text) };
    }

    #input(type, text, changed) {
        const input = /** @type {HTMLInputElement} */ (el('input', { type, min: type === 'number' ? 0 : null, on: { change: () => input.validity.valid && changed(input.value) } }));
        return { input, label: el('label', {}, el('span', {}, text), input) };
    }
}
