/** Everybody who has a name, and the page of one person. */

import { crop } from './crop.js';
import { button, el, focusFirst, isSecond } from './dom.js';
import { Grid } from './grid.js';
import { nothing } from './search.js';
import { NameField } from './suggest.js';
import { t } from './texts.js';

/** @typedef {import('./main.js').Page} Page */

/** Faces asked for at a time. */
const AT_ONCE = 120;

export class People {
    /** @param {Page} page */
    constructor(page) {
        this.page = page;
        this.element = el('ul', { class: 'faces-people' });
        this.onNames = () => this.#fill();
        page.names.addEventListener('change', this.onNames);
    }

    async start() {
        this.#fill();
    }

    async refresh() {
        // the names tell when they changed
    }

    close() {
        this.page.names.removeEventListener('change', this.onNames);
    }

    #fill() {
        const { names } = this.page;
        const had = document.activeElement instanceof HTMLAnchorElement && this.element.contains(document.activeElement) ? document.activeElement.search : null;
        this.element.replaceChildren(...names.people.map((person) =>
            el('li', {}, this.page.link({ ...nothing(), view: 'person', name: person.name }, {},
                person.portrait ? crop(person.portrait, 112) : el('span', { class: 'faces-crop faces-nobody' }),
                el('strong', {}, el('bdi', {}, person.label)),
                el('small', {}, person.guesses > 0 ? t('facesAndGuesses', person.faces, person.guesses) : t('facesOf', person.faces))))));
        if (names.people.length === 0) {
            this.element.replaceChildren(el('li', { class: 'faces-empty' }, t('nobody')));
        }
        [...this.element.querySelectorAll('a')].find(({ search }) => search === had)?.focus();
    }
}

export class PersonPage {
    /** @param {Page} page @param {import('./search.js').Search} search */
    constructor(page, search) {
        this.page = page;
        this.name = search.name;
        const label = page.names.label(this.name);
        const stays = {
            guessed: (face) => face.state === '' && face.guess === this.name,
            named: (face) => face.state === 'named' && face.name === this.name,
        };
        this.sections = {
            guessed: { grid: new Grid(page, { drops: true, label: t('guessesOf', label), stays: stays.guessed, changed: () => this.#count() }), total: 0, offset: 0 },
            named: { grid: new Grid(page, { drops: false, label: t('namedOf', label), stays: stays.named }), total: 0, offset: 0 },
        };
        this.confirm = button('', (event) => isSecond(event) || this.#confirm(), { class: 'faces-main' });
        this.reject = button('', (event) => isSecond(event) || this.#reject());
        this.title = el('h3', {}, el('bdi', {}, label));
        this.element = el('div', { class: 'faces-person' },
            el('div', { class: 'faces-person-head' }, this.title,
                page.link({ ...nothing(), all: [this.name] }, {}, t('photosOf', label)),
                page.mayName ? this.#rename(label) : null),
            this.guesses = el('section', {}, el('h4', {}, t('isThis', label)), page.mayName ? el('p', { class: 'faces-help' }, t('dropHelp')) : null,
                this.sections.guessed.grid.element, page.mayName ? el('p', { class: 'faces-choices' }, this.confirm, this.reject) : null),
            this.named = el('section', {}, el('h4', {}, t('namedOf', label)), this.sections.named.grid.element));
        this.more = { guessed: this.#more('guessed'), named: this.#more('named') };
    }

    async start() {
        await Promise.all([this.#load('guessed'), this.#load('named')]);
    }

    /** New guesses and names come in; what is there stays. */
    async refresh() {
        await Promise.all(['guessed', 'named'].map((state) => this.#load(state, 0)));
    }

    close() {
        this.isOver = true;
        Object.values(this.sections).forEach(({ grid }) => grid.close());
    }

    async #load(state, from = this.sections[state].offset) {
        const section = this.sections[state];
        const asked = performance.now();
        const answer = await this.page.server.get('portraits', { name: this.name, state, offset: from, limit: AT_ONCE });
        if (this.isOver) {
            return;
        }
        section.total = answer.total;
        section.offset = Math.max(section.offset, from + answer.faces.length);
        section.grid.add(answer.faces, asked);
        this.page.faces.take(answer.faces, { asked });
        this.more[state].hidden = section.offset >= section.total;
        this.#count();
    }

    #more(state) {
        const { grid } = this.sections[state];
        const more = button(t('more'), () => grid.grow(() => this.#load(state)), { hidden: true });
        grid.element.after(more);
        return more;
    }

    #count() {
        const { grid } = this.sections.guessed;
        const label = this.page.names.label(this.name);
        const had = this.guesses.contains(document.activeElement);
        this.guesses.hidden = grid.portraits.size === 0;
        this.confirm.textContent = t('allAre', grid.ids.length, label);
        this.confirm.disabled = grid.ids.length === 0;
        this.reject.textContent = t('droppedAreNot', grid.dropped.size, label);
        this.reject.hidden = grid.dropped.size === 0;
        if (had && (this.guesses.hidden || document.activeElement?.hasAttribute('hidden'))) {
            focusFirst(this.confirm, this.named.querySelector('.faces-portrait'));
        }
    }

    #confirm() {
        const { grid } = this.sections.guessed;
        const label = this.page.names.label(this.name);
        this.page.decisions.nameGroup(grid.ids, [...grid.dropped], this.name, t('didName', label));
    }

    #reject() {
        const { grid } = this.sections.guessed;
        this.page.decisions.decide([...grid.dropped], { decision: 'reject', name: this.name }, t('didReject', this.page.names.label(this.name)));
    }

    #rename(label) {
        const field = new NameField(this.page.names, { label: t('rename'), value: label, choose: (name) => rename(name) });
        const rename = (name) => {
            if (name === '' || name === this.name) {
                return;
            }
            const other = this.page.names.find(name);
            if (other && !window.confirm(t('mergeSure', label, other.label, other.faces))) {
                return;
            }
            this.page.decisions.rename(this.name, name, t('didRename', label, this.page.names.label(name)));
            this.page.go({ ...nothing(), view: 'person', name });
        };
        return el('details', { class: 'faces-rename' }, el('summary', {}, t('renameOrMerge')), field.element, button(t('save'), () => rename(field.value)));
    }
}
