// Names, texts, boxes: the small parts that need no page.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { labelOf } from '../../view/js/chip.js';
import { placed, scaleFor } from '../../view/js/crop.js';
import { between, moved } from '../../view/js/draw.js';
import { cleaned, Names } from '../../view/js/names.js';
import { Refused, Server, Unreachable } from '../../view/js/server.js';
import { duration, setTexts, t } from '../../view/js/texts.js';

const close = (a, b) => Math.abs(a - b) < 1e-9;

test('texts have their places filled in, in order or by number', () => {
    setTexts({ a: '%s of %d', b: '%2$s, then %1$s', c: 'memory: %d %%' });
    assert.equal(t('a', 'x', 3), 'x of 3');
    assert.equal(t('b', 'x', 'y'), 'y, then x');
    assert.equal(t('c', 40), 'memory: 40 %');
    assert.equal(t('a', '%s', '$&'), '%s of $&');
    assert.equal(t('missing'), 'missing');
});

test('a guess that the photo itself says is told from one by what the face looks like', () => {
    setTexts({ guess: '%s?', guessOfPhoto: '%s? (from the photo)', who: 'who?' });
    const names = { label: (name) => name };
    const face = { id: 'a', name: '', state: '', guess: 'Ada', model: 'Dlib' };
    assert.equal(labelOf(face, names), 'Ada?');
    assert.equal(labelOf({ ...face, model: 'region' }, names), 'Ada? (from the photo)');
    assert.equal(labelOf({ ...face, model: 'region', guess: '' }, names), 'who?');
});

test('a duration is told roughly', () => {
    setTexts({ seconds: '%d s', minutes: '%d min', hours: '%s h' });
    assert.deepEqual([0, 59, 120, 5399, 7200, 90000].map(duration), ['1 s', '59 s', '2 min', '90 min', '2.0 h', '25 h']);
});

test('a face is in the middle of its window, which never leaves the photo', () => {
    for (const [box, width, height] of [[[0.4, 0.4, 0.2, 0.2], 1000, 500], [[0, 0, 0.1, 0.1], 400, 300], [[0.9, 0.9, 0.1, 0.1], 300, 400], [[0, 0, 1, 1], 300, 400], [[0.2, 0.2, 0.3, 0.3], 0, 0]]) {
        const place = placed(box, width, height);
        const [W, H] = width ? [width, height] : [4, 3];
        const side = (W * 100) / place.width;
        const [left, top] = [(-place.left / 100) * side, (-place.top / 100) * side];
        assert.ok(left >= -1e-9 && top >= -1e-9 && left + side <= W + 1e-9 && top + side <= H + 1e-9, JSON.stringify([box, place]));
        const fits = box[2] * W <= side + 1e-9 && box[3] * H <= side + 1e-9;
        if (fits) {
            assert.ok(left <= box[0] * W + 1e-9 && left + side >= (box[0] + box[2]) * W - 1e-9);
            assert.ok(top <= box[1] * H + 1e-9 && top + side >= (box[1] + box[3]) * H - 1e-9);
        }
    }
});

test('a small picture is taken where it is enough', () => {
    assert.deepEqual([scaleFor(0.5, 100), scaleFor(0.2, 100), scaleFor(0.1, 100), scaleFor(0.01, 100)], [3, 2, 1, 1]);
});

test('a box lies between two corners, in whichever order, and within the photo', () => {
    const box = between([0.6, 0.2], [0.4, 1.4]);
    assert.ok([0.4, 0.2, 0.2, 0.8].every((value, i) => close(box[i], value)), String(box));
    assert.deepEqual(between([-1, -1], [2, 2]), [0, 0, 1, 1]);
});

test('arrow keys keep a box within the photo', () => {
    let box = [0.9, 0.5, 0.1, 0.1];
    for (let i = 0; i < 200; i++) {
        box = moved(box, ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'][Math.floor(i / 60) % 4], i % 3 === 0);
        assert.ok(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= 1 + 1e-9 && box[1] + box[3] <= 1 + 1e-9 && box[2] >= 0.01 - 1e-9 && box[3] >= 0.01 - 1e-9, String(box));
    }
});

const people = { counts: {}, folders: [], people: [{ name: 'Zoë Müller', faces: 9, guesses: 0, portrait: null }, { name: 'Mia', faces: 2, guesses: 0, portrait: null },
    { name: 'ada@hub.example', faces: 1, guesses: 0, portrait: null, contact: { name: 'Ada Lovelace' } }],
contacts: [{ address: 'ada@hub.example', name: 'Ada Lovelace' }, { address: 'max@hub.example', name: 'Max Mu' }] };

async function names() {
    const made = new Names({ get: async () => people }, true);
    await made.load();
    return made;
}

test('suggestions: beginnings first, people before contacts, accents do not matter', async () => {
    const known = await names();
    assert.deepEqual(known.suggest('zoe').map(({ name }) => name), ['Zoë Müller']);
    assert.deepEqual(known.suggest('MU').map(({ name }) => name), ['Zoë Müller', 'max@hub.example']);
    assert.deepEqual(known.suggest('m').map(({ name }) => name), ['Mia', 'max@hub.example', 'Zoë Müller']);
    assert.deepEqual(known.suggest('love').map(({ label }) => label), ['Ada Lovelace']);
    assert.equal(known.suggest('').length, 3); // who is known, not the whole address book
});

test('a contact is shown by its name, and stored by its address', async () => {
    const known = await names();
    assert.equal(known.label('ada@hub.example'), 'Ada Lovelace');
    assert.equal(known.label('Mia'), 'Mia');
});

test('a name is what the hub will store', async () => {
    assert.equal(cleaned('  Ada\t\u00a0 Lovelace\u202e\u0007 '), 'Ada Lovelace');
    assert.equal(cleaned('Zoe\u0308 \u{1f469}\u200d\u{1f467}'), 'Zo\u00eb \u{1f469}\u200d\u{1f467}');
    const known = await names();
    assert.equal(known.stored(' Ada  Lovelace'), 'ada@hub.example');
    assert.equal(known.stored('Max Mu'), 'max@hub.example');
    assert.equal(known.stored('max mu'), 'max mu');
});

test('somebody with a common name is found by it, however many there are', async () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ name: `Jo ${i}`, faces: 9, guesses: 0, portrait: null }));
    const made = new Names({ get: async () => ({ counts: {}, folders: [], people: many, contacts: [{ address: 'jo@hub.example', name: 'Jo' }] }) }, true);
    await made.load();
    assert.equal(made.suggest('Jo').some(({ label }) => label === 'Jo'), false); // or this test could not fail
    assert.equal(made.stored('Jo'), 'jo@hub.example');
});

test('a token that is too old is replaced once', async () => {
    const asked = [];
    globalThis.fetch = async (url, options = {}) => {
        const token = options.body?.get('form_security_token');
        asked.push([url, token]);
        const [status, value] = url.endsWith('/status') ? [200, { token: 'new' }] : token === 'new' ? [200, { saved: [] }] : [403, { error: 'too old' }];
        return new Response(JSON.stringify(value), { status });
    };
    const server = new Server('https://hub/faces/a', 'old');
    assert.deepEqual(await server.post('name', { faces: 'x' }), { saved: [] });
    assert.deepEqual(asked.map(([, token]) => token), ['old', undefined, 'new']);
    server.token = 'new';
    globalThis.fetch = async (url) => new Response(JSON.stringify(url.endsWith('/status') ? { token: 'new' } : { error: 'not yours' }), { status: url.endsWith('/status') ? 200 : 403 });
    await assert.rejects(server.post('name', {}), (error) => error instanceof Refused && error.message === 'not yours');
});

test('no connection, and an answer that is no JSON, are no refusal', async () => {
    const server = new Server('https://hub/faces/a', '');
    globalThis.fetch = async () => { throw new TypeError('Failed to fetch'); };
    await assert.rejects(server.get('faces'), Unreachable);
    globalThis.fetch = async () => new Response('<html>Log in at this hotel</html>');
    await assert.rejects(server.get('faces'), Unreachable);
    globalThis.fetch = async () => new Response('<html>Bad gateway</html>', { status: 502, statusText: 'Bad gateway' });
    await assert.rejects(server.get('faces'), (error) => error instanceof Refused && error.code === 502);
});

const root = new URL('../../', import.meta.url);
const sources = readdirSync(new URL('view/js/', root)).map((name) => [name, readFileSync(new URL(`view/js/${name}`, root), 'utf8')]);

test('no script makes elements from text, or is a giant', () => {
    assert.ok(sources.length > 10);
    for (const [name, source] of sources) {
        assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/, name);
        assert.ok(source.length < 60_000 && source.split('\n').length <= 400, name);
    }
});

test('every text that a script says is in php/View/PageTexts.php, and no other', () => {
    const php = readFileSync(new URL('php/View/PageTexts.php', root), 'utf8');
    const there = new Set([...php.matchAll(/'([\w-]+)' => t\(/g)].map(([, key]) => key));
    const all = sources.map(([, source]) => source).join('\n');
    const said = new Set([...all.matchAll(/\bt\('([\w-]+)'/g)].map(([, key]) => key));
    for (const key of said) {
        assert.ok(there.has(key), key);
    }
    for (const key of there) { // what is put together (state-...) stands there in parts
        assert.ok(all.includes(`'${key}'`) || all.includes(`\`${key.split('-')[0]}-`), key);
    }
});
