/** What people decide: shown at once, saved in the background, taken back on request. */

import { inverse, newest } from './faces.js';
import { t } from './texts.js';

/** @typedef {import('./faces.js').Decision} Decision */
/**
 * What a person did: `sent` are its entries that were not refused, with the faces in them; `back` takes back what was done to these.
 *
 * @typedef {{label: string, sent: Map<string, string[]>, back: (ids: Set<string>) => void}} Step
 */

/** Dispatches "decided" ({label}), "saved" ({entry, answer}), "refused" ({text}). */
export class Decisions extends EventTarget {
    /** So many steps can be taken back. */
    static MOST_STEPS = 100;
    /** Ids in one request at most. */
    static MOST_FACES = 10_000;

    /** @type {Step[]} */
    #steps = [];

    /** @param {import('./faces.js').Faces} faces @param {import('./outbox.js').Outbox} outbox */
    constructor(faces, outbox) {
        super();
        this.faces = faces;
        this.outbox = outbox;
        outbox.addEventListener('saved', (event) => this.#saved(/** @type {CustomEvent} */ (event).detail));
        outbox.addEventListener('refused', (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    }

    /** What was left unsaved when the page was left, laid over what is shown again. */
    restore() {
        for (const entry of this.outbox.restore()) {
            this.faces.lay(entry.faces ?? [], entry.key, entry);
        }
    }

    /**
     * @param {string[]} ids of faces that the page knows
     * @param {Decision} decision
     * @param {string} label what was decided, for people
     */
    decide(ids, decision, label) {
        const before = ids.map((id) => this.faces.get(id)).filter((face) => face !== undefined);
        if (before.length === 0) {
            return;
        }
        const sent = this.#send(ids, decision);
        this.#add({ label, sent, back: (held) => this.#takeBack(before.filter(({ id }) => held.has(id)), decision) });
    }

    /**
     * Two decisions that are one for the person: the faces of a group are named, those dropped out of it are not that person.
     *
     * @param {string[]} ids @param {string[]} dropped @param {string} name @param {string} label
     */
    nameGroup(ids, dropped, name, label) {
        const all = ids.concat(dropped).map((id) => this.faces.get(id)).filter((face) => face !== undefined);
        const isDropped = new Set(dropped);
        const sent = new Map([...this.#send(ids, { decision: 'name', name }), ...this.#send(dropped, { decision: 'reject', name })]);
        this.#add({ label, sent, back: (held) => {
            this.#takeBack(all.filter(({ id }) => held.has(id) && !isDropped.has(id)), { decision: 'name', name });
            this.#takeBack(all.filter(({ id }) => held.has(id) && isDropped.has(id)), { decision: 'reject', name });
        } });
    }

    /** A face that somebody drew. @param {string} photo @param {number[]} box @param {Decision} decision @param {string} label */
    draw(photo, box, decision, label) {
        const { key } = this.outbox.add({ photo, box, ...decision });
        this.#add({ label, sent: new Map([[key, []]]), back: () => this.#whenSaved(key, (ids) => this.#post(ids, { decision: 'clear', name: '' })) });
    }

    /** Everybody of that name gets another one. @param {string} from @param {string} to @param {string} label */
    rename(from, to, label) {
        const { key } = this.outbox.add({ person: from, decision: 'name', name: to });
        this.#add({ label, sent: new Map([[key, []]]), back: () => this.#whenSaved(key, (ids) => this.#post(ids, { decision: 'name', name: from })) });
    }

    /** What would be taken back; undefined if nothing. @returns {Step|undefined} */
    get last() {
        return this.#steps.at(-1);
    }

    undo() {
        const step = this.#steps.pop();
        if (step) {
            step.back(new Set([...step.sent.values()].flat()));
            this.dispatchEvent(new CustomEvent('decided', { detail: { label: t('undone', step.label) } }));
        }
    }

    /** @param {Step} step */
    #add(step) {
        this.#steps = [...this.#steps, step].slice(-Decisions.MOST_STEPS);
        this.dispatchEvent(new CustomEvent('decided', { detail: { label: step.label } }));
    }

    /** Those that were in the same state before are taken back together. @param {import('./faces.js').Face[]} before @param {Decision} decision */
    #takeBack(before, decision) {
        /** @type {Map<string, {ids: string[], steps: Decision[]}>} */
        const groups = new Map();
        for (const face of before) {
            const steps = inverse(face, decision);
            const key = JSON.stringify(steps);
            groups.set(key, { steps, ids: [...(groups.get(key)?.ids ?? []), face.id] });
        }
        groups.forEach(({ ids, steps }) => steps.forEach((step) => this.#send(ids, step)));
    }

    /** @param {string[]} ids @param {Decision} decision */
    #send(ids, decision) {
        return this.#post(ids, decision, newest(ids.map((id) => this.faces.time(id))));
    }

    /** @returns {Map<string, string[]>} the faces, by the keys of the entries they are in */
    #post(ids, decision, time) {
        const sent = new Map();
        for (let i = 0; i < ids.length; i += Decisions.MOST_FACES) {
            const faces = ids.slice(i, i + Decisions.MOST_FACES);
            const { key } = this.outbox.add({ faces, ...decision, ...(time === undefined ? {} : { time }) });
            this.faces.lay(faces, key, decision);
            sent.set(key, faces);
        }
        return sent;
    }

    /** Calls back with the ids that an entry got, as soon as it has them. @param {string} key @param {(ids: string[]) => void} then */
    #whenSaved(key, then) {
        const ids = this.#ids.get(key);
        ids ? then(ids) : this.#waiting.set(key, then);
    }

    /** @type {Map<string, string[]>} */
    #ids = new Map();
    /** @type {Map<string, (ids: string[]) => void>} */
    #waiting = new Map();

    #saved({ entry, answer }) {
        const saved = answer.saved ?? [];
        this.faces.settle(entry.faces ?? [], entry.key, new Map(saved.map(({ face, time }) => [face, time])));
        if (!entry.faces) {
            const ids = saved.map(({ face }) => face);
            this.#ids.set(entry.key, ids);
            this.#waiting.get(entry.key)?.(ids);
            this.#waiting.delete(entry.key);
        }
        this.dispatchEvent(new CustomEvent('saved', { detail: { entry, answer } }));
    }

    /** What was refused was not done: "Undo" must not take back what somebody else decided in its place. */
    #refused({ entry, error }) {
        this.#steps.forEach(({ sent }) => sent.delete(entry.key));
        this.#steps = this.#steps.filter(({ sent }) => sent.size > 0);
        this.#waiting.delete(entry.key);
        this.faces.settle(entry.faces ?? [], entry.key);
        if (error.more?.newer) {
            this.faces.take(error.more.newer);
        }
        const text = error.more?.newer ? t('newer') : error.message;
        this.dispatchEvent(new CustomEvent('refused', { detail: { text: t('refused', text) } }));
    }
}
