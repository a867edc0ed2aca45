/**
 * What is looked for, as it stands in the page's address, so that it can be bookmarked and shared. The parameters are those of
 * `faces` (docs/api.md), and `view`, `name` for what the page shows.
 *
 * @typedef {Object} Search
 * @property {string} view "photos", "people", "person", "groups" or "singles"
 * @property {string} name whose page it is, with "person"
 * @property {string[]} all @property {string[]} any @property {string[]} not names that must all, of which one must, that must not be on a photo
 * @property {boolean} only nobody else may be on it
 * @property {boolean} guesses whether a guess counts
 * @property {string} state @property {string} from @property {string} to @property {string} folder
 * @property {string} people_min @property {string} people_max
 * @property {string} sort @property {string} order
 */

export const VIEWS = ['photos', 'people', 'groups', 'singles', 'person'];
const LISTS = ['all', 'any', 'not'];
/** What leaves photos out; and what does not. */
const NARROWING = ['state', 'from', 'to', 'folder', 'people_min', 'people_max'];
const TEXTS = [...NARROWING, 'sort', 'order'];

/** @returns {Search} */
export function nothing() {
    return { view: 'photos', name: '', all: [], any: [], not: [], only: false, guesses: true, state: '', from: '', to: '', folder: '',
        people_min: '', people_max: '', sort: '', order: '' };
}

/** @param {string} query what stands behind the ? @returns {Search} */
export function fromQuery(query) {
    const given = new URLSearchParams(query);
    const list = (name) => [...new Set([...given.getAll(`${name}[]`), ...given.getAll(name)].map((text) => text.trim()).filter(Boolean))];
    const search = nothing();
    LISTS.forEach((name) => (search[name] = list(name)));
    TEXTS.forEach((name) => (search[name] = given.get(name) ?? ''));
    const only = list('only');
    search.only = only.length > 0;
    // The server knows four lists; here "only" is said of the names that may be on the photo.
    search.any.push(...only.filter((name) => !search.all.includes(name) && !search.any.includes(name)));
    search.guesses = given.get('guesses') !== '0';
    search.view = VIEWS.find((view) => view === given.get('view')) ?? 'photos';
    search.name = given.get('name') ?? '';
    return search;
}

/** As the server wants it: without what the page alone knows. @param {Search} search @returns {URLSearchParams} */
export function toParameters(search) {
    const query = new URLSearchParams();
    LISTS.forEach((name) => search[name].forEach((one) => query.append(`${name}[]`, one)));
    if (search.only) {
        [...new Set([...search.all, ...search.any])].forEach((one) => query.append('only[]', one));
    }
    if (!search.guesses) {
        query.set('guesses', '0');
    }
    TEXTS.filter((name) => search[name] !== '').forEach((name) => query.set(name, search[name]));
    return query;
}

/** As it stands in the address, "" for the page as it opens. @param {Search} search @returns {string} */
export function toQuery(search) {
    const query = toParameters(search);
    if (search.view !== 'photos') {
        query.set('view', search.view);
    }
    if (search.view === 'person') {
        query.set('name', search.name);
    }
    const text = query.toString().replaceAll('%5B%5D', '[]');
    return text && `?${text}`;
}

/** Whether it leaves anything out. @param {Search} search */
export function isNarrow(search) {
    return LISTS.some((name) => search[name].length > 0) || NARROWING.some((name) => search[name] !== '');
}
