/** Decisions on their way to the server: kept in the browser until they are saved, sent in order, tried again when there is no answer. */

import { decided, kind, newest, person } from './faces.js';
import { Refused, Unreachable } from './server.js';

/**
 * @typedef {Object} Entry what `POST name` takes (docs/api.md)
 * @property {string[]} [faces] ids
 * @property {string} [photo] @property {number[]} [box] a face that somebody drew
 * @property {string} [person] all faces of that name
 * @property {string} decision
 * @property {string} name
 * @property {string} [time] the newest decision about these faces that was known
 * @property {string} key tells entries apart
 */

export class Outbox extends EventTarget {
    /** Milliseconds between two attempts, at first and at most. */
    static SOON = 1_000;
    static LATE = 60_000;
    /** What may be different in a while: logged out, too many requests, busy, the server or the disk in trouble. */
    static PASSING = [401, 408, 423, 429, 500, 502, 503, 504, 507];

    /** @type {Entry[]} */
    #entries = [];
    /** Keys of all that were ever here: what else is kept is of another tab. @type {Set<string>} */
    #own = new Set();
    #isSending = false;
    #failures = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #timer;
    /** Why the last attempt failed; "" if it did not. */
    problem = '';

    /**
     * @param {{post: (path: string, fields: Object<string, any>) => Promise<any>}} server
     * @param {Pick<Storage, 'getItem'|'setItem'|'removeItem'>|null} storage
     * @param {string} key of the channel and the visitor: somebody else who uses this browser must not send it in his name
     */
    constructor(server, storage, key) {
        super();
        this.server = server;
        this.storage = storage;
        this.key = `faces-outbox ${key}`;
    }

    /** What is not saved yet. @returns {readonly Entry[]} */
    get entries() {
        return this.#entries;
    }

    /** What was not saved when the page was left. @returns {readonly Entry[]} */
    restore() {
        this.#kept().forEach((entry) => this.#take(entry));
        this.#changed();
        void this.send();
        return this.#entries;
    }

    /** @param {Omit<Entry, 'key'>} entry */
    add(entry) {
        this.#take({ ...entry, key: Math.random().toString(36).slice(2) });
        this.#changed();
        void this.send();
        return this.#entries.at(-1);
    }

    /** Sends what there is, now. */
    async send() {
        clearTimeout(this.#timer);
        if (this.#isSending) {
            return;
        }
        this.#isSending = true;
        try {
            while (this.#entries.length > 0 && (await this.#sendFirst())) {
                this.#failures = 0;
            }
        } finally {
            this.#isSending = false;
        }
        if (this.#entries.length > 0) {
            const wait = Math.min(Outbox.LATE, Outbox.SOON * 2 ** this.#failures++);
            this.#timer = setTimeout(() => this.send(), wait);
        }
        this.#changed();
    }

    /** Whether that is settled, one way or the other. @returns {Promise<boolean>} */
    async #sendFirst() {
        const entry = this.#entries[0];
        let event;
        try {
            const answer = await this.server.post('name', fields(entry));
            if (!Array.isArray(answer.saved)) {
                throw new Unreachable('not our server'); // a proxy's own
            }
            event = new CustomEvent('saved', { detail: { entry, answer } });
            this.#know(answer.saved);
        } catch (error) {
            if (isOwn(entry, error)) { // it is saved, but the answer was lost; or another tab sent it: once more, knowing that
                entry.time = newest(timesOf(error.more.newer));
                return true;
            }
            if (error instanceof Unreachable || (error instanceof Refused && isPassing(error))) {
                this.problem = error instanceof Refused ? error.message : '';
                return false;
            }
            event = new CustomEvent('refused', { detail: { entry, error } });
        }
        this.problem = '';
        this.#entries.shift();
        this.#changed();
        this.dispatchEvent(event);
        return true;
    }

    /** What follows in the queue knows of what was just saved: it is not somebody else's. @param {{face: string, time: string}[]} saved */
    #know(saved) {
        for (const { face, time } of saved) {
            for (const entry of this.#entries.slice(1)) {
                if (entry.time !== undefined && entry.faces?.includes(face) && entry.time < time) {
                    entry.time = time;
                }
            }
        }
    }

    /** @param {Entry} entry */
    #take(entry) {
        this.#own.add(entry.key);
        this.#entries.push(entry);
    }

    /** @returns {Entry[]} what the browser keeps; damaged: nothing that could be sent */
    #kept() {
        try {
            const kept = JSON.parse(this.storage?.getItem(this.key) ?? '[]');
            return kept.filter((entry) => typeof entry?.decision === 'string' && typeof entry.key === 'string');
        } catch {
            return [];
        }
    }

    #changed() {
        const all = this.#kept().filter(({ key }) => !this.#own.has(key)).concat(this.#entries);
        try {
            if (all.length > 0) {
                this.storage?.setItem(this.key, JSON.stringify(all));
            } else {
                this.storage?.removeItem(this.key);
            }
        } catch {
            // the browser keeps nothing: then it is lost with the page, which is said before that is left
        }
        this.dispatchEvent(new Event('change'));
    }
}

/** Busy with what can be waited for; not somebody else's newer decision. @param {Refused} error */
function isPassing(error) {
    return Outbox.PASSING.includes(error.code) || (error.code === 409 && !error.more.newer);
}

/** Whether what is newer on the server is just what was decided here. @param {Entry} entry @param {any} error */
function isOwn(entry, error) {
    const newer = error instanceof Refused && Array.isArray(error.more.newer) ? error.more.newer : [];
    const isSo = (face) => [kind, person].every((of) => of(decided(face, entry)) === of(face));
    return newer.length > 0 && newest(timesOf(newer)) > (entry.time ?? '') && newer.every(isSo);
}

/** @param {{time: string}[]} faces */
const timesOf = (faces) => faces.map(({ time }) => time);

/** @param {Entry} entry @returns {Object<string, string>} */
function fields(entry) {
    const { faces, photo, box, person, decision, name, time } = entry;
    return {
        decision,
        ...(name ? { name } : {}),
        ...(faces ? { faces: faces.join(',') } : {}),
        ...(photo ? { photo, box: (box ?? []).map((number) => number.toFixed(5)).join(',') } : {}),
        ...(person ? { person } : {}),
        ...(time !== undefined && faces ? { time } : {}),
    };
}
