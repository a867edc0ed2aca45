// Decisions on their way: in order, kept, tried again, refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Outbox } from '../../view/js/outbox.js';
import { Refused, Unreachable } from '../../view/js/server.js';

Outbox.SOON = 1;
Outbox.LATE = 4;

/** A server whose answers are given one after the other; an Error is thrown. */
function server(...answers) {
    const posts = [];
    return { posts, post: async (path, fields) => {
        posts.push({ path, ...fields });
        const answer = answers.length > 0 ? answers.shift() : { saved: fields.faces?.split(',').map((face) => ({ face, time: `t${posts.length}` })) ?? [] };
        if (answer instanceof Error) {
            throw answer;
        }
        return answer;
    } };
}

function storage() {
    const kept = new Map();
    return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
}

const quiet = (outbox) => new Promise((done) => {
    const look = () => (outbox.entries.length === 0 ? done() : setTimeout(look, 2));
    look();
});

const name = (who, ...faces) => ({ faces, decision: 'name', name: who });

test('entries are sent in order, one at a time, and kept until they are saved', async () => {
    const [hub, memory] = [server(), storage()];
    const outbox = new Outbox(hub, memory, 'me');
    outbox.add(name('Ada', 'a'));
    outbox.add(name('Bob', 'b'));
    assert.equal(JSON.parse(memory.kept.get('faces-outbox me')).length, 2);
    await quiet(outbox);
    assert.deepEqual(hub.posts.map((post) => [post.path, post.faces, post.decision, post.name]), [['name', 'a', 'name', 'Ada'], ['name', 'b', 'name', 'Bob']]);
    assert.equal(memory.kept.size, 0);
});

test('without an answer it is tried again, and nothing overtakes it', async () => {
    const hub = server(new Unreachable('x'), new Refused('busy', 503), new Refused('full', 507), new Refused('names.csv was moved', 409));
    const outbox = new Outbox(hub, storage(), 'me');
    outbox.add(name('Ada', 'a'));
    outbox.add(name('Bob', 'b'));
    await quiet(outbox);
    assert.deepEqual(hub.posts.map(({ name: who }) => who), ['Ada', 'Ada', 'Ada', 'Ada', 'Ada', 'Bob']);
});

test('while it waits, the reason is there to be said', async () => {
    const outbox = new Outbox(server(new Refused('The disk is full', 507), new Promise(() => {})), storage(), 'me');
    outbox.add(name('Ada', 'a'));
    await new Promise((done) => setTimeout(done, 0));
    assert.equal(outbox.problem, 'The disk is full');
});

for (const [code, more] of [[400, {}], [403, {}], [404, {}], [409, { newer: [] }]]) {
    test(`a refusal (${code}) is told and not tried again`, async () => {
        const hub = server(new Refused('no', code, more));
        const outbox = new Outbox(hub, storage(), 'me');
        const refused = [];
        outbox.addEventListener('refused', (event) => refused.push(event.detail.error.message));
        outbox.add(name('Ada', 'a'));
        outbox.add(name('Bob', 'b'));
        await quiet(outbox);
        assert.deepEqual([refused, hub.posts.length], [['no'], 2]);
    });
}

test('what was left unsaved is sent by the next page of the same person only', async () => {
    const memory = storage();
    new Outbox(server(new Promise(() => {})), memory, 'me').add(name('Ada', 'a'));
    const other = new Outbox(server(), memory, 'somebody else');
    assert.equal(other.restore().length, 0);
    const hub = server();
    const mine = new Outbox(hub, memory, 'me');
    assert.equal(mine.restore().length, 1);
    await quiet(mine);
    assert.equal(hub.posts[0].name, 'Ada');
});

test('a damaged memory, or none, is no obstacle', async () => {
    const memory = storage();
    memory.kept.set('faces-outbox me', '[{"decision":');
    assert.equal(new Outbox(server(), memory, 'me').restore().length, 0);
    const full = { getItem: () => null, removeItem: () => {}, setItem: () => { throw new Error('QuotaExceeded'); } };
    for (const kept of [full, null]) {
        const hub = server();
        const outbox = new Outbox(hub, kept, 'me');
        outbox.add(name('Ada', 'a'));
        await quiet(outbox);
        assert.equal(hub.posts.length, 1);
    }
});

test('a later decision knows of the one before it: that is nobody else\'s', async () => {
    const hub = server();
    const outbox = new Outbox(hub, storage(), 'me');
    outbox.add({ ...name('Ada', 'a'), time: '' });
    outbox.add({ ...name('Bob', 'a', 'b'), time: '' });
    outbox.add({ ...name('Eve', 'c'), time: '' });
    await quiet(outbox);
    assert.deepEqual(hub.posts.map(({ time }) => time), ['', 't1', '']);
});

test('a drawn box and a person are sent as docs/api.md has them', async () => {
    const hub = server();
    const outbox = new Outbox(hub, storage(), 'me');
    outbox.add({ photo: 'p', box: [0.1, 0.25, 1 / 3, 0.2], decision: 'unknown', name: '' });
    outbox.add({ person: 'Ada', decision: 'name', name: 'Bob' });
    await quiet(outbox);
    assert.deepEqual(hub.posts, [{ path: 'name', decision: 'unknown', photo: 'p', box: '0.10000,0.25000,0.33333,0.20000' },
        { path: 'name', decision: 'name', name: 'Bob', person: 'Ada' }]);
});

test('two tabs do not lose each other\'s', async () => {
    const memory = storage();
    const [one, two] = [server(new Promise(() => {})), server()].map((hub) => new Outbox(hub, memory, 'me'));
    one.add(name('Ada', 'a'));
    two.add(name('Bob', 'b'));
    await quiet(two);
    assert.deepEqual(JSON.parse(memory.kept.get('faces-outbox me')).map((entry) => entry.name), ['Ada']);
});

const newer = (id, name, time) => new Refused('newer', 409, { newer: [{ id, name, state: 'named', guess: '', time }] });

test('an answer that was lost is no conflict: what is newer is what was decided here', async () => {
    const hub = server(newer('a', 'Ada', 't5'));
    const outbox = new Outbox(hub, storage(), 'me');
    const told = [];
    ['saved', 'refused'].forEach((what) => outbox.addEventListener(what, () => told.push(what)));
    outbox.add({ ...name('Ada', 'a'), time: 't1' });
    await quiet(outbox);
    assert.deepEqual([hub.posts.map(({ time }) => time), told], [['t1', 't5'], ['saved']]);
});

test('somebody else\'s decision is one, and a server that repeats itself is not asked for ever', async () => {
    for (const answers of [[newer('a', 'Eve', 't5')], [newer('a', 'Ada', 't5'), newer('a', 'Ada', 't5')]]) {
        const hub = server(...answers);
        const outbox = new Outbox(hub, storage(), 'me');
        const refused = [];
        outbox.addEventListener('refused', (event) => refused.push(event.detail.entry.name));
        outbox.add({ ...name('Ada', 'a'), time: 't1' });
        await quiet(outbox);
        assert.deepEqual([refused, hub.posts.length], [['Ada'], answers.length]);
    }
});

test('logged out, or an answer that is not our server\'s: it is kept', async () => {
    const hub = server(new Refused('log in first', 401), {}, [7], { saved: 1 });
    const outbox = new Outbox(hub, storage(), 'me');
    outbox.add(name('Ada', 'a'));
    await quiet(outbox);
    assert.equal(hub.posts.length, 5);
});
