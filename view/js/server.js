/** The addon's answers (docs/api.md). */

/** The server refused: `code` is the HTTP code, `message` its reason for people, `more` what else it said. */
export class Refused extends Error {
    /** @param {string} message @param {number} code @param {Object<string, any>} [more] */
    constructor(message, code, more = {}) {
        super(message);
        this.code = code;
        this.more = more;
    }
}

/** There was no answer: no connection, or it took too long. */
export class Unreachable extends Error {}

export class Server {
    /** Milliseconds after which an answer is not waited for. */
    static PATIENCE = 30_000;

    /** @param {string} own address of the channel's faces, "https://hub/faces/NICK" @param {string} token of forms; "" if nothing may be done */
    constructor(own, token) {
        this.own = own;
        this.token = token;
    }

    /**
     * @param {string} path "faces", "people", ...
     * @param {URLSearchParams|Object<string, string|number>} [query]
     * @param {AbortSignal} [signal]
     * @returns {Promise<any>}
     */
    get(path, query = {}, signal) {
        const text = new URLSearchParams(/** @type {any} */ (query)).toString();
        return this.#ask(`${this.own}/${path}${text && `?${text}`}`, {}, signal);
    }

    /**
     * With the token. One that is too old is replaced, once: a page stays open longer than a token lives.
     *
     * @param {string} path
     * @param {Object<string, string|number>} fields
     * @returns {Promise<any>}
     */
    async post(path, fields) {
        try {
            return await this.#send(path, fields);
        } catch (error) {
            if (!(error instanceof Refused && error.code === 403)) {
                throw error;
            }
            const { token } = await this.get('status');
            if (!token || token === this.token) {
                throw error;
            }
            this.token = token;
            return this.#send(path, fields);
        }
    }

    #send(path, fields) {
        const body = new URLSearchParams({ ...fields, form_security_token: this.token });
        return this.#ask(`${this.own}/${path}`, { method: 'POST', body });
    }

    async #ask(url, options, signal) {
        const limit = AbortSignal.timeout(Server.PATIENCE);
        let answer;
        let text;
        try {
            const signals = signal ? AbortSignal.any([signal, limit]) : limit;
            answer = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'application/json' }, ...options, signal: signals });
            text = await answer.text();
        } catch (error) {
            if (signal?.aborted) {
                throw error;
            }
            throw new Unreachable(String(error));
        }
        const value = parsed(text);
        if (!answer.ok) {
            throw new Refused(value?.error || answer.statusText || String(answer.status), answer.status, value ?? {});
        }
        if (value === null) { // a login page, or a proxy's own
            throw new Unreachable(`no JSON from ${url}`);
        }
        return value;
    }
}

/** @param {string} text */
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
