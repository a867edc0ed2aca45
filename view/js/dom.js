/** Elements are made here, and nowhere from text: a name or a file name can never become markup. */

/**
 * @param {string} tag
 * @param {Object<string, any>} [properties] `class`, `data` (object), `on` (event -> listener), `style` (object), `aria-*`, `role`, and
 *     other attributes; true is an attribute without a value, false or null none at all. Functions and objects are never attributes.
 * @param {...(Node|string|number|null|false)} children text becomes text
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name === 'on') {
            Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
        } else if (name === 'data') {
            Object.assign(element.dataset, value);
        } else if (name === 'style') {
            Object.entries(value).forEach(([key, one]) => element.style.setProperty(key, String(one)));
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(name, value === true ? '' : String(value));
        }
    }
    element.append(...children.filter((child) => child !== null && child !== false && child !== undefined).map((child) =>
        child instanceof Node ? child : document.createTextNode(String(child))));
    return element;
}

/** @param {string} text @param {(event: Event) => void} act @param {Object<string, any>} [more] */
export function button(text, act, more = {}) {
    return el('button', { type: 'button', ...more, on: { click: act, ...(more.on ?? {}) } }, text);
}

/** A thumb, drawn: not every computer has a font with one. @param {boolean} isUp */
export function thumb(isUp) {
    const shape = (/** @type {string} */ tag, /** @type {Object<string, string>} */ attributes) => {
        const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
        Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
        return element;
    };
    const picture = shape('svg', { viewBox: '0 0 24 24', width: '18', height: '18', fill: 'currentColor', 'aria-hidden': 'true' });
    picture.append(shape('path', { d: 'M2 10h4v11H2zM8 10l4-8c2 0 3 1 3 3l-1 4h6c1.5 0 2.3 1.2 2 2.5l-2 8c-.3 1-1 1.5-2 1.5H8z', ...(isUp ? {} : { transform: 'rotate(180 12 12)' }) }));
    return picture;
}

/** What says the same is not touched: a screen reader would read it out again. @param {Element} element @param {string} text */
export function setText(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

let last = 0;

/** An id that no other element has. */
export function newId() {
    return `faces-${++last}`;
}

/**
 * Moves the focus to the first of these that takes it (it is there, not hidden, not disabled); else to where the view begins, so
 * that whoever goes by keyboard is never thrown back to the top of the hub's page.
 *
 * @param {...(Element|null|undefined)} elements
 */
export function focusFirst(...elements) {
    const takes = (/** @type {any} */ element, /** @type {FocusOptions} */ options) => {
        element?.focus?.(options);
        return Boolean(element) && document.activeElement === element && !element.matches(':disabled');
    };
    elements.some((element) => takes(element, {})) || takes(document.querySelector('.faces-view'), { preventScroll: true });
}

/** The second click of a double click: what it was meant for is gone, and it hits what came in its place. @param {Event} event */
export function isSecond(event) {
    return event instanceof MouseEvent && event.detail > 1;
}

/** Whether somebody writes there just now: keys belong to that field. @param {EventTarget|null} target */
export function isWriting(target) {
    return target instanceof HTMLElement && target.matches('input:not([type=checkbox], [type=range]), textarea, select');
}
