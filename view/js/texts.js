/** The page's texts in the visitor's language. PHP has them translated and puts them into the page (php/View/PageTexts.php). */

/** @type {Object<string, string>} */
let texts = {};

/** @param {Object<string, string>} translated */
export function setTexts(translated) {
    texts = translated;
}

/** Those that PHP put into this page. @param {HTMLElement} page */
export function readTexts(page) {
    const place = page.querySelector('[data-texts]');
    setTexts(JSON.parse(place instanceof HTMLElement ? (place.dataset.texts ?? '{}') : '{}'));
}

/**
 * The text of that key, its places (%s, %d, %1$s) filled in. A key that is missing is shown itself, so that it is noticed.
 *
 * @param {string} key
 * @param {...(string|number)} values
 */
export function t(key, ...values) {
    let next = 0;
    return (texts[key] ?? key).replace(/%(?:(\d)\$)?[sd]|%%/g, (place, number) =>
        place === '%%' ? '%' : String(values[number ? number - 1 : next++] ?? ''));
}

/** A time for people, in their own clock and their language. @param {string} time ISO 8601 */
export function clock(time) {
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** How long that is, roughly: "3 min". @param {number} seconds */
export function duration(seconds) {
    if (seconds < 90) {
        return t('seconds', Math.max(1, Math.round(seconds)));
    }
    return seconds < 5400 ? t('minutes', Math.round(seconds / 60)) : t('hours', (seconds / 3600).toFixed(seconds < 36000 ? 1 : 0));
}
