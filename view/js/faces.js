/**
 * The faces that the page knows, with what was decided but is not saved yet laid over what the server said.
 *
 * @typedef {Object} Face as in docs/api.md, `faces`
 * @property {string} id
 * @property {number[]} box left, top, width, height, 0..1 of the upright photo
 * @property {string} name @property {string} state "", "named", "unknown" or "ignored"
 * @property {string} guess @property {number|null} distance @property {string} [model] of the guess @property {string} group @property {string} time
 *
 * @typedef {{decision: string, name: string}} Decision
 */

const AFTER = { name: 'named', unknown: 'unknown', ignore: 'ignored', clear: '' };

/** The face as it is after a decision, by the worker's rules (docs/formats.md). @param {Face} face @param {Decision} decision @returns {Face} */
export function decided(face, { decision, name }) {
    if (decision === 'reject') {
        const isNamed = face.state === 'named' && face.name === name;
        return { ...face, ...(isNamed ? { state: '', name: '' } : {}), guess: face.guess === name ? '' : face.guess };
    }
    return { ...face, state: AFTER[decision], name: decision === 'name' ? name : '', guess: decision === 'clear' ? face.guess : '' };
}

/** What takes a decision about a face back, one after the other. @param {Face} before @param {Decision} decision @returns {Decision[]} */
export function inverse(before, { decision, name }) {
    const restored = { named: { decision: 'name', name: before.name }, unknown: { decision: 'unknown', name: '' },
        ignored: { decision: 'ignore', name: '' }, '': { decision: 'clear', name: '' } }[before.state];
    // A rejected name comes back only by being given: then it may be taken back.
    return decision === 'reject' && !(before.state === 'named' && before.name === name) ? [{ decision: 'name', name }, restored] : [restored];
}

/** "named", "unknown", "ignored", "guessed" or "unnamed". @param {Face} face */
export function kind(face) {
    return face.state || (face.guess ? 'guessed' : 'unnamed');
}

/** Who it is, or may be; "" if nobody knows. @param {Face} face */
export function person(face) {
    return face.state === 'named' ? face.name : face.state === '' ? face.guess : '';
}

/** The newest of these times, "" if there is none. @param {string[]} times */
export function newest(times) {
    return times.reduce((one, other) => (other > one ? other : one), '');
}

/** Dispatches "change", with the ids as `detail`. */
export class Faces extends EventTarget {
    /** As the server said it. @type {Map<string, Face>} */
    #known = new Map();
    /** Not saved yet, by id, each with the key of its entry. @type {Map<string, {key: string, decision: Decision}[]>} */
    #pending = new Map();
    /** How many lists on the page show it. @type {Map<string, number>} */
    #shown = new Map();
    /** The times of what was decided here and saved, also of faces that are not shown any more. @type {Map<string, string>} */
    #times = new Map();
    /** When something about it was saved: an answer that was asked for before says what was before. @type {Map<string, number>} */
    #settled = new Map();

    /**
     * What the server says.
     *
     * @param {Face[]} faces
     * @param {{isShown?: boolean, asked?: number}} [more] `isShown`: one more list shows them; `asked`: performance.now() when it was asked
     */
    take(faces, { isShown = false, asked = Infinity } = {}) {
        const changed = [];
        for (const said of faces) {
            const before = this.#known.get(said.id);
            const isOld = before && asked < (this.#settled.get(said.id) ?? 0);
            const face = isOld ? before : said;
            if (!before || before.time !== face.time || before.name !== face.name || before.state !== face.state || before.guess !== face.guess) {
                changed.push(face.id);
            }
            this.#known.set(face.id, face);
            if (isShown) {
                this.#shown.set(face.id, (this.#shown.get(face.id) ?? 0) + 1);
            }
        }
        this.#tell(changed);
    }

    /** A list does not show them any more: a page of 20,000 faces keeps those that can be seen. @param {string[]} ids */
    leave(ids) {
        for (const id of ids) {
            const left = (this.#shown.get(id) ?? 1) - 1;
            if (left > 0) {
                this.#shown.set(id, left);
            } else {
                this.#shown.delete(id);
                this.#known.delete(id);
                this.#settled.delete(id);
            }
        }
    }

    /** Something else needs it, too, until it calls `leave`: an open editor. @param {string} id */
    stay(id) {
        this.#shown.set(id, (this.#shown.get(id) ?? 0) + 1);
    }

    /** As people see it; undefined if the page does not know it. @param {string} id @returns {Face|undefined} */
    get(id) {
        const face = this.#known.get(id);
        return face && (this.#pending.get(id) ?? []).reduce((now, { decision }) => decided(now, decision), face);
    }

    /** Whether something about it is not saved yet. @param {string} id */
    isPending(id) {
        return this.#pending.has(id);
    }

    /** When the last decision about it was that this page knows of. @param {string} id */
    time(id) {
        return newest([this.#known.get(id)?.time ?? '', this.#times.get(id) ?? '']);
    }

    /** @param {string[]} ids @param {string} key @param {Decision} decision */
    lay(ids, key, decision) {
        for (const id of ids) {
            this.#pending.set(id, [...(this.#pending.get(id) ?? []), { key, decision }]);
        }
        this.#tell(ids);
    }

    /** It is saved (then it holds, at that time), or refused. @param {string[]} ids @param {string} key @param {Map<string, string>} [times] */
    settle(ids, key, times) {
        times?.forEach((time, id) => this.#times.set(id, time));
        for (const id of ids) {
            const left = [];
            for (const one of this.#pending.get(id) ?? []) {
                const face = this.#known.get(id);
                if (one.key !== key) {
                    left.push(one);
                } else if (times && face) {
                    this.#known.set(id, { ...decided(face, one.decision), time: times.get(id) ?? face.time });
                    this.#settled.set(id, performance.now());
                }
            }
            left.length > 0 ? this.#pending.set(id, left) : this.#pending.delete(id);
        }
        this.#tell(ids);
    }

    /** @param {string[]} ids */
    #tell(ids) {
        if (ids.length > 0) {
            this.dispatchEvent(new CustomEvent('change', { detail: ids }));
        }
    }
}
