/** Unnamed faces that are alike: one click names a group. And those that are like nobody. */

import { button, el, focusFirst, isSecond } from './dom.js';
import { Grid } from './grid.js';
import { nothing } from './search.js';
import { NameField } from './suggest.js';
import { t } from './texts.js';

/** @typedef {import('./main.js').Page} Page */

const AT_ONCE = 10;
const SHOWN = 24;
const MOST = 500;

const isOpen = (face) => face.state === '';

/** One group: its faces, and a field for the name they all get but those dropped out. */
class Group {
    /** @param {Page} page @param {{group: string, faces: number, portraits: import('./grid.js').Portrait[]}} group @param {() => void} done it is empty */
    constructor(page, group, done) {
        this.page = page;
        this.done = done;
        this.id = group.group;
        this.count = group.faces;
        this.grid = new Grid(page, { drops: true, label: t('group', group.faces), stays: isOpen, changed: () => this.#changed() });
        this.field = new NameField(page.names, { label: t('whoIsThis'), choose: (name) => this.#name(name) });
        this.save = button('', (event) => isSecond(event) || this.#name(this.field.value), { class: 'faces-main' });
        this.all = button(t('showAll', group.faces), () => this.grid.grow(() => this.#everything()), { hidden: group.faces <= group.portraits.length });
        const other = (text, decision, did) => button(text, (event) => isSecond(event) || this.#decide(decision, did));
        this.element = el('section', { class: 'faces-group', data: { group: this.id }, 'aria-label': t('group', group.faces) }, this.grid.element, this.all,
            page.mayName ? el('div', { class: 'faces-group-name' }, this.field.element,
                el('div', { class: 'faces-choices' }, this.save, other(t('unknown'), 'unknown', 'didUnknown'), other(t('ignoreAll'), 'ignore', 'didIgnore'))) : null);
        this.grid.add(group.portraits);
        this.#changed();
    }

    close() {
        this.grid.close();
    }

    /** One face that is left of a group is none: it is among those that are like no other. */
    #changed() {
        if (this.grid.portraits.size < (this.isDecided ? 2 : 1)) {
            this.close();
            this.element.remove();
            this.done();
            return;
        }
        const hidden = Math.max(0, this.count - this.grid.portraits.size) * Number(!this.all.hidden);
        this.save.textContent = t('nameAll', this.grid.ids.length + hidden);
        this.save.disabled = this.grid.ids.length + hidden === 0;
    }

    /** Also those that were not shown yet. */
    async #loadAll() {
        for (let offset = 0, total = 1; offset < total; offset += MOST) {
            const answer = await this.page.server.get('portraits', { group: this.id, state: 'unnamed', offset, limit: MOST });
            total = answer.total;
            this.grid.add(answer.faces.filter((face) => face.guess === ''));
        }
        this.all.hidden = true;
        this.#changed();
    }

    /** Ids of all that belong to it; null if those that are not shown cannot be had (then nothing is decided about the others), or somebody was quicker. */
    async #everything() {
        if (!this.all.hidden) {
            if (this.isLoading) {
                return null;
            }
            this.isLoading = true;
            try {
                await this.#loadAll();
            } catch (error) {
                this.page.notice.say(t('notLoaded', error.message));
                return null;
            } finally {
                this.isLoading = false;
            }
        }
        return this.grid.ids;
    }

    async #name(name) {
        if (name === '') {
            this.field.input.focus();
            return;
        }
        await this.#done((ids) => this.page.decisions.nameGroup(ids, [...this.grid.dropped], name, t('didNameMany', ids.length, this.page.names.label(name))));
    }

    #decide(decision, did) {
        return this.#done((ids) => this.page.decisions.decide(ids, { decision, name: '' }, t(did)));
    }

    /** The next group gets the focus. @param {(ids: string[]) => void} decide */
    async #done(decide) {
        const ids = await this.#everything();
        if (ids && this.element.isConnected) {
            const [next, before] = [this.element.nextElementSibling, this.element.previousElementSibling];
            this.isDecided = true;
            this.field.input.value = '';
            decide(ids);
            this.grid.takeIn(); // what was left out is asked about anew
            focusFirst(...[next, before].map((group) => group?.querySelector('input')));
        }
    }
}

export class Groups {
    /** @type {Map<string, Group>} */
    #groups = new Map();
    /** Named here, but the server may not know that yet. @type {Set<string>} */
    #named = new Set();
    /** What is being asked for. @type {Promise<void>|null} */
    #loading = null;

    /** @param {Page} page */
    constructor(page) {
        this.page = page;
        this.list = el('div', { class: 'faces-groups' });
        this.end = el('div', {});
        this.singles = page.link({ ...nothing(), view: 'singles' }, { hidden: true });
        this.empty = el('p', { class: 'faces-empty', hidden: true }, t('noGroups'));
        this.element = el('div', {}, page.mayName ? el('p', { class: 'faces-help' }, t('groupHelp')) : null, this.list, this.empty, this.end, this.singles);
        this.near = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && this.#more(), { rootMargin: '100% 0px' });
    }

    async start() {
        await this.#load();
        this.near.observe(this.end);
    }

    /** Groups that were named here are gone; others come in at the end, also those of which the naming was taken back. */
    async refresh() {
        while (this.#loading) { // it asks for those that follow, and what was taken back may stand before
            await this.#loading.catch(() => {}); // whoever asked for it says so
        }
        if (this.page.outbox.entries.length === 0) {
            this.#named.clear();
        }
        await this.#load(0);
    }

    async #more() {
        this.end.replaceChildren();
        try {
            await this.#load();
        } catch (error) {
            this.end.replaceChildren(t('notLoaded', error.message), ' ', button(t('again'), () => this.#more()));
        }
    }

    close() {
        this.isOver = true;
        this.near.disconnect();
        this.#groups.forEach((group) => group.close());
    }

    /** The next ones: what is known stands before them, for the largest are the first. @param {number} [from] */
    async #load(from = this.#groups.size) {
        if (this.#loading || this.isOver) {
            return;
        }
        this.#loading = this.#ask(from);
        try {
            await this.#loading;
        } finally {
            this.#loading = null;
        }
    }

    /** @param {number} from */
    async #ask(from) {
        for (let offset = from, more = true; more; offset += AT_ONCE) {
            const answer = await this.page.server.get('groups', { offset, limit: AT_ONCE, portraits: SHOWN });
            more = !this.#add(answer) && offset + AT_ONCE < answer.total;
        }
        this.empty.hidden = this.#groups.size > 0;
    }

    /** Whether there was one that is new here. */
    #add({ groups, singles }) {
        this.singles.hidden = singles === 0;
        this.singles.textContent = t('singles', singles);
        const fresh = this.isOver ? [] : groups.filter(({ group }) => !this.#groups.has(group) && !this.#named.has(group));
        for (const one of fresh) {
            const group = new Group(this.page, one, () => {
                this.#groups.delete(one.group);
                this.#named.add(one.group);
                void this.#more();
            });
            this.#groups.set(one.group, group);
            this.list.append(group.element);
        }
        return fresh.length > 0;
    }
}

/** Faces that are like no other: each by itself. */
export class Singles {
    #offset = 0;

    /** @param {Page} page */
    constructor(page) {
        this.page = page;
        this.grid = new Grid(page, { drops: false, label: t('singlesTitle'), stays: isOpen });
        this.more = button(t('more'), () => this.grid.grow(() => this.#load()), { hidden: true });
        this.element = el('div', {}, el('h3', {}, t('singlesTitle')), this.grid.element, this.more);
    }

    async start() {
        await this.#load();
    }

    async refresh() {
        // what was named here has left; the rest is asked for with "more"
    }

    close() {
        this.isOver = true;
        this.grid.close();
    }

    async #load() {
        const answer = await this.page.server.get('portraits', { state: 'single', offset: this.#offset, limit: 200 });
        if (this.isOver) {
            return;
        }
        this.#offset += answer.faces.length;
        this.grid.add(answer.faces);
        this.more.hidden = this.#offset >= answer.total;
    }
}
