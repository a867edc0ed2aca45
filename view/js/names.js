/** Who is known: people with names, their faces, and contacts. */

/**
 * @typedef {Object} Person
 * @property {string} name as it is stored
 * @property {string} label as it is shown: a contact's name in place of its address
 * @property {number} faces @property {number} guesses
 * @property {Object|null} portrait
 */

/** Small letters without accents, for comparing. @param {string} text */
export function folded(text) {
    return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

export class Names extends EventTarget {
    /** Suggestions at a time. */
    static MOST = 8;

    /** @type {Person[]} */
    people = [];
    isLoaded = false;
    /** @type {Object<string, number>} */
    counts = {};
    /** @type {{folder: string, path: string, photos: number}[]} */
    folders = [];
    #contacts = [];
    #labels = new Map();

    /** @param {import('./server.js').Server} server @param {boolean} mayName */
    constructor(server, mayName) {
        super();
        this.server = server;
        this.mayName = mayName;
    }

    async load() {
        const answer = await this.server.get('people', this.mayName ? { contacts: 1 } : {});
        this.counts = answer.counts;
        this.folders = answer.folders;
        this.#contacts = answer.contacts ?? [];
        this.#labels = new Map(this.#contacts.map(({ address, name }) => [address, name]));
        answer.people.forEach(({ name, contact }) => contact && this.#labels.set(name, contact.name));
        this.people = answer.people.map((person) => ({ ...person, label: this.label(person.name) }));
        this.isLoaded = true;
        this.dispatchEvent(new Event('change'));
    }

    /** A name as people read it. @param {string} name */
    label(name) {
        return this.#labels.get(name) || name;
    }

    /** The name as it is stored, of somebody who is written so; else what is written. @param {string} text */
    stored(text) {
        const wanted = text.trim();
        const known = this.people.find(({ name, label }) => label === wanted || name === wanted);
        return known?.name ?? this.#contacts.find(({ name }) => name === wanted)?.address ?? wanted;
    }

    /** @param {string} name @returns {Person|undefined} */
    find(name) {
        return this.people.find((person) => person.name === name);
    }

    /**
     * Who may be meant by these letters: first those whose name begins so, then those with a word that does, people before contacts.
     *
     * @param {string} text
     * @returns {{name: string, label: string, portrait: Object|null, isContact: boolean}[]}
     */
    suggest(text) {
        const wanted = folded(text.trim());
        const known = new Set(this.people.map(({ name }) => name));
        const all = [...this.people.map((person) => ({ ...person, isContact: false })), ...this.#contacts
            .filter(({ address }) => !known.has(address))
            .map(({ address, name }) => ({ name: address, label: name || address, portrait: null, isContact: true }))];
        const ranked = [[], [], []];
        for (const one of all) {
            const rank = rankOf(wanted, folded(one.label), folded(one.name));
            if (rank < 3 && (wanted !== '' || !one.isContact)) {
                ranked[rank].push(one);
            }
        }
        return ranked.flat().slice(0, Names.MOST);
    }
}

/** 0: begins so; 1: a word does; 2: somewhere; 3: not. @param {string} wanted @param {...string} texts */
function rankOf(wanted, ...texts) {
    const rank = (text) => (text.startsWith(wanted) ? 0 : text.split(/[\s\-@.]+/).some((word) => word.startsWith(wanted)) ? 1 : wanted.length > 1 && text.includes(wanted) ? 2 : 3);
    return Math.min(...texts.map(rank));
}
