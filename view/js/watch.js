/** How the search for faces goes: progress, end time, memory, what failed; start and stop. Tells when there is something new. */

import { button, el, focusFirst, setText } from './dom.js';
import { Refused } from './server.js';
import { clock, duration, t } from './texts.js';

/** Milliseconds between two questions: while something is awaited, while a run is at work, and else. */
const WAIT = { soon: 400, running: 1_500, idle: 10_000 };
/** So long after a name was given its guesses are awaited, in milliseconds. */
const EXPECTED = 20_000;

/** Dispatches "version": an answer of the server may have changed. */
export class Watch extends EventTarget {
    /** Of what the page has; at first of what came with it. */
    #version;
    #expectedUntil = 0;
    #isAsking = false;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    #timer;

    /** @param {import('./main.js').Page} page */
    constructor(page) {
        super();
        this.page = page;
        this.#version = page.element.querySelector('[data-version]')?.getAttribute('data-version') ?? '';
        this.bar = /** @type {HTMLProgressElement} */ (el('progress', { 'aria-label': t('progress'), hidden: true }));
        this.text = el('span', { role: 'status' });
        this.start = button(t('start'), () => this.#post('start'), { hidden: true });
        this.stop = button(t('stop'), () => this.#post('stop'), { hidden: true });
        this.failed = el('details', { class: 'faces-failed', hidden: true });
        this.first = el('div', { class: 'faces-first-visit', hidden: true });
        this.element = el('section', { class: 'faces-watch', 'aria-label': t('progress'), hidden: true },
            this.first, el('div', { class: 'faces-watch-line' }, this.bar, this.text, page.mayRun && this.start, page.mayRun && this.stop), this.failed);
        document.addEventListener('visibilitychange', () => !document.hidden && this.ask());
    }

    /** Something was decided, and people are being looked for because of it: ask more often for a while. */
    expect() {
        this.#expectedUntil = performance.now() + EXPECTED;
        void this.ask();
    }

    async ask() {
        clearTimeout(this.#timer);
        if (this.#isAsking) {
            return;
        }
        this.#isAsking = true;
        let status = null;
        try {
            status = await this.page.server.get('status', this.page.isOwner ? { failures: 1 } : {});
            this.#show(status);
        } catch (error) {
            this.element.hidden = false;
            setText(this.text, error instanceof Refused ? error.message : t('noAnswer'));
        } finally {
            this.#isAsking = false;
        }
        const isExpected = performance.now() < this.#expectedUntil;
        this.#timer = setTimeout(() => !document.hidden && this.ask(), isExpected ? WAIT.soon : status?.running ? WAIT.running : WAIT.idle);
    }

    #show(status) {
        if (status.token) {
            this.page.server.token = status.token;
        }
        const isNew = this.#version !== '' && status.version !== this.#version;
        this.#version = status.version;
        this.element.hidden = !this.page.isOwner && !status.running;
        const isMeasured = status.running && status.total > 0;
        this.bar.hidden = !status.running;
        if (isMeasured) {
            [this.bar.max, this.bar.value] = [status.total, status.done];
        } else {
            this.bar.removeAttribute('value'); // at work, nobody knows how long
        }
        this.text.setAttribute('aria-live', isMeasured ? 'off' : 'polite'); // a screen reader need not read out each photo
        setText(this.text, this.#sentence(status));
        const had = this.element.contains(document.activeElement);
        this.start.hidden = status.running;
        this.stop.hidden = !status.running || status.stopping;
        this.#failures(status);
        if (had && !this.element.contains(document.activeElement)) {
            focusFirst(this.start, this.stop);
        }
        this.#explain(status);
        if (isNew) {
            this.dispatchEvent(new Event('version'));
        }
    }

    #sentence(status) {
        if (!status.running) {
            return status.failure?.reason ? t('lastFailed', status.failure.reason) : this.page.isOwner && status.updated ? t('searchedLast', clock(status.updated)) : '';
        }
        if (status.stopping) {
            return t('stopping');
        }
        if (!(status.total > 0)) {
            return t(this.page.isOwner ? `doing-${status.state}` : 'atWork');
        }
        const end = status.eta ? new Date(status.eta) : null;
        return [t('doneOf', status.done, status.total), status.folder ? t('inFolder', status.folder) : '',
            end ? t('endsAt', clock(status.eta), duration((end.getTime() - Date.now()) / 1000)) : '',
            status.ram !== null && status.ram !== undefined ? t('ram', Math.round(status.ram)) : ''].filter(Boolean).join(' · ');
    }

    #failures({ failed, failures = [], running }) {
        this.failed.hidden = !failed;
        if (!failed || this.failed.dataset.shown === JSON.stringify(failures)) {
            return;
        }
        this.failed.dataset.shown = JSON.stringify(failures);
        this.failed.replaceChildren(el('summary', {}, t('failed', failed)),
            el('ul', {}, ...failures.map(({ file, error, given_up: isOver }) => el('li', {}, el('bdi', {}, file), ': ', error, isOver ? ` (${t('givenUp')})` : ''))),
            ...(this.page.mayRun ? [button(t('tryAgain'), () => this.#post('start', { retry: 1 }), { disabled: running })] : []));
    }

    /** Whoever opens the page for the first time is told what happens, and how long it takes. */
    #explain({ photos = 0, searched = 0, found = 0, seconds, running, blocked, state }) {
        this.first.hidden = !this.page.isOwner || found > 0 || (!running && (searched > 0 || Boolean(state)));
        if (!this.first.hidden) {
            this.first.replaceChildren(el('h3', {}, t('welcome')), el('p', {}, photos === 0 ? t('noPhotos') : t('firstVisit', photos)),
                blocked || photos === 0 ? '' : el('p', {}, t('takes', duration((photos - searched) * (seconds ?? 1)))), el('p', {}, t('private')));
        }
    }

    async #post(what, fields = {}) {
        try {
            await this.page.server.post(what, fields);
        } catch (error) {
            this.page.notice.say(error.message);
        }
        this.expect();
    }
}
